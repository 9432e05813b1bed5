//! RTMP in the frames of a WebSocket (RFC 6455): what a page in a browser can speak.
//!
//! ```text
//!   ┌──────┬──────────────────┬─────────────────────────────────┐
//!   │ 0x82 │ length: 1, 3, 9  │ bytes of the stream, not masked │
//!   └──────┴──────────────────┴─────────────────────────────────┘
//!     own, for each write       shared with other viewers
//! ```
//!
//! Where frames begin and end means nothing, in either direction. But a browser passes a frame on when it is whole, so
//! long ones would make a page on a slow line wait; and what is in a frame can't be taken back any more, since its length
//! is told in front of it, so only so much is put into frames as the socket has shown that it takes.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::sync::oneshot;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame, FrameHeader};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::{Socket, Wanted};

/// The longest frame, and message, of a client: handshakes and commands.
const LONGEST: usize = 64 << 10;
/// Bytes that are read at a time.
const READ: usize = 4096;
/// Bytes in one of our frames: as many as two bytes of length can tell.
const FRAME: usize = 0xffff;
/// The longest head of a frame of ours.
const HEAD: usize = 4;
/// Bytes of memory for heads: some tens of writes need no more.
const HEADS: usize = 128;
/// Bytes put into frames at a time for a client that takes everything at once: about what is due at a time.
const MOST: usize = 512 << 10;
/// For one that does not.
const LEAST: usize = 32 << 10;
/// Bytes of answers to pings that may wait. Whoever does not take them is not read from.
const ANSWERS: usize = 1024;
/// The longest of them, with its head (RFC 6455 §5.5).
const ANSWER: usize = 2 + 125;
/// How often a client is asked whether it is there, so that what stands between does not take the connection for dead.
const PING: Duration = Duration::from_secs(25);

/// A WebSocket whose handshake is done.
pub(crate) struct WebSocket {
    socket: Socket,
    /// Reads the client's frames, and answers those that want one.
    context: WebSocketContext,
    /// Where the heads of frames are made.
    heads: BytesMut,
    /// Whole frames that are on their way out.
    out: VecDeque<Bytes>,
    /// How many bytes in it are answers to pings.
    answers: usize,
    /// Bytes that are put into frames at a time.
    room: usize,
    /// Whether something may have been read from the socket that was not asked for yet.
    more: bool,
    /// When the client is to be asked next whether it is there.
    ping: Interval,
    /// Whether we have said goodbye: no frame follows.
    closed: bool,
    /// Whether the client has.
    ended: bool,
    /// Whether the client broke the rules. What it sends from there on is read away, and can't be understood.
    broken: bool,
    /// Dropped with this; see [`crate::http`].
    _held: oneshot::Sender<()>,
}

/// Why we leave, as the page gets to know it (RFC 6455 §7.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// There is nothing more to say.
    Done,
    /// The server stops: another one may take over.
    Away,
    /// The client broke the protocol, in these words.
    Fault(String),
    /// The client is not wanted here, for this reason.
    Refused(String),
}

impl Farewell {
    fn code(&self) -> CloseCode {
        match self {
            Self::Done => CloseCode::Normal,
            Self::Away => CloseCode::Away,
            Self::Fault(_) => CloseCode::Protocol,
            Self::Refused(_) => CloseCode::Policy,
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Done => "",
            Self::Away => "the server stops",
            Self::Fault(reason) | Self::Refused(reason) => reason,
        }
    }
}

