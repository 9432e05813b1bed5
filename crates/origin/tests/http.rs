//! A web server, asked as CloudFront asks custom origins.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod common;

use common::{Server, Step, answer, ask, config, get, impatient, upstream, with_body};
use http::{Method, Request};
use http_body_util::{BodyExt, StreamBody};
use hyper_util::rt::TokioIo;
use millrace_model::web::OriginProtocol;
use millrace_origin::{HttpConfig, HttpUpstream, Kind, OriginId, Trust, Upstream, no_body};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const OK: &str = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok";

#[tokio::test]
async fn a_request_goes_out_with_the_path_in_front_and_our_headers_in_place_of_the_viewers() {
    let server = Server::start(vec![answer(OK)]).await;
    let upstream = HttpUpstream::new(HttpConfig {
        path: "/shop é".into(),
        headers: vec![
            ("x-verify".parse().unwrap(), "ours".parse().unwrap()),
            ("x-two".parse().unwrap(), "1".parse().unwrap()),
            ("x-two".parse().unwrap(), "2".parse().unwrap()),
        ],
        ..config(server.address)
    });
    let mut request = get("/a%20b//%C3%A9?x=1&y=%2F");
    for (name, value) in [
        ("x-verify", "theirs"),
        ("x-verify", "theirs too"),
        ("x-two", "0"),
        ("accept", "*/*"),
        // Names ours, to have it taken off.
        ("connection", "close, x-verify, x-named"),
        ("x-named", "1"),
        ("keep-alive", "timeout=9"),
        ("te", "gzip, trailers"),
        ("expect", "100-continue"),
        ("proxy-authorization", "Basic eDp5"),
    ] {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    assert_eq!(ask(&upstream.unwrap(), request).await.unwrap().body, "ok");
    let seen = server.seen().remove(0);
    let (line, fields) = seen.split_once("\r\n").unwrap();
    assert_eq!(line, "GET /shop%20%C3%A9/a%20b//%C3%A9?x=1&y=%2F HTTP/1.1");
    let mut fields: Vec<_> = fields.trim().split("\r\n").collect();
    fields.sort_unstable();
    let host = format!("host: {}", server.address);
    let mut expected =
        ["accept: */*", "connection: te", &host, "te: trailers", "x-two: 1", "x-two: 2", "x-verify: ours"];
    expected.sort_unstable();
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn the_viewers_host_is_sent_where_it_is_meant_for_the_origin() {
    let server = Server::start(vec![answer(OK)]).await;
    let mut request = get("/");
    request.headers_mut().insert("host", "www.example.com".parse().unwrap());
    ask(&upstream(&server), request).await.unwrap();
    assert!(server.seen()[0].contains("\r\nhost: www.example.com\r\n"), "{:?}", server.seen());
}

#[tokio::test]
async fn an_answer_is_passed_on_as_it_is_but_for_the_connection() {
    let text = "HTTP/1.1 418 Teapot\nContent-Length: 2\nX-Own: a\nX-Own: b\nConnection: x-named\nX-Named: 1\nKeep-Alive: timeout=5\nSet-Cookie: a=b\n\nno";
    let server = Server::start(vec![answer(text)]).await;
    let whole = ask(&upstream(&server), get("/")).await.unwrap();
    assert_eq!((whole.status, whole.body.as_str()), (418, "no"));
    let fields: Vec<_> =
        whole.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let expected: [(&str, &[u8]); 4] =
        [("content-length", b"2"), ("x-own", b"a"), ("x-own", b"b"), ("set-cookie", b"a=b")];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn redirects_are_answers() {
    let text = "HTTP/1.1 302 Found\nLocation: /elsewhere\nContent-Length: 0\n\n";
    let server = Server::start(vec![answer(text)]).await;
    let whole = ask(&upstream(&server), get("/")).await.unwrap();
    assert_eq!((whole.status, whole.headers["location"].as_bytes()), (302, &b"/elsewhere"[..]));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn interim_answers_are_left_out_and_trailers_kept() {
    let text = "HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X-Sum\n\n2\nok\n0\nX-Sum: 7\n\n";
    let server = Server::start(vec![answer(text)]).await;
    let mut request = get("/");
    request.headers_mut().insert("te", "trailers".parse().unwrap());
    let whole = ask(&upstream(&server), request).await.unwrap();
    assert_eq!((whole.status, whole.body.as_str()), (200, "ok"));
    assert!(!whole.headers.contains_key("transfer-encoding") && !whole.headers.contains_key("link"));
    assert_eq!(whole.trailers.unwrap()["x-sum"], "7");
}

#[tokio::test]
async fn the_length_that_is_sent_is_that_of_the_body() {
    let post = [answer(OK), answer(OK), answer(OK), answer(OK)].concat();
    let server = Server::start(vec![post]).await;
    let upstream = upstream(&server);
    let mut lies = get("/lies");
    lies.headers_mut().insert("content-length", "5".parse().unwrap());
    let pieces = futures::stream::iter(["he", "llo"].map(|piece| Ok(hyper::body::Frame::data(piece.into()))));
    let unknown = Request::post("/unknown").header("transfer-encoding", "gzip, chunked");
    for request in [
        lies,
        with_body("PUT", "/known", "hello"),
        unknown.body(StreamBody::new(pieces).boxed_unsync()).unwrap(),
        Request::post("/nothing").header("content-length", "7").body(no_body()).unwrap(),
    ] {
        assert_eq!(ask(&upstream, request).await.unwrap().body, "ok");
    }
    let [lies, known, unknown, nothing] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    assert!(!lies.contains("content-length"), "{lies}");
    assert!(known.contains("content-length: 5\r\n") && known.ends_with("\r\n\r\nhello"), "{known}");
    assert!(
        unknown.contains("transfer-encoding: chunked\r\n")
            && unknown.ends_with("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
        "{unknown}"
    );
    assert!(nothing.contains("content-length: 0\r\n"), "{nothing}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_is_kept_for_a_while_and_then_closed() {
    let server = Server::start(vec![[answer(OK), answer(OK), vec![Step::Hang]].concat()]).await;
    let config = HttpConfig { keepalive: Duration::from_secs(1), ..config(server.address) };
    let upstream = HttpUpstream::new(config).unwrap();
    ask(&upstream, get("/1")).await.unwrap();
    ask(&upstream, get("/2")).await.unwrap();
    assert_eq!((server.connections(), server.seen().len()), (1, 2));
    server.closed(1).await;
}

#[tokio::test]
async fn what_only_reads_is_asked_again_where_a_kept_connection_was_dead() {
    for end in [Step::Reset, Step::Write(Vec::new())] {
        for (method, again) in
            [("GET", true), ("HEAD", true), ("OPTIONS", true), ("POST", false), ("DELETE", false)]
        {
            let head_only = "HTTP/1.1 200 OK\nContent-Length: 0\n\n";
            let dies = [answer(head_only), vec![Step::Read, end.clone()]].concat();
            let server = Server::start(vec![dies, answer(head_only)]).await;
            let upstream = upstream(&server);
            ask(&upstream, get("/first")).await.unwrap();
            let request = Request::builder().method(method).uri("/second").body(no_body()).unwrap();
            let second = ask(&upstream, request).await;
            assert_eq!(second.is_ok(), again, "{method} {second:?}");
            assert_eq!(server.connections(), 1 + usize::from(again), "{method}");
            let kind = second.map_err(|error| error.kind).err();
            assert_eq!(kind, (!again).then_some(Kind::Unavailable), "{method}");
        }
    }
}

#[tokio::test]
async fn a_request_with_a_body_is_sent_once() {
    let dies = [answer(OK), vec![Step::Read, Step::Reset]].concat();
    let server = Server::start(vec![dies, answer(OK)]).await;
    let upstream = upstream(&server);
    ask(&upstream, get("/")).await.unwrap();
    assert_eq!(ask(&upstream, with_body("GET", "/", "x")).await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_new_connection_that_dies_is_an_error_that_says_how() {
    for (end, words) in [(Step::Write(Vec::new()), "closed before"), (Step::Reset, "reset before")] {
        let server = Server::start(vec![vec![Step::Read, end], answer(OK)]).await;
        let error = ask(&upstream(&server), get("/a?token=hush")).await.unwrap_err();
        assert_eq!((error.kind, &*error.key, server.connections()), (Kind::Unavailable, "/a", 1));
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error} {error:?}").contains("hush"));
    }
}

#[tokio::test]
async fn who_can_not_be_reached_is_unavailable_and_the_reason_is_said() {
    let server = Server::start(vec![]).await;
    let config = HttpConfig { attempts: 2, ..config(server.address) };
    let closed = HttpUpstream::new(config.clone()).unwrap();
    drop(server);
    tokio::task::yield_now().await;
    let error = ask(&closed, get("/")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.to_string().contains("refused, tried 2 times"), "{error}");
    let nowhere = HttpUpstream::new(HttpConfig { host: "no-such-host.invalid".into(), ..config }).unwrap();
    let error = ask(&nowhere, get("/")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.to_string().contains("no-such-host.invalid can't be resolved"), "{error}");
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let server = Server::start(vec![vec![Step::Read, Step::Hang]]).await;
    let error = ask(&impatient(&server), get("/")).await.unwrap_err();
    assert_eq!((error.kind, error.offset), (Kind::Timeout, None));
    assert!(error.to_string().contains("no answer came within 1s"), "{error}");
    let half = "HTTP/1.1 200 OK\nContent-Length: 10\n\n01234";
    let server = Server::start(vec![[answer(half), vec![Step::Hang]].concat()]).await;
    let error = ask(&impatient(&server), get("/")).await.unwrap_err();
    assert_eq!((error.kind, error.offset), (Kind::Timeout, Some(5)));
    server.closed(1).await;
}

#[tokio::test]
async fn a_body_that_breaks_says_at_which_byte() {
    for text in [
        "HTTP/1.1 200 OK\nContent-Length: 10\n\n01234",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\n01234\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\n01234\nxyz\n",
    ] {
        let server = Server::start(vec![answer(text)]).await;
        let error = ask(&upstream(&server), get("/")).await.unwrap_err();
        assert_eq!((error.kind, error.offset), (Kind::Truncated, Some(5)), "{text} {error}");
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_cut_when_its_time_is_over() {
    let head = answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n");
    let trickle = Step::Forever(b"1\r\nx\r\n".to_vec(), Duration::from_millis(5));
    let server = Server::start(vec![[head, vec![trickle]].concat(), vec![Step::Read, Step::Hang]]).await;
    let config =
        HttpConfig { completion_timeout: Some(Duration::from_millis(300)), ..config(server.address) };
    let upstream = HttpUpstream::new(config).unwrap();
    for _ in 0..2 {
        let error = ask(&upstream, get("/")).await.unwrap_err();
        assert_eq!(error.kind, Kind::Timeout);
        assert!(error.to_string().contains("not complete in time"), "{error}");
    }
}

/// One that is faster than it is read leaves no moment to wait in.
#[tokio::test]
async fn a_flood_is_cut_as_well() {
    let head = answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n");
    let piece = [b"10000\r\n".as_slice(), &[7; 65_536], b"\r\n"].concat().repeat(16);
    let server = Server::start(vec![[head, vec![Step::Forever(piece, Duration::ZERO)]].concat()]).await;
    let config =
        HttpConfig { completion_timeout: Some(Duration::from_millis(300)), ..config(server.address) };
    let response = HttpUpstream::new(config).unwrap().ask(get("/")).await.unwrap();
    let mut body = response.into_body();
    let error = loop {
        // Nothing is waited for here but the body itself.
        if let Err(error) = body.frame().await.unwrap() {
            break error;
        }
    };
    assert_eq!(error.kind, Kind::Timeout);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_slow_answer_is_no_silence() {
    let pieces = std::iter::repeat_n(b"x".to_vec(), 8).flat_map(|piece| [Step::Pause, Step::Write(piece)]);
    let steps = answer("HTTP/1.1 200 OK\nContent-Length: 8\n\n").into_iter().chain(pieces).collect();
    let server = Server::start(vec![steps]).await;
    let config = HttpConfig { read_timeout: Duration::from_secs(2), ..config(server.address) };
    let whole = ask(&HttpUpstream::new(config).unwrap(), get("/")).await.unwrap();
    assert_eq!(whole.body, "xxxxxxxx");
}

#[tokio::test]
async fn a_long_upload_is_no_silence() {
    let server = Server::start(vec![answer(OK)]).await;
    let config = HttpConfig { read_timeout: Duration::from_secs(2), ..config(server.address) };
    let pieces = futures::stream::unfold(0, |sent| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        (sent < 8).then(|| (Ok(hyper::body::Frame::data("x".into())), sent + 1))
    });
    let request = Request::put("/").body(StreamBody::new(Box::pin(pieces)).boxed_unsync()).unwrap();
    assert_eq!(ask(&HttpUpstream::new(config).unwrap(), request).await.unwrap().body, "ok");
}

#[tokio::test]
async fn a_dropped_body_closes_the_connection() {
    let head = answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n");
    let endless = Step::Forever(b"1\r\nx\r\n".to_vec(), Duration::from_millis(1));
    let server = Server::start(vec![[head, vec![endless]].concat()]).await;
    let mut body = upstream(&server).ask(get("/")).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    server.closed(1).await;
}

fn web_socket() -> Request<millrace_origin::RequestBody> {
    let request =
        Request::get("/chat").header("connection", "keep-alive, Upgrade").header("upgrade", "WebSocket");
    request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").body(no_body()).unwrap()
}

#[tokio::test]
async fn a_web_socket_goes_through() {
    let switch = answer(
        "HTTP/1.1 101 Switching Protocols\nConnection: upgrade\nUpgrade: websocket\nSec-WebSocket-Accept: x\n\n",
    );
    let server = Server::start(vec![[switch, vec![Step::Echo]].concat()]).await;
    let mut response = upstream(&server).ask(web_socket()).await.unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(["connection", "upgrade"].map(|name| &response.headers()[name]), ["upgrade", "websocket"]);
    assert!(
        server.seen()[0].contains("connection: upgrade\r\nupgrade: websocket\r\n"),
        "{:?}",
        server.seen()
    );
    let mut socket = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    socket.write_all(b"hello").await.unwrap();
    let mut echo = [0; 5];
    socket.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"hello");
}

#[tokio::test]
async fn a_refused_web_socket_is_an_answer() {
    let server = Server::start(vec![answer("HTTP/1.1 403 Forbidden\nContent-Length: 2\n\nno")]).await;
    let whole = ask(&upstream(&server), web_socket()).await.unwrap();
    assert_eq!((whole.status, whole.body.as_str()), (403, "no"));
}

#[tokio::test]
async fn no_other_protocol_is_switched_to() {
    let switch = answer("HTTP/1.1 101 Switching Protocols\nConnection: upgrade\nUpgrade: h2c\n\n");
    for (name, value) in [("upgrade", "h2c"), ("accept", "*/*")] {
        let server = Server::start(vec![switch.clone()]).await;
        let mut request = get("/");
        request.headers_mut().insert("connection", "upgrade, http2-settings".parse().unwrap());
        request.headers_mut().insert("http2-settings", "x".parse().unwrap());
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(ask(&upstream(&server), request).await.unwrap_err().kind, Kind::WrongLength);
        let seen = &server.seen()[0];
        assert!(!seen.contains("upgrade") && !seen.contains("http2-settings"), "{seen}");
    }
}

#[tokio::test]
async fn what_can_not_be_asked_is_not_asked() {
    let server = Server::start(vec![]).await;
    let upstream = upstream(&server);
    for (method, uri) in [(Method::CONNECT, "example.com:443"), (Method::OPTIONS, "*")] {
        let request = Request::builder().method(method).uri(uri).body(no_body()).unwrap();
        assert_eq!(ask(&upstream, request).await.unwrap_err().kind, Kind::BadKey, "{uri}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn what_can_not_work_is_said_at_once_and_secrets_are_not() {
    let base = HttpConfig {
        headers: vec![("x-verify".parse().unwrap(), "hush".parse().unwrap())],
        protocol: OriginProtocol::MatchViewer,
        ..HttpConfig::new(OriginId::new("web"), "h.example", Trust::native().unwrap())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    assert!(HttpUpstream::new(base.clone()).is_ok());
    for host in ["", "a b", "me@h", "h:80", "h/x", "http://h"] {
        let error = HttpUpstream::new(HttpConfig { host: host.into(), ..base.clone() }).unwrap_err();
        assert_eq!(error.kind, Kind::Misconfigured, "{host}");
    }
    assert!(HttpUpstream::new(HttpConfig { path: "x".into(), ..base.clone() }).is_err());
    let framing = vec![("transfer-encoding".parse().unwrap(), "chunked".parse().unwrap())];
    assert!(HttpUpstream::new(HttpConfig { headers: framing, ..base.clone() }).is_err());
    let text = format!("{base:?} {:?}", HttpUpstream::new(base.clone()).unwrap());
    assert!(text.contains("x-verify") && !text.contains("hush"), "{text}");
}
