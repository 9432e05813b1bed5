//! Reading an object: a pinned version, by range.

use crate::ahead::Ahead;
use crate::cache::Inner;
use crate::fetch::{self, Pinned};
use crate::flight::{Interest, Ticket};
use crate::key::BlockKey;
use crate::stored::Stored;
use crate::{BLOCK, Error, ObjectId};
use bytes::{Bytes, BytesMut};
use millrace_origin::{ObjectInfo, OriginId, Version};
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Hints by [`Object::prefetch`] a handle keeps going; a further one lets go of the oldest.
const HINTS: usize = 4;

/// Blocks that are sent together: two megabytes. Runs begin at multiples of it, so that all readers have the same.
pub(crate) const RUN: u64 = 8;

/// One version of an object. Cheap to clone; clones share the memory of what was read last, by which
/// sequential reads are recognised. Dropping the last clone stops its read-ahead.
#[derive(Clone)]
pub struct Object {
    inner: Arc<Inner>,
    pinned: Arc<Pinned>,
    handle: Arc<Handle>,
}

struct Handle {
    ahead: Ahead,
    hints: Mutex<VecDeque<Vec<Interest>>>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pinned { origin, key, info, .. } = &*self.pinned;
        f.debug_struct("Object")
            .field("origin", origin.id())
            .field("key", key)
            .field("info", info)
            .finish_non_exhaustive()
    }
}

impl Object {
    pub(crate) fn new(inner: Arc<Inner>, pinned: Arc<Pinned>) -> Self {
        let ahead = Ahead::new(inner.ahead.clone());
        Self { inner, pinned, handle: Arc::new(Handle { ahead, hints: Mutex::default() }) }
    }

