//! WebSockets on a streaming host: RTMP for players in pages.
//!
//! Nothing but the origin of the page tells a browser's WebSocket from any other client, and a page gets to know nothing
//! of an answer other than 101. So whoever asks for a WebSocket gets one, and is told in it why there is nothing to play.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use millrace_model::StreamingDistribution;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tungstenite::handshake::server::create_response_with_body;

use super::patient::Patient;
use super::{Body, Connection, reply};
use crate::Phase;
use crate::edge::Shared;
use crate::rtmp::{self, Caller, Carrier};
use crate::wire::{Farewell, Link, Socket, Tls, WebSocket, Wire};

/// Where WebSockets are. What stands behind it is the page's own affair.
const PATH: &str = "/rtmp";

/// What a page may call what is spoken, the best first (RFC 6455 §1.9). The second one is what relays between WebSockets
/// and sockets expect of their clients.
const SUBPROTOCOLS: [&str; 2] = ["rtmp", "binary"];

/// Whether WebSockets are at this path.
pub(super) fn is_path(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The origin of the page that asks, if a browser told one.
pub(super) fn page(headers: &HeaderMap) -> Option<String> {
    let origin = headers.get(header::ORIGIN)?;
    Some(String::from_utf8_lossy(origin.as_bytes()).into_owned())
}

impl Connection {
    /// Answers who asks for a WebSocket.
    pub(super) fn websocket(
        &self,
        distribution: &StreamingDistribution,
        mut request: Request<Incoming>,
    ) -> Response<Body> {
        let mut response = match create_response_with_body(&request, Body::default) {
            Ok(response) => response,
            Err(error) => return reply::upgrade_required(&error.to_string()),
        };
        if let Some(subprotocol) = subprotocol(request.headers()) {
            let value = HeaderValue::from_static(subprotocol);
            response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, value);
        }
        let (peer, tls) = self.whence(request.headers());
        let caller = Caller { peer, carrier: Carrier::WebSocket, tls, page: page(request.headers()) };
        let farewell = self.refusal(distribution, caller.page.as_deref());
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(welcome(Arc::clone(&self.shared), upgrade, caller, farewell));
        response
    }

    /// Why somebody is sent away before RTMP begins.
    fn refusal(&self, distribution: &StreamingDistribution, page: Option<&str>) -> Option<Farewell> {
        let metrics = &self.shared.metrics;
        if *self.shared.phase.borrow() != Phase::Running {
            return Some(Farewell::Away);
        }
        if let Some(page) = page.filter(|page| !distribution.takes_page(page)) {
            metrics.pages_refused.one();
            return Some(Farewell::Refused(format!("pages from {page} may not play from here")));
        }
        metrics.websockets.one();
        None
    }
}

/// The subprotocol that is agreed on, of those that are offered.
fn subprotocol(headers: &HeaderMap) -> Option<&'static str> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|line| line.to_str().ok());
    let offered: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    SUBPROTOCOLS.into_iter().find(|known| offered.contains(known))
}

/// Serves a WebSocket, once there is one.
async fn welcome(shared: Arc<Shared>, upgrade: OnUpgrade, caller: Caller, farewell: Option<Farewell>) {
    let Ok(upgraded) = upgrade.await else { return };
    let Some((socket, first, held)) = below(upgraded) else {
        return tracing::debug!(peer = %caller.peer, "a WebSocket over something that is no socket");
    };
    let mut websocket = WebSocket::new(socket, &first, held);
    let Some(farewell) = farewell else {
        return rtmp::connection::serve(shared, Wire::new(Link::WebSocket(Box::new(websocket))), caller)
            .await;
    };
    let told = async {
        websocket.leave(&farewell).await?;
        websocket.closed().await
    };
    // However it ended, there is nobody left to tell.
    let _ = timeout(shared.limits.linger, told).await;
}

/// The socket below a connection whose protocol was changed, what was read behind the change, and what to hold as long
/// as the socket is there.
fn below(upgraded: Upgraded) -> Option<(Socket, Bytes, oneshot::Sender<()>)> {
    let upgraded = match upgraded.downcast::<TokioIo<Patient<TcpStream>>>() {
        Ok(parts) => {
            let (stream, held) = parts.io.into_inner().into_parts();
            return Some((Socket::Tcp(stream), parts.read_buf, held));
        }
        Err(upgraded) => upgraded,
    };
    let parts = upgraded.downcast::<TokioIo<Patient<Box<TlsStream<TcpStream>>>>>().ok()?;
    let (stream, held) = parts.io.into_inner().into_parts();
    let (stream, connection) = (*stream).into_inner();
    let tls = Tls::new(stream, connection).ok()?;
    Some((Socket::Tls(Box::new(tls)), parts.read_buf, held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn websockets_are_at_one_path_and_everything_below_it() {
        assert!(is_path("/rtmp") && is_path("/rtmp/") && is_path("/rtmp/cfx/st"));
        assert!(!is_path("/") && !is_path("/rtmpt") && !is_path("/cfx/rtmp"));
    }

    #[test]
    fn the_subprotocol_is_ours_if_it_is_offered_else_that_of_relays_else_none() {
        let agreed = |offered: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(offered));
            subprotocol(&headers)
        };
        assert_eq!(agreed("binary, rtmp"), Some("rtmp"));
        assert_eq!(agreed("base64,binary"), Some("binary"));
        assert_eq!(agreed("chat"), None);
        assert_eq!(subprotocol(&HeaderMap::new()), None);
    }
}
