//! Conditional requests (RFC 9110 §13): whether the client has already what it asks for.

use std::time::SystemTime;

use http::Method;
use http::header::{
    ETAG, HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED, RANGE,
};

/// How a version can be told from others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The entity tag as sent, quotes included.
    pub etag: Option<String>,
    /// When it was changed last.
    pub last_modified: Option<SystemTime>,
}

/// What to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Send what is asked for.
    Send,
    /// Send the whole: the part that is asked for would be one of another version.
    SendWhole,
    /// The client has it: 304.
    NotModified,
    /// It is not the version that the client means: 412.
    Failed,
}

impl Validators {
    /// Those of a response.
    #[must_use]
    pub fn of(response: &HeaderMap) -> Self {
        let etag = response.get(ETAG).map(|etag| String::from_utf8_lossy(etag.as_bytes()).into_owned());
        Self { etag, last_modified: date(response, &LAST_MODIFIED) }
    }

    /// Whether bytes of one answer may be put beside bytes of another (RFC 9110 §8.8.1).
    #[must_use]
    pub fn strong_etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| !etag.starts_with("W/"))
    }

    fn is_listed(&self, list: &str, same: fn(&str, &str) -> bool) -> bool {
        if list.trim() == "*" {
            return true;
        }
        let Some(etag) = &self.etag else { return false };
        tags(list).any(|listed| same(listed, etag))
    }
}

/// Judges a request in the order of RFC 9110 §13.2.2.
#[must_use]
pub fn judge(method: &Method, request: &HeaderMap, version: &Validators) -> Verdict {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if let Some(list) = joined(request, &IF_MATCH) {
        if !version.is_listed(&list, same_strong) {
            return Verdict::Failed;
        }
    } else if let Some(since) = date(request, &IF_UNMODIFIED_SINCE)
        && version.last_modified.is_none_or(|modified| modified > since)
    {
        return Verdict::Failed;
    }
    if let Some(list) = joined(request, &IF_NONE_MATCH) {
        if version.is_listed(&list, same_weak) {
            return if reads { Verdict::NotModified } else { Verdict::Failed };
        }
    } else if let Some(since) = date(request, &IF_MODIFIED_SINCE)
        && reads
        && version.last_modified.is_some_and(|modified| modified <= since)
    {
        return Verdict::NotModified;
    }
    match joined(request, &IF_RANGE) {
        Some(condition) if request.contains_key(RANGE) && !holds(&condition, version) => Verdict::SendWhole,
        _ => Verdict::Send,
    }
}

/// `If-Range`: a strong tag, or the exact date.
fn holds(condition: &str, version: &Validators) -> bool {
    match httpdate::parse_http_date(condition) {
        Ok(date) => version.last_modified == Some(date),
        Err(_) => version.etag.as_deref().is_some_and(|etag| same_strong(condition.trim(), etag)),
    }
}

/// All lines of a field as one.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

/// The tags of a list. Commas may be in them.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let split = list.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    });
    split.map(str::trim).filter(|tag| !tag.is_empty())
}

fn same_strong(a: &str, b: &str) -> bool {
    !a.starts_with("W/") && opaque(a) == opaque(b) && !b.starts_with("W/")
}

fn same_weak(a: &str, b: &str) -> bool {
    opaque(a) == opaque(b)
}

/// The tag itself. Clients and origins forget quotes, and write the mark of a weak one as they like.
fn opaque(tag: &str) -> &str {
    let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
    tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const NEW: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().expect("a header's value"));
        }
        headers
    }

    fn verdict(version: &[(&'static str, &str)], request: &[(&'static str, &str)]) -> Verdict {
        judge(&Method::GET, &headers(request), &Validators::of(&headers(version)))
    }

    #[test]
    fn a_client_that_has_the_version_is_told_so() {
        for (etag, list) in [
            ("\"a\"", "\"a\""),
            ("\"a\"", "\"x\", \"a\", \"y\""),
            ("\"a\"", "*"),
            ("\"a,b\"", "\"x\", \"a,b\""),
            ("W/\"a\"", "\"a\""),
            ("\"a\"", "W/\"a\""),
            ("W/\"a\"", "w/\"a\""),
            ("a", "\"a\""),
            ("\"a\"", "a"),
        ] {
            assert_eq!(
                verdict(&[("etag", etag)], &[("if-none-match", list)]),
                Verdict::NotModified,
                "{etag} {list}"
            );
        }
        assert_eq!(verdict(&[("etag", "\"a\"")], &[("if-none-match", "\"b\"")]), Verdict::Send);
        assert_eq!(verdict(&[("last-modified", OLD)], &[("if-modified-since", OLD)]), Verdict::NotModified);
        assert_eq!(verdict(&[("last-modified", NEW)], &[("if-modified-since", OLD)]), Verdict::Send);
        assert_eq!(verdict(&[("last-modified", OLD)], &[("if-modified-since", "yesterday")]), Verdict::Send);
    }

    #[test]
    fn tags_win_over_dates() {
        let version = [("etag", "\"a\""), ("last-modified", OLD)];
        let request = |list| [("if-none-match", list), ("if-modified-since", OLD)];
        assert_eq!(verdict(&version, &request("\"b\"")), Verdict::Send);
        assert_eq!(verdict(&version, &request("\"a\"")), Verdict::NotModified);
        let request = [("if-match", "\"a\""), ("if-unmodified-since", "Sat, 05 Nov 1994 08:49:37 GMT")];
        assert_eq!(verdict(&version, &request), Verdict::Send);
    }

    #[test]
    fn who_means_another_version_gets_nothing() {
        let version = [("etag", "\"a\""), ("last-modified", NEW)];
        assert_eq!(verdict(&version, &[("if-match", "\"b\"")]), Verdict::Failed);
        assert_eq!(verdict(&version, &[("if-match", "*")]), Verdict::Send);
        assert_eq!(verdict(&[("etag", "W/\"a\"")], &[("if-match", "W/\"a\"")]), Verdict::Failed);
        assert_eq!(verdict(&version, &[("if-unmodified-since", OLD)]), Verdict::Failed);
        assert_eq!(verdict(&version, &[("if-unmodified-since", NEW)]), Verdict::Send);
        let put =
            judge(&Method::PUT, &headers(&[("if-none-match", "*")]), &Validators::of(&headers(&version)));
        assert_eq!(put, Verdict::Failed);
    }

    #[test]
    fn a_part_is_sent_of_the_version_that_the_client_has_a_part_of() {
        let version = [("etag", "\"a\""), ("last-modified", OLD)];
        for (condition, whole) in
            [("\"a\"", false), ("\"b\"", true), ("W/\"a\"", true), (OLD, false), (NEW, true)]
        {
            let expected = if whole { Verdict::SendWhole } else { Verdict::Send };
            let request = [("range", "bytes=0-1"), ("if-range", condition)];
            assert_eq!(verdict(&version, &request), expected, "{condition}");
        }
        assert_eq!(verdict(&version, &[("if-range", "\"b\"")]), Verdict::Send, "no part is asked for");
    }
}
