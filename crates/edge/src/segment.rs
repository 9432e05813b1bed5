//! A second of a title as RTMP chunks: packed once, kept in memory, sent to everybody.
//!
//! ```text
//! fmt 0 video | payload | fmt 0 audio | payload | fmt 1 video | payload | fmt 1 audio | payload ...
//!   ^ full header: absolute time, stream id       ^ deltas to the message before on the same chunk stream
//! ```
//!
//! Because the first message of each kind has a full header, a segment can follow anything. The full headers are the
//! only bytes that depend on the viewer: one whose message stream is not 1, or whose stamps do not count from the
//! title's own 0 (play with a start), gets copies of those few bytes and shares the rest.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use millrace_media::{Body, Kind, Position, Sample, Selection};
use millrace_rtmp::chunk::stream::{AUDIO, VIDEO};
use millrace_rtmp::chunk::{self, Header, Reader, Writer};
use millrace_rtmp::message::{Message, kind};
use quick_cache::sync::Cache;

use crate::metrics::Metrics;
use crate::titles::{OpenTitle, PlayError};

mod pieces;
#[cfg(test)]
pub(crate) mod tests;

use pieces::Pieces;

/// A stamp from here on needs four bytes more in each chunk header, so it can't be put over a smaller one.
const EXTENDED_MS: u64 = 0xff_ffff;
/// No segment is longer than this, ms: cells are a second at most, and script data is taken back to it.
const LONGEST_MS: u64 = 60_000;

/// What makes a segment this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) object: millrace_cache::ObjectId,
    pub(crate) selection: Selection,
    pub(crate) from: Position,
    /// Samples from this media time on are left out, ms.
    pub(crate) until_ms: Option<u64>,
    /// What is left out besides.
    pub(crate) filter: Filter,
    /// Subtracted from all stamps, ms. Not 0 only where that can't be done for each viewer.
    pub(crate) base_ms: i64,
}

/// Which samples of a run go into a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Filter {
    pub(crate) audio: bool,
    pub(crate) video: Video,
    /// The first picture alone, or the first sample where there is no picture.
    pub(crate) one_picture: bool,
}

/// Which video samples go into a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Video {
    All,
    /// None before the first key frame: for a viewer who had video switched off.
    FromKey,
    None,
}

impl Filter {
    pub(crate) const EVERYTHING: Self = Self { audio: true, video: Video::All, one_picture: false };

    fn apply(self, samples: &mut Vec<Sample>) {
        let mut keyed = self.video == Video::All;
        samples.retain(|sample| {
            keyed |= is_picture(sample) && self.video == Video::FromKey;
            match sample.kind {
                Kind::Video => keyed,
                Kind::Audio => self.audio,
                Kind::Data => true,
            }
        });
        if self.one_picture {
            let at = samples.iter().position(is_picture).unwrap_or(0);
            samples.drain(..at);
            samples.truncate(1);
        }
    }
}

fn is_picture(sample: &Sample) -> bool {
    sample.kind == Kind::Video && sample.key
}

/// What a viewer needs to have different in the full headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restamp {
    /// The message stream.
    pub(crate) stream: u32,
    /// Subtracted from the stamps, ms.
    pub(crate) base_ms: i64,
}

/// What segments are packed with.
const PACKED: Restamp = Restamp { stream: 1, base_ms: 0 };

/// A packed run of samples. Immutable.
#[derive(Debug)]
pub(crate) struct Segment {
    bytes: Bytes,
    /// Full headers: where they begin and the stamp they carry.
    patches: Vec<(u32, u32)>,
    /// Where each message ends.
    ends: Vec<u32>,
    /// The sequence headers that a viewer needs who starts here.
    pub(crate) headers: Vec<Sample>,
    /// The stamp of the first message, ms of media time.
    pub(crate) first_ms: u64,
    /// The stamp of the last one.
    pub(crate) last_ms: u64,
    /// Whether the video in it (if any) begins with a key frame.
    pub(crate) has_key: bool,
    pub(crate) next: Option<Position>,
}

impl Segment {
    /// How long a segment is unless its title's bit rate makes it shorter, ms.
    pub(crate) const USUAL_MS: u64 = 1000;

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The end of the message that byte `at` is in: `at` itself if it is between two.
    pub(crate) fn message_end(&self, at: usize) -> usize {
        if at == 0 {
            return 0;
        }
        let index = self.ends.partition_point(|end| (*end as usize) < at);
        self.ends.get(index).map_or(self.len(), |end| *end as usize)
    }

