//! Two tracks become one row of messages: by decode time, sound first at equality, cut at the grid.

use std::ops::Range;

use super::entry::Entry;
use crate::cut::{Cutter, Grid};
use crate::sample::{Body, Kind, MAX_BODY, Sample};
use crate::{Error, Limits};

/// One sample of one track with its final times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    /// Decode time in milliseconds of the title.
    pub(crate) ms: u32,
    /// Composition offset in milliseconds.
    pub(crate) cts: i32,
    pub(crate) key: bool,
    /// The sample description, counted from 0.
    pub(crate) entry: u32,
    /// Whether the sample before had another one.
    pub(crate) renewed: bool,
    /// Whether a run begins here by the sample's number alone. Keeps runs bounded where thousands of samples have
    /// one and the same time.
    pub(crate) barrier: bool,
    pub(crate) offset: u64,
    pub(crate) size: u32,
}

/// What the merge made.
pub(crate) struct Merged {
    pub(crate) samples: Vec<Sample>,
    /// The cut: none if both tracks ended.
    pub(crate) cut: Option<Cut>,
    /// How many units of video and audio are in `samples`.
    pub(crate) taken: (u32, u32),
}

/// A place between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The time of the first sample behind it.
    pub(crate) ms: u32,
    /// See [`crate::cut`].
    pub(crate) keyed: bool,
}

/// Takes units of both tracks until the next cut.
pub(crate) fn merge(
    video: (impl Iterator<Item = Unit>, &[Entry]),
    audio: (impl Iterator<Item = Unit>, &[Entry]),
    (grid, keyed): (Grid, bool),
    limits: &Limits,
) -> Result<Merged, Error> {
    let (mut video, mut audio) = ((video.0.peekable(), video.1), (audio.0.peekable(), audio.1));
    let mut cutter = Cutter::new(grid, keyed);
    let mut merged = Merged { samples: Vec::new(), cut: None, taken: (0, 0) };
    let mut bytes = 0u64;
    loop {
        let sound = match (video.0.peek(), audio.0.peek()) {
            (None, None) => return Ok(merged),
            (Some(v), Some(a)) => a.ms <= v.ms,
            (v, _) => v.is_none(),
        };
        let Some(unit) = (if sound { audio.0.peek() } else { video.0.peek() }).copied() else {
            return Ok(merged);
        };
        // A key frame at the same millisecond belongs together with the sound that is sent before it.
        let key = video.0.peek().is_some_and(|v| v.key && v.ms == unit.ms);
        let barrier = unit.barrier && !merged.samples.is_empty();
        if barrier || cutter.cuts(unit.ms, key) {
            merged.cut = Some(Cut { ms: unit.ms, keyed: cutter.keyed_at(unit.ms, key) });
            return Ok(merged);
        }
        let (kind, entries) = if sound { (Kind::Audio, audio.1) } else { (Kind::Video, video.1) };
        push(&mut merged.samples, kind, &unit, entries)?;
        bytes += u64::from(unit.size);
        if bytes > limits.run_bytes {
            let what = format!("the samples of one moment, up to byte {}", unit.offset);
            return Err(Error::TooLarge { what, size: bytes, limit: limits.run_bytes });
        }
        if sound {
            audio.0.next();
            merged.taken.1 += 1;
        } else {
            video.0.next();
            merged.taken.0 += 1;
        }
    }
}

fn push(samples: &mut Vec<Sample>, kind: Kind, unit: &Unit, entries: &[Entry]) -> Result<(), Error> {
    let found = entries.get(unit.entry as usize).and_then(|entry| Some((entry, entry.form?)));
    let Some((entry, form)) = found else {
        let what = format!("sample with description {}, which is missing or can't be sent", unit.entry + 1);
        return Err(Error::mp4(what, unit.offset));
    };
    if unit.renewed {
        samples.extend(header(entry, kind, unit.ms));
    }
    let range: Range<u64> = unit.offset..unit.offset + u64::from(unit.size);
    let prefix = form.prefix(unit.key, unit.cts);
    let body = Body::File { prefix, range };
    if body.len() > MAX_BODY {
        let what = format!("the sample at byte {}", unit.offset);
        return Err(Error::TooLarge { what, size: body.len(), limit: MAX_BODY });
    }
    samples.push(Sample { kind, time_ms: unit.ms, key: unit.key || kind == Kind::Audio, body });
    Ok(())
}

/// The sequence header of an entry as a sample.
pub(crate) fn header(entry: &Entry, kind: Kind, ms: u32) -> Option<Sample> {
    Some(Sample { kind, time_ms: ms, key: false, body: Body::Inline(entry.header()?) })
}
