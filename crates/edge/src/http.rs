//! HTTP on a streaming host: tunnels for RTMPT, the policy file that Flash asks for, and a page for people.
//!
//! What answers have to look like is dictated by librtmp: the first bytes must be `HTTP/1.1 200`, `Content-Length` must
//! be spelt so, bodies must not be chunked, and the connection must stay open, since it never makes another.

mod body;
mod patient;
mod reply;
mod tunnel;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use futures::FutureExt;
use hyper::body::Incoming;
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use millrace_model::HostError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

use self::body::Body;
use self::patient::Patient;
use crate::Phase;
use crate::edge::Shared;

/// The longest head of a request, bytes.
const HEAD: usize = 16 << 10;
/// Lines in a head.
const LINES: usize = 64;

/// A connection that speaks HTTP.
struct Connection {
    shared: Arc<Shared>,
    peer: SocketAddr,
    tls: bool,
    /// Tells that bytes came while a request was being answered: the next one, from a client that does not wait.
    pipelined: Arc<Notify>,
    /// Whether a request is being answered.
    answering: Arc<AtomicBool>,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<T>(shared: Arc<Shared>, stream: T, peer: SocketAddr, tls: bool)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut phase = shared.phase.subscribe();
    let pipelined = Arc::new(Notify::new());
    let answering = Arc::new(AtomicBool::new(false));
    let patient = Patient::new(stream, shared.limits.stalled, Arc::clone(&pipelined), Arc::clone(&answering));
    let connection = Connection { shared: Arc::clone(&shared), peer, tls, pipelined, answering };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.tunnel_silence)
        .max_buf_size(HEAD)
        .max_headers(LINES)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(patient), service_fn(|request| connection.answer_one(request)));
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = unneeded(&mut phase, &shared) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "HTTP");
    }
}

/// Waits until no tunnel can need a connection any more.
async fn unneeded(phase: &mut tokio::sync::watch::Receiver<Phase>, shared: &Shared) {
    // The sender lives as long as the edge.
    let _ = phase.wait_for(|phase| *phase > Phase::Running).await;
    shared.tunnels.emptied().await;
}

impl Connection {
    /// Answers, and lets it be known meanwhile.
    fn answer_one(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> {
        self.answering.store(true, Relaxed);
        self.answer(request).inspect(|_| self.answering.store(false, Relaxed))
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        self.shared.metrics.http_requests.one();
        let found = millrace_rtmp::tunnel::Request::parse(request.uri().path());
        let response = match found {
            Some(_) if request.method() == Method::OPTIONS => reply::preflight(),
            Some(_) if request.method() != Method::POST => reply::wrong_method("POST, OPTIONS"),
            Some(_) => self.tunnel(request).await,
            None => self.page(&request),
        };
        Ok(reply::open_to_all(response))
    }

    /// What is there besides tunnels.
    fn page(&self, request: &Request<Incoming>) -> Response<Body> {
        let authority = request.uri().authority().map(Authority::as_str);
        let authority = authority.or_else(|| request.headers().get(header::HOST)?.to_str().ok());
        let authority = authority.unwrap_or_default();
        let host = millrace_model::host_of(&format!("rtmp://{authority}")).unwrap_or_default();
        let site = self.shared.site.load();
        let read = matches!(*request.method(), Method::GET | Method::HEAD);
        match (site.snapshot.streaming(&host), request.uri().path()) {
            (Err(HostError::NotFound), _) => reply::unknown_host(&host),
            (Err(HostError::TypeMismatch), _) => reply::not_delivered(&host),
            (Ok(_), "/crossdomain.xml" | "/") if !read => reply::wrong_method("GET, HEAD"),
            (Ok(_), "/crossdomain.xml") => reply::policy(),
            (Ok(_), "/") => reply::welcome(authority),
            (Ok(_), path) => reply::text(
                StatusCode::NOT_FOUND,
                format!("{path} is not here: this host plays streams, from rtmp://{authority}/cfx/st\n"),
            ),
        }
    }
}
