//! Every bound of the cache, by name.

use crate::BLOCK;
use millrace_web::Bounds;
use std::path::PathBuf;
use std::time::Duration;

/// How long CloudFront's RTMP distributions believed what they knew of an object: a day unless it says something, an hour
/// at least, a hundred years at most.
pub const STREAMING: Bounds = Bounds {
    min: Duration::from_secs(3600),
    default: Duration::from_secs(24 * 3600),
    max: Duration::from_secs(100 * 365 * 24 * 3600),
};

/// Every bound of the cache, by name.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bytes of blocks kept in memory. Below 1 MiB there is no room to keep any.
    pub memory_bytes: u64,
    /// The disk tier; `None` keeps nothing on disk.
    pub disk: Option<Disk>,
    /// How long a found version is believed by those who do not say for how long.
    pub ttl: Bounds,
    /// How long "missing" and "forbidden" are believed, and how long a stale answer is before asking again.
    pub negative_ttl: Duration,
    /// Bytes of whole answers kept in memory for web distributions, and at most as many on their way.
    pub copies_bytes: u64,
    /// The longest answer that is kept whole; longer ones are kept in blocks if their origin sends ranges, or not at all.
    pub longest_copy: u64,
    /// Entries of the object table, and names of whole answers.
    pub objects: usize,
    /// Origins with a state of their own (counters, request limit).
    pub origins: usize,
    /// How origins are asked.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            disk: None,
            ttl: STREAMING,
            negative_ttl: Duration::from_secs(5),
            copies_bytes: 64 << 20,
            longest_copy: 16 << 20,
            objects: 100_000,
            origins: 1024,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// How far one reader may be read ahead: as configured, but never so much of memory that a few readers
    /// push out each other's.
    pub(crate) fn read_ahead_most(&self) -> u64 {
        self.limits.read_ahead_bytes.min(self.memory_bytes / 16)
    }

    /// How far all readers together may be read ahead.
    pub(crate) fn read_ahead_total(&self) -> u64 {
        self.memory_bytes / 4
    }
}

/// The disk tier.
#[derive(Debug, Clone)]
pub struct Disk {
    /// A directory of its own; made if it is not there.
    pub dir: PathBuf,
    /// Bytes of blocks kept there.
    pub bytes: u64,
    /// Bytes of blocks that wait in memory to be written.
    pub queue_bytes: u64,
    /// How long a fetch waits for room in that queue before its block is not written.
    pub queue_wait: Duration,
    /// Blocking reads at one time.
    pub reads: usize,
    /// How long nothing is written after a write failed.
    pub pause_after_error: Duration,
    /// How often the object table is written, if it changed.
    pub save_table_every: Duration,
}

impl Disk {
    /// `bytes` of blocks in `dir`.
    pub fn new(dir: impl Into<PathBuf>, bytes: u64) -> Self {
        Self {
            dir: dir.into(),
            bytes,
            queue_bytes: 64 << 20,
            queue_wait: Duration::from_millis(500),
            reads: 16,
            pause_after_error: Duration::from_secs(10),
            save_table_every: Duration::from_secs(30),
        }
    }
}

/// How origins are asked.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes all running fetches together may be about to deliver.
    pub in_flight_bytes: u64,
    /// Requests to one origin at one time.
    pub requests_per_origin: usize,
    /// The longest range asked in one request for a reader that waits.
    pub longest_request: u64,
    /// How far ahead of a sequential reader is read, and the longest request made for that. All readers together
    /// get at most a quarter of the memory, and one a sixteenth.
    pub read_ahead_bytes: u64,
    /// Longest wait for the headers of an answer.
    pub answer_timeout: Duration,
    /// Longest wait for the next piece of a body.
    pub stall_timeout: Duration,
    /// Longest time in which one block must be complete; catches origins that trickle.
    pub block_timeout: Duration,
    /// How long failures are answered by trying again, counted from the last byte that arrived.
    pub retry_deadline: Duration,
    /// The first pause between tries; it doubles up to 2 s.
    pub first_backoff: Duration,
    /// Longest wait for an origin when an older answer could be used instead.
    pub revalidate_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight_bytes: 256 << 20,
            requests_per_origin: 64,
            longest_request: 64 << 20,
            read_ahead_bytes: 4 << 20,
            answer_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(5),
            block_timeout: Duration::from_secs(30),
            retry_deadline: Duration::from_secs(10),
            first_backoff: Duration::from_millis(50),
            revalidate_timeout: Duration::from_secs(2),
        }
    }
}

impl Limits {
    /// Blocks all fetches together may be about to deliver; at least one, or nothing would ever move.
    pub(crate) fn blocks_in_flight(&self) -> u32 {
        u32::try_from((self.in_flight_bytes / BLOCK).clamp(1, 1 << 20)).unwrap_or(1)
    }

    /// Blocks in one request; never more than may be in flight, or it would wait for ever.
    pub(crate) fn blocks_per_request(&self) -> u64 {
        (self.longest_request / BLOCK).clamp(1, self.blocks_in_flight().into())
    }
}
