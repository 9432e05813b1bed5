//! Single flight: every missing block is being fetched by at most one run, and everyone else waits for that.
//!
//! A *run* is a stretch of adjacent missing blocks of one object, fetched by one task. Readers hold an
//! [`Interest`] in each run they wait for; when the last interest in a run goes, the run is stopped and its
//! blocks are free to be claimed again. All of that is decided under one lock, so nobody can join a run at
//! the moment it is given up.

use crate::key::BlockKey;
use crate::metrics::Metrics;
use crate::{BLOCK, Error, ObjectId};
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::AbortHandle;

type Outcome = Option<Result<Bytes, Error>>;

/// The blocks on their way.
#[derive(Default)]
pub(crate) struct Flights {
    table: Mutex<HashMap<BlockKey, Pending>>,
    metrics: Arc<Metrics>,
}

/// A block on its way.
struct Pending {
    outcome: watch::Receiver<Outcome>,
    run: Arc<Run>,
}

struct Run {
    object: ObjectId,
    blocks: Range<u64>,
    state: Mutex<RunState>,
}

/// Only touched while the table is locked; the lock of its own is for the compiler.
#[derive(Default)]
struct RunState {
    interests: usize,
    /// Nothing of the run is in the table any more.
    over: bool,
    abort: Option<AbortHandle>,
}

impl Run {
    fn state(&self) -> MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a reader got for the blocks it asked for.
#[derive(Default)]
pub(crate) struct Claim {
    /// The blocks, in the order asked.
    pub(crate) tickets: Vec<Ticket>,
    /// Keeps the runs behind the tickets going.
    pub(crate) interests: Vec<Interest>,
    /// Runs that the one who claims must start.
    pub(crate) runs: Vec<Seat>,
    /// Tickets for blocks that were on their way already.
    pub(crate) joined: u64,
}

/// One block a reader asked for.
pub(crate) enum Ticket {
    /// It turned up in the meantime.
    Here(Bytes),
    /// It is on its way.
    Coming(Wait),
}

/// Waits for one block.
pub(crate) struct Wait {
    key: BlockKey,
    outcome: watch::Receiver<Outcome>,
}

impl Wait {
    /// The block, or why it did not come.
    pub(crate) async fn block(mut self) -> Result<Bytes, Error> {
        let stopped = Error::Stopped { offset: self.key.index * BLOCK };
        match self.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(stopped)),
            Err(_) => Err(stopped),
        }
    }
}

impl Flights {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { table: Mutex::default(), metrics }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<BlockKey, Pending>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is on its way.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.table().is_empty()
    }

    /// Whether any of these blocks is on its way.
    pub(crate) fn has_any(&self, object: ObjectId, mut indices: Range<u64>) -> bool {
        let table = self.table();
        indices.any(|index| table.contains_key(&BlockKey { object, index }))
    }

    /// Claims blocks of `object`: joins what is on its way, takes what `find` has, and seats the rest in runs of
    /// at most `longest` adjacent blocks. `find` is asked under the lock: a block that just arrived is in it.
    pub(crate) fn claim(
        self: &Arc<Self>,
        object: ObjectId,
        indices: impl IntoIterator<Item = u64>,
        longest: u64,
        find: impl Fn(&BlockKey) -> Option<Bytes>,
    ) -> Claim {
        let mut claim = Claim::default();
        let mut missing: Vec<Range<u64>> = Vec::new();
        let mut table = self.table();
        for index in indices {
            let key = BlockKey { object, index };
            if let Some(pending) = table.get(&key) {
                claim.joined += 1;
                claim.tickets.push(Ticket::Coming(Wait { key, outcome: pending.outcome.clone() }));
                self.interest(&pending.run, &mut claim.interests);
            } else if let Some(block) = find(&key) {
                claim.tickets.push(Ticket::Here(block));
            } else {
                extend(&mut missing, index, longest);
                // Replaced below, when the whole run is known.
                claim.tickets.push(Ticket::Here(Bytes::new()));
            }
        }
        let missing_tickets = missing.into_iter().flat_map(|blocks| {
            let (seat, waits) = self.seat(&mut table, object, blocks, &mut claim.interests);
            claim.runs.push(seat);
            waits
        });
        place(&mut claim.tickets, missing_tickets.collect());
        claim
    }

    fn seat(
        self: &Arc<Self>,
        table: &mut HashMap<BlockKey, Pending>,
        object: ObjectId,
        blocks: Range<u64>,
        interests: &mut Vec<Interest>,
    ) -> (Seat, Vec<Wait>) {
        let run = Arc::new(Run { object, blocks: blocks.clone(), state: Mutex::default() });
        self.interest(&run, interests);
        let mut seat =
            Seat { flights: self.clone(), run: run.clone(), next: blocks.start, waiting: VecDeque::new() };
        let waits = blocks.map(|index| {
            let key = BlockKey { object, index };
            let (sender, outcome) = watch::channel(None);
            seat.waiting.push_back(sender);
            table.insert(key, Pending { outcome: outcome.clone(), run: run.clone() });
            Wait { key, outcome }
        });
        let waits = waits.collect();
        (seat, waits)
    }

    /// Adds an interest in `run`, once for each claim. The table is locked by the caller.
    fn interest(self: &Arc<Self>, run: &Arc<Run>, interests: &mut Vec<Interest>) {
        if !interests.iter().any(|interest| Arc::ptr_eq(&interest.run, run)) {
            run.state().interests += 1;
            interests.push(Interest { flights: self.clone(), run: run.clone() });
        }
    }
}

