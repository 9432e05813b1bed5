//! A whole connection as a state machine: bytes in, bytes and events out, and the next moment it wants to be woken.
//!
//! After each call of `receive` or `handle_timeout`, take what is to be sent with `take_output` and the events with
//! `poll_event` until there are none.

mod client;
mod event;
mod inbound;
mod limits;
mod request;
mod server;

pub use client::{Client, ClientEvent, Play as ClientPlay, Swf};
pub use event::{Event, Rejection};
pub use limits::Limits;
pub use request::{Connect, Play, Play2, Start, Transition};
pub use server::Server;
