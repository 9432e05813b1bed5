//! The cache over its disk tier: restarts, crashes, trouble with the directory.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod common;

use bytes::Bytes;
use common::{B, check_all, content, memory, read};
use millrace_cache::{BLOCK, Cache, Config, Disk};
use millrace_origin::{Answer, Error, Kind, MemoryOrigin, ObjectInfo, Origin, OriginId, Read, Version};
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn config(dir: &Path, memory: u64, disk: u64) -> Config {
    Config { memory_bytes: memory, disk: Some(Disk::new(dir, disk)), ..Config::default() }
}

#[tokio::test]
async fn a_restart_serves_from_disk_while_the_origin_is_down() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, shared, bytes) = memory(20 * B + 5);
    let cache = Cache::open(config(dir.path(), 4 << 20, 64 << 20)).await.unwrap();
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    cache.close().await;
    drop(cache);
    origin.fail_next(vec![Kind::Unavailable; 1000]);
    let before = origin.tally("a");
    let cache = Cache::open(config(dir.path(), 4 << 20, 64 << 20)).await.unwrap();
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    assert_eq!(origin.tally("a"), before);
    assert_eq!(cache.counters().disk_hits, 21);
}

#[tokio::test]
async fn what_memory_lost_comes_from_disk_and_not_from_the_origin() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, shared, bytes) = memory(100 * B);
    let cache = Cache::open(config(dir.path(), 8 * BLOCK, 64 << 20)).await.unwrap();
    let object = cache.object(&shared, "a").await.unwrap();
    for _ in 0..3 {
        check_all(&object, &bytes).await;
    }
    assert_eq!(origin.tally("a").bytes, 100 * BLOCK);
}

#[tokio::test]
async fn a_new_version_does_not_see_the_blocks_of_the_old() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, shared, bytes) = memory(10 * B);
    let cache = Cache::open(config(dir.path(), BLOCK, 64 << 20)).await.unwrap();
    check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
    cache.close().await;
    drop(cache);
    let new = content(11 * B);
    origin.put("a", new.clone());
    fs::remove_file(dir.path().join("objects")).unwrap();
    let cache = Cache::open(config(dir.path(), BLOCK, 64 << 20)).await.unwrap();
    check_all(&cache.object(&shared, "a").await.unwrap(), &new).await;
}

#[tokio::test]
async fn dropped_in_the_middle_and_damaged_at_random_it_never_gives_wrong_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let (_, shared, bytes) = memory(60 * B + 99);
    let mut seed = 99_u64;
    let mut random = move |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most.max(1)
    };
    for round in 0..12 {
        // Smaller than the object, so that slots are used again and again.
        let cache = Cache::open(config(dir.path(), 2 * BLOCK, 40 * BLOCK)).await.unwrap();
        let object = cache.object(&shared, "a").await.unwrap();
        check_all(&object, &bytes).await;
        let from = random(50) * BLOCK;
        let reader = tokio::spawn(async move { read(&object, from..from + 9 * BLOCK).await });
        tokio::task::yield_now().await;
        reader.abort();
        drop(cache);
        damage(&dir.path().join("data"), round, &mut random);
        damage(&dir.path().join("index"), round, &mut random);
    }
}

/// Overwrites, cuts or leaves a file that may be in use.
fn damage(path: &Path, round: u32, random: &mut impl FnMut(u64) -> u64) {
    use std::os::unix::fs::FileExt;
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    match round % 3 {
        0 => (0..20).for_each(|_| file.write_all_at(&[random(256) as u8; 40], random(length)).unwrap()),
        1 => file.set_len(random(length)).unwrap(),
        _ => {}
    }
}

#[tokio::test]
async fn an_unusable_directory_means_memory_only_and_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    let (_, shared, bytes) = memory(5 * B);
    for path in [file.clone(), file.join("below")] {
        let cache = Cache::open(config(&path, 64 << 20, 64 << 20)).await.unwrap();
        check_all(&cache.object(&shared, "a").await.unwrap(), &bytes).await;
        assert_eq!(cache.counters().disk_errors, 1);
        cache.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_directory_in_use_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Cache::open(config(dir.path(), 1 << 20, 1 << 20)).await.unwrap();
    let error = Cache::open(config(dir.path(), 1 << 20, 1 << 20)).await.unwrap_err();
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
}

