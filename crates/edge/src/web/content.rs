//! From a copy to what one viewer gets of it: all, a part, several parts, or the word that he has it already.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::Frame;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use millrace_cache::{ContentBody, Copy};
use millrace_web::{Ranges, Validators, Verdict, content_range, judge, multipart_head, multipart_tail};

use crate::http::Body;

/// Fields that say what the bytes are; 304 leaves them out, so that nobody takes them for those of what he has.
const OF_BYTES: [HeaderName; 4] =
    [header::CONTENT_LENGTH, header::CONTENT_RANGE, header::CONTENT_ENCODING, header::CONTENT_TYPE];

/// Fields that are added to those of a copy: room for them at once.
const ADDED: usize = 8;

/// The `Range` of a viewer for whom a part is enough to ask the origin for: a single one. Everything else is cut from the
/// whole.
pub(super) fn wanted_part<'r>(method: &Method, request: &'r HeaderMap) -> Option<&'r str> {
    let range = single(request, header::RANGE)?;
    let plain = *method == Method::GET
        && !request.contains_key(header::IF_RANGE)
        && !range.contains(',')
        && matches!(Ranges::parse(range, u64::MAX), Ranges::One(_));
    plain.then_some(range)
}

fn single(fields: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut lines = fields.get_all(name).iter();
    let line = lines.next()?.to_str().ok()?;
    lines.next().is_none().then_some(line)
}

/// What a viewer gets. None: the beginning of the bytes is gone, since they were for somebody else.
pub(super) fn render(method: &Method, request: &HeaderMap, copy: &Copy) -> Option<Response<Body>> {
    if copy.status() != StatusCode::OK {
        return whole(method, copy, copy.status());
    }
    match judge(method, request, &validators(copy)) {
        Verdict::NotModified => Some(not_modified(copy)),
        Verdict::Failed => Some(empty(copy, StatusCode::PRECONDITION_FAILED)),
        Verdict::SendWhole => whole(method, copy, StatusCode::OK),
        Verdict::Send => match (single(request, header::RANGE), copy.length()) {
            (Some(range), Some(length)) if matches!(*method, Method::GET | Method::HEAD) => {
                ranged(method, copy, range, length)
            }
            _ => whole(method, copy, StatusCode::OK),
        },
    }
}

/// How the copy can be told from others. What was made later than the viewer's copy may be new to him; what was not is not
/// (RFC 9111 §4.3.2).
fn validators(copy: &Copy) -> Cow<'_, Validators> {
    let validators = copy.validators();
    if validators.last_modified.is_some() {
        return Cow::Borrowed(validators);
    }
    Cow::Owned(Validators { last_modified: date(copy.headers()), ..validators.clone() })
}

fn date(headers: &HeaderMap) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()
}

fn ranged(method: &Method, copy: &Copy, range: &str, length: u64) -> Option<Response<Body>> {
    match Ranges::parse(range, length) {
        Ranges::Whole => whole(method, copy, StatusCode::OK),
        Ranges::Unsatisfiable => {
            let mut response = empty(copy, StatusCode::RANGE_NOT_SATISFIABLE);
            response.headers_mut().insert(header::CONTENT_RANGE, text(format!("bytes */{length}"))?);
            Some(response)
        }
        Ranges::One(part) => one(method, copy, &part, length),
        Ranges::Several(parts) if copy.part().is_none() => several(method, copy, parts, length),
        Ranges::Several(_) => whole(method, copy, StatusCode::OK),
    }
}

/// One part, or as much of it as is here (RFC 9110 §15.3.7).
fn one(method: &Method, copy: &Copy, wanted: &Range<u64>, length: u64) -> Option<Response<Body>> {
    let here = copy.part().map_or(0..length, |part| part.range.clone());
    let part = wanted.start.max(here.start)..wanted.end.min(here.end);
    let part = if part.is_empty() { here } else { part };
    let body = match *method {
        Method::HEAD => Body::default(),
        _ => Body::copied(copy.range(part.clone())?),
    };
    let mut response = with_head(copy, StatusCode::PARTIAL_CONTENT, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_RANGE, text(content_range(&part, length))?);
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    Some(response)
}

