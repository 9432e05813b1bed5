//! The way of a request through a distribution.
//!
//! ```text
//! request ─▶ Entry: path, behaviour, who may come ──refused──▶ errors
//!              │
//!              ├─ kept methods ─▶ cache ─▶ copy ─▶ content (parts, conditions)
//!              └─ all others ───▶ upstream, as it comes
//!                                   │
//!                 the distribution's own pages for errors ─▶ policy: headers for viewers
//! ```

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::ext::on_informational;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri};
use millrace_cache::{Ask, Bounds, ErrorTtls, How, Reply, Rules};
use millrace_model::web::{Behavior, Distribution, ERROR_TTL, ErrorPage};
use millrace_origin::{Kind, Upstream};

use super::forward;
use super::key::Key;
use super::refused::Refused;
use super::told::Asker;
use super::{Sent, Viewer};
use super::{admit, content, finish, key, path, upgrade};
use crate::Site;
use crate::edge::Shared;
use crate::http::{Body, Hints, Upload};

/// A request that the distribution takes, if its signature is in order where one is needed.
struct Entry<'e> {
    distribution: &'e Distribution,
    behavior: &'e Behavior,
    /// As the origin gets it.
    path: Cow<'e, str>,
    /// Without what signs it.
    query: Cow<'e, str>,
    viewer: &'e Viewer,
}

/// An answer, and where it came from.
pub(super) struct Delivered {
    pub(super) response: Response<Body>,
    /// None: nobody kept it, and nobody was asked for it before.
    pub(super) how: How,
    pub(super) age: Option<Duration>,
}

/// The answer, if it is here and nobody has to be asked: no origin, and nobody who looks at signatures.
pub(super) fn at_once(
    shared: &Shared,
    distribution: &Distribution,
    parts: &Parts,
    has_body: bool,
    viewer: &Viewer,
) -> Option<Response<Body>> {
    let entry = Entry::of(distribution, &parts.uri, parts, has_body, viewer).ok()?;
    let open = entry.behavior.trusted_keys.is_none() && entry.is_read(&parts.method);
    if !open || upgrade::is_asked_for(parts) {
        return None;
    }
    let delivered = entry.kept(shared, parts)?.ok()?;
    let has_page =
        distribution.error_rule(delivered.response.status().as_u16()).is_some_and(|rule| rule.page.is_some());
    (!has_page).then(|| finish::delivered(delivered, entry.behavior, parts, viewer))
}

/// Answers.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    distribution: &Arc<Distribution>,
    request: Request<impl Sent>,
    viewer: Viewer,
) -> Response<Body> {
    let site = shared.site.load_full();
    let (mut parts, body) = request.into_parts();
    let (uri, has_body) = (parts.uri.clone(), !body.is_end_stream());
    let entry = match Entry::of(distribution, &uri, &parts, has_body, &viewer) {
        Ok(entry) => entry.permitted(shared, &site, &parts).await,
        Err(refused) => Err(refused),
    };
    let behavior = entry.as_ref().map_or(&distribution.default_behavior, |entry| entry.behavior);
    let delivered = match entry {
        Ok(entry) => entry.deliver(shared, &site, &mut parts, body).await,
        Err(refused) => Err(refused),
    };
    let status = delivered.as_ref().map_or_else(Refused::status, |delivered| delivered.response.status());
    let page = distribution.error_rule(status.as_u16()).and_then(|rule| rule.page.as_ref());
    let page = match page {
        Some(page) => error_page(shared, &site, distribution, page, &parts, &viewer).await,
        None => None,
    };
    match page.map_or(delivered, Ok) {
        Ok(delivered) => finish::delivered(delivered, behavior, &parts, &viewer),
        Err(refused) => finish::refusal(&refused, &parts, &viewer),
    }
}

/// The behaviour for a path as it was sent.
fn behavior<'d>(distribution: &'d Distribution, path: &str) -> &'d Behavior {
    if distribution.behaviors.is_empty() {
        return &distribution.default_behavior;
    }
    distribution.behavior(&path::plain(path))
}

