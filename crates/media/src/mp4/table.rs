//! The sample tables of one track (ISO/IEC 14496-12, 8.6 and 8.7), kept as they stand in the file.
//!
//! A film of two hours has half a million samples; expanded they would take ten megabytes. Here each table stays
//! the bytes it was, and every 1,024 samples a mark remembers where in each table that sample is. Finding a sample
//! is a binary search among the marks and a short walk.

use bytes::Bytes;

use super::boxes::View;
use crate::input::{u32_at, u64_at};
use crate::{Error, Limits};

/// How many samples lie between two marks.
const MARK_EVERY: u32 = 1024;

/// Sizes of samples: `stsz` or `stz2`.
#[derive(Debug, Clone)]
enum Sizes {
    /// All the same.
    Fixed(u32),
    /// A table with entries of 4, 8, 16 or 32 bits.
    Table(u8, Bytes),
}

impl Sizes {
    fn get(&self, sample: u32) -> u32 {
        let i = sample as usize;
        match self {
            Self::Fixed(size) => *size,
            Self::Table(32, table) => u32_at(table, i * 4),
            Self::Table(16, table) => {
                table.get(i * 2..i * 2 + 2).map_or(0, |b| u32::from(u16::from_be_bytes([b[0], b[1]])))
            }
            Self::Table(8, table) => table.get(i).map_or(0, |b| u32::from(*b)),
            Self::Table(_, table) => {
                let byte = table.get(i / 2).copied().unwrap_or(0);
                u32::from(if i.is_multiple_of(2) { byte >> 4 } else { byte & 15 })
            }
        }
    }
}

/// Places of chunks: `stco` or `co64`.
#[derive(Debug, Clone)]
struct Chunks {
    wide: bool,
    table: Bytes,
}

impl Chunks {
    fn len(&self) -> u32 {
        (self.table.len() / if self.wide { 8 } else { 4 }) as u32
    }

    fn get(&self, chunk: u32) -> u64 {
        let i = chunk as usize;
        if self.wide { u64_at(&self.table, i * 8) } else { u64::from(u32_at(&self.table, i * 4)) }
    }
}

/// A place in all tables at once: the next sample to be read.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    sample: u32,
    /// Entry of `stts`, and how many of its samples are behind.
    stts: (u32, u32),
    /// The same in `ctts`.
    ctts: (u32, u32),
    /// Entry of `stsc`, chunk, and how many of the chunk's samples are behind.
    stsc: u32,
    chunk: u32,
    in_chunk: u32,
    /// Decode time in ticks, without edit list.
    dts: u64,
    /// Where the sample's bytes start.
    offset: u64,
}

/// One sample as the tables have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw {
    /// Counted from 0.
    pub(crate) index: u32,
    /// Decode time in ticks.
    pub(crate) dts: u64,
    /// Composition offset in ticks.
    pub(crate) cts: i32,
    /// Bytes.
    pub(crate) size: u32,
    /// Place in the file.
    pub(crate) offset: u64,
    /// Whether it is a sync sample.
    pub(crate) key: bool,
    /// Index of the sample description, counted from 0.
    pub(crate) entry: u32,
}

/// The sample tables of one track.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    stts: Bytes,
    ctts: Bytes,
    /// Numbers of sync samples, counted from 1, rising. `None`: all are.
    stss: Option<Bytes>,
    stsc: Bytes,
    sizes: Sizes,
    chunks: Chunks,
    count: u32,
    marks: Vec<Mark>,
    /// Ticks of all samples together.
    ticks: u64,
    bytes: u64,
}

