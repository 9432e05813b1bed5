//! Objects of any origin, asked for as S3 is asked by HTTP.

use crate::object::{Answer, ObjectInfo, Origin, OriginId, Read, Version};
use crate::refusal::{Refusal, whole};
use crate::upstream::{RequestBody, ResponseBody, Upstream};
use crate::{Error, Kind, key};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use http::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    LAST_MODIFIED, RANGE,
};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use millrace_web::{Ranges, Validators, Verdict, content_range, judge};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// More bytes than any object has; signed numbers hold it too.
const EVERYTHING: Range<u64> = 0..i64::MAX as u64;
/// HTTP's dates have years of four digits.
const LAST_DATE: Duration = Duration::from_secs(253_402_300_799);
/// How often an object may be replaced while it is looked at before that is an error.
const TRIES: usize = 3;

/// Lets a folder, or any [`Origin`], answer requests as S3 would: GET and HEAD, conditions, one range, and S3's XML where
/// it refuses. The key is the path without its first slash, decoded.
///
/// What the origin says of an object in headers is passed on; what it does not say is added: a type by the name's
/// ending, an ETag by the version.
pub struct ObjectsUpstream {
    id: OriginId,
    origin: Arc<dyn Origin>,
    path: String,
}

impl ObjectsUpstream {
    /// Answers for what `origin` has below `path`: empty, or from a slash to no slash.
    pub fn new(origin: Arc<dyn Origin>, path: String) -> Self {
        let id = OriginId::new(format!("{}{path}", origin.id()));
        Self { id, origin, path }
    }

    async fn get(&self, key: &str, headers: &HeaderMap) -> Result<Response<ResponseBody>, Error> {
        let Some(field) = range_field(headers) else { return self.get_whole(key, headers).await };
        for _ in 1..TRIES {
            match self.get_part(key, headers, field).await {
                Err(error) if error.kind == Kind::Changed => {}
                settled => return settled,
            }
        }
        self.get_part(key, headers, field).await
    }

    async fn get_whole(&self, key: &str, headers: &HeaderMap) -> Result<Response<ResponseBody>, Error> {
        let answer = self.origin.read(key, Read::new(EVERYTHING)).await?;
        let found = Found::new(key, &answer.object);
        let refusal = found.refusal(&Method::GET, found.judge(&Method::GET, headers));
        Ok(refusal.unwrap_or_else(|| found.response(None, body(answer))))
    }

    /// Looks first, since what a range means depends on the length, and then reads the part of what was seen.
    async fn get_part(
        &self,
        key: &str,
        headers: &HeaderMap,
        field: &str,
    ) -> Result<Response<ResponseBody>, Error> {
        let object = self.origin.read(key, Read::new(0..1)).await?.object;
        let found = Found::new(key, &object);
        let verdict = found.judge(&Method::GET, headers);
        if let Some(refusal) = found.refusal(&Method::GET, verdict) {
            return Ok(refusal);
        }
        let part = match Ranges::parse(field, object.length) {
            _ if verdict == Verdict::SendWhole => None,
            Ranges::Unsatisfiable => return Ok(found.no_such_range()),
            Ranges::One(part) => Some(part),
            // As S3 does.
            Ranges::Whole | Ranges::Several(_) => None,
        };
        let wanted = part.clone().unwrap_or(EVERYTHING);
        let answer = self.origin.read(key, Read::pinned(wanted, object.version)).await?;
        Ok(found.response(part, body(answer)))
    }

    async fn head(&self, key: &str, headers: &HeaderMap) -> Result<Response<ResponseBody>, Error> {
        let object = self.origin.read(key, Read::new(0..1)).await?.object;
        let found = Found::new(key, &object);
        let refusal = found.refusal(&Method::HEAD, found.judge(&Method::HEAD, headers));
        Ok(refusal.unwrap_or_else(|| found.response(None, whole(Bytes::new()))))
    }
}

#[async_trait]
impl Upstream for ObjectsUpstream {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn ask(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, Error> {
        let (method, headers) = (request.method(), request.headers());
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut refused = Refusal::METHOD_NOT_ALLOWED.answer(method, None);
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Ok(refused);
        }
        let path = format!("{}{}", self.path, request.uri().path());
        let Some(key) = key::of_path(&path) else {
            return Ok(Refusal::NO_SUCH_KEY.answer(method, None));
        };
        let answer = match *method {
            Method::HEAD => self.head(&key, headers).await,
            _ => self.get(&key, headers).await,
        };
        answer.or_else(|error| match error.kind {
            Kind::Missing | Kind::BadKey => Ok(Refusal::NO_SUCH_KEY.answer(method, Some(&key))),
            Kind::Forbidden => Ok(Refusal::ACCESS_DENIED.answer(method, None)),
            _ => Err(error),
        })
    }
}

/// An object, and the fields that describe it.
struct Found {
    length: u64,
    fields: HeaderMap,
}

