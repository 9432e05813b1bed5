//! Fragmented MP4: going from fragment to fragment, and finding a time among them.
//!
//! Fragments are read when they are needed, for a film has thousands. A place is a fragment and a time: everything
//! at or after the time, from that fragment on. The fragment is always the first that has something at or after
//! the time, so that a place is the same whichever way one came to it.

use std::sync::Mutex;

use super::boxes::Children;
use super::find::{top, whole};
use super::flat::Pair;
use super::fragment::{self, Part, Wanted};
use super::index::{Hint, mfra_size, random_access};
use super::merge::{Unit, header, merge};
use crate::cut::Grid;
use crate::position::{Place, Position};
use crate::sample::{Kind, Run};
use crate::source::{BLOCK, Source, Window};
use crate::trail::Trail;
use crate::{Error, Limits};

/// How many fragments, and milliseconds, one track may run ahead of the other in the file.
const AHEAD: (usize, u32) = (4, 10_000);

/// How far apart in time, in milliseconds, fragments of two tracks may be that belong together.
const APART: u64 = 500;

/// What is known of a file's fragments.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// Where the first piece stands: a `moof`, or the `moov` if that has samples of its own.
    pub(crate) first: u64,
    /// The `moov` box: place and end.
    pub(crate) moov: (u64, u64),
    /// Whether fragments say when they start. If not, their times hang on all that came before.
    pub(crate) timed: bool,
    /// By the file's own indexes, rising.
    pub(crate) hints: Vec<Hint>,
    pub(crate) trail: Mutex<Trail>,
}

/// One piece of the file.
#[derive(Debug)]
struct Piece {
    at: u64,
    /// The clocks of video and audio in front of it.
    clocks: [u64; 2],
    parts: [Part; 2],
}

/// What the first pieces of a file tell of its video and its audio track.
#[derive(Debug, Default)]
pub(crate) struct First {
    /// The time of the earliest sample, before any shift; none if there are no samples.
    pub(crate) earliest_ms: Option<i64>,
    /// Whether fragments say when they start.
    pub(crate) timed: bool,
    /// The first sample of each track.
    pub(crate) units: [Option<Unit>; 2],
    /// How many samples the first piece has of each track, in how many ticks.
    pub(crate) pace: [(f64, u64); 2],
}

/// What is remembered of a piece that was read: its place and the latest sample of each track.
type Passed = (Place, [Option<u32>; 2]);

impl Piece {
    fn passed(&self, timed: bool) -> Passed {
        let [video, audio] = if timed { [0, 0] } else { self.clocks };
        let latest = |part: &Part| part.units.iter().map(|unit| unit.ms).max();
        (Place::Fragment { moof: self.at, video, audio }, [latest(&self.parts[0]), latest(&self.parts[1])])
    }
}

/// The first of the pieces that has something at or after `ms`.
fn first_with(passed: &[Passed], ms: u32) -> Option<Place> {
    let reaches = |(_, latest): &&Passed| latest.iter().flatten().any(|last| *last >= ms);
    passed.iter().find(reaches).map(|(place, _)| *place)
}

/// Goes from piece to piece.
struct Walk<'a, S> {
    window: Window<'a, S>,
    pieces: &'a Pieces,
    pair: Pair<'a>,
    at: u64,
    clocks: [u64; 2],
    limits: &'a Limits,
}

