//! A connection that is not waited for endlessly, that tells when bytes come, and that passes on nothing ambiguous.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use super::SocketOf;
use super::framing::{Ambiguous, Framing};
use super::handed::{Handed, is_blank};
use super::signals::Signals;
use crate::greeting::PREFACE;

/// What hyper refuses wherever it stands in a head. It looks at one that came in pieces only when its end is there.
const POISON: &[u8] = b"\0\r\n\r\n";

/// A stream whose other end has to take what is written within a time. hyper bounds only how long it reads.
pub(super) struct Patient<T> {
    stream: T,
    patience: Duration,
    /// What is read before anything else: what was read already to find out what is spoken, or poison.
    first: Vec<u8>,
    /// Runs while the other end takes nothing.
    blocked: Option<Pin<Box<Sleep>>>,
    /// Set when the other end of a tunnel has closed: writes succeed and go nowhere. What it asked for before is still
    /// done, down to the last request: librtmp closes its socket right behind the one that ends its session.
    gone: bool,
    signals: Arc<Signals>,
    /// The socket below, where there is nothing in between.
    socket: SocketOf<T>,
    /// What the kernel sends, where it can.
    handed: Option<Arc<Handed>>,
    /// Where requests begin and end; none where that is not to be followed.
    framing: Option<Framing>,
    /// What was found that can be read in two ways. Nothing behind it is read.
    ambiguous: Option<Ambiguous>,
    /// Dropped with this, wherever it ends up when another protocol is switched to.
    held: oneshot::Sender<()>,
}

impl<T> Patient<T> {
    /// Fails once the other end has taken nothing for `patience`. The receiver is told when this is dropped.
    pub(super) fn new(
        stream: T,
        socket: SocketOf<T>,
        patience: Duration,
        signals: Arc<Signals>,
    ) -> (Self, oneshot::Receiver<()>) {
        let (held, released) = oneshot::channel();
        let handed = socket(&stream).map(|_| Arc::default());
        let patient = Self {
            stream,
            socket,
            handed,
            patience,
            first: Vec::new(),
            blocked: None,
            gone: false,
            signals,
            framing: None,
            ambiguous: None,
            held,
        };
        (patient, released)
    }

    /// Through which bodies let the kernel send what it has; none where it can't.
    pub(super) fn handed(&self) -> Option<Arc<Handed>> {
        self.handed.clone()
    }

    /// What is below, and what tells of its end when it is dropped; once another protocol is spoken.
    pub(super) fn into_parts(self) -> (T, oneshot::Sender<()>) {
        (self.stream, self.held)
    }

    /// Passes on only what can be read in one way.
    pub(super) fn framed(mut self) -> Self {
        self.framing = Some(Framing::new());
        self
    }

    /// What a write came to: progress, or one more moment without; `all` if nobody is there to take it.
    fn wait<R>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<R>>,
        all: R,
    ) -> Poll<io::Result<R>> {
        if let Poll::Ready(result) = result {
            self.blocked = None;
            self.gone |= self.signals.is_tunnel() && result.as_ref().is_err_and(says_gone);
            return Poll::Ready(if self.gone { Ok(all) } else { result });
        }
        let patience = self.patience;
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(blocked.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Looks at what came. What can be read in two ways is cut off; in a head, something that can't be read at all takes
    /// its place.
    fn examine(&mut self, buffer: &mut ReadBuf<'_>, before: usize) -> io::Result<()> {
        let Some(framing) = self.framing.as_mut().filter(|_| !self.signals.is_switched()) else {
            return Ok(());
        };
        let Err(fault) = framing.take(&buffer.filled()[before..]) else { return Ok(()) };
        self.ambiguous = Some(fault);
        buffer.set_filled(before + fault.sound);
        if fault.in_head {
            self.first = POISON.to_vec();
            self.give_first(buffer);
        } else if fault.sound == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(())
    }

    /// Writes what stands before an answer; see [`Interim`](super::interim::Interim).
    fn poll_interim(&mut self, flushed: bool, context: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        T: AsyncWrite + Unpin,
    {
        let result = self.signals.interim.poll_write(&mut self.stream, flushed, context);
        match result {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            result => self.wait(context, result, ()),
        }
    }

    fn give_first(&mut self, buffer: &mut ReadBuf<'_>) {
        let there = self.first.len().min(buffer.remaining());
        buffer.put_slice(&self.first[..there]);
        self.first.drain(..there);
    }
}

/// Does something with a socket as soon as it may be written to.
fn poll_socket(
    socket: &TcpStream,
    context: &mut Context<'_>,
    mut write: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_write_ready(context))?;
        match socket.try_io(Interest::WRITABLE, &mut write) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return Poll::Ready(done),
        }
    }
}

impl<T: AsyncRead + Unpin> Patient<T> {
    /// Whether the preface of HTTP/2 stands in front. Reads no further than is needed to tell.
    pub(super) async fn begins_with_preface(&mut self) -> io::Result<bool> {
        let mut first = [0; PREFACE.len()];
        let mut read = 0;
        while read < first.len() && PREFACE.starts_with(&first[..read]) {
            match self.stream.read(&mut first[read..]).await? {
                0 => break,
                more => read += more,
            }
        }
        self.first = first[..read].to_vec();
        Ok(self.first == PREFACE)
    }
}

