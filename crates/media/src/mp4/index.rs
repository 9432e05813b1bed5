//! Where fragments stand: the segment index in front (`sidx`, ISO/IEC 14496-12, 8.16.3) and the random access
//! index at the end (`mfra`, 8.8.9 to 8.8.11). Both are hints: what a fragment says itself is what counts.

use super::boxes::{Children, View};
use crate::Error;

/// A place where a fragment starts, and about when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hint {
    /// Milliseconds on the track's own clock, without edit list and shift.
    pub(crate) ms: u64,
    /// Where the `moof` box, or a box in front of it, stands.
    pub(crate) at: u64,
}

/// A segment index.
#[derive(Debug, Clone)]
pub(crate) struct Sidx {
    pub(crate) hints: Vec<Hint>,
    /// When the last segment ends, in milliseconds.
    pub(crate) end_ms: u64,
}

impl Sidx {
    /// Reads a `sidx` box that stands at `offset`.
    ///
    /// ```text
    /// id u32 | timescale u32 | earliest time, first offset (u32; version 1: u64) | 16 reserved | u16 count
    /// {1 bit: points to another index, 31 size | duration u32 | 32 about stream access points}*
    /// ```
    pub(crate) fn parse(bytes: &[u8], offset: u64) -> Result<Self, Error> {
        let Some(view) = Children::of(bytes, offset).next().transpose()? else {
            return Err(Error::mp4("'sidx' box is cut short", offset));
        };
        let (version, _, mut fields) = view.full()?;
        let wide = if version == 0 { 4 } else { 8 };
        let mut next = |length| fields.uint(length).ok_or_else(|| view.cut());
        next(4)?;
        let scale = next(4)?.max(1);
        let mut time = next(wide)?;
        let mut at = (offset + bytes.len() as u64).saturating_add(next(wide)?);
        next(2)?;
        let count = next(2)?;
        let mut hints = Vec::new();
        for _ in 0..count {
            let (size, duration, _) = (next(4)?, next(4)?, next(4)?);
            hints.push(Hint { ms: ms(time, scale), at });
            at = at.saturating_add(size & 0x7fff_ffff);
            time = time.saturating_add(duration);
        }
        Ok(Self { hints, end_ms: ms(time, scale) })
    }
}

fn ms(time: u64, scale: u64) -> u64 {
    u64::try_from(u128::from(time) * 1000 / u128::from(scale.max(1))).unwrap_or(u64::MAX)
}

/// Where the `mfra` box starts, by the last 16 bytes of the file: `mfro` says the size of the box around it.
pub(crate) fn mfra_size(tail: &[u8]) -> Option<u64> {
    let at = tail.len().checked_sub(16)?;
    let view = Children::of(&tail[at..], 0).next()?.ok()?;
    let (_, _, mut fields) = view.full().ok()?;
    (view.kind == *b"mfro").then(|| fields.u32().map(u64::from))?
}

/// Reads the `tfra` boxes of an `mfra` box; `scale` gives the timescale of a track.
///
/// ```text
/// tfra: track u32 | 26 reserved, 3 x 2 bits: sizes of three numbers | count u32
///       {time, moof offset (u32; version 1: u64) | traf, trun, sample number}*
/// ```
pub(crate) fn random_access(mfra: &View<'_>, scale: impl Fn(u32) -> Option<u32>) -> Option<Vec<Hint>> {
    let mut hints = Vec::new();
    for child in mfra.children(0) {
        let child = child.ok()?;
        if child.kind != *b"tfra" {
            continue;
        }
        let (version, _, mut fields) = child.full().ok()?;
        let Some(scale) = scale(fields.u32()?) else { continue };
        let sizes = fields.u32()?;
        let count = fields.u32()?;
        let wide = if version == 1 { 8 } else { 4 };
        let rest = [sizes >> 4 & 3, sizes >> 2 & 3, sizes & 3].iter().map(|n| *n as usize + 1).sum();
        for _ in 0..count {
            let hint = Hint { ms: ms(fields.uint(wide)?, u64::from(scale)), at: fields.uint(wide)? };
            fields.take(rest)?;
            hints.push(hint);
        }
    }
    hints.sort_unstable();
    hints.dedup_by_key(|hint| hint.at);
    Some(hints)
}