    /// What comes behind byte `from`, which is the end of a message, as a segment of its own. Its first messages have
    /// full headers again: since this one was stopped, another stream may have used the same chunk streams.
    pub(crate) fn rest(&self, from: usize, chunk_size: u32) -> Self {
        let sent = self.ends.partition_point(|end| *end as usize <= from);
        let mut input = Vec::new();
        let size = Message::control(kind::SET_CHUNK_SIZE, chunk_size);
        Writer::default().message(&mut input, chunk::stream::CONTROL, &size);
        input.extend_from_slice(&self.bytes);
        let (mut input, mut reader) = (BytesMut::from(&input[..]), Reader::new(chunk::Limits::SERVER));
        let messages = std::iter::from_fn(|| reader.read(&mut input).ok().flatten());
        let (mut writer, mut packed) = (Writer::new(chunk_size), Packed::default());
        for Message { time_ms, kind, stream, body } in messages.skip(1 + sent) {
            let chunk_stream = if kind == Kind::Video.message_type() { VIDEO } else { AUDIO };
            packed.push(&mut writer, Header { chunk_stream, time_ms, kind, stream }, time_ms, &[&body]);
        }
        let headers = self.headers.clone();
        Self { bytes: packed.bytes.into(), patches: packed.patches, ends: packed.ends, headers, ..*self }
    }

    /// Adds `range` to `out`, with the full headers as this viewer needs them.
    pub(crate) fn slices(&self, range: Range<usize>, restamp: Restamp, out: &mut VecDeque<Bytes>) {
        let mut at = range.start;
        if restamp != PACKED {
            for &(offset, time_ms) in &self.patches {
                let header = offset as usize..offset as usize + FULL_HEADER;
                if header.end <= at || header.start >= range.end {
                    continue;
                }
                if at < header.start {
                    out.push_back(self.bytes.slice(at..header.start));
                }
                let (from, to) = (at.max(header.start), header.end.min(range.end));
                let patched = self.patched(header.clone(), time_ms, restamp);
                out.push_back(patched.slice(from - header.start..to - header.start));
                at = to;
            }
        }
        if at < range.end {
            out.push_back(self.bytes.slice(at..range.end));
        }
    }

    /// The full header at `place` with another time and stream.
    fn patched(&self, place: Range<usize>, time_ms: u32, restamp: Restamp) -> Bytes {
        let mut header = BytesMut::from(&self.bytes[place]);
        // Without a base the time stays as it was packed: it may be an extended one, or have its base taken off already.
        let time = stamp(u64::from(time_ms), restamp.base_ms);
        if restamp.base_ms != 0 && u64::from(time.max(time_ms)) < EXTENDED_MS {
            header[1..4].copy_from_slice(&time.to_be_bytes()[1..]);
        }
        header[8..12].copy_from_slice(&restamp.stream.to_le_bytes());
        header.freeze()
    }
}

/// Bytes of a full header with a one-byte basic header and without extended time.
const FULL_HEADER: usize = 12;

/// A media time as this viewer's stamp.
fn stamp(time_ms: u64, base_ms: i64) -> u32 {
    (time_ms as i64).saturating_sub(base_ms).clamp(0, i64::from(u32::MAX)) as u32
}

/// Says what has to be subtracted at packing time and what can be done for each viewer: the second wherever all
/// stamps, as packed and as sent, stay below the extended ones.
pub(crate) fn split_base(from_ms: u64, stream: u32, base_ms: i64) -> (i64, Restamp) {
    let sent = stamp(from_ms, base_ms);
    let small = |ms: u64| ms + LONGEST_MS < EXTENDED_MS;
    if small(from_ms) && small(u64::from(sent)) {
        (0, Restamp { stream, base_ms })
    } else if stream == PACKED.stream {
        (base_ms, PACKED)
    } else {
        // The stream id alone has the same place in every full header.
        (base_ms, Restamp { stream, base_ms: 0 })
    }
}

/// Segments in memory, each built once however many want it.
pub(crate) struct Segments {
    cache: Cache<Key, Arc<Segment>, Weight>,
    most_bytes: u64,
    chunk_size: u32,
}

#[derive(Clone)]
struct Weight;

impl quick_cache::Weighter<Key, Arc<Segment>> for Weight {
    fn weight(&self, _: &Key, segment: &Arc<Segment>) -> u64 {
        let tables = segment.ends.len() * 4 + segment.patches.len() * 8;
        (segment.len() + tables + size_of::<Segment>() + size_of::<Key>()) as u64
    }
}

impl Segments {
    /// A cache of `memory` bytes for segments of at most `most_bytes`.
    pub(crate) fn new(memory: u64, most_bytes: u64, chunk_size: u32) -> Self {
        let items = (memory / (64 << 10)).clamp(64, 1 << 20) as usize;
        Self { cache: Cache::with_weighter(items, memory, Weight), most_bytes, chunk_size }
    }

    /// The segment, if it is here.
    pub(crate) fn peek(&self, key: &Key) -> Option<Arc<Segment>> {
        self.cache.get(key)
    }

