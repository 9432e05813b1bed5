//! What a port says to those who come with HTTP and want no film yet, and to those who only look like it.

use std::sync::Arc;
use std::time::Duration;

use millrace_edge::{Entrance, PlayerFile, PlayerFiles};

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
async fn a_host_for_some_pages_is_open_to_flash_content_of_those_only() {
    let house = House::new().await;
    let pages = ["https://www.example.com", "http://*.example.org", "null"];
    house.change(|films| films.pages = pages.map(|page| page.parse().expect("an origin")).to_vec());
    let policy = text(&house.http().await.ask("GET", "/crossdomain.xml").await);
    assert!(policy.contains("<allow-access-from domain=\"www.example.com\" secure=\"true\"/>"), "{policy}");
    assert!(policy.contains("<allow-access-from domain=\"*.example.org\" secure=\"false\"/>"), "{policy}");
    assert_eq!(policy.matches("<allow-access-from").count(), 2, "{policy}");
}

#[tokio::test]
async fn a_tunnel_is_for_the_pages_that_may_play() {
    let house = House::new().await;
    house.change(|films| films.pages = vec!["https://www.example.com".parse().expect("an origin")]);
    for (origin, status, told) in [
        ("Origin: https://www.example.com\r\n", 200, Some("https://www.example.com")),
        ("Origin: https://evil.example\r\n", 403, None),
        ("", 200, None),
    ] {
        let mut http = house.http().await;
        http.write(
            format!("POST /open/1 HTTP/1.1\r\nHost: {HOST}\r\n{origin}Content-Length: 1\r\n\r\n\0")
                .as_bytes(),
        )
        .await;
        let answer = http.answer().await.expect("an answer");
        assert_eq!(
            (answer.status(), answer.header("Access-Control-Allow-Origin")),
            (status, told),
            "{origin}"
        );
        assert_eq!(answer.header("Vary"), Some("Origin"));
    }
    assert_eq!(house.edge.metrics().snapshot().pages_refused, 1);
}

/// A preflight costs a browser a whole way to and fro; for this kind of content it makes none.
#[tokio::test]
async fn a_tunnel_takes_its_requests_as_plain_text_too() {
    let house = House::new().await;
    let mut http = house.http().await;
    let head = format!("POST /open/1 HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: text/plain;charset=UTF-8\r\n");
    http.write(format!("{head}Content-Length: 1\r\n\r\n\0").as_bytes()).await;
    assert_eq!(http.answer().await.expect("an answer").status(), 200);
}

fn built() -> Entrance {
    let file = PlayerFile { plain: "the player".into(), gzip: "zipped".into() };
    let files = [("millrace-player.js".to_owned(), file)].into();
    let player = Arc::new(PlayerFiles { version: "1.2.3-abc".to_owned(), files });
    Entrance { player, ..Entrance::default() }
}

#[tokio::test]
async fn the_player_is_kept_for_ever_under_its_version_and_for_an_hour_under_any_other() {
    let house = House::with_entrance(built(), |_| {}).await;
    let mut http = house.http().await;
    for (version, kept) in
        [("1.2.3-abc", "public, max-age=31536000, immutable"), ("latest", "public, max-age=3600")]
    {
        let path = format!("/.millrace/player/{version}/millrace-player.js");
        let answer = http.ask("GET", &path).await;
        assert_eq!((answer.status(), answer.body.as_ref()), (200, &b"the player"[..]));
        assert_eq!(answer.header("Content-Type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(answer.header("Cache-Control"), Some(kept));
        assert_eq!(answer.header("Vary"), Some("Accept-Encoding"));
        assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("*"));
        let head = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: br, gzip\r\n\r\n");
        http.write(head.as_bytes()).await;
        let zipped = http.answer().await.expect("an answer");
        assert_eq!((zipped.header("Content-Encoding"), zipped.body.as_ref()), (Some("gzip"), &b"zipped"[..]));
    }
    let missing = http.ask("GET", "/.millrace/player/latest/other.js").await;
    assert_eq!(missing.status(), 404);
    assert_eq!(text(&missing), "the player has no file \"other.js\", but these: millrace-player.js\n");
    assert_eq!(http.ask("POST", "/.millrace/player/latest/millrace-player.js").await.status(), 405);
}

#[tokio::test]
async fn the_page_of_a_host_shows_how_a_page_plays_from_it() {
    let house = House::with_entrance(built(), |_| {}).await;
    let page = text(&ask_host(&mut house.http().await, "films.example.net:8080", "/").await);
    let script = "&lt;script src=&quot;http://films.example.net:8080/.millrace/player/1.2.3-abc/millrace-player.js&quot;";
    assert!(page.contains(script), "{page}");
    assert!(
        page.contains("src=&quot;rtmp://films.example.net:8080/cfx/st/mp4:NAME.mp4&quot; controls"),
        "{page}"
    );
}

#[tokio::test]
async fn a_server_that_was_built_without_the_player_says_so_in_its_place() {
    let house = House::new().await;
    let mut http = house.http().await;
    let answer = http.ask("GET", "/.millrace/player/latest/millrace-player.js").await;
    assert_eq!(answer.status(), 404);
    assert!(text(&answer).contains("`cargo xtask player` makes it"), "{answer:?}");
    assert!(text(&http.ask("GET", "/").await).contains("built without its player"));
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
