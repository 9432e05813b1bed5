//! Every bound of an edge, by name.

use std::time::Duration;

use millrace_rtmp::session;

/// Every bound of an edge, by name.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Viewers connected at one time.
    pub connections: usize,
    /// Viewers connected at one time from one address.
    pub connections_per_address: usize,
    /// Viewers accepted in one second; more wait in the kernel's queue.
    pub accepts_per_second: u32,
    /// Bounds of the protocol.
    pub session: session::Limits,
    /// The least that a viewer is kept ahead, whatever its player asks for.
    pub least_buffer: Duration,
    /// The most. rtmpdump asks for ten hours, which means "as fast as you can".
    pub most_buffer: Duration,
    /// How long a viewer may take nothing while bytes wait for it.
    pub stalled: Duration,
    /// Items that wait in one stream's playlist.
    pub playlist: usize,
    /// Bytes of segments kept in memory.
    pub segment_memory: u64,
    /// Bytes of indexes of open titles kept in memory.
    pub title_memory: u64,
    /// Bytes of one segment.
    pub segment_bytes: u64,
    /// How long a viewer whose connection ends is given to take its last bytes.
    pub linger: Duration,
    /// What is read from media files.
    pub media: millrace_media::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 5_000,
            accepts_per_second: 5_000,
            session: session::Limits::default(),
            least_buffer: Duration::from_secs(2),
            most_buffer: Duration::from_secs(12 * 3600),
            stalled: Duration::from_secs(300),
            playlist: 16,
            segment_memory: 256 << 20,
            title_memory: 128 << 20,
            segment_bytes: 64 << 20,
            linger: Duration::from_secs(3),
            media: millrace_media::Limits::default(),
        }
    }
}
