//! A player that says just what it is told to, and shows everything it hears.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use millrace_amf::{Object, Value};
use millrace_rtmp::chunk::{self, Reader, Writer};
use millrace_rtmp::command::{Command, Encoding, values};
use millrace_rtmp::handshake;
use millrace_rtmp::message::{Message, UserControl, kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::Sent;

/// Against hangs only: nothing here is about speed.
const PATIENCE: Duration = Duration::from_secs(60);
/// rtmpdump's buffer, ten hours: "as fast as you can".
pub(crate) const ALL_AT_ONCE: u32 = 36_000_000;

/// The player.
pub(crate) struct Viewer {
    pub(crate) socket: TcpStream,
    reader: Reader,
    writer: Writer,
    input: BytesMut,
    output: Vec<u8>,
    transaction: f64,
}

/// A message that came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    Status { stream: u32, code: String, level: String, description: String },
    Control(UserControl),
    Data { stream: u32, time_ms: u32, name: String, code: String, body: Bytes, values: Vec<Value> },
    Media { stream: u32, sent: Sent },
    Reply(Command),
    Other(u8),
}

impl Heard {
    /// In a word, for comparing orders.
    fn label(&self) -> String {
        match self {
            Self::Status { code, .. } => code.clone(),
            Self::Control(event) => format!("{event:?}"),
            Self::Data { name, code, .. } => format!("{name} {code}").trim_end().to_owned(),
            Self::Media { .. } => "media".to_owned(),
            Self::Reply(command) => command.name.clone(),
            Self::Other(kind) => format!("type {kind}"),
        }
    }

    pub(crate) fn is_status(&self, wanted: &str) -> bool {
        matches!(self, Self::Status { code, .. } if code == wanted)
    }
}

/// The order of what came; a row of media is one word.
pub(crate) fn labels(heard: &[Heard]) -> Vec<String> {
    let mut labels: Vec<String> = heard.iter().map(Heard::label).collect();
    labels.dedup_by(|a, b| a == b && a == "media");
    labels
}

/// The media in it.
pub(crate) fn media_of(heard: &[Heard]) -> Vec<Sent> {
    let sent = heard.iter().filter_map(|heard| match heard {
        Heard::Media { sent, .. } => Some(sent.clone()),
        _ => None,
    });
    sent.collect()
}

impl Viewer {
    /// Connected, accepted, with stream 1, and without a wish to be paced.
    pub(crate) async fn ready(address: SocketAddr, tc_url: &str) -> Self {
        let mut viewer = Self::greeted(address).await;
        viewer.connect("cfx/st", tc_url, &[]).await;
        viewer.create_stream().await;
        viewer.buffer(0, ALL_AT_ONCE);
        viewer
    }

    /// A socket whose handshake is done.
    pub(crate) async fn greeted(address: SocketAddr) -> Self {
        Self::over(TcpSocket::new_v4().expect("a socket").connect(address).await.expect("an open port")).await
    }

    /// A player whose socket takes little in advance, so that a slow one blocks the edge soon.
    pub(crate) async fn narrow(address: SocketAddr, tc_url: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(8 << 10).expect("a small buffer");
        let mut viewer = Self::over(socket.connect(address).await.expect("an open port")).await;
        viewer.connect("cfx/st", tc_url, &[]).await;
        viewer.create_stream().await;
        viewer.buffer(0, ALL_AT_ONCE);
        viewer
    }

    async fn over(mut socket: TcpStream) -> Self {
        socket.set_nodelay(true).expect("TCP_NODELAY");
        let mut handshake = handshake::Client::new(handshake::Kind::Plain);
        let (mut output, mut input) = (Vec::new(), BytesMut::new());
        let mut random = |bytes: &mut [u8]| bytes.fill(7);
        handshake.hello(&mut output, &mut random);
        while !handshake.is_done() {
            socket.write_all(&output).await.expect("the edge listens");
            output.clear();
            let n = timeout(PATIENCE, socket.read_buf(&mut input)).await.expect("a handshake in time");
            assert!(n.expect("the edge answers") > 0, "the edge closed in the handshake");
            let used = handshake.receive(&input, &mut output, &mut random).expect("RTMP");
            input.advance(used);
        }
        let reader = Reader::new(chunk::Limits::SERVER);
        Self { socket, reader, writer: Writer::default(), input, output, transaction: 0.0 }
    }

