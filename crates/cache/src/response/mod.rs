//! Copies of whole answers, for web distributions: found again, asked for once, confirmed, and used stale where that
//! helps.
//!
//! ```text
//!            Ask ──▶ Store ──fresh──────────────────────────────▶ Reply (hit)
//!                      │stale or nothing
//!                      ▼
//!                  Questions ──somebody asks already──▶ waits for the head
//!                      │
//!                      ▼                      ┌─▶ Spool ──▶ Held   what is small or can't be read in ranges
//!                   Upstream ──answer──▶ Copy ┤
//!                                             └─▶ blocks           what is large and has a strong tag
//! ```
//!
//! Nothing here knows of distributions' settings; who asks brings the rules along.

mod compress;
mod content;
mod copy;
mod fetch;
mod flight;
mod head;
mod pour;
mod spool;
mod store;
#[cfg(test)]
mod tests;

pub use content::{ContentBody, ContentPiece};
pub use copy::{Copy, Part};
pub use store::{CopyKey, CopyName};

pub(crate) use flight::Questions;
pub(crate) use spool::Budget;
pub(crate) use store::Store;

use crate::Error;
use crate::cache::{Cache, Inner};
use fetch::Fetched;
use flight::{Outcome, Seat, Turn};
use http::{HeaderMap, Method, Request, StatusCode};
use millrace_origin::Upstream;
use millrace_web::{Bounds, Coding};
use std::cell::LazyCell;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// How often somebody waits for others' answers before he asks himself.
const PATIENCE: u32 = 3;

/// What is asked for somebody.
#[derive(Clone)]
pub struct Ask {
    /// What it would be a copy of.
    pub name: CopyName,
    /// The request as the origin is to see it: GET, HEAD or OPTIONS, path and query, headers without conditions and
    /// without a range, which are made here.
    pub request: Request<()>,
    /// The `Range` that the viewer sent, where a part is enough for him.
    pub range: Option<String>,
    /// Who answers.
    pub upstream: Arc<dyn Upstream>,
    /// How long answers are kept, and how.
    pub rules: Rules,
}

/// How answers are kept.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whether they are at all.
    pub keeps: bool,
    /// For how long.
    pub bounds: Bounds,
    /// For how long errors are, at least, by their status.
    pub errors: Arc<ErrorTtls>,
    /// How they are compressed that are not and can be.
    pub coding: Option<Coding>,
    /// Whether cookies are taken off: no viewer's were sent to the origin.
    pub without_cookies: bool,
}

/// For how long errors are kept, at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorTtls {
    /// Some statuses.
    pub of: Vec<(u16, Duration)>,
    /// All others.
    pub default: Duration,
}

impl ErrorTtls {
    fn get(&self, status: StatusCode) -> Duration {
        let found = self.of.iter().find(|(one, _)| *one == status.as_u16());
        found.map_or(self.default, |(_, ttl)| *ttl)
    }
}

/// An answer.
pub struct Reply {
    /// What it says.
    pub copy: Arc<Copy>,
    /// How old that is.
    pub age: Duration,
    /// Where it came from.
    pub how: How,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was here.
    Hit,
    /// It was here, and the origin said that it may be used on.
    Refreshed,
    /// It was here, may not be used without asking, and is used since the origin failed.
    Stale,
    /// The origin answered.
    Missed,
}

impl Cache {
    /// The answer to a request: one that is kept, or the origin's.
    ///
    /// # Errors
    /// When the origin gave none, and nothing older may be used.
    pub async fn answer(&self, ask: Ask) -> Result<Reply, Error> {
        answer(self.inner(), ask).await
    }

    /// The answer to a request, if it is here and nobody has to be asked. `seen` makes the fields that the origin would
    /// get to see; only answers that depend on some need them.
    #[must_use]
    pub fn fresh(
        &self,
        key: &CopyKey<'_>,
        seen: impl FnOnce() -> Option<HeaderMap>,
        range: Option<&str>,
    ) -> Option<Reply> {
        let (inner, now) = (self.inner(), self.inner().clock.now());
        let seen = LazyCell::new(seen);
        let copy = inner.copies.find(key, |variant| {
            variant.is_for_all() || seen.as_ref().is_some_and(|seen| variant.matches(seen))
        })?;
        (copy.is_fresh(now) && copy.has(range)).then(|| inner.reply(&copy, How::Hit, now))
    }

    /// Forgets the copies of a distribution whose resource is meant; answers under way are not kept.
    pub fn purge(&self, distribution: &str, meant: impl Fn(&str) -> bool) {
        self.inner().copies.purge(distribution, meant);
    }

    /// Forgets all copies; answers under way are not kept.
    pub fn purge_all(&self) {
        self.inner().copies.purge_all();
    }

