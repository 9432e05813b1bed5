//! Opening an FLV file: its header, its first tags and its last one.
//!
//! ```text
//! "FLV" | version u8 | flags u8: 4 sound, 1 picture | u32 size of this header (9) | u32 0 | tags …
//! ```

use std::sync::Mutex;

use bytes::Bytes;

use super::script::{self, Script};
use super::tag::{BACK, HEAD, Role, Tag, sound};
use super::time::Times;
use super::{Film, Mark};
use crate::codec::{aac, avc};
use crate::cut::Grid;
use crate::input::u32_at;
use crate::sample::Kind;
use crate::source::{BLOCK, Source, Window};
use crate::track::{Codec, Track};
use crate::trail::Trail;
use crate::{Error, Limits};

/// How far into the file its kinds of streams are looked for, in bytes and in milliseconds.
const FIRST_BYTES: u64 = 4 * BLOCK;
const FIRST_MS: i64 = 5000;

/// Whether the bytes at the start are those of an FLV file.
pub(crate) fn sniff(head: &[u8]) -> bool {
    head.starts_with(b"FLV")
}

/// What the first tags say.
#[derive(Default)]
struct First {
    script: Script,
    /// Sound, picture.
    tracks: [Option<Track>; 2],
    /// The first frames' stamps.
    stamps: [Option<i32>; 2],
    headers: Vec<(u64, Bytes)>,
    /// The sequence headers in front of the first frame of their kind.
    places: [u64; 2],
    /// The first frame of each that a decoder can start with.
    keys: [Option<u64>; 2],
}

/// Opens a file whose first bytes are in `window`.
pub(crate) async fn open<S: Source>(window: &mut Window<'_, S>, limits: &Limits) -> Result<Film, Error> {
    let head = window.get(0, 9).await?;
    let size = u64::from(u32_at(&head, 5));
    if head.len() < 9 || size < 9 || size > window.len() {
        return Err(Error::flv("file header is cut short or has an impossible size", 0));
    }
    let start = size + BACK;
    let first = first_tags(window, start, head[4], limits).await?;
    let stamp = first.stamps.iter().flatten().min().copied().unwrap_or(0);
    let times = Times::starting_at(stamp);
    let duration_ms = duration(window, start, &first.script, stamp).await?;
    let tracks = first.tracks.into_iter().flatten().rev().collect::<Vec<_>>();
    let mut film = Film {
        tracks,
        duration_ms,
        start: Mark { offset: start, headers: first.places, times },
        first: first.keys,
        headers: first.headers,
        index: first.script.index,
        own: first.script.own,
        trails: [(); 2].map(|()| Mutex::new(Trail::new(limits.checkpoints))),
        grid: Grid::new(window.len(), duration_ms),
        limits: *limits,
    };
    describe(&mut film);
    Ok(film)
}

/// Reads tags until both kinds of stream have shown themselves, or one alone for long enough.
async fn first_tags<S: Source>(
    window: &mut Window<'_, S>,
    start: u64,
    flags: u8,
    limits: &Limits,
) -> Result<First, Error> {
    let mut first = First::default();
    let mut at = start;
    while at < start + FIRST_BYTES || first.stamps == [None, None] {
        let Some(tag) = Tag::read(window, at).await? else { break };
        at = tag.next();
        match tag.role {
            Role::MetaData if tag.size <= limits.metadata && first.script.own.is_empty() => {
                first.script = script::parse(&window.get(tag.offset + HEAD, tag.size).await?);
            }
            Role::Header(kind) | Role::Frame { kind, .. } => {
                let body = window.get(tag.offset + HEAD, tag.size.min(BLOCK)).await?;
                first.see(&tag, kind, &body);
                if first.is_enough(&tag, flags) {
                    break;
                }
            }
            _ => {}
        }
    }
    Ok(first)
}

impl First {
    fn see(&mut self, tag: &Tag, kind: Kind, body: &Bytes) {
        let slot = usize::from(kind == Kind::Video);
        let id = if kind == Kind::Video { 1 } else { 2 };
        if let (None, Some((codec, extended))) = (&self.tracks[slot], tag.codec()) {
            let mut track = Track { extended, ..Track::new(id, kind, codec, tag.offset) };
            if let (Kind::Audio, None, Some(byte)) = (kind, extended, body.first()) {
                (track.sample_rate, track.channels) = sound(*byte);
            }
            self.tracks[slot] = Some(track);
        }
        match tag.role {
            Role::Header(_) if self.stamps[slot].is_none() && self.places[slot] == 0 => {
                self.places[slot] = tag.offset;
                self.headers.push((tag.offset, Bytes::copy_from_slice(body)));
                if let Some(track) = &mut self.tracks[slot] {
                    configure(track, body);
                }
            }
            Role::Frame { key, .. } => {
                self.stamps[slot].get_or_insert(tag.stamp);
                if key {
                    self.keys[slot].get_or_insert(tag.offset);
                }
            }
            _ => {}
        }
    }

