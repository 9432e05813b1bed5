//! Who is let in by a web distribution, and what becomes of answers that somebody does not take or does not get whole.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use millrace_edge::Entrance;
use millrace_model::web;
use millrace_sign::{Offer, Policy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use crate::support::*;

/// The answer to a request with these lines.
async fn asked(house: &House, first: &str, lines: &str) -> Answer {
    let mut http = house.http().await;
    http.write(format!("{first}\r\nHost: {WEB_HOST}\r\n{lines}\r\n").as_bytes()).await;
    http.answer().await.expect("an answer")
}

async fn get(house: &House, target: &str, lines: &str) -> Answer {
    asked(house, &format!("GET {target} HTTP/1.1"), lines).await
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).expect("text")
}

/// A policy for the next hour.
fn soon() -> Policy {
    Policy { resource: None, expires: now() + 3600, not_before: None, network: None }
}

#[tokio::test]
async fn every_answer_says_which_request_it_was_and_where_it_came_from() {
    let house = House::new().await;
    Pages::behind(&house, [], |_| {});
    let (one, two) = (get(&house, "/a", "").await, get(&house, "/a", "").await);
    assert_eq!((one.status(), one.header("X-Amz-Cf-Pop")), (200, Some("MIL50-P1")));
    let id = |answer: &Answer| answer.header("X-Amz-Cf-Id").expect("an id").to_owned();
    assert!(id(&one).len() == 56 && id(&one) != id(&two), "{one:?} {two:?}");
    let refused = asked(&house, "TRACE /a HTTP/1.1", "").await;
    assert_eq!((refused.status(), refused.header("X-Cache")), (403, Some("Error from cloudfront")));
    assert!(text(&refused).contains(&id(&refused)), "{refused:?}");
}

#[tokio::test]
async fn a_head_or_a_url_that_is_too_long_is_refused_and_the_connection_closed() {
    let house = House::new().await;
    Pages::behind(&house, [], |_| {});
    for (url, cookie, status) in [(8000, 0, 200), (8200, 0, 413), (10, 20_400, 200), (10, 20_500, 413)] {
        let mut http = house.http().await;
        let (url, cookie) = ("x".repeat(url), "x".repeat(cookie));
        let head = format!("GET /{url} HTTP/1.1\r\nHost: {WEB_HOST}\r\nCookie: {cookie}\r\n\r\n");
        http.write(head.as_bytes()).await;
        assert_eq!(http.answer().await.expect("an answer").status(), status);
        assert!(status == 200 || http.is_closed().await);
    }
}

