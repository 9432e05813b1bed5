//! HTTP, of both versions and for both kinds of hosts.
//!
//! ```text
//!   patient ──▶ version1 or version2 ──▶ dispatch, by the host
//!   (socket)    (hyper)                     ├─ web distribution    crate::web
//!                                           ├─ a tunnel's request  tunnel
//!                                           ├─ a WebSocket         websocket
//!                                           └─ streaming host      reply: a policy, a page for people
//! ```
//!
//! On a streaming host HTTP is tunnels for RTMPT, the policy file that Flash asks for, and a page. What answers have to
//! look like there is dictated by librtmp: the first bytes must be `HTTP/1.1 200`, `Content-Length` must be spelt so,
//! bodies must not be chunked, and the connection must stay open, since it never makes another. HTTP/2 is for web
//! distributions only.

mod authority;
mod body;
mod dispatch;
mod framing;
mod handed;
mod interim;
mod patient;
mod player;
mod reply;
mod signals;
mod taken;
mod tunnel;
mod upload;
mod version1;
mod version2;
mod version3;
mod websocket;

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

pub(crate) use self::authority::Authority;
pub(crate) use self::body::{Body, BoxError};
pub(crate) use self::dispatch::{closing, head_length};
pub(crate) use self::interim::Hints;
use self::patient::Patient;
pub use self::player::{PlayerFile, PlayerFiles};
use self::signals::Signals;
use self::taken::Streams;
pub(crate) use self::upload::Upload;
pub use self::version3::QuicListener;
use crate::Phase;
use crate::edge::Shared;

/// The longest head of a request that is read, bytes.
const HEAD: usize = 32 << 10;
/// Lines in a head.
const LINES: usize = 128;

/// A connection that speaks HTTP.
struct Connection {
    shared: Arc<Shared>,
    peer: SocketAddr,
    tls: bool,
    signals: Arc<Signals>,
}

/// The socket of a stream, if bytes go out of it as they are written: then the kernel can send what it has without us.
pub(crate) type SocketOf<T> = fn(&T) -> Option<&TcpStream>;

/// Serves a connection until it ends.
pub(crate) async fn serve<T>(shared: Arc<Shared>, stream: T, socket: SocketOf<T>, peer: SocketAddr, tls: bool)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let signals = Arc::<Signals>::default();
    let (mut stream, released) = Patient::new(stream, socket, shared.limits.stalled, Arc::clone(&signals));
    let connection = Arc::new(Connection { shared, peer, tls, signals });
    let limits = &connection.shared.limits;
    let ended = match timeout(limits.tunnel_silence, stream.begins_with_preface()).await {
        Ok(Ok(true)) => version2::serve(Arc::clone(&connection), stream).await,
        Ok(Ok(false)) => version1::serve(Arc::clone(&connection), stream).await,
        Ok(Err(error)) => return tracing::debug!(%peer, %error, "HTTP"),
        Err(_) => return connection.shared.metrics.timeouts.one(),
    };
    if let Some(Err(error)) = ended {
        tracing::debug!(%peer, %error, "HTTP");
    }
    // A connection that speaks another protocol from here on still is one of so many.
    let mut phase = connection.shared.phase.subscribe();
    tokio::select! {
        _ = released => {}
        _ = phase.wait_for(|phase| *phase > Phase::Draining) => {}
    }
}

impl Connection {
    /// Serves until the end; none if it was cut off. `quiet` makes that no more requests are taken: that is done when
    /// nobody should ask any more, or has asked nothing for long. Of HTTP/1 hyper knows that itself.
    async fn run<F: Future>(
        &self,
        served: F,
        quiet: fn(Pin<&mut F>),
        streams: Option<Streams>,
    ) -> Option<F::Output> {
        let mut served = pin!(served);
        let patience = self.shared.limits.stalled;
        // In this order: whatever else there is to wait for, it is the requests that come most of the time.
        tokio::select! {
            biased;
            ended = &mut served => return Some(ended),
            cut = self.leave() => if cut { return None },
            () = idle(streams.as_ref(), patience) => {}
        }
        quiet(served.as_mut());
        tokio::select! {
            biased;
            ended = served => Some(ended),
            () = self.cut() => None,
            () = idle(streams.as_ref(), patience) => None,
        }
    }

    /// Waits until the process drains, and nobody can need this connection for a tunnel. The answer is whether everybody
    /// was sent away before that.
    async fn leave(&self) -> bool {
        let mut phase = self.shared.phase.subscribe();
        // The sender lives as long as the edge.
        let _ = phase.wait_for(|phase| *phase > Phase::Running).await;
        if self.signals.is_web() {
            return false;
        }
        tokio::select! {
            () = self.shared.tunnels.emptied() => false,
            () = self.cut() => true,
        }
    }

    /// Waits until everybody is sent away and had some time to go. Tunnels end by their own rules.
    async fn cut(&self) {
        let mut phase = self.shared.phase.subscribe();
        let _ = phase.wait_for(|phase| *phase > Phase::Draining).await;
        sleep(self.shared.limits.linger).await;
        if self.signals.is_tunnel() {
            std::future::pending::<()>().await;
        }
    }
}

/// Waits until nobody has asked for anything for so long.
async fn idle(streams: Option<&Streams>, patience: Duration) {
    match streams {
        Some(streams) => streams.idle(patience).await,
        None => std::future::pending().await,
    }
}
