//! FLV tags (Adobe "Video File Format Specification" version 10.1, annex E.4; Enhanced RTMP v2 for extended bodies).
//!
//! ```text
//! type u8 (bit 5: encrypted) | size u24 | time u24, then its top 8 bits | stream id u24 (0) | body | u32 size + 11
//! ```

use bytes::Bytes;

use crate::Error;
use crate::error::Refusal;
use crate::sample::Kind;
use crate::source::{Source, Window};
use crate::track::{Codec, FourCc};

/// Bytes in front of a tag's body.
pub(crate) const HEAD: u64 = 11;
/// Bytes behind it: the size of the tag, for going backwards.
pub(crate) const BACK: u64 = 4;
/// How much of a body is looked at: enough for each codec header and for the name "onMetaData".
const PEEK: u64 = 16;

/// One tag, its body only as far as it says what it is.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    /// Where the tag starts.
    pub(crate) offset: u64,
    /// Length of the body.
    pub(crate) size: u64,
    /// The stamp as it stands there, in milliseconds; signed by the specification.
    pub(crate) stamp: i32,
    pub(crate) role: Role,
    /// What the body starts with.
    pub(crate) peek: Bytes,
}

/// What a tag is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A codec configuration.
    Header(Kind),
    /// A picture or sound.
    Frame { kind: Kind, key: bool },
    /// Something of a stream that is neither: end of sequence, a command, colour information.
    Extra(Kind),
    /// The file's own `onMetaData`, which is not sent as it is.
    MetaData,
    /// Another script message.
    Script,
    /// Nothing that is sent: an empty body or an unknown type.
    Other,
}

impl Role {
    /// The kind of stream the tag belongs to.
    pub(crate) fn kind(self) -> Option<Kind> {
        match self {
            Self::Header(kind) | Self::Frame { kind, .. } | Self::Extra(kind) => Some(kind),
            Self::MetaData | Self::Script => Some(Kind::Data),
            Self::Other => None,
        }
    }
}

impl Tag {
    /// Reads the tag at `offset`; `None` where no whole tag follows, which ends a title cleanly: a recorder that
    /// was stopped hard leaves a part of a tag.
    pub(crate) async fn read<S: Source>(
        window: &mut Window<'_, S>,
        offset: u64,
    ) -> Result<Option<Self>, Error> {
        let bytes = window.get(offset, HEAD + PEEK).await?;
        let Some((head, body)) = bytes.split_at_checked(HEAD as usize) else { return Ok(None) };
        let size = u64::from(u32::from_be_bytes([0, head[1], head[2], head[3]]));
        if offset + HEAD + size > window.len() {
            return Ok(None);
        }
        let track = if head[0] & 31 == 9 { 1 } else { 2 };
        if head[0] & 0x20 != 0 && matches!(head[0] & 31, 8 | 9) {
            let refusal = Refusal {
                track,
                codec: "encrypted".to_owned(),
                offset,
                why: "which no player here can open",
            };
            return Err(Error::NoSupportedTrack { refused: vec![refusal] });
        }
        let stamp = i32::from_be_bytes([head[7], head[4], head[5], head[6]]);
        let peek = bytes.slice(HEAD as usize..HEAD as usize + body.len().min(size as usize));
        Ok(Some(Self { offset, size, stamp, role: role(head[0], &peek), peek }))
    }

    /// Where the next tag starts.
    pub(crate) fn next(&self) -> u64 {
        self.offset + HEAD + self.size + BACK
    }

    /// Where the body is.
    pub(crate) fn body(&self) -> std::ops::Range<u64> {
        self.offset + HEAD..self.offset + HEAD + self.size
    }

    /// The codec that the tag's body names, and the FourCC if it has the extended form.
    pub(crate) fn codec(&self) -> Option<(Codec, Option<FourCc>)> {
        let first = *self.peek.first()?;
        match self.role.kind()? {
            Kind::Video if first & 0x80 != 0 => self.extended(first & 15 == 6),
            Kind::Audio if first >> 4 == 9 => self.extended(first & 15 == 5),
            Kind::Video => Some((classic_video(first & 15), None)),
            Kind::Audio => Some((classic_audio(first >> 4), None)),
            Kind::Data => None,
        }
    }

