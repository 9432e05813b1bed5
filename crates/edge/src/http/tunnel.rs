//! The requests of tunnels.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{HeaderMap, Request, Response, StatusCode};
use millrace_model::StreamingDistribution;
use millrace_rtmp::tunnel::{self, Numbered};
use tokio::time::timeout;

use super::body::Body;
use super::{Connection, reply, websocket};
use crate::Phase;
use crate::rtmp::{self, Caller, Carrier};
use crate::tunnel::{Answer, Ask, ask};
use crate::wire::{Link, Wire};

impl Connection {
    /// Answers a request of a tunnel.
    pub(super) async fn tunnel(
        &self,
        request: Request<Incoming>,
        distribution: Option<&Arc<StreamingDistribution>>,
    ) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = match self.body(body).await {
            Ok(body) => body,
            Err(status) => return reply::refused(status),
        };
        match tunnel::Request::parse(head.uri.path()) {
            Some(tunnel::Request::Open) => {
                let page = websocket::page(&head.headers);
                let refused = |page: &String| distribution.is_some_and(|host| !host.takes_page(page));
                if page.as_ref().is_some_and(refused) {
                    self.shared.metrics.pages_refused.one();
                    return reply::refused(StatusCode::FORBIDDEN);
                }
                self.open(&head.headers, page)
            }
            Some(tunnel::Request::Session { id, number, kind }) => {
                // What idle and close carry is a zero, for proxies that mind an empty body.
                let body = if kind == Numbered::Send { body } else { Bytes::new() };
                self.ask(id, |reply| Ask { number, kind, body, reply }).await
            }
            // Behind a load balancer Flash is told here which server to speak to from now on; we don't mind which.
            Some(tunnel::Request::Ident) | None => reply::refused(StatusCode::NOT_FOUND),
        }
    }

    /// The whole body of a request.
    async fn body(&self, body: Incoming) -> Result<Bytes, StatusCode> {
        let limits = &self.shared.limits;
        let whole = Limited::new(body, limits.tunnel_request).collect();
        match timeout(limits.session.handshake, whole).await {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                Err(StatusCode::PAYLOAD_TOO_LARGE)
            }
            Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
            Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        }
    }

    /// A new session, with a task of its own: connections come and go, it stays.
    fn open(&self, headers: &HeaderMap, page: Option<String>) -> Response<Body> {
        let shared = &self.shared;
        if *shared.phase.borrow() != Phase::Running {
            return reply::refused(StatusCode::SERVICE_UNAVAILABLE);
        }
        let (peer, tls) = self.whence(headers);
        let Ok(opened) = shared.tunnels.open(peer.ip(), &shared.limits, shared.began) else {
            shared.metrics.tunnels_refused.one();
            return reply::refused(StatusCode::SERVICE_UNAVAILABLE);
        };
        shared.metrics.tunnels_opened.one();
        let caller = Caller { peer, carrier: Carrier::Tunnel, tls, page };
        let (shared, wire) = (Arc::clone(shared), Wire::new(Link::Tunnel(Box::new(opened.end))));
        tokio::spawn(async move {
            rtmp::connection::serve(shared, wire, caller).await;
            drop(opened.entry);
        });
        // librtmp cuts off the last byte, whatever it is.
        reply::tunnel([Bytes::from(opened.id + "\n")])
    }

    /// Asks a session.
    async fn ask(&self, id: &str, request: impl FnOnce(crate::tunnel::Reply) -> Ask) -> Response<Body> {
        let session = self.shared.tunnels.find(id);
        let answer = match &session {
            Some(session) => ask(session, request, self.signals.came.notified()).await,
            None => None,
        };
        match answer {
            Some(Ok(Answer { interval, content })) => {
                reply::tunnel(std::iter::once(Bytes::copy_from_slice(&[interval])).chain(content))
            }
            Some(Err(tunnel::Error::OutOfOrder { .. } | tunnel::Error::Missing(_))) => {
                reply::refused(StatusCode::BAD_REQUEST)
            }
            Some(Err(_)) | None => {
                self.shared.metrics.tunnels_unknown.one();
                reply::refused(StatusCode::NOT_FOUND)
            }
        }
    }
}