/// Appends `index` to the last stretch if it follows it, else begins a new one.
fn extend(missing: &mut Vec<Range<u64>>, index: u64, longest: u64) {
    match missing.last_mut() {
        Some(last) if last.end == index && last.end - last.start < longest => last.end += 1,
        _ => missing.push(index..index + 1),
    }
}

/// Puts the waits, which are in order, where the placeholders (empty blocks; no real block is empty) stand.
fn place(tickets: &mut [Ticket], waits: Vec<Wait>) {
    let placeholders =
        tickets.iter_mut().filter(|ticket| matches!(ticket, Ticket::Here(block) if block.is_empty()));
    for (ticket, wait) in placeholders.zip(waits) {
        *ticket = Ticket::Coming(wait);
    }
}

/// The wish that a run goes on. When the last one for a run is dropped, the run is stopped.
pub(crate) struct Interest {
    flights: Arc<Flights>,
    run: Arc<Run>,
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut table = self.flights.table();
        let abort = {
            let mut state = self.run.state();
            state.interests -= 1;
            if state.interests > 0 || state.over {
                return;
            }
            state.abort.take()
        };
        remove(&mut table, &self.run);
        drop(table);
        self.flights.metrics.cancelled.one();
        // After unlocking: dropping the task's future needs the table as well.
        if let Some(abort) = abort {
            abort.abort();
        }
    }
}

/// Takes what is left of `run` out of the table.
fn remove(table: &mut HashMap<BlockKey, Pending>, run: &Arc<Run>) {
    run.state().over = true;
    for index in run.blocks.clone() {
        let key = BlockKey { object: run.object, index };
        if table.get(&key).is_some_and(|pending| Arc::ptr_eq(&pending.run, run)) {
            table.remove(&key);
        }
    }
}

/// The place of the task that fetches a run: it delivers the run's blocks in order.
///
/// Dropping it, for whatever reason, leaves nothing pending.
pub(crate) struct Seat {
    flights: Arc<Flights>,
    run: Arc<Run>,
    next: u64,
    waiting: VecDeque<watch::Sender<Outcome>>,
}

impl Seat {
    /// The blocks still to be delivered.
    pub(crate) fn blocks(&self) -> Range<u64> {
        self.next..self.run.blocks.end
    }

    /// Names the task that fetches the run, for the one who stops it.
    pub(crate) fn started(run: &SeatHandle, abort: AbortHandle) {
        let table = run.flights.table();
        let mut state = run.run.state();
        let given_up = state.interests == 0;
        state.abort = Some(abort.clone());
        drop(state);
        drop(table);
        if given_up {
            abort.abort();
        }
    }

    /// A handle to call [`Seat::started`] with, while the seat itself is in the task.
    pub(crate) fn handle(&self) -> SeatHandle {
        SeatHandle { flights: self.flights.clone(), run: self.run.clone() }
    }

    /// An interest of the run's own, for a run that shall go on whoever leaves.
    pub(crate) fn own_interest(&self) -> Interest {
        let _table = self.flights.table();
        self.run.state().interests += 1;
        Interest { flights: self.flights.clone(), run: self.run.clone() }
    }

