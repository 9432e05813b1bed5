//! Asks an upstream, and makes a copy of what it answers.

use super::content::Content;
use super::copy::{Copy, Part, strip};
use super::pour::{self, Pour};
use super::spool::Spool;
use super::{Ask, How, compress};
use crate::cache::Inner;
use crate::fetch::Pinned;
use crate::{BLOCK, Error, Object, ObjectId};
use futures::StreamExt;
use futures::stream;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode, response};
use http_body_util::{BodyExt, Empty};
use millrace_origin::{Answer, Body, ObjectInfo, Origin, RangedOrigin, RequestBody, ResponseBody, Version};
use millrace_web::{Bounds, Directives, Fields, Freshness, Moment, Validators, Variant, may_store, said};
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

/// Blocks that are asked for at once where nothing is known of an object yet: 4 MiB.
const FIRST: u64 = 16;

/// An answer that was fetched.
pub(super) struct Fetched {
    pub(super) copy: Arc<Copy>,
    pub(super) how: How,
    /// Whether others may use it.
    pub(super) kept: bool,
}

/// The head of an answer, and when it was.
struct Answered {
    parts: response::Parts,
    body: ResponseBody,
    moment: Moment,
    /// What had been purged when it was asked for.
    purges: u64,
}

/// Asks, with what is known already as the condition.
pub(super) async fn fetch(inner: &Arc<Inner>, ask: &Ask, known: Option<Arc<Copy>>) -> Result<Fetched, Error> {
    let conditional = known.as_ref().filter(|_| ask.request.method() != Method::HEAD);
    let answered = match question(inner, ask, conditional.map(|copy| &**copy)).await {
        Ok(answered) => answered,
        Err(error) => return excuse(inner, ask, known.as_ref(), StatusCode::GATEWAY_TIMEOUT).ok_or(error),
    };
    let status = answered.parts.status;
    match known {
        Some(known) if status == StatusCode::NOT_MODIFIED && conditional_is(ask) => {
            Ok(confirm(inner, ask, &known, answered))
        }
        Some(known) if status.is_server_error() && !known.status.is_server_error() => {
            match excuse(inner, ask, Some(&known), status) {
                Some(excused) => Ok(excused),
                None => Ok(take(inner, ask, answered)),
            }
        }
        Some(known) if ask.request.method() == Method::HEAD => {
            compare(inner, ask, &known, &answered);
            Ok(take(inner, ask, answered))
        }
        _ => Ok(take(inner, ask, answered)),
    }
}

