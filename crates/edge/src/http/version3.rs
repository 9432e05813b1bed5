//! HTTP/3: over QUIC, for web distributions that allow it.
//!
//! This is the only file that knows the crates h3 and quinn: it turns their streams into requests and bodies like those of
//! the other versions.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Buf, Bytes};
use futures::stream;
use h3::error::Code;
use h3::server::{RequestResolver, RequestStream};
use h3_quinn::{BidiStream, RecvStream, SendStream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body as _, Frame};
use hyper::header::{CONTENT_LENGTH, DATE, HeaderValue};
use hyper::{Method, Request, Response, Version};
use millrace_origin::RequestBody;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{EndpointConfig, IdleTimeout, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Authority, Body, BoxError, HEAD, Upload, reply};
use crate::edge::Shared;
use crate::web::Viewer;
use crate::{Certificates, Edge, Phase};

/// Requests of one connection that are answered at one time.
const STREAMS: u32 = 100;
/// Bytes of one request's body that may come before we have taken any, and those of a whole connection.
const WINDOW: u32 = 256 << 10;
const WINDOWS: u32 = 1 << 20;
/// Bytes that we have sent and a viewer has not said that it got.
const UNCONFIRMED: u64 = 4 << 20;
/// How long nothing may come from a viewer.
const IDLE: Duration = Duration::from_secs(30);

/// A port for QUIC.
pub struct QuicListener {
    edge: Edge,
    endpoint: quinn::Endpoint,
}

impl QuicListener {
    /// Opens `address`. Viewers get the certificates of the ports for TLS.
    ///
    /// # Errors
    /// As the system says, such as "address in use"; or when TLS can't be set up for QUIC.
    pub fn bind(edge: Edge, address: SocketAddr, certificates: &Certificates) -> io::Result<Self> {
        let mut tls = (*certificates.server_config()).clone();
        tls.alpn_protocols = vec![b"h3".to_vec()];
        let tls = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
        let mut server = ServerConfig::with_crypto(Arc::new(tls));
        server.transport_config(Arc::new(transport()));
        let socket = UdpSocket::bind(address)?;
        let config = EndpointConfig::default();
        let endpoint = quinn::Endpoint::new(config, Some(server), socket, Arc::new(TokioRuntime))?;
        Ok(Self { edge, endpoint })
    }

    /// Where it listens; tells the port that the system chose for port 0.
    ///
    /// # Errors
    /// As the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Serves viewers until the edge drains and the last of them is gone.
    pub async fn run(self) {
        let Self { edge, endpoint } = self;
        let mut phase = edge.0.phase.subscribe();
        let mut viewers = JoinSet::new();
        loop {
            tokio::select! {
                accepted = endpoint.accept() => match accepted {
                    Some(incoming) => admit(&edge.0, &mut viewers, incoming),
                    None => break,
                },
                Some(_) = viewers.join_next() => {}
                () = reached(&mut phase, Phase::Draining) => break,
            }
        }
        tokio::select! {
            () = async { while viewers.join_next().await.is_some() {} } => {}
            () = reached(&mut phase, Phase::Stopping) => {}
        }
        endpoint.close(VarInt::from_u32(Code::H3_NO_ERROR.value() as u32), b"");
        endpoint.wait_idle().await;
    }
}

async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    // The sender lives as long as the edge.
    let _ = phase.wait_for(|phase| *phase >= wanted).await;
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(8_u8.into())
        .stream_receive_window(WINDOW.into())
        .receive_window(WINDOWS.into())
        .send_window(UNCONFIRMED)
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(IdleTimeout::try_from(IDLE).ok());
    transport
}

/// Nobody gets a place who has not shown that he is where he says: an answer to a made-up address would go to somebody
/// else.
fn admit(shared: &Arc<Shared>, viewers: &mut JoinSet<()>, incoming: Incoming) {
    if !incoming.remote_address_validated() {
        if let Err(error) = incoming.retry() {
            error.into_incoming().ignore();
        }
        return;
    }
    match shared.census.take(incoming.remote_address().ip()) {
        Ok(place) => {
            shared.metrics.accepted.one();
            let shared = Arc::clone(shared);
            viewers.spawn(async move {
                let peer = incoming.remote_address();
                let ended = serve(shared, incoming).await;
                drop(place);
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "HTTP/3");
                }
            });
        }
        Err(_) => {
            shared.metrics.refused_address.one();
            incoming.refuse();
        }
    }
}

