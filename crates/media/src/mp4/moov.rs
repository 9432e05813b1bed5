//! The `moov` box: tracks, their clocks and their defaults in fragments (ISO/IEC 14496-12, 8.2 to 8.8).

use super::boxes::View;
use super::clock::{Clock, to_ms};
use super::entry::{self, Entry};
use super::table::Table;
use crate::track::{Codec, Track};
use crate::{Error, Kind, Limits};

/// One audio or video track.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    pub(crate) entries: Vec<Entry>,
    pub(crate) table: Table,
    pub(crate) clock: Clock,
    /// What `trex` says; all zero in files without fragments.
    pub(crate) defaults: Defaults,
}

/// What samples of a fragment are unless the fragment says otherwise (`trex`, `tfhd`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    /// Sample description, counted from 1.
    pub(crate) description: u32,
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
}

/// A parsed `moov`.
#[derive(Debug, Clone)]
pub(crate) struct Moov {
    /// The tracks as others see them, and in the same order what is needed to read them.
    pub(crate) tracks: Vec<Track>,
    pub(crate) lanes: Vec<Lane>,
    /// The length of the movie with all its fragments in milliseconds, if an `mehd` box gives it.
    pub(crate) declared_ms: Option<u64>,
    /// Whether there is an `mvex` box, so that fragments may follow.
    pub(crate) fragmented: bool,
}

/// Reads a `moov` box of a file that is `file` bytes long.
pub(crate) fn parse(moov: &View<'_>, file: u64, limits: &Limits) -> Result<Moov, Error> {
    let mvhd = moov.require(b"mvhd")?;
    let scale = timescale(&mvhd)?;
    let mvex = moov.child(b"mvex")?;
    let extended = mvex.map(|mvex| mvex.child(b"mehd")).transpose()?.flatten();
    let declared = extended.map(|mehd| extended_duration(&mehd)).transpose()?.filter(|ticks| *ticks > 0);
    let mut parsed = Moov {
        tracks: Vec::new(),
        lanes: Vec::new(),
        declared_ms: declared.and_then(|ticks| u64::try_from(to_ms(i128::from(ticks), scale)).ok()),
        fragmented: mvex.is_some(),
    };
    let mut seen = 0;
    for child in moov.children(0) {
        let child = child?;
        if child.kind != *b"trak" {
            continue;
        }
        seen += 1;
        if seen > limits.tracks {
            let what = format!("the track at byte {}: the count of tracks", child.offset);
            return Err(Error::TooLarge { what, size: seen as u64, limit: limits.tracks as u64 });
        }
        if let Some((track, mut lane)) = trak(&child, scale, file, limits)? {
            lane.defaults = mvex.map(|mvex| defaults(&mvex, track.id)).transpose()?.unwrap_or_default();
            parsed.tracks.push(track);
            parsed.lanes.push(lane);
        }
    }
    Ok(parsed)
}

/// `trak`: `None` for tracks that are neither audio nor video, or have nothing in them.
fn trak(trak: &View<'_>, movie: u32, file: u64, limits: &Limits) -> Result<Option<(Track, Lane)>, Error> {
    let mdia = trak.require(b"mdia")?;
    let kind = match &handler(&mdia.require(b"hdlr")?)? {
        b"vide" => Kind::Video,
        b"soun" => Kind::Audio,
        _ => return Ok(None),
    };
    let (id, enabled) = header(&trak.require(b"tkhd")?)?;
    let mdhd = mdia.require(b"mdhd")?;
    let scale = timescale(&mdhd)?;
    let stbl = mdia.require(b"minf")?.require(b"stbl")?;
    let stsd = stbl.require(b"stsd")?;
    let placeholder = Codec::Unknown(0);
    let mut track = Track { enabled, ..Track::new(id, kind, placeholder, stsd.offset) };
    let entries = entry::parse(&stsd, &mut track)?;
    track.timescale = scale;
    track.language = language(&mdhd);
    let table = Table::parse(&stbl, entries.len(), file, limits)?;
    track.bytes = table.bytes();
    track.ticks = table.ticks();
    if kind == Kind::Video && track.ticks > 0 {
        track.frame_rate = f64::from(table.len()) * f64::from(scale) / track.ticks as f64;
    }
    let clock = Clock::new(scale, edit(trak, movie, scale)?);
    Ok(Some((track, Lane { entries, table, clock, defaults: Defaults::default() })))
}

