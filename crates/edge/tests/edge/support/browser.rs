//! A viewer of a web distribution: what is sent is what the test says, and what comes is told whole or cut.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{House, WEB_HOST};

/// How long something may take that has no reason to take any time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came in answer to a request.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    /// Everything up to the empty line, without it.
    pub(crate) head: String,
    /// Without what framed it.
    pub(crate) body: Bytes,
    /// Whether the body ended as its head said.
    pub(crate) whole: bool,
}

impl Got {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line")
    }

    /// The values of a header, in the order of its lines.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The value of a header that is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values = self.headers(name);
        assert!(values.len() < 2, "{name} is there twice: {self:?}");
        values.first().copied()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// Where it came from: what stands in `X-Cache` in front of the name.
    pub(crate) fn from(&self) -> &str {
        self.header("X-Cache").and_then(|line| line.strip_suffix(" from cloudfront")).expect("X-Cache")
    }
}

/// Asks a web distribution, on a connection that ends with the answer. `first` is method, target and version, `lines` end
/// with CR LF each.
pub(crate) async fn ask(house: &House, first: &str, lines: &str, body: &[u8]) -> Got {
    ask_with(house, &format!("{first}\r\nHost: {WEB_HOST}\r\nConnection: close\r\n{lines}\r\n"), body).await
}

/// The same with a head that is the test's own.
pub(crate) async fn ask_with(house: &House, head: &str, body: &[u8]) -> Got {
    let mut stream = house.road().socket().await;
    stream.write_all(&[head.as_bytes(), body].concat()).await.expect("the edge reads");
    hear(&mut stream, head.starts_with("HEAD ")).await
}

/// Gets something.
pub(crate) async fn get(house: &House, target: &str, lines: &str) -> Got {
    ask(house, &format!("GET {target} HTTP/1.1"), lines, b"").await
}

/// An answer, up to the end of its connection.
pub(crate) async fn hear(stream: &mut TcpStream, is_head: bool) -> Got {
    let mut heard = Vec::new();
    // A reset is an end like another; what came before it counts.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut heard)).await.expect("the edge answers and closes");
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| {
        panic!("no head came, but {:?}", String::from_utf8_lossy(&heard));
    });
    let head = String::from_utf8(heard[..end].to_vec()).expect("a head is text");
    let mut got = Got { head, body: Bytes::new(), whole: true };
    let rest = &heard[end + 4..];
    if is_head || matches!(got.status(), 204 | 304) {
        assert!(rest.is_empty(), "bytes where there is no body: {got:?} {rest:?}");
    } else if got.header("Transfer-Encoding").is_some() {
        (got.body, got.whole) = dechunked(rest);
    } else {
        let length = got.header("Content-Length").map(|length| length.parse::<usize>().expect("a number"));
        got.whole = length.is_none_or(|length| length == rest.len());
        got.body = rest.to_vec().into();
    }
    got
}

/// What is in chunks, and whether the last one came.
fn dechunked(mut bytes: &[u8]) -> (Bytes, bool) {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size =
            std::str::from_utf8(&bytes[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let (size, rest) = (size.expect("the size of a chunk"), &bytes[end + 2..]);
        if size == 0 {
            return (body.into(), rest.ends_with(b"\r\n"));
        }
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        let Some(rest) = rest.get(size + 2..) else { break };
        bytes = rest;
    }
    (body.into(), false)
}

/// A client of HTTP/2.
pub(crate) async fn version_2(house: &House) -> http2::SendRequest<Full<Bytes>> {
    let stream = TokioIo::new(house.road().connect().await);
    let (client, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("a handshake");
    tokio::spawn(connection);
    client
}