impl Found {
    fn new(key: &str, object: &ObjectInfo) -> Self {
        let mut fields = HeaderMap::new();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(key)));
        fields.insert(ETAG, etag(&object.version));
        if let Some(date) = object.last_modified.and_then(date) {
            fields.insert(LAST_MODIFIED, date);
        }
        fields.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let mut said = object.headers.clone();
        millrace_web::remove_hop_by_hop(&mut said);
        fields.extend(said);
        fields.remove(CONTENT_LENGTH);
        fields.remove(CONTENT_RANGE);
        Self { length: object.length, fields }
    }

    fn judge(&self, method: &Method, request: &HeaderMap) -> Verdict {
        judge(method, request, &Validators::of(&self.fields))
    }

    /// What is answered to who has it already, or means another version.
    fn refusal(&self, method: &Method, verdict: Verdict) -> Option<Response<ResponseBody>> {
        match verdict {
            Verdict::Send | Verdict::SendWhole => None,
            Verdict::Failed => Some(Refusal::PRECONDITION_FAILED.answer(method, None)),
            Verdict::NotModified => {
                let mut response = Response::new(whole(Bytes::new()));
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                *response.headers_mut() = self.fields.clone();
                Some(response)
            }
        }
    }

    /// All of it, or a part.
    fn response(self, part: Option<Range<u64>>, body: ResponseBody) -> Response<ResponseBody> {
        let sent = part.as_ref().map_or(self.length, |part| part.end - part.start);
        let mut response = Response::new(body);
        *response.headers_mut() = self.fields;
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(sent));
        if let Some(part) = part {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set_content_range(&mut response, &content_range(&part, self.length));
        }
        response
    }

    fn no_such_range(&self) -> Response<ResponseBody> {
        let mut response = Refusal::INVALID_RANGE.answer(&Method::GET, None);
        set_content_range(&mut response, &format!("bytes */{}", self.length));
        response
    }
}

fn set_content_range(response: &mut Response<ResponseBody>, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
}

/// The one `Range` field. Several make no sense, and mean the whole.
fn range_field(headers: &HeaderMap) -> Option<&str> {
    let mut fields = headers.get_all(RANGE).iter();
    let field = fields.next()?.to_str().ok()?;
    fields.next().is_none().then_some(field)
}

fn body(answer: Answer) -> ResponseBody {
    StreamBody::new(answer.body.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

/// A version that is an ETag as it is, and any other as a hash: a file's tells more of the machine than viewers need.
fn etag(version: &Version) -> HeaderValue {
    let version = version.as_str();
    let opaque = version.strip_prefix("W/").unwrap_or(version);
    let is_tag = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
    HeaderValue::from_str(version).ok().filter(|_| is_tag).unwrap_or_else(|| hashed(version))
}

/// As long as S3's are.
fn hashed(version: &str) -> HeaderValue {
    let hash = Sha256::digest(version.as_bytes());
    let digits = hash.iter().take(16).fold(String::new(), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    HeaderValue::from_str(&format!("\"{digits}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// None before 1970 and after 9999: files may bear any time.
fn date(time: SystemTime) -> Option<HeaderValue> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let text = (since <= LAST_DATE).then(|| httpdate::fmt_http_date(time))?;
    HeaderValue::from_str(&text).ok()
}

/// What a name's ending says. S3's word for anything else.
fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        // The list has the broadcasters' words for these, or none.
        Some("ts") => "video/mp2t",
        Some("m4s") => "video/iso.segment",
        Some("m3u8") => "application/vnd.apple.mpegurl",
        Some("f4v") => "video/mp4",
        _ => mime_guess::from_path(key).first_raw().unwrap_or("binary/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_that_players_expect() {
        for (key, expected) in [
            ("a/film.mp4", "video/mp4"),
            ("a.MP4", "video/mp4"),
            ("live/1.ts", "video/mp2t"),
            ("live/1.m4s", "video/iso.segment"),
            ("live.m3u8", "application/vnd.apple.mpegurl"),
            ("live.mpd", "application/dash+xml"),
            ("a.flv", "video/x-flv"),
            ("player.swf", "application/x-shockwave-flash"),
            ("index.html", "text/html"),
            ("player.js", "text/javascript"),
            ("player.wasm", "application/wasm"),
            ("de.vtt", "text/vtt"),
            ("crossdomain.xml", "text/xml"),
            ("README", "binary/octet-stream"),
            ("a.unheard", "binary/octet-stream"),
            ("a.html/b", "binary/octet-stream"),
        ] {
            assert_eq!(content_type(key), expected, "{key}");
        }
    }

    #[test]
    fn versions_become_tags() {
        for tag in ["\"1\"", "W/\"1\"", "\"\""] {
            assert_eq!(etag(&Version::new(tag)), tag);
        }
        let tag = etag(&Version::new("1700000000.5-10-77"));
        assert_eq!((tag.len(), etag(&Version::new("\"")) == tag), (34, false));
        assert!(!format!("{tag:?}").contains("1700000000"));
        assert_ne!(tag, etag(&Version::new("1700000000.5-10-78")));
    }

    #[test]
    fn times_that_http_can_not_write_are_left_out() {
        let after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(date(after(784_111_777)).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert!(date(after(253_402_300_799)).is_some() && date(after(253_402_300_800)).is_none());
        assert!(date(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).is_none());
    }
}
