//! Lets the bytes of an answer flow into its spool, and puts the copy where it stays when all are there.

use super::compress::Press;
use super::content::{Content, Held};
use super::copy::Copy;
use super::spool::{Spool, Unwanted};
use super::store::CopyName;
use crate::Error;
use crate::cache::Inner;
use crate::source::Source;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use millrace_origin::ResponseBody;
use millrace_web::Coding;
use std::sync::{Arc, Weak};

/// What is poured, and where.
pub(super) struct Pour {
    pub(super) inner: Arc<Inner>,
    pub(super) source: Arc<Source>,
    pub(super) name: CopyName,
    pub(super) copy: Weak<Copy>,
    pub(super) spool: Arc<Spool>,
    pub(super) press: Option<Coding>,
}

/// Why no more comes.
enum Stop {
    Unwanted,
    Broken(Error),
}

impl From<Unwanted> for Stop {
    fn from(_: Unwanted) -> Self {
        Self::Unwanted
    }
}

/// Pours until the end.
pub(super) async fn pour(pour: Pour, mut body: ResponseBody) {
    let ended = pour.all(&mut body).await;
    let ended = ended.map_err(|stop| match stop {
        Stop::Unwanted => Error::Stopped { offset: 0 },
        Stop::Broken(error) => error,
    });
    pour.spool.end(ended);
    let held =
        pour.spool.whole().map(|(pieces, trailers)| Held::new(&pieces, trailers, pour.inner.pages.as_ref()));
    let held = held.map(|held| Content::Held(Arc::new(held)));
    let copy = pour.copy.upgrade();
    let whole = held.and_then(|held| copy.map(|copy| Arc::new(copy.with(held))));
    pour.inner.copies.replace(&pour.name, &pour.copy, whole.as_ref());
}

impl Pour {
    async fn all(&self, body: &mut ResponseBody) -> Result<Option<HeaderMap>, Stop> {
        let mut press = self.press.map(Press::new);
        let mut trailers = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                self.inner.count_error(&self.source, error.kind);
                Stop::Broken(error.into())
            })?;
            match frame.into_data() {
                Ok(piece) => self.one(&mut press, piece).await?,
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        if let Some(press) = press {
            self.spool.append(press.finish().await.map_err(Stop::Broken)?).await?;
        }
        Ok(trailers)
    }

    async fn one(&self, press: &mut Option<Press>, piece: Bytes) -> Result<(), Stop> {
        self.inner.count_bytes(&self.source, piece.len() as u64);
        let piece = match press.take() {
            Some(working) => {
                let (pressed, working) = working.press(piece).await.map_err(Stop::Broken)?;
                *press = Some(working);
                pressed
            }
            None => piece,
        };
        Ok(self.spool.append(piece).await?)
    }
}