    /// connect, and its answer.
    pub(crate) async fn connect(&mut self, app: &str, tc_url: &str, four_ccs: &[&str]) -> Vec<Heard> {
        let list: Vec<Value> = four_ccs.iter().map(|code| Value::from(*code)).collect();
        let mut properties = Object::new().with("app", app).with("tcUrl", tc_url);
        if !list.is_empty() {
            properties.push("fourCcList", Value::StrictArray(list));
        }
        let command = Command { object: properties.into(), ..Command::new("connect", 1.0, vec![]) };
        self.transaction = 1.0;
        self.command(0, &command);
        self.hear(|heard| matches!(heard, Heard::Reply(reply) if reply.transaction == 1.0)).await
    }

    /// createStream, and the number it gave.
    pub(crate) async fn create_stream(&mut self) -> u32 {
        let reply = self.call(0, "createStream", vec![]).await;
        assert_eq!(reply.name, "_result", "{reply:?}");
        reply.argument(0).as_number().expect("a stream id") as u32
    }

    /// A command that wants an answer, and the answer.
    pub(crate) async fn call(&mut self, stream: u32, name: &str, arguments: Vec<Value>) -> Command {
        self.transaction += 1.0;
        let transaction = self.transaction;
        self.command(stream, &Command::new(name, transaction, arguments));
        let heard =
            self.hear(|heard| matches!(heard, Heard::Reply(reply) if reply.transaction == transaction)).await;
        match heard.into_iter().last() {
            Some(Heard::Reply(reply)) => reply,
            other => panic!("no answer to {name}: {other:?}"),
        }
    }

    /// Puts a command that wants no answer behind what is to be sent.
    pub(crate) fn say(&mut self, stream: u32, name: &str, arguments: Vec<Value>) -> &mut Self {
        self.command(stream, &Command::new(name, 0.0, arguments));
        self
    }

    fn command(&mut self, stream: u32, command: &Command) {
        let message = command.to_message(stream, Encoding::Amf0);
        self.writer.message(&mut self.output, chunk::stream::PLAY, &message);
    }

    /// SetBufferLength.
    pub(crate) fn buffer(&mut self, stream: u32, ms: u32) -> &mut Self {
        let message = Message::user_control(UserControl::SetBufferLength { stream, ms });
        self.writer.message(&mut self.output, chunk::stream::CONTROL, &message);
        self
    }

    /// play on stream 1, everything.
    pub(crate) fn play(&mut self, name: &str) -> &mut Self {
        self.say(1, "play", vec![name.into()])
    }

    /// play on stream 1, a part.
    pub(crate) fn play_part(&mut self, name: &str, start_ms: f64, length_ms: f64) -> &mut Self {
        self.say(1, "play", vec![name.into(), start_ms.into(), length_ms.into(), true.into()])
    }

    /// play on stream 1 behind what plays.
    pub(crate) fn enqueue(&mut self, name: &str) -> &mut Self {
        self.say(1, "play", vec![name.into(), 0.0.into(), (-1000.0).into(), false.into()])
    }

    pub(crate) fn seek(&mut self, ms: f64) -> &mut Self {
        self.say(1, "seek", vec![ms.into()])
    }

    pub(crate) fn pause(&mut self, pause: bool, ms: u32) -> &mut Self {
        self.say(1, "pause", vec![pause.into(), ms.into()])
    }

    /// Sends everything that was said, in one piece.
    pub(crate) async fn send(&mut self) {
        let output = std::mem::take(&mut self.output);
        timeout(PATIENCE, self.socket.write_all(&output))
            .await
            .expect("the edge reads")
            .expect("a connection");
    }