impl Table {
    /// Reads the tables in an `stbl` box and checks that they agree with each other, with the `entries` sample
    /// descriptions and with the length of the file.
    pub(crate) fn parse(stbl: &View<'_>, entries: usize, file: u64, limits: &Limits) -> Result<Self, Error> {
        let (sizes, count) = sizes(stbl)?;
        if count > limits.samples {
            let what = format!("the sample table at byte {}", stbl.offset);
            return Err(Error::TooLarge { what, size: u64::from(count), limit: u64::from(limits.samples) });
        }
        let stts = table(&stbl.require(b"stts")?, 8)?;
        let ctts = stbl.child(b"ctts")?.map(|view| table(&view, 8)).transpose()?.unwrap_or_default();
        let stss = stbl.child(b"stss")?.map(|view| table(&view, 4)).transpose()?;
        let stsc_view = stbl.require(b"stsc")?;
        let stsc = table(&stsc_view, 12)?;
        check_stsc(&stsc_view, &stsc, entries, count)?;
        let chunks = match stbl.child(b"stco")? {
            Some(view) => Chunks { wide: false, table: table(&view, 4)? },
            None => Chunks { wide: true, table: table(&stbl.require(b"co64")?, 8)? },
        };
        if let Some(stss) = &stss {
            check_rising(&stbl.require(b"stss")?, stss)?;
        }
        let mut made =
            Self { stts, ctts, stss, stsc, sizes, chunks, count, marks: Vec::new(), ticks: 0, bytes: 0 };
        made.index(stbl, file)?;
        Ok(made)
    }

    /// Walks all samples once, sets the marks and makes sure that every sample lies in the file.
    fn index(&mut self, stbl: &View<'_>, file: u64) -> Result<(), Error> {
        if self.count == 0 {
            return Ok(());
        }
        let mut mark = Mark { offset: self.chunks.get(0), ..Mark::default() };
        if self.chunks.len() == 0 {
            return Err(stbl.fault("box has samples but no chunks"));
        }
        self.skip_empty(&mut mark);
        let (mut marks, mut bytes) = (Vec::new(), 0u64);
        while mark.sample < self.count {
            if mark.sample.is_multiple_of(MARK_EVERY) {
                marks.push(mark);
            }
            if mark.chunk >= self.chunks.len() {
                let what =
                    format!("box has {} samples, but its chunks hold only {}", self.count, mark.sample);
                return Err(stbl.fault(&what));
            }
            let size = u64::from(self.sizes.get(mark.sample));
            bytes = bytes.saturating_add(size);
            if mark.offset.checked_add(size).is_none_or(|end| end > file) {
                let what = format!(
                    "sample {} ({size} bytes at byte {}) runs past the end of the file ({file} bytes), by the tables",
                    mark.sample + 1,
                    mark.offset
                );
                return Err(Error::mp4(what, stbl.offset));
            }
            self.advance(&mut mark);
        }
        marks.shrink_to_fit();
        (self.marks, self.bytes, self.ticks) = (marks, bytes, mark.dts);
        Ok(())
    }

    /// How many samples there are.
    pub(crate) fn len(&self) -> u32 {
        self.count
    }

    /// Ticks from the first sample's decode time to the end of the last.
    pub(crate) fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Bytes of all samples.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of memory.
    pub(crate) fn weight(&self) -> usize {
        let sizes = if let Sizes::Table(_, table) = &self.sizes { table.len() } else { 0 };
        self.stts.len()
            + self.ctts.len()
            + self.stss.as_ref().map_or(0, Bytes::len)
            + self.stsc.len()
            + self.chunks.table.len()
            + sizes
            + self.marks.capacity() * size_of::<Mark>()
            + size_of::<Self>()
    }

