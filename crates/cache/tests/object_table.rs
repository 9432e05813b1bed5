//! Which version a key has, and how long that is believed.

mod common;

use common::{B, cache, check_all, content, memory, read};
use futures::future::join_all;
use millrace_cache::BLOCK;
use millrace_origin::{Freshness, Kind};
use std::time::Duration;
use tokio::time::advance;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_version_is_believed_for_a_day_and_then_checked_with_one_byte() {
    let (origin, shared, bytes) = memory(3 * B);
    let cache = cache(|_| {}).await;
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    let before = origin.tally("a");
    advance(23 * HOUR).await;
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    assert_eq!(origin.tally("a"), before);
    advance(2 * HOUR).await;
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    let after = origin.tally("a");
    assert_eq!(after.requests, before.requests + 1);
    assert!(after.bytes <= before.bytes + 1);
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    assert_eq!(origin.tally("a"), after, "the check began another day");
}

#[tokio::test(start_paused = true)]
async fn headers_move_the_time_between_an_hour_and_more() {
    let (origin, shared, _) = memory(10);
    let cache = cache(|_| {}).await;
    for (header, fresh) in [("max-age=1", HOUR), ("max-age=90000", 25 * HOUR), ("no-store", HOUR)] {
        origin.put_with(header, "x", |object| {
            object.headers.insert("cache-control", header.parse().unwrap());
        });
        cache.object(&shared, header).await.unwrap();
        advance(fresh - Duration::from_secs(1)).await;
        cache.object(&shared, header).await.unwrap();
        assert_eq!(origin.tally(header).requests, 1, "{header}");
        advance(Duration::from_secs(2)).await;
        cache.object(&shared, header).await.unwrap();
        assert_eq!(origin.tally(header).requests, 2, "{header}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_believed_for_a_few_seconds() {
    let (origin, shared, _) = memory(10);
    let cache = cache(|_| {}).await;
    for _ in 0..10 {
        let error = cache.object(&shared, "none").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Missing);
    }
    assert_eq!(origin.tally("none").requests, 1);
    assert_eq!(cache.counters().negative_hits, 9);
    origin.put("none", "now it is here");
    advance(Duration::from_secs(6)).await;
    assert_eq!(cache.object(&shared, "none").await.unwrap().length(), 14);
    origin.fail_next([Kind::Forbidden]);
    assert_eq!(cache.object(&shared, "locked").await.unwrap_err().kind(), Kind::Forbidden);
    assert_eq!(cache.object(&shared, "locked").await.unwrap_err().kind(), Kind::Forbidden);
    assert_eq!(origin.tally("locked").requests, 1);
}

#[tokio::test]
async fn many_who_open_a_cold_object_cost_one_request() {
    let (origin, shared, _) = memory(10 * B);
    let cache = cache(|_| {}).await;
    let held = origin.hold();
    let opened = join_all((0..50).map(|_| cache.object(&shared, "a")));
    let (objects, ()) = tokio::join!(opened, async {
        origin.arrived(1).await;
        drop(held);
    });
    assert!(objects.iter().all(Result::is_ok));
    read(objects[0].as_ref().unwrap(), 0..BLOCK).await.unwrap();
    assert_eq!(origin.tally("a").requests, 1, "the first block came with the answer");
}

#[tokio::test]
async fn an_opener_that_leaves_does_not_disturb_the_others() {
    let (origin, shared, _) = memory(10 * B);
    let cache = cache(|_| {}).await;
    let held = origin.hold();
    let spawn = || {
        let (cache, shared) = (cache.clone(), shared.clone());
        tokio::spawn(async move { cache.object(&shared, "a").await.map(|object| object.length()) })
    };
    let (one, two) = (spawn(), spawn());
    origin.arrived(1).await;
    one.abort();
    assert!(one.await.unwrap_err().is_cancelled());
    drop(held);
    assert_eq!(two.await.unwrap().unwrap(), 10 * BLOCK);
    assert_eq!(origin.tally("a").requests, 1);
}

#[tokio::test(start_paused = true)]
async fn the_old_version_is_served_while_the_origin_fails() {
    let (origin, shared, bytes) = memory(3 * B);
    let cache = cache(|_| {}).await;
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    advance(25 * HOUR).await;
    origin.fail_next([Kind::Unavailable]);
    for _ in 0..5 {
        check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    }
    assert_eq!(cache.counters().stale_served, 5);
    assert_eq!(
        cache.counters().errors_of(Kind::Unavailable),
        1,
        "a failing origin is left alone for a while"
    );
    advance(Duration::from_secs(6)).await;
    cache.object(&shared, "a").await.unwrap();
    assert_eq!(cache.counters().stale_served, 5, "the origin is back");
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_hangs_delays_a_known_object_only_a_little() {
    let (origin, shared, bytes) = memory(3 * B);
    let cache = cache(|_| {}).await;
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    advance(25 * HOUR).await;
    let _held = origin.hold();
    let start = tokio::time::Instant::now();
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    assert!(start.elapsed() <= Duration::from_secs(3));
    assert_eq!(cache.counters().stale_served, 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_is_not_served_stale() {
    let (origin, shared, _) = memory(3 * B);
    let cache = cache(|_| {}).await;
    cache.object(&shared, "a").await.unwrap();
    advance(25 * HOUR).await;
    origin.remove("a");
    assert_eq!(cache.object(&shared, "a").await.unwrap_err().kind(), Kind::Missing);
}

#[tokio::test(start_paused = true)]
async fn after_a_replacement_old_handles_keep_their_version_and_new_ones_get_the_new() {
    let (origin, shared, old_bytes) = memory(6 * B);
    let cache = cache(|config| config.limits.read_ahead_bytes = 0).await;
    let old = cache.object(&shared, "a").await.unwrap();
    read(&old, 0..3 * BLOCK).await.unwrap();
    let new_bytes = content(5 * B);
    origin.put("a", new_bytes.clone());
    advance(25 * HOUR).await;
    let new = cache.object(&shared, "a").await.unwrap();
    assert!(new.id() != old.id() && new.version() != old.version());
    check_all(&new, &new_bytes).await;
    assert!(
        read(&old, 0..3 * BLOCK).await.unwrap() == old_bytes[..3 * B],
        "cached blocks go on being served"
    );
    assert_eq!(read(&old, 2 * BLOCK..4 * BLOCK).await.unwrap_err().kind(), Kind::Changed);
}

#[tokio::test]
async fn a_reader_that_finds_the_object_changed_makes_the_next_opener_ask() {
    let (origin, shared, _) = memory(6 * B);
    let cache = cache(|config| config.limits.read_ahead_bytes = 0).await;
    let old = cache.object(&shared, "a").await.unwrap();
    read(&old, 0..1).await.unwrap();
    let new_bytes = content(5 * B);
    origin.put("a", new_bytes.clone());
    assert_eq!(read(&old, 3 * BLOCK..4 * BLOCK).await.unwrap_err().kind(), Kind::Changed);
    check_all(&cache.object(&shared, "a").await.unwrap(), &new_bytes).await;
}

#[tokio::test]
async fn an_origin_to_be_asked_each_time_shows_replacements_at_once() {
    let (origin, shared, _) = memory(6 * B);
    origin.set_freshness(Freshness::AskEachTime);
    let cache = cache(|_| {}).await;
    cache.object(&shared, "a").await.unwrap();
    let new_bytes = content(4 * B);
    origin.put("a", new_bytes.clone());
    check_all(&cache.object(&shared, "a").await.unwrap(), &new_bytes).await;
    origin.remove("a");
    assert_eq!(cache.object(&shared, "a").await.unwrap_err().kind(), Kind::Missing);
    origin.put("a", "back");
    assert_eq!(cache.object(&shared, "a").await.unwrap().length(), 4);
}

#[tokio::test]
async fn the_table_is_bounded() {
    let (origin, shared, _) = memory(10);
    let cache = cache(|config| config.objects = 10).await;
    for number in 0..200 {
        let key = format!("key {number}");
        origin.put(&key, "x");
        cache.object(&shared, &key).await.unwrap();
    }
    let before = cache.counters().object_hits;
    for number in 0..200 {
        cache.object(&shared, &format!("key {number}")).await.unwrap();
    }
    assert!(cache.counters().object_hits - before <= 10);
}

#[tokio::test]
async fn an_empty_object_can_be_opened_and_has_nothing_to_read() {
    let (origin, shared, _) = memory(10);
    origin.put("empty", "");
    let object = cache(|_| {}).await.object(&shared, "empty").await.unwrap();
    assert_eq!(object.length(), 0);
    assert!(object.read(0..0).await.unwrap().is_empty());
    assert_eq!(object.read(0..1).await.unwrap_err().kind(), Kind::PastEnd);
}
