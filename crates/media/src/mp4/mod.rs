//! MP4 and its family: mp4, m4v, m4a, mov, f4v, 3gp (ISO/IEC 14496-12 and -14, Apple's QuickTime File Format).

mod boxes;
mod clock;
mod descriptor;
mod entry;
mod find;
mod flat;
mod fragment;
mod index;
mod merge;
mod moov;
mod pieces;
mod table;

use std::sync::Mutex;

use bytes::Bytes;

use crate::codec::avc;
use crate::cut::Grid;
use crate::position::{Place, Position};
use crate::sample::{Kind, Run};
use crate::source::{BLOCK, Source, Window};
use crate::track::{Selection, Track};
use crate::trail::Trail;
use crate::{Error, Limits};
use boxes::Children;
use entry::Entry;
use flat::Pair;
use index::Hint;
use moov::{Lane, Moov};
use pieces::{First, Pieces};

/// An opened file of the MP4 family.
#[derive(Debug)]
pub(crate) struct Movie {
    pub(crate) tracks: Vec<Track>,
    /// As many as there are tracks, in the same order.
    lanes: Vec<Lane>,
    pub(crate) duration_ms: u64,
    /// Where the `moov` box stands.
    pub(crate) moov_offset: u64,
    /// Set if the samples, or most of them, are in fragments.
    pieces: Option<Pieces>,
    grid: Grid,
    limits: Limits,
}

/// Whether bytes at the start of a file look like a box of this family.
pub(crate) fn sniff(head: &[u8]) -> bool {
    const FIRST: [&[u8; 4]; 12] = [
        b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"sidx", b"moof", b"uuid",
        b"pdin",
    ];
    head.get(4..8).is_some_and(|kind| FIRST.iter().any(|first| kind == *first))
}

/// Opens a file whose first bytes are in `window`.
pub(crate) async fn open<S: Source>(window: &mut Window<'_, S>, limits: &Limits) -> Result<Movie, Error> {
    let found = find::moov(window, limits).await?;
    let mut moov = parse(&found.moov, found.offset, window.len(), limits)?;
    let after = found.offset + found.moov.len() as u64;
    drop(found.moov);
    for (track, lane) in moov.tracks.iter_mut().zip(&mut moov.lanes) {
        complete_in_band(window, track, lane).await?;
    }
    let fragments = if moov.fragmented { find::fragments(window, after, limits).await? } else { None };
    let mut movie = Movie::new(moov, found.offset, limits);
    match fragments {
        Some(fragments) => movie.open_fragments(window, fragments, after).await?,
        None => movie.open_flat(),
    }
    movie.grid = Grid::new(window.len(), movie.duration_ms);
    Ok(movie)
}

fn parse(bytes: &Bytes, offset: u64, file: u64, limits: &Limits) -> Result<Moov, Error> {
    match Children::of(bytes, offset).next().transpose()? {
        Some(view) => moov::parse(&view, file, limits),
        None => Err(Error::mp4("'moov' box is cut short", offset)),
    }
}

/// `avc3` and its like have their parameter sets in the samples, but RTMP players want them first: makes the record
/// from the first key sample. A track whose first key sample has none is left as it is; its player may cope.
async fn complete_in_band<S: Source>(
    window: &mut Window<'_, S>,
    track: &mut Track,
    lane: &mut Lane,
) -> Result<(), Error> {
    if lane.entries.iter().all(|entry| entry.in_band.is_none()) {
        return Ok(());
    }
    for index in 0..lane.entries.len() {
        let raw = lane.table.from(0).find(|raw| raw.key && raw.entry as usize == index);
        if let (Some(raw), Some(entry)) = (raw, lane.entries.get_mut(index)) {
            set_in_band(window, track, entry, (raw.offset, raw.size)).await?;
        }
    }
    Ok(())
}

/// Makes the record of one entry from the sample at `place`, if the entry has its parameter sets in band.
async fn set_in_band<S: Source>(
    window: &mut Window<'_, S>,
    track: &mut Track,
    entry: &mut Entry,
    (offset, size): (u64, u32),
) -> Result<(), Error> {
    let Some(length_size) = entry.in_band else { return Ok(()) };
    // Parameter sets stand in front of the picture.
    let sample = window.get(offset, u64::from(size).min(BLOCK)).await?;
    if let Some(record) = avc::record_from_sample(&sample, length_size) {
        if let Some(parsed) = avc::Record::parse(&record) {
            track.avc = (parsed.profile, parsed.level);
        }
        entry.config = record;
    }
    Ok(())
}

