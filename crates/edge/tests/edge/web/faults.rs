//! Origins that fail, and what of it reaches viewers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use millrace_model::web;
use millrace_origin::{HttpConfig, HttpUpstream, Upstream};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{in_front_of, put, sent};
use crate::support::*;

/// A house with an origin that is asked so.
async fn asking(config: HttpConfig) -> House {
    let house = House::new().await;
    let upstream: Arc<dyn Upstream> = Arc::new(HttpUpstream::new(config).expect("a sound configuration"));
    publish(&house, [("pages", upstream)], [], |_| {});
    house
}

/// What a viewer gets who gets nothing of the origin's.
async fn refused(house: &House, status: u16, words: &str) {
    let got = get(house, "/a", "").await;
    assert_eq!((got.status(), got.from(), got.whole), (status, "Error", true), "{got:?}");
    assert!(got.text().contains(words), "{words}: {got:?}");
    let head = ask(house, "HEAD /a HTTP/1.1", "", b"").await;
    assert_eq!(head.status(), status);
}

#[tokio::test]
async fn an_origin_that_can_not_be_reached_is_a_bad_gateway() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the system has a port");
    let address = listener.local_addr().expect("a bound port");
    drop(listener);
    let house = asking(config(address)).await;
    refused(&house, 502, "can't be reached").await;
    let nowhere = HttpConfig { host: "nobody.invalid".into(), ..config(address) };
    refused(&asking(nowhere).await, 502, "can't be reached").await;
}

/// A server that says this to everybody who connects.
async fn greeting(words: &'static [u8]) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the system has a port");
    let address = listener.local_addr().expect("a bound port");
    let mut task = JoinSet::new();
    task.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(words).await;
        }
    });
    (address, task)
}

/// A server with a certificate that nobody has heard of.
async fn unheard_of() -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the system has a port");
    let (address, own) =
        (listener.local_addr().expect("a bound port"), generate_simple_self_signed([WEB_HOST.to_owned()]));
    let CertifiedKey { cert, signing_key } = own.expect("a sound name");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let server = server.expect("versions").with_no_client_auth();
    let server = server.with_single_cert(vec![cert.der().clone()], key).expect("a certificate and its key");
    let (acceptor, mut task) = (TlsAcceptor::from(Arc::new(server)), JoinSet::new());
    task.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    (address, task)
}

#[tokio::test]
async fn an_origin_that_does_not_prove_who_it_is_is_a_bad_gateway_and_only_the_operator_learns_why() {
    let plain = greeting(b"HTTP/1.1 400 This is no TLS\r\nContent-Length: 0\r\n\r\n").await;
    for ((address, _task), why) in
        [(plain, "TLS failed"), (unheard_of().await, "TLS failed: invalid peer certificate")]
    {
        let log = Log::listen();
        let house = asking(HttpConfig { protocol: web::OriginProtocol::HttpsOnly, ..config(address) }).await;
        refused(&house, 502, "can't be reached, or answered badly").await;
        let got = get(&house, "/a", "").await;
        assert!(!got.text().contains("127.0.0.1") && !got.text().contains("TLS"), "{got:?}");
        assert!(log.text().contains(why), "{why}: {}", log.text());
    }
}

#[tokio::test]
async fn an_origin_that_says_nothing_is_a_gateway_that_timed_out() {
    let server = Server::start(|_, _| vec![Do::Hang]).await;
    let impatient = HttpConfig { read_timeout: Duration::from_millis(300), ..server.config() };
    refused(&asking(impatient).await, 504, "did not answer in time").await;
}

#[tokio::test]
async fn an_origin_that_hangs_up_or_says_what_is_no_answer_is_a_bad_gateway() {
    let endless = |line: &str| Do::Repeat(line.as_bytes().to_vec());
    let ok = "HTTP/1.1 200 OK\r\n";
    for (name, steps) in [
        ("closes", vec![Do::Close]),
        ("resets", vec![Do::Reset]),
        ("speaks something else", vec![Do::Say(b"SSH-2.0-server\r\n".to_vec()), Do::Close]),
        ("stops within the head", vec![Do::Say(format!("{ok}Content-Le").into_bytes()), Do::Close]),
        ("has endless fields", vec![Do::Say(ok.into()), endless("X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")]),
        ("has an endless field", vec![Do::Say(format!("{ok}X: ").into_bytes()), endless("yyyyyyyyyyyyyyyy")]),
        ("has two lengths", vec![said("HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 3", "abc")]),
        (
            "has two ways to end",
            vec![said(
                "HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked",
                "2\r\nab\r\n0\r\n\r\n",
            )],
        ),
        ("has a length that is none", vec![said("HTTP/1.1 200 OK\nContent-Length: -2", "ab")]),
        ("switches protocols", vec![said("HTTP/1.1 101 Switching\nUpgrade: h2c\nConnection: upgrade", "")]),
    ] {
        let server = Server::start(move |_, _| steps.clone()).await;
        let house = in_front_of(&server, |_| {}).await;
        let got = get(&house, "/a", "").await;
        assert_eq!((got.status(), got.from()), (502, "Error"), "it {name}: {got:?}");
    }
}

