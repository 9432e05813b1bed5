//! What is asked of a store by HTTP, and its answer checked against that.

use crate::body::{self, Excess};
use crate::object::{Answer, Body, ObjectInfo, OriginId, Read, Version};
use crate::{Error, Kind};
use futures::StreamExt;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode, response};
use std::ops::Range;

/// The most of an error document that is read to find its code.
const LONGEST_ERROR: usize = 16 * 1024;

/// Fields that a store sends with every answer and that are another time's or another request's the next time.
const TRANSFER: [&str; 6] =
    ["content-length", "content-range", "accept-ranges", "date", "x-amz-request-id", "x-amz-id-2"];

/// Which ETags name a version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tags {
    /// Any: the store is known to give the same one to the same bytes only.
    Any,
    /// Strong ones: of any other server's, a weak one may stand for different bytes (RFC 9110 section 8.8.1).
    Strong,
}

/// What was asked, to check the answer against and to name it in errors.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) id: OriginId,
    pub(crate) key: String,
    pub(crate) range: Range<u64>,
    pub(crate) pinned: Option<Version>,
    tags: Tags,
}

impl Question {
    /// # Errors
    /// When nothing is asked for.
    pub(crate) fn new(id: &OriginId, key: &str, read: Read, tags: Tags) -> Result<Self, Error> {
        let Read { range, pinned } = read;
        let question = Self { id: id.clone(), key: key.into(), range, pinned, tags };
        match question.range.is_empty() {
            true => Err(question.error(Kind::Internal).with_detail("an empty range was asked")),
            false => Ok(question),
        }
    }

    pub(crate) fn error(&self, kind: Kind) -> Error {
        Error::new(kind, &self.id, &self.key)
    }

    fn wrong(&self, detail: &str) -> Error {
        self.error(Kind::WrongLength).with_detail(detail)
    }

    /// The fields that ask for the range of the pinned version.
    pub(crate) fn fields(&self) -> Result<HeaderMap, Error> {
        let mut fields = self.fields_for_whole()?;
        let Range { start, end } = self.range;
        fields.insert(header::RANGE, self.field(&format!("bytes={start}-{}", end.saturating_sub(1)))?);
        Ok(fields)
    }

    /// Those that ask for the pinned version, whole.
    ///
    /// A weak ETag never matches in `If-Match` (RFC 9110 section 13.1.1); the answer's own is compared anyway.
    pub(crate) fn fields_for_whole(&self) -> Result<HeaderMap, Error> {
        let mut fields = HeaderMap::new();
        if let Some(pinned) = self.pinned.as_ref().filter(|version| !is_weak(version.as_str())) {
            fields.insert(header::IF_MATCH, self.field(pinned.as_str())?);
        }
        Ok(fields)
    }

    fn field(&self, text: &str) -> Result<HeaderValue, Error> {
        HeaderValue::from_str(text).map_err(|error| self.error(Kind::Internal).with_detail(error))
    }

    /// Whether the refusal of a range from byte 0 means that there are no bytes at all. No range of an empty object
    /// exists, and the refusal carries no version: ask again without a range.
    pub(crate) fn is_of_nothing<B>(&self, response: &Response<B>) -> bool {
        response.status() == StatusCode::RANGE_NOT_SATISFIABLE && self.range.start == 0
    }

    /// Turns the response into an answer or an error.
    pub(crate) async fn accept(self, response: Response<Body>) -> Result<Answer, Error> {
        let (parts, body) = response.into_parts();
        match parts.status {
            StatusCode::PARTIAL_CONTENT => self.partial(&parts, body),
            StatusCode::OK => self.whole(&parts, body),
            _ => Err(self.refused(&parts, body).await),
        }
    }

    fn partial(self, parts: &response::Parts, body: Body) -> Result<Answer, Error> {
        let text =
            text(&parts.headers, header::CONTENT_RANGE).ok_or_else(|| self.wrong("no Content-Range"))?;
        let (range, length) = content_range(&text).ok_or_else(|| self.wrong("unreadable Content-Range"))?;
        if range != (self.range.start..self.range.end.min(length)) {
            return Err(self.wrong(&format!("asked for bytes {:?}, got {text}", self.range)));
        }
        self.check_body_length(&parts.headers, range.end - range.start)?;
        let object = self.object(&parts.headers, length)?;
        Ok(self.answer(object, range, body, Excess::Refuse))
    }

    /// A store may ignore the range and send everything; that serves a reader at the beginning.
    fn whole(self, parts: &response::Parts, body: Body) -> Result<Answer, Error> {
        let length = text(&parts.headers, header::CONTENT_LENGTH)
            .and_then(|length| length.parse::<u64>().ok())
            .ok_or_else(|| self.wrong("no Content-Length"))?;
        if self.range.start > 0 {
            return Err(self.wrong("the origin does not know ranges"));
        }
        let object = self.object(&parts.headers, length)?;
        let range = 0..self.range.end.min(length);
        Ok(self.answer(object, range, body, Excess::Cut))
    }

    fn answer(self, object: ObjectInfo, range: Range<u64>, body: Body, excess: Excess) -> Answer {
        let body = body::exact(body, range.clone(), excess, self.id, self.key);
        Answer { object, range, body }
    }

