//! RTMPT: viewers whose bytes come and go in HTTP requests.
//!
//! ```text
//!   http      takes requests from connections; any connection may carry any session's
//!   table     finds the session of a request, and bounds how many there are
//!   end       a session's side of it: puts requests in order, fills answers
//! ```

mod end;
mod table;

use bytes::Bytes;
use millrace_rtmp::tunnel::{self, Numbered};
use tokio::sync::oneshot;

pub(crate) use end::End;
pub(crate) use table::{Tunnels, ask};

/// A request of a session.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) number: u32,
    pub(crate) kind: Numbered,
    /// Bytes of the stream; nothing unless the kind is `Send`.
    pub(crate) body: Bytes,
    pub(crate) reply: Reply,
}

/// Where the answer goes.
pub(crate) type Reply = oneshot::Sender<Result<Answer, tunnel::Error>>;

/// What comes to a session from the connections.
#[derive(Debug)]
pub(crate) enum Arrival {
    Ask(Ask),
    /// Another request waits behind the one that is held, on the same connection.
    Urge,
}

/// The body of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// The interval byte, in front of everything.
    pub(crate) interval: u8,
    /// Bytes of the stream; shared with other viewers.
    pub(crate) content: Vec<Bytes>,
}
