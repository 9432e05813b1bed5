//! A client and a server in one thread and in virtual time.
#![allow(dead_code, reason = "each test file uses its part of this")]

use std::time::Duration;

use bytes::BytesMut;
use millrace_rtmp::command::Command;
use millrace_rtmp::handshake::Random;
use millrace_rtmp::handshake::encrypted::Cipher;
use millrace_rtmp::session::{Client, ClientEvent, ClientPlay, Connect, Event, Limits, Server};
use millrace_rtmp::{Error, chunk};

/// Repeatable noise.
pub(crate) fn noise() -> Box<Random> {
    let mut state = 1u32;
    Box::new(move |out: &mut [u8]| {
        for byte in out {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
    })
}

/// Both ends and what each has told so far.
pub(crate) struct Pair {
    pub(crate) now: Duration,
    pub(crate) server: Server,
    pub(crate) client: Client,
    /// What the server was asked.
    pub(crate) asked: Vec<Event>,
    /// What the client was told.
    pub(crate) told: Vec<ClientEvent>,
    /// The connect command, if the server accepts it by itself.
    pub(crate) connect: Option<Connect>,
    to_server: BytesMut,
    to_client: BytesMut,
    pub(crate) accepts: bool,
    /// What everything goes through that the server sends, once there is such a thing.
    cipher: Option<Cipher>,
}

impl Pair {
    /// Two ends that have not spoken yet.
    pub(crate) fn new(play: ClientPlay) -> Self {
        Self::with_limits(play, Limits::default())
    }

    pub(crate) fn with_limits(play: ClientPlay, limits: Limits) -> Self {
        Self {
            now: Duration::from_secs(100),
            server: Server::new(limits, Duration::from_secs(100), noise()),
            client: Client::new(play, noise()),
            asked: Vec::new(),
            told: Vec::new(),
            connect: None,
            to_server: BytesMut::new(),
            to_client: BytesMut::new(),
            accepts: true,
            cipher: None,
        }
    }

    /// A pair whose client has asked to play `name`.
    pub(crate) fn playing(name: &str) -> Self {
        let mut pair = Self::new(ClientPlay::new("cfx/st", "rtmp://s1.example.net/cfx/st", name));
        pair.talk().expect("both speak RTMP");
        pair
    }

    /// Passes bytes to and fro until both are silent.
    pub(crate) fn talk(&mut self) -> Result<(), Error> {
        self.talk_by(usize::MAX)
    }

    /// As [`Pair::talk`], by so many bytes at a time.
    pub(crate) fn talk_by(&mut self, step: usize) -> Result<(), Error> {
        loop {
            let (up, down) = (self.client.take_output(), self.said_by_server());
            if up.is_empty() && down.is_empty() {
                return Ok(());
            }
            for piece in up.chunks(step) {
                self.tell_server(piece)?;
            }
            for piece in down.chunks(step) {
                self.tell_client(piece)?;
            }
        }
    }

    /// What the server sends, as it goes over the wire.
    pub(crate) fn said_by_server(&mut self) -> Vec<u8> {
        let mut down = self.server.take_output().to_vec();
        if let Some(cipher) = &mut self.cipher {
            cipher.apply(&mut down);
        }
        if let Some(cipher) = self.server.take_cipher() {
            assert!(self.cipher.is_none(), "a second cipher");
            self.cipher = Some(cipher);
        }
        down
    }

    /// Gives bytes to the server, and answers what it asks on the way.
    pub(crate) fn tell_server(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.to_server.extend_from_slice(bytes);
        self.server.receive(&mut self.to_server, self.now)?;
        while let Some(event) = self.server.poll_event() {
            match event {
                Event::Connect(connect) if self.accepts => {
                    self.server.accept(&connect, &["hvc1"]);
                    self.connect = Some(connect);
                }
                Event::KeyExchange(exchange) if self.accepts => {
                    self.server.agree(exchange.agree(&mut *noise())?);
                }
                event => self.asked.push(event),
            }
        }
        Ok(())
    }

    /// Gives bytes to the client.
    pub(crate) fn tell_client(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.to_client.extend_from_slice(bytes);
        self.client.receive(&mut self.to_client)?;
        while let Some(event) = self.client.poll_event() {
            self.told.push(event);
        }
        Ok(())
    }

    /// Sends a command on the play stream, and gives what the server made of it.
    pub(crate) fn command(&mut self, command: &Command) -> Vec<Event> {
        self.asked.clear();
        self.told.clear();
        self.client.command(command);
        self.talk().expect("both speak RTMP");
        std::mem::take(&mut self.asked)
    }

    /// The commands that the client was told.
    pub(crate) fn replies(&self) -> Vec<&Command> {
        let command = |event: &'_ ClientEvent| matches!(event, ClientEvent::Command(_));
        self.told
            .iter()
            .filter(|event| command(event))
            .map(|event| match event {
                ClientEvent::Command(command) => command,
                _ => unreachable!("filtered"),
            })
            .collect()
    }

    /// The codes of the statuses that the client was told.
    pub(crate) fn codes(&self) -> Vec<&str> {
        self.told
            .iter()
            .filter_map(|event| match event {
                ClientEvent::Status { code, .. } => Some(code.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Lets time pass, in steps that the server asks for, until `until` or until it gives up.
    pub(crate) fn wait(&mut self, until: Duration) -> Result<(), Error> {
        while self.server.poll_timeout() <= until {
            self.now = self.now.max(self.server.poll_timeout());
            self.server.handle_timeout(self.now)?;
        }
        self.now = until;
        Ok(())
    }
}

/// Raw bytes of a message on chunk stream 3.
pub(crate) fn raw(message: &millrace_rtmp::message::Message) -> Vec<u8> {
    let mut out = Vec::new();
    chunk::Writer::default().message(&mut out, 3, message);
    out
}
