//! The descriptors of an `esds` box (ISO/IEC 14496-1, 7.2.6).
//!
//! ```text
//! tag u8 | length: up to 4 bytes of 7 bits | body
//! 03 ES:        id u16, flags u8, [80: u16], [40: u8 length, URL], [20: u16], then 04
//! 04 decoder:   object type u8, stream type u8, buffer u24, max bit rate u32, average bit rate u32, then 05
//! 05 specific:  the AudioSpecificConfig
//! ```

use crate::input::Fields;

/// What an `esds` box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream<'a> {
    /// Object type indication (MP4RA's list).
    pub(crate) object_type: u8,
    /// The decoder specific information; empty if there is none.
    pub(crate) config: &'a [u8],
}

/// Reads the body of an `esds` box, behind version and flags.
pub(crate) fn parse(bytes: &[u8]) -> Option<Stream<'_>> {
    let mut stream = find(Fields::new(bytes), 3)?;
    stream.u16()?;
    let flags = stream.u8()?;
    if flags & 0x80 != 0 {
        stream.u16()?;
    }
    if flags & 0x40 != 0 {
        let length = stream.u8()?;
        stream.take(usize::from(length))?;
    }
    if flags & 0x20 != 0 {
        stream.u16()?;
    }
    let mut decoder = find(stream, 4)?;
    let object_type = decoder.u8()?;
    decoder.take(12)?;
    let config = find(decoder, 5).map_or(&[][..], Fields::rest);
    Some(Stream { object_type, config })
}

/// The body of the first descriptor with that tag. A length past the end means "the rest": some writers pad the
/// length field or count it wrong, and the box around it bounds the bytes anyway.
fn find(mut fields: Fields<'_>, wanted: u8) -> Option<Fields<'_>> {
    loop {
        let tag = fields.u8()?;
        let mut length = 0usize;
        for _ in 0..4 {
            let byte = fields.u8()?;
            length = length << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let body = fields.take(length.min(fields.rest().len()))?;
        if tag == wanted {
            return Some(Fields::new(body));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_padded_lengths() {
        let short = b"\x03\x16\0\x01\0\x04\x11\x40\x15\0\0\0\0\0\0\0\0\0\0\0\x05\x02\x12\x10";
        let wanted = Stream { object_type: 0x40, config: &[0x12, 0x10] };
        assert_eq!(parse(short), Some(wanted));
        let padded = b"\x03\x80\x80\x80\x22\0\x01\0\x04\x80\x80\x80\x14\x40\x15\0\0\0\0\0\0\0\0\0\0\0\
            \x05\x80\x80\x80\x02\x12\x10\x06\x80\x80\x80\x01\x02";
        assert_eq!(parse(padded), Some(wanted));
    }

    #[test]
    fn optional_fields_are_skipped() {
        let bytes = b"\x03\x20\0\x01\xe0\0\x07\x02hi\0\x09\x04\x11\x6b\x15\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(parse(bytes), Some(Stream { object_type: 0x6b, config: &[] }));
        assert_eq!(parse(b"\x04\x01\x40"), None);
    }
}