    /// Forgets the copies of one name: what it means was changed by a request.
    pub fn forget(&self, name: &CopyName) {
        self.inner().copies.forget(name);
    }

    /// Forgets the copies of distributions that are gone.
    pub fn keep_distributions(&self, is_there: impl Fn(&str) -> bool) {
        self.inner().copies.keep_distributions(is_there);
    }
}

async fn answer(inner: &Arc<Inner>, ask: Ask) -> Result<Reply, Error> {
    if !ask.rules.keeps || inner.copies.is_own(&ask.name) {
        return alone(inner, &ask).await;
    }
    for _ in 0..PATIENCE {
        let now = inner.clock.now();
        let found = inner.find(&ask);
        if let Some(copy) = &found {
            if copy.is_fresh(now) {
                return Ok(inner.reply(copy, How::Hit, now));
            }
            if copy.freshness.is_usable_while_revalidating(copy.since(now)) {
                inner.renew(&ask, copy);
                return Ok(inner.reply(copy, How::Hit, now));
            }
        }
        if ask.request.method() == Method::HEAD {
            // Its answer has no bytes that others could use.
            return alone(inner, &ask).await;
        }
        let waiting = match inner.questions.turn(&ask.name) {
            Turn::Ask(seat) => return lead(inner, ask, found, seat).await,
            Turn::Wait(waiting) => waiting,
        };
        match waiting.outcome().await {
            Outcome::Kept(copy) if fits(&copy, &ask) && copy.is_fresh(inner.clock.now()) => {
                return Ok(inner.reply(&copy, How::Hit, inner.clock.now()));
            }
            // It is for other headers or another range: perhaps the store has what is wanted by now.
            Outcome::Kept(_) => {}
            Outcome::Own => break,
            Outcome::Failed(error) => return Err(error),
        }
    }
    alone(inner, &ask).await
}

fn fits(copy: &Copy, ask: &Ask) -> bool {
    copy.variant.matches(ask.request.headers()) && copy.has(ask.range.as_deref())
}

/// Asks for nobody else.
async fn alone(inner: &Arc<Inner>, ask: &Ask) -> Result<Reply, Error> {
    let found = inner.find(ask).filter(|_| ask.rules.keeps);
    let fetched = fetch::fetch(inner, ask, found).await?;
    Ok(inner.reply(&fetched.copy, fetched.how, inner.clock.now()))
}

/// Asks for all who wait, in a task that goes on if the first of them leaves.
async fn lead(inner: &Arc<Inner>, ask: Ask, found: Option<Arc<Copy>>, seat: Seat) -> Result<Reply, Error> {
    let (sender, receiver) = oneshot::channel();
    let owned = Arc::clone(inner);
    tokio::spawn(async move {
        let fetched = fetch::fetch(&owned, &ask, found).await;
        seat.tell(outcome(&fetched));
        // Who asked first may have left; others have heard.
        let _ = sender.send(fetched);
    });
    let fetched = receiver.await.unwrap_or(Err(Error::Stopped { offset: 0 }))?;
    Ok(inner.reply(&fetched.copy, fetched.how, inner.clock.now()))
}

fn outcome(fetched: &Result<Fetched, Error>) -> Outcome {
    match fetched {
        Ok(fetched) if fetched.kept => Outcome::Kept(Arc::clone(&fetched.copy)),
        Ok(_) => Outcome::Own,
        Err(error) => Outcome::Failed(error.clone()),
    }
}

impl Inner {
    fn find(&self, ask: &Ask) -> Option<Arc<Copy>> {
        let found = self.copies.find(&ask.name, |variant| variant.matches(ask.request.headers()));
        found.filter(|copy| copy.has(ask.range.as_deref()))
    }

    fn reply(&self, copy: &Arc<Copy>, how: How, now: SystemTime) -> Reply {
        match how {
            How::Hit => self.metrics.copy_hits.one(),
            How::Refreshed => self.metrics.copy_refreshes.one(),
            How::Stale => self.metrics.stale_served.one(),
            How::Missed => self.metrics.copy_misses.one(),
        }
        Reply { copy: Arc::clone(copy), age: copy.age(now), how }
    }

    /// Asks anew while the old copy is used.
    fn renew(self: &Arc<Self>, ask: &Ask, copy: &Arc<Copy>) {
        let Turn::Ask(seat) = self.questions.turn(&ask.name) else { return };
        let (inner, ask, copy) = (Arc::clone(self), ask.clone(), Arc::clone(copy));
        tokio::spawn(async move {
            let fetched = fetch::fetch(&inner, &ask, Some(copy)).await;
            seat.tell(outcome(&fetched));
        });
    }
}
