//! One viewer's socket: what is read goes to the session, what is due is written.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::BytesMut;
use millrace_rtmp as protocol;
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

use super::caller::Caller;
use super::session::Session;
use crate::edge::Shared;
use crate::outbox::Outbox;
use crate::wire::{Farewell, Wanted, Wire};
use crate::{Event, EventKind, Phase};

/// Room made for each read, bytes. Commands are a few hundred.
const READ: usize = 4096;
/// A viewer that lets more replies than this pile up is not read from until it takes some.
const UNANSWERED: usize = 64 << 10;

/// More may be due at once, but a viewer that takes everything has to let the others have their turn after so many
/// bytes: a millisecond's worth where they are encrypted.
const STREAK: usize = 512 << 10;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the viewer closed it")]
    Closed,
    #[error("refused or told to leave")]
    Done,
    #[error("the connection broke: {0}")]
    Broken(std::io::Error),
    #[error("{0}")]
    Protocol(#[from] protocol::Error),
    /// What carries RTMP makes no sense: TLS, or the order of a tunnel's requests.
    #[error("{0}")]
    Garbled(std::io::Error),
    #[error("no request in time")]
    Silent,
    #[error("the viewer took nothing for {0:?}")]
    Stalled(Duration),
}

impl From<std::io::Error> for End {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            // What a player leaves behind that closes its socket before it has read everything.
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => Self::Closed,
            std::io::ErrorKind::TimedOut => Self::Silent,
            std::io::ErrorKind::InvalidData => Self::Garbled(error),
            _ => Self::Broken(error),
        }
    }
}

struct Connection {
    shared: Arc<Shared>,
    wire: Wire,
    session: Session,
    outbox: Outbox,
    input: BytesMut,
    phase: watch::Receiver<Phase>,
    dismissal: watch::Receiver<()>,
    accepted: Duration,
    /// When the wire last took bytes.
    progress: Duration,
    /// Bytes written since others had their turn.
    streak: usize,
    bytes: u64,
}

/// Serves one viewer until it is gone.
pub(crate) async fn serve(shared: Arc<Shared>, wire: Wire, caller: Caller) {
    let viewer = shared.number();
    let now = shared.began.elapsed();
    let mut connection = Connection {
        session: Session::new(Arc::clone(&shared), viewer, caller, now),
        phase: shared.phase.subscribe(),
        dismissal: shared.dismissal.subscribe(),
        shared,
        wire,
        outbox: Outbox::default(),
        input: BytesMut::new(),
        accepted: now,
        progress: now,
        streak: 0,
        bytes: 0,
    };
    connection.shared.connected.fetch_add(1, Relaxed);
    let end = connection.drive().await;
    connection.finish(&end).await;
}

impl Connection {
    fn now(&self) -> Duration {
        self.shared.began.elapsed()
    }

    /// Works until the connection ends, and says why it did.
    async fn drive(&mut self) -> End {
        loop {
            match self.step().await {
                Ok(()) => {}
                Err(end) => return end,
            }
        }
    }

    async fn step(&mut self) -> Result<(), End> {
        let leave = *self.phase.borrow_and_update();
        if leave == Phase::Stopping || (leave == Phase::Draining && !self.session.is_playing()) {
            self.session.shut_down();
        }
        let now = self.now();
        self.seal();
        let filled = self.session.fill(&mut self.outbox, now);
        let credit = self.credit();
        let written = self.wire.write(&mut self.outbox, credit)?;
        if written > 0 {
            self.progress = now;
            self.bytes += written as u64;
            self.session.count(written as u64);
        }
        if self.is_clear() {
            self.progress = now;
            if filled || written > 0 {
                self.streak += written;
                if self.streak >= STREAK {
                    self.streak = 0;
                    tokio::task::yield_now().await;
                }
                return Ok(());
            }
            if self.session.is_closing() {
                return Err(End::Done);
            }
        }
        self.wait(now).await
    }

    /// Encrypts from here on, once everything in front of that is out of the outbox.
    fn seal(&mut self) {
        if self.outbox.is_empty()
            && let Some(cipher) = self.session.take_cipher()
        {
            self.wire.encrypt(cipher);
        }
    }

    /// How many more bytes the viewer wants on their way.
    fn credit(&self) -> usize {
        self.session.credit(self.bytes)
    }

