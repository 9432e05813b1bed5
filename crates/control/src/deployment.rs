//! How far the edges are: a change is deployed when every edge that lives has it.

use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::store::{Rows, StoreError};
use crate::{clock, names};

/// An edge that was not seen for so long does not count.
const ALIVE_MS: i64 = 15_000;
/// How often an edge says that it lives.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a change waits for the edge in this process, so that it is deployed when it is answered.
const AT_ONCE: Duration = Duration::from_millis(500);

/// The edge in this process, if there is one, and the others.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// Of the edge in this process.
    pub(crate) id: String,
    /// What it works from; none: there is no edge in this process.
    applied: watch::Sender<Option<i64>>,
    /// Tells the feed that there is something new.
    pub(crate) changed: Notify,
}

impl Deployment {
    pub(crate) fn new(id: Option<&String>) -> Result<Self, crate::Error> {
        Ok(Self {
            id: id.cloned().map_or_else(names::uuid, Ok)?,
            applied: watch::Sender::new(None),
            changed: Notify::new(),
        })
    }

    /// The edge in this process works from that revision now.
    pub(crate) fn applied(&self, revision: i64) {
        self.applied.send_replace(Some(revision));
    }

    /// There is no edge in this process any more.
    pub(crate) fn ends(&self) {
        self.applied.send_replace(None);
    }

    /// What the edge in this process works from.
    pub(crate) fn here(&self) -> Option<i64> {
        *self.applied.borrow()
    }

    /// The revision that every live edge has; the largest number if there is none.
    pub(crate) async fn everywhere(&self, rows: &mut Rows<'_>) -> Result<i64, StoreError> {
        let others = rows.slowest_edge(clock::now_ms() - ALIVE_MS, &self.id).await?;
        Ok(self.here().into_iter().chain(others).min().unwrap_or(i64::MAX))
    }

    /// A change was made: waits a moment for the edge in this process.
    pub(crate) async fn committed(&self, revision: i64) {
        self.changed.notify_one();
        let mut applied = self.applied.subscribe();
        let there = applied.wait_for(|applied| applied.is_none_or(|applied| applied >= revision));
        // Late or not, the change is made: its status says how far it is.
        let _ = tokio::time::timeout(AT_ONCE, there).await;
    }
}
