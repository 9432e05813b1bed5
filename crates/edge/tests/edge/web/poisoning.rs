//! What one viewer sends to be served to others, or to be served what is others'.
//!
//! Everything that shapes an answer has to be either in the name of its copy or kept from the origin.

use std::collections::BTreeSet;

use millrace_model::web;

use super::{in_front_of, sent};
use crate::support::*;

/// An origin that believes everything it is told, and says all of it in its answer.
async fn gullible() -> Server {
    Server::start(|request, _| page("Cache-Control: max-age=3600", request)).await
}

/// Fields by which applications were made to say what others got to see.
const UNKEYED: [&str; 22] = [
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Server: evil.example",
    "X-Forwarded-Scheme: evil",
    "X-Forwarded-Proto: evil",
    "X-Forwarded-Port: 666",
    "X-Forwarded-Prefix: /evil",
    "X-Original-URL: /evil",
    "X-Original-Host: evil.example",
    "X-Rewrite-URL: /evil",
    "X-HTTP-Method-Override: EVIL",
    "X-HTTP-Method: EVIL",
    "X-Method-Override: EVIL",
    "X-Host: evil.example",
    "X-Wap-Profile: http://evil.example/",
    "Forwarded: for=evil;host=evil.example;proto=evil",
    "True-Client-IP: evil",
    "Origin: https://evil.example",
    "Referer: https://evil.example/",
    "User-Agent: evil",
    "Cookie: evil=1",
    "Accept-Language: evil",
    "Authorization: Bearer evil",
];

#[tokio::test]
async fn what_tells_no_copies_apart_does_not_reach_the_origin() {
    let server = gullible().await;
    let house = in_front_of(&server, |_| {}).await;
    for (number, field) in UNKEYED.iter().enumerate() {
        let path = format!("/{number}");
        let poisoned = get(&house, &path, &format!("{field}\r\n")).await;
        assert!(!poisoned.text().to_ascii_lowercase().contains("evil"), "{field}: {}", poisoned.text());
        let next = get(&house, &path, "").await;
        assert_eq!((next.from(), next.text()), ("Hit", poisoned.text()), "{field}");
    }
    let all = UNKEYED.join("\r\n");
    let poisoned = get(&house, "/all?evil=1", &format!("{all}\r\n")).await;
    assert!(!poisoned.text().to_ascii_lowercase().contains("evil"), "{}", poisoned.text());
}

#[tokio::test]
async fn who_asked_is_told_to_the_origin_and_a_viewer_can_not_take_another_place() {
    let server = gullible().await;
    let house = in_front_of(&server, |_| {}).await;
    get(&house, "/a", "X-Forwarded-For: 198.51.100.1\r\nVia: 1.1 somebody\r\n").await;
    let request = &server.requests()[0];
    assert_eq!(sent(request, "x-forwarded-for"), Some("198.51.100.1, 127.0.0.1"));
    assert_eq!(sent(request, "via"), Some("1.1 somebody, 1.1 millrace (Millrace)"));
}

#[tokio::test]
async fn what_tells_copies_apart_reaches_the_origin_and_only_its_own_viewers() {
    let server = gullible().await;
    let house = in_front_of(&server, |pages| {
        let key = &mut pages.default_behavior.key;
        key.headers = web::Select::these(["accept-language", "x-forwarded-host", "origin"]);
        key.cookies = web::Select::these(["session"]);
        key.query = web::Select::these(["page"]);
    })
    .await;
    for field in [
        "Accept-Language: evil",
        "X-Forwarded-Host: evil.example",
        "Origin: https://evil.example",
        "Cookie: session=evil",
    ] {
        assert!(get(&house, "/a", &format!("{field}\r\n")).await.text().contains("evil"), "{field}");
        assert!(!get(&house, "/a", "").await.text().contains("evil"), "{field}");
    }
    assert!(get(&house, "/a?page=evil", "").await.text().contains("evil"));
    for query in
        ["page=1", "page=1&utm_content=evil", "callback=evil&page=1", "page=1&Page=evil", "page=1;x=evil"]
    {
        let got = get(&house, &format!("/a?{query}"), "").await;
        let own = query.contains(';');
        assert_eq!(got.text().contains("evil"), own, "{query}: {}", got.text());
    }
    assert!(!get(&house, "/a?page=1", "").await.text().contains("evil"));
}