fn conditional_is(ask: &Ask) -> bool {
    ask.request.method() != Method::HEAD
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
fn bounds(ask: &Ask, status: StatusCode) -> Bounds {
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
fn is_kept(ask: &Ask, parts: &response::Parts, directives: &Directives) -> bool {
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
    let Answered { mut parts, body, moment, purges } = answered;
    let directives = Directives::of(&parts.headers);
    let variant = Variant::of(&parts.headers, ask.request.headers());
    let kept = variant.is_some() && is_kept(ask, &parts, &directives);
    let length = content_length(&parts.headers);
    let part =
        part(&parts).filter(|part| length.is_none_or(|length| length == part.range.end - part.range.start));
    // A part that is not what it says is passed on, and nothing more.
    let kept = kept && (part.is_some() || parts.status != StatusCode::PARTIAL_CONTENT);
    let freshness = Freshness::of(&parts.headers, &directives, bounds(ask, parts.status), moment);
    let press = ask.rules.coding.filter(|_| compress::fits(ask.request.method(), &parts, length));
    let ranges = parts.headers.get(header::ACCEPT_RANGES).is_some_and(|unit| unit.as_bytes() == b"bytes");
    strip(&mut parts.headers);
    if part.is_some() {
        parts.headers.remove(header::CONTENT_RANGE);
    }
    if ask.rules.without_cookies {
        parts.headers.remove(header::SET_COOKIE);
    }
    if let Some(coding) = press {
        compress::change(&mut parts.headers, coding);
    }
    let validators = Validators::of(&parts.headers);
    let status = if part.is_some() { StatusCode::OK } else { parts.status };
    let as_copy = |content, part: Option<Part>, headers: HeaderMap| Copy {
        status,
        validators: validators.clone(),
        headers,
        variant: variant.clone().unwrap_or_default(),
        freshness,
        answered: moment.answered,
        excused: None,
        part,
        content,
    };
    let total = part.as_ref().map(|part| part.of).or(length);
    let strong = validators.strong_etag().filter(|_| {
        kept && press.is_none()
            && (ranges || part.is_some())
            && *ask.request.method() == Method::GET
            && matches!(parts.status.as_u16(), 200 | 206)
    });
    if let (Some(tag), Some(total)) = (strong, total.filter(|total| *total > BLOCK)) {
        let range = part.as_ref().map_or(0..total, |part| part.range.clone());
        let blocks = blocks(inner, ask, Version::new(tag), total, range, body);
        let copy = Arc::new(as_copy(Content::Blocks(blocks), None, parts.headers.clone()));
        inner.copies.put(&ask.name, &copy, ask.request.headers(), purges);
        return Fetched { copy, how: How::Missed, kept: true };
    }
    let part = part.filter(|part| part.range != (0..part.of));
    if *ask.request.method() == Method::HEAD || has_no_body(parts.status) {
        let copy = Arc::new(as_copy(Content::Nothing, None, parts.headers.clone()));
        let kept = kept && *ask.request.method() != Method::HEAD;
        if kept {
            keep(inner, ask, &copy, &directives, purges);
        }
        return Fetched { copy, how: How::Missed, kept };
    }
    let promised = length.filter(|_| press.is_none());
    let fits = promised.is_none_or(|length| length <= inner.config.longest_copy);
    let (spool, door) = Spool::new(kept && fits, inner.config.longest_copy, &inner.filling);
    let copy = Arc::new(as_copy(Content::Coming(Arc::new(door), promised), part, parts.headers.clone()));
    let kept = kept && fits;
    if kept {
        keep(inner, ask, &copy, &directives, purges);
    } else if ask.rules.keeps {
        inner.copies.note_own(&ask.name);
    }
    let source = inner.sources.get(ask.upstream.id());
    let pour = Pour {
        inner: Arc::clone(inner),
        source,
        name: ask.name.clone(),
        copy: Arc::downgrade(&copy),
        spool,
        press,
    };
    tokio::spawn(pour::pour(pour, body));
    Fetched { copy, how: How::Missed, kept }
}

/// Puts a copy where others find it, without the fields that the origin meant for one only.
fn keep(inner: &Inner, ask: &Ask, copy: &Arc<Copy>, directives: &Directives, purges: u64) {
    inner.copies.put(&ask.name, copy, ask.request.headers(), purges);
    let mut named = Vec::new();
    for fields in [&directives.no_cache, &directives.private] {
        if let Fields::Named(names) = fields {
            named.extend(names);
        }
    }
    if !named.is_empty() {
        let mut headers = copy.headers.clone();
        for name in named {
            headers.remove(name);
        }
        let bare = Arc::new(copy.again(headers, copy.freshness, copy.answered));
        inner.copies.replace(&ask.name, &Arc::downgrade(copy), Some(&bare));
    }
}

fn has_no_body(status: StatusCode) -> bool {
    status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Which part a 206 is.
fn part(parts: &response::Parts) -> Option<Part> {
    (parts.status == StatusCode::PARTIAL_CONTENT).then(|| Part::of(&parts.headers)).flatten()
}

/// An object in blocks, of which `range` comes with the answer that told of it.
fn blocks(
    inner: &Arc<Inner>,
    ask: &Ask,
    version: Version,
    length: u64,
    range: Range<u64>,
    body: ResponseBody,
) -> Object {
    let origin: Arc<dyn Origin> = Arc::new(RangedOrigin::new(Arc::clone(&ask.upstream), ask.request.clone()));
    let name = &ask.name;
    let key: Arc<str> = format!("{}\n{}\n{}", name.resource, name.distribution, name.rest).into();
    let id = ObjectId::new(origin.id(), &key, &version);
    let info = Arc::new(ObjectInfo::new(version, length));
    let source = inner.sources.get(origin.id());
    let pinned = Arc::new(Pinned { origin, key, info: Arc::clone(&info), id, source });
    // Only whole blocks can be kept, from the first that begins in it.
    if range.start.is_multiple_of(BLOCK) {
        let first = range.start / BLOCK;
        let end = if range.end == length { length.div_ceil(BLOCK) } else { range.end / BLOCK };
        let blocks = first..end.min(first + FIRST);
        if !blocks.is_empty() {
            let bytes = blocks.start * BLOCK..(blocks.end * BLOCK).min(length);
            let body = first_bytes(body, bytes.end - bytes.start);
            let answer = Answer { object: (*info).clone(), range: bytes, body };
            inner.adopt_run(&pinned, answer, blocks);
        }
    }
    Object::new(Arc::clone(inner), pinned)
}

/// So many bytes of a body, if there are as many: then it ends, and the transfer with it.
fn first_bytes(body: ResponseBody, bytes: u64) -> Body {
    let pieces = stream::try_unfold((body.into_data_stream(), bytes), |(mut pieces, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let Some(mut piece) = pieces.next().await.transpose()? else { return Ok(None) };
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - piece.len() as u64;
        Ok(Some((piece, (pieces, left))))
    });
    pieces.boxed()
}
