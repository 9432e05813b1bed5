//! Asks an upstream, and makes a copy of what it answers.

use super::copy::{Copy, Part, strip};
use super::head::Head;
use super::{Ask, How};
use crate::cache::Inner;
use crate::{BLOCK, Error};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode, response};
use http_body_util::{BodyExt, Empty};
use millrace_origin::{RequestBody, ResponseBody, Version};
use millrace_web::{Bounds, Directives, Freshness, Moment, Validators, may_store, said};
use std::sync::Arc;
use std::time::SystemTime;

/// Blocks that are asked for at once where nothing is known of an object yet: 4 MiB.
pub(super) const FIRST: u64 = 16;

/// An answer that was fetched.
pub(super) struct Fetched {
    pub(super) copy: Arc<Copy>,
    pub(super) how: How,
    /// Whether others may use it.
    pub(super) kept: bool,
}

/// The head of an answer, and when it was.
pub(super) struct Answered {
    pub(super) parts: response::Parts,
    pub(super) body: ResponseBody,
    pub(super) moment: Moment,
    /// What had been purged when it was asked for.
    pub(super) purges: u64,
}

/// Asks, with what is known already as the condition.
pub(super) async fn fetch(inner: &Arc<Inner>, ask: &Ask, known: Option<Arc<Copy>>) -> Result<Fetched, Error> {
    let heads = *ask.request.method() == Method::HEAD;
    let conditional = known.as_ref().filter(|_| !heads);
    let answered = match question(inner, ask, conditional.map(|copy| &**copy)).await {
        Ok(answered) => answered,
        Err(error) => return excuse(inner, ask, known.as_ref(), StatusCode::GATEWAY_TIMEOUT).ok_or(error),
    };
    let status = answered.parts.status;
    match known {
        Some(known) if status == StatusCode::NOT_MODIFIED && !heads => {
            Ok(confirm(inner, ask, &known, answered))
        }
        Some(known) if status.is_server_error() && !known.status.is_server_error() => {
            match excuse(inner, ask, Some(&known), status) {
                Some(excused) => Ok(excused),
                None => Ok(take(inner, ask, answered)),
            }
        }
        Some(known) if heads => {
            compare(inner, ask, &known, &answered);
            Ok(take(inner, ask, answered))
        }
        _ => Ok(take(inner, ask, answered)),
    }
}

/// Sends the request.
async fn question(inner: &Arc<Inner>, ask: &Ask, known: Option<&Copy>) -> Result<Answered, Error> {
    let mut request = ask.request.clone();
    let fields = request.headers_mut();
    let condition = known.is_some_and(|copy| add_condition(fields, copy));
    let range = ask.range.as_deref().filter(|_| !condition && ask.rules.coding.is_none());
    if let Some(range) = range.map(range_for_origin).and_then(|range| HeaderValue::try_from(range).ok()) {
        fields.insert(header::RANGE, range);
    }
    let purges = inner.copies.now();
    let asked = inner.clock.now();
    let source = inner.sources.get(ask.upstream.id());
    source.requests.one();
    inner.metrics.origin_requests.one();
    let (head, ()) = request.into_parts();
    let body: RequestBody = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let response = ask.upstream.ask(Request::from_parts(head, body)).await;
    let (parts, body) = response.inspect_err(|error| inner.count_error(&source, error.kind))?.into_parts();
    Ok(Answered { parts, body, moment: Moment { asked, answered: inner.clock.now() }, purges })
}

/// Lets the origin say that nothing has changed.
fn add_condition(fields: &mut HeaderMap, known: &Copy) -> bool {
    if known.part.is_some() || !known.content.is_open() {
        return false;
    }
    let mut any = false;
    for (from, to) in
        [(header::ETAG, header::IF_NONE_MATCH), (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE)]
    {
        if let Some(value) = known.headers.get(from) {
            fields.insert(to, value.clone());
            any = true;
        }
    }
    any
}

/// The range that is asked for where nothing is known of the whole: blocks around the part that is wanted, or, where those
/// can't be told without the length, that part itself.
fn range_for_origin(wanted: &str) -> String {
    let one = wanted.strip_prefix("bytes=").filter(|list| !list.contains(','));
    let part = one.and_then(|part| part.trim().split_once('-'));
    let first = part.and_then(|(first, _)| first.trim().parse::<u64>().ok());
    let blocks = match (first, part.and_then(|(_, last)| last.trim().parse::<u64>().ok())) {
        (Some(first), Some(last)) if first <= last => {
            first / BLOCK..(last / BLOCK + 1).min((first / BLOCK).saturating_add(FIRST))
        }
        (Some(first), _) => first / BLOCK..(first / BLOCK).saturating_add(FIRST),
        (None, _) => return wanted.to_owned(),
    };
    format!("bytes={}-{}", blocks.start.saturating_mul(BLOCK), (blocks.end.saturating_mul(BLOCK)) - 1)
}