impl<S: Source> Walk<'_, S> {
    /// The next piece; `None` at the end of the file, also where it was cut off in the middle of a fragment.
    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        if self.at == self.pieces.moov.0 {
            self.at = self.pieces.moov.1;
            return Ok(Some(self.tables()));
        }
        loop {
            let at = self.at;
            let (found, size) = match top(&mut self.window, at, 0).await {
                Ok(Some(found)) => found,
                Ok(None) | Err(Error::Structure { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            self.at = at.saturating_add(size);
            if found.kind == *b"moof" {
                return self.moof(at, size).await.map(Some);
            }
        }
    }

    async fn moof(&mut self, at: u64, size: u64) -> Result<Piece, Error> {
        let bytes = whole(&mut self.window, at, size, self.limits).await?;
        let view = Children::of(&bytes, at).next().transpose()?;
        let view = view.ok_or_else(|| Error::mp4("'moof' box is cut short", at))?;
        let lanes = [(self.pair.video, Kind::Video), (self.pair.audio, Kind::Audio)];
        let mut parts = [Part::default(), Part::default()];
        let clocks = self.clocks;
        for (index, (lane, kind)) in lanes.into_iter().enumerate() {
            let Some((id, lane)) = lane else { continue };
            let wanted = Wanted { id, kind, lane, clock: clocks[index] };
            let part = fragment::parse(&view, &wanted, self.window.len(), self.limits)?;
            self.clocks[index] = part.end;
            parts[index] = part;
        }
        Ok(Piece { at, clocks, parts })
    }

    /// The samples that the `moov` itself has, as a piece.
    fn tables(&mut self) -> Piece {
        let part = |lane: Option<(u32, &super::moov::Lane)>| {
            lane.map_or_else(Part::default, |(_, lane)| Part {
                units: lane.units(0).collect(),
                start: 0,
                end: lane.table.ticks(),
                timed: true,
            })
        };
        let parts = [part(self.pair.video), part(self.pair.audio)];
        let before = self.clocks;
        self.clocks = [parts[0].end, parts[1].end];
        Piece { at: self.pieces.moov.0, clocks: before, parts }
    }
}

/// The samples gathered for one run.
#[derive(Default)]
struct Gathered {
    units: [Vec<Unit>; 2],
    passed: Vec<Passed>,
    /// Pieces read since one track had all it needs.
    ahead: usize,
}

impl Gathered {
    fn add(&mut self, piece: &Piece, from: u32, timed: bool, several: [bool; 2]) {
        self.passed.push(piece.passed(timed));
        for ((units, part), several) in self.units.iter_mut().zip(&piece.parts).zip(several) {
            let mut before = None;
            for unit in &part.units {
                // Where a track has several descriptions, each fragment repeats its own: what the one before had
                // is not known to whom seeks.
                let renewed = several && before != Some(unit.entry);
                before = Some(unit.entry);
                // What a later fragment says to be earlier than what was sent can't be sent any more; whoever seeks
                // to a later place leaves it out as well.
                if unit.ms >= units.last().map_or(from, |last| last.ms) {
                    units.push(Unit { renewed, ..*unit });
                }
            }
        }
    }

    /// Whether each of the tracks reaches into the next cell, or can't be expected to.
    fn is_enough(&mut self, grid: Grid, selected: [bool; 2]) -> bool {
        let Some(first) = self.units.iter().filter_map(|units| units.first()).map(|unit| unit.ms).min()
        else {
            return false;
        };
        let border = grid.border(first);
        let reached = |units: &Vec<Unit>| units.last().is_some_and(|unit| u64::from(unit.ms) >= border);
        let mut lanes = self.units.iter().zip(selected).filter(|(_, selected)| *selected);
        if lanes.all(|(units, _)| reached(units)) {
            return true;
        }
        if !self.units.iter().any(reached) {
            return false;
        }
        self.ahead += 1;
        let latest = self.units.iter().filter_map(|units| units.last()).map(|unit| unit.ms).max();
        self.ahead > AHEAD.0 && latest.is_some_and(|ms| u64::from(ms) >= border + u64::from(AHEAD.1))
    }
}

impl Pieces {
    pub(crate) fn start(&self) -> Position {
        Position { ms: 0, keyed: true, place: Place::Fragment { moof: self.first, video: 0, audio: 0 } }
    }

    fn walk<'a, S: Source>(
        &'a self,
        source: &'a S,
        pair: Pair<'a>,
        (at, clocks): (u64, [u64; 2]),
        limits: &'a Limits,
    ) -> Walk<'a, S> {
        Walk { window: Window::new(source), pieces: self, pair, at, clocks, limits }
    }

    /// See [`crate::Title::run`].
    pub(crate) async fn run<S: Source>(
        &self,
        source: &S,
        pair: Pair<'_>,
        (from, moof, clocks): (Position, u64, [u64; 2]),
        (grid, end_ms): (Grid, u64),
        limits: &Limits,
    ) -> Result<Run, Error> {
        let mut walk = self.walk(source, pair, (moof, clocks), limits);
        let mut gathered = Gathered::default();
        let lanes = [pair.video, pair.audio];
        let several = lanes.map(|lane| lane.is_some_and(|(_, lane)| lane.entries.len() > 1));
        while let Some(piece) = walk.next().await? {
            gathered.add(&piece, from.ms, self.timed, several);
            if gathered.is_enough(grid, lanes.map(|lane| lane.is_some())) {
                break;
            }
        }
        let [video, audio] = &gathered.units;
        let entries = lanes.map(|lane| lane.map_or(&[][..], |(_, lane)| &lane.entries));
        let first = [video.first(), audio.first()];
        let merged = merge(
            (video.iter().copied(), entries[0]),
            (audio.iter().copied(), entries[1]),
            (grid, from.keyed),
            limits,
        )?;
        let ms = merged.samples.first().map_or(from.ms, |sample| sample.time_ms);
        let headers = [Kind::Video, Kind::Audio].into_iter().zip(entries).zip(first).filter_map(
            |((kind, entries), unit)| {
                let entry = unit.map_or(0, |unit| unit.entry as usize);
                header(entries.get(entry)?, kind, ms)
            },
        );
        let headers = headers.collect();
        let next = merged.cut.and_then(|cut| {
            let place = first_with(&gathered.passed, cut.ms)?;
            Some(Position { ms: cut.ms, keyed: cut.keyed, place })
        });
        let last = merged.samples.last().map_or(0, |sample| u64::from(sample.time_ms));
        let end_ms = next.map_or_else(|| end_ms.max(last), |next| next.time_ms());
        Ok(Run { headers, samples: merged.samples, end_ms, next })
    }

    /// See [`crate::Title::locate`].
    pub(crate) async fn locate<S: Source>(
        &self,
        source: &S,
        pair: Pair<'_>,
        ms: u32,
        limits: &Limits,
    ) -> Result<Position, Error> {
        for back in [1, 8, usize::MAX] {
            let place = self.before(pair, ms, back);
            if let Some(found) = self.look(source, pair, (place, ms), limits).await? {
                return Ok(found);
            }
            if place == (self.first, [0; 2]) {
                break;
            }
        }
        Ok(self.start())
    }

    /// Where to start looking for `ms`: some pieces before the one that should have it.
    fn before(&self, pair: Pair<'_>, ms: u32, back: usize) -> (u64, [u64; 2]) {
        let start = (self.first, [0; 2]);
        let Some((_, lane)) = pair.video.or(pair.audio).filter(|_| self.timed && back < usize::MAX) else {
            return start;
        };
        let shift = lane.clock.signed_ms(0);
        let time = |hint: &Hint| hint.ms.saturating_add_signed(shift);
        let after = self.hints.partition_point(|hint| time(hint) <= u64::from(ms));
        let latest = after.checked_sub(1).and_then(|index| self.hints.get(index)).map_or(0, time);
        // Where each track has its own fragments, several have about the same time.
        let apart = latest.saturating_sub(APART);
        let index = self.hints.partition_point(|hint| time(hint) < apart).checked_sub(back);
        let hint = index.and_then(|index| self.hints.get(index)).map(|hint| hint.at);
        let known = self.trail.lock().ok().and_then(|trail| {
            let near = trail.before(ms)?;
            trail.before(near.ms.checked_sub(back as u32)?)
        });
        let known = known.and_then(|place| match place.place {
            Place::Fragment { moof, .. } => Some(moof),
            _ => None,
        });
        // Whichever is nearer; without a hint that far back, what scans remember, else the start.
        hint.max(known).map_or(start, |at| (at.max(self.first), [0; 2]))
    }

    /// Goes on from a piece until the samples are behind `ms`, and takes the last key frame before.
    async fn look<S: Source>(
        &self,
        source: &S,
        pair: Pair<'_>,
        (place, ms): ((u64, [u64; 2]), u32),
        limits: &Limits,
    ) -> Result<Option<Position>, Error> {
        let mut walk = self.walk(source, pair, place, limits);
        let guide = usize::from(pair.video.is_none());
        let (mut found, mut passed, mut after) = (None, Vec::new(), 0);
        while let Some(piece) = walk.next().await? {
            passed.push(piece.passed(self.timed));
            let units = &piece.parts[guide].units;
            found = units
                .iter()
                .filter(|unit| unit.key && unit.ms <= ms)
                .map(|unit| unit.ms)
                .next_back()
                .or(found);
            if let Some(first) = units.first() {
                self.remember(first.ms, piece.at);
            }
            // A sound may stand one fragment later than the picture it belongs to.
            let past = units.last().is_some_and(|unit| unit.ms > ms);
            after += usize::from(past);
            let reached = found.is_some_and(|at| first_with(&passed, at).is_some());
            if past && (reached || after > AHEAD.0) {
                break;
            }
        }
        let position = found.and_then(|at| {
            let place = first_with(&passed, at)?;
            Some(Position { ms: at, keyed: pair.video.is_some(), place })
        });
        // In front of everything else than the first sample there is nothing: that is the start.
        let start = self.start();
        Ok(position
            .map(|position| if position.ms == 0 && position.place == start.place { start } else { position }))
    }

    fn remember(&self, ms: u32, at: u64) {
        if let (true, Ok(mut trail)) = (self.timed, self.trail.lock()) {
            let place = Place::Fragment { moof: at, video: 0, audio: 0 };
            trail.remember(Position { ms, keyed: false, place });
        }
    }

    /// What the first pieces tell; they are read until each of the two tracks has shown itself.
    pub(crate) async fn first<S: Source>(
        &self,
        source: &S,
        pair: Pair<'_>,
        limits: &Limits,
    ) -> Result<First, Error> {
        let mut walk = self.walk(source, pair, (self.first, [0; 2]), limits);
        let mut first = First { timed: true, ..First::default() };
        let lanes = [pair.video, pair.audio];
        for _ in 0..AHEAD.0 {
            let Some(piece) = walk.next().await? else { break };
            for (index, (part, lane)) in piece.parts.iter().zip(lanes).enumerate() {
                let (Some((_, lane)), Some(unit), None) = (lane, part.units.first(), first.units[index])
                else {
                    continue;
                };
                first.timed &= part.timed;
                first.units[index] = Some(*unit);
                let ticks = part.end.saturating_sub(part.start);
                first.pace[index] = (part.units.len() as f64, ticks);
                let ms = lane.clock.signed_ms(i64::try_from(part.start).unwrap_or(i64::MAX));
                first.earliest_ms = Some(first.earliest_ms.map_or(ms, |before| before.min(ms)));
            }
            if first.units.iter().zip(lanes).all(|(unit, lane)| unit.is_some() || lane.is_none()) {
                break;
            }
        }
        Ok(first)
    }

    /// When the last sample from `at` on ends.
    pub(crate) async fn end_ms<S: Source>(
        &self,
        source: &S,
        pair: Pair<'_>,
        at: u64,
        limits: &Limits,
    ) -> Result<u64, Error> {
        let mut walk = self.walk(source, pair, (at, [0; 2]), limits);
        let mut end = 0;
        while let Some(piece) = walk.next().await? {
            for (part, lane) in piece.parts.iter().zip([pair.video, pair.audio]) {
                if let (Some((_, lane)), false) = (lane, part.units.is_empty()) {
                    end = end.max(lane.clock.ms(part.end));
                }
            }
        }
        Ok(u64::from(end))
    }
}

/// What the end of the file tells about its fragments: the random access index, or, without one, where the last
/// `moof` seems to stand.
pub(crate) async fn tail<S: Source>(
    window: &mut Window<'_, S>,
    scale: impl Fn(u32) -> Option<u32>,
    limits: &Limits,
) -> Result<(Vec<Hint>, Option<u64>), Error> {
    let file = window.len();
    let from = (file.saturating_sub(16)) / BLOCK * BLOCK;
    let bytes = window.get(from, file - from).await?;
    if let Some(size) = mfra_size(&bytes).filter(|size| *size <= file) {
        let (at, bytes) = (file - size, window.get(file - size, size.min(limits.moov)).await?);
        let mfra = Children::of(&bytes, at).next().and_then(Result::ok).filter(|view| view.kind == *b"mfra");
        if let Some(hints) = mfra.and_then(|view| random_access(&view, scale)) {
            let last = hints.last().map(|hint| hint.at);
            return Ok((hints, last));
        }
    }
    let last = bytes.windows(8).rposition(|eight| eight.ends_with(b"moof"));
    Ok((Vec::new(), last.map(|index| from + index as u64)))
}