#[tokio::test]
async fn a_get_with_a_body_is_refused_however_it_is_sent() {
    let server = gullible().await;
    let house = in_front_of(&server, |pages| pages.default_behavior.methods = web::Methods::All).await;
    for method in ["GET", "HEAD"] {
        for (lines, body) in [
            ("Content-Length: 4\r\n", "evil"),
            ("Transfer-Encoding: chunked\r\n", "4\r\nevil\r\n0\r\n\r\n"),
            ("Transfer-Encoding: Chunked\r\n", "4;x=y\r\nevil\r\n0\r\n\r\n"),
        ] {
            let got = ask(&house, &format!("{method} /a HTTP/1.1"), lines, body.as_bytes()).await;
            assert_eq!(got.status(), 403, "{method} {lines}");
        }
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn an_answer_that_varies_is_for_those_who_asked_alike() {
    let server =
        Server::start(|request, _| page("Vary: X-Flavour", sent(request, "x-flavour").unwrap_or("plain")))
            .await;
    let house = in_front_of(&server, |pages| {
        pages.default_behavior.forward.headers = web::Select::these(["x-flavour"]);
    })
    .await;
    for _ in 0..2 {
        for flavour in ["sweet", "sour", "evil"] {
            assert_eq!(get(&house, "/a", &format!("X-Flavour: {flavour}\r\n")).await.text(), flavour);
        }
        assert_eq!(get(&house, "/a", "").await.text(), "plain");
    }
    assert_eq!(server.asked(), 4);
}

#[tokio::test]
async fn flavours_without_end_push_each_other_out_and_nothing_else() {
    let server = Server::start(|request, _| match super::target(request) {
        "/a" => page("Vary: X-Flavour", sent(request, "x-flavour").unwrap_or("plain")),
        path => page("", path),
    })
    .await;
    let house = in_front_of(&server, |pages| {
        pages.default_behavior.forward.headers = web::Select::these(["x-flavour"]);
    })
    .await;
    get(&house, "/other", "").await;
    for flavour in 0..200 {
        let got = get(&house, "/a", &format!("X-Flavour: {flavour}\r\n")).await;
        assert_eq!(got.text(), flavour.to_string());
    }
    assert_eq!(get(&house, "/a", "X-Flavour: 199\r\n").await.from(), "Hit");
    assert_eq!(get(&house, "/a", "X-Flavour: 0\r\n").await.from(), "Miss");
    assert_eq!(get(&house, "/other", "").await.from(), "Hit");
    let names: Vec<String> = (0..100).map(|number| format!("X-{number}")).collect();
    let names = names.join(", ");
    let server = Server::start(move |_, number| page(&format!("Vary: {names}"), number.to_string())).await;
    let house = in_front_of(&server, |_| {}).await;
    assert_ne!(get(&house, "/a", "").await.text(), get(&house, "/a", "").await.text(), "it is nobody else's");
}

#[tokio::test]
async fn nobody_gets_cookies_that_were_set_for_somebody_else() {
    let server = Server::start(|_, number| page(&format!("Set-Cookie: session={number}"), "hello")).await;
    let house = in_front_of(&server, |_| {}).await;
    for _ in 0..2 {
        let got = get(&house, "/a", "Cookie: session=mine\r\n").await;
        assert_eq!((got.text(), got.header("Set-Cookie")), ("hello", None));
    }
    assert_eq!(sent(&server.requests()[0], "cookie"), None);

    let house = in_front_of(&server, |pages| {
        pages.default_behavior.key.cookies = web::Select::these(["session"]);
    })
    .await;
    let mine = get(&house, "/a", "Cookie: session=mine; other=x\r\n").await;
    let yours = get(&house, "/a", "Cookie: session=yours\r\n").await;
    assert_ne!(mine.header("Set-Cookie"), yours.header("Set-Cookie"));
    assert_eq!(
        get(&house, "/a", "Cookie: other=y; session=mine\r\n").await.header("Set-Cookie"),
        mine.header("Set-Cookie")
    );
    assert!(server.requests().iter().all(|request| !request.contains("other=")), "{:?}", server.requests());
}

#[tokio::test]
async fn what_is_private_at_the_origin_is_kept_for_nobody() {
    for line in
        ["private", "no-store", "no-cache", "max-age=0", "private, max-age=3600", "no-store=\"x\", max-age=9"]
    {
        let server =
            Server::start(move |_, number| page(&format!("Cache-Control: {line}"), number.to_string())).await;
        let house = in_front_of(&server, |_| {}).await;
        let (one, two) = (get(&house, "/a", "").await, get(&house, "/a", "").await);
        assert_eq!((one.text(), two.text()), ("0", "1"), "{line}");
    }
}

#[tokio::test]
async fn errors_that_one_viewer_can_provoke_are_nobody_else_s() {
    let server = Server::start(|request, number| match request.contains("evil") {
        true => vec![said(&format!("HTTP/1.1 400 Bad\nContent-Length: 3\nX: {number}"), "bad")],
        false => page("", "hello"),
    })
    .await;
    let house = in_front_of(&server, |pages| pages.default_behavior.forward.headers = web::Select::All).await;
    for field in ["X-Malformed: evil", "X-Oversized: evil", "Content-Type: evil"] {
        assert_eq!(get(&house, "/a", &format!("{field}\r\n")).await.status(), 400, "{field}");
        let next = get(&house, "/b", &format!("{field}\r\n")).await;
        assert_eq!(next.status(), 400, "{field}");
    }
    assert_eq!(
        get(&house, "/a", "").await.status(),
        200,
        "what is wrong with one request is not wrong with all"
    );
}

#[tokio::test]
async fn all_spellings_of_a_host_lead_to_its_distribution_and_what_is_none_to_no_one() {
    let server = gullible().await;
    let house = in_front_of(&server, |_| {}).await;
    let mut seen = BTreeSet::new();
    for host in [
        WEB_HOST,
        "WWW.Example.NET",
        "www.example.net:80",
        "www.example.net:65535",
        "www.example.net.",
        "www.example.net.:8080",
    ] {
        let head = format!("GET /a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let got = ask_with(&house, &head, b"").await;
        assert_eq!(got.status(), 200, "{host}");
        seen.insert(got.text().to_owned());
    }
    assert_eq!((seen.len(), server.asked()), (1, 1), "one copy, and no word of the host in it: {seen:?}");
    for host in [
        "www.example.net@evil.example",
        "evil.example@www.example.net",
        "www.example.net:80@evil.example",
        "www.example.net/",
        "www.example.net?",
        "www.example.net#",
        "www.example.net\\",
        "www.example.net evil",
        "www.example.net,evil.example",
        "www.example.net%00",
        "www.example.net:evil",
        "www.example.net:999999",
        "",
        "\"www.example.net\"",
    ] {
        let head = format!("GET /a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(ask_with(&house, &head, b"").await.status(), 400, "{host}");
    }
    for target in [
        "http://evil.example@www.example.net/a",
        "http://www.example.net@evil.example/a",
        "http:///a",
        "http://www.example.net:80:80/a",
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {WEB_HOST}\r\nConnection: close\r\n\r\n");
        assert_eq!(ask_with(&house, &head, b"").await.status(), 400, "{target}");
    }
    for host in ["evil.example", "www.example.net.evil.example", "example.net", "www.example.net.."] {
        let head = format!("GET /a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(ask_with(&house, &head, b"").await.status(), 404, "{host}");
    }
    assert_eq!(server.asked(), 1);
}
