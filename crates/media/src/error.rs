//! What can be wrong with a file, told so that its owner can find the place.

use crate::{Container, SourceError};

/// Why a file can't be opened or read on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The caller's own source failed; nothing is known to be wrong with the file.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The first bytes are none of the containers this crate knows.
    #[error("neither MP4, FLV nor MP3: the file begins with {found}")]
    NotMedia {
        /// The first bytes in hexadecimal, or "nothing".
        found: String,
    },
    /// The container contradicts itself or its specification.
    #[error("{container}: {what} at byte {offset}")]
    Structure {
        /// The container as sniffed.
        container: Container,
        /// Which box, tag or frame, and what is wrong with it.
        what: String,
        /// Where that is: an offset in bytes from the start of the file.
        offset: u64,
    },
    /// The file is sound, but nothing in it can be sent to this client.
    #[error("no track can be sent: {}", list(refused))]
    NoSupportedTrack {
        /// Each audio and video track with the reason; empty if the file has none at all.
        refused: Vec<Refusal>,
    },
    /// Something is larger than [`crate::Limits`] or the protocol allow.
    #[error("{what} takes {size}, more than {limit}")]
    TooLarge {
        /// What it is, with its place where that helps.
        what: String,
        /// Its size, in the unit of `limit`.
        size: u64,
        /// The limit: bytes for sizes, a plain number for counts.
        limit: u64,
    },
}

impl Error {
    pub(crate) fn mp4(what: impl Into<String>, offset: u64) -> Self {
        Self::Structure { container: Container::Mp4, what: what.into(), offset }
    }

    pub(crate) fn flv(what: impl Into<String>, offset: u64) -> Self {
        Self::Structure { container: Container::Flv, what: what.into(), offset }
    }

    pub(crate) fn mp3(what: impl Into<String>, offset: u64) -> Self {
        Self::Structure { container: Container::Mp3, what: what.into(), offset }
    }
}

/// A track that can't be sent, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The track's id: of the `tkhd` box in MP4; 1 for video and 2 for audio in FLV.
    pub track: u32,
    /// The codec as the file names it.
    pub codec: String,
    /// Where the file says so: the sample entry, or the first tag.
    pub offset: u64,
    /// Why that can't be sent.
    pub why: &'static str,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { track, codec, offset, why } = self;
        write!(f, "track {track} is {codec} (byte {offset}), {why}")
    }
}

fn list(refused: &[Refusal]) -> String {
    if refused.is_empty() {
        return "there is no audio or video track with samples".to_owned();
    }
    refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
