//! Writes FLV files (Adobe "Video File Format Specification" version 10.1, annex E), for clients that save streams.
//!
//! ```text
//! "FLV" 01 | flags u8: 4 sound, 1 picture | u32 9 | u32 0 | {tag, u32 size of the tag}*
//! ```

use bytes::{BufMut, Bytes, BytesMut};

use crate::sample::MAX_BODY;
use crate::{Error, Kind};

/// The head of a file that has sound, picture or both.
#[must_use]
pub fn header(audio: bool, video: bool) -> Bytes {
    let mut head = BytesMut::with_capacity(13);
    head.put_slice(b"FLV\x01");
    head.put_u8(u8::from(audio) << 2 | u8::from(video));
    head.put_u32(9);
    head.put_u32(0);
    head.freeze()
}

/// One tag with the size behind it. `time_ms` is what the RTMP message had: all 32 bits are kept.
///
/// # Errors
/// [`Error::TooLarge`] when the body has more than 0xFFFFFF bytes.
pub fn tag(kind: Kind, time_ms: u32, body: &[u8]) -> Result<Bytes, Error> {
    if body.len() as u64 > MAX_BODY {
        let what = "the body of an FLV tag".to_owned();
        return Err(Error::TooLarge { what, size: body.len() as u64, limit: MAX_BODY });
    }
    let mut tag = BytesMut::with_capacity(body.len() + 15);
    tag.put_u8(kind.message_type());
    tag.put_uint(body.len() as u64, 3);
    tag.put_uint(u64::from(time_ms & 0x00ff_ffff), 3);
    tag.put_u8((time_ms >> 24) as u8);
    tag.put_uint(0, 3);
    tag.put_slice(body);
    tag.put_u32(body.len() as u32 + 11);
    Ok(tag.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_tag() {
        assert_eq!(header(true, true), &b"FLV\x01\x05\0\0\0\x09\0\0\0\0"[..]);
        let tag = tag(Kind::Audio, 0x0102_0304, &[0xaf, 0]).unwrap();
        assert_eq!(tag, &b"\x08\0\0\x02\x02\x03\x04\x01\0\0\0\xaf\0\0\0\0\x0d"[..]);
    }

    #[test]
    fn a_body_that_does_not_fit() {
        assert!(tag(Kind::Video, 0, &vec![0; 0x0100_0000]).is_err());
    }
}
