use super::medium::Part;
use super::*;
use crate::{Cache, Config};
use millrace_origin::{MemoryOrigin, Origin};
use std::io;

/// Two files in memory that fail on request.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<FakeState>>);

#[derive(Default)]
struct FakeState {
    data: Vec<u8>,
    index: Vec<u8>,
    full: bool,
    unreadable: bool,
}

impl Fake {
    fn with<T>(&self, work: impl FnOnce(&mut FakeState) -> T) -> T {
        work(&mut self.0.lock().unwrap())
    }
}

impl FakeState {
    fn file(&mut self, part: Part) -> &mut Vec<u8> {
        match part {
            Part::Data => &mut self.data,
            Part::Index => &mut self.index,
        }
    }
}

impl Medium for Fake {
    fn read(&self, part: Part, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.with(|state| {
            if state.unreadable {
                return Err(io::Error::other("the disk cannot be read"));
            }
            let at = at as usize;
            let from = state.file(part).get(at..at + bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            bytes.copy_from_slice(from);
            Ok(())
        })
    }

    fn write(&self, part: Part, bytes: &[u8], at: u64) -> io::Result<()> {
        self.with(|state| {
            if state.full {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let (file, at) = (state.file(part), at as usize);
            file.resize(file.len().max(at + bytes.len()), 0);
            file[at..at + bytes.len()].copy_from_slice(bytes);
            Ok(())
        })
    }

    fn length(&self, part: Part) -> io::Result<u64> {
        Ok(self.with(|state| state.file(part).len() as u64))
    }

    fn cut(&self, part: Part, length: u64) -> io::Result<()> {
        self.with(|state| state.file(part).truncate(length as usize));
        Ok(())
    }
}

fn object() -> ObjectId {
    ObjectId::from_bytes([5; 16])
}

fn key(index: u64) -> BlockKey {
    BlockKey { object: object(), index }
}

/// Block `index` of the tests: its length and bytes differ from every other's.
fn block(index: u64) -> Bytes {
    (0..1000 + index as usize).map(|place| (place as u64 * 31 + index) as u8).collect::<Vec<_>>().into()
}

fn config(blocks: u64) -> Disk {
    Disk { pause_after_error: Duration::ZERO, ..Disk::new("unused", blocks * BLOCK) }
}

fn tier(medium: &Fake, config: &Disk) -> (DiskTier, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::default());
    (DiskTier::with(Box::new(medium.clone()), config, metrics.clone()), metrics)
}

async fn flush(tier: &DiskTier) {
    tier.close().await;
    tier.closed.store(false, Relaxed);
}

async fn fill(tier: &DiskTier, indices: Range<u64>) {
    for index in indices {
        assert!(tier.offer(key(index), &block(index)));
        flush(tier).await;
    }
}

/// Reads each block alone; whatever is found must be right. Says how many were found.
async fn check(tier: &DiskTier, indices: Range<u64>) -> usize {
    let mut found = 0;
    for index in indices {
        for bytes in tier.read(object(), index..index + 1).await {
            assert!(bytes == block(index), "block {index} holds wrong data");
            found += 1;
        }
    }
    found
}

#[tokio::test]
async fn blocks_are_found_again_by_the_next_process() {
    let medium = Fake::default();
    let (first, metrics) = tier(&medium, &config(10));
    fill(&first, 0..7).await;
    assert_eq!(metrics.disk_writes.get(), 7);
    let (second, _) = tier(&medium, &config(10));
    assert_eq!(second.here(object(), &(0..20)), 7);
    assert_eq!(check(&second, 0..7).await, 7);
}

#[tokio::test]
async fn a_full_tier_replaces_blocks_and_stays_within_its_bytes() {
    let medium = Fake::default();
    let (tier, metrics) = tier(&medium, &config(4));
    fill(&tier, 0..20).await;
    assert_eq!(check(&tier, 0..20).await, 4);
    assert_eq!(metrics.disk_evictions.get(), 16);
    assert!(medium.with(|state| state.data.len() as u64) <= 4 * BLOCK);
}

#[tokio::test]
async fn a_queued_block_can_be_read_before_it_is_written() {
    let medium = Fake::default();
    let (tier, _) = tier(&medium, &config(4));
    let held = hold(&medium);
    assert!(tier.offer(key(1), &block(1)));
    assert_eq!(check(&tier, 1..2).await, 1);
    drop(held);
}

#[tokio::test]
async fn flipped_bytes_in_either_file_are_misses_and_never_wrong_data() {
    let medium = Fake::default();
    fill(&tier(&medium, &config(16)).0, 0..16).await;
    let mut seed = 12345_u64;
    let mut random = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    for round in 0..60 {
        let copy = Fake::default();
        medium.with(|from| copy.with(|to| (to.data, to.index) = (from.data.clone(), from.index.clone())));
        copy.with(|state| {
            for _ in 0..1 + round {
                let (place, slot) = (random(1000), random(16));
                state.data[slot * BLOCK as usize + place] ^= 1 << random(8);
                let place = random(state.index.len());
                state.index[place] ^= 1 << random(8);
            }
            let (data, index) = (random(2 * state.data.len()), random(2 * state.index.len()));
            state.data.truncate(data);
            state.index.truncate(index);
        });
        let (tier, metrics) = tier(&copy, &config(16));
        check(&tier, 0..16).await;
        let corrupt = metrics.disk_corrupt.get();
        check(&tier, 0..16).await;
        assert_eq!(metrics.disk_corrupt.get(), corrupt, "a bad slot was tried twice");
        fill(&tier, 0..16).await;
        assert_eq!(check(&tier, 0..16).await, 16, "freed slots are used again");
    }
}

#[tokio::test]
async fn records_that_name_another_slots_data_are_misses() {
    let medium = Fake::default();
    fill(&tier(&medium, &config(2)).0, 0..2).await;
    medium.with(|state| {
        let (one, two) = (state.index[64..128].to_vec(), state.index[128..192].to_vec());
        state.index[64..128].copy_from_slice(&two);
        state.index[128..192].copy_from_slice(&one);
    });
    let (tier, metrics) = tier(&medium, &config(2));
    assert_eq!(check(&tier, 0..2).await, 0);
    assert!(metrics.disk_corrupt.get() + metrics.disk_errors.get() > 0);
}

#[tokio::test]
async fn another_format_or_no_index_starts_empty() {
    for index in [&b"MILLRACE\x63"[..], b"", &[0; 500]] {
        let medium = Fake::default();
        fill(&tier(&medium, &config(4)).0, 0..4).await;
        medium
            .with(|state| state.index.splice(..index.len().min(10), index.iter().take(10).copied()).count());
        if index.is_empty() {
            medium.with(|state| state.index.clear());
        }
        let (tier, _) = tier(&medium, &config(4));
        assert_eq!(tier.here(object(), &(0..4)), 0);
        fill(&tier, 0..4).await;
        assert_eq!(check(&tier, 0..4).await, 4);
    }
}

#[tokio::test]
async fn a_smaller_size_gives_the_rest_back() {
    let medium = Fake::default();
    fill(&tier(&medium, &config(8)).0, 0..8).await;
    let (tier, _) = tier(&medium, &config(3));
    assert_eq!(check(&tier, 0..8).await, 3);
    assert!(medium.with(|state| state.data.len() as u64) <= 3 * BLOCK);
}

#[tokio::test]
async fn a_full_disk_costs_writes_only_and_is_used_again_when_it_can() {
    let medium = Fake::default();
    let (tier, metrics) = tier(&medium, &config(8));
    fill(&tier, 0..2).await;
    medium.with(|state| state.full = true);
    fill(&tier, 2..5).await;
    assert_eq!(check(&tier, 0..5).await, 2);
    assert_eq!((metrics.disk_errors.get(), metrics.disk_drops.get()), (3, 3));
    medium.with(|state| state.full = false);
    fill(&tier, 2..8).await;
    assert_eq!(check(&tier, 0..8).await, 8);
}

#[tokio::test]
async fn after_a_failed_write_nothing_is_tried_for_a_while() {
    let medium = Fake::default();
    let patient = Disk { pause_after_error: Duration::from_secs(1000), ..config(8) };
    let (tier, metrics) = tier(&medium, &patient);
    medium.with(|state| state.full = true);
    fill(&tier, 0..5).await;
    assert_eq!((metrics.disk_errors.get(), metrics.disk_drops.get()), (1, 5));
}

#[tokio::test]
async fn an_unreadable_disk_is_a_miss() {
    let medium = Fake::default();
    let (tier, metrics) = tier(&medium, &config(8));
    fill(&tier, 0..2).await;
    medium.with(|state| state.unreadable = true);
    assert_eq!(check(&tier, 0..2).await, 0);
    assert_eq!(metrics.disk_errors.get(), 2);
    assert_eq!(tier.here(object(), &(0..2)), 0, "nobody tries again");
}

#[tokio::test]
async fn a_removed_block_stays_away_after_a_restart() {
    let medium = Fake::default();
    let (first, _) = tier(&medium, &config(4));
    fill(&first, 0..2).await;
    first.remove(&key(0));
    assert_eq!(check(&tier(&medium, &config(4)).0, 0..2).await, 1);
}

/// Lets every access to the medium wait until the answer is dropped.
fn hold(medium: &Fake) -> std::sync::mpsc::Sender<()> {
    let (release, wait) = std::sync::mpsc::channel();
    let (locked, ready) = std::sync::mpsc::channel();
    let medium = medium.clone();
    std::thread::spawn(move || {
        let _held = medium.0.lock().unwrap();
        locked.send(()).unwrap();
        // Ends when the sender is dropped.
        let _: Result<(), _> = wait.recv();
    });
    ready.recv().unwrap();
    release
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_waited_for_once_and_then_drops() {
    let medium = Fake::default();
    let narrow = Disk { queue_bytes: BLOCK, ..config(8) };
    let (tier, metrics) = tier(&medium, &narrow);
    // The writer cannot finish a block while the test holds the medium.
    let held = hold(&medium);
    assert!(tier.offer(key(0), &block(0)));
    // The writer takes the block from the queue and is stuck with it; the next one fills the queue.
    while tier.jobs.capacity() == 0 {
        std::thread::yield_now();
    }
    assert!(tier.offer(key(1), &block(1)));
    assert!(!tier.offer(key(2), &block(2)));
    tier.offer_later(key(2), &block(2)).await;
    assert_eq!(metrics.disk_drops.get(), 1);
    assert!(tier.behind.load(Relaxed));
    drop(held);
    flush(&tier).await;
    assert!(tier.offer(key(2), &block(2)));
    flush(&tier).await;
    assert_eq!(check(&tier, 0..3).await, 3);
}

#[tokio::test(start_paused = true)]
async fn two_processes_cannot_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = Files::open(dir.path()).await.unwrap();
    assert!(first.is_some());
    let Err(error) = Files::open(dir.path()).await else { panic!("shared") };
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    drop(first);
    assert!(Files::open(dir.path()).await.unwrap().is_some());
}

#[tokio::test]
async fn no_trouble_of_the_disk_reaches_a_viewer() {
    let medium = Fake::default();
    let (tier, metrics) = tier(&medium, &config(30));
    let tight = Config { memory_bytes: 2 * BLOCK, ..Config::default() };
    let cache = Cache::with(tight, metrics.clone(), Some(tier));
    let (origin, bytes) = (MemoryOrigin::new("o"), vec![7; 20 * BLOCK as usize]);
    origin.put("a", bytes.clone());
    let origin: Arc<dyn Origin> = Arc::new(origin);
    let object = cache.object(&origin, "a").await.unwrap();
    for (full, unreadable) in [(false, false), (true, false), (false, true), (true, true), (false, false)] {
        medium.with(|state| (state.full, state.unreadable) = (full, unreadable));
        assert!(object.read(0..object.length()).await.unwrap().concat() == bytes, "full {full}");
    }
    assert!(metrics.disk_errors.get() > 0 && metrics.disk_writes.get() > 0);
}