    /// Reads on from sample `index`.
    pub(crate) fn from(&self, index: u32) -> Samples<'_> {
        let Some(mark) = self.marks.get((index / MARK_EVERY) as usize).copied() else {
            return Samples { table: self, mark: Mark { sample: self.count, ..Mark::default() } };
        };
        let mut samples = Samples { table: self, mark };
        while samples.mark.sample < index.min(self.count) {
            self.advance(&mut samples.mark);
        }
        samples
    }

    /// The first sample for whose decode time in ticks `reached` holds; the count of samples if there is none.
    /// `reached` must hold for all later ones too.
    pub(crate) fn first(&self, reached: impl Fn(u64) -> bool) -> u32 {
        let after = self.marks.partition_point(|mark| !reached(mark.dts));
        let start = after.saturating_sub(1) as u32 * MARK_EVERY;
        self.from(start).find(|raw| reached(raw.dts)).map_or(self.count, |raw| raw.index)
    }

    /// The last sync sample at or before `index`; `None` if there is none.
    pub(crate) fn key_at_or_before(&self, index: u32) -> Option<u32> {
        let Some(stss) = &self.stss else { return Some(index.min(self.count.checked_sub(1)?)) };
        let after = partition(stss.len() / 4, |i| u32_at(stss, i * 4) <= index.saturating_add(1));
        u32_at(stss, after.checked_sub(1)? * 4).checked_sub(1)
    }

    /// The first sync sample at or after `index`; `None` if there is none.
    pub(crate) fn key_at_or_after(&self, index: u32) -> Option<u32> {
        let Some(stss) = &self.stss else { return (index < self.count).then_some(index) };
        let before = partition(stss.len() / 4, |i| u32_at(stss, i * 4) <= index);
        (before < stss.len() / 4).then(|| u32_at(stss, before * 4))?.checked_sub(1)
    }

    /// How many sync samples there are; 0 if all are, for then the list says nothing.
    pub(crate) fn keys(&self) -> usize {
        self.stss.as_ref().map_or(0, |stss| stss.len() / 4)
    }

    /// The sample number of the sync sample number `n`, both counted from 0.
    pub(crate) fn key(&self, n: usize) -> Option<u32> {
        u32_at(self.stss.as_ref()?, n * 4).checked_sub(1)
    }

    fn is_key(&self, index: u32) -> bool {
        self.key_at_or_before(index) == Some(index)
    }

    /// The sample that `mark` stands at.
    fn read(&self, mark: &Mark) -> Raw {
        // Version 0 is unsigned by the standard, but writers put signed values there too; an offset of more than
        // 2^31 ticks makes no sense in either version.
        let cts = u32_at(&self.ctts, mark.ctts.0 as usize * 8 + 4) as i32;
        Raw {
            index: mark.sample,
            dts: mark.dts,
            cts,
            size: self.sizes.get(mark.sample),
            offset: mark.offset,
            key: self.is_key(mark.sample),
            entry: u32_at(&self.stsc, mark.stsc as usize * 12 + 8).saturating_sub(1),
        }
    }

    /// Moves a mark to the next sample.
    fn advance(&self, mark: &mut Mark) {
        mark.offset = mark.offset.saturating_add(u64::from(self.sizes.get(mark.sample)));
        mark.sample += 1;
        let delta = u32_at(&self.stts, mark.stts.0 as usize * 8 + 4);
        // Some writers store small negative steps. Decode times can't fall, so such a step is none.
        mark.dts += if delta > i32::MAX as u32 { 0 } else { u64::from(delta) };
        mark.stts.1 += 1;
        mark.ctts.1 += 1;
        self.skip_empty(mark);
        mark.in_chunk += 1;
        if mark.in_chunk >= u32_at(&self.stsc, mark.stsc as usize * 12 + 4) {
            self.next_chunk(mark);
        }
    }

    fn next_chunk(&self, mark: &mut Mark) {
        mark.in_chunk = 0;
        mark.chunk += 1;
        mark.offset = self.chunks.get(mark.chunk);
        let next = (mark.stsc as usize + 1) * 12;
        if next < self.stsc.len() && u32_at(&self.stsc, next) == mark.chunk + 1 {
            mark.stsc += 1;
        }
    }

    /// Goes to the entry of `stts` and `ctts` that covers the sample. The last entry of `stts` goes on for ever, so
    /// that a table that is too short gives times nevertheless; a `ctts` that ends gives offsets of 0.
    fn skip_empty(&self, mark: &mut Mark) {
        let entries = (self.stts.len() / 8) as u32;
        while mark.stts.0 + 1 < entries && mark.stts.1 >= u32_at(&self.stts, mark.stts.0 as usize * 8) {
            mark.stts = (mark.stts.0 + 1, 0);
        }
        let entries = (self.ctts.len() / 8) as u32;
        while mark.ctts.0 < entries && mark.ctts.1 >= u32_at(&self.ctts, mark.ctts.0 as usize * 8) {
            mark.ctts = (mark.ctts.0 + 1, 0);
        }
    }
}

