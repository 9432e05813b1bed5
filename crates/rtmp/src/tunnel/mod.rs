//! RTMPT: the RTMP byte stream, carried in the bodies of HTTP requests and their answers.
//!
//! ```text
//! POST /open/1              00          -> session id \n
//! POST /send/<id>/0         C0 C1       -> interval | S0 S1 S2
//! POST /send/<id>/1         C2 connect  -> interval | replies
//! POST /idle/<id>/2         00          -> interval | media, or nothing yet
//! POST /close/<id>/3        00          -> 00
//! ```
//!
//! Borders of bodies mean nothing to the stream inside. The server can speak only when it is asked, so a client that
//! has nothing to say asks with `idle`; the interval byte tells how lazily it may do that. RTMPTE is the same with an
//! encrypted stream inside: ids, numbers and interval bytes stay clear.
//!
//! Here is what needs neither HTTP nor sockets: what a path means, the order of requests, how large an answer should
//! be, and a client.

mod answer;
mod client;
mod request;
mod sequence;

pub use answer::{AnswerSize, CLOSED, Interval};
pub use client::{Client, ClientRequest};
pub use request::{Numbered, Request};
pub use sequence::{Place, Sequence};

/// The media type of all bodies.
pub const CONTENT_TYPE: &str = "application/x-fcs";

/// Why a tunnel can't go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A request whose number is neither the next, nor the last again, nor one of the few that may come early.
    #[error("request {number} where {expected} was due")]
    OutOfOrder {
        /// What came.
        number: u32,
        /// What was due.
        expected: u32,
    },
    /// Later requests came, this one did not.
    #[error("request {0} did not come, later ones did")]
    Missing(u32),
    /// An answer to `open` that is no session id.
    #[error("the answer to /open is no session id")]
    NoSession,
    /// An answer without even the interval byte.
    #[error("an answer without an interval byte")]
    NoInterval,
    /// The other end closed the session.
    #[error("the server closed the session")]
    Closed,
}
