//! What every answer carries for its viewer: where it came from, how old it is, who gave it.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use millrace_cache::How;
use millrace_model::web::Behavior;

use super::Viewer;
use super::refused::Refused;
use super::serve::Delivered;
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
    _behavior: &Behavior,
    _request: &Parts,
    viewer: &Viewer,
) -> Response<Body> {
    let Delivered { mut response, how, age } = delivered;
    millrace_web::remove_hop_by_hop(response.headers_mut());
    let word = from_where(how, response.status());
    sign(&mut response, word, age, viewer);
    response
}

/// What a viewer gets who gets nothing of an origin's.
pub(super) fn refusal(refused: &Refused, request: &Parts, viewer: &Viewer) -> Response<Body> {
    tracing::debug!(peer = %viewer.peer, path = request.uri.path(), ?refused, "a web request is refused");
    let text = match request.method {
        Method::HEAD => Bytes::new(),
        _ => Bytes::from(format!("{}\n", refused.words())),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = refused.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    let mut word = "Error from cloudfront";
    if let Refused::ToTls(url) = refused {
        word = "Redirect from cloudfront";
        if let Ok(url) = HeaderValue::from_str(url) {
            headers.insert(header::LOCATION, url);
        }
    }
    sign(&mut response, word, None, viewer);
    if matches!(refused, Refused::TooLarge | Refused::Body) {
        return closing(response, viewer.version);
    }
    response
}

/// Adds what the edge says of itself and of the answer.
fn sign(response: &mut Response<Body>, word: &'static str, age: Option<Duration>, viewer: &Viewer) {
    let headers = response.headers_mut();
    headers.insert(X_CACHE, HeaderValue::from_static(word));
    match age {
        Some(age) => headers.insert(header::AGE, age.as_secs().min(1 << 31).into()),
        None => headers.remove(header::AGE),
    };
    let version = if viewer.version == Version::HTTP_10 { "1.0" } else { "1.1" };
    let via = format!("{version} millrace (Millrace)");
    let before = headers.get(header::VIA).and_then(|via| via.to_str().ok());
    let all = before.map_or(via.clone(), |before| format!("{before}, {via}"));
    if let Ok(via) = HeaderValue::from_str(&all) {
        headers.insert(header::VIA, via);
    }
    headers.insert(X_AMZ_CF_POP, HeaderValue::from_static("MIL50-P1"));
    if let Some(id) = request_id() {
        headers.insert(X_AMZ_CF_ID, id);
    }
}

/// 56 letters of 64, as CloudFront's.
fn request_id() -> Option<HeaderValue> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut random = [0; 54];
    getrandom::fill(&mut random).ok()?;
    let mut id: Vec<u8> = random.iter().map(|byte| LETTERS[usize::from(byte & 63)]).collect();
    id.extend_from_slice(b"==");
    HeaderValue::from_bytes(&id).ok()
}
