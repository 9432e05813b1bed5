//! A player that says just what it is told to, and shows everything it hears.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use millrace_amf::{Object, Value};
use millrace_rtmp::chunk::{self, Reader, Writer};
use millrace_rtmp::command::{Command, Encoding};
use millrace_rtmp::handshake::encrypted::Cipher;
use millrace_rtmp::handshake::{self, Kind};
use millrace_rtmp::message::{Message, UserControl};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::{BoxedStream, Heard, Road, labels};

/// Against hangs only: nothing here is about speed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// rtmpdump's buffer, ten hours: "as fast as you can".
pub(crate) const ALL_AT_ONCE: u32 = 36_000_000;

/// The player.
pub(crate) struct Viewer {
    pub(crate) socket: BoxedStream,
    /// The key of SWF verification.
    pub(crate) s1_end: [u8; 32],
    /// For what comes and for what goes, once the handshake is over and if it was one of RTMPE.
    inbound: Option<Cipher>,
    outbound: Option<Cipher>,
    reader: Reader,
    writer: Writer,
    input: BytesMut,
    /// Bytes that came behind the handshake.
    received: usize,
    output: Vec<u8>,
    transaction: f64,
}

impl Viewer {
    /// Connected, accepted, with stream 1, and without a wish to be paced.
    pub(crate) async fn ready(address: SocketAddr, tc_url: &str) -> Self {
        Self::greeted(address).await.settled(tc_url).await
    }

    /// A socket whose handshake is done.
    pub(crate) async fn greeted(address: SocketAddr) -> Self {
        Self::over(Road::to(address).connect().await, Kind::Plain).await
    }

    /// A player whose socket takes little in advance, so that a slow one blocks the edge soon.
    pub(crate) async fn narrow(address: SocketAddr, tc_url: &str) -> Self {
        Self::over(Road::to(address).narrow().connect().await, Kind::Plain).await.settled(tc_url).await
    }

    /// The handshake, over whatever carries it.
    pub(crate) async fn over(socket: BoxedStream, kind: Kind) -> Self {
        Self::try_over(socket, kind).await.expect("the edge answers the handshake")
    }

    /// The same for a handshake that may be refused: `None` if the edge closes in it.
    pub(crate) async fn try_over(mut socket: BoxedStream, kind: Kind) -> Option<Self> {
        let mut handshake = handshake::Client::new(kind);
        let (mut output, mut input) = (Vec::new(), BytesMut::new());
        let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).expect("the system has random bytes");
        handshake.hello(&mut output, &mut random);
        loop {
            socket.write_all(&output).await.ok()?;
            output.clear();
            if handshake.is_done() {
                break;
            }
            let n = timeout(PATIENCE, socket.read_buf(&mut input)).await.expect("a handshake in time");
            if n.is_err() || matches!(n, Ok(0)) {
                return None;
            }
            let used = handshake.receive(&input, &mut output, &mut random).expect("RTMP");
            input.advance(used);
        }
        let ciphers = handshake.take_ciphers().map(|ciphers| (ciphers.inbound, ciphers.outbound));
        let (mut inbound, outbound) = ciphers.unzip();
        decrypt(&mut inbound, &mut input);
        Some(Self {
            socket,
            s1_end: *handshake.s1_end(),
            inbound,
            outbound,
            reader: Reader::new(chunk::Limits::SERVER),
            writer: Writer::default(),
            received: input.len(),
            input,
            output: Vec::new(),
            transaction: 0.0,
        })
    }

    /// Accepted, with stream 1, and without a wish to be paced.
    pub(crate) async fn settled(mut self, tc_url: &str) -> Self {
        self.connect("cfx/st", tc_url, &[]).await;
        self.create_stream().await;
        self.buffer(0, ALL_AT_ONCE);
        self
    }

    /// connect, and its answer.
    pub(crate) async fn connect(&mut self, app: &str, tc_url: &str, four_ccs: &[&str]) -> Vec<Heard> {
        let list: Vec<Value> = four_ccs.iter().map(|code| Value::from(*code)).collect();
        let mut properties = Object::new().with("app", app).with("tcUrl", tc_url);
        if !list.is_empty() {
            properties.push("fourCcList", Value::StrictArray(list));
        }
        self.connect_with(properties).await
    }

    /// The same with other properties.
    pub(crate) async fn connect_with(&mut self, properties: Object) -> Vec<Heard> {
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

    /// A user control event.
    pub(crate) fn control(&mut self, event: UserControl) -> &mut Self {
        self.message(&Message::user_control(event))
    }

    /// A control message, whatever is in it.
    pub(crate) fn message(&mut self, message: &Message) -> &mut Self {
        self.writer.message(&mut self.output, chunk::stream::CONTROL, message);
        self
    }

    /// SetBufferLength.
    pub(crate) fn buffer(&mut self, stream: u32, ms: u32) -> &mut Self {
        self.control(UserControl::SetBufferLength { stream, ms })
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
        let mut output = std::mem::take(&mut self.output);
        if let Some(cipher) = &mut self.outbound {
            cipher.apply(&mut output);
        }
        let sent = async {
            self.socket.write_all(&output).await?;
            self.socket.flush().await
        };
        timeout(PATIENCE, sent).await.expect("the edge reads").expect("a connection");
    }

    /// The next message, or nothing once the edge has closed.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        self.send().await;
        loop {
            if let Some(message) = self.reader.read(&mut self.input).expect("the edge speaks RTMP") {
                let heard = Heard::from(message);
                if let Heard::Control(UserControl::PingRequest(time)) = heard {
                    self.control(UserControl::PingResponse(time));
                }
                return Some(heard);
            }
            if self.read().await == 0 {
                return None;
            }
        }
    }

    /// Bytes that came behind the handshake and were understood.
    pub(crate) fn heard_bytes(&self) -> usize {
        self.received - self.input.len()
    }

    /// Bytes that came and were not understood yet.
    pub(crate) fn swallowed(&self) -> usize {
        self.input.len()
    }

    /// Reads what comes within some time without understanding it.
    pub(crate) async fn swallow_for(&mut self, time: Duration) {
        self.send().await;
        let _ = timeout(time, async { while self.read().await > 0 {} }).await;
    }

    /// Reads bytes without understanding them yet, as a player that is slow.
    pub(crate) async fn swallow(&mut self, least: usize) {
        self.send().await;
        while self.input.len() < least {
            assert!(self.read().await > 0, "the edge closed");
        }
    }

    /// Reads what is there; nothing at the end of the connection, however it came.
    async fn read(&mut self) -> usize {
        let before = self.input.len();
        self.input.reserve(64 << 10);
        let read = timeout(PATIENCE, self.socket.read_buf(&mut self.input)).await;
        decrypt(&mut self.inbound, &mut self.input[before..]);
        let read = read.expect("the edge goes on").unwrap_or_default();
        self.received += read;
        read
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
}

fn decrypt(cipher: &mut Option<Cipher>, bytes: &mut [u8]) {
    if let Some(cipher) = cipher {
        cipher.apply(bytes);
    }
}
