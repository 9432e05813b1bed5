//! The cache itself: what all handles share.

use crate::ahead::Budget;
use crate::clock::Clock;
use crate::disk::DiskTier;
use crate::fetch::{self, Pinned};
use crate::flight::Flights;
use crate::key::BlockKey;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::object_table::{self, ObjectTable, saved};
use crate::pages::Pages;
use crate::response;
use crate::source::Sources;
use crate::{Config, Counters, Error, Object, OriginCounters};
use millrace_origin::{Answer, Origin, OriginId};
use millrace_web::Bounds;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An edge's cache. Cheap to clone; clones share everything. Lives in a tokio runtime.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

/// What all handles share.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) memory: Memory,
    /// Where bytes lie that the kernel sends. None where it keeps none for us.
    pub(crate) pages: Option<Arc<Pages>>,
    pub(crate) disk: Option<DiskTier>,
    pub(crate) flights: Arc<Flights>,
    pub(crate) table: ObjectTable,
    pub(crate) sources: Sources,
    /// One permit for each block that fetches are about to deliver.
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) ahead: Arc<Budget>,
    /// Copies of whole answers, for web distributions.
    pub(crate) copies: response::Store,
    pub(crate) questions: Arc<response::Questions>,
    /// What answers on their way may hold.
    pub(crate) filling: Arc<response::Budget>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl Cache {
    /// Opens a cache, with what its directory holds from an earlier run.
    ///
    /// # Errors
    /// [`Error::DirectoryInUse`]. Any other trouble with the directory makes it a cache without a disk, with a
    /// warning in the log.
    pub async fn open(config: Config) -> Result<Self, Error> {
        let metrics = Arc::new(Metrics::default());
        let disk = match &config.disk {
            Some(disk) => DiskTier::open(disk, &metrics).await?,
            None => None,
        };
        let cache = Self::with(config, metrics, disk);
        saved::restore(&cache.inner).await;
        saved::keep_saving(&cache.inner);
        Ok(cache)
    }

    /// A cache over a disk tier that is open already, or none.
    pub(crate) fn with(config: Config, metrics: Arc<Metrics>, disk: Option<DiskTier>) -> Self {
        let pages = Pages::new();
        let pages =
            pages.inspect_err(|error| tracing::info!(%error, "the kernel keeps no bytes for us")).ok();
        let inner = Inner {
            disk,
            clock: Clock::new(),
            memory: Memory::new(config.memory_bytes, pages.clone(), metrics.clone()),
            pages,
            flights: Arc::new(Flights::new(metrics.clone())),
            metrics,
            table: ObjectTable::new(&config),
            sources: Sources::new(config.origins, config.limits.requests_per_origin),
            in_flight: Arc::new(Semaphore::new(config.limits.blocks_in_flight() as usize)),
            ahead: Budget::new(config.read_ahead_total()),
            copies: response::Store::new(config.copies_bytes, config.objects),
            questions: Arc::default(),
            filling: Arc::new(response::Budget::new(config.copies_bytes)),
            config,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Opens `key` of `origin`, pinned to the version it has now, or had when it was last looked at within its
    /// time to live. The origin's last answer stands in while the origin fails.
    ///
    /// # Errors
    /// What the origin refused with (missing and forbidden are remembered for a short time), or failed with
    /// when trying again within the deadline did not help.
    pub async fn object(&self, origin: &Arc<dyn Origin>, key: &str) -> Result<Object, Error> {
        self.object_within(origin, key, &self.inner.config.ttl).await
    }

    /// The same for somebody who believes what is known of an object for another time.
    ///
    /// # Errors
    /// As [`object`](Self::object).
    pub async fn object_within(
        &self,
        origin: &Arc<dyn Origin>,
        key: &str,
        bounds: &Bounds,
    ) -> Result<Object, Error> {
        let pinned = object_table::open(&self.inner, origin, key, bounds).await?;
        Ok(Object::new(self.inner.clone(), pinned))
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// The counters as they are now.
    pub fn counters(&self) -> Counters {
        self.inner.metrics.snapshot()
    }

    /// The counters of each origin that was asked.
    pub fn origin_counters(&self) -> Vec<(OriginId, OriginCounters)> {
        self.inner.sources.counters()
    }

    /// Writes what is to be found after a restart. Reads go on working, but what they bring is not written.
    pub async fn close(&self) {
        if let Some(disk) = &self.inner.disk {
            saved::save(&self.inner).await;
            disk.close().await;
        }
    }
}

impl Inner {
    /// Uses the answer that told of an object as its first block, unless that is here or on its way.
    pub(crate) fn adopt(
        self: &Arc<Self>,
        object: &Arc<Pinned>,
        answer: Answer,
        permit: OwnedSemaphorePermit,
    ) {
        if object.info.length == 0 {
            return;
        }
        let claim = self.flights.claim(object.id, [0], 1, |key| self.memory.get(key));
        let mut started = Some((answer, permit));
        for seat in claim.runs {
            fetch::spawn(self, object, seat, started.take());
        }
    }

    /// Uses an answer as a run of blocks, if none of them is here or on its way.
    pub(crate) fn adopt_run(self: &Arc<Self>, object: &Arc<Pinned>, answer: Answer, blocks: Range<u64>) {
        let here = |key: &BlockKey| self.memory.get(key);
        let known = blocks.clone().any(|index| self.memory.contains(&BlockKey { object: object.id, index }));
        let Ok(permit) = object.source.requests_left.clone().try_acquire_owned() else { return };
        if known || self.flights.has_any(object.id, blocks.clone()) {
            return;
        }
        let longest = blocks.end - blocks.start;
        let claim = self.flights.claim(object.id, blocks, longest, here);
        let mut started = Some((answer, permit));
        for seat in claim.runs {
            fetch::spawn(self, object, seat, started.take());
        }
    }
}