/// Whether the other end has closed its socket, not only its half of the connection.
fn says_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        self.give_first(buffer);
        match self.ambiguous {
            Some(Ambiguous { in_head: true, .. }) => return Poll::Ready(Ok(())),
            Some(_) => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            None => {}
        }
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            _ if buffer.filled().len() > before => {}
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) if self.signals.is_tunnel() && says_gone(&error) => self.gone = true,
            Poll::Ready(result) => result?,
        }
        if buffer.filled().len() > before {
            self.signals.came.notify_waiters();
            self.examine(buffer, before)?;
        } else if self.signals.hides_end() {
            // The answer wakes the task, which reads again then.
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> Patient<T> {
    /// Writes the first of these: what can be seen, or what a blank stands for.
    fn poll_write_seen(
        &mut self,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let seen = buffers.iter().take_while(|buffer| !is_blank(buffer)).count();
        match (self.handed.as_ref(), (self.socket)(&self.stream), buffers) {
            (Some(handed), Some(socket), [blank, ..]) if seen == 0 => {
                poll_socket(socket, context, || handed.send(socket, blank.len()))
            }
            // Not held back until its body follows (MSG_MORE): TCP that paces would make the body wait for it.
            (Some(handed), ..) if handed.is_amid() => Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            _ => Pin::new(&mut self.stream).poll_write_vectored(context, &buffers[..seen]),
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.gone {
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_interim(false, context))?;
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wait(context, result, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = buffers.iter().map(|buffer| buffer.len()).sum();
        if self.gone {
            return Poll::Ready(Ok(all));
        }
        ready!(self.poll_interim(false, context))?;
        let result = self.poll_write_seen(context, buffers);
        self.wait(context, result, all)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.gone {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_interim(true, context))?;
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.wait(context, result, ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.gone {
            return Poll::Ready(Ok(()));
        }
        let result = Pin::new(&mut self.stream).poll_shutdown(context);
        self.wait(context, result, ())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// What is read of a client that says this and goes.
    async fn read(bytes: &[u8]) -> (Vec<u8>, io::Result<usize>) {
        let (mut client, server) = tokio::io::duplex(1024);
        let (mut patient, _released) = patient(server, Arc::default());
        client.write_all(bytes).await.expect("there is room");
        drop(client);
        assert!(!patient.begins_with_preface().await.expect("it is there"));
        let (mut patient, mut heard) = (patient.framed(), Vec::new());
        let end = patient.read_to_end(&mut heard).await;
        (heard, end)
    }

    fn patient<T>(stream: T, signals: Arc<Signals>) -> (Patient<T>, oneshot::Receiver<()>) {
        Patient::new(stream, |_| None, Duration::from_secs(1), signals)
    }

    #[tokio::test]
    async fn a_tunnel_that_has_gone_takes_everything_and_its_last_words_are_heard() {
        let (mut client, server) = tokio::io::duplex(64);
        let signals = Arc::<Signals>::default();
        signals.note_tunnel();
        let (mut patient, _released) = patient(server, signals);
        client.write_all(b"last words").await.expect("there is room");
        drop(client);
        for _ in 0..100 {
            patient.write_all(b"an answer").await.expect("it goes nowhere");
            patient.flush().await.expect("it goes nowhere");
        }
        let mut heard = String::new();
        patient.read_to_string(&mut heard).await.expect("it ends well");
        assert_eq!(heard, "last words");
    }

    #[tokio::test]
    async fn of_anybody_else_who_has_gone_it_is_known() {
        let (client, server) = tokio::io::duplex(64);
        let (mut patient, released) = patient(server, Arc::default());
        drop(client);
        patient.write_all(b"an answer").await.expect_err("nobody is there");
        drop(patient);
        released.await.expect_err("it is gone");
    }

    #[tokio::test]
    async fn what_can_be_read_in_two_ways_is_poisoned_and_nothing_behind_it_is_read() {
        let (heard, end) = read(&[REQUEST, b"GET / HTTP/1.1\nHost: b\r\n\r\n", REQUEST].concat()).await;
        end.expect("it ends like a connection");
        assert_eq!(heard, [REQUEST, b"GET / HTTP/1.1", POISON].concat());
    }

    #[tokio::test]
    async fn in_a_body_it_is_an_error() {
        let head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (heard, end) = read(&[head, b"1\r\na\r\n1\n".as_slice(), REQUEST].concat()).await;
        assert_eq!(end.expect_err("a fault").kind(), io::ErrorKind::InvalidData);
        assert_eq!(heard, [head, b"1\r\na\r\n1".as_slice()].concat());
    }

    #[tokio::test]
    async fn the_preface_is_told_from_everything_else_and_nothing_is_lost() {
        for (bytes, is_preface) in [
            (PREFACE, true),
            (&PREFACE[..23], false),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", false),
            (REQUEST, false),
        ] {
            let (mut client, server) = tokio::io::duplex(1024);
            client.write_all(bytes).await.expect("there is room");
            drop(client);
            let (mut patient, _released) = patient(server, Arc::default());
            assert_eq!(patient.begins_with_preface().await.expect("it is there"), is_preface);
            let mut heard = Vec::new();
            patient.read_to_end(&mut heard).await.expect("it ends");
            assert_eq!(heard, bytes);
        }
    }
}
