//! The frame in front that is no sound but tells about the file: Xing, Info (LAME), VBRI (Fraunhofer).

use crate::codec::mpeg::Header;
use crate::input::u32_at;

/// What such a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Info {
    /// How many frames follow, if it says so.
    pub(crate) frames: Option<u32>,
    /// Whether the encoder says that all frames have one bit rate ("Info").
    pub(crate) constant: bool,
}

/// Reads it from the bytes of the first frame.
///
/// ```text
/// header 4 | [CRC 2] | side information (zeros) | "Xing" or "Info" | flags u32 | [1: frames u32] | [2: bytes u32] …
/// header 4 | 32 zeros | "VBRI" | version, delay, quality u16 each | bytes u32 | frames u32 …
/// ```
pub(crate) fn parse(frame: &[u8], header: &Header) -> Option<Info> {
    let count = |at: usize| Some(u32_at(frame, at)).filter(|frames| *frames > 0);
    if frame.get(36..40) == Some(b"VBRI") {
        return Some(Info { frames: count(36 + 14), constant: false });
    }
    // Encoders differ on whether the CRC counts.
    let plain = 4 + header.side_info() as usize;
    let places = [plain, plain + if header.crc { 2 } else { 0 }];
    let found = places.into_iter().find(|at| matches!(frame.get(*at..at + 4), Some(b"Xing" | b"Info")))?;
    let constant = frame.get(found..found + 4) == Some(b"Info");
    let has_count = u32_at(frame, found + 4) & 1 != 0;
    Some(Info { frames: if has_count { count(found + 8) } else { None }, constant })
}
