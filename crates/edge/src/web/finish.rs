//! What every answer carries for its viewer: where it came from, how old it is, who gave it.

use std::time::Duration;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use millrace_cache::How;
use millrace_model::web::Behavior;

use super::errors::Page;
use super::refused::Refused;
use super::serve::Delivered;
use super::{Viewer, policy};
use crate::http::{Body, closing};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_AMZ_CF_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");
const X_AMZ_CF_POP: HeaderName = HeaderName::from_static("x-amz-cf-pop");

/// The words that scripts look for, CloudFront's.
fn from_where(how: How, status: StatusCode) -> &'static str {
    match how {
        _ if status.is_client_error() || status.is_server_error() => "Error from cloudfront",
        How::Hit | How::Stale => "Hit from cloudfront",
        How::Refreshed => "RefreshHit from cloudfront",
        How::Missed => "Miss from cloudfront",
    }
}

/// An answer, as its viewer gets it.
pub(super) fn delivered(
    delivered: Delivered,
    behavior: &Behavior,
    request: &Parts,
    viewer: &Viewer,
) -> Response<Body> {
    let Delivered { mut response, how, age } = delivered;
    let (word, signs) = (from_where(how, response.status()), Signs::new());
    let headers = response.headers_mut();
    policy::apply(&behavior.response, request, headers);
    if policy::is_timed(&behavior.response, request, signs.dice) {
        signs.tell_timing(headers, how, &viewer.location);
    }
    signs.write(headers, word, age, viewer);
    response
}

/// What a viewer gets who gets nothing of an origin's.
pub(super) fn refusal(refused: &Refused, request: &Parts, viewer: &Viewer) -> Response<Body> {
    tracing::debug!(peer = %viewer.peer, path = request.uri.path(), reason = refused.reason(), "a web request is refused");
    let signs = Signs::new();
    let page = Page::of(refused, signs.id());
    let mut response = Response::new(match request.method {
        Method::HEAD => Body::default(),
        _ => Body::from(page.text),
    });
    *response.status_mut() = refused.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(page.kind));
    let mut word = "Error from cloudfront";
    if let Refused::ToTls { url, .. } = refused {
        word = "Redirect from cloudfront";
        if let Ok(url) = HeaderValue::from_str(url) {
            headers.insert(header::LOCATION, url);
        }
    }
    signs.write(headers, word, None, viewer);
    if matches!(refused, Refused::TooLarge | Refused::Body) {
        return closing(response, viewer.version);
    }
    response
}

/// Letters of a request's id, as many as CloudFront's have.
const ID: usize = 56;

/// What edges are called in `Via`, towards viewers of HTTP/1.0 and others.
const VIA_1_0: HeaderValue = HeaderValue::from_static("1.0 millrace (Millrace)");
const VIA_1_1: HeaderValue = HeaderValue::from_static("1.1 millrace (Millrace)");

/// What the edge says of itself, anew for each answer.
struct Signs {
    id: [u8; ID],
    dice: u32,
}

impl Signs {
    /// 54 letters of 64 and two that fill up, as CloudFront's ids look. They tell requests apart and are no secret.
    fn new() -> Self {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        const IN_A_NUMBER: usize = 10;
        let mut id = [b'='; ID];
        for letters in id[..ID - 2].chunks_mut(IN_A_NUMBER) {
            let mut number = fastrand::u64(..);
            for letter in letters {
                *letter = LETTERS[(number & 63) as usize];
                number >>= 6;
            }
        }
        Self { id, dice: fastrand::u32(..) }
    }

    fn id(&self) -> &str {
        std::str::from_utf8(&self.id).unwrap_or_default()
    }

    /// Adds what the edge says of itself and of the answer.
    fn write(&self, headers: &mut HeaderMap, word: &'static str, age: Option<Duration>, viewer: &Viewer) {
        headers.insert(X_CACHE, HeaderValue::from_static(word));
        match age {
            Some(age) => headers.insert(header::AGE, age.as_secs().min(1 << 31).into()),
            None => headers.remove(header::AGE),
        };
        headers.insert(header::VIA, via(headers.get(header::VIA), viewer.version));
        headers.insert(X_AMZ_CF_POP, viewer.location.clone());
        if let Ok(mut id) = HeaderValue::from_bytes(&self.id) {
            // No answer has it again: HTTP/2 need not remember it for the next one, and forget others for it.
            id.set_sensitive(true);
            headers.insert(X_AMZ_CF_ID, id);
        }
    }

    /// Says in `Server-Timing` where an answer came from, behind what the origin says there.
    fn tell_timing(&self, headers: &mut HeaderMap, how: How, location: &HeaderValue) {
        let from = match how {
            How::Hit | How::Stale => "cdn-cache-hit,cdn-hit-layer;desc=\"EDGE\"",
            How::Refreshed => "cdn-cache-refresh,cdn-upstream-layer;desc=\"Origin\"",
            How::Missed => "cdn-cache-miss,cdn-upstream-layer;desc=\"Origin\"",
        };
        let (location, id) = (location.to_str().unwrap_or_default(), self.id());
        let text = format!("{from},cdn-pop;desc=\"{location}\",cdn-rid;desc=\"{id}\"");
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append("server-timing", value);
        }
    }
}

/// Who passed it on: those before us, and us.
fn via(before: Option<&HeaderValue>, version: Version) -> HeaderValue {
    let own = if version == Version::HTTP_10 { VIA_1_0 } else { VIA_1_1 };
    let all = before.and_then(|before| before.to_str().ok()).zip(own.to_str().ok());
    let all = all.and_then(|(before, own)| HeaderValue::try_from(format!("{before}, {own}")).ok());
    all.unwrap_or(own)
}
