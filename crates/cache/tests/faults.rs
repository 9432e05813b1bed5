//! What a reader of the cache sees when an S3 origin misbehaves.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod common;

use bytes::Bytes;
use common::{B, content, read};
use millrace_cache::{BLOCK, Cache, Config, Error, Object};
use millrace_origin::{Credentials, Kind, Origin, S3Config, S3Origin};
use millrace_s3_fake::{Fault, Rule, S3Fake};
use std::sync::Arc;
use std::time::Duration;

/// A fake S3 with `films/a` of 8 blocks, and a cache with short limits in front of it.
struct Bench {
    s3: S3Fake,
    origin: Arc<dyn Origin>,
    cache: Cache,
    bytes: Bytes,
}

/// A bench that waits long enough for a busy machine.
async fn bench() -> Bench {
    bench_with(Duration::from_secs(20)).await
}

/// A bench for faults that keep it waiting: it gives a request this long.
async fn bench_with(patience: Duration) -> Bench {
    let (s3, bytes) = (S3Fake::start().await, content(8 * B));
    s3.put("films", "a", bytes.clone());
    let config = S3Config {
        endpoint: Some(s3.endpoint()),
        path_style: true,
        credentials: Credentials::Anonymous,
        ..S3Config::new("us-east-1", "films")
    };
    let origin = Arc::new(S3Origin::new(&config).unwrap());
    let mut config = Config::default();
    config.limits.read_ahead_bytes = 0;
    config.limits.answer_timeout = patience;
    config.limits.stall_timeout = patience;
    config.limits.first_backoff = Duration::from_millis(5);
    config.limits.retry_deadline = Duration::from_secs(30);
    Bench { s3, origin, cache: Cache::open(config).await.unwrap(), bytes }
}

impl Bench {
    /// Opened and with the first block here.
    async fn object(&self) -> Object {
        let object = self.cache.object(&self.origin, "a").await.unwrap();
        read(&object, 0..BLOCK).await.unwrap();
        object
    }

    /// Reads blocks 1 to 7 with the next `times` requests misbehaving.
    async fn read_with(&self, times: u64, fault: Fault) -> Result<Vec<u8>, Error> {
        let object = self.object().await;
        self.s3.inject(Rule::any().times(times), fault);
        read(&object, BLOCK..8 * BLOCK).await
    }
}

#[tokio::test]
async fn passing_failures_are_invisible_to_the_reader() {
    for fault in [
        Fault::slow_down(),
        Fault::internal_error(),
        Fault::Reset { after: 0 },
        Fault::Cut { after: 0 },
        Fault::Status { status: 502, code: "BadGateway" },
    ] {
        let bench = bench().await;
        let read =
            bench.read_with(2, fault.clone()).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(read == bench.bytes[B..], "{fault:?}");
        assert_eq!(bench.cache.counters().retries, 2, "{fault:?}");
    }
}

#[tokio::test]
async fn silence_and_stalls_are_invisible_to_the_reader() {
    for fault in [Fault::Silent, Fault::Stall { after: 0 }, Fault::Stall { after: 600_000 }] {
        let bench = bench_with(Duration::from_millis(700)).await;
        let read =
            bench.read_with(1, fault.clone()).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(read == bench.bytes[B..], "{fault:?}");
        assert!(bench.cache.counters().errors_of(Kind::Timeout) >= 1, "{fault:?}");
        assert_eq!(bench.cache.counters().origin_bytes, 8 * BLOCK, "no byte came twice");
    }
}

#[tokio::test]
async fn a_broken_body_is_resumed_at_the_first_missing_byte() {
    let bench = bench().await;
    let read = bench.read_with(1, Fault::Cut { after: 600_000 }).await.unwrap();
    assert!(read == bench.bytes[B..]);
    let seen = bench.s3.requests();
    assert_eq!(seen[2].range, Some(BLOCK + 600_000..8 * BLOCK));
    assert_eq!(seen[1].if_match, seen[2].if_match);
    assert!(seen[2].if_match.is_some());
    assert_eq!(bench.cache.counters().origin_bytes, 8 * BLOCK, "no byte came twice");
}

