//! Objects in memory, for tests and demos: counts what is asked, waits and fails on request.

use crate::object::{Answer, Body, Freshness, ObjectInfo, Origin, OriginId, Read, Version};
use crate::{Error, Kind};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Bytes per piece of a body.
const PIECE: u64 = 64 * 1024;

/// Objects in memory. Clones share everything.
#[derive(Clone)]
pub struct MemoryOrigin {
    id: OriginId,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Requests that arrived, answered or not.
    arrived: watch::Sender<u64>,
    /// The byte at which bodies wait, and whether requests wait as well.
    gate: watch::Sender<Gate>,
}

struct State {
    objects: HashMap<String, (ObjectInfo, Bytes)>,
    tallies: HashMap<String, Tally>,
    failures: VecDeque<Kind>,
    versions: u64,
    freshness: Freshness,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Requests,
    BodiesAt(u64),
}

/// What was asked for one key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests, failed ones included.
    pub requests: u64,
    /// Body bytes handed out.
    pub bytes: u64,
}

/// Holds answers back until it is dropped.
#[must_use = "the gate opens when this is dropped"]
pub struct Hold(Arc<Shared>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.gate.send_replace(Gate::Open);
    }
}

impl MemoryOrigin {
    /// An empty origin called `memory://<name>`.
    pub fn new(name: &str) -> Self {
        let state = State {
            objects: HashMap::new(),
            tallies: HashMap::new(),
            failures: VecDeque::new(),
            versions: 0,
            freshness: Freshness::ByHeaders,
        };
        let shared = Shared {
            state: Mutex::new(state),
            arrived: watch::Sender::new(0),
            gate: watch::Sender::new(Gate::Open),
        };
        Self { id: OriginId::new(format!("memory://{name}")), shared: Arc::new(shared) }
    }

    /// Puts or replaces an object under a new version, which is returned.
    pub fn put(&self, key: &str, content: impl Into<Bytes>) -> Version {
        self.put_with(key, content, |_| {})
    }

    /// As [`put`](Self::put); `headers` may set the fields of the object's description.
    pub fn put_with(
        &self,
        key: &str,
        content: impl Into<Bytes>,
        headers: impl FnOnce(&mut ObjectInfo),
    ) -> Version {
        let (mut state, content) = (self.shared.state(), content.into());
        state.versions += 1;
        let mut object =
            ObjectInfo::new(Version::new(format!("\"{}\"", state.versions)), content.len() as u64);
        headers(&mut object);
        let version = object.version.clone();
        state.objects.insert(key.into(), (object, content));
        version
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        self.shared.state().objects.remove(key);
    }

    /// Sets what [`Origin::freshness`] says; at first [`Freshness::ByHeaders`].
    pub fn set_freshness(&self, freshness: Freshness) {
        self.shared.state().freshness = freshness;
    }

    /// The next requests fail, one with each of `kinds`, in order.
    pub fn fail_next(&self, kinds: impl IntoIterator<Item = Kind>) {
        self.shared.state().failures.extend(kinds);
    }

    /// Holds every answer back from now on.
    pub fn hold(&self) -> Hold {
        self.shared.gate.send_replace(Gate::Requests);
        Hold(self.shared.clone())
    }

    /// Answers, but holds bodies back before byte `offset` of the object.
    pub fn hold_bodies_at(&self, offset: u64) -> Hold {
        self.shared.gate.send_replace(Gate::BodiesAt(offset));
        Hold(self.shared.clone())
    }

    /// Waits until `requests` requests have arrived since the start, answered or not.
    pub async fn arrived(&self, requests: u64) {
        let mut arrived = self.shared.arrived.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        let _ = arrived.wait_for(|&number| number >= requests).await;
    }

    /// What was asked for `key`.
    pub fn tally(&self, key: &str) -> Tally {
        self.shared.state().tallies.get(key).copied().unwrap_or_default()
    }
}

#[async_trait]
impl Origin for MemoryOrigin {
    fn id(&self) -> &OriginId {
        &self.id
    }

    fn freshness(&self) -> Freshness {
        self.shared.state().freshness
    }

    async fn read(&self, key: &str, request: Read) -> Result<Answer, Error> {
        let failure = self.shared.arrive(key);
        self.shared.pass(|gate| gate != Gate::Requests).await;
        let error = |kind| Error::new(kind, &self.id, key).with_offset(request.range.start);
        failure.map_or(Ok(()), |kind| Err(error(kind)))?;
        let found = self.shared.state().objects.get(key).cloned();
        let (object, content) = found.ok_or_else(|| Error::new(Kind::Missing, &self.id, key))?;
        if request.pinned.is_some_and(|pinned| pinned != object.version) {
            return Err(error(Kind::Changed));
        }
        if request.range.start >= object.length && request.range.start > 0 {
            return Err(error(Kind::PastEnd));
        }
        let range = request.range.start..request.range.end.min(object.length);
        let body = self.shared.clone().body(key.into(), content, range.clone());
        Ok(Answer { object, range, body })
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrive(&self, key: &str) -> Option<Kind> {
        let mut state = self.state();
        state.tallies.entry(key.into()).or_default().requests += 1;
        let failure = state.failures.pop_front();
        drop(state);
        self.arrived.send_modify(|number| *number += 1);
        failure
    }

    async fn pass(&self, open: impl FnMut(Gate) -> bool) {
        let mut open = open;
        let mut gate = self.gate.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        let _ = gate.wait_for(|&gate| open(gate)).await;
    }

    fn body(self: Arc<Self>, key: String, content: Bytes, range: Range<u64>) -> Body {
        stream::unfold((self, key, content, range), |(shared, key, content, range)| async move {
            if range.is_empty() {
                return None;
            }
            shared.pass(|gate| !matches!(gate, Gate::BodiesAt(offset) if range.start >= offset)).await;
            let limit = match *shared.gate.borrow() {
                Gate::BodiesAt(offset) => offset,
                _ => u64::MAX,
            };
            let end = range.end.min(range.start + PIECE).min(limit);
            shared.state().tallies.entry(key.clone()).or_default().bytes += end - range.start;
            let place = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
            let piece = content.slice(place(range.start)..place(end));
            Some((Ok(piece), (shared, key, content, end..range.end)))
        })
        .boxed()
    }
}
