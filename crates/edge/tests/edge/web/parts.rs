//! Parts of things, and the word that a viewer has them already.

use millrace_model::web;

use super::{in_front_of, sent};
use crate::support::*;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

/// A house in front of an alphabet that was last changed in 1994.
async fn alphabet() -> (House, Server) {
    let lines = "Content-Type: text/plain\nETag: \"abc\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    let server = Server::start(move |_, _| page(lines, LETTERS)).await;
    (in_front_of(&server, |_| {}).await, server)
}

#[tokio::test]
async fn one_part_comes_as_it_is_and_says_where_it_belongs() {
    let (house, server) = alphabet().await;
    for (range, place, part) in [
        ("bytes=0-0", "bytes 0-0/26", "a"),
        ("bytes=2-4", "bytes 2-4/26", "cde"),
        ("bytes=24-", "bytes 24-25/26", "yz"),
        ("bytes=24-1000", "bytes 24-25/26", "yz"),
        ("bytes=-3", "bytes 23-25/26", "xyz"),
        ("bytes=-1000", "bytes 0-25/26", LETTERS),
        ("bytes=0-0,100-200", "bytes 0-0/26", "a"),
    ] {
        let got = get(&house, "/a", &format!("Range: {range}\r\n")).await;
        assert_eq!(
            (got.status(), got.header("Content-Range"), got.text()),
            (206, Some(place), part),
            "{range}"
        );
        assert_eq!(got.header("Content-Length"), Some(&*part.len().to_string()), "{range}");
        let head = ask(&house, "HEAD /a HTTP/1.1", &format!("Range: {range}\r\n"), b"").await;
        assert!(matches!(head.status(), 200 | 206), "{head:?}");
    }
    assert_eq!(server.asked(), 1, "all of it was here from the first request on");
}

#[tokio::test]
async fn several_parts_come_framed_and_each_says_where_it_belongs() {
    let (house, _server) = alphabet().await;
    for _ in 0..2 {
        let got = get(&house, "/a", "Range: bytes=0-1, 4-5, -1\r\n").await;
        assert_eq!((got.status(), got.whole), (206, true), "{got:?}");
        let kind = got.header("Content-Type").expect("a type");
        let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("several parts");
        let part = |place: &str, text: &str| {
            format!(
                "\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {place}/26\r\n\r\n{text}"
            )
        };
        let whole = [part("0-1", "ab"), part("4-5", "ef"), part("25-25", "z")].concat();
        assert_eq!(got.text(), format!("{whole}\r\n--{boundary}--\r\n"));
        assert_eq!(got.header("Content-Range"), None);
    }
}

#[tokio::test]
async fn parts_that_overlap_go_backwards_or_are_too_many_are_the_whole() {
    let (house, _server) = alphabet().await;
    let many: Vec<String> = (0..1000).map(|part| format!("{part}-{part}")).collect();
    for range in [
        "bytes=0-5,3-8",
        "bytes=5-6,0-1",
        "bytes=0-,0-,0-,0-",
        &format!("bytes={}", many.join(",")),
        "bytes=x",
        "lines=0-1",
    ] {
        let got = get(&house, "/a", &format!("Range: {range}\r\n")).await;
        assert_eq!((got.status(), got.text(), got.header("Content-Range")), (200, LETTERS, None), "{range}");
    }
    let twice = get(&house, "/a", "Range: bytes=0-0\r\nRange: bytes=1-1\r\n").await;
    assert_eq!((twice.status(), twice.text()), (200, LETTERS), "two readers could take either");
}

#[tokio::test]
async fn a_part_behind_the_end_can_not_be_sent_and_that_is_kept_for_nobody() {
    let (house, _server) = alphabet().await;
    for _ in 0..2 {
        let got = get(&house, "/a", "Range: bytes=26-\r\n").await;
        assert_eq!((got.status(), got.header("Content-Range"), got.text()), (416, Some("bytes */26"), ""));
    }
    assert_eq!(get(&house, "/a", "").await.text(), LETTERS);
}

#[tokio::test]
async fn a_part_of_another_version_is_the_whole_of_this_one() {
    let (house, _server) = alphabet().await;
    for (condition, status) in [
        ("\"abc\"", 206),
        ("\"old\"", 200),
        ("W/\"abc\"", 200),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 206),
        ("Sat, 05 Nov 1994 08:49:37 GMT", 200),
        ("nonsense", 200),
    ] {
        let got = get(&house, "/a", &format!("Range: bytes=0-0\r\nIf-Range: {condition}\r\n")).await;
        assert_eq!(
            (got.status(), got.text()),
            (status, if status == 206 { "a" } else { LETTERS }),
            "{condition}"
        );
    }
}

