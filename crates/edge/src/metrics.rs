//! What an edge counts. Counted in process; how it leaves the process is somebody else's business.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use millrace_model::Variant;

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

/// What is counted for each variant.
#[derive(Debug, Default)]
pub(crate) struct VariantMetrics {
    pub(crate) connected: Count,
    pub(crate) refused: Count,
    pub(crate) bytes_sent: Count,
}

/// What happened to viewers of one variant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VariantCounters {
    /// connects accepted.
    pub connected: u64,
    /// connects refused because the distribution does not allow the variant.
    pub refused: u64,
    /// Bytes written: of RTMP, without TLS and HTTP around it.
    pub bytes_sent: u64,
}

impl VariantMetrics {
    fn snapshot(&self) -> VariantCounters {
        VariantCounters {
            connected: self.connected.0.load(Relaxed),
            refused: self.refused.0.load(Relaxed),
            bytes_sent: self.bytes_sent.0.load(Relaxed),
        }
    }
}

impl Metrics {
    /// Those of a variant.
    pub(crate) fn of(&self, variant: Variant) -> &VariantMetrics {
        &self.variants[variant as usize]
    }
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The running numbers behind [`Counters`].
        #[derive(Debug, Default)]
        pub struct Metrics {
            $(pub(crate) $name: Count,)*
            variants: [VariantMetrics; Variant::ALL.len()],
        }

        /// What happened since the edge was made.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
            /// The same for each variant, in the order of [`Variant::ALL`].
            pub variants: [VariantCounters; Variant::ALL.len()],
        }

        impl Metrics {
            /// The numbers at this moment.
            #[must_use]
            pub fn snapshot(&self) -> Counters {
                Counters {
                    $($name: self.$name.0.load(Relaxed),)*
                    variants: std::array::from_fn(|index| self.variants[index].snapshot()),
                }
            }
        }

        impl Counters {
            /// Every counter with its name, for an exporter.
            #[must_use]
            pub fn named(&self) -> Vec<(Cow<'static, str>, u64)> {
                let mut named = vec![$((stringify!($name).into(), self.$name),)*];
                for variant in Variant::ALL {
                    let VariantCounters { connected, refused, bytes_sent } = self.variants[variant as usize];
                    named.push((format!("{variant}.connected").into(), connected));
                    named.push((format!("{variant}.refused").into(), refused));
                    named.push((format!("{variant}.bytes_sent").into(), bytes_sent));
                }
                named
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
    /// Key exchanges of RTMPE asked for.
    exchanges,
    /// TLS handshakes made.
    tls_handshakes,
    /// Handshakes refused because too many were under way, in all or from their address.
    handshakes_refused,
    /// Players refused by SWF verification.
    swf_refused,
    /// HTTP requests.
    http_requests,
    /// Tunnels opened.
    tunnels_opened,
    /// Tunnels refused because there were too many, in all or from their address.
    tunnels_refused,
    /// Requests of tunnels that do not exist, or no longer.
    tunnels_unknown,
    /// WebSockets taken.
    websockets,
    /// Pages that were told that they may not play from here.
    pages_refused,
    /// Signatures of names that were verified.
    signatures_verified,
    /// Signatures that were known from before.
    signatures_known,
    /// Signatures that were none.
    signatures_bad,
    /// Signatures that were not looked at because too many waited, or too many bad ones came from their address.
    signatures_crowded,
    /// Plays, seeks and questions for lengths refused for want of a right to them.
    refused,
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
