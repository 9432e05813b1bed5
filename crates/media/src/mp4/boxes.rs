//! Boxes (ISO/IEC 14496-12, 4.2).
//!
//! ```text
//! size u32 | kind 4 | [size 1: real size u64] | body …          size 0: to the end of the file (top level only)
//! full box: version u8, flags u24 in front of the body
//! ```

use crate::Error;
use crate::input::Fields;

/// The header of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: [u8; 4],
    /// Bytes of the header itself: 8 or 16.
    pub(crate) head: u64,
    /// Bytes of header and body; `None` for a size of 0, "to the end".
    pub(crate) size: Option<u64>,
}

impl Header {
    /// The most bytes that a header has.
    pub(crate) const MOST: u64 = 16;

    /// Reads a header that stands at `offset` of the file. `None` if there are too few bytes for one.
    pub(crate) fn parse(bytes: &[u8], offset: u64) -> Result<Option<Self>, Error> {
        let mut fields = Fields::new(bytes);
        let (Some(size), Some(kind)) = (fields.u32(), fields.fourcc()) else { return Ok(None) };
        let (head, size) = match size {
            0 => (8, None),
            1 => match fields.u64() {
                Some(size) => (16, Some(size)),
                None => return Ok(None),
            },
            size => (8, Some(u64::from(size))),
        };
        match size {
            Some(size) if size < head => {
                let what = format!("{} box has a size of {size}, less than its own header", name(kind));
                Err(Error::mp4(what, offset))
            }
            _ => Ok(Some(Self { kind, head, size })),
        }
    }
}

/// A box kind for messages.
pub(crate) fn name(kind: [u8; 4]) -> String {
    format!("'{}'", kind.escape_ascii())
}

/// A box in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) body: &'a [u8],
    /// Where the box's header stands in the file.
    pub(crate) offset: u64,
    /// Where the body stands in the file.
    pub(crate) body_offset: u64,
}

impl<'a> View<'a> {
    /// The boxes inside, from byte `skip` of the body on.
    pub(crate) fn children(&self, skip: usize) -> Children<'a> {
        let body = self.body.get(skip..).unwrap_or_default();
        Children { rest: body, offset: self.body_offset + skip as u64 }
    }

    /// The first box of that kind inside.
    pub(crate) fn child(&self, kind: &[u8; 4]) -> Result<Option<Self>, Error> {
        self.children(0).find(kind)
    }

    /// The first box of that kind inside, which must be there.
    pub(crate) fn require(&self, kind: &[u8; 4]) -> Result<Self, Error> {
        self.child(kind)?.ok_or_else(|| self.fault(&format!("box has no {} box inside", name(*kind))))
    }

    /// The version, the flags and the fields behind them of a full box.
    pub(crate) fn full(&self) -> Result<(u8, u32, Fields<'a>), Error> {
        let mut fields = Fields::new(self.body);
        match fields.u32() {
            Some(word) => Ok(((word >> 24) as u8, word & 0x00ff_ffff, fields)),
            None => Err(self.cut()),
        }
    }

    /// An error about this box.
    pub(crate) fn fault(&self, what: &str) -> Error {
        Error::mp4(format!("{} {what}", name(self.kind)), self.offset)
    }

    /// The error for a box that is too short for its fields.
    pub(crate) fn cut(&self) -> Error {
        self.fault("box is too short for its fields")
    }
}

/// Goes through the boxes of a body.
#[derive(Debug, Clone)]
pub(crate) struct Children<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Children<'a> {
    /// The boxes in `bytes`, which stand at `offset` of the file.
    pub(crate) fn of(bytes: &'a [u8], offset: u64) -> Self {
        Self { rest: bytes, offset }
    }

    /// The first box of that kind.
    pub(crate) fn find(mut self, kind: &[u8; 4]) -> Result<Option<View<'a>>, Error> {
        self.find_map(|child| match child {
            Ok(child) if child.kind != *kind => None,
            other => Some(other),
        })
        .transpose()
    }

    fn step(&mut self) -> Result<Option<View<'a>>, Error> {
        let Some(header) = Header::parse(self.rest, self.offset)? else { return Ok(None) };
        let Some(size) = header.size else {
            // QuickTime ends some lists with a zero instead of a box; padding of zeros is harmless as well.
            if self.rest.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            let what = format!("{} box inside another has a size of 0", name(header.kind));
            return Err(Error::mp4(what, self.offset));
        };
        let Some((whole, rest)) =
            usize::try_from(size).ok().and_then(|size| self.rest.split_at_checked(size))
        else {
            let what = format!(
                "{} box of {size} bytes runs past the box around it, which ends {} bytes on",
                name(header.kind),
                self.rest.len()
            );
            return Err(Error::mp4(what, self.offset));
        };
        let view = View {
            kind: header.kind,
            body: &whole[header.head as usize..],
            offset: self.offset,
            body_offset: self.offset + header.head,
        };
        self.rest = rest;
        self.offset += size;
        Ok(Some(view))
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<View<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.rest = &[];
        }
        step.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(bytes: &[u8]) -> Result<Vec<[u8; 4]>, Error> {
        Children::of(bytes, 100).map(|c| c.map(|c| c.kind)).collect()
    }

    #[test]
    fn short_and_long_headers() {
        let bytes = b"\0\0\0\x09freeX\0\0\0\x01skip\0\0\0\0\0\0\0\x11Y\0\0\0\0";
        assert_eq!(kinds(bytes).unwrap(), [*b"free", *b"skip"]);
    }

    #[test]
    fn sizes_that_lie() {
        for (bytes, wanted) in [
            (&b"\0\0\0\x04free"[..], "less than its own header"),
            (b"\0\0\0\x09free", "runs past the box around it"),
            (b"\0\0\0\0freeX", "size of 0"),
            (b"\0\0\0\x01free\xff\xff\xff\xff\xff\xff\xff\xff", "runs past"),
        ] {
            let error = kinds(bytes).unwrap_err().to_string();
            assert!(error.contains(wanted) && error.ends_with("at byte 100"), "{error}");
        }
    }
}
