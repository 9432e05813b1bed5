//! What the kernel sends in our place: to the viewer it is all the same bytes.

use futures::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{in_front_of, sent};
use crate::support::*;

/// Two and a half runs of blocks, and some: what is sent together begins and ends in the middle of it.
const LENGTH: usize = (5 << 20) + 12_345;

/// Bytes of which no two places look alike.
fn film() -> Vec<u8> {
    (0..LENGTH as u32 / 4 + 1)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(LENGTH)
        .collect()
}

/// A house in front of the film, which comes in blocks, and of a letter that is kept whole.
async fn cinema() -> (House, Server) {
    let film = film();
    let server = Server::start(move |request, _| {
        if request.starts_with("GET /letter") {
            return page("", &film[..100_000]);
        }
        let lines = "ETag: \"film\"\nAccept-Ranges: bytes";
        let range = sent(request, "range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
        let Some((first, last)) = range else { return page(lines, &film) };
        let first: usize = first.parse().expect("a number");
        let last = last.parse().unwrap_or(LENGTH - 1).min(LENGTH - 1);
        let head = format!(
            "HTTP/1.1 206 Partial Content\n{lines}\nContent-Length: {}\nContent-Range: bytes {first}-{last}/{LENGTH}",
            last + 1 - first
        );
        vec![said(&head, &film[first..=last])]
    })
    .await;
    (in_front_of(&server, |_| {}).await, server)
}

#[tokio::test]
async fn whoever_comes_however_often_gets_the_same_bytes() {
    let (house, _server) = cinema().await;
    let film = film();
    for _ in 0..5 {
        let got = get(&house, "/film", "").await;
        assert!(got.whole && got.body == film);
        let letter = get(&house, "/letter", "").await;
        assert!(letter.whole && letter.body == film[..100_000]);
    }
    let many = join_all((0..8).map(|_| get(&house, "/film", ""))).await;
    assert!(many.iter().all(|got| got.whole && got.body == film));
}

#[tokio::test]
async fn parts_begin_and_end_where_they_should() {
    let (house, _server) = cinema().await;
    let film = film();
    for _ in 0..3 {
        for (first, last) in [
            (0, 0),
            (1, 262_143),
            (262_144, 262_144),
            (262_143, 2_097_152),
            (2_097_151, 4_194_304),
            (5_000_000, LENGTH - 1),
        ] {
            let got = get(&house, "/film", &format!("Range: bytes={first}-{last}\r\n")).await;
            assert!(got.whole && got.body == film[first..=last], "{first}-{last}");
            let letter = get(&house, "/letter", "Range: bytes=4095-70000\r\n").await;
            assert!(letter.whole && letter.body == film[4095..=70_000]);
        }
    }
}

#[tokio::test]
async fn by_http_2_in_between_it_is_the_same() {
    let (house, _server) = cinema().await;
    let film = film();
    for _ in 0..3 {
        for _ in 0..3 {
            assert!(get(&house, "/film", "").await.body == film);
        }
        for path in ["/film", "/letter", "/film"] {
            let mut client = version_2(&house).await;
            let request =
                Request::get(format!("http://{WEB_HOST}{path}")).body(Full::default()).expect("a request");
            let answer = client.send_request(request).await.expect("an answer");
            let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
            assert!(film.starts_with(&body) && body.len() >= 100_000, "{path}");
        }
    }
}

#[tokio::test]
async fn answers_to_requests_in_a_row_come_one_behind_the_other() {
    let (house, _server) = cinema().await;
    let film = film();
    for _ in 0..3 {
        get(&house, "/film", "").await;
        get(&house, "/letter", "").await;
    }
    let mut stream = TcpStream::connect(house.address).await.expect("a connection");
    let request = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: {WEB_HOST}\r\n{more}\r\n");
    let all = [
        request("/letter", ""),
        request("/film", "Range: bytes=100-3000000\r\n"),
        request("/letter", "Connection: close\r\n"),
    ];
    stream.write_all(all.concat().as_bytes()).await.expect("they are sent");
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.expect("it ends");
    let mut rest = heard.as_slice();
    for expected in [&film[..100_000], &film[100..=3_000_000], &film[..100_000]] {
        let head = rest.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        assert!(rest[head..].starts_with(expected));
        rest = &rest[head + expected.len()..];
    }
    assert!(rest.is_empty());
}

#[tokio::test]
async fn who_leaves_in_the_middle_takes_nothing_from_the_others() {
    let (house, _server) = cinema().await;
    let film = film();
    for _ in 0..3 {
        get(&house, "/film", "").await;
    }
    for _ in 0..4 {
        let mut stream = TcpStream::connect(house.address).await.expect("a connection");
        let request = format!("GET /film HTTP/1.1\r\nHost: {WEB_HOST}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut some = vec![0; 100_000];
        stream.read_exact(&mut some).await.expect("the beginning");
        drop(stream);
        let got = get(&house, "/film", "").await;
        assert!(got.whole && got.body == film);
    }
}
