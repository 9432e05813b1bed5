//! A session's side of a tunnel.
//!
//! It looks like a socket to the connection above it: bytes to read come from requests, and it is writable while a
//! request waits for its answer. So nothing is produced that no client asked for, and a client that asks for nothing
//! holds one answer at the most.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use millrace_rtmp::tunnel::{self, AnswerSize, CLOSED, Interval, Numbered, Place, Sequence};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{Answer, Arrival, Ask};
use crate::Limits;
use crate::pacing::next_tick;
use crate::wire::Wanted;

/// How long an answer without content is held before anything plays. Longer would delay what the client says next:
/// most have one request on its way at a time.
const SHORT_HOLD: Duration = Duration::from_millis(50);

/// Answers without content that a client may have in a second before they are held though it is in a hurry. Players
/// that say several things at once get some in the beginning; whoever gets more asks for the sake of asking.
const HURRIED: u32 = 50;
/// How long they are held then.
const BRAKE: Duration = Duration::from_millis(20);

/// A session's side.
pub(crate) struct End {
    arrivals: mpsc::Receiver<Arrival>,
    sequence: Sequence<Ask>,
    /// The request that is being answered.
    current: Option<Current>,
    /// Bodies that were not read yet: one, and those that came before their turn.
    incoming: VecDeque<Bytes>,
    /// The last answer, for a client that did not get it.
    last: Answer,
    interval: Interval,
    size: AnswerSize,
    most: usize,
    /// How long an answer without content is held.
    hold: Duration,
    /// Whether something will be there to be sent in a moment.
    working: bool,
    long_hold: Duration,
    /// Answers without content in a second, and which second.
    empty: (u64, u32),
    /// How long the client may ask nothing.
    silence: Duration,
    asked: Instant,
    /// From when the clock of all viewers counts.
    began: Instant,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// We say no more; the client is told so when it asks.
    ShutDown,
    /// The client has closed it.
    Closed,
}

/// A request that is being answered.
struct Current {
    ask: Ask,
    since: Instant,
    urged: bool,
    content: Vec<Bytes>,
    bytes: usize,
}

impl End {
    pub(super) fn new(arrivals: mpsc::Receiver<Arrival>, limits: &Limits, began: Instant) -> Self {
        Self {
            arrivals,
            sequence: Sequence::default(),
            current: None,
            incoming: VecDeque::new(),
            last: Answer::default(),
            interval: Interval::default(),
            size: AnswerSize::new(limits.tunnel_body),
            most: usize::MAX,
            working: false,
            empty: (0, 0),
            hold: SHORT_HOLD.min(limits.tunnel_hold),
            long_hold: limits.tunnel_hold,
            silence: limits.tunnel_silence,
            asked: Instant::now(),
            began,
            state: State::Open,
        }
    }

    /// Bounds answers further, for a stream whose bytes are no other viewer's too.
    pub(crate) fn answer_at_most(&mut self, bytes: usize) {
        self.most = bytes;
    }

    /// See [`crate::wire::Wire::set_prospect`].
    pub(crate) fn set_prospect(&mut self, playing: bool, working: bool) {
        self.hold = if playing { self.long_hold } else { self.long_hold.min(SHORT_HOLD) };
        self.working = working;
    }

    /// Takes as much as fits into the answer, at most `most` bytes. Zero: there is no request, or its answer is full.
    pub(crate) fn write(&mut self, slices: &VecDeque<Bytes>, most: usize) -> usize {
        let room = self.size.get().min(self.most);
        let Some(current) = self.current.as_mut().filter(|current| current.ask.kind != Numbered::Close)
        else {
            return 0;
        };
        let before = current.bytes;
        let full = room.min(before.saturating_add(most));
        for slice in slices {
            let taken = slice.len().min(full.saturating_sub(current.bytes));
            if taken == 0 {
                break;
            }
            current.content.push(slice.slice(..taken));
            current.bytes += taken;
        }
        current.bytes - before
    }

