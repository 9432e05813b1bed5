//! RTMP as state machines for both ends: no sockets, no clock, no random source.
//!
//! Sources: Adobe's "Real Time Messaging Protocol" 1.0 (2012), Veovera's "Enhanced RTMP" v2, and what players do
//! where they differ from the text; such places name the player.
//!
//! Bytes go up through these modules and answers come down again:
//!
//! ```text
//!   handshake     1 + 1536 + 1536 bytes each way, digests for Flash Player and FFmpeg, encryption
//!   chunk         messages cut into chunks, and put together again
//!   message       control messages and user control events
//!   command       AMF commands: connect, play, seek ...
//!   status        the onStatus vocabulary
//!   session       a whole connection: server and client
//!   tunnel        the same bytes inside of HTTP requests
//! ```
//!
//! Time is a [`std::time::Duration`] since any moment the caller likes, the same for all calls on one object.

pub mod chunk;
pub mod command;
mod error;
pub mod handshake;
pub mod message;
pub mod session;
pub mod status;
pub mod tunnel;

pub use error::Error;