    /// Delivers the next block. It must be findable elsewhere already.
    pub(crate) fn publish(&mut self, block: Bytes) {
        let key = BlockKey { object: self.run.object, index: self.next };
        self.next += 1;
        let mut table = self.flights.table();
        if table.get(&key).is_some_and(|pending| Arc::ptr_eq(&pending.run, &self.run)) {
            table.remove(&key);
        }
        if self.blocks().is_empty() {
            self.run.state().over = true;
        }
        drop(table);
        if let Some(sender) = self.waiting.pop_front() {
            sender.send_replace(Some(Ok(block)));
        }
    }

    /// Ends the run: every block not delivered yet fails with `error`.
    pub(crate) fn fail(mut self, error: &Error) {
        remove(&mut self.flights.table(), &self.run);
        for sender in self.waiting.drain(..) {
            sender.send_replace(Some(Err(error.clone())));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.waiting.is_empty() {
            remove(&mut self.flights.table(), &self.run);
        }
    }
}

/// Names a run whose seat is elsewhere.
pub(crate) struct SeatHandle {
    flights: Arc<Flights>,
    run: Arc<Run>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> ObjectId {
        ObjectId::from_bytes([3; 16])
    }

    fn ranges(claim: &Claim) -> Vec<Range<u64>> {
        claim.runs.iter().map(Seat::blocks).collect()
    }

    #[test]
    fn adjacent_missing_blocks_become_one_run_up_to_the_longest() {
        let flights = Arc::new(Flights::default());
        let find = |key: &BlockKey| (key.index == 3).then(|| Bytes::from_static(b"x"));
        let claim = flights.claim(object(), 0..9, 4, find);
        assert_eq!(ranges(&claim), [0..3, 4..8, 8..9]);
        assert_eq!((claim.tickets.len(), claim.interests.len(), claim.joined), (9, 3, 0));
        assert!(matches!(claim.tickets[3], Ticket::Here(_)));
    }

    #[tokio::test]
    async fn a_second_claim_joins_and_gets_the_same_block() {
        let flights = Arc::new(Flights::default());
        let mut first = flights.claim(object(), 0..2, 9, |_| None);
        let mut second = flights.claim(object(), 1..3, 9, |_| None);
        assert_eq!((second.joined, ranges(&second)), (1, vec![Range { start: 2, end: 3 }]));
        first.runs[0].publish(Bytes::from_static(b"a"));
        first.runs[0].publish(Bytes::from_static(b"b"));
        let Ticket::Coming(wait) = second.tickets.remove(0) else { panic!("not joined") };
        assert_eq!(wait.block().await.unwrap(), "b");
    }

    #[tokio::test]
    async fn a_run_is_given_up_with_its_last_interest_and_can_be_claimed_anew() {
        let flights = Arc::new(Flights::default());
        let first = flights.claim(object(), 0..2, 9, |_| None);
        let second = flights.claim(object(), 0..2, 9, |_| None);
        let task = tokio::spawn(std::future::pending::<()>());
        Seat::started(&first.runs[0].handle(), task.abort_handle());
        drop(first.interests);
        assert!(!flights.is_empty());
        drop(second.interests);
        assert!(flights.is_empty());
        assert!(task.await.unwrap_err().is_cancelled());
        let third = flights.claim(object(), 0..2, 9, |_| None);
        drop(first.runs);
        assert_eq!((third.joined, ranges(&third)), (0, vec![Range { start: 0, end: 2 }]));
        assert!(!flights.is_empty(), "the old run took the new one's places");
    }

    #[tokio::test]
    async fn failing_and_dropping_a_run_both_end_the_wait() {
        let flights = Arc::new(Flights::default());
        for fails in [true, false] {
            let mut claim = flights.claim(object(), 0..1, 9, |_| None);
            let seat = claim.runs.remove(0);
            let error = Error::Range { range: 0..1, length: 0 };
            if fails {
                seat.fail(&error);
            } else {
                drop(seat);
            }
            let Ticket::Coming(wait) = claim.tickets.remove(0) else { panic!("not missing") };
            let expected = if fails { error } else { Error::Stopped { offset: 0 } };
            assert_eq!(wait.block().await.unwrap_err(), expected);
            assert!(flights.is_empty());
        }
    }
}