impl WebSocket {
    /// Takes over behind the handshake; `first` was read already. `held` lives as long as this.
    pub(crate) fn new(socket: Socket, first: &[u8], held: oneshot::Sender<()>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_write_buffer_size(ANSWERS)
            .max_message_size(Some(LONGEST))
            .max_frame_size(Some(LONGEST));
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            socket,
            context: WebSocketContext::from_partially_read(first.to_vec(), Role::Server, Some(config)),
            heads: BytesMut::new(),
            out: VecDeque::new(),
            answers: 0,
            room: LEAST,
            more: true,
            ping,
            closed: false,
            ended: false,
            broken: false,
            _held: held,
        }
    }

    /// Whether frames wait for the socket.
    pub(super) fn wants_write(&self) -> bool {
        !self.out.is_empty() || self.socket.wants_write()
    }

    /// Sends frames that are made already, as far as that can be done at once.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()?;
        while !self.out.is_empty() {
            let mut taken = self.socket.try_write(&self.out, usize::MAX)?;
            if taken == 0 {
                return Ok(());
            }
            while let Some(front) = self.out.front_mut().filter(|_| taken > 0) {
                let part = taken.min(front.len());
                front.advance(part);
                taken -= part;
                if front.is_empty() {
                    self.out.pop_front();
                }
            }
        }
        self.answers = 0;
        Ok(())
    }

    /// Puts the first bytes of `slices` into frames, at most `most`, and sends them. Zero while older frames wait.
    pub(super) fn try_write(&mut self, slices: &VecDeque<Bytes>, most: usize) -> io::Result<usize> {
        if self.wants_write() {
            return Ok(0);
        }
        let total = slices.iter().map(Bytes::len).sum::<usize>().min(most).min(self.room);
        if self.closed {
            return Ok(total);
        }
        let (mut frame, mut left) = (0, total);
        for slice in slices {
            let mut slice = slice.slice(..left.min(slice.len()));
            while !slice.is_empty() {
                if frame == 0 {
                    frame = left.min(FRAME);
                    let head = self.head(frame)?;
                    self.out.push_back(head);
                }
                let piece = slice.split_to(frame.min(slice.len()));
                frame -= piece.len();
                left -= piece.len();
                self.out.push_back(piece);
            }
        }
        self.flush()?;
        self.room = if self.wants_write() { LEAST } else { (2 * self.room).min(MOST) };
        Ok(total)
    }

    /// Appends what came in frames, about `most` bytes; zero at the end of everything.
    ///
    /// # Errors
    /// When the socket fails, and when the client sends what no client may: it is told so then.
    pub(super) fn read(&mut self, input: &mut BytesMut, most: usize) -> io::Result<usize> {
        if self.broken {
            return self.read_away();
        }
        let before = input.len();
        self.more = true;
        while input.len() - before < most && !self.ended {
            if self.is_crowded() {
                return match input.len() - before {
                    0 => Err(io::ErrorKind::WouldBlock.into()),
                    read => Ok(read),
                };
            }
            let read = self.context.read(&mut Below {
                socket: &mut self.socket,
                out: &mut self.out,
                answers: &mut self.answers,
            });
            match read {
                Ok(Message::Binary(bytes)) => input.extend_from_slice(&bytes),
                Ok(Message::Text(_)) => return Err(self.fault(CloseCode::Unsupported, "RTMP is binary")),
                Ok(Message::Close(_)) => self.answer_goodbye()?,
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.more = false;
                    return match input.len() - before {
                        0 => Err(error),
                        read => Ok(read),
                    };
                }
                Err(error) => self.ended(error)?,
            }
        }
        Ok(input.len() - before)
    }

    /// Reads and forgets; zero at the end of everything.
    fn read_away(&mut self) -> io::Result<usize> {
        let mut away = [0; READ];
        match self.socket.read(&mut away.as_mut_slice(), READ)? {
            0 => Ok(0),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The client says goodbye; so do we, if we have not yet.
    fn answer_goodbye(&mut self) -> io::Result<()> {
        self.ended = true;
        self.say(CloseCode::Normal, "")?;
        self.flush()
    }

    /// What a read's failure means: the end, or something to be told.
    fn ended(&mut self, error: Error) -> io::Result<()> {
        let code = match error {
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                (self.ended, self.closed) = (true, true);
                return Ok(());
            }
            Error::Io(error) => return Err(error),
            Error::Capacity(_) => CloseCode::Size,
            _ => CloseCode::Protocol,
        };
        Err(self.fault(code, &error.to_string()))
    }

    /// Waits for what is wanted, and asks the client now and then whether it is there. True: there may be something to
    /// read. Cancel-safe.
    pub(super) async fn ready(&mut self, wanted: Wanted) -> io::Result<bool> {
        let read = wanted.read && !self.is_crowded();
        if read && (self.more || self.ended) {
            return Ok(true);
        }
        let wanted = Wanted { read, write: self.wants_write() };
        tokio::select! {
            readable = self.socket.ready(wanted) => readable,
            _ = self.ping.tick() => {
                if !self.closed && self.out.is_empty() {
                    self.push(Frame::ping(Bytes::new()))?;
                }
                Ok(false)
            }
        }
    }

    /// Whether there may be no room for one more answer.
    fn is_crowded(&self) -> bool {
        self.answers + ANSWER > ANSWERS
    }

    /// Says goodbye, unless that is done. The client closes then.
    pub(crate) async fn leave(&mut self, farewell: &Farewell) -> io::Result<()> {
        self.say(farewell.code(), farewell.reason())?;
        self.flush()?;
        while self.wants_write() {
            self.socket.ready(Wanted { read: false, write: true }).await?;
            self.flush()?;
        }
        Ok(())
    }

    /// Waits until the client has closed too. What it says until then means nothing.
    pub(crate) async fn closed(&mut self) -> io::Result<()> {
        let mut away = BytesMut::new();
        loop {
            away.clear();
            match self.read(&mut away, READ) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready(Wanted { read: true, write: false }).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Tells the client what it did wrong.
    fn fault(&mut self, code: CloseCode, reason: &str) -> io::Error {
        (self.broken, self.more) = (true, false);
        let told = self.say(code, reason).and_then(|()| self.flush());
        told.err().unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidData, reason.to_owned()))
    }

    /// Makes our last frame.
    fn say(&mut self, code: CloseCode, reason: &str) -> io::Result<()> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        self.push(Frame::close(Some(CloseFrame { code, reason: shortened(reason).into() })))
    }

    /// What stands in front of so many bytes of the stream.
    fn head(&mut self, length: usize) -> io::Result<Bytes> {
        let header = FrameHeader { opcode: OpCode::Data(Data::Binary), ..FrameHeader::default() };
        if self.heads.capacity() < HEAD {
            self.heads.reserve(HEADS);
        }
        header.format(length as u64, &mut (&mut self.heads).writer()).map_err(io::Error::other)?;
        Ok(self.heads.split().freeze())
    }

    fn push(&mut self, frame: Frame) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame.format(&mut bytes).map_err(io::Error::other)?;
        self.out.push_back(bytes.into());
        Ok(())
    }
}

/// What fits into a frame that closes, behind its code (RFC 6455 §5.5).
fn shortened(reason: &str) -> &str {
    const MOST: usize = 123;
    &reason[..reason.floor_char_boundary(MOST)]
}

/// What a WebSocket reads from and writes to: never waits, and writes between the frames that are on their way.
struct Below<'a> {
    socket: &'a mut Socket,
    out: &'a mut VecDeque<Bytes>,
    answers: &'a mut usize,
}

impl Read for Below<'_> {
    fn read(&mut self, mut buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        self.socket.read(&mut buffer, room)
    }
}

impl Write for Below<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if *self.answers + bytes.len() > ANSWERS {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        *self.answers += bytes.len();
        self.out.push_back(Bytes::copy_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
