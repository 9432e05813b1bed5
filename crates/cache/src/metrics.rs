//! What the cache counts.

use millrace_origin::Kind;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const KINDS: usize = Kind::ALL.len();

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The running numbers behind [`Counters`].
        #[derive(Debug, Default)]
        pub(crate) struct Metrics {
            $(pub(crate) $name: Count,)*
            pub(crate) errors: [Count; KINDS],
        }

        /// What happened since the cache was opened.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
            /// Failed origin requests by `Kind as usize`.
            pub errors: [u64; KINDS],
        }

        impl Metrics {
            pub(crate) fn snapshot(&self) -> Counters {
                let errors = std::array::from_fn(|kind| self.errors[kind].get());
                Counters { $($name: self.$name.get(),)* errors }
            }
        }

        impl Counters {
            /// Every counter with its name, for an exporter.
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

counters! {
    /// Blocks found in memory.
    memory_hits,
    /// Blocks found on disk.
    disk_hits,
    /// Blocks that had to come from an origin.
    misses,
    /// Waits for a block that somebody else was fetching already.
    joins,
    /// Blocks pushed out of memory.
    memory_evictions,
    /// Blocks pushed out of the disk tier.
    disk_evictions,
    /// Requests sent to origins.
    origin_requests,
    /// Body bytes received from origins.
    origin_bytes,
    /// Requests repeated after a failure.
    retries,
    /// Fetches stopped because nobody wanted them any more.
    cancelled,
    /// Read-ahead not started because the origin was busy.
    read_ahead_skipped,
    /// Objects answered from the table.
    object_hits,
    /// Objects an origin was asked about.
    object_misses,
    /// "Missing" or "forbidden" answered from the table.
    negative_hits,
    /// Objects answered with an older version because the origin did not answer.
    stale_served,
    /// Whole answers found here.
    copy_hits,
    /// Whole answers that their origin confirmed.
    copy_refreshes,
    /// Whole answers that came from an origin.
    copy_misses,
    /// Blocks written to disk.
    disk_writes,
    /// Blocks not written because the disk was too slow or failing.
    disk_drops,
    /// Disk operations that failed.
    disk_errors,
    /// Blocks on disk whose check sum did not fit.
    disk_corrupt,
}

impl Metrics {
    pub(crate) fn error(&self, kind: Kind) {
        self.errors[kind as usize].one();
    }
}

impl Counters {
    /// Failed origin requests of one kind.
    pub fn errors_of(&self, kind: Kind) -> u64 {
        self.errors[kind as usize]
    }
}

/// What happened with one origin since the cache was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OriginCounters {
    /// Requests sent.
    pub requests: u64,
    /// Body bytes received.
    pub bytes: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Requests running now.
    pub running: u64,
}