/// Conditions, and what becomes of a GET with each.
const CONDITIONS: [(&str, u16); 12] = [
    ("If-None-Match: \"abc\"", 304),
    ("If-None-Match: W/\"abc\"", 304),
    ("If-None-Match: \"x\", \"abc\"", 304),
    ("If-None-Match: *", 304),
    ("If-None-Match: \"x\"", 200),
    ("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 304),
    ("If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT", 200),
    ("If-Modified-Since: soon", 200),
    ("If-None-Match: \"x\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 200),
    ("If-Match: \"abc\"", 200),
    ("If-Match: \"x\"", 412),
    ("If-Unmodified-Since: Sat, 05 Nov 1994 08:49:37 GMT", 412),
];

#[tokio::test]
async fn who_has_it_already_is_told_so_also_if_nobody_else_has_asked_before() {
    for kept in [true, false] {
        for (condition, status) in CONDITIONS {
            let (house, server) = alphabet().await;
            if kept {
                get(&house, "/a", "").await;
            }
            for first in ["GET /a HTTP/1.1", "HEAD /a HTTP/1.1"] {
                let got = ask(&house, first, &format!("{condition}\r\n"), b"").await;
                assert_eq!(got.status(), status, "{first} {condition}: {got:?}");
                assert_eq!(got.header("ETag"), Some("\"abc\""), "{first} {condition}: {got:?}");
                let says_what = got.header("Content-Type").is_some();
                assert_eq!(says_what, status == 200, "{first} {condition}: {got:?}");
            }
            let next = get(&house, "/a", "").await;
            assert_eq!((next.status(), next.text()), (200, LETTERS), "{condition} is nobody else's");
            assert_eq!(server.asked(), 1, "{condition}");
        }
    }
}

/// An origin that looks at `Range` and conditions of its requests.
fn obedient(request: &str, number: usize) -> Vec<Do> {
    let etag = "ETag: \"v\"\nAccept-Ranges: bytes\nCache-Control: max-age=0";
    if sent(request, "if-none-match").is_some() {
        return vec![said(&format!("HTTP/1.1 304 Same\n{etag}\nX-Number: {number}"), "")];
    }
    match sent(request, "range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) {
        Some((first, last)) => {
            let first: usize = first.parse().expect("a number");
            let last = last.parse().unwrap_or(25).min(25);
            let part = &LETTERS[first..=last];
            let head = "HTTP/1.1 206 Part\nContent-Length";
            vec![said(
                &format!("{head}: {}\nContent-Range: bytes {first}-{last}/26\n{etag}", part.len()),
                part,
            )]
        }
        None => page(etag, LETTERS),
    }
}

#[tokio::test]
async fn the_range_and_the_conditions_of_one_viewer_never_shape_what_others_get() {
    let lines = [
        "Range: bytes=3-5\r\n",
        "Range: bytes=-2\r\n",
        "Range: bytes=3-5, 8-9\r\n",
        "If-None-Match: \"v\"\r\n",
        "If-None-Match: *\r\n",
        "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT\r\n",
        "If-Match: \"other\"\r\n",
        "Range: bytes=1-1\r\nIf-Range: \"v\"\r\n",
    ];
    for first in lines {
        let server = Server::start(obedient).await;
        let house = in_front_of(&server, |_| {}).await;
        get(&house, "/a", first).await;
        for _ in 0..2 {
            let next = get(&house, "/a", "").await;
            assert_eq!((next.status(), next.text(), next.whole), (200, LETTERS, true), "after {first}");
        }
        for request in server.requests() {
            assert!(!request.contains("other") && !request.contains("2100"), "{request}");
        }
    }
}

#[tokio::test]
async fn what_is_stale_and_confirmed_is_fresh_again_with_what_the_origin_says_of_it_now() {
    let server = Server::start(obedient).await;
    let house = in_front_of(&server, |_| {}).await;
    let first = get(&house, "/a", "").await;
    assert_eq!((first.from(), first.header("X-Number")), ("Miss", None));
    let second = get(&house, "/a", "").await;
    assert_eq!((second.from(), second.header("X-Number"), second.text()), ("RefreshHit", Some("1"), LETTERS));
    let third = get(&house, "/a", "If-None-Match: \"v\"\r\n").await;
    assert_eq!((third.status(), third.header("X-Number")), (304, Some("2")));
}

#[tokio::test]
async fn what_is_not_kept_gets_the_viewers_own_range_and_conditions() {
    let server = Server::start(obedient).await;
    let house = in_front_of(&server, |pages| pages.default_behavior.ttl = web::Ttl::ZERO).await;
    let part = get(&house, "/a", "Range: bytes=3-5\r\n").await;
    assert_eq!(
        (part.status(), part.text(), part.header("Content-Range")),
        (206, "def", Some("bytes 3-5/26"))
    );
    assert_eq!(get(&house, "/a", "If-None-Match: \"v\"\r\n").await.status(), 304);
    assert_eq!(sent(&server.requests()[0], "range"), Some("bytes=3-5"));
}
