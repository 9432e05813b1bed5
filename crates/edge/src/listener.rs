//! One port: accepts viewers and turns away those who are too many.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::census::{Full, Place};
use crate::edge::Shared;
use crate::{Edge, Phase, entrance};

/// An open port.
pub struct Listener {
    edge: Edge,
    listener: TcpListener,
}

impl Listener {
    /// Opens `address`.
    ///
    /// # Errors
    /// As the system says, such as "address in use".
    pub async fn bind(edge: Edge, address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { edge, listener: TcpListener::bind(address).await? })
    }

    /// Where it listens; tells the port that the system chose for port 0.
    ///
    /// # Errors
    /// As the system says.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves viewers until the edge drains and the last of them is gone.
    pub async fn run(self) {
        let Self { edge, listener } = self;
        let mut phase = edge.0.phase.subscribe();
        let mut rate = Rate::new(edge.0.limits.accepts_per_second);
        let mut viewers = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        rate.wait().await;
                        admit(&edge.0, &mut viewers, stream, peer);
                    }
                    Err(error) => {
                        // Out of file descriptors, most likely: others have to leave first.
                        tracing::warn!(%error, "a viewer can't be accepted");
                        sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(_) = viewers.join_next() => {}
                () = left(&mut phase, &edge.0) => break,
            }
        }
        drop(listener);
        while viewers.join_next().await.is_some() {}
    }
}

/// Waits until the edge stops taking viewers. Tunnels that are there may need new connections up to their end.
async fn left(phase: &mut watch::Receiver<Phase>, shared: &Shared) {
    // The sender lives as long as the edge, which the caller holds.
    let _ = phase.wait_for(|phase| *phase > Phase::Running).await;
    shared.tunnels.emptied().await;
}

fn admit(shared: &Arc<Shared>, viewers: &mut JoinSet<()>, stream: TcpStream, peer: SocketAddr) {
    match place(shared, peer) {
        Ok(place) => {
            shared.metrics.accepted.one();
            viewers.spawn(entrance::serve(Arc::clone(shared), stream, peer, place));
        }
        Err(Full::Total) => {
            shared.metrics.refused_total.one();
            let limit = shared.limits.connections;
            tracing::warn!(%peer, limit, "too many viewers, one is turned away");
        }
        Err(Full::Address) => {
            shared.metrics.refused_address.one();
            let limit = shared.limits.connections_per_address;
            tracing::warn!(%peer, limit, "too many viewers from one address, one is turned away");
        }
    }
}

/// A load balancer's connection counts for the viewer whose address it will tell.
fn place(shared: &Shared, peer: SocketAddr) -> Result<Place, Full> {
    match shared.entrance.is_proxy(peer.ip()) {
        true => shared.census.take_for_proxy(),
        false => shared.census.take(peer.ip()),
    }
}

/// So many accepts in a second, then none until the next.
struct Rate {
    per_second: u32,
    second: Instant,
    count: u32,
}

impl Rate {
    fn new(per_second: u32) -> Self {
        Self { per_second: per_second.max(1), second: Instant::now(), count: 0 }
    }

    async fn wait(&mut self) {
        let one = Duration::from_secs(1);
        if self.second.elapsed() >= one {
            (self.second, self.count) = (Instant::now(), 0);
        }
        self.count += 1;
        if self.count > self.per_second {
            sleep_until(self.second + one).await;
            (self.second, self.count) = (Instant::now(), 1);
        }
    }
}
