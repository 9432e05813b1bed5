//! A model of a player's buffer: when a viewer would see the picture stand still.

use std::time::Duration;

/// Runs with the clock from the moment enough media is there, and stands still where it ends.
#[derive(Debug)]
pub(super) struct Player {
    prebuffer: Duration,
    /// The first and the last media time that came.
    media: Option<(Duration, Duration)>,
    state: State,
    pub(super) stalls: u64,
    pub(super) stalled: Duration,
    pub(super) worst_stall: Duration,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Waits for its first media.
    Filling,
    /// Runs: at `since` it stood at `at`.
    Running { at: Duration, since: Duration },
    /// Has stood still since then.
    Stalled { since: Duration },
}

impl Player {
    pub(super) fn new(prebuffer: Duration) -> Self {
        Self {
            prebuffer,
            media: None,
            state: State::Filling,
            stalls: 0,
            stalled: Duration::ZERO,
            worst_stall: Duration::ZERO,
        }
    }

    /// Media of this time came.
    pub(super) fn receive(&mut self, media: Duration, now: Duration) {
        self.look(now);
        let (first, last) = self.media.unwrap_or((media, media));
        let last = last.max(media);
        self.media = Some((first, last));
        match self.state {
            State::Filling if last - first >= self.prebuffer => {
                self.state = State::Running { at: first, since: now };
            }
            State::Stalled { since } => {
                self.stalled += now - since;
                self.worst_stall = self.worst_stall.max(now - since);
                self.state = State::Running { at: last, since: now };
            }
            _ => {}
        }
    }

    /// Looks whether the clock has passed the end of the media.
    pub(super) fn look(&mut self, now: Duration) {
        if let (State::Running { at, since }, Some((_, last))) = (self.state, self.media) {
            let head = at + (now - since);
            if head > last {
                self.stalls += 1;
                self.state = State::Stalled { since: since + (last - at) };
            }
        }
    }

    /// A seek: everything that was held is worth nothing.
    pub(super) fn flush(&mut self) {
        self.media = None;
        self.state = State::Filling;
    }

    /// The media that came, from first to last.
    pub(super) fn span(&self) -> Duration {
        self.media.map_or(Duration::ZERO, |(first, last)| last - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn media_that_comes_in_time_never_stalls() {
        let mut player = Player::new(s(1));
        for second in 0..10 {
            player.receive(s(second), s(second));
            player.receive(s(second + 1), s(second));
        }
        assert_eq!((player.stalls, player.span()), (0, s(10)));
    }

    #[test]
    fn a_gap_is_a_stall_as_long_as_the_picture_stands_still() {
        let mut player = Player::new(s(1));
        player.receive(s(0), s(0));
        player.receive(s(2), s(0));
        player.receive(s(3), s(5));
        assert_eq!((player.stalls, player.stalled, player.worst_stall), (1, s(3), s(3)));
    }

    #[test]
    fn a_seek_starts_over() {
        let mut player = Player::new(s(1));
        player.receive(s(0), s(0));
        player.receive(s(2), s(0));
        player.flush();
        player.look(s(9));
        player.receive(s(100), s(9));
        assert_eq!(player.stalls, 0);
    }
}
