//! Bytes that two readers could take for different requests, and what becomes of them.

use std::time::Duration;

use crate::support::*;

/// What a web host answers, by status, to everything that is sent at once, until the edge closes.
async fn statuses(house: &House, bytes: &str) -> Vec<u16> {
    let mut http = house.http().await;
    http.write(bytes.as_bytes()).await;
    let mut statuses = Vec::new();
    while let Some(answer) = http.answer().await {
        statuses.push(answer.status());
    }
    statuses
}

/// A request that is the last one.
fn last(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")
}

/// A request with these lines, and what stands behind it.
fn request(lines: &str, behind: &str) -> String {
    format!("POST /nothing HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n{behind}")
}

#[tokio::test]
async fn what_two_readers_could_take_for_different_requests_is_refused_and_nothing_behind_it_is_read() {
    let house = House::new().await;
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5,5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length : 5\r\n",
        "Content-Length\t: 5\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "X: y\r\n Content-Length: 5\r\n",
        "X: y\r\n\tfolded\r\n",
        "X: y\nContent-Length: 5\r\n",
        "X: y\rContent-Length: 5\r\n",
        "X: y\r\n\nX: y\r\n",
        "X: y\0\r\n",
        "X y\r\n",
        ": y\r\n",
        "(X): y\r\n",
    ] {
        let bytes = request(lines, &format!("0\r\n\r\n{}", last("/")));
        assert_eq!(statuses(&house, &bytes).await, [400], "{lines:?}");
    }
}

#[tokio::test]
async fn a_first_line_that_two_readers_could_part_differently_is_refused() {
    let house = House::new().await;
    for line in [
        "GET / HTTP/1.1\n",
        "GET  / HTTP/1.1\r\n",
        "GET\t/ HTTP/1.1\r\n",
        "GET / HTTP/1.1 \r\n",
        "GET /\r\n",
        "GET / HTTP/2.0\r\n",
        "GET / HTTP/1.2\r\n",
        "GET / http/1.1\r\n",
        "GET /\0 HTTP/1.1\r\n",
        "GET / x HTTP/1.1\r\n",
        "G(T / HTTP/1.1\r\n",
    ] {
        let bytes = format!("{line}Host: {HOST}\r\n\r\n{}", last("/"));
        assert_eq!(statuses(&house, &bytes).await, [400], "{line:?}");
    }
}

#[tokio::test]
async fn chunks_that_two_readers_could_part_differently_end_the_connection() {
    let house = House::new().await;
    let endless = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(64 << 10));
    for chunks in [
        "5\nhello\r\n0\r\n\r\n",
        "5;\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        &endless,
    ] {
        let bytes = request("Transfer-Encoding: chunked\r\n", &[chunks, &last("/")].concat());
        let statuses = statuses(&house, &bytes).await;
        // A page needs no body, so its answer may be there before the fault is.
        assert!(matches!(statuses[..], [] | [400] | [404]), "{chunks:?} {statuses:?}");
    }
}

#[tokio::test]
async fn what_only_looks_like_two_requests_is_one() {
    let house = House::new().await;
    let inner = "GET /inner HTTP/1.1\r\nHost: a\r\n\r\n";
    let length = format!("Content-Length: {}\r\n", inner.len());
    let chunk = format!("{:x};a=b\r\n{inner}\r\n0\r\nX: y\r\n\r\n", inner.len());
    for bytes in [
        request(&length, &[inner, &last("/")].concat()),
        request("Transfer-Encoding: CHUNKED\r\n", &(chunk + &last("/"))),
        request("Content-Length: 0\r\n", &["\r\n", &last("/")].concat()),
    ] {
        assert_eq!(statuses(&house, &bytes).await, [404, 200], "{bytes:?}");
    }
}

#[tokio::test]
async fn a_body_of_http_1_0_has_no_chunks() {
    let house = House::new().await;
    let bytes = format!(
        "POST / HTTP/1.0\r\nHost: {HOST}\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{}",
        last("/")
    );
    assert_eq!(statuses(&house, &bytes).await, [400]);
}

#[tokio::test]
async fn a_request_says_once_whom_it_is_for() {
    let house = House::new().await;
    for (hosts, status) in [
        (&[HOST, WEB_HOST][..], 400),
        (&[HOST, HOST], 400),
        (&[], 400),
        (&[""], 400),
        (&["a b"], 400),
        (&["films.example.net/"], 400),
        (&["x@films.example.net"], 400),
        (&["films.example.net:http"], 400),
        (&["FILMS.example.net.:80"], 200),
    ] {
        let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        for target in ["/", "/index.html"] {
            let bytes = format!("GET {target} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
            let expected = if status == 200 && target != "/" { 404 } else { status };
            assert_eq!(statuses(&house, &bytes).await, [expected], "{hosts:?}");
        }
    }
    let whole = format!("GET http://{HOST}/ HTTP/1.1\r\nHost: nobody.example\r\nConnection: close\r\n\r\n");
    assert_eq!(statuses(&house, &whole).await, [200]);
}

#[tokio::test]
async fn a_viewer_who_sends_a_body_and_stops_is_not_waited_for() {
    let house = House::with(|limits| {
        limits.tunnel_silence = Duration::from_millis(300);
        limits.session.handshake = Duration::from_millis(300);
    })
    .await;
    for bytes in [
        format!("GET / HTTP/1.1\r\nHost: {WEB_HOST}\r\n"),
        "PRI * HTTP".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM".to_owned(),
    ] {
        assert_eq!(statuses(&house, &bytes).await, [0; 0], "{bytes:?}");
    }
}
