//! From an accepted connection to the protocol that is spoken on it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use ipnet::IpNet;
use millrace_model::HostError;
use rustls::server::{Acceptor, ClientHello};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::census::{Full, Place};
use crate::edge::Shared;
use crate::greeting::{Protocol, ProxyHeader};
use crate::handshakes::Crowded;
use crate::rtmp::{self, Caller, Carrier};
use crate::wire::{Link, Socket, Tls, Wire};
use crate::{Certificates, Countries, Event, EventKind, Phase, PlayerFiles, http};

/// The longest PROXY header that is taken, bytes: addresses, and some fields behind them.
const PROXY_HEADER: usize = 2048;
/// How often a connection is looked at whose header is there in part.
const LOOK: Duration = Duration::from_millis(5);

/// What a Flash socket gets that asks for a policy.
const POLICY: &[u8] = b"<cross-domain-policy><site-control permitted-cross-domain-policies=\"all\"/>\
    <allow-access-from domain=\"*\" to-ports=\"*\"/></cross-domain-policy>\0";

/// How viewers come in.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// What TLS is spoken with; without any, it is not.
    pub certificates: Option<Certificates>,
    /// Load balancers: their PROXY headers and `X-Forwarded-For` say where a viewer is.
    pub proxies: Vec<IpNet>,
    /// Where viewers are, for web distributions that are not for all countries. Without it nobody is anywhere, so all
    /// are served.
    pub countries: Option<Countries>,
    /// What web viewers are told of where this edge stands (`X-Amz-Cf-Pop`): at CloudFront an airport and a number.
    pub location: HeaderValue,
    /// The UDP port for HTTP/3, if there is one: viewers by TLS are told of it.
    pub http3_port: Option<u16>,
    /// The player for browsers.
    pub player: Arc<PlayerFiles>,
}

impl Default for Entrance {
    fn default() -> Self {
        Self {
            certificates: None,
            proxies: Vec::new(),
            countries: None,
            location: HeaderValue::from_static("MIL50-P1"),
            http3_port: None,
            player: Arc::default(),
        }
    }
}

/// A connection whose protocol is known.
enum Guest {
    Rtmp(Socket),
    Http(TcpStream),
    Https(Box<TlsStream<TcpStream>>),
    Policy(TcpStream),
}

/// Why a connection ends before it began.
#[derive(Debug, thiserror::Error)]
enum Unwelcome {
    #[error("no first byte in time")]
    Silent,
    #[error("the viewer closed it")]
    Closed,
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("the first byte is 0x{0:02x}, which none of our protocols begins with")]
    Unknown(u8),
    #[error("a broken PROXY header")]
    ProxyHeader,
    #[error("too many connections of {0}")]
    Full(IpAddr),
    #[error("TLS is asked for, and no certificate is configured")]
    NoCertificate,
    #[error("TLS: {0}")]
    Tls(io::Error),
    #[error("{0}")]
    Crowded(#[from] Crowded),
}

impl Entrance {
    /// Whether what `address` says about others is believed.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies.iter().any(|network| network.contains(&address))
    }
}

/// Serves a connection until it is gone.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, mut peer: SocketAddr, mut place: Place) {
    let accepted = shared.began.elapsed();
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %peer, "TCP_NODELAY");
    }
    let greeted = timeout(shared.limits.session.handshake, greet(&shared, stream, &mut peer, &mut place));
    let guest = greeted.await.unwrap_or(Err(Unwelcome::Silent));
    let running = *shared.phase.borrow() == Phase::Running;
    match guest {
        // While the process drains, only tunnels that are there already may need more connections.
        Ok(Guest::Rtmp(socket)) if running => {
            let tls = matches!(socket, Socket::Tls(_));
            let caller = Caller { peer, carrier: Carrier::Socket, tls, page: None };
            rtmp::connection::serve(shared, Wire::new(Link::Socket(socket)), caller).await;
        }
        Ok(Guest::Http(stream)) => http::serve(shared, stream, |socket| Some(socket), peer, false).await,
        Ok(Guest::Https(stream)) => http::serve(shared, stream, |_| None, peer, true).await,
        Ok(Guest::Policy(stream)) => tell_policy(stream).await,
        Ok(Guest::Rtmp(_)) => {}
        Err(unwelcome) => unwelcome.tell(&shared, peer, accepted),
    }
}

