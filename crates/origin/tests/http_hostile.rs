//! A web server that contradicts itself, never ends, or slips in an answer to a question that was not asked.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod common;

use common::{Server, Step, Whole, answer, ask, get, upstream};
use http::Request;
use millrace_origin::{Error, Kind, no_body};
use std::time::Duration;

const GOOD: &str = "HTTP/1.1 200 OK\nContent-Length: 4\n\ngood";
const EVIL: &str = "HTTP/1.1 200 OK\nContent-Length: 4\n\nevil";

/// What comes of `method` where the server says `text`, then another answer at once, and what the next question gets.
async fn twice(method: &str, text: &str) -> (Result<Whole, Error>, Whole, usize) {
    let server = Server::start(vec![
        [answer(&format!("{text}{EVIL}")), answer(EVIL), vec![Step::Hang]].concat(),
        [answer(GOOD), vec![Step::Hang]].concat(),
    ]);
    let server = server.await;
    let upstream = upstream(&server);
    let request = Request::builder().method(method).uri("/").body(no_body()).unwrap();
    let first = ask(&upstream, request).await;
    let second = ask(&upstream, get("/")).await.unwrap();
    (first, second, server.connections())
}

#[tokio::test]
async fn an_answer_that_has_two_ends_is_refused_and_its_connection_with_it() {
    for text in [
        "HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 41\n\nok",
        "HTTP/1.1 200 OK\nContent-Length: 2, 41\n\nok",
        "HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 2\n\n2\nok\n0\n\n",
        "HTTP/1.0 200 OK\nTransfer-Encoding: chunked\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\nContent-Length: +2\n\nok",
        "HTTP/1.1 200 OK\nContent-Length: -2\n\nok",
        "HTTP/1.1 200 OK\nContent-Length: 0x2\n\nok",
        "HTTP/1.1 200 OK\nContent-Length: 99999999999999999999\n\nok",
        "HTTP/1.1 200 OK\nContent-Length:\n\nok",
    ] {
        let (first, second, connections) = twice("GET", text).await;
        let error = first.unwrap_err();
        assert_eq!((error.kind, error.retry_helps()), (Kind::WrongLength, false), "{text} {error}");
        assert_eq!((second.body.as_str(), connections), ("good", 2), "{text}");
    }
}

/// Even where nothing came behind it: the server may have sent another end than the one that was read.
#[tokio::test]
async fn a_connection_is_not_used_on_after_an_answer_with_two_ends() {
    let text = "HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n";
    let server = Server::start(vec![[answer(text), answer(EVIL)].concat(), answer(GOOD)]).await;
    let upstream = upstream(&server);
    assert_eq!(ask(&upstream, get("/")).await.unwrap_err().kind, Kind::WrongLength);
    assert_eq!(ask(&upstream, get("/")).await.unwrap().body, "good");
}

#[tokio::test]
async fn what_is_no_head_is_refused_and_its_connection_with_it() {
    for text in [
        "hello\n\n",
        "HTTP/2.0 200 OK\nContent-Length: 2\n\nok",
        "HTTP/1.1 2000 OK\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\nX: a\n folded\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\nContent-Length : 2\n\nok",
        "HTTP/1.1 200 OK\nNo colon\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\nX\0Y: 1\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\nX: 1\0\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\n: 1\nContent-Length: 2\n\nok",
    ] {
        let (first, second, connections) = twice("GET", text).await;
        let error = first.unwrap_err();
        assert_eq!(error.kind, Kind::WrongLength, "{text} {error}");
        assert_eq!((second.body.as_str(), connections), ("good", 2), "{text}");
    }
}

