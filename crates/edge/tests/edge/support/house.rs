//! An edge with a cache over an origin in memory.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use millrace_cache::{Cache, Config};
use millrace_edge::{Counters, Edge, Entrance, Event, EventKind, Limits, Listener, SigningKey, Site};
use millrace_model::{HostPattern, Snapshot, StreamingDistribution, Variants, web};
use millrace_origin::{MemoryOrigin, Origin};
use tokio::task::JoinHandle;

use super::{Http, Road, Viewer};

/// The host of the distribution that works.
pub(crate) const HOST: &str = "films.example.net";
/// The host of a web distribution that speaks HTTP/2.
pub(crate) const WEB_HOST: &str = "www.example.net";
/// The host of one that does not.
pub(crate) const OLD_WEB_HOST: &str = "old.example.net";
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
        Self::with_entrance(Entrance::default(), change).await
    }

    /// With another way in, and some bounds changed.
    pub(crate) async fn with_entrance(entrance: Entrance, change: impl FnOnce(&mut Limits)) -> Self {
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
        let edge = Edge::new(site(&origin), cache.clone(), limits, entrance, sink);
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

    /// Changes the distribution that works, for viewers to come.
    pub(crate) fn change(&self, change: impl FnOnce(&mut StreamingDistribution)) {
        self.change_with([], change);
    }

    /// Lets the distribution that works play only what one of `trusted` signed; there are these keys.
    pub(crate) fn trust(&self, keys: impl IntoIterator<Item = (String, SigningKey)>, trusted: &[&str]) {
        let trusted = trusted.iter().map(|id| (*id).to_owned()).collect();
        self.change_with(keys, |films| films.trusted_keys = Some(trusted));
    }

    fn change_with(
        &self,
        keys: impl IntoIterator<Item = (String, SigningKey)>,
        change: impl FnOnce(&mut StreamingDistribution),
    ) {
        let (mut distributions, origins) = (distributions(), site(&self.origin).origins);
        change(&mut distributions[0]);
        let (snapshot, keys) = (snapshot(distributions), keys.into_iter().collect());
        self.edge.replace(Site { snapshot, origins, keys, ..Site::default() });
    }

    /// The way to it.
    pub(crate) fn road(&self) -> Road {
        Road::to(self.address)
    }

    /// A connection that speaks HTTP with it.
    pub(crate) async fn http(&self) -> Http {
        Http::to(&self.road()).await
    }

    /// What was told to the operator up to now.
    pub(crate) fn events(&self) -> Vec<EventKind> {
        self.whole_events().into_iter().map(|event| event.kind).collect()
    }

    /// The same, with whose it was.
    pub(crate) fn whole_events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the operator was told something.
    pub(crate) async fn told(&self, what: impl Fn(&EventKind) -> bool) -> EventKind {
        self.told_of(what).await.kind
    }

    /// The same, with whose it was.
    pub(crate) async fn told_of(&self, what: impl Fn(&EventKind) -> bool) -> Event {
        self.until(
            || self.whole_events().into_iter().find(|event| what(&event.kind)),
            || format!("the operator was not told; but: {:#?}", self.events()),
        )
        .await
    }

    /// Waits until a connection has ended for this reason, or one that holds it.
    pub(crate) async fn ended(&self, why: &str) -> Event {
        self.told_of(|event| matches!(event, EventKind::Disconnected { reason, .. } if reason.contains(why)))
            .await
    }

    /// Waits until that was counted.
    pub(crate) async fn counted(&self, what: impl Fn(&Counters) -> bool) -> Counters {
        let counters = || self.edge.metrics().snapshot();
        self.until(|| Some(counters()).filter(&what), || format!("not counted: {:#?}", counters())).await
    }

    /// Waits until everybody is gone.
    pub(crate) async fn empty(&self) {
        let viewers = || self.edge.viewers();
        self.until(|| (viewers() == 0).then_some(()), || format!("{} are still there", viewers())).await;
    }

    async fn until<T>(&self, look: impl Fn() -> Option<T>, complain: impl Fn() -> String) -> T {
        for _ in 0..6000 {
            if let Some(seen) = look() {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{}", complain());
    }

    /// Segments packed so far.
    pub(crate) fn segments_built(&self) -> u64 {
        self.edge.metrics().snapshot().segments_built
    }
}

fn site(origin: &MemoryOrigin) -> Site {
    let films: Arc<dyn Origin> = Arc::new(origin.clone());
    let origins = [("films".to_owned(), films)].into();
    Site { snapshot: snapshot(distributions()), origins, ..Site::default() }
}

/// With web distributions beside them: `www.example.net`, and `old.example.net` without HTTP/2.
fn snapshot(distributions: Vec<StreamingDistribution>) -> Snapshot {
    let pages = |id: &str, domain_name: &str, http2| web::Distribution {
        id: id.to_owned(),
        domain_name: domain_name.to_owned(),
        aliases: Vec::new(),
        enabled: true,
        default_root_object: None,
        origins: Vec::new(),
        groups: Vec::new(),
        behaviors: Vec::new(),
        default_behavior: web::Behavior::of("pages"),
        errors: Vec::new(),
        geo: web::Geo::Anywhere,
        http2,
        http3: false,
        ipv6: false,
    };
    let web = vec![pages("EPAGES", WEB_HOST, true), pages("EOLD", OLD_WEB_HOST, false)];
    Snapshot::new(distributions, None).with_web(web, None)
}

/// One distribution that works, one that is switched off, and one whose origin is not there.
fn distributions() -> Vec<StreamingDistribution> {
    let distribution = |id: &str, domain_name: &str, origin: &str, enabled| StreamingDistribution {
        id: id.to_owned(),
        domain_name: domain_name.to_owned(),
        aliases: vec![HostPattern::new(&format!("*.{domain_name}"))],
        origin: origin.to_owned(),
        enabled,
        variants: Variants::ALL,
        swf: Vec::new(),
        pages: Vec::new(),
        trusted_keys: None,
    };
    vec![
        distribution("EFILMS", HOST, "films", true),
        distribution("EOFF", "off.example.net", "films", false),
        distribution("ELOST", "lost.example.net", "lost", true),
    ]
}
