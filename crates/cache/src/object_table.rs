//! Which version a key has, and how long that is believed.
//!
//! Blocks never expire; entries here do. An expired entry is checked with one byte of the object, and if the
//! origin does not answer, the old version is served on (its blocks are immutable and may all be here).

pub(crate) mod saved;

use crate::cache::Inner;
use crate::config::Config;
use crate::fetch::Pinned;
use crate::retry::Retry;
use crate::{BLOCK, Error, ObjectId};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use millrace_origin::{Answer, Error as OriginError, Freshness, Kind, ObjectInfo, Origin, OriginId, Read};
use millrace_web::{Bounds, Directives};
use quick_cache::sync::Cache;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

type Lookup = BoxFuture<'static, Result<Found, Error>>;

/// A key of an origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) origin: OriginId,
    pub(crate) key: Arc<str>,
}

/// What is believed of a key.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// It has this version.
    Known(Found),
    /// The origin refused it.
    Refused(OriginError, SystemTime),
}

/// A version that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) info: Arc<ObjectInfo>,
    pub(crate) id: ObjectId,
    /// When the origin said so.
    pub(crate) learned: SystemTime,
    /// For how long it may be used, as it says itself.
    said: Option<Duration>,
    /// How far it is believed.
    belief: Belief,
}

/// How far a version is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belief {
    /// As long as those who ask believe anything.
    Whole,
    /// Until then, and only because the origin did not answer.
    Stale(SystemTime),
    /// Not at all: there are signs that it has changed.
    None,
}

impl Found {
    pub(crate) fn new(info: Arc<ObjectInfo>, id: ObjectId, learned: SystemTime) -> Self {
        let said = said(&info, learned);
        Self { info, id, learned, said, belief: Belief::Whole }
    }

    /// Whether somebody with these bounds believes it still.
    fn is_fresh(&self, bounds: &Bounds, now: SystemTime) -> bool {
        match self.belief {
            Belief::Whole => self.learned.checked_add(bounds.of(self.said)).is_none_or(|until| now < until),
            Belief::Stale(until) => now < until,
            Belief::None => false,
        }
    }

    fn is_stale(&self) -> bool {
        matches!(self.belief, Belief::Stale(_))
    }
}

/// For how long an object may be used, as its own headers say; none: they say nothing. `answered` is when they came.
pub fn said(object: &ObjectInfo, answered: SystemTime) -> Option<Duration> {
    millrace_web::said(&object.headers, &Directives::of(&object.headers), answered)
}

/// The entries, and the lookups under way.
pub(crate) struct ObjectTable {
    entries: Cache<Name, Entry>,
    lookups: Mutex<HashMap<Name, WeakShared<Lookup>>>,
    /// Something was learned since the table was last saved.
    changed: AtomicBool,
}

