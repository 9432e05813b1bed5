//! Each byte is fetched once, in as few requests as possible, and only while somebody wants it.

mod common;

use common::{B, cache, check_all, memory, read};
use futures::future::join_all;
use millrace_cache::BLOCK;

#[tokio::test]
async fn many_readers_of_a_cold_object_cost_one_read_of_it() {
    let (origin, shared, bytes) = memory(40 * B + 17);
    let cache = cache(|_| {}).await;
    let viewers = (0..100).map(|_| async {
        let object = cache.object(&shared, "a").await.unwrap();
        for index in 0..41 {
            let range = index * BLOCK..((index + 1) * BLOCK).min(object.length());
            let expected = &bytes[range.start as usize..range.end as usize];
            assert!(read(&object, range).await.unwrap() == expected);
        }
    });
    join_all(viewers).await;
    assert_eq!(origin.tally("a").bytes, bytes.len() as u64);
    assert!(origin.tally("a").requests <= 25, "{:?}", origin.tally("a"));
}

#[tokio::test]
async fn concurrent_readers_of_one_cold_block_share_one_request() {
    let (origin, shared, bytes) = memory(10 * B);
    let cache = cache(|config| config.limits.read_ahead_bytes = 0).await;
    let object = cache.object(&shared, "a").await.unwrap();
    let held = origin.hold();
    let readers = join_all((0..50).map(|_| read(&object, 5 * BLOCK..6 * BLOCK)));
    let (blocks, ()) = tokio::join!(readers, async {
        origin.arrived(2).await;
        drop(held);
    });
    assert!(blocks.iter().all(|block| block.as_ref().unwrap() == &bytes[5 * B..6 * B]));
    assert_eq!(origin.tally("a").requests, 2, "one to open, one to read");
    assert_eq!(cache.counters().joins, 49);
}

#[tokio::test]
async fn adjacent_missing_blocks_are_one_request_however_many() {
    let (origin, shared, bytes) = memory(100 * B + 1);
    let cache = cache(|config| config.limits.read_ahead_bytes = 0).await;
    let object = cache.object(&shared, "a").await.unwrap();
    check_all(&object, &bytes).await;
    assert_eq!(origin.tally("a").requests, 2);
    check_all(&object, &bytes).await;
    assert_eq!(origin.tally("a").requests, 2);
    assert_eq!(cache.counters().origin_bytes, bytes.len() as u64);
}

#[tokio::test]
async fn reads_are_slices_of_blocks_that_cover_the_range_exactly() {
    let (_, shared, bytes) = memory(3 * B + 100);
    let object = cache(|_| {}).await.object(&shared, "a").await.unwrap();
    for (start, end) in [(0, 1), (B - 1, B + 1), (B, 2 * B), (5, 3 * B + 100), (3 * B, 3 * B + 100), (7, 7)] {
        let slices = object.read(start as u64..end as u64).await.unwrap();
        assert!(slices.iter().all(|slice| !slice.is_empty()));
        assert!(slices.concat() == bytes[start..end], "{start}..{end}");
        assert!(object.read_contiguous(start as u64..end as u64).await.unwrap() == bytes[start..end]);
    }
    assert!(object.read(0..3 * BLOCK + 101).await.is_err());
    assert!(object.read(3 * BLOCK + 101..3 * BLOCK + 101).await.is_err());
}

#[tokio::test]
async fn a_reader_that_leaves_stops_a_fetch_only_if_nobody_else_waits() {
    let (origin, shared, bytes) = memory(20 * B);
    let cache = cache(|config| config.limits.read_ahead_bytes = 0).await;
    let object = cache.object(&shared, "a").await.unwrap();
    read(&object, 0..1).await.unwrap();
    let held = origin.hold_bodies_at(12 * BLOCK);
    let spawn = || {
        let object = object.clone();
        tokio::spawn(async move { read(&object, 10 * BLOCK..14 * BLOCK).await })
    };
    let (one, two) = (spawn(), spawn());
    origin.arrived(2).await;
    tokio::task::yield_now().await;
    one.abort();
    assert!(one.await.unwrap_err().is_cancelled());
    drop(held);
    assert!(two.await.unwrap().unwrap() == bytes[10 * B..14 * B]);
    assert_eq!(origin.tally("a").requests, 2, "the second reader needed no request of its own");
}

