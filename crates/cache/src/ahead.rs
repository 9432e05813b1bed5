//! Read-ahead: follows the sequential reads of one object handle.

use crate::BLOCK;
use crate::flight::Interest;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// Places a handle may be reading at: the tracks of one file, or a few viewers behind one handle.
const CURSORS: usize = 8;

/// Fetches a cursor keeps going; older ones lie behind the reader.
const FETCHES: usize = 4;

/// The bytes all handles together may have read ahead. More than memory can hold until its readers come would be
/// fetched twice.
pub(crate) struct Budget(AtomicU64);

impl Budget {
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(bytes)))
    }

    fn take(&self, bytes: u64) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.0.fetch_add(bytes, Relaxed);
    }
}

/// What the reads of one handle have in common; clones of the handle share it.
pub(crate) struct Ahead {
    cursors: Mutex<VecDeque<Cursor>>,
    budget: Arc<Budget>,
}

/// One place where reads follow each other.
struct Cursor {
    /// Where the next read should begin.
    next: u64,
    /// Up to where has been read ahead.
    ahead: u64,
    /// How far ahead is read now; taken from the budget.
    window: u64,
    budget: Arc<Budget>,
    fetches: VecDeque<Vec<Interest>>,
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.budget.give_back(self.window);
    }
}

impl Ahead {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self { cursors: Mutex::default(), budget }
    }

    /// Notes a read. If it goes on where an earlier one ended, the answer is what to read ahead now.
    pub(crate) fn note(&self, read: &Range<u64>, length: u64, most: u64) -> Option<Range<u64>> {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        let found = cursors.iter().position(|cursor| read.start.abs_diff(cursor.next) <= BLOCK);
        let Some(mut cursor) = found.and_then(|place| cursors.remove(place)) else {
            cursors.truncate(CURSORS - 1);
            cursors.push_front(Cursor::new(read.end, self.budget.clone()));
            return None;
        };
        let hint = cursor.follow(read, length, most);
        cursors.push_front(cursor);
        hint
    }

    /// Keeps the fetches of the last hint going as long as its cursor lives.
    pub(crate) fn keep(&self, interests: Vec<Interest>) {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cursor) = cursors.front_mut() else { return };
        cursor.fetches.push_back(interests);
        let old = if cursor.fetches.len() > FETCHES { cursor.fetches.pop_front() } else { None };
        drop(cursors);
        drop(old);
    }
}

impl Cursor {
    fn new(next: u64, budget: Arc<Budget>) -> Self {
        Self { next, ahead: next, window: 0, budget, fetches: VecDeque::new() }
    }

    /// Doubles the window if the budget allows it.
    fn grow(&mut self, most: u64) {
        let wanted = (self.window * 2).max(2 * BLOCK).min(most);
        if wanted > self.window && self.budget.take(wanted - self.window) {
            self.window = wanted;
        }
    }

    /// Moves on, and asks for more once half of the window has been used up; each time for twice as much.
    fn follow(&mut self, read: &Range<u64>, length: u64, most: u64) -> Option<Range<u64>> {
        self.next = read.end;
        self.ahead = self.ahead.max(read.end);
        let left = self.ahead - self.next;
        if left > self.window / 2 || self.ahead >= length {
            return None;
        }
        self.grow(most);
        let start = self.ahead;
        self.ahead = (self.next + self.window).next_multiple_of(BLOCK).min(length);
        (start < self.ahead).then_some(start..self.ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 16 * BLOCK;
    const LENGTH: u64 = 1000 * BLOCK;

    fn ahead() -> Ahead {
        Ahead::new(Budget::new(MOST * 2))
    }

    #[test]
    fn all_windows_together_stay_within_the_budget_and_are_given_back() {
        let budget = Budget::new(3 * BLOCK);
        let read = |ahead: &Ahead| {
            ahead.note(&(0..BLOCK), LENGTH, MOST);
            ahead.note(&(BLOCK..2 * BLOCK), LENGTH, MOST)
        };
        let (one, two) = (Ahead::new(budget.clone()), Ahead::new(budget));
        assert_eq!(read(&one), Some(2 * BLOCK..4 * BLOCK));
        assert_eq!(read(&two), None);
        drop(one);
        assert_eq!(read(&two), Some(2 * BLOCK..4 * BLOCK));
    }

    #[test]
    fn a_single_read_asks_for_nothing() {
        let ahead = ahead();
        assert_eq!(ahead.note(&(0..BLOCK), LENGTH, MOST), None);
        assert_eq!(ahead.note(&(100 * BLOCK..101 * BLOCK), LENGTH, MOST), None);
    }

    #[test]
    fn a_sequential_reader_gets_a_window_that_doubles_up_to_the_most() {
        let ahead = ahead();
        let mut widest = 0;
        let mut covered = 0;
        for index in 0..200 {
            let read = index * BLOCK..(index + 1) * BLOCK;
            if let Some(hint) = ahead.note(&read, LENGTH, MOST) {
                assert!(hint.start >= covered, "nothing is asked for twice");
                covered = hint.end;
                widest = widest.max(hint.end - read.end);
                assert!(hint.end - read.end <= MOST);
            }
        }
        assert_eq!(widest, MOST);
        assert!(covered >= 200 * BLOCK);
    }

    #[test]
    fn two_tracks_read_in_turn_are_followed_both() {
        let ahead = ahead();
        let far = 500 * BLOCK;
        let mut hints = [0, 0];
        for index in 0..20 {
            for (track, base) in [0, far].into_iter().enumerate() {
                let start = base + index * 100_000;
                hints[track] += u32::from(ahead.note(&(start..start + 100_000), LENGTH, MOST).is_some());
            }
        }
        assert!(hints.iter().all(|&hints| hints >= 2), "{hints:?}");
    }

    #[test]
    fn nothing_is_read_behind_the_end() {
        let ahead = ahead();
        let length = 3 * BLOCK + 5;
        assert_eq!(ahead.note(&(0..BLOCK), length, MOST), None);
        assert_eq!(ahead.note(&(BLOCK..2 * BLOCK), length, MOST), Some(2 * BLOCK..length));
        assert_eq!(ahead.note(&(2 * BLOCK..length), length, MOST), None);
    }
}
