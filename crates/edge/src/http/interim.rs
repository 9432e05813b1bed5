//! What an origin says before its answer (103, RFC 8297, and its like), on its way to a viewer of HTTP/1.1.
//!
//! hyper's server sends no such answers, so they go past it: the origin's connection leaves them here, the task of the
//! viewer's wakes, and the socket below hyper writes them when hyper flushes. It does that when it has written all that it
//! had, so nothing gets into the middle of the answer before.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use hyper::{HeaderMap, StatusCode};
use tokio::io::AsyncWrite;
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::signals::Signals;

/// So many of them are passed on for one request, and so many bytes that the viewer has not taken yet.
const MOST: usize = 8;
const LONGEST: usize = 16 << 10;
/// So often hyper is given the time to flush before an answer that came at once with what was said before it.
const FLUSHES: usize = 2;

/// What is to be written before the answer.
#[derive(Debug, Default)]
pub(super) struct Interim {
    /// Whether anything waits: most requests never have any.
    waits: AtomicBool,
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    text: BytesMut,
    /// Whether some of it is written: then the rest has to come before anything else.
    begun: bool,
    /// How many more are passed on for the request that is being answered.
    left: usize,
}

impl Interim {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what is said for the next request.
    pub(super) fn open(&self) {
        self.waiting().left = MOST;
    }

    /// Waits until what was said is written, if that is soon, and passes on nothing more: the answer is there.
    pub(super) async fn close(&self) {
        for _ in 0..FLUSHES {
            if !self.waits.load(Relaxed) {
                break;
            }
            yield_now().await;
        }
        let mut waiting = self.waiting();
        waiting.left = 0;
        if !waiting.begun {
            waiting.text.clear();
            self.waits.store(false, Relaxed);
        }
    }

    /// Waits until something was said.
    pub(super) async fn came(&self) {
        self.came.notified().await;
    }

    fn add(&self, text: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.left == 0 || waiting.text.len() + text.len() > LONGEST {
            return;
        }
        waiting.left -= 1;
        waiting.text.extend_from_slice(text);
        self.waits.store(true, Relaxed);
        drop(waiting);
        self.came.notify_one();
    }

    /// Writes all that waits, where nothing else is being written: `flushed`. Elsewhere, only what is begun.
    pub(super) fn poll_write<T>(
        &self,
        stream: &mut T,
        flushed: bool,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        T: AsyncWrite + Unpin,
    {
        if !self.waits.load(Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let mut waiting = self.waiting();
        waiting.begun |= flushed;
        while waiting.begun && !waiting.text.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(context, &waiting.text))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            waiting.text.advance(written);
        }
        if waiting.begun {
            waiting.begun = false;
            self.waits.store(false, Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

/// To whom an origin's hints go; in the extensions of a viewer's request. It does not keep his connection.
#[derive(Debug, Clone)]
pub(crate) struct Hints(Weak<Signals>);

impl Hints {
    pub(super) fn to(signals: &Arc<Signals>) -> Self {
        Self(Arc::downgrade(signals))
    }

    /// Passes one on. What is about the origin's connection only is not: 100 and 101.
    pub(crate) fn tell(&self, status: StatusCode, headers: &HeaderMap) {
        let Some(signals) = self.0.upgrade().filter(|_| status.as_u16() > 101) else { return };
        let mut headers = headers.clone();
        millrace_web::remove_hop_by_hop(&mut headers);
        let reason = status.canonical_reason().unwrap_or_default();
        let mut text = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
        for (name, value) in &headers {
            // Writing to memory does not fail.
            let _ = write!(text, "{name}: ");
            text.extend_from_slice(value.as_bytes());
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
        signals.interim.add(&text);
    }
}
