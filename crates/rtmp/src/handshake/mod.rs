//! The handshake, both ends.
//!
//! ```text
//! client                                   server
//! C0 (1)  C1 (1536)  ------------------->
//!                    <-------------------  S0 (1)  S1 (1536)  S2 (1536)
//! C2 (1536)          ------------------->
//! first chunks       ------------------->
//! ```
//!
//! S0, S1 and S2 go out together as soon as C1 is in: FFmpeg reads all three before it writes C2, so a server that
//! waited for C2 would wait for ever. A client whose C1 carries a digest gets one back ([`digest`]), because Flash
//! Player plays H.264 only after a digest handshake and FFmpeg checks it; everybody else gets the plain form
//! (random bytes, echoed by the other side as they were). A client whose C0 asks for encryption gets that, or nothing
//! ([`encrypted`]).

mod client;
pub mod digest;
pub mod encrypted;
mod server;

pub use client::Client;
pub use server::Server;

/// Bytes in each of C1, S1, C2 and S2.
pub const BLOCK: usize = 1536;
/// The version byte of unencrypted RTMP.
pub const VERSION: u8 = 3;

/// Fills a slice with unpredictable bytes: these crates have no random source of their own.
pub type Random = dyn FnMut(&mut [u8]) + Send;

/// C1, S1, C2 or S2.
pub type Block = [u8; BLOCK];

/// How the two sides greeted each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Random bytes, echoed.
    Plain,
    /// Signed with the published keys, laid out by this scheme.
    Digest(digest::Scheme),
    /// Signed, with a key exchange in it: everything behind the handshake is encrypted (RTMPE).
    Encrypted(encrypted::Wrap, digest::Scheme),
}

/// Flash Media Server 5: a first byte of 3 or more says that the digest is meant.
const SERVER_VERSION: [u8; 4] = [5, 0, 17, 1];
/// Flash Player 10.0.45.2, as librtmp says with a SWF hash.
const CLIENT_VERSION: [u8; 4] = [10, 0, 45, 2];
