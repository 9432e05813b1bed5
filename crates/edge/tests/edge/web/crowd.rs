//! Many viewers of one thing, who come and go while it comes.

use std::sync::Arc;

use millrace_edge::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{in_front_of, put};
use crate::support::*;

/// A server that sends the first half of a megabyte, and the rest when it is allowed to.
async fn halting(held: &Arc<Semaphore>, lines: &'static str) -> Server {
    let held = Arc::clone(held);
    Server::start(move |_, _| {
        let half = vec![b'x'; 1 << 19];
        let head = format!("HTTP/1.1 200 OK\nContent-Length: {}{lines}", 1 << 20);
        vec![said(&head, &half), Do::Wait(Arc::clone(&held)), Do::Say(half)]
    })
    .await
}

/// Somebody who has asked, and got the first bytes.
async fn begun(house: &House) -> TcpStream {
    let mut stream = house.road().socket().await;
    let request = format!("GET /a HTTP/1.1\r\nHost: {WEB_HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the edge reads");
    stream.read_exact(&mut [0; 1000]).await.expect("the first bytes");
    stream
}

/// How much comes until the end.
async fn rest(mut stream: TcpStream) -> usize {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("the edge closes in order");
    assert!(rest.ends_with(b"xxxx"));
    rest.len() + 1000
}

#[tokio::test]
async fn who_leaves_takes_nothing_from_those_who_read_the_same() {
    for lines in ["", "\nCache-Control: no-store", "\nETag: \"1\"\nAccept-Ranges: bytes"] {
        let held = Arc::new(Semaphore::new(0));
        let server = halting(&held, lines).await;
        let house = in_front_of(&server, |_| {}).await;
        let (first, second, third) = (begun(&house).await, begun(&house).await, begun(&house).await);
        drop(first);
        drop(second);
        let fourth = begun(&house).await;
        let requests = server.asked();
        held.add_permits(requests);
        for stream in [third, fourth] {
            assert!(rest(stream).await > 1 << 20, "{lines}");
        }
        assert!(lines.contains("no-store") || server.asked() == 1, "{lines}: {} requests", server.asked());
    }
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_kept_for_who_comes_later() {
    let held = Arc::new(Semaphore::new(0));
    let server = halting(&held, "").await;
    let house = in_front_of(&server, |_| {}).await;
    drop(begun(&house).await);
    held.add_permits(1);
    assert!(rest(begun(&house).await).await > 1 << 20);
    assert_eq!(server.asked(), 1);
}

/// The most viewers of one test.
const CROWD: usize = 1000;

fn many(limits: &mut Limits) {
    limits.connections = 2 * CROWD;
    limits.connections_per_address = 2 * CROWD;
}

#[tokio::test]
async fn a_thousand_viewers_of_one_cold_page_are_one_request() {
    let held = Arc::new(Semaphore::new(0));
    let hold = Arc::clone(&held);
    let server =
        Server::start(move |_, _| [vec![Do::Wait(Arc::clone(&hold))], page("", "x".repeat(10_000))].concat())
            .await;
    let house = House::with(many).await;
    put(&house, &server, |_| {});
    let (house, mut viewers) = (Arc::new(house), JoinSet::new());
    for _ in 0..CROWD {
        let house = Arc::clone(&house);
        viewers.spawn(async move { get(&house, "/a", "").await });
    }
    house.counted(|counters| counters.http_requests == CROWD as u64).await;
    held.add_permits(CROWD);
    let mut from = [0, 0];
    while let Some(got) = viewers.join_next().await {
        let got = got.expect("no panic");
        assert!(got.whole && got.body.len() == 10_000, "{got:?}");
        from[usize::from(got.from() == "Miss")] += 1;
    }
    assert_eq!((from, server.asked()), ([CROWD - 1, 1], 1));
}

#[tokio::test]
async fn a_crowd_at_something_that_is_each_viewers_own_waits_for_nobody() {
    let held = Arc::new(Semaphore::new(0));
    let hold = Arc::clone(&held);
    let server = Server::start(move |_, number| {
        [vec![Do::Wait(Arc::clone(&hold))], page("Cache-Control: private", number.to_string())].concat()
    })
    .await;
    let house = Arc::new(in_front_of(&server, |_| {}).await);
    let mut viewers = JoinSet::new();
    for _ in 0..20 {
        let house = Arc::clone(&house);
        viewers.spawn(async move { get(&house, "/a", "").await.text().to_owned() });
    }
    held.add_permits(20);
    let mut answers: Vec<String> = viewers.join_all().await;
    answers.sort();
    answers.dedup();
    assert_eq!((answers.len(), server.asked()), (20, 20), "nobody got somebody else's");
}
