//! The body of an answer: shared bytes of which it is known how many there are, or whatever comes from elsewhere.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Frame, SizeHint};
use millrace_cache::{ContentBody, ContentPiece};

use super::handed::Handed;
use super::taken;

/// Why a body ends before its end.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer. hyper writes `Content-Length` where its length is known, and chunks otherwise. One that fails
/// cuts its connection off, or its stream, so that nobody takes what came for the whole.
#[derive(Default)]
pub(crate) struct Body {
    kind: Kind,
    /// Who lets the kernel send what it has; none where it can't.
    handed: Option<Arc<Handed>>,
}

enum Kind {
    Parts { parts: VecDeque<Bytes>, left: u64 },
    Copy(ContentBody),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Parts { parts: VecDeque::new(), left: 0 }
    }
}

impl Body {
    /// These parts, one after the other.
    pub(crate) fn new(parts: impl IntoIterator<Item = Bytes>) -> Self {
        let parts: VecDeque<Bytes> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let left = parts.iter().map(|part| part.len() as u64).sum();
        Kind::Parts { parts, left }.into()
    }

    /// What of a copy is wanted.
    pub(crate) fn copied(body: ContentBody) -> Self {
        Kind::Copy(body).into()
    }

    /// What another body brings, with its trailers; it has a length if the other knows one.
    pub(crate) fn streamed<B>(body: B) -> Self
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = http_body_util::BodyExt::map_err(body, Into::into);
        Kind::Stream(UnsyncBoxBody::new(body)).into()
    }

    /// The same, of which the kernel sends what it has.
    pub(super) fn handed(self, handed: &Arc<Handed>) -> Self {
        let copied = matches!(self.kind, Kind::Copy(_));
        Self { handed: copied.then(|| Arc::clone(handed)), ..self }
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Self { kind, handed: None }
    }
}

/// The next of a copy: its bytes, or a blank for those that the kernel sends.
fn copied(
    body: &mut ContentBody,
    handed: Option<&Handed>,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
    let Some(piece) = ready!(body.poll_piece(context, handed.is_some())) else { return Poll::Ready(None) };
    Poll::Ready(Some(match (piece, handed) {
        (Ok(ContentPiece::Frame(frame)), _) => Ok(frame),
        (Ok(ContentPiece::Unsent(unsent)), Some(handed)) => {
            handed.hand(unsent).map(Frame::data).map_err(|unsent| format!("{unsent:?} is too long").into())
        }
        (Ok(ContentPiece::Unsent(unsent)), None) => Err(format!("nobody sends {unsent:?}").into()),
        (Err(error), _) => Err(error.into()),
    }))
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::new([bytes])
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Body").field(&hyper::body::Body::size_hint(self)).finish()
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        taken::asked();
        let Self { kind, handed } = &mut *self;
        let frame = match kind {
            Kind::Parts { parts, left } => {
                let part = parts.pop_front();
                *left -= part.as_ref().map_or(0, |part| part.len() as u64);
                Poll::Ready(part.map(|part| Ok(Frame::data(part))))
            }
            Kind::Copy(body) => copied(body, handed.as_deref(), context),
            Kind::Stream(body) => Pin::new(body).poll_frame(context),
        };
        if let Poll::Ready(Some(Ok(_))) = &frame {
            taken::given();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Parts { parts, .. } => parts.is_empty(),
            Kind::Copy(body) => body.is_end_stream(),
            Kind::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Parts { left, .. } => SizeHint::with_exact(*left),
            Kind::Copy(body) => body.size_hint(),
            Kind::Stream(body) => body.size_hint(),
        }
    }
}