impl Movie {
    fn new(moov: Moov, moov_offset: u64, limits: &Limits) -> Self {
        Self {
            duration_ms: moov.declared_ms.unwrap_or(0),
            tracks: moov.tracks,
            lanes: moov.lanes,
            moov_offset,
            pieces: None,
            grid: Grid::new(0, 0),
            limits: *limits,
        }
    }

    /// Moves all tracks by the same time, so that the earliest sample is not before 0.
    fn open_flat(&mut self) {
        let starts =
            self.lanes.iter().filter(|lane| lane.table.len() > 0).map(|lane| lane.clock.signed_ms(0));
        let shift = starts.min().map_or(0, |first| (-first).max(0));
        self.shift(shift);
        let ends = self.lanes.iter().map(|lane| u64::from(lane.clock.ms(lane.table.ticks())));
        // The shift is no part of the film. And rtmpdump calls a download whole only when its last stamp comes to
        // 99.9 % of the duration, which a duration with the shift in it would keep short films from.
        self.duration_ms = ends.max().unwrap_or(0).saturating_add_signed(-shift);
    }

    fn shift(&mut self, ms: i64) {
        for lane in &mut self.lanes {
            lane.clock = lane.clock.shifted(ms);
        }
    }

    /// Finds out where fragments begin and end. Recordings start at any time of day, so the first sample is moved
    /// to 0 in both directions.
    async fn open_fragments<S: Source>(
        &mut self,
        window: &mut Window<'_, S>,
        found: find::Fragments,
        after: u64,
    ) -> Result<(), Error> {
        let in_moov = self.lanes.iter().any(|lane| lane.table.len() > 0);
        let mut pieces = Pieces {
            first: if in_moov { self.moov_offset } else { found.first },
            moov: (self.moov_offset, after),
            timed: true,
            hints: found.indexes.iter().flat_map(|sidx| sidx.hints.iter().copied()).collect(),
            trail: Mutex::new(Trail::new(self.limits.checkpoints)),
        };
        let source = window.source();
        let first = pieces.first(source, self.all(), &self.limits).await?;
        pieces.timed = first.timed;
        self.shift(first.earliest_ms.map_or(0, |ms| -ms));
        self.learn(window, &first).await?;
        let mut last = None;
        if pieces.hints.is_empty() {
            let scale = |id| self.tracks.iter().find(|track| track.id == id).map(|track| track.timescale);
            (pieces.hints, last) = pieces::tail(window, scale, &self.limits).await?;
        }
        // The indexes of two tracks often point to the same fragments.
        pieces.hints.sort_unstable_by_key(|hint| (hint.at, hint.ms));
        pieces.hints.dedup_by_key(|hint| hint.at);
        pieces.hints.sort_unstable();
        if self.duration_ms == 0 {
            let all = self.all();
            let start = all.video.or(all.audio).map_or(0, |(_, lane)| lane.clock.signed_ms(0));
            let end = found.indexes.iter().map(|sidx| sidx.end_ms).max();
            self.duration_ms = match (end, last) {
                (Some(end), _) => end.saturating_add_signed(start),
                (None, Some(last)) if first.timed => {
                    pieces.end_ms(source, self.all(), last, &self.limits).await?
                }
                _ => 0,
            };
        }
        self.pieces = Some(pieces);
        Ok(())
    }

    /// Takes what only the samples tell: in-band parameter sets, and the frame rate.
    async fn learn<S: Source>(&mut self, window: &mut Window<'_, S>, first: &First) -> Result<(), Error> {
        let Some(index) = self.tracks.iter().position(|track| track.kind == Kind::Video) else {
            return Ok(());
        };
        let (Some(track), Some(lane)) = (self.tracks.get_mut(index), self.lanes.get_mut(index)) else {
            return Ok(());
        };
        let (samples, ticks) = first.pace[0];
        if ticks > 0 && track.frame_rate == 0.0 {
            track.frame_rate = samples * f64::from(track.timescale) / ticks as f64;
        }
        match (first.units[0], lane.entries.first_mut()) {
            (Some(unit), Some(entry)) => set_in_band(window, track, entry, (unit.offset, unit.size)).await,
            _ => Ok(()),
        }
    }