#[tokio::test]
async fn a_reset_in_the_middle_costs_at_most_what_was_in_the_pipe() {
    let bench = bench().await;
    let read = bench.read_with(1, Fault::Reset { after: 600_000 }).await.unwrap();
    assert!(read == bench.bytes[B..]);
    assert_eq!(bench.cache.counters().retries, 1);
}

#[tokio::test]
async fn opening_is_tried_again_too() {
    let bench = bench().await;
    bench.s3.inject(Rule::any().times(2), Fault::slow_down());
    assert_eq!(bench.object().await.length(), 8 * BLOCK);
    assert_eq!(bench.cache.counters().errors_of(Kind::Throttled), 2);
}

#[tokio::test]
async fn lasting_failures_end_in_an_error_with_the_stores_code() {
    let mut bench = bench().await;
    let mut config = Config::default();
    config.limits.retry_deadline = Duration::from_millis(300);
    bench.cache = Cache::open(config).await.unwrap();
    let error = bench.read_with(u64::MAX, Fault::slow_down()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Throttled);
    assert!(error.retry_helps() && error.to_string().contains("SlowDown"), "{error}");
    bench.s3.heal();
    assert!(bench.object().await.read(BLOCK..8 * BLOCK).await.is_ok(), "a failure is not remembered");
}

#[tokio::test]
async fn every_waiter_gets_the_error() {
    let bench = bench().await;
    let object = bench.object().await;
    bench.s3.inject(Rule::any(), Fault::access_denied());
    let results = futures::future::join_all((0..10).map(|_| object.read(BLOCK..3 * BLOCK))).await;
    assert!(results.into_iter().all(|result| result.unwrap_err().kind() == Kind::Forbidden));
    assert_eq!(bench.s3.requests().len(), 2);
}

#[tokio::test]
async fn an_origin_that_trickles_is_given_up_on() {
    let bench = bench().await;
    let mut config = Config::default();
    config.limits.block_timeout = Duration::from_millis(200);
    config.limits.retry_deadline = Duration::from_millis(300);
    let cache = Cache::open(config).await.unwrap();
    let object = cache.object(&bench.origin, "a").await.unwrap();
    bench.s3.inject(Rule::any(), Fault::Trickle { piece: 1, pause: Duration::from_millis(20) });
    assert_eq!(read(&object, 4 * BLOCK..5 * BLOCK).await.unwrap_err().kind(), Kind::Timeout);
}

#[tokio::test]
async fn a_new_tag_in_the_middle_is_changed_and_never_spliced() {
    let bench = bench().await;
    let error = bench.read_with(1, Fault::OtherTag).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Changed);
    let object = bench.object().await;
    assert!(read(&object, 0..8 * BLOCK).await.unwrap() == bench.bytes);
}

#[tokio::test]
async fn an_object_replaced_between_a_break_and_its_resumption_is_changed() {
    let bench = bench_with(Duration::from_millis(700)).await;
    let object = bench.object().await;
    bench.s3.inject(Rule::any().times(1), Fault::Stall { after: 600_000 });
    let (result, ()) = tokio::join!(read(&object, BLOCK..8 * BLOCK), async {
        bench.s3.arrived(2).await;
        bench.s3.put("films", "a", content(9 * B));
    });
    assert_eq!(result.unwrap_err().kind(), Kind::Changed);
    assert!(read(&object, BLOCK..2 * BLOCK).await.unwrap() == bench.bytes[B..2 * B], "whole blocks are kept");
    assert_eq!(bench.cache.object(&bench.origin, "a").await.unwrap().length(), 9 * BLOCK);
}

#[tokio::test]
async fn answers_of_the_wrong_length_keep_nothing() {
    for fault in [
        Fault::LongLength { extra: 5 },
        Fault::LongBody { extra: 5 },
        Fault::ShiftedRange { by: 1 },
        Fault::IgnoreRange,
    ] {
        let bench = bench().await;
        let error = bench.read_with(1, fault.clone()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::WrongLength, "{fault:?}");
        let object = bench.object().await;
        assert!(read(&object, 0..8 * BLOCK).await.unwrap() == bench.bytes, "{fault:?}");
        assert_eq!(bench.s3.requests().last().unwrap().range, Some(BLOCK..8 * BLOCK), "{fault:?}");
    }
}

