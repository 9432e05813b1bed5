//! WebSockets.

use std::time::Duration;

use millrace_edge::Phase;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{in_front_of, sent};
use crate::support::*;

/// The example of RFC 6455 §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A viewer's handshake, with more lines.
fn hello(lines: &str) -> String {
    format!(
        "GET /chat HTTP/1.1\r\nHost: {WEB_HOST}\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

/// An origin's half of it.
fn agreed() -> Do {
    said(
        &format!(
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {ACCEPT}"
        ),
        "",
    )
}

/// A masked frame of text, as viewers send it; and the same as origins do.
fn frames(text: &str) -> (Vec<u8>, Vec<u8>) {
    let (mask, length) = ([0x37, 0xfa, 0x21, 0x3d], text.len() as u8);
    let masked = text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    let viewers = [0x81, 0x80 | length].into_iter().chain(mask).chain(masked).collect();
    (viewers, [&[0x81, length], text.as_bytes()].concat())
}

/// The head of the answer; what stands behind it is left on the stream.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    String::from_utf8(head).expect("a head is text")
}

async fn ended(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await.expect("it ends");
    assert!(rest.is_empty(), "{rest:?}");
}

/// A socket that both sides have agreed on.
async fn open(house: &House) -> TcpStream {
    let mut stream = house.road().socket().await;
    let lines = "Origin: https://a.example\r\nSec-WebSocket-Protocol: chat\r\nX-Other: 1\r\n";
    stream.write_all(hello(lines).as_bytes()).await.expect("the edge reads");
    let head = head(&mut stream).await.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    for line in [
        "upgrade: websocket",
        "connection: upgrade",
        &format!("sec-websocket-accept: {}", ACCEPT.to_ascii_lowercase()),
    ] {
        assert_eq!(head.matches(line).count(), 1, "{line}: {head}");
    }
    assert!(!head.contains("content-length") && !head.contains("transfer-encoding"), "{head}");
    stream
}

#[tokio::test]
async fn frames_go_both_ways_as_they_are_and_the_origin_sees_the_handshake() {
    let server = Server::start(|_, _| vec![agreed(), Do::Echo]).await;
    let house = in_front_of(&server, |_| {}).await;
    let mut stream = open(&house).await;
    let (masked, _) = frames("Hello");
    for _ in 0..3 {
        stream.write_all(&masked).await.expect("the edge reads");
        let mut heard = vec![0; masked.len()];
        stream.read_exact(&mut heard).await.expect("the echo");
        assert_eq!(heard, masked);
    }
    let request = &server.requests()[0];
    for (name, value) in [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-key", KEY),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat"),
        ("origin", "https://a.example"),
    ] {
        assert_eq!(
            sent(request, name).map(str::to_ascii_lowercase),
            Some(value.to_ascii_lowercase()),
            "{request}"
        );
    }
    assert_eq!(sent(request, "x-other"), None, "other rules hold as ever");
}

#[tokio::test]
async fn what_an_origin_says_together_with_the_handshake_comes_through() {
    let (_, text) = frames("first");
    let expected = text.clone();
    let server = Server::start(move |_, _| vec![agreed(), Do::Say(text.clone()), Do::Hang]).await;
    let house = in_front_of(&server, |_| {}).await;
    let mut stream = open(&house).await;
    let mut heard = vec![0; expected.len()];
    stream.read_exact(&mut heard).await.expect("the first frame");
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn what_a_viewer_says_before_the_origin_has_agreed_comes_through() {
    let server = Server::start(|_, _| vec![agreed(), Do::Echo]).await;
    let house = in_front_of(&server, |_| {}).await;
    let mut stream = house.road().socket().await;
    let (masked, _) = frames("early");
    stream.write_all(&[hello("").as_bytes(), &masked].concat()).await.expect("the edge reads");
    head(&mut stream).await;
    let mut heard = vec![0; masked.len()];
    stream.read_exact(&mut heard).await.expect("the echo");
    assert_eq!(heard, masked);
}

#[tokio::test]
async fn when_the_origin_goes_the_viewer_is_told() {
    for end in [Do::Close, Do::Reset] {
        let server = Server::start(move |_, _| vec![agreed(), end.clone()]).await;
        let house = in_front_of(&server, |_| {}).await;
        let mut stream = open(&house).await;
        ended(&mut stream).await;
        drop(stream);
        house.empty().await;
    }
}

#[tokio::test]
async fn when_the_viewer_goes_the_origin_is_told_and_nobody_is_left() {
    let server = Server::start(|_, number| match number {
        0 => vec![agreed(), Do::Echo],
        _ => page("", "hello"),
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    let stream = open(&house).await;
    assert_eq!(server.connections(), 1);
    drop(stream);
    server.until_closed(1).await;
    assert_eq!(get(&house, "/a", "").await.text(), "hello");
}

#[tokio::test]
async fn when_the_edge_stops_both_are_told() {
    let server = Server::start(|_, _| vec![agreed(), Do::Echo]).await;
    let house = in_front_of(&server, |_| {}).await;
    let mut stream = open(&house).await;
    house.edge.enter(Phase::Stopping);
    ended(&mut stream).await;
    server.until_closed(1).await;
}

#[tokio::test]
async fn an_origin_that_does_not_agree_is_heard_and_spoken_with_on() {
    let server = Server::start(|_, _| {
        vec![said("HTTP/1.1 426 No\nContent-Length: 2\nSec-WebSocket-Version: 8", "no")]
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    let mut stream = house.road().socket().await;
    stream.write_all(hello("").as_bytes()).await.expect("the edge reads");
    let said = head(&mut stream).await;
    assert!(
        said.starts_with("HTTP/1.1 426 ") && said.to_ascii_lowercase().contains("sec-websocket-version: 8"),
        "{said}"
    );
    stream.read_exact(&mut [0; 2]).await.expect("the body");
    let request = format!("GET /a HTTP/1.1\r\nHost: {WEB_HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the edge reads");
    assert_eq!(hear(&mut stream, false).await.status(), 426);
}

#[tokio::test]
async fn no_other_protocol_is_let_through_and_no_agreement_is_kept() {
    let server = Server::start(|request, _| match sent(request, "upgrade") {
        Some(_) => vec![agreed(), Do::Echo],
        None => page("", "hello"),
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    for lines in [
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        "Upgrade: websocket\r\n",
        "Upgrade: tcp\r\nConnection: upgrade\r\n",
    ] {
        let head = format!(
            "GET /a HTTP/1.1\r\nHost: {WEB_HOST}\r\n{lines}\r\nGET /b HTTP/1.1\r\nHost: {WEB_HOST}\r\nConnection: close\r\n\r\n"
        );
        let got = ask_with(&house, &head, b"").await;
        assert_eq!(got.status(), 200, "{lines}");
        assert!(got.text().starts_with("helloHTTP/1.1 200"), "{lines}: {got:?}");
    }
    open(&house).await;
    assert_eq!(get(&house, "/chat", "").await.text(), "hello");
}
