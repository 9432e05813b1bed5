//! MP4 with sample tables: finding a time, and reading on from there.

use super::entry::Entry;
use super::merge::{Unit, header, merge};
use super::moov::Lane;
use crate::cut::Grid;
use crate::position::{Place, Position};
use crate::sample::{Kind, Run, Sample};
use crate::{Error, Limits};

/// At sample numbers that are multiples of this, a run ends whatever the time: an upper bound for runs, too rare to
/// matter for real films.
const BARRIER: u32 = 4096;

/// The selected tracks with their ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) video: Option<(u32, &'a Lane)>,
    pub(crate) audio: Option<(u32, &'a Lane)>,
}

impl<'a> Pair<'a> {
    fn lanes(&self) -> (Option<&'a Lane>, Option<&'a Lane>) {
        (self.video.map(|(_, lane)| lane), self.audio.map(|(_, lane)| lane))
    }
}

impl<'a> Lane {
    /// The samples from number `index` on, with their final times.
    pub(crate) fn units(&'a self, index: u32) -> impl Iterator<Item = Unit> + 'a {
        let mut before = index.checked_sub(1).and_then(|i| self.table.from(i).next()).map(|raw| raw.entry);
        self.table.from(index).map(move |raw| {
            let renewed = before.is_some_and(|entry| entry != raw.entry);
            before = Some(raw.entry);
            Unit {
                ms: self.clock.ms(raw.dts),
                cts: self.clock.cts(raw.dts, raw.cts),
                key: raw.key,
                entry: raw.entry,
                renewed,
                barrier: raw.index % BARRIER == 0 && raw.index > 0,
                offset: raw.offset,
                size: raw.size,
            }
        })
    }

    /// The number of the first sample at or after `ms`.
    fn first_at(&self, ms: u32) -> u32 {
        self.table.first(|dts| self.clock.ms(dts) >= ms)
    }

    /// The number of the last sample at or before `ms`; the first sample if all are later.
    fn last_at(&self, ms: u32) -> u32 {
        self.table.first(|dts| self.clock.ms(dts) > ms).saturating_sub(1)
    }

    fn ms_of(&self, index: u32) -> u32 {
        self.table.from(index).next().map_or(0, |raw| self.clock.ms(raw.dts))
    }

    fn header_at(&self, index: u32, kind: Kind, ms: u32) -> Option<Sample> {
        // Behind the last sample the last description stays in force.
        let index = index.min(self.table.len().checked_sub(1)?);
        let raw = self.table.from(index).next()?;
        header(self.entries.get(raw.entry as usize)?, kind, ms)
    }
}

/// See [`crate::Title::locate`].
pub(crate) fn locate(pair: Pair<'_>, ms: u32) -> Option<Position> {
    let (video, audio) = pair.lanes();
    let ms = match (video, audio) {
        (Some(video), _) => {
            let key = video.table.key_at_or_before(video.last_at(ms))?;
            let at = video.ms_of(key);
            // Of several at one millisecond the first, where the run begins of those who come by playing.
            let key = video.table.key_at_or_after(video.first_at(at)).map_or(key, |first| first.min(key));
            let audio = audio.map_or(0, |audio| audio.first_at(at));
            // A first picture that comes after `ms` means: play from the start, with the sound before it.
            if at > ms {
                return None;
            }
            return Some(Position { ms: at, keyed: true, place: Place::Samples { video: key, audio } });
        }
        (None, Some(audio)) => audio.ms_of(audio.last_at(ms)),
        (None, None) => return None,
    };
    let audio = audio.map_or(0, |audio| audio.first_at(ms));
    // Without video there are no key frames: `keyed` is false for all places but the start.
    Some(Position { ms, keyed: false, place: Place::Samples { video: 0, audio } })
}

/// See [`crate::Title::run`]. `end_ms` is the end of the title.
pub(crate) fn run(
    pair: Pair<'_>,
    from: Position,
    (video, audio): (u32, u32),
    (grid, end_ms): (Grid, u64),
    limits: &Limits,
) -> Result<Run, Error> {
    let (pictures, sounds) = pair.lanes();
    let merged = merge(
        (pictures.into_iter().flat_map(|lane| lane.units(video)), entries(pictures)),
        (sounds.into_iter().flat_map(|lane| lane.units(audio)), entries(sounds)),
        (grid, from.keyed),
        limits,
    )?;
    let ms = merged.samples.first().map_or(from.ms, |sample| sample.time_ms);
    let headers = [(pictures, Kind::Video, video), (sounds, Kind::Audio, audio)]
        .into_iter()
        .filter_map(|(lane, kind, index)| lane?.header_at(index, kind, ms))
        .collect();
    let next = merged.cut.map(|cut| Position {
        ms: cut.ms,
        keyed: cut.keyed,
        place: Place::Samples { video: video + merged.taken.0, audio: audio + merged.taken.1 },
    });
    let end_ms = next.map_or(end_ms, |next| next.time_ms());
    Ok(Run { headers, samples: merged.samples, end_ms, next })
}

fn entries(lane: Option<&Lane>) -> &[Entry] {
    lane.map_or(&[], |lane| &lane.entries)
}
