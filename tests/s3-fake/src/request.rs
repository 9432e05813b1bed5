//! Reads requests from a connection.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::io;
use std::ops::Range;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest request head.
const LONGEST: usize = 16 * 1024;

/// What a client asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as sent.
    pub(crate) path: String,
    /// What is behind `?`, as sent.
    pub(crate) query: String,
    /// `bucket/key`, decoded.
    pub(crate) key: String,
    pub(crate) range: Option<Range<u64>>,
    pub(crate) if_match: Option<String>,
    pub(crate) signed: bool,
    pub(crate) headers: HeaderMap,
}

/// The next request, or `None` when the client has hung up.
pub(crate) async fn next(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // Byte by byte: a test server need not be fast, and a client that pipelines is left its next request.
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
        if head.len() > LONGEST {
            return Err(io::Error::other("the request is too long"));
        }
    }
    Ok(Some(parse(&String::from_utf8_lossy(&head))))
}

fn parse(head: &str) -> Request {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let key = decode(path.strip_prefix('/').unwrap_or(&path));
    let mut request = Request { method, path, query, key, ..Request::default() };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            request.headers.append(name, value);
        }
        match name.to_ascii_lowercase().as_str() {
            "range" => request.range = range(value),
            "if-match" => request.if_match = Some(value.to_owned()),
            "authorization" => request.signed = true,
            _ => {}
        }
    }
    request
}

fn range(value: &str) -> Option<Range<u64>> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    Some(first.parse().ok()?..last.parse::<u64>().ok()? + 1)
}

fn decode(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| hex(after)).flatten();
        bytes.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_with_its_key_decoded() {
        let head = "GET /b/a%20b%2B//%C3%A9?x HTTP/1.1\r\nRange: bytes=5-9\r\nIF-MATCH: \"t\"\r\nauthorization: x\r\n\r\n";
        let request = parse(head);
        assert_eq!((request.key.as_str(), request.path.as_str()), ("b/a b+//é", "/b/a%20b%2B//%C3%A9"));
        assert_eq!(
            (request.range, request.if_match.as_deref(), request.signed),
            (Some(5..10), Some("\"t\""), true)
        );
    }
}