/// Serves a connection until it ends.
async fn serve(shared: Arc<Shared>, incoming: Incoming) -> Result<(), BoxError> {
    let peer = incoming.remote_address();
    let handshake = async { Ok::<_, BoxError>(incoming.accept()?.await?) };
    let connection = shared.handshakes.run(peer.ip(), handshake).await??;
    shared.metrics.tls_handshakes.one();
    let connection = h3_quinn::Connection::new(connection);
    let mut connection =
        h3::server::builder().max_field_section_size(HEAD as u64).build::<_, Bytes>(connection).await?;
    let mut phase = shared.phase.subscribe();
    let mut requests = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted? {
                Some(resolver) => drop(requests.spawn(answer(Arc::clone(&shared), peer, resolver))),
                None => break,
            },
            Some(_) = requests.join_next() => {}
            () = reached(&mut phase, Phase::Draining) => {
                connection.shutdown(0).await?;
                break;
            }
        }
    }
    while requests.join_next().await.is_some() {}
    Ok(())
}

type Resolver = RequestResolver<h3_quinn::Connection, Bytes>;
type Stream = RequestStream<BidiStream<Bytes>, Bytes>;

/// Answers one request.
async fn answer(shared: Arc<Shared>, peer: SocketAddr, resolver: Resolver) {
    let patience = shared.limits.stalled;
    let Ok(Ok((request, stream))) = timeout(patience, resolver.resolve_request()).await else { return };
    let (request, mut answers) = read(request, stream, patience).await;
    shared.metrics.http_requests.one();
    let response = dispatch(&shared, peer, request).await;
    if send(response, &mut answers, patience).await.is_err() {
        answers.stop_stream(Code::H3_INTERNAL_ERROR);
    }
}

/// The request with its body, and where the answer goes.
async fn read(
    request: Request<()>,
    stream: Stream,
    patience: Duration,
) -> (Request<RequestBody>, RequestStream<SendStream<Bytes>, Bytes>) {
    let (answers, mut asks) = stream.split();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    // Whether there is a body shows only when it comes or does not; of these methods none is expected.
    let first = if reads { next(&mut asks).await } else { None };
    let body = match first {
        None if reads => millrace_origin::no_body(),
        first => {
            let pieces = stream::try_unfold((first, asks), |(first, mut asks)| async move {
                let piece = if first.is_some() { first } else { next(&mut asks).await };
                let piece = piece.transpose()?;
                Ok::<_, BoxError>(piece.map(|piece| (Frame::data(piece), (None, asks))))
            });
            Upload::new(StreamBody::new(Box::pin(pieces)), patience).boxed_unsync()
        }
    };
    let (mut parts, ()) = request.into_parts();
    parts.version = Version::HTTP_3;
    (Request::from_parts(parts, body), answers)
}

/// The next bytes of a request's body.
async fn next(asks: &mut RequestStream<RecvStream, Bytes>) -> Option<Result<Bytes, BoxError>> {
    match asks.recv_data().await {
        Ok(Some(mut piece)) => Some(Ok(piece.copy_to_bytes(piece.remaining()))),
        Ok(None) => None,
        Err(error) => Some(Err(error.into())),
    }
}

/// Finds out whose the host is.
async fn dispatch(shared: &Arc<Shared>, peer: SocketAddr, request: Request<RequestBody>) -> Response<Body> {
    let authority = match Authority::of(request.uri(), request.headers(), Version::HTTP_2) {
        Ok(authority) => authority,
        Err(unclear) => return reply::text(hyper::StatusCode::BAD_REQUEST, format!("{unclear}\n")),
    };
    let host = authority.as_ref().map(|authority| authority.host.clone()).unwrap_or_default();
    let site = shared.site.load_full();
    match site.snapshot.web(&host) {
        Ok(distribution) if distribution.http3 => {
            let country = shared.entrance.countries.as_ref().and_then(|countries| countries.of(peer.ip()));
            let location = shared.entrance.location.clone();
            let version = Version::HTTP_3;
            let viewer = Viewer { peer, tls: true, version, authority, country, location };
            crate::web::serve(shared, distribution, request, viewer).await
        }
        _ => reply::misdirected(),
    }
}

/// Sends an answer; each piece has to be taken in time.
async fn send(
    response: Response<Body>,
    answers: &mut RequestStream<SendStream<Bytes>, Bytes>,
    patience: Duration,
) -> Result<(), BoxError> {
    let (mut parts, mut body) = response.into_parts();
    if let Some(length) = body.size_hint().exact().filter(|length| *length > 0) {
        parts.headers.entry(CONTENT_LENGTH).or_insert(length.into());
    }
    if let Ok(now) = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now())) {
        parts.headers.entry(DATE).or_insert(now);
    }
    parts.version = Version::HTTP_3;
    timeout(patience, answers.send_response(Response::from_parts(parts, ()))).await??;
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(piece) => timeout(patience, answers.send_data(piece)).await??,
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    timeout(patience, answers.send_trailers(trailers)).await??;
                }
            }
        }
    }
    timeout(patience, answers.finish()).await??;
    Ok(())
}
