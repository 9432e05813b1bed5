//! What an edge counts. Counted in process; how it leaves the process is somebody else's business.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that other tasks may change at any time.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The running numbers behind [`Counters`].
        #[derive(Debug, Default)]
        pub struct Metrics {
            $(pub(crate) $name: Count,)*
        }

        /// What happened since the edge was made.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Metrics {
            /// The numbers at this moment.
            #[must_use]
            pub fn snapshot(&self) -> Counters {
                Counters { $($name: self.$name.0.load(Relaxed),)* }
            }
        }

        impl Counters {
            /// Every counter with its name, for an exporter.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

metrics! {
    /// Connections taken.
    accepted,
    /// Connections closed at once because there were too many in all.
    refused_total,
    /// Connections closed at once because there were too many from their address.
    refused_address,
    /// connects refused.
    rejected,
    /// Plays that began.
    plays,
    /// Plays that could not.
    plays_failed,
    /// Seeks.
    seeks,
    /// Connections ended because the peer broke the protocol or a bound.
    protocol_errors,
    /// Connections ended because the peer was silent or took nothing.
    timeouts,
    /// Bytes written to viewers.
    bytes_sent,
    /// Segments packed.
    segments_built,
    /// Bytes of those.
    segment_bytes_built,
    /// Segments given to viewers, each counted as often as it was given.
    segments_sent,
}
