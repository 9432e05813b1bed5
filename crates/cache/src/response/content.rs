//! The bytes of a copy, as a body: from memory, from a spool that is being filled, or from blocks.

use super::spool::{Door, Piece, Reader};
use crate::pages::{Pages, Stretch, Unsent};
use crate::reader::{RUN, run};
use crate::stored::{Place, Stored};
use crate::{BLOCK, Error, Object};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Where the bytes of a copy are.
#[derive(Clone)]
pub(crate) enum Content {
    /// There are none: the answer to HEAD, 204, 304. As many as HEAD was told of.
    Nothing(Option<u64>),
    /// All of them in memory.
    Held(Arc<Held>),
    /// On their way; as many as were promised, if something was.
    Coming(Arc<Door>, Option<u64>),
    /// In the blocks of an object.
    Blocks(Object),
}

/// A body in memory.
pub(crate) struct Held {
    /// All but the last are as long as blocks.
    pub(crate) pieces: Vec<Arc<Stored>>,
    pub(crate) length: u64,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Held {
    /// Puts pieces together such that a write takes as many of them as it can.
    pub(crate) fn new(pieces: &[Bytes], trailers: Option<HeaderMap>, pages: Option<&Arc<Pages>>) -> Self {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        let mut whole = Vec::new();
        let mut block = Vec::new();
        for piece in pieces {
            let mut rest = piece.as_ref();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(BLOCK as usize - block.len()));
                block.extend_from_slice(now);
                rest = later;
                if block.len() as u64 == BLOCK {
                    whole.push(std::mem::take(&mut block));
                }
            }
        }
        block.shrink_to_fit();
        whole.extend((!block.is_empty()).then_some(block));
        let pieces = whole.into_iter().map(|piece| Arc::new(Stored::new(piece.into(), pages))).collect();
        Self { pieces, length, trailers }
    }

    /// The pieces in which a range lies from its beginning on, `most` of them, and which part of each.
    fn at_hand(&self, range: &Range<u64>, most: u64) -> Vec<(Arc<Stored>, Range<u64>)> {
        let piece = |number| self.pieces.get(usize::try_from(number).ok()?);
        run(range, most).map_while(|(number, part)| Some((Arc::clone(piece(number)?), part))).collect()
    }
}

/// Pieces that are looked for at one time: only the kernel sends several at once.
fn most(by_kernel: bool) -> u64 {
    if by_kernel { RUN } else { 1 }
}

impl Content {
    /// How many bytes there are, as far as it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Nothing(told) => *told,
            Self::Held(held) => Some(held.length),
            Self::Coming(_, length) => *length,
            Self::Blocks(object) => Some(object.length()),
        }
    }

    /// Bytes in memory that would not be there otherwise.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Nothing(_) | Self::Blocks(_) => 0,
            Self::Held(held) => held.length,
            // What is not known yet is counted when it is there.
            Self::Coming(_, length) => length.unwrap_or(0),
        }
    }

    /// Whether somebody who comes now can read it from its first byte.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Coming(door, _) => door.is_open(),
            _ => true,
        }
    }

    /// All of it. None if its beginning is gone.
    pub(crate) fn all(&self) -> Option<ContentBody> {
        let length = self.length();
        Some(ContentBody(match self {
            Self::Nothing(_) => Source::Nothing,
            Self::Held(held) => Source::Held(Arc::clone(held), 0..held.length, held.trailers.is_some()),
            Self::Coming(door, _) => Source::Coming(door.reader()?, 0..length.unwrap_or(u64::MAX), length),
            Self::Blocks(object) => Source::Blocks(Blocks::new(object.another(), 0..object.length())),
        }))
    }

    /// A part of it. None if its beginning is gone.
    pub(crate) fn part(&self, range: Range<u64>) -> Option<ContentBody> {
        let length = range.end.saturating_sub(range.start);
        Some(ContentBody(match self {
            Self::Nothing(_) => Source::Nothing,
            Self::Held(held) => Source::Held(Arc::clone(held), range, false),
            Self::Coming(door, _) => Source::Coming(door.reader()?, range, Some(length)),
            Self::Blocks(object) => Source::Blocks(Blocks::new(object.another(), range)),
        }))
    }
}

/// A copy's bytes for one viewer.
pub struct ContentBody(Source);

enum Source {
    Nothing,
    /// What is still wanted of it, and whether the trailers are.
    Held(Arc<Held>, Range<u64>, bool),
    /// The bytes that are still wanted, by their places behind what was read; their number, if it is known.
    Coming(Reader, Range<u64>, Option<u64>),
    Blocks(Blocks),
}

/// What comes next of a body.
pub enum ContentPiece {
    /// Bytes, or the trailers.
    Frame(Frame<Bytes>),
    /// Bytes that the kernel is to send.
    Unsent(Unsent),
}

impl ContentBody {
    /// What comes next. `by_kernel`: whether the kernel may be let send it.
    pub fn poll_piece(
        &mut self,
        context: &mut Context<'_>,
        by_kernel: bool,
    ) -> Poll<Option<Result<ContentPiece, Error>>> {
        let frame = |frame: Result<Frame<Bytes>, Error>| frame.map(ContentPiece::Frame);
        match &mut self.0 {
            Source::Nothing => Poll::Ready(None),
            Source::Held(held, wanted, trailers) => {
                if !wanted.is_empty() {
                    let piece = piece(&held.at_hand(wanted, most(by_kernel)), by_kernel);
                    wanted.start += piece.as_ref().map_or(0, ContentPiece::length);
                    return Poll::Ready(Some(piece.ok_or(LOST)));
                }
                let trailers = std::mem::take(trailers).then(|| held.trailers.clone()).flatten();
                Poll::Ready(trailers.map(|trailers| Ok(ContentPiece::Frame(Frame::trailers(trailers)))))
            }
            Source::Coming(reader, wanted, left) => {
                let piece = ready!(cut(reader, wanted, context));
                if let (Some(Ok(frame)), Some(left)) = (&piece, left) {
                    *left -= frame.data_ref().map_or(0, |data| data.len() as u64).min(*left);
                }
                Poll::Ready(piece.map(frame))
            }
            Source::Blocks(blocks) => blocks.poll(context, by_kernel),
        }
    }
}

