//! A place in a title from which it can be sent.

use crate::flv::Mark;

/// A place in a title: small, comparable, and meaningful only for the title (and selection) that gave it.
///
/// Two positions that are equal start the same run, so a position may serve as the key of a cache of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    pub(crate) ms: u32,
    /// Whether the first key frame of this place's cell has passed; see [`crate::cut`].
    pub(crate) keyed: bool,
    pub(crate) place: Place,
}

impl Position {
    /// The time of the first sample from here on, in milliseconds of the title.
    #[must_use]
    pub fn time_ms(&self) -> u64 {
        u64::from(self.ms)
    }
}

/// The part of a position that the container defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// MP4 with sample tables: the next sample of each selected track, 0 for one that is not selected.
    Samples { video: u32, audio: u32 },
    /// Fragmented MP4: all samples at or after the position's time, from the fragment at `moof` on. The ticks are
    /// where the tracks' clocks stand there, for files that do not say so themselves (0 in those that do).
    Fragment { moof: u64, video: u64, audio: u64 },
    /// FLV: a tag.
    Tag(Mark),
    /// MP3: frame number and byte offset.
    Frame { index: u64, offset: u64 },
}
