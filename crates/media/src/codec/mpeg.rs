//! The header of an MPEG audio frame, layer III (ISO/IEC 11172-3, 2.4.1.3; 13818-3 for the lower rates).

/// One frame header.
///
/// ```text
/// sync 11 | version 2 | layer 2 | no CRC 1 || bit rate 4 | rate 2 | padding 1 | private 1 || mode 2 | … 6
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Samples per second.
    pub(crate) rate: u32,
    /// 1 or 2.
    pub(crate) channels: u32,
    /// Kilobits per second.
    pub(crate) kbps: u32,
    /// Audio samples in the frame: 1152 in MPEG-1, 576 else.
    pub(crate) samples: u32,
    /// The frame's length in bytes, header included.
    pub(crate) length: u32,
    /// Whether a CRC of two bytes follows the header.
    pub(crate) crc: bool,
}

/// Why four bytes are not a header that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No sync word, or a reserved value.
    NotAHeader,
    /// Layer I or II.
    OtherLayer,
    /// Free format: the length of a frame is not told by its header.
    FreeFormat,
}

const KBPS_1: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBPS_2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const RATES: [u32; 3] = [44_100, 48_000, 32_000];

impl Header {
    /// How many bytes a header has.
    pub(crate) const SIZE: u64 = 4;

    /// Reads a header from the first four bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let &[sync, b1, b2, b3, ..] = bytes else { return Err(Fault::NotAHeader) };
        let version = b1 >> 3 & 3;
        if sync != 0xff || b1 & 0xe0 != 0xe0 || version == 1 {
            return Err(Fault::NotAHeader);
        }
        let base = *RATES.get(usize::from(b2 >> 2 & 3)).ok_or(Fault::NotAHeader)?;
        let index = usize::from(b2 >> 4);
        let first = version == 3;
        let kbps = *if first { &KBPS_1 } else { &KBPS_2 }.get(index).ok_or(Fault::NotAHeader)?;
        match b1 >> 1 & 3 {
            0 => return Err(Fault::NotAHeader),
            1 => {}
            _ => return Err(Fault::OtherLayer),
        }
        if kbps == 0 {
            return Err(Fault::FreeFormat);
        }
        let rate = base
            >> match version {
                3 => 0,
                2 => 1,
                _ => 2,
            };
        let samples = if first { 1152 } else { 576 };
        let length = samples / 8 * kbps * 1000 / rate + u32::from(b2 >> 1 & 1);
        let channels = if b3 >> 6 == 3 { 1 } else { 2 };
        Ok(Self { rate, channels, kbps, samples, length, crc: b1 & 1 == 0 })
    }

    /// Whether another frame can belong to the same stream: what may not change within one.
    pub(crate) fn alike(&self, other: &Self) -> bool {
        self.rate == other.rate && self.samples == other.samples
    }

    /// The length of layer III's side information, behind header and CRC.
    pub(crate) fn side_info(&self) -> u32 {
        match (self.samples, self.channels) {
            (1152, 1) | (576, 2) => 17,
            (1152, _) => 32,
            _ => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_by_version() {
        let header = Header::parse(&[0xff, 0xfb, 0x90, 0x64]).unwrap();
        assert_eq!((header.rate, header.channels, header.kbps, header.length), (44_100, 2, 128, 417));
        let padded = Header::parse(&[0xff, 0xfb, 0x92, 0xc4]).unwrap();
        assert_eq!((padded.length, padded.channels), (418, 1));
        let second = Header::parse(&[0xff, 0xf3, 0x80, 0xc4]).unwrap();
        assert_eq!((second.rate, second.samples, second.kbps, second.length), (22_050, 576, 64, 208));
        let lowest = Header::parse(&[0xff, 0xe3, 0x18, 0xc4]).unwrap();
        assert_eq!((lowest.rate, lowest.kbps, lowest.length), (8_000, 8, 72));
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(Header::parse(&[0xff, 0xfb, 0x00, 0]), Err(Fault::FreeFormat));
        assert_eq!(Header::parse(&[0xff, 0xfd, 0x90, 0]), Err(Fault::OtherLayer));
        assert_eq!(Header::parse(&[0xff, 0xf1, 0x50, 0x80]), Err(Fault::NotAHeader));
        assert_eq!(Header::parse(&[0xff, 0xfb, 0xf0, 0]), Err(Fault::NotAHeader));
        assert_eq!(Header::parse(&[0xff, 0xfb]), Err(Fault::NotAHeader));
    }
}