#[tokio::test]
async fn a_body_where_none_belongs_is_refused_and_one_that_does_goes_through() {
    let house = House::new().await;
    Pages::behind(&house, [], |_| {});
    assert_eq!(get(&house, "/a", "Content-Length: 1\r\n").await.status(), 403);
    let mut http = house.http().await;
    http.write(
        format!("POST /a HTTP/1.1\r\nHost: {WEB_HOST}\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes(),
    )
    .await;
    http.write(b"5\r\nhello\r\n").await;
    http.write(b"0\r\n\r\n").await;
    let answer = http.answer().await.expect("an answer");
    assert!(answer.status() == 200 && text(&answer).ends_with("\n5"), "{answer:?}");
}

#[tokio::test]
async fn a_viewer_who_sends_no_more_of_a_body_is_not_waited_for() {
    let house = House::with(|limits| limits.stalled = Duration::from_millis(300)).await;
    Pages::behind(&house, [], |_| {});
    let mut http = house.http().await;
    http.write(format!("POST /a HTTP/1.1\r\nHost: {WEB_HOST}\r\nContent-Length: 10\r\n\r\nabc").as_bytes())
        .await;
    let answer = http.answer().await;
    assert!(answer.as_ref().is_none_or(|answer| text(answer).ends_with("\n7")), "{answer:?}");
    assert!(answer.is_none() || http.is_closed().await);
}

#[tokio::test]
async fn viewers_are_sent_to_https_also_behind_a_load_balancer_that_speaks_it_for_us() {
    let proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    let house = House::with_entrance(Entrance { proxies, ..Entrance::default() }, |_| {}).await;
    let redirect = web::ViewerProtocol::RedirectToHttps;
    Pages::behind(&house, [], |pages| pages.default_behavior.viewer_protocol = redirect);
    let sent = get(&house, "/a%20b?c=d", "").await;
    assert_eq!(
        (sent.status(), sent.header("Location")),
        (301, Some("https://www.example.net/a%20b?c=d")),
        "{sent:?}"
    );
    let secure = get(&house, "/a", "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.9\r\n").await;
    assert_eq!(secure.status(), 200);
    assert!(text(&secure).contains("192.0.2.9"), "{secure:?}");
}

#[tokio::test]
async fn what_is_private_is_for_those_whose_url_or_cookies_were_signed() {
    let house = House::new().await;
    let (trusted, stranger) = (Signatory::new("K1"), Signatory::new("K2"));
    Pages::behind(&house, [trusted.known(true), stranger.known(true)], |pages| {
        pages.default_behavior.trusted_keys = Some(vec!["K1".to_owned()]);
        pages.default_behavior.key.query = web::Select::All;
    });
    let url = format!("http://{WEB_HOST}/a?b=c");
    let target =
        |signed: &str| signed.strip_prefix(&format!("http://{WEB_HOST}")).expect("a URL here").to_owned();
    let sign = |by: &Signatory, url: &str| by.signer.url(url, &Offer::Policy(soon())).expect("the key signs");
    let signed = get(&house, &target(&sign(&trusted, &url)), "").await;
    assert_eq!(signed.status(), 200, "{signed:?}");
    assert!(text(&signed).starts_with("GET /a?b=c "), "the origin sees no signature: {signed:?}");

    let everything = Policy { resource: Some(format!("http*://{WEB_HOST}/*")), ..soon() };
    let cookies = trusted.signer.cookies(&url, &Offer::Policy(everything)).expect("the key signs");
    let cookies: Vec<String> = cookies.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookies = format!("Cookie: {}\r\n", cookies.join("; "));
    assert_eq!(get(&house, "/any/thing", &cookies).await.status(), 200);

    let other = target(&sign(&trusted, &url)).replace("/a?", "/b?");
    for (target, code) in [
        ("/a?b=c".to_owned(), "MissingKey"),
        (target(&sign(&stranger, &url)), "InvalidKey"),
        (other.clone(), "AccessDenied"),
        ("/a?Policy=eA__&Signature=eA__&Key-Pair-Id=K1".to_owned(), "MalformedPolicy"),
    ] {
        let refused = get(&house, &target, "").await;
        assert_eq!(refused.status(), 403, "{target}");
        assert!(text(&refused).contains(&format!("<Error><Code>{code}</Code>")), "{target}: {refused:?}");
        assert!(!text(&refused).contains("Signature="), "{refused:?}");
    }
    let both = get(&house, &other, &cookies).await;
    assert_eq!(both.status(), 403, "a URL that is signed is judged alone");
    let head = asked(&house, "HEAD /a HTTP/1.1", "Connection: close\r\n").await;
    assert_eq!((head.status(), head.body.len()), (403, 0));
}

#[tokio::test]
async fn a_right_to_one_folder_is_none_to_another_that_dots_lead_to() {
    let house = House::new().await;
    let trusted = Signatory::new("K1");
    Pages::behind(&house, [trusted.known(true)], |pages| {
        pages.default_behavior.trusted_keys = Some(vec!["K1".to_owned()]);
    });
    let policy = Policy { resource: Some(format!("http://{WEB_HOST}/public/*")), ..soon() };
    let query = trusted.signer.query("x", &Offer::Policy(policy)).expect("the key signs");
    for (path, status) in [
        ("/public/x", 200),
        ("/private/x", 403),
        ("/public/../private/x", 403),
        ("/public/%2e%2e/private/x", 403),
        ("/public/..%2Fprivate/x", 403),
    ] {
        assert_eq!(get(&house, &format!("{path}?{query}"), "").await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_at_the_origin_is_cut_off_for_the_viewer() {
    let house = House::new().await;
    Pages::behind(&house, [], |_| {});
    let mut socket = house.road().socket().await;
    let request = format!("POST /cut HTTP/1.1\r\nHost: {WEB_HOST}\r\nContent-Length: 0\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("the edge reads");
    let mut heard = Vec::new();
    let _ = socket.read_to_end(&mut heard).await;
    assert!(!heard.ends_with(b"0\r\n\r\n"), "it looks whole");

    let mut client = version_2(&house).await;
    let request = Request::post(format!("http://{WEB_HOST}/cut")).body(Empty::new()).expect("a request");
    // The fault may be there before the head has left.
    if let Ok(answer) = client.send_request(request).await {
        answer.into_body().collect().await.expect_err("it is not whole");
    }
}

/// A client of HTTP/2.
async fn version_2(house: &House) -> http2::SendRequest<Empty<Bytes>> {
    let stream = TokioIo::new(house.road().connect().await);
    let (client, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("a handshake");
    tokio::spawn(connection);
    client
}

/// Waits until so many endless answers are taken.
async fn until_open(pages: &Pages, open: usize) {
    for _ in 0..6000 {
        if pages.open.load(SeqCst) == open {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{} answers are taken", pages.open.load(SeqCst));
}

#[tokio::test]
async fn who_leaves_ends_what_the_origin_sends_for_him() {
    let house = House::new().await;
    let pages = Pages::behind(&house, [], |_| {});
    let mut socket = house.road().socket().await;
    let request = format!("POST /endless HTTP/1.1\r\nHost: {WEB_HOST}\r\nContent-Length: 0\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("the edge reads");
    socket.read_exact(&mut vec![0; 1 << 20]).await.expect("bytes without end");
    until_open(&pages, 1).await;
    drop(socket);
    until_open(&pages, 0).await;

    let mut client = version_2(&house).await;
    let request = Request::post(format!("http://{WEB_HOST}/endless")).body(Empty::new()).expect("a request");
    let mut answer = client.send_request(request).await.expect("an answer");
    answer.body_mut().frame().await.expect("bytes without end").expect("bytes");
    until_open(&pages, 1).await;
    drop(answer);
    until_open(&pages, 0).await;
}

#[tokio::test]
async fn who_takes_nothing_is_not_served_for_ever_and_others_on_his_connection_are() {
    let house = House::with(|limits| limits.stalled = Duration::from_millis(500)).await;
    let pages = Pages::behind(&house, [], |_| {});
    let mut socket = house.road().narrow().socket().await;
    let request = format!("POST /endless HTTP/1.1\r\nHost: {WEB_HOST}\r\nContent-Length: 0\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("the edge reads");
    until_open(&pages, 1).await;
    until_open(&pages, 0).await;

    let mut client = version_2(&house).await;
    let post =
        |path| Request::post(format!("http://{WEB_HOST}{path}")).body(Empty::new()).expect("a request");
    // Nothing of its body is asked for, so its window stays shut once it is full.
    let untaken = client.send_request(post("/endless")).await.expect("an answer");
    until_open(&pages, 1).await;
    until_open(&pages, 0).await;
    let other = client.send_request(post("/a")).await.expect("an answer");
    other.into_body().collect().await.expect("a whole answer");
    untaken.into_body().collect().await.expect_err("it is not whole");
}
