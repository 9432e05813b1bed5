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

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use millrace_cache::{Ask, Bounds, CopyName, ErrorTtls, How, Rules};
use millrace_model::web::{Behavior, Distribution, ERROR_TTL, ErrorPage};
use millrace_origin::{Kind, Upstream};

use super::forward::{self, Asker};
use super::refused::Refused;
use super::{Sent, Viewer};
use super::{admit, content, finish, key, path, upgrade};
use crate::Site;
use crate::edge::Shared;
use crate::http::{Body, Upload};

/// A request that was let in.
struct Entry<'d> {
    distribution: &'d Distribution,
    behavior: &'d Behavior,
    /// As the origin gets it.
    path: String,
    /// Without what signs it.
    query: String,
    viewer: &'d Viewer,
}

/// An answer, and where it came from.
pub(super) struct Delivered {
    pub(super) response: Response<Body>,
    /// None: nobody kept it, and nobody was asked for it before.
    pub(super) how: How,
    pub(super) age: Option<Duration>,
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
    let has_body = !body.is_end_stream();
    let entry = enter(shared, &site, distribution, &parts, has_body, &viewer).await;
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

/// Decides whether a request is served, and how.
async fn enter<'d>(
    shared: &Arc<Shared>,
    site: &Site,
    distribution: &'d Distribution,
    parts: &Parts,
    has_body: bool,
    viewer: &'d Viewer,
) -> Result<Entry<'d>, Refused> {
    admit::country(distribution, viewer)?;
    admit::size(parts)?;
    let path =
        path::path(&parts.uri, distribution.default_root_object.as_deref()).map_err(|_| Refused::BadPath)?;
    let behavior = distribution.behavior(&path::plain(&path));
    admit::behavior(distribution, behavior)?;
    admit::protocol(behavior, parts, viewer)?;
    admit::method(behavior, parts, has_body)?;
    admit::signature(shared, site, behavior, parts, viewer).await?;
    let query = key::without_signature(behavior, parts.uri.query().unwrap_or_default());
    Ok(Entry { distribution, behavior, path, query, viewer })
}

impl Entry<'_> {
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
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let asker = Asker {
            address: self.viewer.peer.ip(),
            tls: self.viewer.tls,
            country: self.viewer.country.as_deref(),
            agent: agent.unwrap_or_default(),
        };
        forward::forwarded(self.behavior, parts, &self.path, &self.query, asker)
    }

    /// Whether the answer may be one that was given to somebody else.
    fn is_read(&self, method: &Method) -> bool {
        matches!(*method, Method::GET | Method::HEAD) || self.behavior.caches(method.as_str())
    }

    fn name(&self, method: &Method, headers: &HeaderMap) -> CopyName {
        key::name(&self.distribution.id, self.behavior, method, &self.path, &self.query, headers)
    }

    /// From the cache, or through it.
    async fn read(
        &self,
        shared: &Arc<Shared>,
        upstream: &Arc<dyn Upstream>,
        parts: &Parts,
    ) -> Result<Delivered, Refused> {
        let keeps = self.behavior.caches(parts.method.as_str());
        let name = self.name(&parts.method, &parts.headers);
        let range = content::wanted_part(&parts.method, &parts.headers).filter(|_| keeps);
        let here = if keeps { shared.cache.fresh(&name, &parts.headers, range.as_deref()) } else { None };
        let reply = match here {
            Some(reply) => reply,
            None => {
                let request = self.forwarded(parts).ok_or(Refused::BadPath)?;
                let rules = rules(self.distribution, self.behavior, parts, keeps);
                let ask = Ask { name, request, range, upstream: Arc::clone(upstream), rules };
                shared.cache.answer(ask).await.map_err(Refused::of)?
            }
        };
        let rendered = content::render(&parts.method, &parts.headers, &reply.copy);
        let age = (reply.how != How::Missed || reply.age.as_secs() > 0).then_some(reply.age);
        let response = rendered.ok_or(Refused::Gone)?;
        Ok(Delivered { response, how: reply.how, age })
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
        let response = response.map(Body::streamed);
        Ok(Delivered { response, how: How::Missed, age: None })
    }

    /// What the URL means was changed by this very request, and what the answer names was too (RFC 9111 §4.4).
    fn forget(&self, shared: &Shared, parts: &Parts, answer: &HeaderMap) {
        shared.cache.forget(&self.name(&Method::GET, &parts.headers));
        for name in [header::LOCATION, header::CONTENT_LOCATION] {
            let named = answer.get(name).and_then(|url| url.to_str().ok());
            let Some((path, query)) = named.and_then(|url| path::here(url, &self.path, self.viewer)) else {
                continue;
            };
            let behavior = self.distribution.behavior(&path::plain(&path));
            let (id, headers) = (&self.distribution.id, &parts.headers);
            shared.cache.forget(&key::name(id, behavior, &Method::GET, &path, &query, headers));
        }
    }
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
    let behavior = distribution.behavior(&path::plain(&page.path));
    let entry = Entry { distribution, behavior, path: page.path.clone(), query: String::new(), viewer };
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