    /// The same version for another reader, whose reads are followed on their own.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.inner.clone(), self.pinned.clone())
    }

    /// Bytes in the object.
    pub fn length(&self) -> u64 {
        self.pinned.info.length
    }

    /// The version every byte read here belongs to.
    pub fn version(&self) -> &Version {
        &self.pinned.info.version
    }

    /// A small name of origin, key and version together, the same in every process.
    pub fn id(&self) -> ObjectId {
        self.pinned.id
    }

    /// The key it was opened with.
    pub fn key(&self) -> &str {
        &self.pinned.key
    }

    /// The origin it comes from.
    pub fn origin(&self) -> &OriginId {
        self.pinned.origin.id()
    }

    /// Everything the origin said of it.
    pub fn info(&self) -> &ObjectInfo {
        &self.pinned.info
    }

    /// The bytes of `range` as slices of blocks, in order, none empty, nothing copied.
    ///
    /// # Errors
    /// [`Error::Range`] if `range` is not inside the object; else what the origin failed with.
    pub async fn read(&self, range: Range<u64>) -> Result<Vec<Bytes>, Error> {
        self.check(&range)?;
        let mut slices = Vec::with_capacity(self.blocks(&range).count());
        // A longer range than one request may bring is read stretch by stretch.
        let step = self.inner.config.limits.blocks_per_request() * BLOCK;
        let mut start = range.start;
        while start < range.end {
            let end = ((start / BLOCK * BLOCK) + step).min(range.end);
            self.read_stretch(start..end, &mut slices).await?;
            start = end;
        }
        Ok(slices)
    }

    /// The bytes of `range` in one piece: a slice if they lie in one block, else a copy.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn read_contiguous(&self, range: Range<u64>) -> Result<Bytes, Error> {
        let mut slices = self.read(range).await?;
        if slices.len() <= 1 {
            return Ok(slices.pop().unwrap_or_default());
        }
        let mut all = BytesMut::with_capacity(slices.iter().map(Bytes::len).sum());
        slices.iter().for_each(|slice| all.extend_from_slice(slice));
        Ok(all.freeze())
    }

    /// Begins to fetch `range`, or as much of it as one read-ahead may be long, and returns at once. Dropped
    /// hints, busy origins and errors are silent: a later [`read`](Self::read) tells.
    pub fn prefetch(&self, range: Range<u64>) {
        let interests = self.fetch_ahead(range);
        if interests.is_empty() {
            return;
        }
        let mut hints = self.handle.hints.lock().unwrap_or_else(PoisonError::into_inner);
        hints.push_back(interests);
        let old = if hints.len() > HINTS { hints.pop_front() } else { None };
        drop(hints);
        drop(old);
    }

    fn check(&self, range: &Range<u64>) -> Result<(), Error> {
        let inside = range.start <= range.end && range.end <= self.length();
        inside.then_some(()).ok_or_else(|| Error::Range { range: range.clone(), length: self.length() })
    }

    /// The blocks that hold `range`.
    fn blocks(&self, range: &Range<u64>) -> Range<u64> {
        if range.is_empty() { 0..0 } else { range.start / BLOCK..range.end.div_ceil(BLOCK) }
    }

    async fn read_stretch(&self, range: Range<u64>, slices: &mut Vec<Bytes>) -> Result<(), Error> {
        let first = slices.len();
        let missing = self.take_from_memory(&range, slices);
        let claim = (!missing.is_empty()).then(|| self.claim(missing.iter().copied()));
        // Behind the claim, so that what a reader waits for is asked first.
        self.read_ahead(&range);
        let Some((tickets, _interests)) = claim else { return Ok(()) };
        let from = range.start / BLOCK;
        for (index, ticket) in missing.into_iter().zip(tickets) {
            let block = match ticket {
                Ticket::Here(block) => block,
                Ticket::Coming(wait) => wait.block().await?,
            };
            let place = first + usize::try_from(index - from).unwrap_or(0);
            slices[place] = slice(&block, index, &range);
        }
        Ok(())
    }

    /// The blocks that memory has of `range` from its beginning on, `most` of them, and which part of each.
    pub(crate) fn at_hand(&self, range: &Range<u64>, most: u64) -> Vec<(Arc<Stored>, Range<u64>)> {
        let block = |index| self.inner.memory.stored(&BlockKey { object: self.pinned.id, index });
        run(range, most).map_while(|(index, part)| Some((block(index)?, part))).collect()
    }

    /// Notes that somebody took `range` of what was [`at_hand`](Self::at_hand). What follows is read ahead as by
    /// [`read`](Self::read).
    pub(crate) fn taken(&self, range: &Range<u64>) {
        self.inner.metrics.memory_hits.add(self.blocks(range).count() as u64);
        self.read_ahead(range);
    }

    /// Appends the slices that memory has, and empty ones for the blocks that are missing, which it returns.
    fn take_from_memory(&self, range: &Range<u64>, slices: &mut Vec<Bytes>) -> Vec<u64> {
        let (mut missing, mut hits) = (Vec::new(), 0);
        for index in self.blocks(range) {
            let block = self.inner.memory.get(&BlockKey { object: self.pinned.id, index });
            hits += u64::from(block.is_some());
            if block.is_none() {
                missing.push(index);
            }
            slices.push(block.map(|block| slice(&block, index, range)).unwrap_or_default());
        }
        self.inner.metrics.memory_hits.add(hits);
        missing
    }

    /// Joins or starts the fetches of `missing`.
    fn claim(&self, missing: impl IntoIterator<Item = u64>) -> (Vec<Ticket>, Vec<Interest>) {
        let (inner, id) = (&self.inner, self.pinned.id);
        let longest = inner.config.limits.blocks_per_request();
        let claim = inner.flights.claim(id, missing, longest, |key| inner.memory.get(key));
        inner.metrics.joins.add(claim.joined);
        for seat in claim.runs {
            fetch::spawn(inner, &self.pinned, seat, None);
        }
        (claim.tickets, claim.interests)
    }

    fn read_ahead(&self, range: &Range<u64>) {
        let most = self.inner.config.read_ahead_most();
        if let Some(hint) = self.handle.ahead.note(range, self.length(), most) {
            self.handle.ahead.keep(self.fetch_ahead(hint));
        }
    }

    /// Starts fetches that nobody waits for yet.
    fn fetch_ahead(&self, range: Range<u64>) -> Vec<Interest> {
        let (inner, id) = (&self.inner, self.pinned.id);
        let most = inner.config.read_ahead_most();
        let end = range.end.min(self.length()).min(range.start.saturating_add(most));
        let blocks = self.blocks(&(range.start.min(end)..end));
        let missing: Vec<u64> =
            blocks.filter(|&index| !inner.memory.contains(&BlockKey { object: id, index })).collect();
        if missing.is_empty() {
            return Vec::new();
        }
        if self.pinned.source.is_busy() || inner.in_flight.available_permits() < missing.len() {
            inner.metrics.read_ahead_skipped.one();
            return Vec::new();
        }
        self.claim(missing).1
    }
}

/// The blocks in which `range` lies from its beginning on, `most` of them and none behind the end of a [`RUN`], with the
/// part of each.
pub(crate) fn run(range: &Range<u64>, most: u64) -> impl Iterator<Item = (u64, Range<u64>)> + use<> {
    let first = range.start / BLOCK;
    let last = (first / RUN + 1) * RUN;
    let end = range.end.min(last.min(first.saturating_add(most)) * BLOCK);
    let start = range.start;
    (first..end.div_ceil(BLOCK)).map(move |index| {
        let place = |offset: u64| offset.clamp(index * BLOCK, (index + 1) * BLOCK) - index * BLOCK;
        (index, place(start)..place(end))
    })
}

/// The part of block `index` that lies in `range`.
fn slice(block: &Bytes, index: u64, range: &Range<u64>) -> Bytes {
    let place = |offset: u64| usize::try_from(offset.saturating_sub(index * BLOCK)).unwrap_or(usize::MAX);
    let (start, end) = (place(range.start), place(range.end).min(block.len()));
    block.slice(start.min(end)..end)
}