#[tokio::test]
async fn half_a_body_is_half_a_body_for_its_viewer_and_for_nobody_after_him() {
    let sound = "x".repeat(5000);
    for half in [
        "HTTP/1.1 200 OK\nContent-Length: 5000",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked",
        "HTTP/1.1 200 OK\nCache-Control: max-age=3600\nContent-Length: 5000",
    ] {
        for end in [Do::Close, Do::Reset] {
            let (page_of, end) = (sound.clone(), end.clone());
            let server = Server::start(move |_, number| match number {
                0 => vec![said(half, format!("7d0\r\n{}\r\n", "y".repeat(2000))), end.clone()],
                _ => page("", &page_of),
            })
            .await;
            let house = in_front_of(&server, |_| {}).await;
            // The fault may come before anything has left; then there is an answer that says so.
            let got = get(&house, "/a", "").await;
            assert!(got.status() == 502 || !got.whole, "{half}: {got:?}");
            let next = get(&house, "/a", "").await;
            assert_eq!((next.text(), next.whole), (&*sound, true), "{half}");
        }
    }
}

#[tokio::test]
async fn what_an_origin_sends_behind_its_answer_is_nobody_s_answer() {
    let two = "goodHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let head = "HTTP/1.1 200 OK\nCache-Control: no-store\nContent-Length: 4";
    let server = Server::start(move |_, _| vec![said(head, two)]).await;
    let house = in_front_of(&server, |_| {}).await;
    for path in ["/a", "/b", "/c", "/d"] {
        let got = get(&house, path, "").await;
        assert!(got.status() == 502 || got.text() == "good", "{path}: {got:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_passed_on_and_not_followed() {
    let server = Server::start(|request, _| match super::target(request) {
        "/new" => page("", "new"),
        _ => vec![said("HTTP/1.1 302 Found\nLocation: /new?a=b\nContent-Length: 0", "")],
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    for from in ["Miss", "Miss"] {
        let got = get(&house, "/old", "").await;
        assert_eq!((got.status(), got.header("Location"), got.from()), (302, Some("/new?a=b"), from));
    }
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn while_an_origin_fails_its_last_word_is_used_on() {
    let faults: [fn() -> Vec<Do>; 4] = [
        || vec![said("HTTP/1.1 500 Oops\nContent-Length: 4", "oops")],
        || vec![said("HTTP/1.1 503 Busy\nRetry-After: 1\nContent-Length: 0", "")],
        || vec![Do::Close],
        || vec![Do::Say(b"nonsense\r\n\r\n".to_vec()), Do::Close],
    ];
    for fault in faults {
        let server = Server::start(move |_, number| match number {
            0 => page("Cache-Control: max-age=0\nETag: \"1\"", "good"),
            _ => fault(),
        })
        .await;
        let house = in_front_of(&server, |_| {}).await;
        assert_eq!(get(&house, "/a", "").await.from(), "Miss");
        for _ in 0..20 {
            let got = get(&house, "/a", "").await;
            assert_eq!((got.status(), got.text(), got.from()), (200, "good", "Hit"), "{got:?}");
        }
        // A kept connection that turns out to be closed is no answer yet.
        assert!(server.asked() <= 3, "a storm of viewers is not a storm of requests");
    }
}

#[tokio::test]
async fn an_origin_that_says_no_is_believed_also_where_there_is_an_older_answer() {
    let server = Server::start(|_, number| match number {
        0 => page("Cache-Control: max-age=0", "good"),
        _ => vec![said("HTTP/1.1 404 Gone\nContent-Length: 4", "gone")],
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    assert_eq!(get(&house, "/a", "").await.status(), 200);
    for _ in 0..3 {
        let got = get(&house, "/a", "").await;
        assert_eq!((got.status(), got.text(), got.from()), (404, "gone", "Error"));
    }
    assert_eq!(server.asked(), 2, "errors are kept for a while");
}

#[tokio::test]
async fn what_must_be_confirmed_is_not_used_while_the_origin_fails() {
    let server = Server::start(|_, number| match number {
        0 => page("Cache-Control: max-age=0, must-revalidate", "good"),
        _ => vec![said("HTTP/1.1 500 Oops\nContent-Length: 4", "oops")],
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    assert_eq!(get(&house, "/a", "").await.status(), 200);
    assert_eq!(get(&house, "/a", "").await.status(), 500);
}

/// What a request asked for in `Range`.
fn range(request: &str) -> Option<(usize, usize)> {
    let (first, last) = sent(request, "range")?.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// A part of something of 3 MiB that is all this letter, in a version of this name.
fn large(request: &str, letter: u8, etag: &str) -> Vec<Do> {
    const LENGTH: usize = 3 << 20;
    if sent(request, "if-match").is_some_and(|tag| tag != etag) {
        return vec![said("HTTP/1.1 412 Changed\nContent-Length: 0", "")];
    }
    let lines = format!("Accept-Ranges: bytes\nETag: {etag}");
    let Some((first, last)) = range(request) else { return page(&lines, vec![letter; LENGTH]) };
    let last = last.min(LENGTH - 1);
    let body = vec![letter; last + 1 - first];
    let head = format!(
        "HTTP/1.1 206 Part\nContent-Length: {}\nContent-Range: bytes {first}-{last}/{LENGTH}\n{lines}",
        body.len()
    );
    vec![said(&head, body)]
}

#[tokio::test]
async fn two_versions_of_something_large_are_never_put_together() {
    let server = Server::start(|request, number| match number {
        0 => large(request, b'a', "\"1\""),
        _ => large(request, b'b', "\"2\""),
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    // The first part of version 1 is kept, the rest is replaced before anybody asks for it.
    let part = get(&house, "/a", "Range: bytes=0-9\r\n").await;
    assert_eq!((part.status(), part.text()), (206, "aaaaaaaaaa"));
    let cut = get(&house, "/a", "").await;
    let one = |letter| move |byte: &u8| *byte == letter;
    assert!(cut.body.iter().all(one(b'a')) || cut.body.iter().all(one(b'b')), "two versions in one answer");
    assert!(!cut.whole || cut.body.len() == 3 << 20);
    house.cache.purge("EPAGES", |_| true);
    let next = get(&house, "/a", "").await;
    assert!(next.whole && next.body.len() == 3 << 20, "{}: {} bytes", next.head, next.body.len());
    assert!(next.body.iter().all(one(b'b')), "the new version is what comes next");
}

/// An error's own page.
fn rule(status: u16, path: &str, instead: u16) -> web::ErrorRule {
    let page = web::ErrorPage { path: path.to_owned(), status: instead };
    web::ErrorRule { status, page: Some(page), ttl: Duration::from_secs(10) }
}

#[tokio::test]
async fn errors_of_origins_and_refusals_get_the_pages_that_a_distribution_has_for_them() {
    let server = Server::start(|request, _| match super::target(request) {
        "/sorry.html" => page("Content-Type: text/html", "sorry"),
        "/missing" => vec![said("HTTP/1.1 404 No\nContent-Length: 2\nX-Secret: 1", "no")],
        "/broken" => vec![Do::Close],
        path => page("", path),
    })
    .await;
    let change = |pages: &mut web::Distribution| {
        pages.errors =
            vec![rule(404, "/sorry.html", 200), rule(502, "/sorry.html", 503), rule(403, "/sorry.html", 403)];
    };
    let house = in_front_of(&server, change).await;
    for (first, status) in [
        ("GET /missing", 200),
        ("GET /broken", 503),
        ("POST /a", 403),
        ("GET /a", 200),
        ("HEAD /missing", 200),
    ] {
        let got =
            ask(&house, &format!("{first} HTTP/1.1"), "Range: bytes=0-1\r\nIf-None-Match: *\r\n", b"").await;
        if first == "GET /a" {
            assert_ne!(got.text(), "sorry");
            continue;
        }
        assert_eq!(got.status(), status, "{first}: {got:?}");
        assert_eq!(got.header("Content-Type"), Some("text/html"), "{first}: {got:?}");
        assert!(first.starts_with("HEAD") || got.text() == "sorry", "{first}: {got:?}");
        assert_eq!(got.header("X-Secret"), None, "{first}: {got:?}");
    }
}

#[tokio::test]
async fn an_error_whose_page_is_missing_too_stays_what_it_is() {
    let server = Server::start(|_, _| vec![said("HTTP/1.1 404 No\nContent-Length: 2", "no")]).await;
    let house = in_front_of(&server, |pages| pages.errors = vec![rule(404, "/sorry.html", 200)]).await;
    let got = get(&house, "/missing", "").await;
    assert_eq!((got.status(), got.text()), (404, "no"));
}

#[tokio::test]
async fn a_distribution_whose_origin_is_not_there_says_so_and_another_one_is_served() {
    let server = Server::start(|_, _| page("", "good")).await;
    let house = House::new().await;
    put(&house, &server, |pages| pages.default_behavior.target = "gone".to_owned());
    assert_eq!(get(&house, "/a", "").await.status(), 502);
    put(&house, &server, |_| {});
    assert_eq!(get(&house, "/a", "").await.status(), 200);
}