/// The older copy, if it may be used because the origin failed.
fn excuse(inner: &Inner, ask: &Ask, known: Option<&Arc<Copy>>, status: StatusCode) -> Option<Fetched> {
    let known = known?;
    let now = inner.clock.now();
    if !known.freshness.is_usable_on_error(known.since(now)) {
        return None;
    }
    let copy = Arc::new(known.excused(now + ask.rules.errors.get(status)));
    inner.copies.replace(&ask.name, &Arc::downgrade(known), Some(&copy));
    Some(Fetched { copy, how: How::Stale, kept: true })
}

/// Fields that a confirmation does not change: they say what the bytes are (RFC 9111 §3.2).
const OF_BYTES: [header::HeaderName; 5] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ETAG,
    header::HeaderName::from_static("content-md5"),
];

/// What the origin says of a copy it confirms takes the place of what it said before.
fn confirm(inner: &Inner, ask: &Ask, known: &Arc<Copy>, answered: Answered) -> Fetched {
    let mut said = answered.parts.headers;
    strip(&mut said);
    let mut headers = known.headers.clone();
    for name in said.keys().filter(|name| !OF_BYTES.contains(name)) {
        let values: Vec<_> = said.get_all(name).iter().cloned().collect();
        headers.remove(name);
        for value in values {
            headers.append(name.clone(), value);
        }
    }
    let directives = Directives::of(&headers);
    let freshness = Freshness::of(&headers, &directives, bounds(ask, known.status), answered.moment);
    let copy = Arc::new(known.again(headers, freshness, answered.moment.answered));
    inner.copies.put(&ask.name, &copy, ask.request.headers(), answered.purges);
    Fetched { copy, how: How::Refreshed, kept: true }
}

/// What the answer to HEAD says of the copy that GET left: it confirms it, or shows that it is outdated
/// (RFC 9111 §4.3.5).
fn compare(inner: &Inner, ask: &Ask, known: &Arc<Copy>, answered: &Answered) {
    let headers = &answered.parts.headers;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let same = answered.parts.status == known.status
        && Validators::of(headers) == known.validators
        && length.is_none_or(|length: u64| known.length() == Some(length));
    if !same {
        return inner.copies.replace(&ask.name, &Arc::downgrade(known), None);
    }
    let mut headers = headers.clone();
    strip(&mut headers);
    let directives = Directives::of(&headers);
    let freshness = Freshness::of(&headers, &directives, bounds(ask, known.status), answered.moment);
    let copy = Arc::new(known.again(headers, freshness, answered.moment.answered));
    inner.copies.put(&ask.name, &copy, ask.request.headers(), answered.purges);
}

/// The bounds for a status: errors have their own.
pub(super) fn bounds(ask: &Ask, status: StatusCode) -> Bounds {
    let bounds = ask.rules.bounds;
    match status.as_u16() {
        404 | 405 | 414 | 500..=504 => {
            let least = ask.rules.errors.get(status);
            Bounds { min: least, default: least, max: bounds.max.max(least) }
        }
        _ => bounds,
    }
}

/// Whether an answer is kept.
pub(super) fn is_kept(ask: &Ask, parts: &response::Parts, directives: &Directives) -> bool {
    let (method, status) = (ask.request.method(), parts.status);
    let anyway = !ask.rules.bounds.min.is_zero();
    // These are kept by their nature (RFC 9110 §15.1), or since CloudFront does; others only if the origin says so.
    let asks_for_it = match status.as_u16() {
        200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 500..=504 => true,
        416 => false,
        _ => directives.public || said(&parts.headers, directives, SystemTime::now()).is_some(),
    };
    let partial = status == StatusCode::PARTIAL_CONTENT;
    let status = if partial { StatusCode::OK } else { status };
    ask.rules.keeps
        && asks_for_it
        && *method != Method::HEAD
        && (!partial || Part::of(&parts.headers).is_some())
        && may_store(method, ask.request.headers(), status, directives, anyway)
}

/// Makes a copy of an answer, for others if it may be, and lets its bytes come.
fn take(inner: &Arc<Inner>, ask: &Ask, answered: Answered) -> Fetched {
    let (head, body) = Head::of(ask, answered);
    match head.tag() {
        _ if !head.has_body() => head.alone(inner, ask),
        Some((tag, total)) => head.in_blocks(inner, ask, Version::new(tag), total, body),
        None => head.spooled(inner, ask, body),
    }
}
