//! The memory tier: blocks weighted by their bytes, never more than the bound.

use crate::BLOCK;
use crate::key::BlockKey;
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::stored::Stored;
use bytes::Bytes;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use std::sync::Arc;

/// Bytes under which a lock of its own is not worth splitting the bound further.
const SHARD: u64 = 64 << 20;

/// What an entry costs besides its bytes.
const OVERHEAD: u64 = 128;

/// The share of the bound that blocks read more than once may hold against new ones. The library's own default
/// leaves new blocks 3 %, so little that what is read ahead would be gone before its reader comes.
const HOT: f64 = 0.5;

/// Blocks in memory. Which go first is decided by an S3-FIFO-like order: blocks that many viewers share stay
/// when a title is read once from end to end.
pub(crate) struct Memory {
    blocks: Cache<BlockKey, Arc<Stored>, ByBytes, DefaultHashBuilder, CountEvictions>,
    /// Where blocks lie that the kernel sends.
    pages: Option<Arc<Pages>>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<BlockKey, Arc<Stored>> for ByBytes {
    fn weight(&self, _: &BlockKey, block: &Arc<Stored>) -> u64 {
        block.length() + OVERHEAD
    }
}

#[derive(Clone)]
struct CountEvictions(Arc<Metrics>);

impl Lifecycle<BlockKey, Arc<Stored>> for CountEvictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: BlockKey, _: Arc<Stored>) {
        self.0.memory_evictions.one();
    }
}

impl Memory {
    pub(crate) fn new(bytes: u64, pages: Option<Arc<Pages>>, metrics: Arc<Metrics>) -> Self {
        let items = usize::try_from(bytes / BLOCK).unwrap_or(usize::MAX).max(1);
        let shards = usize::try_from(bytes / SHARD).unwrap_or(1).clamp(1, 16);
        let options = OptionsBuilder::new()
            .weight_capacity(bytes)
            .estimated_items_capacity(items)
            .hot_allocation(HOT)
            // Rounded down: the library would round up and make the shards smaller than a block is worth.
            .shards(1 << shards.ilog2())
            .build()
            .expect("both capacities are set");
        let hashes = DefaultHashBuilder::default();
        Self { blocks: Cache::with_options(options, ByBytes, hashes, CountEvictions(metrics)), pages }
    }

    pub(crate) fn get(&self, key: &BlockKey) -> Option<Bytes> {
        self.stored(key)?.bytes()
    }

    /// A block, wherever its bytes are.
    pub(crate) fn stored(&self, key: &BlockKey) -> Option<Arc<Stored>> {
        self.blocks.get(key)
    }

    /// Looks without making the block look used.
    pub(crate) fn contains(&self, key: &BlockKey) -> bool {
        self.blocks.contains_key(key)
    }

    pub(crate) fn insert(&self, key: BlockKey, block: Bytes) {
        self.blocks.insert(key, Arc::new(Stored::new(block, self.pages.as_ref())));
    }

    pub(crate) fn remove(&self, key: &BlockKey) {
        self.blocks.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;

    #[test]
    fn the_bound_holds_and_evictions_are_counted() {
        let metrics = Arc::new(Metrics::default());
        let memory = Memory::new(4 * (BLOCK + OVERHEAD), None, metrics.clone());
        for index in 0..100 {
            memory.insert(
                BlockKey { object: ObjectId::from_bytes([1; 16]), index },
                vec![0; BLOCK as usize].into(),
            );
            assert!(memory.blocks.weight() <= 4 * (BLOCK + OVERHEAD));
        }
        assert_eq!(memory.blocks.len(), 4);
        assert_eq!(metrics.memory_evictions.get(), 96);
    }

    #[test]
    fn a_block_larger_than_the_bound_is_not_kept() {
        let memory = Memory::new(1000, None, Arc::default());
        let key = BlockKey { object: ObjectId::from_bytes([1; 16]), index: 0 };
        memory.insert(key, vec![0; 2000].into());
        assert!(!memory.contains(&key) && memory.get(&key).is_none());
    }
}
