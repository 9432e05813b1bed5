//! What all viewers of a process share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use arc_swap::ArcSwap;
use millrace_cache::Cache;
use millrace_model::web::Invalidation;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::census::Census;
use crate::handshakes::Handshakes;
use crate::segment::Segments;
use crate::signatures::Signatures;
use crate::titles::Titles;
use crate::tunnel::Tunnels;
use crate::{Entrance, Limits, Metrics, Sink, Site, http};

/// An edge: cheap to clone, the same one in all clones.
#[derive(Clone)]
pub struct Edge(pub(crate) Arc<Shared>);

/// What all viewers share.
pub(crate) struct Shared {
    pub(crate) site: ArcSwap<Site>,
    pub(crate) cache: Cache,
    pub(crate) titles: Titles,
    pub(crate) segments: Segments,
    pub(crate) limits: Limits,
    pub(crate) entrance: Entrance,
    pub(crate) census: Census,
    pub(crate) handshakes: Handshakes,
    pub(crate) signatures: Signatures,
    pub(crate) tunnels: Arc<Tunnels>,
    pub(crate) metrics: Metrics,
    pub(crate) sink: Sink,
    /// The number of the newest viewer.
    pub(crate) viewers: AtomicU64,
    /// Viewers that are here now.
    pub(crate) connected: AtomicUsize,
    pub(crate) phase: watch::Sender<Phase>,
    /// Wakes viewers whose distribution may take nobody any more.
    pub(crate) dismissal: watch::Sender<()>,
    /// From when the clock of all viewers counts.
    pub(crate) began: Instant,
}

/// Where a process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Viewers come and go.
    Running,
    /// No new viewers; those who play go on, the others are sent away.
    Draining,
    /// Everybody is sent away.
    Stopping,
}

impl Edge {
    /// An edge that serves `site` out of `cache` and tells `sink` what happens.
    ///
    /// # Errors
    /// When the system can't start a thread.
    pub fn new(
        site: Site,
        cache: Cache,
        limits: Limits,
        entrance: Entrance,
        sink: Sink,
    ) -> std::io::Result<Self> {
        let segments = Segments::new(limits.segment_memory, limits.segment_bytes, limits.session.chunk_size);
        Ok(Self(Arc::new(Shared {
            site: ArcSwap::from_pointee(site),
            titles: Titles::new(cache.clone(), limits.title_memory, limits.media),
            cache,
            segments,
            entrance,
            census: Census::new(limits.connections, limits.connections_per_address),
            handshakes: Handshakes::start(&limits)?,
            signatures: Signatures::start(&limits)?,
            tunnels: Arc::new(Tunnels::new(&limits)),
            limits,
            metrics: Metrics::default(),
            sink,
            viewers: AtomicU64::new(0),
            connected: AtomicUsize::new(0),
            phase: watch::Sender::new(Phase::Running),
            dismissal: watch::Sender::new(()),
            began: Instant::now(),
        })))
    }

    /// Serves something else from now on. Viewers who are connected keep what they play and the origin they chose; of web
    /// distributions that are gone nothing is kept.
    pub fn replace(&self, site: Site) {
        let site = Arc::new(site);
        self.0.site.store(Arc::clone(&site));
        self.0.cache.keep_distributions(|id| site.snapshot.web_distribution(id).is_some());
    }

    /// Forgets what an invalidation means.
    pub fn invalidate(&self, invalidation: &Invalidation) {
        self.0.cache.purge(&invalidation.distribution, |resource| invalidation.covers(resource));
    }

    /// Forgets every copy of web distributions: nobody knows which of them were invalidated.
    pub fn invalidate_all(&self) {
        self.0.cache.purge_all();
    }

    /// Sends away the viewers whose distribution is disabled or gone; without this they finish what they play.
    pub fn dismiss(&self) {
        self.0.dismissal.send_replace(());
    }

    /// How many viewers are connected.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.0.connected.load(Relaxed)
    }

    /// What was counted so far.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Begins to stop, or ends it: a phase never goes back.
    pub fn enter(&self, phase: Phase) {
        self.0.phase.send_if_modified(|now| {
            let later = phase > *now;
            if later {
                *now = phase;
            }
            later
        });
    }

    /// Serves a connection that speaks HTTP, for those who have listeners of their own.
    pub async fn serve_http<T>(&self, stream: T, peer: SocketAddr)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        http::serve(Arc::clone(&self.0), stream, |_| None, peer, false).await;
    }
}

impl Shared {
    /// A number for somebody who was not here before.
    pub(crate) fn number(&self) -> u64 {
        self.viewers.fetch_add(1, Relaxed) + 1
    }
}
