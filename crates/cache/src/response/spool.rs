//! A body on its way: filled once, read by many while it comes.
//!
//! ```text
//!            start            end
//!  ──dropped──┼────────────────┼──▶ append
//!             ▲       ▲        ▲
//!             slowest reader   readers who wait
//! ```
//!
//! A *kept* spool holds everything from its first byte, for readers who come later and for the store. One that outgrows its
//! bounds is kept no more: it holds a window before its slowest reader, whom the filler waits for then.

use crate::Error;
use bytes::Bytes;
use http::HeaderMap;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;

/// What a spool that is not kept holds before its slowest reader, bytes.
const WINDOW: u64 = 1 << 20;

/// The bytes that all kept spools together may hold while they are filled.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU64);

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    fn take(&self, bytes: u64) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.0.fetch_add(bytes, Relaxed);
    }
}

/// Through which readers come. When the last one is gone, none will come any more.
pub(crate) struct Door(Arc<Spool>);

/// A body on its way.
pub(crate) struct Spool {
    state: Mutex<State>,
    /// Tells the filler that there is room, or that somebody left.
    room: Notify,
    budget: Arc<Budget>,
    /// The longest body that is kept, bytes.
    most: u64,
}

struct State {
    pieces: VecDeque<Bytes>,
    /// The number of the piece in front; pieces are counted from the first that ever came.
    first: usize,
    /// Bytes in front of `pieces`.
    start: u64,
    /// Bytes that came so far.
    end: u64,
    /// How it ended: its trailers, or what broke it.
    ended: Option<Result<Option<HeaderMap>, Error>>,
    kept: bool,
    /// Nobody will come any more.
    closed: bool,
    /// What was taken from the budget.
    reserved: u64,
    readers: HashMap<u64, Place>,
    /// The number of the next reader.
    next: u64,
}

/// Where a reader is.
#[derive(Default)]
struct Place {
    /// The number of the piece that it reads next.
    piece: usize,
    waker: Option<Waker>,
}

/// Nobody reads it, and it is not kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unwanted;

impl Spool {
    /// An empty one; `kept` as long as its body is not longer than `most` and the budget lasts.
    pub(crate) fn new(kept: bool, most: u64, budget: &Arc<Budget>) -> (Arc<Self>, Door) {
        let state = State {
            pieces: VecDeque::new(),
            first: 0,
            start: 0,
            end: 0,
            ended: None,
            kept,
            closed: false,
            reserved: 0,
            readers: HashMap::new(),
            next: 0,
        };
        let (room, budget) = (Notify::new(), Arc::clone(budget));
        let spool = Arc::new(Self { state: Mutex::new(state), room, budget, most });
        let door = Door(Arc::clone(&spool));
        (spool, door)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the next bytes; waits for room where they are not kept.
    ///
    /// # Errors
    /// When nobody wants them.
    pub(crate) async fn append(&self, piece: Bytes) -> Result<(), Unwanted> {
        if piece.is_empty() {
            return Ok(());
        }
        loop {
            let room = self.room.notified();
            if self.has_taken(&piece)? {
                return Ok(());
            }
            room.await;
        }
    }

    fn has_taken(&self, piece: &Bytes) -> Result<bool, Unwanted> {
        let mut state = self.state();
        let length = piece.len() as u64;
        if state.kept {
            state.kept = state.end + length <= self.most && self.budget.take(length);
            state.reserved += if state.kept { length } else { 0 };
        }
        if !state.kept {
            if state.readers.is_empty() && (state.closed || state.next > 0) {
                return Err(Unwanted);
            }
            state.drop_read();
            if state.end - state.start >= WINDOW {
                return Ok(false);
            }
        }
        state.pieces.push_back(piece.clone());
        state.end += length;
        state.wake_readers();
        Ok(true)
    }

    /// Nothing comes any more: it is complete, with these trailers, or broken.
    pub(crate) fn end(&self, how: Result<Option<HeaderMap>, Error>) {
        let mut state = self.state();
        state.ended = Some(how);
        state.wake_readers();
    }

    /// The whole body, if all of it came and is here.
    pub(crate) fn whole(&self) -> Option<(Vec<Bytes>, Option<HeaderMap>)> {
        let state = self.state();
        let Some(Ok(trailers)) = &state.ended else { return None };
        (state.kept && state.start == 0).then(|| (state.pieces.iter().cloned().collect(), trailers.clone()))
    }
}

impl Door {
    /// Reads from the first byte on; none if that is gone already.
    pub(crate) fn reader(&self) -> Option<Reader> {
        let mut state = self.0.state();
        if state.start > 0 {
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.readers.insert(number, Place::default());
        self.0.room.notify_one();
        Some(Reader { spool: Arc::clone(&self.0), number })
    }

    /// Whether somebody who comes now finds its first byte, and it is not known to be broken.
    pub(crate) fn is_open(&self) -> bool {
        let state = self.0.state();
        state.kept && !matches!(state.ended, Some(Err(_)))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.room.notify_one();
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.budget.give_back(self.state().reserved);
    }
}

impl State {
    /// Lets go of what every reader has.
    fn drop_read(&mut self) {
        let slowest = self.readers.values().map(|place| place.piece).min().unwrap_or(self.first);
        while self.first < slowest
            && let Some(piece) = self.pieces.pop_front()
        {
            self.first += 1;
            self.start += piece.len() as u64;
        }
    }

