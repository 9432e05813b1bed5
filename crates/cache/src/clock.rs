//! Wall-clock time that cannot jump and that tests can pause.

use std::time::SystemTime;
use tokio::time::Instant;

/// The wall clock as it was at the start, carried on by the monotonic clock: freshness must not depend on
/// somebody setting the time, yet it is compared with dates in headers and survives a restart.
#[derive(Debug)]
pub(crate) struct Clock {
    wall: SystemTime,
    start: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { wall: SystemTime::now(), start: Instant::now() }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.wall + self.start.elapsed()
    }
}