#[tokio::test]
async fn what_comes_behind_an_answer_is_no_answer() {
    for (method, text, body) in [
        ("GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok"),
        ("GET", "HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 2\n\nok", "ok"),
        ("GET", "HTTP/1.1 200 OK\nContent-Length: 2, 2\n\nok", "ok"),
        ("GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", "ok"),
        ("GET", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", ""),
        ("GET", "HTTP/1.1 204 No Content\n\n", ""),
        ("GET", "HTTP/1.1 204 No Content\nContent-Length: 41\n\n", ""),
        ("GET", "HTTP/1.1 304 Not Modified\nContent-Length: 41\n\n", ""),
        ("HEAD", "HTTP/1.1 200 OK\nContent-Length: 41\n\n", ""),
        ("HEAD", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", ""),
    ] {
        let (first, second, connections) = twice(method, text).await;
        let first = first.unwrap();
        assert_eq!(first.body, body, "{method} {text}");
        assert!(first.headers.get_all("content-length").iter().count() <= 1, "{text}");
        assert_eq!((second.body.as_str(), connections), ("good", 2), "{method} {text}");
    }
}

#[tokio::test]
async fn who_asks_for_the_head_is_told_one_length() {
    let (first, second, _) = twice("HEAD", "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\n").await;
    assert_eq!((first.unwrap_err().kind, second.body.as_str()), (Kind::WrongLength, "good"));
}

#[tokio::test]
async fn an_answer_without_an_end_takes_its_connection_with_it() {
    for text in ["HTTP/1.0 200 OK\n\nall ", "HTTP/1.1 200 OK\nTransfer-Encoding: gzip\n\nall "] {
        let server = Server::start(vec![answer(&format!("{text}{EVIL}")), answer(GOOD)]).await;
        let upstream = upstream(&server);
        let whole = ask(&upstream, get("/")).await.unwrap();
        assert!(whole.body.starts_with("all HTTP/1.1") && whole.body.ends_with("evil"), "{whole:?}");
        assert_eq!(ask(&upstream, get("/")).await.unwrap().body, "good");
    }
}

/// Some servers end lines so, and no two ends of a head can be read out of it.
#[tokio::test]
async fn lines_may_end_without_a_carriage_return() {
    let lines = b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok".to_vec();
    let server = Server::start(vec![vec![Step::Read, Step::Write(lines)]]).await;
    assert_eq!(ask(&upstream(&server), get("/")).await.unwrap().body, "ok");
}

#[tokio::test]
async fn a_head_that_is_too_long_or_never_ends_is_refused() {
    let long = |length: usize| format!("HTTP/1.1 200 OK\nX: {}\nContent-Length: 2\n\nok", "x".repeat(length));
    let many =
        |fields: usize| format!("HTTP/1.1 200 OK\n{}Content-Length: 2\n\nok", "X: 1\n".repeat(fields - 1));
    for (text, fits) in [(long(30_000), true), (long(40_000), false), (many(128), true), (many(129), false)] {
        let server = Server::start(vec![[answer(&text), vec![Step::Hang]].concat()]).await;
        let whole = ask(&upstream(&server), get("/")).await;
        let kind = whole.map(|whole| whole.body).map_err(|error| error.kind);
        assert_eq!(kind, if fits { Ok("ok".into()) } else { Err(Kind::WrongLength) });
    }
    for (start, line) in [
        ("HTTP/1.1 200 OK\n", "X-Some-Name: and its value\r\n"),
        ("HTTP/1.1 200 OK\nX: ", "xxxxxxxx"),
        ("", "x"),
    ] {
        let endless = Step::Forever(line.repeat(100).into_bytes(), Duration::ZERO);
        let server = Server::start(vec![[answer(start), vec![endless]].concat()]).await;
        let error = ask(&upstream(&server), get("/")).await.unwrap_err();
        assert_eq!(error.kind, Kind::WrongLength, "{error}");
        assert!(error.to_string().len() < 400, "{error}");
        server.closed(1).await;
    }
}

#[tokio::test]
async fn interim_answers_without_end_are_silence() {
    let interim = Step::Forever(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), Duration::from_millis(1));
    let server = Server::start(vec![vec![Step::Read, interim]]).await;
    let error = ask(&common::impatient(&server), get("/")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
}

#[tokio::test]
async fn chunks_that_are_none_break_the_body_and_the_connection() {
    for chunks in ["2 \nok\nzz\n", "-1\n", "fffffffffffffffff\n", "2\nokk\n0\n\n", "2\nok0\n\n", "\n"] {
        let text = format!("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n{chunks}");
        let (first, second, connections) = twice("GET", &text).await;
        let error = first.map(|whole| whole.body).unwrap_err();
        assert_eq!(error.kind, Kind::Truncated, "{chunks:?} {error}");
        assert_eq!((second.body.as_str(), connections), ("good", 2), "{chunks:?}");
    }
}

#[tokio::test]
async fn trailers_without_end_break_the_body() {
    let head = answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n");
    let endless = Step::Forever(b"X-Some-Name: and its value\r\n".repeat(100), Duration::ZERO);
    let server = Server::start(vec![[head, vec![endless]].concat()]).await;
    let error = ask(&upstream(&server), get("/")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Truncated, "{error}");
    server.closed(1).await;
}