#[tokio::test]
async fn a_damaged_object_table_is_left_out_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, shared, _) = memory(10);
    let cache = Cache::open(config(dir.path(), 1 << 20, 8 << 20)).await.unwrap();
    for key in ["b", "c"] {
        origin.put(key, "x");
        cache.object(&shared, key).await.unwrap();
    }
    cache.close().await;
    drop(cache);
    let table = fs::read_to_string(dir.path().join("objects")).unwrap();
    fs::write(dir.path().join("objects"), table.replacen("\"key\":\"b\"", "\"key\":b", 1)).unwrap();
    let cache = Cache::open(config(dir.path(), 1 << 20, 8 << 20)).await.unwrap();
    cache.object(&shared, "c").await.unwrap();
    assert_eq!(cache.counters().object_hits, 1);
    cache.object(&shared, "b").await.unwrap();
    assert_eq!(cache.counters().object_misses, 1);
}

/// An origin whose bytes are made up as they are read, so that a large object needs no memory.
struct Made {
    id: OriginId,
    length: u64,
    piece: Bytes,
}

impl Made {
    fn new(length: u64) -> Self {
        Self { id: OriginId::new("made"), length, piece: content(B + 1009) }
    }

    /// The bytes from `start` on, at most to the end of its block; no two blocks are alike.
    fn bytes(&self, start: u64) -> Bytes {
        let (index, within) = (start / BLOCK, (start % BLOCK) as usize);
        let shift = (index % 1009) as usize;
        self.piece.slice(shift + within..shift + B.min((self.length - index * BLOCK) as usize))
    }
}

#[async_trait::async_trait]
impl Origin for Made {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn read(&self, _: &str, request: Read) -> Result<Answer, Error> {
        let range = request.range.start..request.range.end.min(self.length);
        let made = Self { id: self.id.clone(), length: self.length, piece: self.piece.clone() };
        let pieces = futures::stream::unfold(range.clone(), move |rest| {
            let mut piece = if rest.is_empty() { Bytes::new() } else { made.bytes(rest.start) };
            piece.truncate((rest.end - rest.start) as usize);
            let next = rest.start + piece.len() as u64..rest.end;
            std::future::ready((!piece.is_empty()).then_some((Ok(piece), next)))
        });
        let object = ObjectInfo::new(Version::new("made"), self.length);
        Ok(Answer { object, range, body: Box::pin(pieces) })
    }
}

/// Reads all of the object by blocks and compares.
async fn read_through(cache: &Cache, made: &Arc<Made>) {
    let origin: Arc<dyn Origin> = made.clone();
    let object = cache.object(&origin, "film").await.unwrap();
    for start in (0..object.length()).step_by(B) {
        let expected = made.bytes(start);
        let got = object.read(start..start + expected.len() as u64).await.unwrap();
        assert!(got.concat() == expected, "byte {start} and following are wrong");
    }
}

/// Fills the cache as fast as the origin gives, closes, opens again, and says which share came from disk.
async fn kept_after_restart(bytes: u64) -> f64 {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let made = Arc::new(Made::new(bytes));
    let open = || Cache::open(config(dir.path(), 16 << 20, bytes + (64 << 20)));
    let cache = open().await.unwrap();
    read_through(&cache, &made).await;
    cache.close().await;
    let counters = cache.counters();
    drop(cache);
    let cache = open().await.unwrap();
    read_through(&cache, &made).await;
    let blocks = bytes.div_ceil(BLOCK);
    let again = cache.counters();
    assert!(again.disk_hits <= blocks + blocks / 100, "blocks were read from disk twice: {again:?}");
    eprintln!("{blocks} blocks: {} writes dropped, then {} misses", counters.disk_drops, again.misses);
    1.0 - again.misses as f64 / blocks as f64
}

/// The size is 64 MiB; the full suite sets `MILLRACE_RESTART_MIB=2048`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fill_at_origin_speed_is_found_after_a_restart() {
    let mebibytes =
        std::env::var("MILLRACE_RESTART_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(64);
    let kept = kept_after_restart(mebibytes << 20).await;
    assert!(kept >= 0.99, "only {:.2} % of the blocks came from disk", kept * 100.0);
}

#[tokio::test]
async fn the_memory_origin_of_another_name_shares_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(config(dir.path(), 1 << 20, 8 << 20)).await.unwrap();
    for name in ["one", "two"] {
        let origin = MemoryOrigin::new(name);
        origin.put("a", name.to_owned());
        let shared: Arc<dyn Origin> = Arc::new(origin);
        let object = cache.object(&shared, "a").await.unwrap();
        assert_eq!(read(&object, 0..3).await.unwrap(), name.as_bytes());
    }
}
