//! A player's end of a connection: connects, plays one stream, and hands out what comes.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use millrace_amf::{Object, Value};

use super::inbound::Inbound;
use crate::Error;
use crate::chunk::{self, Reader, Writer};
use crate::command::{Command, Encoding, values};
use crate::handshake::encrypted::{Cipher, Ciphers};
use crate::handshake::{self, Random, digest};
use crate::message::{Message, UserControl, kind};

/// What to play, and how to introduce oneself.
#[derive(Debug, Clone, PartialEq)]
pub struct Play {
    /// `cfx/st`.
    pub app: String,
    /// `rtmp://host:port/cfx/st`.
    pub tc_url: String,
    /// The stream name.
    pub name: String,
    /// Where to begin, ms; the special values are -2000 and -1000.
    pub start_ms: f64,
    /// How much to play, ms; negative is everything.
    pub length_ms: f64,
    /// How much to hold in advance, ms.
    pub buffer_ms: u32,
    /// The handshake to offer.
    pub handshake: handshake::Kind,
    /// The command encoding to ask for.
    pub encoding: Encoding,
    /// The FourCCs of Enhanced RTMP to list; `*` stands for all.
    pub four_ccs: Vec<String>,
    /// The file to be, for servers that ask.
    pub swf: Option<Swf>,
    /// Whether to want no more on its way than is acknowledged, see [`super::Server::credit`].
    pub ack_gate: bool,
}

/// A player's file, as SWF verification knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swf {
    /// See [`digest::swf_hash`].
    pub hash: [u8; 32],
    /// Bytes of the uncompressed file.
    pub size: u32,
}

impl Play {
    /// Everything of `name`, at the pace of `buffer_ms`.
    #[must_use]
    pub fn new(app: &str, tc_url: &str, name: &str) -> Self {
        Self {
            app: app.to_owned(),
            tc_url: tc_url.to_owned(),
            name: name.to_owned(),
            start_ms: 0.0,
            length_ms: -1000.0,
            buffer_ms: 3000,
            handshake: handshake::Kind::Plain,
            encoding: Encoding::Amf0,
            four_ccs: Vec::new(),
            swf: None,
            ack_gate: false,
        }
    }
}

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientEvent {
    /// connect was answered; the stream is being made.
    Connected,
    /// An `onStatus` on the stream.
    Status {
        /// See [`crate::status::code`].
        code: String,
        /// `status`, `warning` or `error`.
        level: String,
        /// For people.
        description: String,
    },
    /// A user control event.
    Control(UserControl),
    /// A data message: its name first.
    Data {
        /// The message's time, ms.
        time_ms: u32,
        /// Its values.
        values: Vec<Value>,
        /// As it came.
        body: Bytes,
    },
    /// An audio or video message.
    Media(Message),
    /// A command that is none of the above.
    Command(Command),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    Connecting,
    CreatingStream,
    Playing,
}

const CONNECT: f64 = 1.0;
const CREATE_STREAM: f64 = 2.0;

/// What an encrypted connection needs.
struct Encryption {
    inbound: Inbound,
    outbound: Cipher,
    /// Bytes at the front of the output that belong to the handshake and are sent as they are.
    plain: usize,
}

