//! What carries a viewer's bytes: a socket, a WebSocket, or a tunnel of HTTP requests; with RC4 on top for RTMPE.
//!
//! ```text
//!   outbox ──▶ (RC4 into an own buffer) ──▶ link: socket ─── tcp   writev of shared bytes
//!                                             ▲         └─── tls   encrypted by rustls
//!                                             └─ websocket         heads between shared bytes
//!                                                 tunnel           bodies of answers, of shared bytes
//! ```

mod socket;
mod tcp;
mod tls;
mod websocket;

use std::collections::VecDeque;
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use millrace_rtmp::handshake::encrypted::Cipher;

pub(crate) use self::socket::Socket;
pub(crate) use self::tls::Tls;
pub(crate) use self::websocket::{Farewell, WebSocket};
use crate::outbox::Outbox;
use crate::tunnel::End;

/// Bytes that are encrypted at a time: as many as stay in a core's own cache until they are written.
const SEALED: usize = 64 << 10;

/// One viewer's way out and in.
pub(crate) struct Wire {
    link: Link,
    /// For everything that is still to be sent, once RTMPE asks for it.
    cipher: Option<Cipher>,
    /// Encrypted, and not yet taken by the link.
    sealed: VecDeque<Bytes>,
    /// Where the next of those is made. Bytes that were written give their room back to it.
    buffer: BytesMut,
}

/// What is below.
pub(crate) enum Link {
    Socket(Socket),
    WebSocket(Box<WebSocket>),
    Tunnel(Box<End>),
}

/// What a wire is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Wire {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, cipher: None, sealed: VecDeque::new(), buffer: BytesMut::new() }
    }

    /// Encrypts everything from here on.
    pub(crate) fn encrypt(&mut self, cipher: Cipher) {
        self.cipher = Some(cipher);
        if let Link::Tunnel(end) = &mut self.link {
            end.answer_at_most(SEALED);
        }
    }

    /// Whether everything that was given to it is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        let held = match &self.link {
            Link::Socket(socket) => socket.wants_write(),
            Link::WebSocket(websocket) => websocket.wants_write(),
            Link::Tunnel(_) => false,
        };
        self.sealed.is_empty() && !held
    }

    /// Whether the other side can be told why it is left.
    pub(crate) fn says_why(&self) -> bool {
        matches!(self.link, Link::WebSocket(_))
    }

    /// Writes what the link takes at once, at most `most` bytes of the outbox. Returns the bytes that it took; zero while
    /// it is full.
    pub(crate) fn write(&mut self, outbox: &mut Outbox, most: usize) -> io::Result<usize> {
        let mut written = self.flush()?;
        let mut left = most;
        while !outbox.is_empty() && left > 0 {
            let taken = match &mut self.cipher {
                None => {
                    let taken = self.link.try_write(outbox.slices(), left)?;
                    left -= taken;
                    outbox.advance(taken);
                    taken
                }
                Some(cipher) => {
                    if !self.sealed.is_empty() {
                        break;
                    }
                    let sealed = seal(cipher, &mut self.buffer, outbox.slices(), left);
                    outbox.advance(sealed.len());
                    left -= sealed.len();
                    self.sealed.push_back(sealed);
                    self.flush()?
                }
            };
            if taken == 0 {
                break;
            }
            written += taken;
        }
        if self.sealed.is_empty() && outbox.is_empty() {
            // A viewer who has everything holds no buffer while it waits for more.
            self.buffer = BytesMut::new();
        }
        Ok(written)
    }

    /// Writes what is encrypted already.
    fn flush(&mut self) -> io::Result<usize> {
        match &mut self.link {
            Link::Socket(socket) => socket.flush()?,
            Link::WebSocket(websocket) => websocket.flush()?,
            Link::Tunnel(_) => {}
        }
        let mut written = 0;
        while let Some(front) = self.sealed.front_mut() {
            let length = front.len();
            let taken = self.link.try_write(&self.sealed, usize::MAX)?;
            if taken == 0 {
                break;
            }
            written += taken;
            if taken == length {
                self.sealed.pop_front();
            } else if let Some(front) = self.sealed.front_mut() {
                front.advance(taken);
            }
        }
        Ok(written)
    }

    /// Appends what is there to `input`, about `most` bytes. `None` when nothing is, zero at the end of everything.
    pub(crate) fn read(&mut self, input: &mut BytesMut, most: usize) -> io::Result<Option<usize>> {
        input.reserve(most);
        let read = match &mut self.link {
            Link::Socket(socket) => socket.read(input, most),
            Link::WebSocket(websocket) => websocket.read(input, most),
            Link::Tunnel(end) => end.read(input),
        };
        match read {
            Ok(n) => Ok(Some(n)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits for what is wanted, or for the end. True: there may be something to read. Cancel-safe.
    pub(crate) async fn ready(&mut self, wanted: Wanted) -> io::Result<bool> {
        match &mut self.link {
            Link::Socket(socket) => socket.ready(wanted).await,
            Link::WebSocket(websocket) => websocket.ready(wanted).await,
            Link::Tunnel(end) => end.ready(wanted).await,
        }
    }

    /// Tells a tunnel what it may hold an answer without content for: something plays, or is being worked on.
    pub(crate) fn set_prospect(&mut self, playing: bool, working: bool) {
        if let Link::Tunnel(end) = &mut self.link {
            end.set_prospect(playing, working);
        }
    }

    /// Tells the other side that nothing more comes, and why if there is a way to. What it still sends can be read.
    pub(crate) async fn shutdown(&mut self, farewell: &Farewell) -> io::Result<()> {
        match &mut self.link {
            Link::Socket(socket) => socket.shutdown().await,
            Link::WebSocket(websocket) => websocket.leave(farewell).await,
            Link::Tunnel(end) => {
                end.shutdown();
                Ok(())
            }
        }
    }
}

impl Link {
    fn try_write(&mut self, slices: &VecDeque<Bytes>, most: usize) -> io::Result<usize> {
        match self {
            Self::Socket(socket) => socket.try_write(slices, most),
            Self::WebSocket(websocket) => websocket.try_write(slices, most),
            Self::Tunnel(end) => Ok(end.write(slices, most)),
        }
    }
}

/// Encrypts the first bytes of `slices`, at most `most`.
fn seal(cipher: &mut Cipher, buffer: &mut BytesMut, slices: &VecDeque<Bytes>, most: usize) -> Bytes {
    let total: usize = slices.iter().map(Bytes::len).sum();
    let mut room = total.min(SEALED).min(most);
    buffer.reserve(room);
    for slice in slices {
        let taken = room.min(slice.len());
        buffer.extend_from_slice(&slice[..taken]);
        room -= taken;
        if room == 0 {
            break;
        }
    }
    cipher.apply(buffer);
    buffer.split().freeze()
}
