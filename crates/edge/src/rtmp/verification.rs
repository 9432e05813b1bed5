//! SWF verification: a distribution lets in the players that it lists, by the digests of their files.
//!
//! It is no protection against anybody who has the file; it keeps other sites' players off.

use std::time::Duration;

use millrace_model::Swf;
use millrace_rtmp::session::{Connect, Event as Request, Server};

use super::work::Access;

/// Requests that wait until the player has shown itself. Players send a few: the answer overtakes none of them, but
/// asking takes a round trip.
const WAITING: usize = 32;

/// A viewer who is connected and has not shown yet which player it is.
pub(super) struct Verification {
    /// What it may do then.
    pub(super) access: Access,
    pub(super) connect: Connect,
    players: Vec<Swf>,
    /// When the answer has to be there.
    pub(super) deadline: Duration,
    waiting: Vec<Request>,
}

impl Verification {
    pub(super) fn new(access: Access, connect: Connect, players: Vec<Swf>, deadline: Duration) -> Self {
        Self { access, connect, players, deadline, waiting: Vec::new() }
    }

    /// Whether the answer is that of one of the players.
    pub(super) fn admits(&self, protocol: &Server, size: u32, digest: &[u8; 32]) -> bool {
        self.players.iter().any(|player| player.size == size && protocol.swf_digest(&player.hash) == *digest)
    }

    /// Keeps a request for later. False: there are too many.
    pub(super) fn keep(&mut self, request: Request) -> bool {
        self.waiting.push(request);
        self.waiting.len() <= WAITING
    }

    /// What was kept, in its order.
    pub(super) fn into_waiting(self) -> (Access, Vec<Request>) {
        (self.access, self.waiting)
    }
}
