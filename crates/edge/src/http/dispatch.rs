//! Who answers a request: its host says so.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::Either;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use millrace_model::{HostError, Snapshot, StreamingDistribution, web};

use super::authority::Unclear;
use super::{Authority, Body, Connection, reply, websocket};
use crate::web::Viewer;

/// The longest head of a request on a streaming host, bytes, and the lines in it.
const STREAMING_HEAD: usize = 16 << 10;
const STREAMING_LINES: usize = 64;

/// The file of the player that a page needs.
const SCRIPT: &str = "millrace-player.js";

/// Whose a host is, as far as HTTP goes.
enum Whose<'s> {
    Web(&'s Arc<web::Distribution>),
    Streaming,
    /// Nobody's by name; a web distribution takes what nobody else does.
    Left(&'s Arc<web::Distribution>),
    Nobody,
}

impl<'s> Whose<'s> {
    fn of(snapshot: &'s Snapshot, host: &str) -> Self {
        match (snapshot.streaming(host), snapshot.web(host)) {
            (Err(HostError::TypeMismatch), Ok(distribution)) => Self::Web(distribution),
            (_, Ok(distribution)) => Self::Left(distribution),
            (Ok(_), _) => Self::Streaming,
            (Err(_), Err(_)) => Self::Nobody,
        }
    }
}

impl Connection {
    /// Looks at a request before it is answered: what it is for decides how its connection ends.
    pub(super) fn note(&self, request: &Request<Incoming>) {
        if is_tunnel(request.uri()) && !self.is_webs(request) {
            self.signals.note_tunnel();
        }
    }

    fn is_webs(&self, request: &Request<Incoming>) -> bool {
        let authority = Authority::of(request.uri(), request.headers(), request.version());
        let host = authority.ok().flatten().map(|authority| authority.host).unwrap_or_default();
        matches!(Whose::of(&self.shared.site.load().snapshot, &host), Whose::Web(_))
    }

    /// Answers a request at once, if that can be done without waiting for anybody: a web distribution has a copy.
    /// Otherwise the request comes back.
    pub(super) fn at_once(&self, request: Request<Incoming>) -> Either<Response<Body>, Request<Incoming>> {
        let (parts, body) = request.into_parts();
        match self.copied(&parts, !body.is_end_stream()) {
            Some(response) => {
                self.shared.metrics.http_requests.one();
                self.signals.note_web();
                Either::Left(response)
            }
            None => Either::Right(Request::from_parts(parts, body)),
        }
    }

    fn copied(&self, parts: &Parts, has_body: bool) -> Option<Response<Body>> {
        let authority = Authority::of(&parts.uri, &parts.headers, parts.version).ok()?;
        let site = self.shared.site.load();
        let host = authority.as_ref().map(|authority| authority.host.as_str()).unwrap_or_default();
        let distribution = match Whose::of(&site.snapshot, host) {
            Whose::Web(distribution) => distribution,
            Whose::Left(distribution) if !is_tunnel(&parts.uri) => distribution,
            _ => return None,
        };
        if parts.version == Version::HTTP_2 && !distribution.http2 {
            return None;
        }
        let viewer = self.viewer(&parts.headers, parts.version, authority);
        crate::web::at_once(&self.shared, distribution, parts, has_body, &viewer)
    }

    /// Answers.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        self.shared.metrics.http_requests.one();
        let authority = Authority::of(request.uri(), request.headers(), request.version());
        let authority = match authority {
            // librtmp's relatives forget the host, and a tunnel needs none.
            Err(Unclear::Missing) if is_tunnel(request.uri()) => None,
            Err(unclear) => {
                let response = reply::text(StatusCode::BAD_REQUEST, format!("{unclear}\n"));
                return Ok(closing(response, request.version()));
            }
            Ok(authority) => authority,
        };
        let site = self.shared.site.load_full();
        let host = authority.as_ref().map(|authority| authority.host.as_str()).unwrap_or_default();
        match Whose::of(&site.snapshot, host) {
            Whose::Web(distribution) => Ok(self.web(distribution, request, authority).await),
            Whose::Left(distribution) if !is_tunnel(request.uri()) => {
                Ok(self.web(distribution, request, authority).await)
            }
            Whose::Nobody if request.version() == Version::HTTP_2 => Ok(reply::unknown_host(host)),
            _ => Ok(self.streaming(&site.snapshot, request, authority).await),
        }
    }

    /// For a web distribution.
    async fn web(
        &self,
        distribution: &Arc<web::Distribution>,
        request: Request<Incoming>,
        authority: Option<Authority>,
    ) -> Response<Body> {
        if request.version() == Version::HTTP_2 && !distribution.http2 {
            return reply::misdirected();
        }
        self.signals.note_web();
        let viewer = self.viewer(request.headers(), request.version(), authority);
        crate::web::serve(&self.shared, distribution, request, viewer).await
    }

    /// Where a request comes from, and whether by TLS. What a load balancer says of it is believed.
    pub(super) fn whence(&self, headers: &HeaderMap) -> (SocketAddr, bool) {
        let (mut peer, mut tls) = (self.peer, self.tls);
        if self.shared.entrance.is_proxy(peer.ip()) {
            tls |= headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
            if let Some(address) = forwarded(headers) {
                peer.set_ip(address);
            }
        }
        (peer, tls)
    }

    /// Who asks.
    fn viewer(&self, headers: &HeaderMap, version: Version, authority: Option<Authority>) -> Viewer {
        let entrance = &self.shared.entrance;
        let (peer, tls) = self.whence(headers);
        let country = entrance.countries.as_ref().and_then(|countries| countries.of(peer.ip()));
        let location = entrance.location.clone();
        Viewer { peer, tls, version, authority, country, location }
    }

    /// For a streaming host, or for one that nobody has.
    async fn streaming(
        &self,
        snapshot: &Snapshot,
        request: Request<Incoming>,
        authority: Option<Authority>,
    ) -> Response<Body> {
        if request.version() == Version::HTTP_2 {
            return reply::misdirected();
        }
        if head_length(request.method(), request.uri(), request.headers()) > STREAMING_HEAD
            || request.headers().len() > STREAMING_LINES
        {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            let response = reply::text(status, "the head of the request is too long\n".to_owned());
            return closing(response, request.version());
        }
        let host = authority.as_ref().map(|authority| authority.host.as_str()).unwrap_or_default();
        let distribution = snapshot.streaming(host).ok();
        let page = websocket::page(request.headers());
        let response = match (millrace_rtmp::tunnel::Request::parse(request.uri().path()), distribution) {
            (Some(_), _) if request.method() == Method::OPTIONS => reply::preflight(),
            (Some(_), _) if request.method() != Method::POST => reply::wrong_method("POST, OPTIONS"),
            (Some(_), _) => self.tunnel(request, distribution).await,
            (None, Some(distribution)) if websocket::is_path(request.uri().path()) => {
                return self.websocket(distribution, request);
            }
            (None, _) => self.page(distribution, &request, authority.as_ref()),
        };
        reply::open_to(response, distribution, page.as_deref())
    }

    /// What there is on a streaming host besides tunnels and WebSockets.
    fn page(
        &self,
        distribution: Option<&Arc<StreamingDistribution>>,
        request: &Request<Incoming>,
        authority: Option<&Authority>,
    ) -> Response<Body> {
        let (text, host) = authority.map(|a| (a.text.as_str(), a.host.as_str())).unwrap_or_default();
        let Some(distribution) = distribution else { return reply::unknown_host(host) };
        let (path, player) = (request.uri().path(), &self.shared.entrance.player);
        let answer = match path {
            "/crossdomain.xml" => Some(reply::policy(distribution)),
            "/" => {
                let (_, tls) = self.whence(request.headers());
                let scheme = if tls { "https" } else { "http" };
                let script = player.path(SCRIPT).map(|path| format!("{scheme}://{text}{path}"));
                Some(reply::welcome(text, script.as_deref()))
            }
            _ => player.answer(path, request.headers()),
        };
        match answer {
            Some(_) if !matches!(*request.method(), Method::GET | Method::HEAD) => {
                reply::wrong_method("GET, HEAD")
            }
            Some(answer) => answer,
            None => reply::text(
                StatusCode::NOT_FOUND,
                format!("{path} is not here: this host plays streams, from rtmp://{text}/cfx/st\n"),
            ),
        }
    }
}

/// Whether it looks like a request of a tunnel.
fn is_tunnel(target: &Uri) -> bool {
    millrace_rtmp::tunnel::Request::parse(target.path()).is_some()
}

/// The address that the last proxy names: what stands in front of it anybody may have written.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let list = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    list.rsplit(',').next()?.trim().parse().ok()
}

/// How long the head of a request was, about: hyper does not tell, and blanks may have been in it.
pub(crate) fn head_length(method: &Method, target: &Uri, fields: &HeaderMap) -> usize {
    const AROUND_LINE: usize = "  HTTP/1.1\r\n\r\n".len();
    const AROUND_FIELD: usize = ": \r\n".len();
    let target = target.path_and_query().map_or(0, |target| target.as_str().len());
    let fields = fields.iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND_FIELD);
    AROUND_LINE + method.as_str().len() + target + fields.sum::<usize>()
}

/// An answer behind which nothing more is read: who sent this can't be trusted to know where the next request begins.
pub(crate) fn closing(mut response: Response<Body>, version: Version) -> Response<Body> {
    if version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
