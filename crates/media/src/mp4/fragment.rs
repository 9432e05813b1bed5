//! One fragment: a `moof` box and the samples it lists (ISO/IEC 14496-12, 8.8.4 to 8.8.12).

use super::boxes::View;
use super::merge::Unit;
use super::moov::{Defaults, Lane};
use crate::sample::Kind;
use crate::{Error, Limits};

/// The samples that a fragment has of one track.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    pub(crate) units: Vec<Unit>,
    /// Where the track's clock stands in front of the fragment, in ticks.
    pub(crate) start: u64,
    /// Where it stands behind.
    pub(crate) end: u64,
    /// Whether the fragment said where its clock starts (`tfdt`).
    pub(crate) timed: bool,
}

/// A track to be read: its id, its kind and what its `moov` says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    pub(crate) lane: &'a Lane,
    /// Where the clock stands in front of the fragment, for files without `tfdt`.
    pub(crate) clock: u64,
}

/// A `sample_flags` bit: "not a sync sample" (8.8.3.1).
const NOT_SYNC: u32 = 0x0001_0000;

/// What one `traf` inherits.
#[derive(Debug, Clone, Copy)]
struct Track {
    /// What data offsets count from.
    base: u64,
    defaults: Defaults,
}

/// Reads the part that a `moof` has of a track.
pub(crate) fn parse(moof: &View<'_>, wanted: &Wanted<'_>, file: u64, limits: &Limits) -> Result<Part, Error> {
    let mut part = Part { start: wanted.clock, end: wanted.clock, ..Part::default() };
    // Without a base of its own a `traf` counts from where the data of the one before ended.
    let mut follow = moof.offset;
    for traf in moof.children(0) {
        let traf = traf?;
        if traf.kind != *b"traf" {
            continue;
        }
        let tfhd = traf.require(b"tfhd")?;
        let id = tfhd.full()?.2.u32().ok_or_else(|| tfhd.cut())?;
        let track = header(&tfhd, moof.offset, follow, wanted.lane.defaults)?;
        follow = if id == wanted.id {
            samples(&traf, &track, wanted, &mut part, (file, limits))?
        } else {
            data_end(&traf, &track, file)?
        };
    }
    Ok(part)
}

/// `tfhd`: track id u32, then by flags: 1 base u64, 2 description, 8 duration, 10 size, 20 sample flags (u32 each);
/// 20000: the base is the start of the `moof`.
fn header(tfhd: &View<'_>, moof: u64, follow: u64, trex: Defaults) -> Result<Track, Error> {
    let (_, flags, mut fields) = tfhd.full()?;
    fields.u32();
    let base = match flags & 1 {
        1 => fields.u64().ok_or_else(|| tfhd.cut())?,
        _ if flags & 0x20000 != 0 => moof,
        _ => follow,
    };
    let mut defaults = trex;
    for (flag, field) in [
        (0x2, &mut defaults.description),
        (0x8, &mut defaults.duration),
        (0x10, &mut defaults.size),
        (0x20, &mut defaults.flags),
    ] {
        if flags & flag != 0 {
            *field = fields.u32().ok_or_else(|| tfhd.cut())?;
        }
    }
    Ok(Track { base, defaults })
}

/// One sample of a `trun`.
struct Row {
    duration: u32,
    size: u32,
    flags: u32,
    cts: i32,
}

/// Calls `each` for all samples of a `trun` and says where its data start and end.
///
/// ```text
/// count u32 | 1: data offset i32 | 4: flags of the first sample u32 | {100 duration, 200 size, 400 flags, 800 cts}*
/// ```
fn rows(
    trun: &View<'_>,
    track: &Track,
    (follow, file): (u64, u64),
    mut each: impl FnMut(&Row, u64) -> Result<(), Error>,
) -> Result<u64, Error> {
    let (_, flags, mut fields) = trun.full()?;
    let count = fields.u32().ok_or_else(|| trun.cut())?;
    let mut at = follow;
    if flags & 1 != 0 {
        let offset = fields.u32().ok_or_else(|| trun.cut())? as i32;
        at = track
            .base
            .checked_add_signed(i64::from(offset))
            .ok_or_else(|| trun.fault("box points before the file"))?;
    }
    let first = if flags & 4 != 0 { Some(fields.u32().ok_or_else(|| trun.cut())?) } else { None };
    let width = 4 * (flags >> 8 & 15).count_ones() as usize;
    // Without fields of their own, samples cost no bytes here: their count is then bounded by the data they take.
    if (count as usize).checked_mul(width).is_none_or(|length| length > fields.rest().len()) {
        return Err(trun.fault(&format!("box declares {count} samples, more than fit")));
    }
    let Defaults { duration, size, flags: usual, .. } = track.defaults;
    if width == 0 && u64::from(count).saturating_mul(u64::from(size).max(1)) > file {
        return Err(
            trun.fault(&format!("box declares {count} samples of {size} bytes, more than the file has"))
        );
    }
    for index in 0..count {
        let mut field =
            |flag: u32, default: u32| if flags & flag != 0 { fields.u32().unwrap_or(0) } else { default };
        let row = Row {
            duration: field(0x100, duration),
            size: field(0x200, size),
            flags: field(0x400, first.filter(|_| index == 0).unwrap_or(usual)),
            // Signed by version 1; in version 0 an offset above 2^31 is one that a writer meant to be negative.
            cts: field(0x800, 0) as i32,
        };
        each(&row, at)?;
        at = at.saturating_add(u64::from(row.size));
    }
    Ok(at)
}

fn samples(
    traf: &View<'_>,
    track: &Track,
    wanted: &Wanted<'_>,
    part: &mut Part,
    (file, limits): (u64, &Limits),
) -> Result<u64, Error> {
    if let Some(tfdt) = traf.child(b"tfdt")? {
        let (version, _, mut fields) = tfdt.full()?;
        part.end = fields.uint(if version == 0 { 4 } else { 8 }).ok_or_else(|| tfdt.cut())?;
        part.timed = true;
        part.start = part.end;
    }
    let entry = track.defaults.description.saturating_sub(1);
    let clock = &wanted.lane.clock;
    let mut follow = track.base;
    for trun in traf.children(0) {
        let trun = trun?;
        if trun.kind != *b"trun" {
            continue;
        }
        follow = rows(&trun, track, (follow, file), |row, offset| {
            // Fragments are what recorders write lest a crash cost the file: one that was cut off plays to its end.
            if offset.checked_add(u64::from(row.size)).is_none_or(|end| end > file) {
                return Ok(());
            }
            if part.units.len() >= limits.samples as usize {
                let what = format!("the fragment at byte {}: the count of samples", traf.offset);
                return Err(Error::TooLarge {
                    what,
                    size: part.units.len() as u64 + 1,
                    limit: u64::from(limits.samples),
                });
            }
            part.units.push(Unit {
                ms: clock.ms(part.end),
                cts: clock.cts(part.end, row.cts),
                key: wanted.kind == Kind::Audio || row.flags & NOT_SYNC == 0,
                entry,
                renewed: false,
                barrier: false,
                offset,
                size: row.size,
            });
            part.end = part.end.saturating_add(u64::from(row.duration));
            Ok(())
        })?;
    }
    Ok(follow)
}

/// Where the data of a `traf` end whose samples nobody wants.
fn data_end(traf: &View<'_>, track: &Track, file: u64) -> Result<u64, Error> {
    let mut follow = track.base;
    for trun in traf.children(0) {
        let trun = trun?;
        if trun.kind == *b"trun" {
            follow = rows(&trun, track, (follow, file), |_, _| Ok(()))?;
        }
    }
    Ok(follow)
}
