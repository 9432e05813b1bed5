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
use super::{Viewer, policy, upgrade};
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
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    millrace_web::remove_hop_by_hop(headers);
    if switches {
        upgrade::says_upgrade(headers);
    }
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
    let page = Page::of(refused, &signs.id);
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

/// What the edge says of itself, anew for each answer.
struct Signs {
    id: String,
    dice: u32,
}

impl Signs {
    /// 56 letters of 64, as CloudFront's are.
    fn new() -> Self {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut random = [0; 54 + 4];
        // Without random numbers nothing here would be alive; an id of the same letters does no harm.
        let _ = getrandom::fill(&mut random);
        let letters = random[..54].iter().map(|byte| char::from(LETTERS[usize::from(byte & 63)]));
        let dice = random.last_chunk().map_or(0, |dice| u32::from_le_bytes(*dice));
        Self { id: letters.chain("==".chars()).collect(), dice }
    }

    /// Adds what the edge says of itself and of the answer.
    fn write(&self, headers: &mut HeaderMap, word: &'static str, age: Option<Duration>, viewer: &Viewer) {
        headers.insert(X_CACHE, HeaderValue::from_static(word));
        match age {
            Some(age) => headers.insert(header::AGE, age.as_secs().min(1 << 31).into()),
            None => headers.remove(header::AGE),
        };
        let version = if viewer.version == Version::HTTP_10 { "1.0" } else { "1.1" };
        let via = format!("{version} millrace (Millrace)");
        let before = headers.get(header::VIA).and_then(|via| via.to_str().ok());
        let all = before.map_or_else(|| via.clone(), |before| format!("{before}, {via}"));
        for (name, value) in
            [(header::VIA, all.as_str()), (X_AMZ_CF_POP, &viewer.location), (X_AMZ_CF_ID, &self.id)]
        {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
    }

    /// Says in `Server-Timing` where an answer came from, behind what the origin says there.
    fn tell_timing(&self, headers: &mut HeaderMap, how: How, location: &str) {
        let from = match how {
            How::Hit | How::Stale => "cdn-cache-hit,cdn-hit-layer;desc=\"EDGE\"",
            How::Refreshed => "cdn-cache-refresh,cdn-upstream-layer;desc=\"Origin\"",
            How::Missed => "cdn-cache-miss,cdn-upstream-layer;desc=\"Origin\"",
        };
        let text = format!("{from},cdn-pop;desc=\"{location}\",cdn-rid;desc=\"{}\"", self.id);
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append("server-timing", value);
        }
    }
}
