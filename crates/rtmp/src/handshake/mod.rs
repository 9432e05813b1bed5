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
//! (random bytes, echoed by the other side as they were).

pub mod digest;

use crate::Error;

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
}

/// The server's end. Feed it with [`Server::receive`] until [`Server::is_done`].
#[derive(Debug)]
pub struct Server {
    state: State,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Waiting for the peer's version byte and first block.
    First,
    /// Waiting for the peer's second block.
    Last,
    Done,
}

impl State {
    /// Takes the peer's blocks from the front of `input` as they become whole; `answer` gets the first.
    fn receive(&mut self, input: &[u8], answer: impl FnOnce(&Block)) -> Result<usize, Error> {
        let mut used = 0;
        if *self == Self::First {
            let Some(first) = first_block(input)? else { return Ok(0) };
            answer(first);
            *self = Self::Last;
            used = 1 + BLOCK;
        }
        // The last block is not compared with anything: GStreamer changes the first 8 bytes of the echo, and what a
        // peer says here proves nothing about it.
        if *self == Self::Last && input.len() - used >= BLOCK {
            *self = Self::Done;
            used += BLOCK;
        }
        Ok(used)
    }
}

impl Default for Server {
    fn default() -> Self {
        Self { state: State::First, kind: Kind::Plain }
    }
}

impl Server {
    /// Takes what it can from the front of `input` and returns how many bytes that was. What has to be sent is
    /// appended to `output`. `random` fills a slice with unpredictable bytes.
    ///
    /// # Errors
    /// [`Error::Version`] when the first byte is not 3.
    pub fn receive(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        random: &mut Random,
    ) -> Result<usize, Error> {
        let Self { state, kind } = self;
        state.receive(input, |c1| answer_client(c1, kind, output, random))
    }

    /// Whether everything has been exchanged and chunks follow.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Plain or digest; meaningful after C1 was received.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// The client's end. Send [`Client::hello`], then feed [`Client::receive`] until [`Client::is_done`].
#[derive(Debug)]
pub struct Client {
    state: State,
    kind: Kind,
}

impl Client {
    /// A client that offers `kind`.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { state: State::First, kind }
    }

    /// C0 and C1. `random` fills a slice with unpredictable bytes.
    pub fn hello(&self, output: &mut Vec<u8>, random: &mut Random) {
        let mut c1 = [0; BLOCK];
        random(&mut c1[8..]);
        if let Kind::Digest(scheme) = self.kind {
            c1[4..8].copy_from_slice(&CLIENT_VERSION);
            digest::sign(&mut c1, scheme, digest::CLIENT_KEY);
        }
        output.push(VERSION);
        output.extend_from_slice(&c1);
    }

    /// Takes what it can from the front of `input` and returns how many bytes that was; C2 is appended to `output`
    /// once S1 is in. A server that answers a digest with the plain form is taken as it is.
    ///
    /// # Errors
    /// [`Error::Version`] when the first byte is not 3.
    pub fn receive(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        random: &mut Random,
    ) -> Result<usize, Error> {
        let Self { state, kind } = self;
        state.receive(input, |s1| answer_server(s1, kind, output, random))
    }

    /// Whether everything has been exchanged and chunks follow.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// What the handshake came to; meaningful once it is done.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// S0, S1 and S2 for a client's C1.
fn answer_client(c1: &Block, kind: &mut Kind, output: &mut Vec<u8>, random: &mut Random) {
    let (mut s1, mut s2) = ([0; BLOCK], *c1);
    random(&mut s1[8..]);
    if let Some((scheme, client_digest)) = digest::find(c1, digest::CLIENT_KEY) {
        *kind = Kind::Digest(scheme);
        s1[4..8].copy_from_slice(&SERVER_VERSION);
        digest::sign(&mut s1, scheme, digest::SERVER_KEY);
        random(&mut s2);
        digest::answer(&mut s2, &client_digest, digest::SERVER_ANSWER_KEY);
    }
    output.push(VERSION);
    output.extend_from_slice(&s1);
    output.extend_from_slice(&s2);
}

/// C2 for a server's S1.
fn answer_server(s1: &Block, kind: &mut Kind, output: &mut Vec<u8>, random: &mut Random) {
    let mut c2 = *s1;
    match (*kind, digest::find(s1, digest::SERVER_KEY)) {
        (Kind::Digest(_), Some((_, server_digest))) => {
            random(&mut c2);
            digest::answer(&mut c2, &server_digest, digest::CLIENT_ANSWER_KEY);
        }
        _ => *kind = Kind::Plain,
    }
    output.extend_from_slice(&c2);
}

/// Flash Media Server 5: a first byte of 3 or more says that the digest is meant.
const SERVER_VERSION: [u8; 4] = [5, 0, 17, 1];
/// Flash Player 10.0.45.2, as librtmp says with a SWF hash.
const CLIENT_VERSION: [u8; 4] = [10, 0, 45, 2];

/// The version byte and the block behind it, once both are there. A wrong version is told at the first byte.
fn first_block(input: &[u8]) -> Result<Option<&Block>, Error> {
    match input {
        [] => Ok(None),
        [VERSION, rest @ ..] => Ok(rest.first_chunk()),
        [version, ..] => Err(Error::Version(*version)),
    }
}