    fn check_body_length(&self, headers: &HeaderMap, expected: u64) -> Result<(), Error> {
        match text(headers, header::CONTENT_LENGTH).map(|length| length.parse::<u64>()) {
            None => Ok(()),
            Some(Ok(length)) if expected == length => Ok(()),
            _ => Err(self.wrong("Content-Length and Content-Range disagree")),
        }
    }

    fn object(&self, headers: &HeaderMap, length: u64) -> Result<ObjectInfo, Error> {
        let tag = text(headers, header::ETAG).filter(|tag| !tag.is_empty());
        let tag = tag.ok_or_else(|| self.error(Kind::NoVersion))?;
        if self.tags == Tags::Strong && is_weak(&tag) {
            return Err(self.error(Kind::NoVersion).with_detail("the ETag is a weak one"));
        }
        let version = Version::new(tag);
        if self.pinned.as_ref().is_some_and(|pinned| *pinned != version) {
            return Err(self.error(Kind::Changed).with_offset(self.range.start));
        }
        let modified = text(headers, header::LAST_MODIFIED);
        let last_modified = modified.and_then(|date| httpdate::parse_http_date(&date).ok());
        Ok(ObjectInfo { version, length, last_modified, headers: of_object(headers) })
    }

    async fn refused(&self, parts: &response::Parts, body: Body) -> Error {
        let document = error_document(body).await;
        let code = tag(&document, "Code");
        let kind = kind(parts.status, code);
        let mut error = self.error(kind).with_answer(parts.status.as_u16(), code);
        if let Some(region) = text(&parts.headers, HeaderName::from_static("x-amz-bucket-region")) {
            error = error.with_detail(format!("the bucket is in region {region}"));
        } else if let Some(message) = tag(&document, "Message") {
            error = error.with_detail(message.chars().take(200).collect::<String>());
        }
        if matches!(kind, Kind::PastEnd | Kind::Changed) {
            error.with_offset(self.range.start)
        } else {
            error
        }
    }
}

/// What a refusal means. The code decides where the status is ambiguous.
fn kind(status: StatusCode, code: Option<&str>) -> Kind {
    match (status.as_u16(), code.unwrap_or_default()) {
        (
            _,
            "NoSuchBucket" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken",
        )
        | (
            _,
            "RequestTimeTooSkewed"
            | "AuthorizationHeaderMalformed"
            | "PermanentRedirect"
            | "TemporaryRedirect",
        )
        | (300..=399, _) => Kind::Misconfigured,
        (_, "SlowDown" | "RequestLimitExceeded" | "Throttling") | (429 | 503, _) => Kind::Throttled,
        (408, _) | (_, "RequestTimeout") => Kind::Timeout,
        (404 | 410, _) => Kind::Missing,
        (401 | 403, _) => Kind::Forbidden,
        (412, _) => Kind::Changed,
        (416, _) => Kind::PastEnd,
        (400..=499, _) => Kind::Misconfigured,
        _ => Kind::Unavailable,
    }
}

/// Reads `bytes <first>-<last>/<length>`.
fn content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, length) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, length): (u64, u64, u64) =
        (first.parse().ok()?, last.parse().ok()?, length.parse().ok()?);
    (first <= last && last < length).then(|| (first..last + 1, length))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

/// What is said of the object, and not of this transfer of some of its bytes.
fn of_object(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    millrace_web::remove_hop_by_hop(&mut kept);
    for name in TRANSFER {
        kept.remove(name);
    }
    kept
}

fn is_weak(tag: &str) -> bool {
    tag.starts_with("W/") || tag.starts_with("w/")
}

async fn error_document(mut body: Body) -> String {
    let mut document = Vec::new();
    while let Some(Ok(piece)) = body.next().await {
        document.extend_from_slice(&piece);
        if document.len() >= LONGEST_ERROR {
            break;
        }
    }
    String::from_utf8_lossy(&document).into_owned()
}

/// The text of the first element of that name; enough for S3's flat error documents.
fn tag<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(text, _)| text)
}

/// An error and all its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        assert_eq!(content_range("bytes 0-9/100"), Some((0..10, 100)));
        for wrong in ["bytes 9-0/100", "bytes 0-100/100", "bytes 0-9/*", "bytes */9", "0-9/100", "bytes 0-9"]
        {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn codes_decide_where_a_status_is_ambiguous() {
        let kind = |status, code| kind(StatusCode::from_u16(status).unwrap(), code);
        assert_eq!(kind(403, Some("AccessDenied")), Kind::Forbidden);
        assert_eq!(kind(403, Some("SignatureDoesNotMatch")), Kind::Misconfigured);
        assert_eq!(kind(404, Some("NoSuchKey")), Kind::Missing);
        assert_eq!(kind(404, Some("NoSuchBucket")), Kind::Misconfigured);
        assert_eq!(kind(400, Some("RequestTimeout")), Kind::Timeout);
        assert_eq!(kind(301, None), Kind::Misconfigured);
        assert_eq!(kind(500, Some("InternalError")), Kind::Unavailable);
        assert_eq!(kind(503, None), Kind::Throttled);
    }
}