    /// The next message, or nothing once the edge has closed.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        self.send().await;
        loop {
            if let Some(message) = self.reader.read(&mut self.input).expect("the edge speaks RTMP") {
                return Some(self.heard(message).await);
            }
            self.input.reserve(64 << 10);
            let read = timeout(PATIENCE, self.socket.read_buf(&mut self.input)).await;
            match read.expect("the edge goes on") {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads bytes without understanding them yet, as a player that is slow.
    pub(crate) async fn swallow(&mut self, least: usize) {
        self.send().await;
        while self.input.len() < least {
            let read = timeout(PATIENCE, self.socket.read_buf(&mut self.input)).await;
            assert!(read.expect("the edge goes on").expect("a connection") > 0, "the edge closed");
        }
    }

    /// Everything up to the first message that is meant.
    pub(crate) async fn hear(&mut self, last: impl Fn(&Heard) -> bool) -> Vec<Heard> {
        let mut all = Vec::new();
        loop {
            match self.next().await {
                Some(heard) => all.push(heard),
                None => panic!("the edge closed; before that: {:?}", labels(&all)),
            }
            if all.last().is_some_and(&last) {
                return all;
            }
        }
    }

    /// Everything up to a status.
    pub(crate) async fn hear_status(&mut self, code: &str) -> Vec<Heard> {
        self.hear(|heard| heard.is_status(code)).await
    }

    /// Everything up to the end of stream 1, which is StreamEOF behind Play.Stop.
    pub(crate) async fn hear_end(&mut self) -> Vec<Heard> {
        let mut all = self.hear_status("NetStream.Play.Stop").await;
        all.extend(self.hear(|heard| matches!(heard, Heard::Control(UserControl::StreamEof(_)))).await);
        all
    }

    /// Everything up to the error on stream 1, and what it says.
    pub(crate) async fn hear_error(&mut self) -> (String, String) {
        let heard = self.hear(|heard| matches!(heard, Heard::Status { level, .. } if level == "error")).await;
        match heard.into_iter().last() {
            Some(Heard::Status { code, description, .. }) => (code, description),
            other => panic!("no error: {other:?}"),
        }
    }

    /// Everything until the edge closes.
    pub(crate) async fn hear_all(&mut self) -> Vec<Heard> {
        let mut all = Vec::new();
        while let Some(heard) = self.next().await {
            all.push(heard);
        }
        all
    }

    async fn heard(&mut self, message: Message) -> Heard {
        let stream = message.stream;
        let text =
            |value: &Value, name| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        match message.kind {
            kind::USER_CONTROL => match UserControl::parse(&message.body).expect("a user control event") {
                UserControl::PingRequest(time) => {
                    let answer = Message::user_control(UserControl::PingResponse(time));
                    self.writer.message(&mut self.output, chunk::stream::CONTROL, &answer);
                    Heard::Control(UserControl::PingRequest(time))
                }
                event => Heard::Control(event),
            },
            kind::COMMAND_AMF0 => {
                let command = Command::parse(&message).expect("a command");
                let information = command.argument(0).clone();
                match command.name.as_str() {
                    "onStatus" => Heard::Status {
                        stream,
                        code: text(&information, "code"),
                        level: text(&information, "level"),
                        description: text(&information, "description"),
                    },
                    _ => Heard::Reply(command),
                }
            }
            kind::DATA_AMF0 => self.data(message),
            kind::AUDIO | kind::VIDEO => Heard::Media { stream, sent: sent(message) },
            other => Heard::Other(other),
        }
    }

    /// Data of the server's own, or out of the file.
    fn data(&self, message: Message) -> Heard {
        let values = values(&message).unwrap_or_default();
        let name = values.first().and_then(Value::as_str).unwrap_or_default().to_owned();
        let own = ["|RtmpSampleAccess", "onStatus", "onMetaData", "onPlayStatus"];
        if !own.contains(&name.as_str()) {
            return Heard::Media { stream: message.stream, sent: sent(message) };
        }
        let code = values.get(1).and_then(|value| value.get("code")).and_then(Value::as_str);
        let code = code.unwrap_or_default().to_owned();
        Heard::Data {
            stream: message.stream,
            time_ms: message.time_ms,
            name,
            code,
            body: message.body,
            values,
        }
    }
}

fn sent(message: Message) -> Sent {
    Sent { kind: message.kind, time_ms: message.time_ms, body: message.body }
}