    /// Whether nothing new is to be expected. The flags of the header are often wrong, so a kind that they do not
    /// announce is waited for as well, only not as long.
    fn is_enough(&self, tag: &Tag, flags: u8) -> bool {
        match self.stamps {
            [Some(_), Some(_)] => true,
            [Some(first), None] | [None, Some(first)] => {
                let announced = flags & 5 == 5;
                i64::from(tag.stamp) - i64::from(first) > if announced { FIRST_MS } else { FIRST_MS / 5 }
            }
            [None, None] => false,
        }
    }
}

/// Takes what a classic sequence header says into the track.
fn configure(track: &mut Track, body: &[u8]) {
    match (track.codec, track.extended) {
        (Codec::Avc, None) => {
            let Some(record) = body.get(5..).and_then(avc::Record::parse) else { return };
            track.avc = (record.profile, record.level);
            (track.width, track.height) = avc::dimensions(record.sps).unwrap_or_default();
        }
        (Codec::Aac, None) => {
            let Some(config) = body.get(2..).and_then(aac::parse) else { return };
            track.aac_object = config.object;
            track.sample_rate = config.rate;
            track.channels = config.channels.max(1);
        }
        _ => {}
    }
}

/// Fills the tracks with what only the metadata says.
fn describe(film: &mut Film) {
    let number =
        |name: &str| film.own.get(name).and_then(millrace_amf::Value::as_number).filter(|n| *n > 0.0);
    let seconds = film.duration_ms as f64 / 1000.0;
    for track in &mut film.tracks {
        track.ticks = film.duration_ms;
        let rate = number(if track.kind == Kind::Video { "videodatarate" } else { "audiodatarate" });
        track.bytes = rate.map_or(0, |kilobits| (kilobits * 125.0 * seconds) as u64);
        if track.kind != Kind::Video {
            continue;
        }
        if track.width == 0 {
            track.width = number("width").map_or(0, |n| n as u32);
            track.height = number("height").map_or(0, |n| n as u32);
        }
        track.frame_rate = number("framerate").or_else(|| number("videoframerate")).unwrap_or(0.0);
    }
}

/// The length of the title. Metadata is often wrong (0 in recordings, or that of another cut), so the last tag's
/// stamp, found by the size behind it, has the last word; where the two agree, metadata is finer, for it knows how
/// long the last frame lasts.
async fn duration<S: Source>(
    window: &mut Window<'_, S>,
    start: u64,
    script: &Script,
    first: i32,
) -> Result<u64, Error> {
    let declared = script.own.get("duration").and_then(millrace_amf::Value::as_number).filter(|n| *n > 0.0);
    let declared = declared.map(|seconds| (seconds * 1000.0).round() as u64);
    let last = last_stamp(window, start)
        .await?
        .and_then(|stamp| u64::try_from(i64::from(stamp) - i64::from(first)).ok());
    Ok(match (declared, last) {
        (Some(declared), Some(last)) if declared.abs_diff(last) > 1000 => last,
        (Some(declared), _) => declared,
        (None, last) => last.unwrap_or(0),
    })
}

/// The stamp of the last tag, if the end of the file is in order.
async fn last_stamp<S: Source>(window: &mut Window<'_, S>, start: u64) -> Result<Option<i32>, Error> {
    let file = window.len();
    if file < start + HEAD + BACK {
        return Ok(None);
    }
    // One read of the last block serves both the size and, mostly, the tag.
    let block = (file - BACK) / BLOCK * BLOCK;
    window.get(block.max(start), file - block.max(start)).await?;
    let mut at = file;
    for _ in 0..8 {
        let size = u64::from(u32_at(&window.get(at - BACK, BACK).await?, 0));
        let Some(offset) = (at - BACK).checked_sub(size).filter(|offset| *offset >= start && size >= HEAD)
        else {
            return Ok(None);
        };
        match Tag::read(window, offset).await? {
            Some(tag) if tag.next() == at => match tag.role {
                Role::Frame { .. } | Role::Extra(_) => return Ok(Some(tag.stamp)),
                _ => at = offset,
            },
            _ => return Ok(None),
        }
        if at < start + HEAD + BACK {
            return Ok(None);
        }
    }
    Ok(None)
}
