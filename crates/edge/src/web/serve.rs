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
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use millrace_cache::{Ask, Bounds, CopyName, ErrorTtls, How, Rules};
use millrace_model::web::{Behavior, Distribution, ERROR_TTL, ErrorPage};
use millrace_origin::{Kind, Upstream};

use super::Viewer;
use super::forward::{self, Asker};
use super::refused::Refused;
use super::{content, finish, key, path};
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
    request: Request<Incoming>,
    viewer: Viewer,
) -> Response<Body> {
    let site = shared.site.load_full();
    let (parts, body) = request.into_parts();
    let entry = match enter(shared, &site, distribution, &parts, &body, &viewer).await {
        Ok(entry) => entry,
        Err(refused) => return finish::refusal(&refused, &parts, &viewer),
    };
    let delivered = match entry.upstream(&site) {
        Some(upstream) if entry.is_read(&parts.method) => entry.read(shared, upstream, &parts).await,
        Some(upstream) => entry.pass(shared, upstream, &parts, body).await,
        None => Err(Refused::NoOrigin),
    };
    let status = delivered.as_ref().map_or_else(Refused::status, |delivered| delivered.response.status());
    let page = distribution.error_rule(status.as_u16()).and_then(|rule| rule.page.as_ref());
    let page = match page {
        Some(page) => entry.error_page(shared, &site, page, &parts).await,
        None => None,
    };
    match (page, delivered) {
        (Some(page), _) => finish::delivered(page, entry.behavior, &parts, &viewer),
        (None, Ok(delivered)) => finish::delivered(delivered, entry.behavior, &parts, &viewer),
        (None, Err(refused)) => finish::refusal(&refused, &parts, &viewer),
    }
}

/// Decides whether a request is served, and how.
async fn enter<'d>(
    shared: &Arc<Shared>,
    site: &Site,
    distribution: &'d Distribution,
    parts: &Parts,
    body: &Incoming,
    viewer: &'d Viewer,
) -> Result<Entry<'d>, Refused> {
    super::admit::size(parts)?;
    let path =
        path::path(&parts.uri, distribution.default_root_object.as_deref()).map_err(|_| Refused::BadPath)?;
    let behavior = distribution.behavior(&path::plain(&path));
    super::admit::behavior(distribution, behavior)?;
    super::admit::protocol(behavior, parts, viewer)?;
    super::admit::method(behavior, parts, body)?;
    super::admit::signature(shared, site, behavior, parts, viewer).await?;
    let query = key::without_signature(behavior, parts.uri.query().unwrap_or_default());
    Ok(Entry { distribution, behavior, path, query, viewer })
}

impl Entry<'_> {
    fn upstream<'s>(&self, site: &'s Site) -> Option<&'s Arc<dyn Upstream>> {
        site.upstreams.get(&self.distribution.id)?.get(&self.behavior.target)
    }

    /// Whether the answer may be one that was given to somebody else.
    fn is_read(&self, method: &Method) -> bool {
        matches!(*method, Method::GET | Method::HEAD) || self.behavior.caches(method.as_str())
    }

    fn asker(&self) -> Asker<'_> {
        Asker { address: self.viewer.peer.ip(), tls: self.viewer.tls, country: None }
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
        let request = forward::forwarded(self.behavior, parts, &self.path, &self.query, self.asker());
        let ask = Ask {
            name: self.name(&parts.method, &parts.headers),
            request: request.ok_or(Refused::BadPath)?,
            range: content::wanted_part(&parts.method, &parts.headers).filter(|_| keeps),
            upstream: Arc::clone(upstream),
            rules: rules(self.distribution, self.behavior, parts, keeps),
        };
        let reply = shared.cache.answer(ask.clone()).await.map_err(Refused::of)?;
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
        body: Incoming,
    ) -> Result<Delivered, Refused> {
        let request = forward::forwarded(self.behavior, parts, &self.path, &self.query, self.asker());
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

    /// The distribution's own page for an error; none if that can't be had either.
    async fn error_page(
        &self,
        shared: &Arc<Shared>,
        site: &Site,
        page: &ErrorPage,
        parts: &Parts,
    ) -> Option<Delivered> {
        let behavior = self.distribution.behavior(&path::plain(&page.path));
        let entry = Entry {
            distribution: self.distribution,
            behavior,
            path: page.path.clone(),
            query: String::new(),
            viewer: self.viewer,
        };
        let mut plain = parts.clone();
        plain.method = if parts.method == Method::HEAD { Method::HEAD } else { Method::GET };
        for name in [
            header::RANGE,
            header::IF_RANGE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::IF_MODIFIED_SINCE,
            header::IF_UNMODIFIED_SINCE,
        ] {
            plain.headers.remove(name);
        }
        let mut delivered = entry.read(shared, entry.upstream(site)?, &plain).await.ok()?;
        if delivered.response.status() != StatusCode::OK {
            return None;
        }
        *delivered.response.status_mut() = StatusCode::from_u16(page.status).ok()?;
        Some(delivered)
    }
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
    fn of(error: millrace_cache::Error) -> Self {
        match error.kind() {
            Kind::Timeout => Self::OriginSilent(error),
            _ => Self::OriginFailed(error),
        }
    }
}