    /// The FourCC behind the first byte, or behind the second in a body with several tracks.
    fn extended(&self, multitrack: bool) -> Option<(Codec, Option<FourCc>)> {
        let at = 1 + usize::from(multitrack);
        let code = FourCc(self.peek.get(at..at + 4)?.try_into().ok()?);
        let codec = match &code.0 {
            b"avc1" => Codec::Avc,
            b"hvc1" => Codec::Hevc,
            b"av01" => Codec::Av1,
            b"vp08" => Codec::Vp8,
            b"vp09" => Codec::Vp9,
            b"mp4a" => Codec::Aac,
            b".mp3" => Codec::Mp3,
            b"Opus" => Codec::Opus,
            b"fLaC" => Codec::Flac,
            b"ac-3" => Codec::Ac3,
            b"ec-3" => Codec::Eac3,
            _ => Codec::Other(code),
        };
        Some((codec, Some(code)))
    }
}

fn classic_video(number: u8) -> Codec {
    match number {
        2 => Codec::Sorenson,
        3 => Codec::Screen,
        4 => Codec::Vp6,
        5 => Codec::Vp6Alpha,
        6 => Codec::Screen2,
        7 => Codec::Avc,
        other => Codec::Unknown(other),
    }
}

fn classic_audio(format: u8) -> Codec {
    match format {
        2 | 14 => Codec::Mp3,
        10 => Codec::Aac,
        0..=8 | 11 => Codec::FlvAudio(format),
        other => Codec::Unknown(other),
    }
}

fn role(kind: u8, body: &[u8]) -> Role {
    let Some(&first) = body.first() else { return Role::Other };
    match kind & 31 {
        8 => audio_role(first, body),
        9 => video_role(first, body),
        // An encrypted script begins with a filter's header, so it is none of these.
        18 if body.starts_with(b"\x02\0\x0aonMetaData") => Role::MetaData,
        18 => Role::Script,
        _ => Role::Other,
    }
}

fn video_role(first: u8, body: &[u8]) -> Role {
    let key = first >> 4 & 7 == 1;
    let second = body.get(1).copied();
    let packet = if first & 0x80 == 0 {
        match (first & 15, first >> 4, second) {
            (_, 5, _) => return Role::Extra(Kind::Video),
            // AVC: 0 header, 1 picture, 2 end of sequence.
            (7, _, Some(packet)) => packet,
            _ => 1,
        }
    } else {
        match first & 15 {
            6 => second.map_or(2, |byte| byte & 15),
            // ModEx wraps another packet; only pictures are wrapped in practice.
            7 | 3 => 1,
            5 => 0,
            packet => packet,
        }
    };
    match packet {
        0 => Role::Header(Kind::Video),
        1 | 3 => Role::Frame { kind: Kind::Video, key },
        _ => Role::Extra(Kind::Video),
    }
}

fn audio_role(first: u8, body: &[u8]) -> Role {
    let second = body.get(1).copied();
    let packet = match (first >> 4, first & 15) {
        (10, _) => second.unwrap_or(2),
        (9, 5) => second.map_or(2, |byte| byte & 15),
        (9, 7) => 1,
        (9, packet) => packet,
        _ => 1,
    };
    match packet {
        0 => Role::Header(Kind::Audio),
        1 => Role::Frame { kind: Kind::Audio, key: true },
        _ => Role::Extra(Kind::Audio),
    }
}

/// Samples per second and channels by the sound byte of a classic body.
pub(crate) fn sound(first: u8) -> (u32, u32) {
    let rate = match (first >> 4, first >> 2 & 3) {
        (4 | 11, _) => 16_000,
        (5 | 7 | 8 | 14, _) => 8_000,
        (_, 0) => 5_512,
        (_, 1) => 11_025,
        (_, 2) => 22_050,
        _ => 44_100,
    };
    (rate, 1 + u32::from(first & 1))
}
