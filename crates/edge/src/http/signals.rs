//! What a connection's socket and its service tell each other past hyper.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::sync::Notify;

use super::interim::Interim;

/// What a connection's socket and its service tell each other.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// Whether a tunnel's request came. Then what was asked for is done also for a client that has gone.
    tunnel: AtomicBool,
    /// Whether a web distribution's request came.
    web: AtomicBool,
    /// Whether a request is being answered.
    answering: AtomicBool,
    /// Whether another protocol is spoken from here on.
    switched: AtomicBool,
    /// What an origin says before its answer.
    pub(super) interim: Interim,
    /// Tells that bytes came: while a request is being answered the next one, from a client that does not wait.
    pub(super) came: Notify,
}

impl Signals {
    pub(super) fn note_tunnel(&self) {
        self.tunnel.store(true, Relaxed);
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.tunnel.load(Relaxed)
    }

    pub(super) fn note_web(&self) {
        self.web.store(true, Relaxed);
    }

    pub(super) fn is_web(&self) -> bool {
        self.web.load(Relaxed)
    }

    pub(super) fn note_answering(&self, answering: bool) {
        self.answering.store(answering, Relaxed);
    }

    pub(super) fn note_switched(&self) {
        self.switched.store(true, Relaxed);
    }

    pub(super) fn is_switched(&self) -> bool {
        self.switched.load(Relaxed)
    }

    /// Whether the end of input is hidden for now. hyper drops a request that is being answered when it sees it.
    pub(super) fn hides_end(&self) -> bool {
        self.is_tunnel() && self.answering.load(Relaxed)
    }
}