    /// Whether everything that was due is on its way.
    fn is_clear(&self) -> bool {
        self.outbox.is_empty() && self.wire.is_empty()
    }

    /// Sleeps until there is something to read, to write, or to do.
    async fn wait(&mut self, now: Duration) -> Result<(), End> {
        let blocked = !self.is_clear();
        let deadline = match blocked {
            true => self.progress + self.shared.limits.stalled,
            false => self.session.deadline(),
        };
        if blocked && now >= deadline {
            return Err(End::Stalled(self.shared.limits.stalled));
        }
        self.wire.set_prospect(self.session.is_playing(), self.session.is_working());
        // Who is not to get more yet is waited for until it acknowledges something.
        let write = !self.wire.is_empty() || blocked && self.credit() > 0;
        let wanted = Wanted { read: self.session.unanswered() < UNANSWERED, write };
        tokio::select! {
            // In this order: what is due at the tick that ends a tunnel's hold goes into the answer that was held.
            biased;
            () = sleep_until(self.shared.began + deadline) => {
                let now = self.shared.began.elapsed();
                if !blocked {
                    self.session.handle_timeout(now)?;
                }
            }
            done = self.session.work() => {
                let now = self.shared.began.elapsed();
                self.session.complete(done, &mut self.outbox, now)?;
            }
            readable = self.wire.ready(wanted) => {
                if readable? {
                    self.read()?;
                }
            }
            _ = self.phase.changed() => {}
            _ = self.dismissal.changed() => {
                if self.session.is_dismissed() {
                    self.session.shut_down();
                }
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), End> {
        while let Some(n) = self.wire.read(&mut self.input, READ)? {
            if n == 0 {
                return Err(End::Closed);
            }
            let now = self.now();
            self.session.receive(&mut self.input, &mut self.outbox, now)?;
            if n < READ || self.session.unanswered() >= UNANSWERED {
                break;
            }
        }
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        Ok(())
    }

    /// Gives the viewer what is left for it, closes, and tells what happened.
    async fn finish(mut self, end: &End) {
        let metrics = &self.shared.metrics;
        match end {
            End::Silent | End::Stalled(_) | End::Protocol(protocol::Error::Timeout(_)) => {
                metrics.timeouts.one();
            }
            End::Protocol(_) | End::Garbled(_) => metrics.protocol_errors.one(),
            End::Closed | End::Done | End::Broken(_) => {}
        }
        self.session.close();
        if let Some(farewell) = self.farewell(end) {
            let linger = self.shared.limits.linger;
            let _ = timeout(linger, self.say_goodbye(&farewell)).await;
        }
        let lasted_ms = (self.now() - self.accepted).as_millis() as u64;
        let kind = EventKind::Disconnected { reason: end.to_string(), bytes: self.bytes, lasted_ms };
        self.shared.connected.fetch_sub(1, Relaxed);
        (self.shared.sink)(&Event { viewer: self.session.viewer(), peer: self.session.peer(), kind });
    }

    /// How the viewer is told of it, if it can be.
    fn farewell(&self, end: &End) -> Option<Farewell> {
        match end {
            End::Done if *self.phase.borrow() > Phase::Running => Some(Farewell::Away),
            End::Done => Some(Farewell::Done),
            End::Protocol(error) => Some(Farewell::Fault(error.to_string())),
            // What is told then was told when it was noticed; it has to arrive.
            End::Garbled(error) if self.wire.says_why() => Some(Farewell::Fault(error.to_string())),
            _ => None,
        }
    }

    /// Closing with unread bytes in the receive buffer makes the kernel send RST, and the viewer may lose the end of
    /// what was sent: so the write side is closed first and the rest is read away.
    async fn say_goodbye(&mut self, farewell: &Farewell) -> std::io::Result<()> {
        while !self.is_clear() || self.session.unanswered() > 0 {
            self.seal();
            self.session.fill_control(&mut self.outbox);
            self.bytes += self.wire.write(&mut self.outbox, usize::MAX)? as u64;
            if !self.is_clear() {
                self.wire.ready(Wanted { read: false, write: true }).await?;
            }
        }
        self.wire.shutdown(farewell).await?;
        loop {
            let mut away = BytesMut::new();
            if self.wire.read(&mut away, READ)? == Some(0) {
                return Ok(());
            }
            self.wire.ready(Wanted { read: true, write: false }).await?;
        }
    }
}
