//! Big-endian fields and bits out of bytes that may end anywhere.

/// Reads fields forward. Every read past the end gives `None`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// What has not been read yet.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1).and_then(|b| b.first().copied())
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.uint(2).map(|n| n as u16)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.uint(4).map(|n| n as u32)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.uint(8)
    }

    pub(crate) fn fourcc(&mut self) -> Option<[u8; 4]> {
        self.u32().map(u32::to_be_bytes)
    }

    /// A number of `length` bytes, at most 8.
    pub(crate) fn uint(&mut self, length: usize) -> Option<u64> {
        Some(self.take(length)?.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    }
}

/// The 32-bit number that stands at `index` in a table of such; 0 past its end, which callers have ruled out.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..offset + 4).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

/// The 64-bit number at `offset`; 0 past the end.
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from(u32_at(bytes, offset)) << 32 | u64::from(u32_at(bytes, offset + 4))
}

/// Reads bits, most significant first.
#[derive(Debug, Clone)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, bit: 0 }
    }

    pub(crate) fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.bit / 8)?;
        let value = byte >> (7 - self.bit % 8) & 1;
        self.bit += 1;
        Some(u32::from(value))
    }

    /// A number of `count` bits, at most 32.
    pub(crate) fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |n, _| Some(n << 1 | self.bit()?))
    }

    /// An unsigned Exp-Golomb number (H.264 9.1).
    pub(crate) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.take(zeros)?)
    }

    /// A signed Exp-Golomb number (H.264 9.1.1).
    pub(crate) fn se(&mut self) -> Option<i32> {
        let code = self.ue()?;
        let half = code.div_ceil(2) as i32;
        Some(if code % 2 == 0 { -half } else { half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_counts_as_the_standard_does() {
        // 1 010 011 00100 00101, H.264 table 9-2 and 9-3.
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut bits = Bits::new(&bytes);
        assert_eq!([bits.ue(), bits.ue(), bits.ue(), bits.ue(), bits.ue()], [0, 1, 2, 3, 4].map(Some));
        let mut bits = Bits::new(&bytes);
        assert_eq!([bits.se(), bits.se(), bits.se(), bits.se(), bits.se()], [0, 1, -1, 2, -2].map(Some));
    }

    #[test]
    fn nothing_is_read_past_the_end() {
        let mut fields = Fields::new(&[1, 2, 3]);
        assert_eq!(fields.u16(), Some(0x0102));
        assert_eq!(fields.u32(), None);
        assert_eq!(fields.u8(), Some(3));
        assert_eq!(Bits::new(&[0; 8]).ue(), None);
    }
}
