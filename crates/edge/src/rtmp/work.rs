//! What a stream has to wait for: origins, indexes, segments. Each piece of work is a future that knows nothing of the
//! viewer, so dropping it is all it takes to forget it.

use std::sync::Arc;

use futures::future::BoxFuture;
use millrace_media::{Capabilities, Position, Selection};
use millrace_origin::Origin;
use millrace_sign::Grant;

use super::permission::{Permit, Visit};
use crate::edge::Shared;
use crate::segment::{Key, Segment};
use crate::titles::{OpenTitle, PlayError};

/// What came of it.
pub(crate) enum Done {
    /// A title is open.
    Opened(Result<Opened, PlayError>),
    /// The place of a seek is known.
    Located(Result<Position, PlayError>),
    /// A segment is there.
    Built(Result<(Key, Arc<Segment>), PlayError>),
    /// Another quality is ready to take over.
    Prepared(Result<Opened, PlayError>),
}

/// A piece of work.
pub(crate) type Work = BoxFuture<'static, Done>;

/// An open title with what of it this viewer gets, and from where.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) title: Arc<OpenTitle>,
    pub(crate) selection: Selection,
    pub(crate) position: Position,
    /// The right to it; none where nobody needs one.
    pub(crate) grant: Option<Arc<Grant>>,
}

/// What a connection lets its streams open: chosen by connect, the same for its whole life.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) shared: Arc<Shared>,
    pub(crate) origin: Option<Arc<dyn Origin>>,
    /// What the app held behind `cfx/st`.
    pub(crate) path: String,
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) visit: Arc<Visit>,
}

impl Access {
    /// Opens the title that `name` means, if the viewer has a right to it.
    pub(crate) async fn open(&self, name: &str) -> Result<(Arc<OpenTitle>, Option<Arc<Grant>>), PlayError> {
        let Permit { keys, grant } = self.permit(name).await?;
        let missing = || PlayError::NoOrigin(self.visit.distribution.origin.clone());
        let origin = self.origin.as_ref().ok_or_else(missing)?;
        Ok((self.shared.titles.open(origin, &keys).await?, grant))
    }

    async fn open_at(&self, name: &str, start_ms: u64) -> Result<Opened, PlayError> {
        let (title, grant) = self.open(name).await?;
        let selection = title.title.select(&self.capabilities)?;
        let position = locate(&title, start_ms, selection).await?;
        Ok(Opened { title, selection, position, grant })
    }

    /// Work that opens `name` at the key frame at or before `start_ms`.
    pub(crate) fn opening(&self, name: String, start_ms: u64) -> Work {
        let access = self.clone();
        Box::pin(async move { Done::Opened(access.open_at(&name, start_ms).await) })
    }

    /// Work that opens `name` at its first key frame at or after `from_ms`.
    pub(crate) fn preparing(&self, name: String, from_ms: u64) -> Work {
        let access = self.clone();
        Box::pin(async move { Done::Prepared(access.open_after(&name, from_ms).await) })
    }

    async fn open_after(&self, name: &str, from_ms: u64) -> Result<Opened, PlayError> {
        let mut opened = self.open_at(name, from_ms).await?;
        // The index is asked for the key frame before a time only; half a minute covers every sane distance.
        for ahead in 1..=60 {
            if opened.position.time_ms() >= from_ms {
                break;
            }
            opened.position = locate(&opened.title, from_ms + ahead * 500, opened.selection).await?;
        }
        Ok(opened)
    }
}

/// The key frame at or before `ms`. The start of a title needs no look-up.
async fn locate(title: &Arc<OpenTitle>, ms: u64, selection: Selection) -> Result<Position, PlayError> {
    match ms {
        0 => Ok(title.title.start()),
        ms => Ok(title.title.locate(&**title, ms, selection).await?),
    }
}

/// Work that finds the place of a seek.
pub(crate) fn locating(title: Arc<OpenTitle>, ms: u64, selection: Selection) -> Work {
    Box::pin(async move { Done::Located(locate(&title, ms, selection).await) })
}

/// Work that builds a segment, or waits for whoever does.
pub(crate) fn building(shared: Arc<Shared>, title: Arc<OpenTitle>, key: Key) -> Work {
    Box::pin(async move {
        let built = shared.segments.get(&title, key, &shared.metrics).await;
        Done::Built(built.map(|segment| (key, segment)))
    })
}

/// Has a segment built that will be wanted soon, so that nobody waits for it then.
pub(crate) fn build_ahead(shared: &Arc<Shared>, title: &Arc<OpenTitle>, key: Key) {
    if shared.segments.peek(&key).is_none() {
        let work = building(Arc::clone(shared), Arc::clone(title), key);
        tokio::spawn(work);
    }
}
