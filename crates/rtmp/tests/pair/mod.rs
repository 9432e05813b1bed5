//! A client and a server in one thread and in virtual time.
#![allow(dead_code, reason = "each test file uses its part of this")]

use std::time::Duration;

use bytes::BytesMut;
use millrace_rtmp::command::Command;
use millrace_rtmp::handshake::Random;
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
        loop {
            let (up, down) = (self.client.take_output(), self.server.take_output());
            if up.is_empty() && down.is_empty() {
                return Ok(());
            }
            self.to_server.extend_from_slice(&up);
            self.to_client.extend_from_slice(&down);
            self.server.receive(&mut self.to_server, self.now)?;
            while let Some(event) = self.server.poll_event() {
                if let (Event::Connect(connect), true) = (&event, self.accepts) {
                    self.server.accept(connect, &["hvc1"]);
                    self.connect = Some(connect.clone());
                } else {
                    self.asked.push(event);
                }
            }
            self.client.receive(&mut self.to_client)?;
            while let Some(event) = self.client.poll_event() {
                self.told.push(event);
            }
        }
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