#[tokio::test]
async fn a_fetch_nobody_wants_is_stopped_and_can_be_started_again() {
    let (origin, shared, bytes) = memory(20 * B);
    let cache = cache(|config| config.limits.read_ahead_bytes = 0).await;
    let object = cache.object(&shared, "a").await.unwrap();
    read(&object, 0..1).await.unwrap();
    let held = origin.hold_bodies_at(12 * BLOCK);
    let reader = tokio::spawn({
        let object = object.clone();
        async move { read(&object, 10 * BLOCK..20 * BLOCK).await }
    });
    origin.arrived(2).await;
    reader.abort();
    assert!(reader.await.unwrap_err().is_cancelled());
    drop(held);
    assert!(read(&object, 10 * BLOCK..20 * BLOCK).await.unwrap() == bytes[10 * B..20 * B]);
    let asked = origin.tally("a").bytes;
    assert!(asked <= 14 * BLOCK, "the stopped fetch went on: {asked}");
    assert_eq!(cache.counters().cancelled, 1);
}

#[tokio::test]
async fn prefetch_returns_at_once_and_ends_with_its_handle() {
    let (origin, shared, _) = memory(100 * B);
    let cache = cache(|_| {}).await;
    let object = cache.object(&shared, "a").await.unwrap();
    read(&object, 0..1).await.unwrap();
    let held = origin.hold_bodies_at(21 * BLOCK);
    object.prefetch(20 * BLOCK..60 * BLOCK);
    origin.arrived(2).await;
    drop(object);
    assert_eq!(cache.counters().cancelled, 1);
    drop(held);
    assert!(origin.tally("a").bytes <= 2 * BLOCK);
}

#[tokio::test]
async fn prefetched_blocks_are_there_for_the_reader() {
    let (origin, shared, bytes) = memory(100 * B);
    let cache = cache(|_| {}).await;
    let object = cache.object(&shared, "a").await.unwrap();
    object.prefetch(20 * BLOCK..24 * BLOCK);
    assert!(read(&object, 20 * BLOCK..24 * BLOCK).await.unwrap() == bytes[20 * B..24 * B]);
    assert_eq!(origin.tally("a").requests, 2);
}

#[tokio::test]
async fn a_sequential_reader_needs_far_fewer_requests_than_reads() {
    let (origin, shared, bytes) = memory(128 * B);
    let cache = cache(|_| {}).await;
    let object = cache.object(&shared, "a").await.unwrap();
    for start in (0..128 * B).step_by(100_000) {
        let end = (start + 100_000).min(128 * B);
        assert!(read(&object, start as u64..end as u64).await.unwrap() == bytes[start..end]);
    }
    assert_eq!(origin.tally("a").bytes, bytes.len() as u64);
    assert!(origin.tally("a").requests <= 30, "{:?}", origin.tally("a"));
}

#[tokio::test]
async fn a_tiny_memory_and_tight_limits_still_deliver_everything() {
    let (_, shared, bytes) = memory(50 * B);
    let cache = cache(|config| {
        config.memory_bytes = 3 * BLOCK;
        config.limits.in_flight_bytes = 2 * BLOCK;
        config.limits.requests_per_origin = 1;
    })
    .await;
    let readers = (0..4).map(|_| async {
        let object = cache.object(&shared, "a").await.unwrap();
        check_all(&object, &bytes).await;
    });
    join_all(readers).await;
}

#[tokio::test]
async fn what_is_read_ahead_is_not_pushed_out_before_its_reader_comes() {
    let (origin, shared, bytes) = memory(300 * B);
    let cache = cache(|config| config.memory_bytes = 32 << 20).await;
    // More than memory holds has been read already, and often enough to be worth keeping.
    origin.put("b", bytes.clone());
    let object = cache.object(&shared, "b").await.unwrap();
    for index in (0..100).flat_map(|index| [index; 5]) {
        read(&object, index * BLOCK..(index + 1) * BLOCK).await.unwrap();
    }
    let readers = (0..6).map(|_| async {
        let object = cache.object(&shared, "a").await.unwrap();
        for start in (150 * B..300 * B).step_by(100_000) {
            let end = (start + 100_000).min(300 * B);
            assert!(read(&object, start as u64..end as u64).await.unwrap() == bytes[start..end]);
        }
    });
    join_all(readers).await;
    let cost = origin.tally("a").bytes;
    assert!(cost <= 151 * BLOCK, "{cost}");
}
