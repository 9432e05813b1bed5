//! A connection that is not waited for endlessly, and that tells when bytes come.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep};

/// A stream whose other end has to take what is written within a time. hyper bounds only how long it reads.
pub(super) struct Patient<T> {
    stream: T,
    patience: Duration,
    /// Runs while the other end takes nothing.
    blocked: Option<Pin<Box<Sleep>>>,
    /// Set when the other end has closed: writes succeed and go nowhere. What it asked for before is still done, down
    /// to the last request: librtmp closes its socket right behind the one that ends its session.
    gone: bool,
    came: Arc<Notify>,
    /// Whether a request is being answered. hyper drops it at the end of input, so it does not see that before.
    answering: Arc<AtomicBool>,
}

impl<T> Patient<T> {
    /// Fails once the other end has taken nothing for `patience`; wakes who waits for `came` when bytes come.
    pub(super) fn new(stream: T, patience: Duration, came: Arc<Notify>, answering: Arc<AtomicBool>) -> Self {
        Self { stream, patience, blocked: None, gone: false, came, answering }
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
            self.gone |= result.as_ref().is_err_and(says_gone);
            return Poll::Ready(if self.gone { Ok(all) } else { result });
        }
        let patience = self.patience;
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(blocked.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
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
        match ready!(Pin::new(&mut self.stream).poll_read(context, buffer)) {
            Err(error) if says_gone(&error) => self.gone = true,
            other => other?,
        }
        if buffer.filled().len() > before {
            self.came.notify_waiters();
        } else if self.answering.load(Relaxed) {
            // The answer wakes the task, which reads again then.
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
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
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.wait(context, result, all)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.gone {
            return Poll::Ready(Ok(()));
        }
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn who_has_gone_takes_everything_and_its_last_words_are_heard() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut patient = Patient::new(server, Duration::from_secs(1), Arc::default(), Arc::default());
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
}
