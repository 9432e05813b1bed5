//! What the cache holds for each origin: its request limit and counters.

use crate::OriginCounters;
use crate::metrics::Count;
use millrace_origin::OriginId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// The state of one origin.
#[derive(Debug)]
pub(crate) struct Source {
    /// One permit for each request that may run.
    pub(crate) requests_left: Arc<Semaphore>,
    limit: usize,
    pub(crate) requests: Count,
    pub(crate) bytes: Count,
    pub(crate) errors: Count,
}

impl Source {
    fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        let requests_left = Arc::new(Semaphore::new(limit));
        Self {
            requests_left,
            limit,
            requests: Count::default(),
            bytes: Count::default(),
            errors: Count::default(),
        }
    }

    /// Whether so much of the limit is used that only readers who wait should ask.
    pub(crate) fn is_busy(&self) -> bool {
        self.requests_left.available_permits() * 4 < self.limit
    }

    fn counters(&self) -> OriginCounters {
        let running = self.limit - self.requests_left.available_permits().min(self.limit);
        OriginCounters {
            requests: self.requests.get(),
            bytes: self.bytes.get(),
            errors: self.errors.get(),
            running: running as u64,
        }
    }
}

/// The states of all origins.
#[derive(Debug)]
pub(crate) struct Sources {
    by_id: Mutex<HashMap<OriginId, Arc<Source>>>,
    most: usize,
    requests: usize,
}

impl Sources {
    pub(crate) fn new(most: usize, requests: usize) -> Self {
        Self { by_id: Mutex::default(), most, requests }
    }

    pub(crate) fn get(&self, id: &OriginId) -> Arc<Source> {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = by_id.get(id) {
            return source.clone();
        }
        if by_id.len() >= self.most {
            // Origins that are in use keep their counters; those nobody reads from any more make room.
            by_id.retain(|_, source| Arc::strong_count(source) > 1);
        }
        let source = Arc::new(Source::new(self.requests));
        by_id.insert(id.clone(), source.clone());
        source
    }

    pub(crate) fn counters(&self) -> Vec<(OriginId, OriginCounters)> {
        let by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        by_id.iter().map(|(id, source)| (id.clone(), source.counters())).collect()
    }
}
