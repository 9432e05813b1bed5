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

/// How far a peer has acknowledged what it gets, if it wants no more on its way than that allows.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) declared: bool,
    pub(super) acknowledged: u32,
}

impl Gate {
    /// How many more bytes may be sent behind so many, of a window.
    pub(super) fn credit(&self, sent: u64, window: u32) -> u64 {
        if !self.declared {
            return u64::MAX;
        }
        // Both count on after 2^32. Who has acknowledged what was never sent has acknowledged everything.
        let ahead = (sent as u32).wrapping_sub(self.acknowledged);
        let unacknowledged = if ahead > u32::MAX / 2 { 0 } else { ahead };
        u64::from(window.saturating_sub(unacknowledged))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u32 = 1000;

    #[test]
    fn who_declares_nothing_gets_everything() {
        assert_eq!(Gate::default().credit(1 << 40, WINDOW), u64::MAX);
    }

    #[test]
    fn who_acknowledges_gets_a_window_beyond_that_and_no_more() {
        let credit = |acknowledged, sent| Gate { declared: true, acknowledged }.credit(sent, WINDOW);
        assert_eq!((credit(0, 0), credit(0, 400), credit(0, 1000), credit(0, 2000)), (1000, 600, 0, 0));
        assert_eq!((credit(400, 400), credit(400, 1000)), (1000, 400));
        assert_eq!(credit(5000, 400), 1000, "what was never sent");
    }

    #[test]
    fn both_counts_go_on_behind_four_gigabytes() {
        let gate = Gate { declared: true, acknowledged: u32::MAX - 99 };
        assert_eq!(gate.credit((1 << 32) + 100, WINDOW), 800);
        let gate = Gate { declared: true, acknowledged: 50 };
        assert_eq!(gate.credit((1 << 32) + 100, WINDOW), 950);
    }
}
