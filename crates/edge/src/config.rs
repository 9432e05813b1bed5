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
    /// Handshakes with arithmetic, RTMPE's and TLS's, in one second; more wait.
    pub handshakes_per_second: u32,
    /// Those that wait; the connections of more are closed.
    pub handshakes_waiting: usize,
    /// Those from one address in one second; the connections of more are closed.
    pub handshakes_per_address: u32,
    /// Signatures of names verified in one second; more wait. Those that are known are not verified again.
    pub signatures_per_second: u32,
    /// Signatures that wait; more are refused.
    pub signatures_waiting: usize,
    /// Signatures from one address in one second that may turn out to be none; then all new ones from there are
    /// refused for the rest of the second.
    pub bad_signatures_per_address: u32,
    /// Signatures that are known to be good.
    pub signatures_known: usize,
    /// How long after a signature's end a viewer who began in time may seek.
    pub seek_grace: Duration,
    /// RTMPT sessions at one time.
    pub tunnels: usize,
    /// RTMPT sessions at one time from one address.
    pub tunnels_per_address: usize,
    /// How long an RTMPT session lives without a request.
    pub tunnel_silence: Duration,
    /// How long an answer without content is held while something plays, so that a client does not ask at once again.
    pub tunnel_hold: Duration,
    /// Bytes in the body of an RTMPT request.
    pub tunnel_request: usize,
    /// Bytes in the body of an answer.
    pub tunnel_body: usize,
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
            handshakes_per_second: 500,
            handshakes_waiting: 1000,
            handshakes_per_address: 100,
            signatures_per_second: 2000,
            signatures_waiting: 1000,
            bad_signatures_per_address: 20,
            signatures_known: 100_000,
            seek_grace: Duration::ZERO,
            tunnels: 10_000,
            tunnels_per_address: 1_000,
            tunnel_silence: Duration::from_secs(45),
            tunnel_hold: Duration::from_secs(1),
            tunnel_request: 64 << 10,
            tunnel_body: 1 << 20,
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