    /// The first video and the first audio track: what times are taken from.
    fn all(&self) -> Pair<'_> {
        let first = |kind| self.tracks.iter().position(|track| track.kind == kind);
        let lane = |index: usize| Some((self.tracks.get(index)?.id, self.lanes.get(index)?));
        Pair { video: first(Kind::Video).and_then(lane), audio: first(Kind::Audio).and_then(lane) }
    }

    fn pair(&self, selection: Selection) -> Pair<'_> {
        let lane =
            |index: Option<usize>| index.and_then(|i| Some((self.tracks.get(i)?.id, self.lanes.get(i)?)));
        Pair { video: lane(selection.video()), audio: lane(selection.audio()) }
    }

    /// Why a track with a codec that the client plays can't be sent nevertheless.
    pub(crate) fn refusal(&self, index: usize) -> Option<&'static str> {
        let (track, lane) = (self.tracks.get(index)?, self.lanes.get(index)?);
        if lane.table.len() == 0 && self.pieces.is_none() {
            return Some("which has no samples");
        }
        let alike = lane.entries.iter().all(|entry| entry.form.is_some() && entry.codec == track.codec);
        (!alike).then_some("which changes its codec")
    }

    pub(crate) fn start(&self) -> Position {
        let place = Place::Samples { video: 0, audio: 0 };
        self.pieces.as_ref().map_or(Position { ms: 0, keyed: true, place }, Pieces::start)
    }

    /// Bytes of memory.
    pub(crate) fn weight(&self) -> usize {
        let entries = |lane: &Lane| {
            lane.entries.iter().map(|entry| entry.config.len() + size_of_val(entry)).sum::<usize>()
        };
        let pieces = self.pieces.as_ref().map_or(0, |pieces| {
            pieces.hints.len() * size_of::<Hint>() + pieces.trail.lock().map_or(0, |trail| trail.weight())
        });
        size_of::<Self>()
            + pieces
            + self.tracks.len() * size_of::<Track>()
            + self.lanes.iter().map(|lane| lane.table.weight() + entries(lane)).sum::<usize>()
    }

    pub(crate) async fn locate<S: Source>(
        &self,
        source: &S,
        ms: u32,
        selection: Selection,
    ) -> Result<Position, Error> {
        if let Some(pieces) = &self.pieces {
            return pieces.locate(source, self.pair(selection), ms, &self.limits).await;
        }
        let start = self.start();
        let found = flat::locate(self.pair(selection), ms).filter(|found| found.place != start.place);
        Ok(found.unwrap_or(start))
    }

    pub(crate) async fn run<S: Source>(
        &self,
        source: &S,
        from: Position,
        selection: Selection,
    ) -> Result<Run, Error> {
        let end = (self.grid, self.duration_ms);
        match (from.place, &self.pieces) {
            (Place::Fragment { moof, video, audio }, Some(pieces)) => {
                let from = (from, moof, [video, audio]);
                pieces.run(source, self.pair(selection), from, end, &self.limits).await
            }
            (Place::Samples { video, audio }, None) => {
                flat::run(self.pair(selection), from, (video, audio), end, &self.limits)
            }
            _ => Ok(Run { headers: Vec::new(), samples: Vec::new(), end_ms: self.duration_ms, next: None }),
        }
    }

    /// The times of key frames of a video track, at most `most` of them, as (milliseconds, place in the file).
    pub(crate) fn seek_points(&self, index: usize, most: usize) -> Vec<(u32, u64)> {
        let Some(lane) = self.lanes.get(index).filter(|_| self.tracks[index].kind == Kind::Video) else {
            return Vec::new();
        };
        let keys = lane.table.keys();
        let step = keys.div_ceil(most.max(1)).max(1);
        let places = (0..keys).step_by(step).filter_map(|n| lane.table.from(lane.table.key(n)?).next());
        places.map(|raw| (lane.clock.ms(raw.dts), raw.offset)).collect()
    }
}
