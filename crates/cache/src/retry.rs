//! When to try again, and how long to wait before.

use crate::Limits;
use std::time::Duration;
use tokio::time::Instant;

const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Tries without one complete block; ends what delivers a few bytes each time and then breaks.
const MOST_TRIES: u32 = 16;

/// Tries of one piece of work. The deadline counts from the last sign of life.
#[derive(Debug)]
pub(crate) struct Retry {
    deadline: Duration,
    first: Duration,
    pause: Duration,
    alive: Instant,
    tries: u32,
}

impl Retry {
    /// Begins to count now.
    pub(crate) fn new(limits: &Limits) -> Self {
        let first = limits.first_backoff.min(LONGEST_PAUSE);
        Self { deadline: limits.retry_deadline, first, pause: first, alive: Instant::now(), tries: 0 }
    }

    /// Some bytes arrived.
    pub(crate) fn alive(&mut self) {
        self.alive = Instant::now();
    }

    /// A block is complete: what fails next fails for the first time.
    pub(crate) fn progress(&mut self) {
        self.alive();
        (self.pause, self.tries) = (self.first, 0);
    }

    /// How long to wait before the next try, or `None` if there shall be none.
    pub(crate) fn pause(&mut self) -> Option<Duration> {
        let pause = jitter(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.tries += 1;
        (self.tries <= MOST_TRIES && self.alive.elapsed() + pause <= self.deadline).then_some(pause)
    }
}

/// Half of the pause and a random part of the rest, so that many waiters do not come back together.
fn jitter(pause: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    pause / 2 + (pause / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_until_the_deadline_and_start_over_after_progress() {
        let limits = Limits::default();
        let mut retry = Retry::new(&limits);
        let start = Instant::now();
        let mut tries = 0;
        while let Some(pause) = retry.pause() {
            assert!(pause <= LONGEST_PAUSE);
            tokio::time::sleep(pause).await;
            tries += 1;
        }
        assert!(start.elapsed() <= limits.retry_deadline && (8..20).contains(&tries), "{tries}");
        retry.progress();
        assert!(retry.pause().is_some_and(|pause| pause <= limits.first_backoff));
    }

    #[tokio::test(start_paused = true)]
    async fn signs_of_life_without_progress_do_not_go_on_for_ever() {
        let mut retry = Retry::new(&Limits::default());
        let mut tries = 0;
        while retry.pause().is_some() {
            tokio::time::advance(Duration::from_secs(9)).await;
            retry.alive();
            tries += 1;
        }
        assert_eq!(tries, MOST_TRIES);
    }
}
