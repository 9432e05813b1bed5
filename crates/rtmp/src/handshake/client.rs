//! The client's end of the handshake.

use super::encrypted::{Ciphers, Offer, Signer, Wrap};
use super::{BLOCK, Block, CLIENT_VERSION, Kind, Random, VERSION, digest};
use crate::Error;

/// The client's end. Send [`Client::hello`], then feed [`Client::receive`] until [`Client::is_done`].
#[derive(Debug)]
pub struct Client {
    state: State,
    kind: Kind,
    /// What C1 said of a key.
    offer: Option<Box<Offer>>,
    ciphers: Option<Box<Ciphers>>,
    s1_end: digest::Digest,
}

#[derive(Debug)]
enum State {
    /// Waiting for S0 and S1.
    First,
    /// Waiting for S2, and whether it has to be signed.
    Last(Option<Signer>),
    Done,
}

impl Client {
    /// A client that offers `kind`.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { state: State::First, kind, offer: None, ciphers: None, s1_end: Default::default() }
    }

    /// C0 and C1. `random` fills a slice with unpredictable bytes.
    pub fn hello(&mut self, output: &mut Vec<u8>, random: &mut Random) {
        let mut c1 = [0; BLOCK];
        random(&mut c1[8..]);
        if self.kind != Kind::Plain {
            c1[4..8].copy_from_slice(&CLIENT_VERSION);
        }
        match self.kind {
            Kind::Plain => {}
            Kind::Digest(scheme) => _ = digest::sign(&mut c1, scheme, digest::CLIENT_KEY),
            Kind::Encrypted(_, scheme) => {
                self.offer = Some(Box::new(Offer::write(&mut c1, scheme, random)));
            }
        }
        output.push(match self.kind {
            Kind::Encrypted(wrap, _) => wrap.version(),
            _ => VERSION,
        });
        output.extend_from_slice(&c1);
    }

    /// Takes what it can from the front of `input` and returns how many bytes that was; C2 is appended to `output`
    /// once S1 is in. A server that answers a digest with the plain form is taken as it is; one that answers an
    /// encrypted offer without encryption is not.
    ///
    /// # Errors
    /// [`Error::Version`] when the first byte is none of a handshake we speak; when encryption was offered,
    /// [`Error::NotEncrypted`], [`Error::NoDigest`], [`Error::KeyExchange`] and [`Error::Signature`] say what the
    /// server left out.
    pub fn receive(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        random: &mut Random,
    ) -> Result<usize, Error> {
        let mut used = 0;
        if let State::First = self.state {
            let Some(&version) = input.first() else { return Ok(0) };
            let wrap = self.check_version(version)?;
            let Some(s1) = input[1..].first_chunk() else { return Ok(0) };
            match wrap {
                Some(wrap) => self.accept(wrap, s1, output, random)?,
                None => self.answer(s1, output, random),
            }
            self.s1_end = digest::end(s1);
            used = 1 + BLOCK;
        }
        if let (State::Last(signer), Some(s2)) = (&self.state, input[used..].first_chunk()) {
            if signer.as_ref().is_some_and(|signer| !signer.verify(s2)) {
                return Err(Error::Signature("S2"));
            }
            self.state = State::Done;
            used += BLOCK;
        }
        Ok(used)
    }

    /// Whether everything has been exchanged and chunks follow.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// What the handshake came to; meaningful once it is done.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What all bytes behind the handshake go through, once; there is something only when it is done and encrypted.
    pub fn take_ciphers(&mut self) -> Option<Ciphers> {
        if !self.is_done() {
            return None;
        }
        self.ciphers.take().map(|ciphers| *ciphers)
    }

    /// The last 32 bytes of S1, which are the key of SWF verification; zeros until S1 was received.
    #[must_use]
    pub fn s1_end(&self) -> &[u8; 32] {
        &self.s1_end
    }

    /// Whether S0 fits to the offer, and what it says about signatures.
    fn check_version(&self, version: u8) -> Result<Option<Wrap>, Error> {
        match (self.kind, Wrap::from_version(version)) {
            (Kind::Encrypted(..), Some(wrap)) => Ok(Some(wrap)),
            (Kind::Encrypted(..), None) if version == VERSION => Err(Error::NotEncrypted),
            (Kind::Plain | Kind::Digest(_), None) if version == VERSION => Ok(None),
            _ => Err(Error::Version(version)),
        }
    }

    /// C2 with encryption: S0 decides about the signatures, whatever C0 said.
    fn accept(
        &mut self,
        wrap: Wrap,
        s1: &Block,
        output: &mut Vec<u8>,
        random: &mut Random,
    ) -> Result<(), Error> {
        let offer = self.offer.take().ok_or(Error::KeyExchange("an answer before the question"))?;
        let accepted = offer.accept(wrap, s1, random)?;
        if let Kind::Encrypted(decided, _) = &mut self.kind {
            *decided = wrap;
        }
        output.extend_from_slice(&accepted.c2);
        self.ciphers = Some(Box::new(accepted.ciphers));
        self.state = State::Last(Some(accepted.s2));
        Ok(())
    }

    /// C2 without encryption.
    fn answer(&mut self, s1: &Block, output: &mut Vec<u8>, random: &mut Random) {
        let mut c2 = *s1;
        match (self.kind, digest::find(s1, digest::SERVER_KEY)) {
            (Kind::Digest(_), Some((_, server_digest))) => {
                random(&mut c2);
                digest::answer(&mut c2, &server_digest, digest::CLIENT_ANSWER_KEY);
            }
            _ => self.kind = Kind::Plain,
        }
        output.extend_from_slice(&c2);
        self.state = State::Last(None);
    }
}