    /// The segment, built now if nobody else is about it.
    pub(crate) async fn get(
        &self,
        title: &OpenTitle,
        key: Key,
        metrics: &Metrics,
    ) -> Result<Arc<Segment>, PlayError> {
        let build = async {
            let segment = Box::pin(build(title, &key, self.most_bytes, self.chunk_size)).await?;
            metrics.segments_built.one();
            metrics.segment_bytes_built.add(segment.len() as u64);
            Ok(Arc::new(segment))
        };
        self.cache.get_or_insert_async(&key, build).await
    }
}

async fn build(title: &OpenTitle, key: &Key, most_bytes: u64, chunk_size: u32) -> Result<Segment, PlayError> {
    let run = title.title.run(title, key.from, key.selection).await?;
    let mut samples = run.samples;
    let end = key.until_ms.and_then(|until| samples.iter().position(|s| u64::from(s.time_ms) >= until));
    samples.truncate(end.unwrap_or(samples.len()));
    key.filter.apply(&mut samples);
    // Frames do not lie further than a cell, but script data has any stamp it likes.
    let latest = u32::try_from(key.from.time_ms() + LONGEST_MS).unwrap_or(u32::MAX);
    for data in samples.iter_mut().filter(|sample| sample.kind == Kind::Data) {
        data.time_ms = data.time_ms.min(latest);
    }
    let total: u64 = samples.iter().map(|sample| sample.body.len()).sum();
    if total > most_bytes {
        return Err(PlayError::SegmentTooLarge {
            at_ms: key.from.time_ms(),
            bytes: total,
            limit: most_bytes,
        });
    }
    let pieces = Pieces::read(title, &samples).await?;
    let packed = pack(&samples, &pieces, key.base_ms, chunk_size);
    let time = |sample: Option<&Sample>| sample.map(|sample| u64::from(sample.time_ms));
    Ok(Segment {
        bytes: packed.bytes.into(),
        patches: packed.patches,
        ends: packed.ends,
        headers: run.headers,
        first_ms: time(samples.first()).unwrap_or_else(|| key.from.time_ms()),
        last_ms: time(samples.last()).unwrap_or_else(|| key.from.time_ms()),
        has_key: samples.iter().any(is_picture),
        next: if end.is_some() || key.filter.one_picture { None } else { run.next },
    })
}

#[derive(Default)]
struct Packed {
    bytes: Vec<u8>,
    patches: Vec<(u32, u32)>,
    ends: Vec<u32>,
}

impl Packed {
    /// Adds a message, whose body is the `parts`.
    fn push(&mut self, writer: &mut Writer, header: Header, media_ms: u32, parts: &[&[u8]]) {
        let placed = writer.parts(&mut self.bytes, header, parts);
        self.patches.extend(placed.full_header.map(|at| (at as u32, media_ms)));
        self.ends.push(self.bytes.len() as u32);
    }
}

fn pack(samples: &[Sample], pieces: &Pieces, base_ms: i64, chunk_size: u32) -> Packed {
    let total: u64 = samples.iter().map(|sample| sample.body.len() + 16).sum();
    let mut packed = Packed {
        bytes: Vec::with_capacity(total as usize + total as usize / chunk_size as usize),
        patches: Vec::new(),
        ends: Vec::with_capacity(samples.len()),
    };
    let mut writer = Writer::new(chunk_size);
    let mut parts = Vec::new();
    for sample in samples {
        parts.clear();
        match &sample.body {
            Body::Inline(bytes) => parts.push(&bytes[..]),
            Body::File { prefix, range } => {
                parts.push(&prefix[..]);
                pieces.get(range, &mut parts);
            }
        }
        let time_ms = stamp(u64::from(sample.time_ms), base_ms);
        packed.push(&mut writer, header(sample.kind, time_ms, PACKED.stream), sample.time_ms, &parts);
    }
    packed.bytes.shrink_to_fit();
    packed
}

fn header(kind: Kind, time_ms: u32, stream: u32) -> Header {
    let chunk_stream = match kind {
        Kind::Video => VIDEO,
        Kind::Audio | Kind::Data => AUDIO,
    };
    Header { chunk_stream, time_ms, kind: kind.message_type(), stream }
}

/// Sequence headers as messages of their own, for a viewer who starts.
pub(crate) fn pack_headers(headers: &[Sample], at_ms: u64, restamp: Restamp, chunk_size: u32) -> Bytes {
    let mut out = Vec::new();
    for sample in headers {
        let Body::Inline(body) = &sample.body else { continue };
        let header = header(sample.kind, stamp(at_ms, restamp.base_ms), restamp.stream);
        Writer::new(chunk_size).parts(&mut out, header, &[body]);
    }
    out.into()
}
