//! What a port says to those who come with HTTP and want no film yet, and to those who only look like it.

use std::time::Duration;

use crate::support::*;

const POLICY_REQUEST: &[u8] = b"<policy-file-request/>\0";

/// A request with another host.
async fn ask_host(http: &mut Http, host: &str, path: &str) -> Answer {
    http.write(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await;
    http.answer().await.expect("an answer")
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).expect("text")
}

#[tokio::test]
async fn flash_content_of_every_site_may_use_the_host() {
    let house = House::new().await;
    let answer = house.http().await.ask("GET", "/crossdomain.xml").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("Content-Type"), Some("text/x-cross-domain-policy"));
    assert!(text(&answer).contains("<allow-access-from domain=\"*\" secure=\"false\"/>"), "{answer:?}");
}

#[tokio::test]
async fn the_page_of_a_host_says_how_to_play_from_it_and_from_the_port_that_was_asked() {
    let house = House::new().await;
    let mut http = house.http().await;
    for authority in ["films.example.net", "films.example.net:8080", "www.films.example.net:443"] {
        let answer = ask_host(&mut http, authority, "/").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
        assert!(text(&answer).contains(&format!("rtmp://{authority}/cfx/st/mp4:NAME.mp4")), "{answer:?}");
    }
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let house = House::new().await;
    let mut http = house.http().await;
    for path in ["/", "/crossdomain.xml", "/nothing"] {
        let (get, head) = (http.ask("GET", path).await, http.ask("HEAD", path).await);
        assert_eq!(head.status(), get.status());
        assert_eq!(head.header("Content-Length"), Some(get.body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn pages_are_only_read() {
    let house = House::new().await;
    let mut http = house.http().await;
    for path in ["/", "/crossdomain.xml"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = http.ask(method, path).await;
            assert_eq!(
                (answer.status(), answer.header("Allow")),
                (405, Some("GET, HEAD")),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn a_host_without_a_distribution_is_told_in_cloudfronts_word() {
    let house = House::new().await;
    let mut http = house.http().await;
    for host in
        ["example.org", "off.example.net", "127.0.0.1:1935", "[::1]", "films.example.net.evil.example"]
    {
        for path in ["/", "/crossdomain.xml", "/elsewhere"] {
            let answer = ask_host(&mut http, host, path).await;
            assert_eq!(answer.status(), 404, "{host}");
            assert!(text(&answer).starts_with("DistributionNotFound: "), "{answer:?}");
        }
    }
    http.write(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
    assert!(text(&http.answer().await.expect("an answer")).starts_with("DistributionNotFound: "));
}

#[tokio::test]
async fn what_is_nowhere_is_not_found_and_says_what_the_host_is_for() {
    let house = House::new().await;
    let answer = house.http().await.ask("GET", "/favicon.ico").await;
    assert_eq!(answer.status(), 404);
    assert!(text(&answer).contains("/favicon.ico is not here: this host plays streams"), "{answer:?}");
}

#[tokio::test]
async fn a_request_that_names_the_whole_url_is_one_for_its_host() {
    let house = House::new().await;
    let mut http = house.http().await;
    http.write(b"GET http://films.example.net:81/ HTTP/1.1\r\nHost: example.org\r\n\r\n").await;
    let page = http.answer().await.expect("an answer");
    assert!(text(&page).contains("rtmp://films.example.net:81/cfx/st"), "{page:?}");
    http.write(format!("POST http://{HOST}/open/1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n\0").as_bytes()).await;
    assert_eq!(http.answer().await.expect("an answer").body.len(), 33);
}

#[tokio::test]
async fn a_head_that_is_too_long_or_has_too_many_lines_is_refused() {
    let house = House::new().await;
    for head in [
        format!("GET /{} HTTP/1.1\r\nHost: {HOST}\r\n\r\n", "x".repeat(20_000)),
        format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nCookie: {}\r\n\r\n", "x".repeat(20_000)),
        format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{}\r\n", "X: y\r\n".repeat(100)),
        format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nCookie: {}", "x".repeat(40_000)),
    ] {
        let mut http = house.http().await;
        http.write(head.as_bytes()).await;
        let answer = http.answer().await;
        assert!(answer.as_ref().is_none_or(|answer| matches!(answer.status(), 414 | 431)), "{answer:?}");
        assert!(answer.is_none() || http.is_closed().await);
    }
    assert_eq!(house.http().await.ask("GET", "/").await.status(), 200, "the others are served");
}

#[tokio::test]
async fn what_only_begins_like_http_is_refused() {
    let house = House::new().await;
    for bytes in [
        b"HELLO\r\n\r\n".as_slice(),
        b"Z\0\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx",
        b"POST /open/1 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n\0",
        b"POST /open/1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n\0",
        b"POST /open/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    ] {
        let mut http = house.http().await;
        http.write(bytes).await;
        let answer = http.answer().await;
        assert!(answer.as_ref().is_none_or(|answer| answer.status() == 400), "{answer:?}");
        assert!(http.is_closed().await);
    }
    assert_eq!(house.edge.metrics().snapshot().tunnels_opened, 0);
}

#[tokio::test]
async fn a_request_that_never_becomes_whole_is_closed() {
    let house = House::with(|limits| {
        limits.tunnel_silence = Duration::from_millis(300);
        limits.session.handshake = Duration::from_millis(300);
    })
    .await;
    let (mut head, mut body, mut between) = (house.http().await, house.http().await, house.http().await);
    head.write(b"POST /open/1 HTT").await;
    body.write(b"POST /open/1 HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc").await;
    assert_eq!(between.ask("GET", "/").await.status(), 200);
    let timeout = body.answer().await.expect("an answer");
    assert_eq!((timeout.status(), timeout.body.len()), (408, 0));
    for mut http in [head, body, between] {
        assert!(http.is_closed().await);
    }
    assert_eq!(house.edge.metrics().snapshot().tunnels_opened, 0);
}

#[tokio::test]
async fn flash_asks_for_a_socket_policy_and_gets_one_that_ends_in_a_zero() {
    let house = House::new().await;
    let mut socket = house.road().socket().await;
    let mut policy = Vec::new();
    tokio::io::AsyncWriteExt::write_all(&mut socket, POLICY_REQUEST).await.expect("an open port");
    tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut policy).await.expect("a policy and an end");
    let (end, policy) = policy.split_last().expect("a policy");
    let policy = String::from_utf8(policy.to_vec()).expect("text");
    assert_eq!(*end, 0);
    assert!(policy.starts_with("<cross-domain-policy>") && policy.ends_with("</cross-domain-policy>"));
    assert!(policy.contains("<allow-access-from domain=\"*\" to-ports=\"*\"/>"), "{policy}");
}

#[tokio::test]
async fn pages_are_served_inside_tls_as_well() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let mut http = Http::to(&house.road().tls(keys.client())).await;
    assert_eq!(http.ask("GET", "/").await.status(), 200);
    assert_eq!(http.ask("GET", "/crossdomain.xml").await.status(), 200);
}