#[tokio::test]
async fn an_object_without_a_version_is_refused() {
    let bench = bench().await;
    bench.s3.inject(Rule::any(), Fault::NoTag);
    assert_eq!(bench.cache.object(&bench.origin, "a").await.unwrap_err().kind(), Kind::NoVersion);
}

#[tokio::test]
async fn missing_and_forbidden_carry_the_code_and_are_remembered() {
    let bench = bench().await;
    bench.s3.inject(Rule::key("films/locked"), Fault::access_denied());
    for _ in 0..3 {
        let missing = bench.cache.object(&bench.origin, "none").await.unwrap_err();
        assert!(missing.kind() == Kind::Missing && missing.to_string().contains("NoSuchKey"), "{missing}");
        let locked = bench.cache.object(&bench.origin, "locked").await.unwrap_err();
        assert!(locked.kind() == Kind::Forbidden && locked.to_string().contains("AccessDenied"), "{locked}");
    }
    assert_eq!(bench.s3.requests().len(), 2);
}

#[tokio::test]
async fn the_limit_of_requests_to_one_origin_holds() {
    let bench = bench().await;
    let mut config = Config::default();
    config.limits.requests_per_origin = 2;
    let cache = Cache::open(config).await.unwrap();
    bench.s3.inject(Rule::any(), Fault::Silent);
    let openers: Vec<_> = (0..6)
        .map(|number| {
            let (cache, origin) = (cache.clone(), bench.origin.clone());
            tokio::spawn(async move { cache.object(&origin, &format!("key {number}")).await.map(drop) })
        })
        .collect();
    bench.s3.arrived(2).await;
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(cache.origin_counters()[0].1.running, 2);
    assert_eq!(bench.s3.requests().len(), 2);
    openers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn the_counters_of_an_origin_tell_requests_bytes_and_errors() {
    let bench = bench().await;
    bench.read_with(1, Fault::internal_error()).await.unwrap();
    let (id, counters) = bench.cache.origin_counters().remove(0);
    assert_eq!(&id, bench.origin.id());
    assert_eq!((counters.requests, counters.bytes, counters.errors), (3, 8 * BLOCK, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_viewers_of_a_cold_title_cost_its_bytes_once() {
    let bench = bench().await;
    let bytes = content(60 * B + 5);
    bench.s3.put("films", "title", bytes.clone());
    bench.s3.set_latency(Duration::from_millis(5));
    let cache = Cache::open(Config::default()).await.unwrap();
    let viewers: Vec<_> = (0..100)
        .map(|_| {
            let (cache, origin, bytes) = (cache.clone(), bench.origin.clone(), bytes.clone());
            tokio::spawn(async move {
                let object = cache.object(&origin, "title").await.unwrap();
                for start in (0..bytes.len()).step_by(500_000) {
                    let end = (start + 500_000).min(bytes.len());
                    assert!(read(&object, start as u64..end as u64).await.unwrap() == bytes[start..end]);
                }
            })
        })
        .collect();
    for viewer in viewers {
        viewer.await.unwrap();
    }
    assert!(bench.s3.bytes() <= bytes.len() as u64 * 105 / 100, "{}", bench.s3.bytes());
}

#[tokio::test(start_paused = true)]
async fn a_silent_origin_is_waited_for_no_longer_than_the_deadline() {
    let origin = millrace_origin::MemoryOrigin::new("silent");
    let _held = origin.hold();
    let origin: Arc<dyn Origin> = Arc::new(origin);
    let cache = Cache::open(Config::default()).await.unwrap();
    let start = tokio::time::Instant::now();
    assert_eq!(cache.object(&origin, "a").await.unwrap_err().kind(), Kind::Timeout);
    assert!(start.elapsed() <= Duration::from_secs(11), "{:?}", start.elapsed());
}
