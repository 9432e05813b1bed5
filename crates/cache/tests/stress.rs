//! Everything at once on several threads: whatever is interrupted, no read is wrong and none hangs.

mod common;

use common::{B, content};
use millrace_cache::{BLOCK, Cache, Config, Disk};
use millrace_origin::{Kind, MemoryOrigin, Origin};
use std::sync::Arc;
use std::time::Duration;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reads_prefetches_departures_and_failures_together_give_right_bytes() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let origin = MemoryOrigin::new("stress");
    let contents: Vec<_> = (0..4).map(|number| content((20 + number * 13) * B + 77 * number)).collect();
    for (number, content) in contents.iter().enumerate() {
        origin.put(&number.to_string(), content.clone());
    }
    let mut config = Config { memory_bytes: 12 * BLOCK, ..Config::default() };
    config.disk = Some(Disk { queue_bytes: 4 * BLOCK, ..Disk::new(dir.path(), 60 * BLOCK) });
    config.limits.in_flight_bytes = 24 * BLOCK;
    config.limits.requests_per_origin = 3;
    config.limits.first_backoff = Duration::from_millis(1);
    let cache = Cache::open(config).await.expect("a cache");
    let shared: Arc<dyn Origin> = Arc::new(origin.clone());
    let viewers: Vec<_> = (0..24)
        .map(|seed| {
            tokio::spawn(viewer(seed, cache.clone(), shared.clone(), origin.clone(), contents.clone()))
        })
        .collect();
    for viewer in viewers {
        viewer.await.expect("no viewer sees wrong bytes");
    }
    cache.close().await;
}

async fn viewer(
    seed: u64,
    cache: Cache,
    shared: Arc<dyn Origin>,
    origin: MemoryOrigin,
    contents: Vec<bytes::Bytes>,
) {
    let mut numbers = Numbers(seed);
    for _ in 0..60 {
        let number = numbers.below(contents.len() as u64) as usize;
        let content = &contents[number];
        let length = content.len() as u64;
        let object = cache.object(&shared, &number.to_string()).await.expect("opened");
        if numbers.below(10) == 0 {
            origin.fail_next([Kind::Unavailable, Kind::Truncated]);
        }
        let start = numbers.below(length);
        let end = (start + 1 + numbers.below(12 * BLOCK)).min(length);
        match numbers.below(4) {
            0 => object.prefetch(start..end),
            1 => {
                // A viewer who leaves at some point of the read.
                let leaving = tokio::spawn(async move { object.read(start..end).await.map(drop) });
                for _ in 0..numbers.below(20) {
                    tokio::task::yield_now().await;
                }
                leaving.abort();
            }
            _ => {
                let got = object.read(start..end).await.expect("read").concat();
                assert!(got == content[start as usize..end as usize], "{start}..{end} of {number}");
            }
        }
    }
}