/// Several parts (RFC 9110 §14.6).
fn several(method: &Method, copy: &Copy, parts: Vec<Range<u64>>, length: u64) -> Option<Response<Body>> {
    let kind = copy.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = boundary();
    let heads: Vec<String> = parts.iter().map(|part| multipart_head(&boundary, kind, part, length)).collect();
    let tail = multipart_tail(&boundary);
    let bytes: u64 =
        heads.iter().zip(&parts).map(|(head, part)| head.len() as u64 + part.end - part.start).sum();
    let body = match *method {
        Method::HEAD => Body::default(),
        _ => {
            let bodies: Option<Vec<ContentBody>> =
                parts.iter().map(|part| copy.range(part.clone())).collect();
            Body::streamed(Multipart::new(heads, bodies?, tail.clone()))
        }
    };
    let mut response = with_head(copy, StatusCode::PARTIAL_CONTENT, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, text(format!("multipart/byteranges; boundary={boundary}"))?);
    headers.insert(header::CONTENT_LENGTH, (bytes + tail.len() as u64).into());
    Some(response)
}

/// No 24 letters of a body are expected to be these.
fn boundary() -> String {
    format!(
        "MILLRACE{:08x}{:08x}",
        getrandom::u32().unwrap_or_default(),
        getrandom::u32().unwrap_or_default()
    )
}

fn whole(method: &Method, copy: &Copy, status: StatusCode) -> Option<Response<Body>> {
    // Only a part is here, and the whole was meant: as much as there is, named as what it is.
    if let Some(part) = copy.part() {
        return one(method, copy, &part.range.clone(), part.of);
    }
    let body = match *method {
        Method::HEAD => Body::default(),
        _ => Body::copied(copy.all()?),
    };
    let mut response = with_head(copy, status, body);
    if let Some(length) = copy.length() {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    Some(response)
}

fn not_modified(copy: &Copy) -> Response<Body> {
    let mut response = with_head(copy, StatusCode::NOT_MODIFIED, Body::default());
    for name in OF_BYTES {
        response.headers_mut().remove(name);
    }
    response
}

/// A refusal that is about the copy, without its bytes.
fn empty(copy: &Copy, status: StatusCode) -> Response<Body> {
    let mut response = not_modified(copy);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_LENGTH, 0.into());
    response
}

fn with_head(copy: &Copy, status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let mut headers = HeaderMap::with_capacity(copy.headers().len() + ADDED);
    for (name, value) in copy.headers() {
        headers.append(name.clone(), value.clone());
    }
    *response.headers_mut() = headers;
    response
}

fn text(text: String) -> Option<HeaderValue> {
    HeaderValue::try_from(text).ok()
}

/// Parts with what stands in front of each, one after the other.
struct Multipart {
    parts: VecDeque<(Option<Bytes>, Option<ContentBody>)>,
}

impl Multipart {
    fn new(heads: Vec<String>, bodies: Vec<ContentBody>, tail: String) -> Self {
        let parts = heads.into_iter().zip(bodies).map(|(head, body)| (Some(head.into()), Some(body)));
        Self { parts: parts.chain([(Some(tail.into()), None)]).collect() }
    }
}

impl hyper::body::Body for Multipart {
    type Data = Bytes;
    type Error = millrace_cache::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            let Some((head, body)) = self.parts.front_mut() else { return Poll::Ready(None) };
            if let Some(head) = head.take() {
                return Poll::Ready(Some(Ok(Frame::data(head))));
            }
            let frame = match body {
                Some(body) => ready!(Pin::new(body).poll_frame(context)),
                None => None,
            };
            match frame {
                Some(frame) => return Poll::Ready(Some(frame)),
                None => drop(self.parts.pop_front()),
            }
        }
    }
}