    fn wake_readers(&mut self) {
        for place in self.readers.values_mut() {
            if let Some(waker) = place.waker.take() {
                waker.wake();
            }
        }
    }
}

/// What a reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The next bytes, never none.
    Bytes(Bytes),
    /// The end, with trailers.
    End(Option<HeaderMap>),
}

/// Reads a spool. Dropping it tells the filler.
pub(crate) struct Reader {
    spool: Arc<Spool>,
    number: u64,
}

impl Reader {
    /// The next piece.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece, Error>> {
        let mut state = self.spool.state();
        let state = &mut *state;
        let Some(place) = state.readers.get_mut(&self.number) else {
            return Poll::Ready(Ok(Piece::End(None)));
        };
        if let Some(piece) = state.pieces.get(place.piece - state.first) {
            place.piece += 1;
            if !state.kept {
                self.spool.room.notify_one();
            }
            return Poll::Ready(Ok(Piece::Bytes(piece.clone())));
        }
        match &state.ended {
            Some(Ok(trailers)) => Poll::Ready(Ok(Piece::End(trailers.clone()))),
            Some(Err(error)) => Poll::Ready(Err(error.clone())),
            None => {
                place.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.spool.state().readers.remove(&self.number);
        self.spool.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::time::{Duration, timeout};

    fn spool(kept: bool, most: u64, budget: u64) -> (Arc<Spool>, Door) {
        Spool::new(kept, most, &Arc::new(Budget::new(budget)))
    }

    async fn next(reader: &mut Reader) -> Result<Piece, Error> {
        poll_fn(|context| reader.poll_next(context)).await
    }

    fn bytes(text: &'static str) -> Piece {
        Piece::Bytes(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn everybody_gets_everything_whenever_they_come() {
        let (spool, door) = spool(true, 100, 100);
        let mut early = door.reader().expect("the beginning is here");
        spool.append("ab".into()).await.expect("it is kept");
        assert_eq!(next(&mut early).await, Ok(bytes("ab")));
        let waits = tokio::spawn(async move { next(&mut early).await });
        spool.append("cd".into()).await.expect("it is kept");
        assert_eq!(waits.await.expect("no panic"), Ok(bytes("cd")));
        spool.end(Ok(None));
        let mut late = door.reader().expect("the beginning is here");
        assert_eq!(next(&mut late).await, Ok(bytes("ab")));
        assert_eq!(next(&mut late).await, Ok(bytes("cd")));
        assert_eq!(next(&mut late).await, Ok(Piece::End(None)));
        assert_eq!(spool.whole().map(|(pieces, _)| pieces.concat()), Some(b"abcd".to_vec()));
    }

    #[tokio::test]
    async fn what_grows_too_long_is_let_go_of_as_it_is_read() {
        let (spool, door) = spool(true, 3 << 20, 100 << 20);
        let mut reader = door.reader().expect("the beginning is here");
        let megabyte = Bytes::from(vec![7; 1 << 20]);
        for _ in 0..3 {
            spool.append(megabyte.clone()).await.expect("it is kept");
        }
        assert!(door.is_open());
        let more = timeout(Duration::from_millis(20), spool.append(megabyte.clone())).await;
        assert!(more.is_err(), "the reader has not begun");
        assert!(!door.is_open());
        for _ in 0..3 {
            assert!(matches!(next(&mut reader).await, Ok(Piece::Bytes(_))));
        }
        spool.append(megabyte).await.expect("it is read");
        assert!(door.reader().is_none(), "the first byte is gone");
        assert!(spool.whole().is_none());
    }

    #[tokio::test]
    async fn the_budget_bounds_all_of_them_and_is_given_back() {
        let budget = Arc::new(Budget::new(3));
        let ((one, _), (two, _)) = (Spool::new(true, 100, &budget), Spool::new(true, 100, &budget));
        one.append("ab".into()).await.expect("it is kept");
        assert_eq!(two.append("cd".into()).await, Err(Unwanted), "there is no room, and nobody comes");
        drop(one);
        assert!(Spool::new(true, 100, &budget).0.append("efg".into()).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_fills_what_nobody_reads() {
        let (spool, door) = spool(false, 0, 0);
        spool.append("ab".into()).await.expect("somebody may come");
        drop(door);
        assert_eq!(spool.append("cd".into()).await, Err(Unwanted));
    }

    #[tokio::test]
    async fn a_filler_that_waits_for_a_reader_hears_that_he_left() {
        let (spool, door) = spool(false, 0, 0);
        let reader = door.reader().expect("the beginning is here");
        spool.append(Bytes::from(vec![0; 2 << 20])).await.expect("one piece always fits");
        let filler = tokio::spawn({
            let spool = Arc::clone(&spool);
            async move { spool.append("x".into()).await }
        });
        tokio::task::yield_now().await;
        drop(reader);
        assert_eq!(filler.await.expect("no panic"), Err(Unwanted));
    }
}
