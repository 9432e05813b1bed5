//! The disk tier: a slab of block-sized slots in one file, and their names in another.
//!
//! ```text
//! <dir>/data   slot 0 | slot 1 | slot 2 | …        256 KiB each, grown as they are first used
//! <dir>/index  header | record 0 | record 1 | …    64 bytes each; record n names what slot n holds
//! <dir>/lock   held while a process uses the directory
//! ```
//!
//! Data is written before the record that names it, and nothing is synced: after a crash a slot may hold
//! anything. Therefore no slot is believed: every read checks the sum that the record promises, and a slot that
//! does not fit is a miss and becomes free. Start-up reads the index only.
//!
//! One thread writes, fed by a bounded queue. Blocks in the queue can be read. A disk that fails or falls behind
//! costs hits, never an error.

mod index;
mod medium;
mod slots;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use medium::{Files, Medium};

use crate::config::Disk;
use crate::key::BlockKey;
use crate::metrics::Metrics;
use crate::{BLOCK, Error, ObjectId};
use bytes::Bytes;
use medium::Part;
use slots::{Slots, Stored};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

/// Blocks read in one visit to a blocking thread.
const BATCH: u64 = 8;

/// The disk tier.
pub(crate) struct DiskTier {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
    reads: Arc<Semaphore>,
    queue_wait: Duration,
    /// The queue was full for longer than is waited: until there is room again, nobody waits.
    behind: AtomicBool,
    closed: AtomicBool,
}

/// What readers and the writer share.
struct Shared {
    medium: Box<dyn Medium>,
    state: Mutex<State>,
    metrics: Arc<Metrics>,
    pause_after_error: Duration,
}

struct State {
    slots: Slots,
    /// Blocks on their way to the disk.
    queued: HashMap<BlockKey, Bytes>,
    /// Writing failed; nothing is written before that moment.
    failing_until: Option<Instant>,
}

/// Work for the writer.
enum Job {
    /// Write the queued block.
    Write(BlockKey),
    /// Tell when everything before is done.
    Flush(oneshot::Sender<()>),
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a block, from the queue or its slot; a slot that does not hold what it should becomes free.
    fn read(&self, key: &BlockKey) -> Option<Bytes> {
        let (slot, stored) = {
            let mut state = self.state();
            if let Some(block) = state.queued.get(key) {
                return Some(block.clone());
            }
            state.slots.find(key)?
        };
        let mut block = vec![0; stored.length as usize];
        let read = self.medium.read(Part::Data, &mut block, u64::from(slot) * BLOCK);
        if read.is_ok() && crc32fast::hash(&block) == stored.sum {
            return Some(block.into());
        }
        self.bad(slot, &stored, read.err());
        None
    }

    /// Frees a slot that failed its reader, unless it was given to another block while it was read.
    fn bad(&self, slot: u32, stored: &Stored, error: Option<std::io::Error>) {
        if !self.state().slots.free(slot, stored.generation) {
            return;
        }
        match error {
            Some(error) => {
                self.metrics.disk_errors.one();
                tracing::debug!(%error, slot, "reading a block from disk failed");
            }
            None => self.metrics.disk_corrupt.one(),
        }
    }
}

impl DiskTier {
    /// Opens the directory and reads its index. `None` means that there will be no disk tier; the log says why.
    pub(crate) async fn open(config: &Disk, metrics: &Arc<Metrics>) -> Result<Option<Self>, Error> {
        let Some(files) = Files::open(&config.dir).await? else {
            metrics.disk_errors.one();
            return Ok(None);
        };
        let (owned, counters) = (config.clone(), metrics.clone());
        let opened = tokio::task::spawn_blocking(move || Self::with(Box::new(files), &owned, counters)).await;
        Ok(opened.ok())
    }

