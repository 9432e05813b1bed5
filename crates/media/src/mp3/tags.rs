//! What stands around the audio of an MP3 file: ID3v2 and APE in front, APE and ID3v1 behind.

use crate::Error;
use crate::source::{BLOCK, Source, Window};

/// How many tags in front are skipped: some programs add one more at each edit.
const TAGS: usize = 16;

/// Where the audio begins, behind all tags.
///
/// ```text
/// ID3v2: "ID3" | version u16 | flags u8 (10: a footer of 10 bytes follows) | size 4 x 7 bits, without header and footer
/// ```
pub(crate) async fn front<S: Source>(window: &mut Window<'_, S>, limit: u64) -> Result<u64, Error> {
    let mut at = 0;
    for _ in 0..TAGS {
        let head = window.get(at, 32).await?;
        let Some(size) = id3v2(&head).or_else(|| ape(&head)) else { break };
        at += size;
        if at > limit {
            return Err(Error::TooLarge { what: "tags in front of the audio".to_owned(), size: at, limit });
        }
    }
    Ok(at)
}

fn id3v2(head: &[u8]) -> Option<u64> {
    let size = head.get(6..10)?;
    if !head.starts_with(b"ID3") || size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let body = size.iter().fold(0, |n, byte| n << 7 | u64::from(*byte));
    Some(10 + body + if head[5] & 0x10 != 0 { 10 } else { 0 })
}

/// The whole size of an APE tag by its header or footer.
///
/// ```text
/// "APETAGEX" | version u32 | size u32, with footer, without header | items u32 | flags u32 (bit 31: has a header)
/// ```
fn ape(bytes: &[u8]) -> Option<u64> {
    if !bytes.starts_with(b"APETAGEX") {
        return None;
    }
    let number = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (size, flags) = (number(12)?, number(20)?);
    Some(u64::from(size) + if flags >> 31 == 1 { 32 } else { 0 })
}

/// Where the audio ends, in front of all tags.
pub(crate) async fn back<S: Source>(window: &mut Window<'_, S>, start: u64) -> Result<u64, Error> {
    let mut end = window.len();
    // One read for all of them, and for the look at the last frames.
    let block = end.saturating_sub(1) / BLOCK * BLOCK;
    window.get(block, end - block).await?;
    if end >= start + 128 && window.get(end - 128, 3).await?.starts_with(b"TAG") {
        end -= 128;
    }
    if end >= start + 32 {
        let footer = window.get(end - 32, 32).await?;
        let size = ape(&footer).filter(|size| *size <= end - start);
        end -= size.unwrap_or(0);
    }
    Ok(end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(id3v2(b"ID3\x04\0\0\0\0\x02\x01"), Some(10 + 257));
        assert_eq!(id3v2(b"ID3\x04\0\x10\0\0\0\x01"), Some(21));
        assert_eq!(id3v2(b"ID3\x04\0\0\xff\0\0\x01"), None);
        let mut footer = b"APETAGEX\xd0\x07\0\0\x40\0\0\0\x01\0\0\0\0\0\0\x80".to_vec();
        footer.resize(32, 0);
        assert_eq!(ape(&footer), Some(96));
        assert_eq!(ape(&footer[..20]), None);
    }
}
