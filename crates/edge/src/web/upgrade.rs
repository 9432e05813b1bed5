//! WebSockets: once both ends agree, bytes go to and fro as they come.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use millrace_cache::How;
use millrace_origin::{RequestBody, Upstream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::sleep;

use super::refused::Refused;
use super::serve::Delivered;
use crate::Phase;
use crate::edge::Shared;
use crate::http::Body;

/// How long neither side may say anything: CloudFront's ten minutes.
const SILENCE: Duration = Duration::from_secs(600);

/// Fields without which there is no handshake (RFC 6455 §4.1), whatever a behaviour sends.
const HANDSHAKE: [HeaderName; 5] = [
    header::ORIGIN,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_EXTENSIONS,
];

/// Whether a viewer wants a WebSocket.
pub(super) fn is_asked_for(parts: &Parts) -> bool {
    let names = |name, word: &str| {
        let lines = parts.headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    parts.method == Method::GET
        && parts.version == Version::HTTP_11
        && names(header::CONNECTION, "upgrade")
        && names(header::UPGRADE, "websocket")
}

/// Asks the origin for one, and lets the bytes flow if it agrees.
pub(super) async fn pass(
    shared: &Arc<Shared>,
    upstream: &Arc<dyn Upstream>,
    parts: &mut Parts,
    mut request: Request<()>,
) -> Result<Delivered, Refused> {
    let fields = request.headers_mut();
    for name in HANDSHAKE {
        let sent: Vec<HeaderValue> = parts.headers.get_all(&name).iter().cloned().collect();
        fields.remove(&name);
        for value in sent {
            fields.append(&name, value);
        }
    }
    says_upgrade(fields);
    let body: RequestBody = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let response = upstream.ask(request.map(|()| body)).await.map_err(|error| Refused::of(error.into()))?;
    let (mut head, body) = response.into_parts();
    millrace_web::remove_hop_by_hop(&mut head.headers);
    let both = (parts.extensions.remove::<OnUpgrade>(), head.extensions.remove::<OnUpgrade>());
    let agreed = head.status == StatusCode::SWITCHING_PROTOCOLS;
    let response = match both {
        (Some(viewer), Some(origin)) if agreed => {
            tokio::spawn(tie(Arc::clone(shared), viewer, origin));
            says_upgrade(&mut head.headers);
            Response::from_parts(head, Body::default())
        }
        _ if agreed => return Err(Refused::NoOrigin),
        _ => Response::from_parts(head, Body::streamed(body)),
    };
    Ok(Delivered { response, how: How::Missed, age: None })
}

/// Says to the next hop that this connection is to become a WebSocket.
fn says_upgrade(fields: &mut HeaderMap) {
    fields.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// Carries bytes until one side ends, both are silent for too long, or the edge stops.
async fn tie(shared: Arc<Shared>, viewer: OnUpgrade, origin: OnUpgrade) {
    let (Ok(viewer), Ok(origin)) = tokio::join!(viewer, origin) else { return };
    let said = Arc::new(AtomicU64::new(0));
    let mut viewer = Heard { stream: TokioIo::new(viewer), said: Arc::clone(&said) };
    let mut origin = Heard { stream: TokioIo::new(origin), said: Arc::clone(&said) };
    let mut phase = shared.phase.subscribe();
    tokio::select! {
        // However it ended, there is nobody left to tell.
        _ = copy_bidirectional(&mut viewer, &mut origin) => {}
        () = silence(&said) => {}
        _ = phase.wait_for(|phase| *phase == Phase::Stopping) => {}
    }
}

async fn silence(said: &AtomicU64) {
    loop {
        let before = said.load(Relaxed);
        sleep(SILENCE).await;
        if said.load(Relaxed) == before {
            return;
        }
    }
}

/// A connection of which it is known whether anything comes.
struct Heard {
    stream: TokioIo<Upgraded>,
    said: Arc<AtomicU64>,
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() {
            self.said.fetch_add(1, Relaxed);
        }
        polled
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
