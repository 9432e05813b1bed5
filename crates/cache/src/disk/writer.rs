//! The thread that writes blocks to their slots.

use super::medium::Part;
use super::slots::Stored;
use super::{Job, Shared, index};
use crate::BLOCK;
use crate::key::BlockKey;
use bytes::Bytes;
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// Starts the thread. It ends, and lets go of the files, when the cache is gone and the queue is empty.
pub(super) fn start(shared: Arc<Shared>, mut queue: mpsc::Receiver<Job>) {
    let work = move || {
        while let Some(job) = queue.blocking_recv() {
            match job {
                Job::Write(key) => shared.write(key),
                Job::Flush(done) => {
                    // Whoever asked may have left.
                    let _ = done.send(());
                }
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("millrace-disk".into()).spawn(work) {
        tracing::warn!(%error, "the disk cache writes nothing: its thread could not be started");
    }
}

impl Shared {
    /// Writes a queued block, unless it was removed in the meantime or the disk is failing.
    fn write(&self, key: BlockKey) {
        let Some((block, slot)) = self.begin(&key) else { return };
        let sum = crc32fast::hash(&block);
        let stored = self.state().slots.stamp(key, block.len() as u32, sum);
        let written = self
            .medium
            .write(Part::Data, &block, u64::from(slot) * BLOCK)
            .and_then(|()| index::write(&*self.medium, slot, &stored));
        self.end(slot, stored, written);
    }

    fn begin(&self, key: &BlockKey) -> Option<(Bytes, u32)> {
        let mut state = self.state();
        let block = state.queued.get(key)?.clone();
        let failing = state.failing_until.is_some_and(|until| Instant::now() < until);
        let slot = if failing { None } else { state.slots.take() };
        let Some((slot, evicted)) = slot else {
            state.queued.remove(key);
            self.metrics.disk_drops.one();
            return None;
        };
        self.metrics.disk_evictions.add(evicted.into());
        Some((block, slot))
    }

    fn end(&self, slot: u32, stored: Stored, written: io::Result<()>) {
        let mut state = self.state();
        let wanted = state.queued.remove(&stored.key).is_some();
        let Err(error) = written else {
            self.metrics.disk_writes.one();
            if state.failing_until.take().is_some() {
                tracing::info!("the disk cache can be written again");
            }
            if wanted {
                state.slots.put(slot, stored);
            } else {
                state.slots.give_back(slot);
                // If this fails, a block that was taken back may be found after a restart; it is a sound one.
                let _ = index::erase(&*self.medium, slot);
            }
            return;
        };
        self.metrics.disk_errors.one();
        self.metrics.disk_drops.one();
        state.slots.give_back(slot);
        if state.failing_until.replace(Instant::now() + self.pause_after_error).is_none() {
            tracing::warn!(%error, "the disk cache cannot be written; blocks are kept in memory only");
        }
    }
}