/// `hdlr`: 4 predefined, handler type.
fn handler(hdlr: &View<'_>) -> Result<[u8; 4], Error> {
    let (_, _, mut fields) = hdlr.full()?;
    fields.u32();
    fields.fourcc().ok_or_else(|| hdlr.cut())
}

/// `tkhd`: creation, modification (u32, version 1: u64), id u32 … Flag 1 is "enabled".
fn header(tkhd: &View<'_>) -> Result<(u32, bool), Error> {
    let (version, flags, mut fields) = tkhd.full()?;
    fields.take(if version == 1 { 16 } else { 8 });
    Ok((fields.u32().ok_or_else(|| tkhd.cut())?, flags & 1 != 0))
}

/// `mvhd`, `mdhd`: creation, modification, timescale u32, duration; version 1 has times of 64 bits.
fn timescale(view: &View<'_>) -> Result<u32, Error> {
    let (version, _, mut fields) = view.full()?;
    fields.take(if version == 1 { 16 } else { 8 });
    match fields.u32() {
        Some(0) => Err(view.fault("box has a timescale of 0")),
        Some(scale) => Ok(scale),
        None => Err(view.cut()),
    }
}

/// The language of `mdhd`: three letters of five bits behind the duration.
fn language(mdhd: &View<'_>) -> [u8; 3] {
    let at = if mdhd.body.first() == Some(&1) { 32 } else { 20 };
    let packed = mdhd.body.get(at..at + 2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
    let letters = [packed >> 10 & 31, packed >> 5 & 31, packed & 31].map(|n| n as u8 + 0x60);
    // Macintosh language codes, and 0, are not letters.
    if letters.iter().all(u8::is_ascii_lowercase) { letters } else { *b"und" }
}

/// What the edit list adds to the track's decode times, in ticks of the track.
///
/// ```text
/// elst: u32 count | {segment duration u32|u64 (movie ticks), media time i32|i64 (-1: empty), rate u32}*
/// ```
///
/// Empty edits in front delay the track, the media time of the first real edit is taken off. What later edits
/// would cut is played: an on-demand server sends files from end to end.
fn edit(trak: &View<'_>, movie: u32, scale: u32) -> Result<i64, Error> {
    let elst = trak.child(b"edts")?.map(|edts| edts.child(b"elst")).transpose()?.flatten();
    let Some(elst) = elst else { return Ok(0) };
    let (version, _, mut fields) = elst.full()?;
    let count = fields.u32().ok_or_else(|| elst.cut())?;
    let wide = if version == 1 { 8 } else { 4 };
    let mut delay = 0i128;
    for _ in 0..count {
        let (Some(duration), Some(time)) = (fields.uint(wide), fields.uint(wide)) else {
            return Err(elst.fault(&format!("box declares {count} edits, more than fit")));
        };
        let time = if wide == 8 { time as i64 } else { i64::from(time as i32) };
        if time >= 0 {
            let offset = delay * i128::from(scale) / i128::from(movie) - i128::from(time);
            return i64::try_from(offset)
                .ok()
                .filter(|ticks| ticks.abs() < 1 << 52)
                .ok_or_else(|| elst.fault("box shifts the track by more than any film lasts"));
        }
        delay += i128::from(duration);
        fields.u32();
    }
    Ok(0)
}

/// `mehd`: the duration of the whole movie, fragments included.
fn extended_duration(mehd: &View<'_>) -> Result<u64, Error> {
    let (version, _, mut fields) = mehd.full()?;
    fields.uint(if version == 1 { 8 } else { 4 }).ok_or_else(|| mehd.cut())
}

/// `trex`: track id, description, duration, size, flags, each u32.
fn defaults(mvex: &View<'_>, id: u32) -> Result<Defaults, Error> {
    for trex in mvex.children(0) {
        let trex = trex?;
        if trex.kind != *b"trex" {
            continue;
        }
        let (_, _, mut fields) = trex.full()?;
        let mut next = || fields.u32().ok_or_else(|| trex.cut());
        if next()? == id {
            return Ok(Defaults { description: next()?, duration: next()?, size: next()?, flags: next()? });
        }
    }
    Ok(Defaults { description: 1, ..Defaults::default() })
}
