//! The canonical request: what the maker and the verifier of a signature both see in a request.

use super::{Paths, Payload, Request, hash};
use http::HeaderMap;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode, percent_encode};
use std::borrow::Cow;

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same in a path.
const IN_PATH: &AsciiSet = &RESERVED.remove(b'/');
/// What no HTTP path holds: a line break in it would start a new line here.
const NEVER: &AsciiSet = &CONTROLS.add(b' ');

/// The canonical request. `signed` are names of headers, lower case and sorted.
///
/// Bytes, since the values of headers may be any.
pub(super) fn request(request: &Request<'_>, signed: &[impl AsRef<str>], paths: Paths) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    for part in [request.method, &path(request.path, paths), &query(request.query)] {
        text.extend_from_slice(part.as_bytes());
        text.push(b'\n');
    }
    let names: Vec<&str> = signed.iter().map(AsRef::as_ref).collect();
    for name in &names {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        header(request.headers, name, &mut text);
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(names.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload(request.payload).as_bytes());
    text
}

/// What stands for the body.
pub(super) fn payload(payload: Payload<'_>) -> Cow<'_, str> {
    match payload {
        Payload::Bytes(bytes) => hash::sha256(bytes).into(),
        Payload::Hash(hash) => hash.into(),
    }
}

fn path(path: &str, paths: Paths) -> String {
    match paths {
        Paths::AsSent => percent_encode(or_root(path).as_bytes(), NEVER).to_string(),
        Paths::EncodedAgain => percent_encode(normal(path).as_bytes(), IN_PATH).to_string(),
    }
}

fn or_root(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// Takes out dot segments and empty ones; a slash at the end stays.
fn normal(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

/// Sorted by encoded name, then by encoded value: sorting whole pairs would put `a-b=` before `a=`.
fn query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// A `+` is a blank, as in forms and as AWS reads it; a plus has to come as `%2B`.
fn recode(text: &str) -> String {
    let text = text.replace('+', " ");
    let bytes: Cow<'_, [u8]> = percent_decode(text.as_bytes()).into();
    percent_encode(&bytes, RESERVED).to_string()
}

fn header(headers: &HeaderMap, name: &str, text: &mut Vec<u8>) {
    for (index, value) in headers.get_all(name).iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        let mut words = value.as_bytes().split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty());
        text.extend_from_slice(words.next().unwrap_or_default());
        for word in words {
            text.push(b' ');
            text.extend_from_slice(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn queries_are_decoded_encoded_and_sorted() {
        for (sent, canonical) in [
            ("", ""),
            ("WithTags", "WithTags="),
            ("WithTags=", "WithTags="),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1&a", "a=&a=1&a=2"),
            ("a-b=1&a=1", "a=1&a-b=1"),
            ("a=b=c", "a=b%3Dc"),
            ("a=x+y&b=x%20y&c=x%2By", "a=x%20y&b=x%20y&c=x%2By"),
            ("r=arn:aws:x/y", "r=arn%3Aaws%3Ax%2Fy"),
            ("r=arn%3aaws%3Ax%2fy", "r=arn%3Aaws%3Ax%2Fy"),
            ("%7e=~&%zz=%4&%", "%25=&%25zz=%254&~=~"),
            ("a=%ff%0a&é=1", "%C3%A9=1&a=%FF%0A"),
            ("&a&&b&", "a=&b="),
        ] {
            assert_eq!(query(sent), canonical, "{sent}");
            assert_eq!(query(canonical), canonical, "{sent}");
        }
    }

    #[test]
    fn paths_are_left_alone_for_s3_and_encoded_again_for_others() {
        for (sent, s3, others) in [
            ("", "/", "/"),
            ("/", "/", "/"),
            ("/a%20b", "/a%20b", "/a%2520b"),
            ("/a//b/../c/./", "/a//b/../c/./", "/a/c/"),
            ("/../..", "/../..", "/"),
            ("/a/", "/a/", "/a/"),
            ("/a:b+c", "/a:b+c", "/a%3Ab%2Bc"),
            ("/é\n", "/%C3%A9%0A", "/%C3%A9%0A"),
        ] {
            assert_eq!(path(sent, Paths::AsSent), s3, "{sent}");
            assert_eq!(path(sent, Paths::EncodedAgain), others, "{sent}");
        }
        assert_eq!(Paths::of("s3"), Paths::AsSent);
        assert_eq!(Paths::of("s3-outposts"), Paths::AsSent);
        assert_eq!(Paths::of("cloudfront"), Paths::EncodedAgain);
    }

    #[test]
    fn headers_of_one_name_are_joined_and_blanks_run_together() {
        let mut headers = HeaderMap::new();
        for value in ["  a \t  b  ", "", "\"c   d\""] {
            headers.append(HeaderName::from_static("x"), HeaderValue::from_static(value));
        }
        let mut text = Vec::new();
        header(&headers, "x", &mut text);
        assert_eq!(text, b"a b,,\"c d\"");
    }
}
