//! What came of all viewers together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

use super::viewer::Outcome;

/// What the progress line shows.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) playing: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) stalls: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// Tells all viewers to stop.
    pub(super) leave: AtomicBool,
}

impl fmt::Display for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [playing, done, failed, stalls] =
            [&self.playing, &self.done, &self.failed, &self.stalls].map(|number| number.load(Relaxed));
        write!(f, "{playing} playing, {done} done, {failed} failed, {stalls} stalls")
    }
}

/// The summary. Times are in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    url: String,
    viewers: usize,
    /// Viewers that did not get all they asked for.
    failed: usize,
    /// Why, and how many.
    failures: BTreeMap<String, usize>,
    wall_s: f64,
    bytes: u64,
    mbit_s: f64,
    messages: u64,
    /// Media time of all viewers together, in seconds.
    media_s: f64,
    /// Stamps smaller than the one before of the same kind.
    stamps_backwards: u64,
    stalled_viewers: usize,
    stalls: u64,
    stalled_ms: f64,
    worst_stall_ms: f64,
    connected_ms: Option<Spread>,
    play_start_ms: Option<Spread>,
    first_media_ms: Option<Spread>,
    first_video_ms: Option<Spread>,
    seek_ms: Option<Spread>,
}

/// How times are spread.
#[derive(Debug, Clone, Copy, Serialize)]
struct Spread {
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

impl Spread {
    fn of(times: impl Iterator<Item = Duration>) -> Option<Self> {
        let mut ms: Vec<f64> = times.map(|time| time.as_secs_f64() * 1e3).collect();
        ms.sort_by(f64::total_cmp);
        let at = |part: f64| ms.get(((ms.len() as f64 * part).ceil() as usize).saturating_sub(1)).copied();
        Some(Self { p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)?, max: *ms.last()? })
    }
}

impl Report {
    pub(super) fn new(url: &str, outcomes: &[Outcome], wall: Duration) -> Self {
        let mut failures = BTreeMap::new();
        for failure in outcomes.iter().filter_map(|outcome| outcome.failure.clone()) {
            *failures.entry(failure).or_default() += 1;
        }
        let bytes = outcomes.iter().map(|outcome| outcome.bytes).sum::<u64>();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let total = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum();
        let spread = |of: fn(&Outcome) -> Option<Duration>| Spread::of(outcomes.iter().filter_map(of));
        Self {
            url: url.to_owned(),
            viewers: outcomes.len(),
            failed: failures.values().sum(),
            failures,
            wall_s: wall.as_secs_f64(),
            bytes,
            mbit_s: bytes as f64 * 8e-6 / wall.as_secs_f64().max(1e-3),
            messages: total(|outcome| outcome.messages),
            media_s: outcomes.iter().map(|outcome| outcome.media.as_secs_f64()).sum(),
            stamps_backwards: total(|outcome| outcome.backwards),
            stalled_viewers: outcomes.iter().filter(|outcome| outcome.stalls > 0).count(),
            stalls: total(|outcome| outcome.stalls),
            stalled_ms: outcomes.iter().map(|outcome| ms(outcome.stalled)).sum(),
            worst_stall_ms: outcomes.iter().map(|outcome| ms(outcome.worst_stall)).fold(0.0, f64::max),
            connected_ms: spread(|outcome| outcome.connected),
            play_start_ms: spread(|outcome| outcome.started),
            first_media_ms: spread(|outcome| outcome.first_media),
            first_video_ms: spread(|outcome| outcome.first_video),
            seek_ms: Spread::of(outcomes.iter().flat_map(|outcome| outcome.seeks.iter().copied())),
        }
    }

    pub(super) fn exit_status(&self) -> u8 {
        match (self.failed, self.stalls) {
            (0, 0) => 0,
            (0, _) => 3,
            _ => 1,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, viewers, failed, bytes, mbit_s, wall_s, messages, .. } = self;
        writeln!(f, "{url}: {viewers} viewers, {failed} failed, {wall_s:.1} s")?;
        for (why, count) in &self.failures {
            writeln!(f, "  {count} × {why}")?;
        }
        writeln!(
            f,
            "  received    {bytes} bytes, {messages} messages, {mbit_s:.1} Mbit/s, {:.1} s of media",
            self.media_s
        )?;
        let Self { stalls, stalled_viewers, worst_stall_ms, .. } = self;
        writeln!(
            f,
            "  stalls      {stalls} of {stalled_viewers} viewers, the longest {worst_stall_ms:.0} ms"
        )?;
        for (name, spread) in [
            ("connected", self.connected_ms),
            ("play start", self.play_start_ms),
            ("first media", self.first_media_ms),
            ("first video", self.first_video_ms),
            ("seek", self.seek_ms),
        ] {
            if let Some(Spread { p50, p95, p99, max }) = spread {
                writeln!(f, "  {name:12}p50 {p50:.1} ms, p95 {p95:.1}, p99 {p99:.1}, max {max:.1}")?;
            }
        }
        Ok(())
    }
}
