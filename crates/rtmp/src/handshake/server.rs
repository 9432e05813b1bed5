//! The server's end of the handshake.

use super::encrypted::{Agreement, Ciphers, Exchange, Signer, Wrap};
use super::{BLOCK, Block, Kind, Random, SERVER_VERSION, VERSION, digest};
use crate::Error;

/// The server's end. Feed it with [`Server::receive`] until [`Server::is_done`].
#[derive(Debug)]
pub struct Server {
    state: State,
    kind: Kind,
    s1_end: digest::Digest,
}

#[derive(Debug)]
enum State {
    /// Waiting for C0 and C1.
    First,
    /// Waiting for [`Server::agree`]; what has to be agreed on is there until it is asked for.
    Exchange(Option<Box<Exchange>>),
    /// Waiting for C2, and whether it has to be signed.
    Last(Option<Signer>),
    Done,
}

impl Default for Server {
    fn default() -> Self {
        Self { state: State::First, kind: Kind::Plain, s1_end: Default::default() }
    }
}

impl Server {
    /// Takes what it can from the front of `input` and returns how many bytes that was. What has to be sent is
    /// appended to `output`. `random` fills a slice with unpredictable bytes. After a call, ask
    /// [`Server::take_exchange`]; while it waits for an agreement nothing more is taken.
    ///
    /// # Errors
    /// [`Error::Version`] when the first byte is none of a handshake we speak, [`Error::NoDigest`] when it is one of
    /// RTMPE and C1 has no digest, [`Error::Signature`] when C2 is not signed as RTMPE wants it.
    pub fn receive(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        random: &mut Random,
    ) -> Result<usize, Error> {
        let mut used = 0;
        if let State::First = self.state {
            let Some(&version) = input.first() else { return Ok(0) };
            let wrap = Wrap::from_version(version);
            if wrap.is_none() && version != VERSION {
                return Err(Error::Version(version));
            }
            let Some(c1) = input[1..].first_chunk() else { return Ok(0) };
            match wrap {
                Some(wrap) => self.ask(Exchange::read(wrap, c1)?),
                None => self.answer(c1, output, random),
            }
            used = 1 + BLOCK;
        }
        if let (State::Last(signer), Some(c2)) = (&self.state, input[used..].first_chunk()) {
            // Without encryption this is not compared with anything: GStreamer changes the first 8 bytes of the
            // echo, and what a peer says here proves nothing about it.
            if signer.as_ref().is_some_and(|signer| !signer.verify(c2)) {
                return Err(Error::Signature("C2"));
            }
            self.state = State::Done;
            used += BLOCK;
        }
        Ok(used)
    }

    /// The arithmetic that has to be done before an encrypted handshake goes on, once.
    pub fn take_exchange(&mut self) -> Option<Exchange> {
        match &mut self.state {
            State::Exchange(exchange) => exchange.take().map(|exchange| *exchange),
            _ => None,
        }
    }

    /// Goes on with what [`Exchange::agree`] gave: S0, S1 and S2 are appended to `output`. The outbound cipher is for
    /// everything behind them, the inbound one for everything behind C2. `None`: nobody asked.
    pub fn agree(&mut self, agreement: Agreement, output: &mut Vec<u8>) -> Option<Ciphers> {
        let State::Exchange(_) = self.state else { return None };
        output.extend_from_slice(&agreement.answer);
        self.s1_end = agreement.s1_end;
        self.state = State::Last(Some(agreement.c2));
        Some(agreement.ciphers)
    }

    /// Whether everything has been exchanged and chunks follow.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Plain, digest or encrypted; meaningful after C1 was received.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The last 32 bytes of S1, which are the key of SWF verification; zeros until S1 was sent.
    #[must_use]
    pub fn s1_end(&self) -> &[u8; 32] {
        &self.s1_end
    }

    fn ask(&mut self, exchange: Exchange) {
        self.kind = Kind::Encrypted(exchange.wrap(), exchange.scheme());
        self.state = State::Exchange(Some(Box::new(exchange)));
    }

    /// S0, S1 and S2 without encryption.
    fn answer(&mut self, c1: &Block, output: &mut Vec<u8>, random: &mut Random) {
        let (mut s1, mut s2) = ([0; BLOCK], *c1);
        random(&mut s1[8..]);
        if let Some((scheme, client_digest)) = digest::find(c1, digest::CLIENT_KEY) {
            self.kind = Kind::Digest(scheme);
            s1[4..8].copy_from_slice(&SERVER_VERSION);
            digest::sign(&mut s1, scheme, digest::SERVER_KEY);
            random(&mut s2);
            digest::answer(&mut s2, &client_digest, digest::SERVER_ANSWER_KEY);
        }
        output.push(VERSION);
        output.extend_from_slice(&s1);
        output.extend_from_slice(&s2);
        self.s1_end = digest::end(&s1);
        self.state = State::Last(None);
    }
}