impl<'e> Entry<'e> {
    /// Decides whether a request is taken, and how it is served.
    fn of(
        distribution: &'e Distribution,
        uri: &'e Uri,
        parts: &Parts,
        has_body: bool,
        viewer: &'e Viewer,
    ) -> Result<Self, Refused> {
        admit::country(distribution, viewer)?;
        admit::size(parts)?;
        let root = distribution.default_root_object.as_deref();
        let path = path::path(uri, root).map_err(|_| Refused::BadPath)?;
        let behavior = behavior(distribution, &path);
        admit::behavior(distribution, behavior)?;
        admit::protocol(behavior, parts, viewer)?;
        admit::method(behavior, parts, has_body)?;
        let query = key::without_signature(behavior, uri.query().unwrap_or_default());
        Ok(Self { distribution, behavior, path, query, viewer })
    }

    /// Lets it in if it is signed where that is needed.
    async fn permitted(self, shared: &Arc<Shared>, site: &Site, parts: &Parts) -> Result<Self, Refused> {
        admit::signature(shared, site, self.behavior, parts, self.viewer).await?;
        Ok(self)
    }

    fn upstream<'s>(&self, site: &'s Site) -> Option<&'s Arc<dyn Upstream>> {
        site.upstreams.get(&self.distribution.id)?.get(&self.behavior.target)
    }

    async fn deliver(
        &self,
        shared: &Arc<Shared>,
        site: &Site,
        parts: &mut Parts,
        body: impl Sent,
    ) -> Result<Delivered, Refused> {
        let upstream = self.upstream(site).ok_or(Refused::NoOrigin)?;
        if upgrade::is_asked_for(parts) {
            let request = self.forwarded(parts).ok_or(Refused::BadPath)?;
            return upgrade::pass(shared, upstream, parts, request).await;
        }
        match self.is_read(&parts.method) {
            true => self.read(shared, upstream, parts).await,
            false => self.pass(shared, upstream, parts, body).await,
        }
    }

    /// The request as the origin gets it.
    fn forwarded(&self, parts: &Parts) -> Option<Request<()>> {
        let asker = self.asker(&parts.headers);
        let mut forwarded = forward::forwarded(self.behavior, parts, &self.path, &self.query, asker)?;
        if let Some(hints) = parts.extensions.get::<Hints>().cloned() {
            on_informational(&mut forwarded, move |said| hints.tell(said.status(), said.headers()));
        }
        Some(forwarded)
    }

    fn asker<'a>(&'a self, headers: &'a HeaderMap) -> Asker<'a> {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Asker {
            address: self.viewer.peer.ip(),
            tls: self.viewer.tls,
            country: self.viewer.country.as_deref(),
            agent: agent.unwrap_or_default(),
        }
    }

    /// Whether the answer may be one that was given to somebody else.
    fn is_read(&self, method: &Method) -> bool {
        matches!(*method, Method::GET | Method::HEAD) || self.behavior.caches(method.as_str())
    }

    fn key(&self, method: &Method, headers: &HeaderMap) -> Key<'_> {
        let asker = self.asker(headers);
        Key::of(&self.distribution.id, self.behavior, method, &self.path, &self.query, headers, asker)
    }

    /// From the cache, if it is there and fresh.
    fn kept(&self, shared: &Shared, parts: &Parts) -> Option<Result<Delivered, Refused>> {
        if !self.behavior.caches(parts.method.as_str()) {
            return None;
        }
        let key = self.key(&parts.method, &parts.headers);
        let range = content::wanted_part(&parts.method, &parts.headers);
        let seen = || self.forwarded(parts).map(|request| request.into_parts().0.headers);
        let reply = shared.cache.fresh(&key.copy(), seen, range)?;
        Some(delivered(parts, &reply))
    }

    /// From the cache, or through it.
    async fn read(
        &self,
        shared: &Arc<Shared>,
        upstream: &Arc<dyn Upstream>,
        parts: &Parts,
    ) -> Result<Delivered, Refused> {
        if let Some(kept) = self.kept(shared, parts) {
            return kept;
        }
        let keeps = self.behavior.caches(parts.method.as_str());
        let name = self.key(&parts.method, &parts.headers).copy().name();
        let range = content::wanted_part(&parts.method, &parts.headers).filter(|_| keeps).map(str::to_owned);
        let request = self.forwarded(parts).ok_or(Refused::BadPath)?;
        let rules = rules(self.distribution, self.behavior, parts, keeps);
        let ask = Ask { name, request, range, upstream: Arc::clone(upstream), rules };
        let reply = shared.cache.answer(ask).await.map_err(Refused::of)?;
        delivered(parts, &reply)
    }

    /// As it comes: what changes something, and what nobody keeps.
    async fn pass(
        &self,
        shared: &Arc<Shared>,
        upstream: &Arc<dyn Upstream>,
        parts: &Parts,
        body: impl Sent,
    ) -> Result<Delivered, Refused> {
        let request = self.forwarded(parts);
        let body = Upload::new(body, shared.limits.stalled).boxed_unsync();
        let request = request.ok_or(Refused::BadPath)?.map(|()| body);
        let response = upstream.ask(request).await.map_err(|error| Refused::of(error.into()))?;
        let unsafe_ = !matches!(parts.method, Method::OPTIONS | Method::TRACE);
        if unsafe_ && (response.status().is_success() || response.status().is_redirection()) {
            self.forget(shared, parts, response.headers());
        }
        let mut response = response.map(Body::streamed);
        millrace_web::remove_hop_by_hop(response.headers_mut());
        Ok(Delivered { response, how: How::Missed, age: None })
    }

    /// What the URL means was changed by this very request, and what the answer names was too (RFC 9111 §4.4).
    fn forget(&self, shared: &Shared, parts: &Parts, answer: &HeaderMap) {
        shared.cache.forget(&self.key(&Method::GET, &parts.headers).copy().name());
        for name in [header::LOCATION, header::CONTENT_LOCATION] {
            let named = answer.get(name).and_then(|url| url.to_str().ok());
            let Some((path, query)) = named.and_then(|url| path::here(url, &self.path, self.viewer)) else {
                continue;
            };
            let behavior = behavior(self.distribution, &path);
            let (id, headers) = (&self.distribution.id, &parts.headers);
            let asker = self.asker(headers);
            let key = Key::of(id, behavior, &Method::GET, &path, &query, headers, asker);
            shared.cache.forget(&key.copy().name());
        }
    }
}

