//! A bounded cursor over the bytes of one message.

use crate::{Error, ErrorKind};

/// Bounds for one decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep objects and arrays may be nested.
    pub depth: usize,
    /// How many values there may be in all, nested ones and copies by reference included.
    pub values: usize,
}

impl Limits {
    /// For commands from a peer: no real client nests deeper than three or sends more than fifty values.
    pub const COMMAND: Self = Self { depth: 16, values: 1024 };
    /// For the script data of media files, whose key-frame index has two numbers for each key frame.
    pub const METADATA: Self = Self { depth: 16, values: 1 << 20 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::COMMAND
    }
}

/// Reads forward through `bytes` and counts what it made.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    offset: usize,
    depth_left: usize,
    values_left: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8], limits: Limits) -> Self {
        Self { bytes, offset: 0, depth_left: limits.depth, values_left: limits.values }
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.offset == self.bytes.len()
    }

    pub(crate) fn fail<T>(&self, kind: ErrorKind) -> Result<T, Error> {
        Err(Error { offset: self.offset, kind })
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Error> {
        match self.bytes[self.offset..].get(..n) {
            Some(taken) => {
                self.offset += n;
                Ok(taken)
            }
            None => self.fail(ErrorKind::Truncated),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn f64(&mut self) -> Result<f64, Error> {
        Ok(f64::from_be_bytes(self.array()?))
    }

    /// `n` bytes of text. Old encoders write Latin-1 into metadata, so bytes that are not UTF-8 become U+FFFD
    /// instead of ending the session.
    pub(crate) fn text(&mut self, n: usize) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(self.take(n)?).into_owned())
    }

    /// Takes the next byte if it is `marker`.
    pub(crate) fn skip_if(&mut self, marker: &[u8]) -> bool {
        let found = self.bytes[self.offset..].starts_with(marker);
        if found {
            self.offset += marker.len();
        }
        found
    }

    /// Counts `n` more values against the bound.
    pub(crate) fn count(&mut self, n: usize) -> Result<(), Error> {
        match self.values_left.checked_sub(n) {
            Some(left) => {
                self.values_left = left;
                Ok(())
            }
            None => self.fail(ErrorKind::TooMany),
        }
    }

    /// Runs `read` one level deeper.
    pub(crate) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth_left == 0 {
            return self.fail(ErrorKind::TooDeep);
        }
        self.depth_left -= 1;
        let out = read(self);
        self.depth_left += 1;
        out
    }
}
