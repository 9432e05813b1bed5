//! The few bytes in front of a sample that make it an RTMP message (FLV specification E.4.2 and E.4.3; Enhanced
//! RTMP v1 and v2).

use bytes::{BufMut, Bytes, BytesMut};

use crate::sample::Prefix;
use crate::track::FourCc;

/// How samples of one sample description are wrapped.
///
/// ```text
/// Avc           17|27 01 cts(3)            Aac           AF 01
/// Classic       1c|2c                      Sound         the byte
/// Video, cts    91|A1 FourCC cts(3)        Audio         91 FourCC
///   cts is 0    93|A3 FourCC
/// Video         91|A1 FourCC
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// H.264 in the classic form.
    Avc,
    /// Another classic video codec, by its number.
    Classic(u8),
    /// AAC in the classic form.
    Aac,
    /// Another classic audio format: its whole first byte.
    Sound(u8),
    /// Enhanced video; `cts` if the FourCC has a composition time.
    Video { code: FourCc, cts: bool },
    /// Enhanced audio.
    Audio { code: FourCc },
}

impl Form {
    /// What stands in front of a sample's own bytes. `cts` is in milliseconds.
    pub(crate) fn prefix(self, key: bool, cts: i32) -> Prefix {
        let frame_type = if key { 1u8 } else { 2 };
        let offset = cts.clamp(-0x80_0000, 0x7f_ffff).to_be_bytes();
        let cts3 = &offset[1..];
        match self {
            Self::Avc => Prefix::of(&[&[frame_type << 4 | 7, 1], cts3]),
            Self::Classic(codec) => Prefix::of(&[&[frame_type << 4 | codec]]),
            Self::Aac => Prefix::of(&[&[0xaf, 1]]),
            Self::Sound(byte) => Prefix::of(&[&[byte]]),
            Self::Video { code, cts: true } if cts == 0 => {
                Prefix::of(&[&[0x80 | frame_type << 4 | 3], &code.0])
            }
            Self::Video { code, cts: true } => Prefix::of(&[&[0x80 | frame_type << 4 | 1], &code.0, cts3]),
            Self::Video { code, cts: false } => Prefix::of(&[&[0x80 | frame_type << 4 | 1], &code.0]),
            Self::Audio { code } => Prefix::of(&[&[0x91], &code.0]),
        }
    }

    /// The sequence header that carries a codec's configuration record; none for codecs without.
    pub(crate) fn header(self, config: &[u8]) -> Option<Bytes> {
        let mut body = BytesMut::with_capacity(config.len() + 5);
        match self {
            Self::Avc => body.put_slice(&[0x17, 0, 0, 0, 0]),
            Self::Aac => body.put_slice(&[0xaf, 0]),
            Self::Classic(_) | Self::Sound(_) => return None,
            Self::Video { code, .. } | Self::Audio { code } => {
                body.put_u8(0x90);
                body.put_slice(&code.0);
            }
        }
        body.put_slice(config);
        Some(body.freeze())
    }
}

/// The sound byte of classic formats: format, rate, 16 bits a sample, channels.
///
/// Rates other than FLV's four are rounded up to the next; 48 and 32 kHz MP3 go as 44 kHz, for players read the
/// true rate from the frame itself.
pub(crate) fn sound_byte(format: u8, rate: u32, channels: u32) -> u8 {
    let rate = match rate {
        0..=5_512 => 0,
        5_513..=11_025 => 1,
        11_026..=22_050 => 2,
        _ => 3,
    };
    format << 4 | rate << 2 | 2 | u8::from(channels > 1)
}

/// The sound byte of MP3, which has a format of its own for 8 kHz.
pub(crate) fn mp3_byte(rate: u32, channels: u32) -> u8 {
    if rate == 8_000 {
        // 14: "MP3 8 kHz". The rate bits have no meaning then; encoders set them to 3.
        return 0xee | u8::from(channels > 1);
    }
    sound_byte(2, rate, channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classic_prefixes() {
        assert_eq!(*Form::Avc.prefix(true, 80), [0x17, 1, 0, 0, 80]);
        assert_eq!(*Form::Avc.prefix(false, -40), [0x27, 1, 0xff, 0xff, 0xd8]);
        assert_eq!(*Form::Avc.prefix(false, i32::MAX), [0x27, 1, 0x7f, 0xff, 0xff]);
        assert_eq!(*Form::Aac.prefix(true, 0), [0xaf, 1]);
    }

    #[test]
    fn enhanced_prefixes() {
        let hevc = Form::Video { code: FourCc(*b"hvc1"), cts: true };
        assert_eq!(*hevc.prefix(true, 0), *b"\x93hvc1");
        assert_eq!(*hevc.prefix(false, 1), *b"\xa1hvc1\0\0\x01");
        let av1 = Form::Video { code: FourCc(*b"av01"), cts: false };
        assert_eq!(*av1.prefix(true, 9), *b"\x91av01");
        assert_eq!(av1.header(b"x").unwrap(), &b"\x90av01x"[..]);
    }

    #[test]
    fn mp3_says_its_rate() {
        assert_eq!(mp3_byte(44_100, 2), 0x2f);
        assert_eq!(mp3_byte(48_000, 1), 0x2e);
        assert_eq!(mp3_byte(22_050, 2), 0x2b);
        assert_eq!(mp3_byte(24_000, 1), 0x2e);
        assert_eq!(mp3_byte(11_025, 1), 0x26);
        assert_eq!(mp3_byte(8_000, 2), 0xef);
    }
}