impl ObjectTable {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            entries: Cache::new(config.objects.max(1)),
            lookups: Mutex::default(),
            changed: AtomicBool::new(false),
        }
    }

    fn insert(&self, name: Name, entry: Entry) {
        self.entries.insert(name, entry);
        self.changed.store(true, Relaxed);
    }

    /// Makes the next question about a key go to the origin.
    pub(crate) fn doubt(&self, origin: &OriginId, key: &str) {
        let name = Name { origin: origin.clone(), key: key.into() };
        if let Some(Entry::Known(found)) = self.entries.peek(&name) {
            self.insert(name, Entry::Known(Found { belief: Belief::None, ..found }));
        }
    }

    /// The lookup of `name` under way, or a new one made by `start`. It is driven by whoever waits for it, and
    /// ends with the last of them.
    fn join(&self, name: &Name, start: impl FnOnce() -> Lookup) -> Shared<Lookup> {
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lookup) = lookups.get(name).and_then(WeakShared::upgrade) {
            return lookup;
        }
        if lookups.len().is_power_of_two() {
            // Lookups everyone left are still listed; sweeping at these sizes only costs each a constant share.
            lookups.retain(|_, lookup| lookup.upgrade().is_some());
        }
        let lookup = start().shared();
        if let Some(weak) = lookup.downgrade() {
            lookups.insert(name.clone(), weak);
        }
        lookup
    }

    /// Ends the single flight of a lookup, so that later questions see its entry or ask anew.
    fn done(&self, name: &Name) {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// Opens `key`: from the table while that is believed within `bounds`, else from the origin.
pub(crate) async fn open(
    inner: &Arc<Inner>,
    origin: &Arc<dyn Origin>,
    key: &str,
    bounds: &Bounds,
) -> Result<Arc<Pinned>, Error> {
    let name = Name { origin: origin.id().clone(), key: key.into() };
    let entry = inner.table.entries.get(&name);
    let found = match believed(inner, origin, entry.as_ref(), bounds) {
        Some(answer) => answer?,
        None => {
            let (inner, origin, owned) = (inner.clone(), origin.clone(), name.clone());
            inner.clone().table.join(&name, || look_up(inner, origin, owned, entry).boxed()).await?
        }
    };
    Ok(inner.pinned(origin, &name.key, &found))
}

/// What the table says, if it may be believed still.
fn believed(
    inner: &Inner,
    origin: &Arc<dyn Origin>,
    entry: Option<&Entry>,
    bounds: &Bounds,
) -> Option<Result<Found, Error>> {
    if origin.freshness() == Freshness::AskEachTime {
        return None;
    }
    let now = inner.clock.now();
    match entry? {
        Entry::Known(found) if found.is_fresh(bounds, now) => {
            inner.metrics.object_hits.one();
            inner.metrics.stale_served.add(found.is_stale().into());
            Some(Ok(found.clone()))
        }
        Entry::Refused(error, until) if now < *until => {
            inner.metrics.negative_hits.one();
            Some(Err(error.clone().into()))
        }
        _ => None,
    }
}

async fn look_up(
    inner: Arc<Inner>,
    origin: Arc<dyn Origin>,
    name: Name,
    entry: Option<Entry>,
) -> Result<Found, Error> {
    inner.metrics.object_misses.one();
    let known = match entry {
        Some(Entry::Known(found)) => Some(found),
        _ => None,
    };
    let asked = match known {
        Some(known) => revalidate(&inner, &origin, &name, known).await,
        None => discover(&inner, &origin, &name).await,
    };
    if let Err(error) = asked.as_ref()
        && is_refusal(error)
    {
        let until = inner.clock.now() + inner.config.negative_ttl;
        inner.table.insert(name.clone(), Entry::Refused(error.clone(), until));
    }
    inner.table.done(&name);
    asked.map_err(Error::Origin)
}

/// Whether the origin said no, rather than nothing useful.
fn is_refusal(error: &OriginError) -> bool {
    matches!(error.kind, Kind::Missing | Kind::Forbidden)
}

/// Asks about an unknown key. The first block comes with the answer and is kept.
async fn discover(inner: &Arc<Inner>, origin: &Arc<dyn Origin>, name: &Name) -> Result<Found, OriginError> {
    let mut retry = Retry::new(&inner.config.limits);
    loop {
        let error = match ask(inner, origin, name, BLOCK).await {
            Ok((answer, permit)) => return Ok(learn(inner, origin, name, answer, permit)),
            Err(error) => error,
        };
        let pause = error.retry_helps().then(|| retry.pause()).flatten().ok_or(error)?;
        inner.metrics.retries.one();
        tokio::time::sleep(pause).await;
    }
}

/// Asks whether a known key still has its version; with one byte, since its blocks are mostly here.
async fn revalidate(
    inner: &Arc<Inner>,
    origin: &Arc<dyn Origin>,
    name: &Name,
    known: Found,
) -> Result<Found, OriginError> {
    let limit = inner.config.limits.revalidate_timeout;
    let answered = timeout(limit, ask(inner, origin, name, 1)).await;
    match answered {
        Ok(Ok((answer, _))) => Ok(inner.believe(origin.id(), &name.key, Arc::new(answer.object))),
        Ok(Err(error)) if is_refusal(&error) => Err(error),
        slow_or_failed => {
            tracing::debug!(origin = %name.origin, key = %name.key, answer = ?slow_or_failed.map(|_| ()), "stale");
            Ok(inner.believe_stale(name, known))
        }
    }
}

async fn ask(
    inner: &Arc<Inner>,
    origin: &Arc<dyn Origin>,
    name: &Name,
    bytes: u64,
) -> Result<(Answer, OwnedSemaphorePermit), OriginError> {
    let source = inner.sources.get(origin.id());
    let asked = async {
        let permit = inner.request(origin, &name.key, 0).await?;
        let answer = inner.ask(origin, &name.key, Read::new(0..bytes)).await?;
        Ok((answer, permit))
    };
    asked.await.inspect_err(|error: &OriginError| inner.count_error(&source, error.kind))
}

/// Takes the description from an answer, and its bytes as the object's first block.
fn learn(
    inner: &Arc<Inner>,
    origin: &Arc<dyn Origin>,
    name: &Name,
    answer: Answer,
    permit: OwnedSemaphorePermit,
) -> Found {
    let found = inner.believe(origin.id(), &name.key, Arc::new(answer.object.clone()));
    let object = inner.pinned(origin, &name.key, &found);
    inner.adopt(&object, answer, permit);
    found
}

impl Inner {
    fn pinned(&self, origin: &Arc<dyn Origin>, key: &Arc<str>, found: &Found) -> Arc<Pinned> {
        Arc::new(Pinned {
            origin: origin.clone(),
            key: key.clone(),
            info: found.info.clone(),
            id: found.id,
            source: self.sources.get(origin.id()),
        })
    }

    fn believe(&self, origin: &OriginId, key: &Arc<str>, info: Arc<ObjectInfo>) -> Found {
        let id = ObjectId::new(origin, key, &info.version);
        let found = Found::new(info, id, self.clock.now());
        let name = Name { origin: origin.clone(), key: key.clone() };
        self.table.insert(name, Entry::Known(found.clone()));
        found
    }

    /// Serves an old version on, and gives the origin a pause before it is asked again.
    fn believe_stale(&self, name: &Name, known: Found) -> Found {
        self.metrics.stale_served.one();
        let until = self.clock.now() + self.config.negative_ttl;
        let found = Found { belief: Belief::Stale(until), ..known };
        self.table.insert(name.clone(), Entry::Known(found.clone()));
        found
    }
}
