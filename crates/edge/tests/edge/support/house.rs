//! An edge with a cache over an origin in memory.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use millrace_cache::{Cache, Config};
use millrace_edge::{Edge, Entrance, Event, EventKind, Limits, Listener, Site};
use millrace_model::{HostPattern, Snapshot, StreamingDistribution, Variants};
use millrace_origin::{MemoryOrigin, Origin};
use tokio::task::JoinHandle;

use super::Viewer;

/// The host of the distribution that works.
pub(crate) const HOST: &str = "films.example.net";
/// Where players connect.
pub(crate) const TC_URL: &str = "rtmp://films.example.net/cfx/st";

/// An edge on a port of its own.
pub(crate) struct House {
    pub(crate) edge: Edge,
    pub(crate) cache: Cache,
    pub(crate) origin: MemoryOrigin,
    pub(crate) address: SocketAddr,
    events: Arc<Mutex<Vec<Event>>>,
    /// Ends when the listener does.
    pub(crate) running: JoinHandle<()>,
}

impl House {
    /// With the usual bounds.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With some bounds changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        let mut config = Config::default();
        // Origins that are held back by a test are not slow ones.
        config.limits.answer_timeout = Duration::from_secs(120);
        config.limits.stall_timeout = Duration::from_secs(120);
        config.limits.block_timeout = Duration::from_secs(120);
        // Faults have to end in a test's time.
        config.limits.retry_deadline = Duration::from_millis(200);
        config.limits.first_backoff = Duration::from_millis(10);
        // A test that puts a title right wants it seen at once.
        config.negative_ttl = Duration::ZERO;
        let cache = Cache::open(config).await.expect("a cache without a disk opens");
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&events);
        let sink = Arc::new(move |event: &Event| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        });
        let origin = MemoryOrigin::new("films");
        let edge = Edge::new(site(&origin), cache.clone(), limits, Entrance::default(), sink);
        let edge = edge.expect("the system has threads");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Listener::bind(edge.clone(), any).await.expect("the system has a port");
        let address = listener.local_addr().expect("a bound port");
        let running = tokio::spawn(listener.run());
        Self { edge, cache, origin, address, events, running }
    }

    /// Puts a film behind the edge.
    pub(crate) fn put(&self, key: &str, film: &Bytes) {
        self.origin.put(key, film.clone());
    }

    /// A player that is connected and has a stream, whose number is 1.
    pub(crate) async fn viewer(&self) -> Viewer {
        Viewer::ready(self.address, TC_URL).await
    }

    /// What was told to the operator up to now.
    pub(crate) fn events(&self) -> Vec<EventKind> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().map(|event| event.kind.clone()).collect()
    }

    /// Waits until the operator was told something.
    pub(crate) async fn told(&self, what: impl Fn(&EventKind) -> bool) -> EventKind {
        for _ in 0..6000 {
            if let Some(event) = self.events().into_iter().find(|event| what(event)) {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the operator was not told; but: {:#?}", self.events());
    }

    /// Segments packed so far.
    pub(crate) fn segments_built(&self) -> u64 {
        self.edge.metrics().snapshot().segments_built
    }
}

/// One distribution that works, one that is switched off, and one whose origin is not there.
pub(crate) fn site(origin: &MemoryOrigin) -> Site {
    let distribution = |id: &str, domain_name: &str, origin: &str, enabled| StreamingDistribution {
        id: id.to_owned(),
        domain_name: domain_name.to_owned(),
        aliases: vec![HostPattern::new(&format!("*.{domain_name}"))],
        origin: origin.to_owned(),
        enabled,
        variants: Variants::ALL,
        swf: Vec::new(),
    };
    let distributions = vec![
        distribution("EFILMS", HOST, "films", true),
        distribution("EOFF", "off.example.net", "films", false),
        distribution("ELOST", "lost.example.net", "lost", true),
    ];
    let films: Arc<dyn Origin> = Arc::new(origin.clone());
    Site { snapshot: Snapshot::new(distributions, None), origins: [("films".to_owned(), films)].into() }
}
