//! The server's end of a connection: what needs no knowledge of media is answered here, the rest becomes events.

mod commands;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use millrace_amf::{Object, Value};

use super::event::{Event, Rejection};
use super::inbound::Inbound;
use super::limits::{Acknowledgement, Clock, CommandRate, Gate, Limits};
use super::request::Connect;
use crate::Error;
use crate::chunk::{self, Reader, Writer};
use crate::command::{Command, Encoding, data};
use crate::handshake::encrypted::{Agreement, Cipher};
use crate::handshake::{self, Random, digest};
use crate::message::{Message, UserControl, kind};
use crate::status::{Status, code};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    AwaitConnect,
    Connecting,
    Connected,
    Closing,
}

/// How much either side may have unacknowledged, in bytes, unless the client names another window for what it sends.
const WINDOW: u32 = 2_500_000;

/// S0, S1 and S2, which no acknowledgement counts.
const HANDSHAKE: u64 = 1 + 2 * handshake::BLOCK as u64;

/// What a client may have unacknowledged of what it sends: we want no say in it.
///
/// librtmp takes it for the window of what it receives, and acknowledges each tenth of that. In a tunnel this is a
/// second request while an answer is being read, which librtmp does not survive where the answer to it comes to lie
/// badly in its buffer (see [`crate::tunnel::AnswerSize`]).
const PEER_BANDWIDTH: u32 = i32::MAX as u32;

/// What an encrypted connection needs.
struct Encryption {
    inbound: Inbound,
    /// Until somebody else does the encrypting.
    outbound: Option<Cipher>,
    /// S0, S1 and S2 were taken: everything behind them is to be encrypted.
    answered: bool,
}

/// The state machine.
///
/// # Encryption
///
/// What comes in is decrypted here; what goes out is not, because media goes past this object. An encrypted handshake
/// (RTMPE) wants this of whoever holds the socket:
///
/// 1. [`Event::KeyExchange`] is answered with [`Server::agree`]. Until then nothing is taken out of the input; a
///    client that goes on all the same is sent away.
/// 2. [`Server::take_output`] then gives S0, S1 and S2, and nothing else: they are sent as they are.
/// 3. From then on [`Server::take_cipher`] has something: all bytes that are sent behind them, whether they come from
///    [`Server::take_output`] or from elsewhere, go through that cipher once and in order.
pub struct Server {
    limits: Limits,
    phase: Phase,
    handshake: handshake::Server,
    encryption: Option<Box<Encryption>>,
    random: Box<Random>,
    reader: Reader,
    writer: Writer,
    output: Vec<u8>,
    events: VecDeque<Event>,
    encoding: Encoding,
    /// Ids of the play streams that exist.
    streams: Vec<u32>,
    playing: bool,
    acknowledgement: Acknowledgement,
    gate: Gate,
    clock: Clock,
    commands: CommandRate,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("phase", &self.phase)
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A connection that was accepted at `now`. `random` fills a slice with unpredictable bytes.
    #[must_use]
    pub fn new(limits: Limits, now: Duration, random: Box<Random>) -> Self {
        Self {
            limits,
            phase: Phase::Handshake,
            handshake: handshake::Server::default(),
            encryption: None,
            random,
            reader: Reader::new(limits.chunk),
            writer: Writer::default(),
            output: Vec::new(),
            events: VecDeque::new(),
            encoding: Encoding::Amf0,
            streams: Vec::new(),
            playing: false,
            acknowledgement: Acknowledgement { window: WINDOW, ..Default::default() },
            gate: Gate::default(),
            clock: Clock { phase_began: now, last_byte: now, last_command: now, pinged: None },
            commands: CommandRate::default(),
        }
    }

    /// Takes everything usable out of `input`, and decrypts what it leaves there: the caller only ever appends to it.
    ///
    /// # Errors
    /// When the peer broke the protocol or a bound: flush what [`Server::take_output`] has and close.
    pub fn receive(&mut self, input: &mut BytesMut, now: Duration) -> Result<(), Error> {
        self.clock.last_byte = now;
        self.clock.pinged = None;
        let before = input.len();
        if self.phase == Phase::Handshake && !self.shake_hands(input, now)? {
            return Ok(());
        }
        if let Some(encryption) = &mut self.encryption {
            encryption.inbound.decrypt(input);
        }
        let read = self.read(input, now);
        if let Some(encryption) = &mut self.encryption {
            encryption.inbound.left(input);
        }
        read?;
        self.acknowledge((before - input.len()) as u32);
        Ok(())
    }