/// Reads samples forward.
#[derive(Debug, Clone)]
pub(crate) struct Samples<'a> {
    table: &'a Table,
    mark: Mark,
}

impl Iterator for Samples<'_> {
    type Item = Raw;

    fn next(&mut self) -> Option<Raw> {
        if self.mark.sample >= self.table.count {
            return None;
        }
        let raw = self.table.read(&self.mark);
        self.table.advance(&mut self.mark);
        Some(raw)
    }
}

/// The first of `0..length` for which `before` does not hold.
fn partition(length: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = usize::midpoint(low, high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The entries of a full box that is a count and so many entries of `size` bytes, copied out of the `moov`.
fn table(view: &View<'_>, size: usize) -> Result<Bytes, Error> {
    let (_, _, mut fields) = view.full()?;
    let count = fields.u32().ok_or_else(|| view.cut())?;
    entries(view, fields.rest(), count, size * 8)
}

/// `count` entries of `bits` bits each.
fn entries(view: &View<'_>, rest: &[u8], count: u32, bits: usize) -> Result<Bytes, Error> {
    let length = (count as usize).checked_mul(bits).map(|n| n.div_ceil(8));
    length.and_then(|length| rest.get(..length)).map(Bytes::copy_from_slice).ok_or_else(|| {
        view.fault(&format!("box declares {count} entries, but {} bytes have no room for them", rest.len()))
    })
}

/// `stsz`: u32 size of all | u32 count | sizes u32. `stz2`: 24 reserved, u8 bits | u32 count | sizes.
fn sizes(stbl: &View<'_>) -> Result<(Sizes, u32), Error> {
    let (view, compact) = match stbl.child(b"stsz")? {
        Some(view) => (view, false),
        None => (stbl.require(b"stz2")?, true),
    };
    let (_, _, mut fields) = view.full()?;
    let (Some(first), Some(count)) = (fields.u32(), fields.u32()) else { return Err(view.cut()) };
    if !compact && first != 0 {
        return Ok((Sizes::Fixed(first), count));
    }
    let bits = if compact { first as u8 } else { 32 };
    if !matches!(bits, 4 | 8 | 16 | 32) {
        return Err(view.fault(&format!("box has sizes of {bits} bits")));
    }
    Ok((Sizes::Table(bits, entries(&view, fields.rest(), count, usize::from(bits))?), count))
}

/// `stsc`: {u32 first chunk, u32 samples a chunk, u32 description}, chunks rising from 1.
fn check_stsc(view: &View<'_>, stsc: &[u8], entries: usize, samples: u32) -> Result<(), Error> {
    if stsc.is_empty() && samples > 0 {
        return Err(view.fault("box is empty"));
    }
    let mut before = 0;
    for (index, entry) in stsc.chunks_exact(12).enumerate() {
        let (first, count, description) = (u32_at(entry, 0), u32_at(entry, 4), u32_at(entry, 8));
        let wrong = if first <= before || (index == 0 && first != 1) {
            "chunk numbers that do not rise from 1"
        } else if count == 0 {
            "a chunk without samples"
        } else if description == 0 || description as usize > entries {
            "a sample description that does not exist"
        } else {
            before = first;
            continue;
        };
        return Err(view.fault(&format!("box, entry {}, has {wrong}", index + 1)));
    }
    Ok(())
}

fn check_rising(view: &View<'_>, stss: &[u8]) -> Result<(), Error> {
    let numbers = stss.chunks_exact(4).map(|entry| u32_at(entry, 0));
    if numbers.clone().zip(numbers.skip(1)).any(|(a, b)| a > b) {
        return Err(view.fault("box has sample numbers that fall"));
    }
    Ok(())
}
