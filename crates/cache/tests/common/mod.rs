//! What the tests of the cache share.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use bytes::Bytes;
use millrace_cache::{BLOCK, Cache, Config, Object};
use millrace_origin::{MemoryOrigin, Origin};
use std::sync::Arc;

/// A block as a number of `usize`.
pub(crate) const B: usize = BLOCK as usize;

/// `length` bytes of which no two blocks are alike.
pub(crate) fn content(length: usize) -> Bytes {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ length as u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// A memory-only cache with `change`d configuration.
pub(crate) async fn cache(change: impl FnOnce(&mut Config)) -> Cache {
    let mut config = Config::default();
    change(&mut config);
    Cache::open(config).await.unwrap()
}

/// A memory origin with one object, `a`, of `length` bytes.
pub(crate) fn memory(length: usize) -> (MemoryOrigin, Arc<dyn Origin>, Bytes) {
    let (origin, bytes) = (MemoryOrigin::new("o"), content(length));
    origin.put("a", bytes.clone());
    (origin.clone(), Arc::new(origin), bytes)
}

/// Reads and joins.
pub(crate) async fn read(
    object: &Object,
    range: std::ops::Range<u64>,
) -> Result<Vec<u8>, millrace_cache::Error> {
    object.read(range).await.map(|slices| slices.concat())
}

/// Reads the whole object and compares it without printing megabytes on failure.
pub(crate) async fn check_all(object: &Object, expected: &[u8]) {
    let all = read(object, 0..object.length()).await.unwrap();
    assert!(all == expected, "the bytes differ");
}