    /// Answers [`Event::KeyExchange`]: S0, S1 and S2 are in the output then. Ignored if nobody asked.
    pub fn agree(&mut self, agreement: Agreement) {
        if self.phase != Phase::Handshake {
            return;
        }
        if let Some(ciphers) = self.handshake.agree(agreement, &mut self.output) {
            let inbound = Inbound::new(ciphers.inbound);
            let outbound = Some(ciphers.outbound);
            self.encryption = Some(Box::new(Encryption { inbound, outbound, answered: false }));
        }
    }

    /// What everything has to go through that is sent from now on, see [`Server`]. There is something once on an
    /// encrypted connection, as soon as [`Server::take_output`] has given S0, S1 and S2: ask after each call of it.
    #[must_use = "what is sent without it is noise to the viewer"]
    pub fn take_cipher(&mut self) -> Option<Cipher> {
        self.encryption.as_mut().filter(|encryption| encryption.answered)?.outbound.take()
    }

    /// What the handshake came to; meaningful once [`Event::Connect`] or [`Event::KeyExchange`] was told.
    #[must_use]
    pub fn handshake(&self) -> handshake::Kind {
        self.handshake.kind()
    }

    /// Whether the viewer asked for encryption; meaningful at the same time.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        matches!(self.handshake(), handshake::Kind::Encrypted(..))
    }

    /// Asks the player which file it is. [`Event::SwfAnswer`] tells what it says; players that can't don't answer.
    /// Possible at any time after [`Server::accept`], and more than once.
    pub fn request_swf_verification(&mut self) {
        self.user_control(UserControl::SwfRequest);
    }

    /// What a player answers whose file has the hash `swf_hash`, see [`digest::swf_hash`].
    #[must_use]
    pub fn swf_digest(&self, swf_hash: &[u8; 32]) -> [u8; 32] {
        digest::swf_answer(self.handshake.s1_end(), swf_hash)
    }

    /// The next thing the viewer wants, after [`Server::receive`].
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Everything that is to be sent now; empty if nothing is. Whole messages only, and never encrypted: see
    /// [`Server::take_cipher`].
    pub fn take_output(&mut self) -> Bytes {
        if let Some(encryption) = &mut self.encryption {
            encryption.answered = true;
        }
        Bytes::from(std::mem::take(&mut self.output))
    }

    /// How many bytes [`Server::take_output`] would give.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.output.len()
    }

    /// Whether the connection is to be closed once the output is flushed.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.phase == Phase::Closing
    }

    /// When [`Server::handle_timeout`] wants to be called. Ask again after every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        let silence = match self.clock.pinged {
            Some(at) => at + self.limits.ping_answer,
            None => self.clock.last_byte + self.limits.ping,
        };
        match self.phase {
            Phase::Handshake => self.clock.phase_began + self.limits.handshake,
            Phase::AwaitConnect => self.clock.phase_began + self.limits.connect,
            _ if self.playing => silence,
            _ => silence.min(self.clock.last_command + self.limits.idle),
        }
    }

    /// Acts on what is due at `now`.
    ///
    /// # Errors
    /// [`Error::Timeout`] names what did not come: flush and close.
    pub fn handle_timeout(&mut self, now: Duration) -> Result<(), Error> {
        if now < self.poll_timeout() {
            return Ok(());
        }
        match self.phase {
            Phase::Handshake => return Err(Error::Timeout("handshake")),
            Phase::AwaitConnect => return Err(Error::Timeout("connect")),
            _ if !self.playing && now >= self.clock.last_command + self.limits.idle => {
                return Err(Error::Timeout("command"));
            }
            _ => {}
        }
        match self.clock.pinged {
            Some(_) => Err(Error::Timeout("answer to a ping")),
            None => {
                self.ping(now);
                self.clock.pinged = Some(now);
                Ok(())
            }
        }
    }

    /// How many more bytes may be sent to the viewer now, of whom `sent` were taken from the beginning. Without end for
    /// those who do not mind.
    ///
    /// TCP pushes back as far as the kernels reach. In a browser that is not far enough: a WebSocket takes everything
    /// and keeps it in the page's memory. So players there declare in connect (`ackGate`) that they want no more than the
    /// window unacknowledged, and acknowledge what they have used.
    #[must_use]
    pub fn credit(&self, sent: u64) -> u64 {
        self.gate.credit(sent.saturating_sub(HANDSHAKE), WINDOW)
    }

    /// Tells whether something plays, so that the viewer's silence is no idleness.
    pub fn set_playing(&mut self, playing: bool, now: Duration) {
        if self.playing && !playing {
            self.clock.last_command = now;
        }
        self.playing = playing;
    }

    /// Answers [`Event::Connect`]: the viewer is welcome. `four_ccs` are the ones of Enhanced RTMP that we can send.
    pub fn accept(&mut self, connect: &Connect, four_ccs: &[&str]) {
        self.phase = Phase::Connected;
        self.encoding = connect.encoding;
        self.gate.declared = connect.ack_gate;
        for message in [
            Message::control(kind::WINDOW_SIZE, WINDOW),
            Message::peer_bandwidth(PEER_BANDWIDTH),
            Message::user_control(UserControl::StreamBegin(0)),
            Message::control(kind::SET_CHUNK_SIZE, self.limits.chunk_size),
        ] {
            self.writer.message(&mut self.output, chunk::stream::CONTROL, &message);
        }
        self.writer.set_chunk_size(self.limits.chunk_size);
        let mut properties =
            Object::new().with("fmsVer", "FMS/5,0,17,1").with("capabilities", 255.0).with("mode", 1.0);
        if !connect.four_ccs.is_empty() {
            let list = four_ccs.iter().map(|name| Value::from(*name)).collect();
            properties.push("fourCcList", Value::StrictArray(list));
        }
        let information = Object::new()
            .with("level", "status")
            .with("code", code::CONNECT_SUCCESS)
            .with("description", "Connection succeeded.")
            .with("objectEncoding", self.encoding.number())
            // JW Player 5 reads the version here to decide whether play2 is understood.
            .with("data", Value::EcmaArray(Object::new().with("version", "5,0,17,1")));
        let mut reply = Command::new("_result", 1.0, vec![information.into()]);
        reply.object = properties.into();
        self.command(0, &reply);
        // Adobe's FLVPlayback counts a connection as made only when this arrives.
        self.command(0, &Command::new("onBWDone", 0.0, vec![]));
    }

    /// Answers [`Event::Connect`]: refused. The connection is closing then: librtmp would wait for ever otherwise.
    pub fn reject(&mut self, rejection: &Rejection) {
        let information = Object::new()
            .with("level", "error")
            .with("code", code::CONNECT_REJECTED)
            .with(
                "description",
                format!("[ Server.Reject ] : {} : {}", rejection.reason, rejection.description),
            )
            .with("application", Object::new().with("message", rejection.reason.as_str()));
        self.command(0, &Command::new("_error", 1.0, vec![information.into()]));
        self.command(0, &Command::new("close", 0.0, vec![]));
        self.phase = Phase::Closing;
    }

    /// Answers [`Event::StreamLength`] with seconds; 0 stands for "not known", and some answer has to come:
    /// FLVPlayback does not begin to play without.
    pub fn stream_length(&mut self, transaction: f64, seconds: f64) {
        self.result(transaction, seconds.into());
    }

    /// Sends an `onStatus`.
    pub fn status(&mut self, stream: u32, status: &Status) {
        let information = status.to_object("millrace").into();
        self.command(stream, &Command::new("onStatus", 0.0, vec![information]));
    }

    /// Sends a data message, such as onMetaData.
    pub fn data(&mut self, stream: u32, time_ms: u32, values: &[Value]) {
        // Not the chunk stream of audio: a shared segment may go on there with a delta.
        self.writer.message(&mut self.output, chunk::stream::STATUS, &data(stream, time_ms, values));
    }

    /// Sends a user control event.
    pub fn user_control(&mut self, event: UserControl) {
        self.writer.message(&mut self.output, chunk::stream::CONTROL, &Message::user_control(event));
    }

    /// Sends a ping. What the viewer answers only shows that it lives.
    pub fn ping(&mut self, now: Duration) {
        self.user_control(UserControl::PingRequest(now.as_millis() as u32));
    }

    /// Tells the viewer that this is the end, for a server that stops.
    pub fn shut_down(&mut self) {
        // In the middle of a handshake nobody understands commands.
        if self.phase != Phase::Handshake {
            self.command(0, &Command::new("close", 0.0, vec![]));
        }
        self.phase = Phase::Closing;
    }

    /// Goes on with the handshake; true when it is done.
    fn shake_hands(&mut self, input: &mut BytesMut, now: Duration) -> Result<bool, Error> {
        let used = self.handshake.receive(input, &mut self.output, &mut self.random)?;
        bytes::Buf::advance(input, used);
        self.events.extend(self.handshake.take_exchange().map(Event::KeyExchange));
        if self.handshake.is_done() {
            self.enter(Phase::AwaitConnect, now);
        } else if input.len() > handshake::BLOCK {
            // More than a part of what is due: it has to be held until there is an agreement, and nobody who needs the
            // key for all that follows has anything to say without.
            return Err(Error::KeyExchange("the client goes on before it has the key"));
        }
        Ok(self.handshake.is_done())
    }

    /// Reads messages as long as there are whole ones.
    fn read(&mut self, input: &mut BytesMut, now: Duration) -> Result<(), Error> {
        while self.phase != Phase::Closing {
            let Some(message) = self.reader.read(input)? else { break };
            self.message(&message, now)?;
        }
        Ok(())
    }

    fn enter(&mut self, phase: Phase, now: Duration) {
        self.phase = phase;
        self.clock.phase_began = now;
        self.clock.last_command = now;
    }

    /// Acknowledges when the peer's window is full. A window of 0 was never meant.
    fn acknowledge(&mut self, received: u32) {
        let owed = &mut self.acknowledgement;
        owed.received = owed.received.wrapping_add(received);
        if owed.received.wrapping_sub(owed.sent_at) >= owed.window && self.phase == Phase::Connected {
            owed.sent_at = owed.received;
            let message = Message::control(kind::ACKNOWLEDGEMENT, owed.received);
            self.writer.message(&mut self.output, chunk::stream::CONTROL, &message);
        }
    }

    fn message(&mut self, message: &Message, now: Duration) -> Result<(), Error> {
        match message.kind {
            kind::USER_CONTROL => self.control(UserControl::parse(&message.body)?),
            kind::WINDOW_SIZE => match message.number()? {
                0 => {}
                window => self.acknowledgement.window = window,
            },
            kind::ACKNOWLEDGEMENT if self.gate.declared => self.gate.acknowledged = message.number()?,
            kind::COMMAND_AMF0 | kind::COMMAND_AMF3 => {
                self.commands.count(now, self.limits.commands_per_second)?;
                self.clock.last_command = now;
                let command = Command::parse(message)?;
                self.perform(message.stream, &command, now)?;
            }
            // Other acknowledgements are not needed where TCP pushes back; chunk messages were obeyed by the reader;
            // nobody publishes here, so media and data from a viewer mean nothing.
            _ => {}
        }
        Ok(())
    }

    fn control(&mut self, event: UserControl) {
        match event {
            UserControl::SetBufferLength { stream, ms } => {
                self.events.push_back(Event::BufferLength { stream, ms });
            }
            UserControl::PingRequest(time) => self.user_control(UserControl::PingResponse(time)),
            UserControl::SwfResponse { size, digest } => {
                self.events.push_back(Event::SwfAnswer { size, digest });
            }
            _ => {}
        }
    }

    /// A `_result` with a null object and one value. librtmp reads the value behind the null.
    fn result(&mut self, transaction: f64, value: Value) {
        if transaction != 0.0 {
            self.command(0, &Command::new("_result", transaction, vec![value]));
        }
    }

    fn command(&mut self, stream: u32, command: &Command) {
        let chunk_stream = if stream == 0 { chunk::stream::COMMAND } else { chunk::stream::STATUS };
        self.writer.message(&mut self.output, chunk_stream, &command.to_message(stream, self.encoding));
    }
}