/// The state machine. Encryption is its own affair: what comes in is decrypted, what goes out is encrypted.
pub struct Client {
    play: Play,
    phase: Phase,
    handshake: handshake::Client,
    encryption: Option<Box<Encryption>>,
    random: Box<Random>,
    reader: Reader,
    writer: Writer,
    output: Vec<u8>,
    events: VecDeque<ClientEvent>,
    stream: u32,
    window: u32,
    received: u32,
    acknowledged: u32,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("play", &self.play).field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl Client {
    /// A client whose first bytes are in the output already. `random` fills a slice with unpredictable bytes.
    #[must_use]
    pub fn new(play: Play, mut random: Box<Random>) -> Self {
        let mut handshake = handshake::Client::new(play.handshake);
        let mut output = Vec::new();
        handshake.hello(&mut output, &mut random);
        Self {
            play,
            phase: Phase::Handshake,
            handshake,
            encryption: None,
            random,
            reader: Reader::new(chunk::Limits::SERVER),
            writer: Writer::default(),
            output,
            events: VecDeque::new(),
            stream: 0,
            window: 2_500_000,
            received: 0,
            acknowledged: 0,
        }
    }

    /// Takes everything usable out of `input`, and decrypts what it leaves there: the caller only ever appends to it.
    ///
    /// # Errors
    /// When the server broke the protocol or refused the connection.
    pub fn receive(&mut self, input: &mut BytesMut) -> Result<(), Error> {
        if self.phase == Phase::Handshake && !self.shake_hands(input)? {
            return Ok(());
        }
        let before = input.len();
        if let Some(encryption) = &mut self.encryption {
            encryption.inbound.decrypt(input);
        }
        let read = self.read(input);
        if let Some(encryption) = &mut self.encryption {
            encryption.inbound.left(input);
        }
        read?;
        self.received = self.received.wrapping_add((before - input.len()) as u32);
        // A server that waits for it should not have to.
        let often = if self.play.ack_gate { 4 } else { 1 };
        if self.received.wrapping_sub(self.acknowledged) >= self.window / often {
            self.acknowledged = self.received;
            self.control(&Message::control(kind::ACKNOWLEDGEMENT, self.received));
        }
        Ok(())
    }

    /// The next thing that came.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Everything that is to be sent now.
    pub fn take_output(&mut self) -> Bytes {
        if let Some(encryption) = &mut self.encryption {
            encryption.outbound.apply(&mut self.output[encryption.plain..]);
            encryption.plain = 0;
        }
        Bytes::from(std::mem::take(&mut self.output))
    }

    /// What the handshake came to.
    #[must_use]
    pub fn handshake(&self) -> handshake::Kind {
        self.handshake.kind()
    }

    /// Sends any command on the play stream.
    pub fn command(&mut self, command: &Command) {
        self.send(self.stream, command);
    }

    /// Seeks to a media time in ms.
    pub fn seek(&mut self, position_ms: f64) {
        self.command(&Command::new("seek", 0.0, vec![position_ms.into()]));
    }

    /// Pauses, or goes on; `position_ms` is the last stamp that was played.
    pub fn pause(&mut self, pause: bool, position_ms: u32) {
        self.command(&Command::new("pause", 0.0, vec![pause.into(), position_ms.into()]));
    }

    /// Says how much is to be sent in advance.
    pub fn buffer_length(&mut self, ms: u32) {
        self.control(&Message::user_control(UserControl::SetBufferLength { stream: self.stream, ms }));
    }

    /// Goes on with the handshake; true when it is done.
    fn shake_hands(&mut self, input: &mut BytesMut) -> Result<bool, Error> {
        let used = self.handshake.receive(input, &mut self.output, &mut self.random)?;
        bytes::Buf::advance(input, used);
        if !self.handshake.is_done() {
            return Ok(false);
        }
        self.encryption = self.handshake.take_ciphers().map(|Ciphers { inbound, outbound }| {
            let plain = self.output.len();
            Box::new(Encryption { inbound: Inbound::new(inbound), outbound, plain })
        });
        self.phase = Phase::Connecting;
        self.connect();
        Ok(true)
    }

    /// Reads messages as long as there are whole ones.
    fn read(&mut self, input: &mut BytesMut) -> Result<(), Error> {
        while let Some(message) = self.reader.read(input)? {
            self.message(message)?;
        }
        Ok(())
    }

    fn connect(&mut self) {
        let mut properties = Object::new()
            .with("app", self.play.app.as_str())
            .with("flashVer", concat!("millrace/", env!("CARGO_PKG_VERSION")))
            .with("tcUrl", self.play.tc_url.as_str())
            .with("fpad", false)
            .with("capabilities", 15.0)
            .with("audioCodecs", 4071.0)
            .with("videoCodecs", 252.0)
            .with("videoFunction", 1.0)
            .with("objectEncoding", self.play.encoding.number());
        if !self.play.four_ccs.is_empty() {
            let list = self.play.four_ccs.iter().map(|name| Value::from(name.as_str())).collect();
            properties.push("fourCcList", Value::StrictArray(list));
        }
        if self.play.ack_gate {
            properties.push("ackGate", Value::Boolean(true));
        }
        let mut command = Command::new("connect", CONNECT, vec![]);
        command.object = properties.into();
        // The encoding takes effect with this command's answer, so it is itself always AMF0.
        self.writer.message(&mut self.output, chunk::stream::COMMAND, &command.to_message(0, Encoding::Amf0));
    }

    fn message(&mut self, message: Message) -> Result<(), Error> {
        match message.kind {
            kind::WINDOW_SIZE => self.window = message.number()?.max(1),
            kind::PEER_BANDWIDTH => self.control(&Message::control(kind::WINDOW_SIZE, message.number()?)),
            kind::USER_CONTROL => self.on_control(UserControl::parse(&message.body)?),
            kind::COMMAND_AMF0 | kind::COMMAND_AMF3 => self.perform(Command::parse(&message)?)?,
            kind::DATA_AMF0 | kind::DATA_AMF3 => {
                let values = values(&message)?;
                self.events.push_back(ClientEvent::Data {
                    time_ms: message.time_ms,
                    values,
                    body: message.body,
                });
            }
            kind::AUDIO | kind::VIDEO => self.events.push_back(ClientEvent::Media(message)),
            _ => {}
        }
        Ok(())
    }

    fn on_control(&mut self, event: UserControl) {
        let answer = match (event, self.play.swf) {
            (UserControl::PingRequest(time), _) => UserControl::PingResponse(time),
            (UserControl::SwfRequest, Some(Swf { hash, size })) => {
                UserControl::SwfResponse { size, digest: digest::swf_answer(self.handshake.s1_end(), &hash) }
            }
            (event, _) => return self.events.push_back(ClientEvent::Control(event)),
        };
        self.control(&Message::user_control(answer));
    }

    fn perform(&mut self, command: Command) -> Result<(), Error> {
        let text =
            |name| command.argument(0).get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        match command.name.as_str() {
            "_result" if command.transaction == CONNECT && self.phase == Phase::Connecting => {
                self.phase = Phase::CreatingStream;
                self.send(0, &Command::new("createStream", CREATE_STREAM, vec![]));
                self.events.push_back(ClientEvent::Connected);
            }
            "_result" if command.transaction == CREATE_STREAM && self.phase == Phase::CreatingStream => {
                self.phase = Phase::Playing;
                self.stream = command.argument(0).as_number().unwrap_or(1.0) as u32;
                self.send_play();
            }
            "_error" if self.phase != Phase::Playing => {
                return Err(Error::Refused { code: text("code"), description: text("description") });
            }
            "onStatus" => {
                let (code, level, description) = (text("code"), text("level"), text("description"));
                self.events.push_back(ClientEvent::Status { code, level, description });
            }
            _ => self.events.push_back(ClientEvent::Command(command)),
        }
        Ok(())
    }

    fn send_play(&mut self) {
        let play = &self.play;
        let arguments =
            vec![play.name.as_str().into(), play.start_ms.into(), play.length_ms.into(), true.into()];
        self.send(self.stream, &Command::new("play", 0.0, arguments));
        self.buffer_length(self.play.buffer_ms);
    }

    fn send(&mut self, stream: u32, command: &Command) {
        let chunk_stream = if stream == 0 { chunk::stream::COMMAND } else { chunk::stream::PLAY };
        self.writer.message(&mut self.output, chunk_stream, &command.to_message(stream, self.play.encoding));
    }

    fn control(&mut self, message: &Message) {
        self.writer.message(&mut self.output, chunk::stream::CONTROL, message);
    }
}
