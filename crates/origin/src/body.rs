//! Holds a body to its promise: exactly the announced bytes, or an error that says at which byte it broke.

use crate::object::Body;
use crate::{Error, Kind, OriginId};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, Stream};
use std::ops::Range;

/// What to do with bytes after the last promised one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// They break the promise.
    Refuse,
    /// The source was asked for less than it sends (a server without ranges); the rest is dropped.
    Cut,
}

/// Wraps `source`, whose first byte is byte `range.start` of the object, so that it yields `range` and ends.
pub(crate) fn exact<S>(source: S, range: Range<u64>, excess: Excess, origin: OriginId, key: String) -> Body
where
    S: Stream<Item = Result<Bytes, Error>> + Send + 'static,
{
    let state = Exact { source: Box::pin(source), at: range.start, end: range.end, excess, origin, key };
    stream::try_unfold(state, |mut state| async move { Ok(state.next().await?.map(|piece| (piece, state))) })
        .boxed()
}

struct Exact<S> {
    source: std::pin::Pin<Box<S>>,
    at: u64,
    end: u64,
    excess: Excess,
    origin: OriginId,
    key: String,
}

impl<S: Stream<Item = Result<Bytes, Error>>> Exact<S> {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.at == self.end {
                return Ok(None);
            }
            let missing = self.end - self.at;
            let Some(piece) = self.source.next().await else {
                return Err(self.broken(Kind::Truncated));
            };
            let mut piece = piece.map_err(|error| error.with_offset(self.at))?;
            if piece.len() as u64 > missing {
                if self.excess == Excess::Refuse {
                    return Err(self.broken(Kind::WrongLength).with_detail("more bytes than announced"));
                }
                piece.truncate(usize::try_from(missing).unwrap_or(usize::MAX));
            }
            self.at += piece.len() as u64;
            if self.at == self.end && self.excess == Excess::Refuse {
                self.expect_end().await?;
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    /// Looks behind the last promised byte before that byte is handed out, so that a reader that has the whole
    /// range knows that the answer was sound.
    async fn expect_end(&mut self) -> Result<(), Error> {
        while let Some(piece) = self.source.next().await {
            if !piece.map_err(|error| error.with_offset(self.at))?.is_empty() {
                return Err(self.broken(Kind::WrongLength).with_detail("more bytes than announced"));
            }
        }
        Ok(())
    }

    fn broken(&self, kind: Kind) -> Error {
        Error::new(kind, &self.origin, &self.key).with_offset(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    async fn run(pieces: &[&'static [u8]], range: Range<u64>, excess: Excess) -> Result<Vec<u8>, Error> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
        let body = exact(stream::iter(pieces), range, excess, OriginId::new("o"), "k".into());
        Ok(body.try_collect::<Vec<_>>().await?.concat())
    }

    #[tokio::test]
    async fn the_promised_bytes_pass_through() {
        assert_eq!(run(&[b"ab", b"", b"c"], 5..8, Excess::Refuse).await.unwrap(), b"abc");
        assert_eq!(run(&[], 5..5, Excess::Refuse).await.unwrap(), b"");
    }

    #[tokio::test]
    async fn a_short_body_is_truncated_at_its_byte() {
        let error = run(&[b"ab"], 5..8, Excess::Refuse).await.unwrap_err();
        assert_eq!((error.kind, error.offset), (Kind::Truncated, Some(7)));
    }

    #[tokio::test]
    async fn a_long_body_is_refused_or_cut() {
        let error = run(&[b"ab", b"cd"], 5..8, Excess::Refuse).await.unwrap_err();
        assert_eq!((error.kind, error.offset), (Kind::WrongLength, Some(7)));
        assert_eq!(run(&[b"ab", b"cd", b"ef"], 5..8, Excess::Cut).await.unwrap(), b"abc");
    }
}