    /// Appends what the client sent; zero when it has closed the session.
    pub(crate) fn read(&mut self, input: &mut BytesMut) -> io::Result<usize> {
        if let Some(body) = self.incoming.pop_front() {
            input.extend_from_slice(&body);
            return Ok(body.len());
        }
        if self.state == State::Closed { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }

    /// Nothing more is written; the client is told when it asks again.
    pub(crate) fn shutdown(&mut self) {
        self.answer();
        if self.state == State::Open {
            self.state = State::ShutDown;
        }
    }

    /// Waits until there is something to read, or a request to answer, as wanted. What is in the answer already goes
    /// out: whoever waits has nothing to add to it.
    pub(crate) async fn ready(&mut self, wanted: Wanted) -> io::Result<bool> {
        loop {
            if wanted.read && (!self.incoming.is_empty() || self.state == State::Closed) {
                return Ok(true);
            }
            let now = Instant::now();
            if self.is_answer_due(now) {
                self.answer();
                continue;
            }
            if wanted.write && self.current.is_some() {
                return Ok(false);
            }
            let wake = self.deadline();
            tokio::select! {
                arrival = self.arrivals.recv() => match arrival {
                    Some(Arrival::Ask(ask)) => self.take(ask)?,
                    Some(Arrival::Urge) => self.urge(),
                    None => self.state = State::Closed,
                },
                () = sleep_until(wake) => self.check()?,
            }
        }
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// When something has to be done though nothing came.
    fn deadline(&self) -> Instant {
        let missing = self.sequence.deadline().map(|at| self.began + at);
        let otherwise = missing.into_iter().fold(self.asked + self.silence, Instant::min);
        self.current.as_ref().map_or(otherwise, |current| self.due_at(current).unwrap_or(otherwise))
    }

    fn check(&self) -> io::Result<()> {
        if self.current.is_none() && self.asked.elapsed() >= self.silence {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no request in time"));
        }
        self.sequence.check(self.elapsed()).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn is_answer_due(&self, now: Instant) -> bool {
        self.current.as_ref().and_then(|current| self.due_at(current)).is_some_and(|due| due <= now)
    }

    /// When the answer to a request goes out. `None`: what came with the request was not read yet, and the answer,
    /// with what is due in front of that, is what makes room for it.
    fn due_at(&self, current: &Current) -> Option<Instant> {
        if current.bytes > 0 || current.ask.kind == Numbered::Close {
            return Some(current.since);
        }
        if current.ask.kind == Numbered::Send && !self.incoming.is_empty() {
            return None;
        }
        let urged = current.urged || self.sequence.is_urged();
        let held = if urged { current.since } else { self.held_until(current) };
        let (second, count) = self.empty;
        let braked = second == self.elapsed().as_secs() && count >= HURRIED;
        Some(if braked { held.max(current.since + BRAKE) } else { held })
    }

    /// How long the answer to a request is held while it has no content.
    fn held_until(&self, current: &Current) -> Instant {
        match current.ask.kind {
            // On the ticks that all viewers wake on, so that many answers cost one wake.
            Numbered::Idle if self.hold > SHORT_HOLD => {
                self.began + next_tick(current.since.duration_since(self.began) + self.hold)
            }
            Numbered::Idle => current.since + self.hold,
            // Whoever sends may have more to say, and waits for this answer first. But FFmpeg sleeps on an empty one.
            Numbered::Send if self.working => current.since + self.hold.min(SHORT_HOLD),
            Numbered::Send | Numbered::Close => current.since,
        }
    }

    /// Takes a request.
    fn take(&mut self, ask: Ask) -> io::Result<()> {
        self.asked = Instant::now();
        match self.sequence.place(ask.number, ask, self.elapsed()) {
            Place::Now(ask) => self.begin(ask),
            Place::Early => {}
            Place::Again(ask) => drop(ask.reply.send(Ok(self.last.clone()))),
            Place::Instead(ask) => {
                if let Some(current) = &mut self.current {
                    current.ask.reply = ask.reply;
                }
            }
            Place::Refused(ask, error) => {
                let _ = ask.reply.send(Err(error.clone()));
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        }
        Ok(())
    }

    fn urge(&mut self) {
        if let Some(current) = &mut self.current {
            current.urged = true;
        }
    }

    fn begin(&mut self, mut ask: Ask) {
        self.size.asked(self.elapsed());
        if !ask.body.is_empty() {
            self.incoming.push_back(std::mem::take(&mut ask.body));
        }
        self.current =
            Some(Current { ask, since: Instant::now(), urged: false, content: Vec::new(), bytes: 0 });
    }

    /// Sends the answer to the request being worked on, with what it holds, and begins with the next.
    fn answer(&mut self) {
        let Some(current) = self.current.take() else { return };
        let interval = match (current.ask.kind, self.state) {
            (Numbered::Close, _) => {
                self.state = State::Closed;
                CLOSED
            }
            (_, State::Open) => self.interval.next(current.bytes > 0),
            (_, State::ShutDown | State::Closed) => {
                self.state = State::Closed;
                CLOSED
            }
        };
        if current.bytes == 0 {
            let second = self.elapsed().as_secs();
            self.empty = (second, if self.empty.0 == second { self.empty.1 + 1 } else { 1 });
        }
        self.size.answered(current.bytes, self.elapsed());
        self.last = Answer { interval, content: current.content };
        // Nobody may be there any more to take it: a client that comes again gets the same.
        let _ = current.ask.reply.send(Ok(self.last.clone()));
        if let Some(ask) = self.sequence.done(self.elapsed()) {
            self.begin(ask);
        }
    }
}

/// Tells everybody who waits that the session is over.
impl Drop for End {
    fn drop(&mut self) {
        self.arrivals.close();
        while let Ok(arrival) = self.arrivals.try_recv() {
            if let Arrival::Ask(ask) = arrival {
                let _ = ask.reply.send(Err(tunnel::Error::Closed));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_asks_without_end_is_answered_at_a_walk() {
        let (arrivals, queue) = mpsc::channel(8);
        let mut end = End::new(queue, &Limits::default(), Instant::now());
        let began = Instant::now();
        let client = async {
            for number in 0..150 {
                let (reply, answer) = oneshot::channel();
                let ask = Ask { number, kind: Numbered::Idle, body: Bytes::new(), reply };
                for arrival in [Arrival::Ask(ask), Arrival::Urge] {
                    assert!(arrivals.send(arrival).await.is_ok());
                }
                answer.await.expect("an answer").expect("in order");
            }
        };
        tokio::select! {
            _ = end.ready(Wanted { read: true, write: false }) => panic!("there is nothing to read"),
            () = client => {}
        }
        // Virtual time: fifty at once each second, the others one by one.
        assert!(began.elapsed() >= BRAKE * 50, "after {:?}", began.elapsed());
    }
}