/// Finds out who it is and what is spoken.
async fn greet(
    shared: &Arc<Shared>,
    mut stream: TcpStream,
    peer: &mut SocketAddr,
    place: &mut Place,
) -> Result<Guest, Unwelcome> {
    if shared.entrance.is_proxy(peer.ip()) {
        if let Some(source) = proxy_header(&mut stream).await? {
            *peer = source;
        }
        place.belongs_to(peer.ip()).map_err(|_: Full| Unwelcome::Full(peer.ip()))?;
    }
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(Unwelcome::Closed);
    }
    match Protocol::of(first[0]) {
        Some(Protocol::Rtmp) => Ok(Guest::Rtmp(Socket::Tcp(stream))),
        Some(Protocol::Http) => Ok(Guest::Http(stream)),
        Some(Protocol::Policy) => Ok(Guest::Policy(stream)),
        Some(Protocol::Tls) => secure(shared, stream, peer.ip()).await,
        None => Err(Unwelcome::Unknown(first[0])),
    }
}

/// Makes the TLS handshake, and looks at what is spoken inside.
async fn secure(shared: &Arc<Shared>, stream: TcpStream, address: IpAddr) -> Result<Guest, Unwelcome> {
    let certificates = shared.entrance.certificates.clone().ok_or(Unwelcome::NoCertificate)?;
    let (local, knowing) = (stream.local_addr()?.ip(), Arc::clone(shared));
    let accept = async move {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let config = match offers_http2(&knowing, &begun.client_hello()) {
            true => certificates.http2_config_at(local),
            false => certificates.server_config_at(local),
        };
        begun.into_stream(config).await
    };
    let mut stream = shared.handshakes.run(address, accept).await?.map_err(Unwelcome::Tls)?;
    shared.metrics.tls_handshakes.one();
    let first = stream.fill_buf().await.map_err(Unwelcome::Tls)?.first().copied();
    match first.ok_or(Unwelcome::Closed).map(|first| (first, Protocol::of(first)))? {
        (_, Some(Protocol::Rtmp)) => {
            let (stream, connection) = stream.into_inner();
            Ok(Guest::Rtmp(Socket::Tls(Box::new(Tls::new(stream, connection)?))))
        }
        (_, Some(Protocol::Http)) => Ok(Guest::Https(Box::new(stream))),
        (first, _) => Err(Unwelcome::Unknown(first)),
    }
}

/// Whether a client is told that HTTP/2 is spoken here: one that knows it, and names a web distribution that has it. All
/// others hear nothing of protocols, above all those who speak RTMP inside.
fn offers_http2(shared: &Shared, hello: &ClientHello<'_>) -> bool {
    let knows = hello.alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == b"h2"));
    let host = hello.server_name().filter(|_| knows).map(str::to_ascii_lowercase);
    host.is_some_and(|host| {
        let site = shared.site.load();
        let webs = site.snapshot.streaming(&host) == Err(HostError::TypeMismatch);
        webs && site.snapshot.web(&host).is_ok_and(|distribution| distribution.http2)
    })
}

/// Takes the PROXY header off a connection, if there is one; the address in it, if there is one.
async fn proxy_header(stream: &mut TcpStream) -> Result<Option<SocketAddr>, Unwelcome> {
    let mut bytes = [0; PROXY_HEADER];
    let mut before = 0;
    loop {
        let n = stream.peek(&mut bytes).await?;
        match ProxyHeader::read(&bytes[..n]) {
            _ if n == 0 => return Err(Unwelcome::Closed),
            ProxyHeader::Absent => return Ok(None),
            ProxyHeader::Whole { length, source } => {
                stream.read_exact(&mut bytes[..length]).await?;
                return Ok(source);
            }
            ProxyHeader::Partial if n < bytes.len() => {
                // Peeking can't wait for more than there is. No balancer sends its header in many pieces.
                if n == before {
                    sleep(LOOK).await;
                }
                before = n;
            }
            ProxyHeader::Partial | ProxyHeader::Broken => return Err(Unwelcome::ProxyHeader),
        }
    }
}

/// Answers a policy request. RTMP needs none, but players with sockets of their own ask on the port they mean.
async fn tell_policy(mut stream: TcpStream) {
    let told = async {
        stream.write_all(POLICY).await?;
        stream.shutdown().await?;
        let mut away = [0; 64];
        while stream.read(&mut away).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(Duration::from_secs(5), told).await;
}

impl Unwelcome {
    fn tell(&self, shared: &Shared, peer: SocketAddr, accepted: Duration) {
        let metrics = &shared.metrics;
        match self {
            Self::Silent => metrics.timeouts.one(),
            Self::Full(_) => metrics.refused_address.one(),
            Self::Crowded(_) => metrics.handshakes_refused.one(),
            Self::Unknown(_) | Self::ProxyHeader | Self::Tls(_) | Self::NoCertificate => {
                metrics.protocol_errors.one();
            }
            Self::Closed | Self::Broken(_) => {}
        }
        let lasted_ms = (shared.began.elapsed() - accepted).as_millis() as u64;
        let kind = EventKind::Disconnected { reason: self.to_string(), bytes: 0, lasted_ms };
        (shared.sink)(&Event { viewer: shared.number(), peer, kind });
    }
}
