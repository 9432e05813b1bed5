//! What `demo` and `serve` have in common: open ports, run, and come to an end in good order.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use millrace_cache::Cache;
use millrace_edge::{Certificates, Edge, Listener, Phase, QuicListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use crate::ports;

/// How often the progress of a drain is told.
const PROGRESS: Duration = Duration::from_secs(5);

/// A running server.
pub(crate) struct Server {
    edge: Edge,
    cache: Cache,
    listeners: JoinSet<()>,
    /// Where it listens, in the order of the ports it was given.
    pub(crate) addresses: Vec<SocketAddr>,
}

/// The signals that mean something here.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

/// What a signal asks for.
pub(crate) enum Asked {
    Stop,
    Reload,
}

impl Signals {
    /// Begins to catch them.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let catch = |kind| signal(kind).context("signals can't be caught");
        Ok(Self {
            interrupt: catch(SignalKind::interrupt())?,
            terminate: catch(SignalKind::terminate())?,
            hang_up: catch(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }
}

impl Server {
    /// Opens all `ports`: an address, and the flag or setting that chooses it.
    pub(crate) async fn start(
        edge: Edge,
        cache: Cache,
        ports: &[(SocketAddr, &str)],
    ) -> anyhow::Result<Self> {
        let mut server = Self { edge, cache, listeners: JoinSet::new(), addresses: Vec::new() };
        for (address, cure) in ports {
            let listener = open(&server.edge, *address).await;
            let listener = listener.map_err(|error| ports::explain(*address, &error, cure))?;
            server.addresses.push(listener.local_addr()?);
            server.listeners.spawn(listener.run());
        }
        Ok(server)
    }

    /// Opens a UDP port for HTTP/3; the result is where it listens.
    pub(crate) fn listen_quic(
        &mut self,
        address: SocketAddr,
        cure: &str,
        certificates: &Certificates,
    ) -> anyhow::Result<SocketAddr> {
        let listener = QuicListener::bind(self.edge.clone(), address, certificates);
        let listener = listener.map_err(|error| ports::explain(address, &error, cure))?;
        let local = listener.local_addr()?;
        self.listeners.spawn(listener.run());
        Ok(local)
    }

    /// Lets the viewers who play go on until `deadline` has passed or a second signal comes, then ends.
    pub(crate) async fn drain(mut self, deadline: Duration, signals: &mut Signals, tell: impl Fn(&str)) {
        self.edge.enter(Phase::Draining);
        let end = tokio::time::Instant::now() + deadline;
        let mut progress = tokio::time::interval(PROGRESS);
        progress.tick().await;
        loop {
            tokio::select! {
                next = self.listeners.join_next() => if next.is_none() { break },
                _ = progress.tick() => {
                    let left = (end - tokio::time::Instant::now()).as_secs();
                    tell(&format!("{} viewers still play; at most {left} s more", self.edge.viewers()));
                }
                () = tokio::time::sleep_until(end) => {
                    tell("the deadline has come: the viewers who still play are sent away");
                    self.edge.enter(Phase::Stopping);
                    while self.listeners.join_next().await.is_some() {}
                }
                asked = signals.next() => if matches!(asked, Asked::Stop) {
                    self.edge.enter(Phase::Stopping);
                },
            }
        }
        self.cache.close().await;
    }
}

/// Opens a port. "Every address" means IPv4 alone on a machine without IPv6.
async fn open(edge: &Edge, address: SocketAddr) -> std::io::Result<Listener> {
    match Listener::bind(edge.clone(), address).await {
        Err(error)
            if error.kind() != std::io::ErrorKind::AddrInUse && address.ip() == Ipv6Addr::UNSPECIFIED =>
        {
            let everywhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
            Listener::bind(edge.clone(), everywhere).await.map_err(|_| error)
        }
        other => other,
    }
}

/// Takes as many file descriptors as the system lets us have: each viewer is one.
pub(crate) fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

/// The runtime all commands use.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads can be started")
}