    /// A disk tier over `medium`. Reads the index, so it may block.
    pub(crate) fn with(medium: Box<dyn Medium>, config: &Disk, metrics: Arc<Metrics>) -> Self {
        let capacity = u32::try_from(config.bytes / BLOCK).unwrap_or(u32::MAX);
        let state =
            State { slots: index::load(&*medium, capacity), queued: HashMap::new(), failing_until: None };
        let shared = Arc::new(Shared {
            medium,
            state: Mutex::new(state),
            metrics,
            pause_after_error: config.pause_after_error,
        });
        let room = usize::try_from(config.queue_bytes / BLOCK).unwrap_or(1).clamp(1, 1 << 20);
        let (jobs, queue) = mpsc::channel(room);
        writer::start(shared.clone(), queue);
        Self {
            shared,
            jobs,
            reads: Arc::new(Semaphore::new(config.reads.clamp(1, 1024))),
            queue_wait: config.queue_wait,
            behind: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// How many blocks from `blocks.start` on are here, up to a batch.
    pub(crate) fn here(&self, object: ObjectId, blocks: &Range<u64>) -> u64 {
        let state = self.shared.state();
        let batch = blocks.start..blocks.end.min(blocks.start + BATCH);
        batch.take_while(|&index| state.has(&BlockKey { object, index })).count() as u64
    }

    /// How many blocks from `blocks.start` on are not here.
    pub(crate) fn absent(&self, object: ObjectId, blocks: &Range<u64>) -> u64 {
        let state = self.shared.state();
        blocks.clone().take_while(|&index| !state.has(&BlockKey { object, index })).count() as u64
    }

    /// Reads blocks up to the first that cannot be read.
    pub(crate) async fn read(&self, object: ObjectId, blocks: Range<u64>) -> Vec<Bytes> {
        let Ok(_permit) = self.reads.acquire().await else { return Vec::new() };
        let shared = self.shared.clone();
        let read = move || blocks.map_while(|index| shared.read(&BlockKey { object, index })).collect();
        tokio::task::spawn_blocking(read).await.unwrap_or_default()
    }

    /// Queues a block if there is room at once. `false` means that waiting may help.
    pub(crate) fn offer(&self, key: BlockKey, block: &Bytes) -> bool {
        if !self.wants(&key) {
            return true;
        }
        let Ok(place) = self.jobs.try_reserve() else { return false };
        self.behind.store(false, Relaxed);
        self.shared.state().queued.insert(key, block.clone());
        place.send(Job::Write(key));
        true
    }

    /// Queues a block when there is room, if that is soon enough.
    pub(crate) async fn offer_later(&self, key: BlockKey, block: &Bytes) {
        let waited = match self.behind.load(Relaxed) {
            true => None,
            false => timeout(self.queue_wait, self.jobs.reserve()).await.ok().and_then(Result::ok),
        };
        let Some(place) = waited else {
            self.behind.store(true, Relaxed);
            self.shared.metrics.disk_drops.one();
            return;
        };
        self.shared.state().queued.insert(key, block.clone());
        place.send(Job::Write(key));
    }

    /// Whether a block is to be written at all.
    fn wants(&self, key: &BlockKey) -> bool {
        let state = self.shared.state();
        if self.closed.load(Relaxed) || state.has(key) || state.slots.capacity() == 0 {
            return false;
        }
        let failing = state.failing_until.is_some_and(|until| Instant::now() < until);
        if failing {
            self.shared.metrics.disk_drops.one();
        }
        !failing
    }

    /// Forgets a block for good.
    pub(crate) fn remove(&self, key: &BlockKey) {
        let mut state = self.shared.state();
        state.queued.remove(key);
        if let Some((slot, stored)) = state.slots.find(key) {
            state.slots.free(slot, stored.generation);
            // Small and without a sync; if it fails, the block is as good as before.
            let _ = index::erase(&*self.shared.medium, slot);
        }
    }

    /// Waits until all that is queued has been written, and takes no more.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Relaxed);
        let (done, wait) = oneshot::channel();
        if self.jobs.send(Job::Flush(done)).await.is_ok() {
            // An error means that the writer is gone, and with it what there was to wait for.
            let _ = wait.await;
        }
    }
}

impl State {
    fn has(&self, key: &BlockKey) -> bool {
        self.slots.contains(key) || self.queued.contains_key(key)
    }
}
