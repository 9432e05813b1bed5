//! One port: accepts viewers and turns away those who are too many.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::edge::Shared;
use crate::{Edge, Phase, rtmp};

/// An open port.
pub struct Listener {
    edge: Edge,
    listener: TcpListener,
}

/// How many viewers there are, in all and from each address.
#[derive(Debug, Default)]
struct Census {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A viewer's place in the census; leaves it when dropped.
struct Place {
    census: Arc<Mutex<Census>>,
    address: IpAddr,
}

/// Which bound a viewer hit.
enum Full {
    Total,
    Address,
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
        let census = Arc::new(Mutex::new(Census::default()));
        let mut phase = edge.0.phase.subscribe();
        let mut rate = Rate::new(edge.0.limits.accepts_per_second);
        let mut viewers = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        rate.wait().await;
                        admit(&edge.0, &census, &mut viewers, stream, peer);
                    }
                    Err(error) => {
                        // Out of file descriptors, most likely: others have to leave first.
                        tracing::warn!(%error, "a viewer can't be accepted");
                        sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(_) = viewers.join_next() => {}
                () = left(&mut phase) => break,
            }
        }
        drop(listener);
        while viewers.join_next().await.is_some() {}
    }
}

/// Waits until the edge stops taking viewers.
async fn left(phase: &mut watch::Receiver<Phase>) {
    // The sender lives as long as the edge, which the caller holds.
    let _ = phase.wait_for(|phase| *phase > Phase::Running).await;
}

fn admit(
    shared: &Arc<Shared>,
    census: &Arc<Mutex<Census>>,
    viewers: &mut JoinSet<()>,
    stream: TcpStream,
    peer: SocketAddr,
) {
    let limits = &shared.limits;
    match Place::take(census, peer.ip().to_canonical(), limits.connections, limits.connections_per_address) {
        Ok(place) => {
            shared.metrics.accepted.one();
            let shared = Arc::clone(shared);
            viewers.spawn(async move {
                rtmp::connection::serve(shared, stream, peer).await;
                drop(place);
            });
        }
        Err(Full::Total) => {
            shared.metrics.refused_total.one();
            tracing::warn!(%peer, limit = limits.connections, "too many viewers, one is turned away");
        }
        Err(Full::Address) => {
            shared.metrics.refused_address.one();
            let limit = limits.connections_per_address;
            tracing::warn!(%peer, limit, "too many viewers from one address, one is turned away");
        }
    }
}

impl Place {
    fn take(
        census: &Arc<Mutex<Census>>,
        address: IpAddr,
        total: usize,
        per_address: usize,
    ) -> Result<Self, Full> {
        let mut now = census.lock().unwrap_or_else(PoisonError::into_inner);
        if now.total >= total {
            return Err(Full::Total);
        }
        let here = now.by_address.entry(address).or_default();
        if *here >= per_address {
            return Err(Full::Address);
        }
        *here += 1;
        now.total += 1;
        Ok(Self { census: Arc::clone(census), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut now = self.census.lock().unwrap_or_else(PoisonError::into_inner);
        now.total -= 1;
        if let Some(here) = now.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                now.by_address.remove(&self.address);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_in_all_and_for_each_address_and_given_back() {
        let census = Arc::default();
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = Place::take(&census, a, 3, 2);
        let second = Place::take(&census, a, 3, 2);
        assert!(matches!(Place::take(&census, a, 3, 2), Err(Full::Address)));
        let third = Place::take(&census, b, 3, 2);
        assert!(matches!(Place::take(&census, b, 3, 2), Err(Full::Total)));
        drop((first, second, third));
        let census = census.lock().expect("no test panicked with it");
        assert_eq!((census.total, census.by_address.len()), (0, 0));
    }
}