/// What a viewer gets of a reply.
fn delivered(parts: &Parts, reply: &Reply) -> Result<Delivered, Refused> {
    let response = content::render(&parts.method, &parts.headers, &reply.copy).ok_or(Refused::Gone)?;
    let age = (reply.how != How::Missed || reply.age.as_secs() > 0).then_some(reply.age);
    Ok(Delivered { response, how: reply.how, age })
}

/// The distribution's own page for an error; none if that can't be had either.
async fn error_page(
    shared: &Arc<Shared>,
    site: &Site,
    distribution: &Distribution,
    page: &ErrorPage,
    parts: &Parts,
    viewer: &Viewer,
) -> Option<Delivered> {
    let behavior = behavior(distribution, &page.path);
    let entry = Entry { distribution, behavior, path: (&page.path).into(), query: "".into(), viewer };
    let mut plain = parts.clone();
    plain.method = if parts.method == Method::HEAD { Method::HEAD } else { Method::GET };
    for name in forward::CONDITIONS {
        plain.headers.remove(name);
    }
    let mut delivered = entry.read(shared, entry.upstream(site)?, &plain).await.ok()?;
    if delivered.response.status() != StatusCode::OK {
        return None;
    }
    *delivered.response.status_mut() = StatusCode::from_u16(page.status).ok()?;
    Some(delivered)
}

/// How answers are kept.
fn rules(distribution: &Distribution, behavior: &Behavior, parts: &Parts, keeps: bool) -> Rules {
    let ttl = behavior.ttl;
    let errors = distribution.errors.iter().map(|rule| (rule.status, rule.ttl)).collect();
    Rules {
        keeps,
        bounds: Bounds { min: ttl.min, default: ttl.default, max: ttl.max },
        errors: Arc::new(ErrorTtls { of: errors, default: ERROR_TTL }),
        coding: key::coding(behavior, parts),
        without_cookies: !(behavior.key.cookies.takes_any() || behavior.forward.cookies.takes_any()),
    }
}

/// What an origin's failure is for a viewer.
impl Refused {
    pub(super) fn of(error: millrace_cache::Error) -> Self {
        match error.kind() {
            Kind::Timeout => Self::OriginSilent(error),
            _ => Self::OriginFailed(error),
        }
    }
}
