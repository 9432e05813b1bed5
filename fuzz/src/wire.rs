//! Bytes as they come out of a socket: in pieces of any size.

use bytes::{Buf, BytesMut};
use millrace_rtmp::Error;
use millrace_rtmp::chunk::{Limits, Reader};
use millrace_rtmp::handshake::{BLOCK, Random, VERSION};
use millrace_rtmp::message::Message;

/// Repeatable noise.
#[must_use]
pub fn noise() -> Box<Random> {
    let mut state = 1u32;
    Box::new(move |out: &mut [u8]| {
        for byte in out {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
    })
}

/// Cuts bytes into pieces as long as `cuts` say, over and over; 0 stands for "all the rest".
#[must_use]
pub fn pieces<'b>(mut bytes: &'b [u8], cuts: &[u8]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut cuts = cuts.iter().cycle();
    while !bytes.is_empty() {
        let length = match cuts.next() {
            None | Some(0) => bytes.len(),
            Some(n) => usize::from(*n).min(bytes.len()),
        };
        let (piece, rest) = bytes.split_at(length);
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// The handshake of a peer that says nothing else in it.
#[must_use]
pub fn plain_handshake() -> Vec<u8> {
    let mut bytes = vec![0; 1 + 2 * BLOCK];
    bytes[0] = VERSION;
    bytes
}

/// Reads all messages, the bytes given by pieces as long as `cuts` say, in turn; 0 and an end of `cuts` stand for
/// "all the rest".
pub fn messages(bytes: &[u8], cuts: &[u8], limits: Limits) -> (Vec<Message>, Option<Error>) {
    let mut reader = Reader::new(limits);
    let (mut input, mut rest, mut all) = (BytesMut::new(), bytes, Vec::new());
    let mut cuts = cuts.iter();
    while !rest.is_empty() {
        let n = match cuts.next() {
            None | Some(0) => rest.len(),
            Some(n) => usize::from(*n).min(rest.len()),
        };
        input.extend_from_slice(&rest[..n]);
        rest.advance(n);
        loop {
            match reader.read(&mut input) {
                Ok(Some(message)) => all.push(message),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
        // What the reader leaves is less than the largest header: nothing that grows.
        assert!(input.len() < 18, "{} bytes wait", input.len());
    }
    (all, None)
}

/// Reads what one of our own ends sends, behind its handshake: it has to be sound.
pub struct Listener {
    /// Bytes of the handshake that are still to come.
    handshake: usize,
    input: BytesMut,
    reader: Reader,
}

impl Listener {
    /// Somebody who hears `handshake` bytes before the first chunk.
    #[must_use]
    pub fn new(handshake: usize) -> Self {
        Self { handshake, input: BytesMut::new(), reader: Reader::new(Limits::SERVER) }
    }

    /// Takes bytes; returns the messages that are whole.
    pub fn hear(&mut self, bytes: &[u8]) -> Vec<Message> {
        let skip = self.handshake.min(bytes.len());
        self.handshake -= skip;
        self.input.extend_from_slice(&bytes[skip..]);
        let mut all = Vec::new();
        while let Some(message) = self.reader.read(&mut self.input).expect("what we send can be read") {
            all.push(message);
        }
        all
    }

    /// Whether everything that came was whole messages.
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        self.input.is_empty()
    }
}
