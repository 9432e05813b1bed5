//! What a title is cut into: samples, each the body of one RTMP message, and runs of them.

use std::ops::Range;

use bytes::Bytes;

use crate::Position;

/// The most bytes that one message, or one FLV tag, can hold: their length field has 24 bits.
pub(crate) const MAX_BODY: u64 = 0x00ff_ffff;

/// What a sample is, and so which RTMP message type and FLV tag type carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Message type 8.
    Audio,
    /// Message type 9.
    Video,
    /// Message type 18: a name and AMF0 values.
    Data,
}

impl Kind {
    /// The RTMP message type, which is also the FLV tag type.
    #[must_use]
    pub const fn message_type(self) -> u8 {
        match self {
            Self::Audio => 8,
            Self::Video => 9,
            Self::Data => 18,
        }
    }
}

/// One audio frame, video picture, sequence header or script message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Audio, video or data.
    pub kind: Kind,
    /// Decode time in milliseconds from the start of the title; never smaller than that of the sample of the same
    /// kind before.
    pub time_ms: u32,
    /// Whether a decoder can start here. True for audio; false for sequence headers and data.
    pub key: bool,
    /// The payload of the message.
    pub body: Body,
}

/// The payload of one RTMP message of type 8, 9 or 18, which is the body of an FLV tag. At most 0xFFFFFF bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Bytes that were made or read already.
    Inline(Bytes),
    /// A few bytes that were made, then bytes of the file.
    File {
        /// The FLV codec header: what stands in front of the file's bytes.
        prefix: Prefix,
        /// The place of the rest in the file.
        range: Range<u64>,
    },
}

impl Body {
    /// How many bytes the message has.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::File { prefix, range } => prefix.len() as u64 + (range.end - range.start),
        }
    }

    /// Whether the message has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Up to 15 bytes, held without an allocation. Dereferences to the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefix {
    bytes: [u8; 15],
    length: u8,
}

impl Prefix {
    /// The bytes of `parts`, one after the other; what is beyond 15 bytes is a fault of the caller and cut off.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut prefix = Self::default();
        for byte in parts.iter().copied().flatten() {
            if let Some(slot) = prefix.bytes.get_mut(usize::from(prefix.length)) {
                *slot = *byte;
                prefix.length += 1;
            }
        }
        prefix
    }
}

impl std::ops::Deref for Prefix {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl std::fmt::Debug for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02x?}", &**self)
    }
}

/// Consecutive samples between two cuts.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The sequence headers in force at the start of the run, video first: what a viewer needs who did not see the
    /// runs before. Their time is that of the run's first sample.
    pub headers: Vec<Sample>,
    /// Everything from here to the next cut in sending order, with the sequence headers that change on the way.
    /// (One that changes with the very first sample is in both lists, for those who come from the run before.)
    pub samples: Vec<Sample>,
    /// Where the run ends in milliseconds: the time of the sample after it, or the end of the title.
    pub end_ms: u64,
    /// Where the next run starts; none after the last.
    pub next: Option<Position>,
}
