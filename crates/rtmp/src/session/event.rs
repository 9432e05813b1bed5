//! What a viewer wants, as the server's session tells it.

use super::request::{Connect, Play, Play2};
use crate::handshake::encrypted::Exchange;

/// What the viewer wants. Requests that carry a `transaction` have to be answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The viewer asks for encryption: answer with [`super::Server::agree`] and what [`Exchange::agree`] gave on some
    /// other thread, or close. The handshake's deadline goes on meanwhile.
    KeyExchange(Exchange),
    /// Answer with [`super::Server::accept`] or [`super::Server::reject`].
    Connect(Connect),
    /// Answer with [`super::Server::stream_length`].
    StreamLength {
        /// Give it back in the answer.
        transaction: f64,
        /// The stream name.
        name: String,
    },
    /// Play this.
    Play {
        /// On this stream.
        stream: u32,
        /// As asked.
        play: Play,
    },
    /// Change what is played.
    Play2 {
        /// On this stream.
        stream: u32,
        /// As asked.
        play2: Play2,
    },
    /// Pause (true) or go on.
    Pause {
        /// The stream.
        stream: u32,
        /// Pause or go on.
        pause: bool,
        /// Where the player stands, in ms of its own stamps.
        position_ms: u32,
    },
    /// Go on from another place.
    Seek {
        /// The stream.
        stream: u32,
        /// Media time, ms. Negative, infinite or no number at all are possible.
        position_ms: f64,
    },
    /// Send audio, or leave it out.
    ReceiveAudio {
        /// The stream.
        stream: u32,
        /// Send it.
        on: bool,
    },
    /// Send video, or leave it out.
    ReceiveVideo {
        /// The stream.
        stream: u32,
        /// Send it.
        on: bool,
    },
    /// How much the player wants to hold in advance; stream 0 stands for all streams to come.
    BufferLength {
        /// The stream.
        stream: u32,
        /// Milliseconds.
        ms: u32,
    },
    /// Stop playing on this stream and keep it.
    Stop {
        /// The stream.
        stream: u32,
    },
    /// What was answered to [`super::Server::request_swf_verification`]. Players answer without having been asked,
    /// too.
    SwfAnswer {
        /// Bytes in the player's uncompressed file.
        size: u32,
        /// Right if it is [`super::Server::swf_digest`] of the file's hash.
        digest: [u8; 32],
    },
    /// The stream is gone.
    Delete {
        /// The stream.
        stream: u32,
    },
}

/// Why connect is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// One of CloudFront's words, such as `DistributionNotFound`; players get it as `application.message`.
    pub reason: String,
    /// For people.
    pub description: String,
}
