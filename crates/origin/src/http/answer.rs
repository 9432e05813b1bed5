//! What a web server answered, held to what it says and to the time it has.

use super::LONGEST_HEAD;
use super::request::length;
use crate::question::chain;
use crate::upstream::ResponseBody;
use crate::{Error, Kind, OriginId};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use http::response::Parts;
use http::{Extensions, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::upgrade::OnUpgrade;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Why patience ended, where the whole answer took too long.
const OVER: &str = "the answer was not complete in time";

/// Who was asked for what, to name it in errors.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) id: OriginId,
    pub(super) key: Arc<str>,
}

impl Asked {
    pub(super) fn error(&self, kind: Kind, words: impl std::fmt::Display) -> Error {
        Error::new(kind, &self.id, &self.key).with_detail(words)
    }
}

/// How long is waited.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// For anything to happen.
    pub(super) read: Duration,
    /// For the end.
    pub(super) until: Option<Instant>,
}

impl Patience {
    /// When it ends if nothing happens from now on.
    pub(super) fn end(self) -> Instant {
        let silent = Instant::now() + self.read;
        self.until.map_or(silent, |until| until.min(silent))
    }

    /// Why it ended.
    pub(super) fn words(self, what: &str) -> String {
        if self.is_over() { OVER.into() } else { format!("{what} within {:?}", self.read) }
    }

    fn is_over(self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

/// Looks at the head. What it says of the connection ends here.
///
/// # Errors
/// In words, when the head contradicts itself or answers something else. The connection must not be used again then.
pub(super) fn head(parts: &mut Parts, web_socket: bool) -> Result<(), &'static str> {
    // Whoever reads takes as much as has come, so that a head may be somewhat longer than the buffer was meant to be.
    let fields = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    if fields.sum::<usize>() > LONGEST_HEAD {
        return Err("the head of the answer is too long");
    }
    let switched = parts.status == StatusCode::SWITCHING_PROTOCOLS;
    if switched && !web_socket {
        return Err("the answer switches protocols, which nobody asked for");
    }
    let length = length(&parts.headers).map_err(|()| "the answer has lengths that contradict each other")?;
    if length.is_some() && parts.headers.contains_key(TRANSFER_ENCODING) {
        return Err("the answer has both Content-Length and Transfer-Encoding");
    }
    millrace_web::remove_hop_by_hop(&mut parts.headers);
    if let Some(length) = length {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let upgrade = parts.extensions.remove::<OnUpgrade>();
    parts.extensions = Extensions::new();
    if switched {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        upgrade.map(|upgrade| parts.extensions.insert(upgrade));
    }
    Ok(())
}

/// The body, which breaks where the origin does, and where it is silent for too long.
pub(super) fn body(parts: Parts, body: Incoming, asked: Asked, patience: Patience) -> Response<ResponseBody> {
    let clock = Box::pin(tokio::time::sleep_until(patience.end()));
    let watched = Watched { body, asked, patience, clock, waiting: false, ended: false, passed: 0 };
    Response::from_parts(parts, watched.boxed_unsync())
}

struct Watched {
    body: Incoming,
    asked: Asked,
    patience: Patience,
    /// Runs only while a piece is waited for: who reads slowly does not make the origin slow.
    clock: Pin<Box<Sleep>>,
    waiting: bool,
    ended: bool,
    passed: u64,
}

impl Watched {
    fn broken(&mut self, kind: Kind, words: String) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.ended = true;
        Poll::Ready(Some(Err(self.asked.error(kind, words).with_offset(self.passed))))
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if !self.waiting {
            self.waiting = true;
            self.clock.as_mut().reset(self.patience.end());
        }
        match self.clock.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                let words = self.patience.words("no more of the answer came");
                self.broken(Kind::Timeout, words)
            }
        }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => return self.wait(cx),
            Poll::Ready(None) => {
                self.ended = true;
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Err(error))) => return self.broken(Kind::Truncated, chain(&error)),
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        if self.patience.is_over() {
            return self.broken(Kind::Timeout, OVER.into());
        }
        self.waiting = false;
        self.passed += frame.data_ref().map_or(0, |data| data.len() as u64);
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
