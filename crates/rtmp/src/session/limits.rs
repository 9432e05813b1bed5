//! Bounds for one viewer's connection, and the clocks and counters that hold it to them.

use std::time::Duration;

use crate::{Error, chunk};

/// Bounds for one viewer's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bounds of the chunk reader.
    pub chunk: chunk::Limits,
    /// From the first byte we could have got to the end of the handshake.
    pub handshake: Duration,
    /// From the handshake to connect.
    pub connect: Duration,
    /// Without a stream that plays, from the last command on.
    pub idle: Duration,
    /// Silence after which a ping is sent.
    pub ping: Duration,
    /// Silence after a ping that ends the connection.
    pub ping_answer: Duration,
    /// Play streams at one time.
    pub streams: usize,
    /// Commands in any one second.
    pub commands_per_second: u32,
    /// Bytes in a stream name.
    pub name: usize,
    /// The size of the chunks that we send.
    pub chunk_size: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            chunk: chunk::Limits::VIEWER,
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            ping: Duration::from_secs(60),
            ping_answer: Duration::from_secs(30),
            streams: 8,
            commands_per_second: 100,
            name: 4096,
            chunk_size: 65536,
        }
    }
}

/// What we owe the peer in acknowledgements.
#[derive(Debug, Default)]
pub(super) struct Acknowledgement {
    pub(super) window: u32,
    pub(super) received: u32,
    pub(super) sent_at: u32,
}

/// When things happened that a timeout depends on.
#[derive(Debug, Default)]
pub(super) struct Clock {
    pub(super) phase_began: Duration,
    pub(super) last_byte: Duration,
    pub(super) last_command: Duration,
    pub(super) pinged: Option<Duration>,
}

/// Counts commands in the current second.
#[derive(Debug, Default)]
pub(super) struct CommandRate {
    pub(super) second: u64,
    pub(super) count: u32,
}

impl CommandRate {
    /// One more at `now`; fails beyond `most` in a second.
    pub(super) fn count(&mut self, now: Duration, most: u32) -> Result<(), Error> {
        if self.second != now.as_secs() {
            *self = Self { second: now.as_secs(), count: 0 };
        }
        self.count += 1;
        if self.count > most { Err(Error::TooManyCommands(most)) } else { Ok(()) }
    }
}
