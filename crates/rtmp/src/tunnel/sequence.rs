//! The order of a session's requests.
//!
//! Requests may come over several connections, and through proxies that retry or reorder them. The stream inside has
//! one order, and a cipher inside can't stand another.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Error;

/// Requests that may wait for one that is still on its way.
const EARLY: u32 = 4;
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// Puts the requests of one session in order. `T` is a request, and whoever waits for its answer.
#[derive(Debug)]
pub struct Sequence<T> {
    /// The number that is due; none before the first request, which may have any.
    next: Option<u32>,
    /// Whether the request before that is still being worked on.
    busy: bool,
    /// Requests that came before their turn, by how far.
    early: BTreeMap<u32, T>,
    /// Since when one is missing in front of them.
    missing_since: Duration,
}

/// What is to be done with a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Place<T> {
    /// It is its turn. Call [`Sequence::done`] once it is answered.
    Now(T),
    /// It is the one being worked on, sent again: this one gets the answer, the first gets none.
    Instead(T),
    /// It is the last one that was answered, sent again: it gets the same answer.
    Again(T),
    /// It has to wait; the sequence keeps it.
    Early,
    /// Its number is out of reach: the session is over.
    Refused(T, Error),
}

impl<T> Default for Sequence<T> {
    fn default() -> Self {
        Self { next: None, busy: false, early: BTreeMap::new(), missing_since: Duration::ZERO }
    }
}

impl<T> Sequence<T> {
    /// Takes a request that came at `now`.
    pub fn place(&mut self, number: u32, request: T, now: Duration) -> Place<T> {
        let due = *self.next.get_or_insert(number);
        let ahead = number.wrapping_sub(due);
        match ahead {
            0 if !self.busy => {
                self.begin(due);
                Place::Now(request)
            }
            0..EARLY => {
                if self.early.is_empty() {
                    self.missing_since = now;
                }
                self.early.insert(number, request);
                Place::Early
            }
            u32::MAX if self.busy => Place::Instead(request),
            u32::MAX => Place::Again(request),
            _ => Place::Refused(request, Error::OutOfOrder { number, expected: due }),
        }
    }

    /// The request being worked on was answered: gives the one whose turn it is now, if it is there.
    pub fn done(&mut self, now: Duration) -> Option<T> {
        self.busy = false;
        self.missing_since = now;
        let due = self.next?;
        let request = self.early.remove(&due)?;
        self.begin(due);
        Some(request)
    }

    /// Whether a request waits for the one being worked on.
    #[must_use]
    pub fn is_urged(&self) -> bool {
        !self.early.is_empty()
    }

    /// When a missing request has to be there at last; see [`Sequence::check`].
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        (!self.busy && !self.early.is_empty()).then(|| self.missing_since + PATIENCE)
    }

    /// Whether all is well at `now`.
    ///
    /// # Errors
    /// [`Error::Missing`]: the session is over.
    pub fn check(&self, now: Duration) -> Result<(), Error> {
        match self.deadline() {
            Some(deadline) if now >= deadline => Err(Error::Missing(self.next.unwrap_or_default())),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, due: u32) {
        self.busy = true;
        self.next = Some(due.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    /// A sequence that has answered request 7.
    fn after_seven() -> Sequence<&'static str> {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.place(7, "seven", NOW), Place::Now("seven"), "the first may have any number");
        assert_eq!(sequence.done(NOW), None);
        sequence
    }

    #[test]
    fn the_next_number_has_its_turn() {
        let mut sequence = after_seven();
        assert_eq!(sequence.place(8, "eight", NOW), Place::Now("eight"));
        assert_eq!(sequence.done(NOW), None);
        assert_eq!(sequence.place(9, "nine", NOW), Place::Now("nine"));
    }

    #[test]
    fn requests_that_come_early_have_their_turn_in_order() {
        let mut sequence = after_seven();
        assert_eq!(sequence.place(10, "ten", NOW), Place::Early);
        assert_eq!(sequence.place(9, "nine", NOW), Place::Early);
        assert_eq!(sequence.place(8, "eight", NOW), Place::Now("eight"));
        assert_eq!(sequence.done(NOW), Some("nine"));
        assert_eq!(sequence.done(NOW), Some("ten"));
        assert_eq!(sequence.done(NOW), None);
    }

    #[test]
    fn pipelined_requests_wait_for_the_one_in_front_and_urge_it() {
        let mut sequence = after_seven();
        assert_eq!(sequence.place(8, "eight", NOW), Place::Now("eight"));
        assert!(!sequence.is_urged());
        assert_eq!(sequence.place(9, "nine", NOW), Place::Early);
        assert!(sequence.is_urged());
        assert_eq!(sequence.deadline(), None, "nothing is missing");
        assert_eq!(sequence.done(NOW), Some("nine"));
    }

    #[test]
    fn a_retry_gets_the_same_answer() {
        let mut sequence = after_seven();
        assert_eq!(sequence.place(7, "seven again", NOW), Place::Again("seven again"));
        assert_eq!(sequence.place(8, "eight", NOW), Place::Now("eight"));
        assert_eq!(sequence.place(8, "eight again", NOW), Place::Instead("eight again"));
        let forgotten = sequence.place(7, "seven", NOW);
        assert_eq!(forgotten, Place::Refused("seven", Error::OutOfOrder { number: 7, expected: 9 }));
    }

    #[test]
    fn numbers_out_of_reach_end_the_session() {
        for number in [0, 5, 6, 12, u32::MAX] {
            let refused = after_seven().place(number, "?", NOW);
            assert_eq!(refused, Place::Refused("?", Error::OutOfOrder { number, expected: 8 }));
        }
    }

    #[test]
    fn a_request_that_never_comes_ends_the_session_after_a_while() {
        let mut sequence = after_seven();
        assert_eq!(sequence.place(9, "nine", NOW), Place::Early);
        let deadline = sequence.deadline().expect("eight is missing");
        assert_eq!(sequence.check(deadline - Duration::from_millis(1)), Ok(()));
        assert_eq!(sequence.check(deadline), Err(Error::Missing(8)));
    }

    #[test]
    fn numbers_wrap_around() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.place(u32::MAX, "last", NOW), Place::Now("last"));
        assert_eq!(sequence.place(0, "first", NOW), Place::Early);
        assert_eq!(sequence.done(NOW), Some("first"));
    }
}