/// The kernel can't read again what it kept.
const LOST: Error = Error::Stopped { offset: 0 };

/// The first of a run of what is kept; all of the run that lies in the kernel's memory, if it does. None: it is lost.
fn piece(run: &[(Arc<Stored>, Range<u64>)], by_kernel: bool) -> Option<ContentPiece> {
    let ((stored, part), rest) = run.split_first()?;
    let bytes = match by_kernel.then(|| stored.to_send(rest)) {
        Some(Place::Kernels(stretch)) => return Some(ContentPiece::Unsent(unsent(stretch, part, rest))),
        Some(Place::Ours(bytes)) => bytes,
        None => stored.bytes()?,
    };
    Some(ContentPiece::Frame(Frame::data(bytes.slice(part.start as usize..part.end as usize))))
}

/// A part of a stretch, and as much of what follows as lies in stretches.
fn unsent(stretch: Arc<Stretch>, part: &Range<u64>, rest: &[(Arc<Stored>, Range<u64>)]) -> Unsent {
    let mut unsent = Unsent::default();
    unsent.push(stretch, part.clone());
    for (stored, part) in rest {
        let Place::Kernels(stretch) = stored.place() else { break };
        unsent.push(stretch, part.clone());
    }
    unsent
}

impl ContentPiece {
    /// Bytes of the body in it.
    fn length(&self) -> u64 {
        match self {
            Self::Frame(frame) => frame.data_ref().map_or(0, |data| data.len() as u64),
            Self::Unsent(unsent) => unsent.length(),
        }
    }
}

impl http_body::Body for ContentBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let piece = ready!(self.poll_piece(context, false));
        Poll::Ready(piece.and_then(|piece| match piece {
            Ok(ContentPiece::Frame(frame)) => Some(Ok(frame)),
            // Nobody is promised any where they are not asked for.
            Ok(ContentPiece::Unsent(_)) => None,
            Err(error) => Some(Err(error)),
        }))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Nothing => true,
            Source::Held(_, wanted, trailers) => wanted.is_empty() && !trailers,
            Source::Coming(_, wanted, left) => wanted.is_empty() || *left == Some(0),
            Source::Blocks(blocks) => blocks.wanted.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Nothing => SizeHint::with_exact(0),
            Source::Held(_, wanted, _) => SizeHint::with_exact(wanted.end - wanted.start),
            Source::Coming(_, _, Some(left)) => SizeHint::with_exact(*left),
            Source::Coming(_, _, None) => SizeHint::default(),
            Source::Blocks(blocks) => SizeHint::with_exact(blocks.wanted.end - blocks.wanted.start),
        }
    }
}

/// The next bytes of a spool that lie in a range; the range moves with the reader.
fn cut(
    reader: &mut Reader,
    wanted: &mut Range<u64>,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
    while !wanted.is_empty() {
        let piece = match ready!(reader.poll_next(context)) {
            Ok(Piece::Bytes(piece)) => piece,
            Ok(Piece::End(trailers)) => {
                wanted.start = wanted.end;
                return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
            }
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        let length = piece.len() as u64;
        let (from, to) = (wanted.start.min(length), wanted.end.min(length));
        *wanted = wanted.start.saturating_sub(length)..wanted.end.saturating_sub(length);
        if from < to {
            return Poll::Ready(Some(Ok(Frame::data(piece.slice(from as usize..to as usize)))));
        }
    }
    Poll::Ready(None)
}

/// Reads an object block by block.
struct Blocks {
    object: Object,
    wanted: Range<u64>,
    coming: Option<BoxFuture<'static, Result<Bytes, Error>>>,
}

impl Blocks {
    fn new(object: Object, wanted: Range<u64>) -> Self {
        Self { object, wanted, coming: None }
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        by_kernel: bool,
    ) -> Poll<Option<Result<ContentPiece, Error>>> {
        if self.wanted.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(piece) = self.at_hand(by_kernel) {
            return Poll::Ready(Some(Ok(piece)));
        }
        let object = &self.object;
        let coming = self.coming.get_or_insert_with(|| {
            let start = self.wanted.start;
            let end = ((start / BLOCK + 1) * BLOCK).min(self.wanted.end);
            let object = object.clone();
            async move { object.read_contiguous(start..end).await }.boxed()
        });
        let piece = ready!(coming.as_mut().poll(context));
        self.coming = None;
        if let Ok(piece) = &piece {
            self.wanted.start += piece.len() as u64;
        }
        Poll::Ready(Some(piece.map(|piece| ContentPiece::Frame(Frame::data(piece)))))
    }

    /// The next bytes, if memory has them.
    fn at_hand(&mut self, by_kernel: bool) -> Option<ContentPiece> {
        if self.coming.is_some() {
            return None;
        }
        let piece = piece(&self.object.at_hand(&self.wanted, most(by_kernel)), by_kernel)?;
        let start = self.wanted.start;
        self.wanted.start += piece.length();
        self.object.taken(&(start..self.wanted.start));
        Some(piece)
    }
}
