//! The order of a tunnel's requests: whatever connections and proxies do to them, the stream inside has one order, and
//! each request one answer.

use std::cell::Cell;
use std::time::Duration;

use bytes::Buf;
use futures::FutureExt;
use millrace_rtmp::handshake::Kind;
use millrace_rtmp::handshake::digest::Scheme;
use millrace_rtmp::handshake::encrypted::Wrap;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::support::*;

const RTMPE: Kind = Kind::Encrypted(Wrap::Xtea, Scheme::Second);

/// What the answer to the handshake is long, with its interval byte.
const GREETING: usize = 1 + 1 + 2 * 1536;

fn lengths(answers: &[Answer]) -> Vec<usize> {
    answers.iter().map(|answer| answer.body.len()).collect()
}

async fn film_comes_whole(house: &House, kind: Kind, requests: Requests) {
    house.put("film.mp4", &sample_mp4());
    let mut viewer = Viewer::over(house.road().tunnel(requests), kind).await.settled(TC_URL).await;
    viewer.play("mp4:film");
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &Oracle::of(&sample_mp4()).await.whole().await);
}

#[tokio::test]
async fn requests_that_do_not_wait_for_answers_get_one_each_in_their_order() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let hello = hello();
    // As librtmp writes: every piece of the stream at once, in a request of its own.
    let requests = [
        post(&tunnel.path("send"), &hello[..1]),
        post(&tunnel.path("send"), &hello[1..]),
        post(&tunnel.path("send"), &[0; 1536]),
        post(&tunnel.path("idle"), &[0]),
        post(&tunnel.path("idle"), &[0]),
        post(&tunnel.path("close"), &[0]),
    ];
    tunnel.http.write(&requests.concat()).await;
    let answers = tunnel.http.answers(6).await;
    assert_eq!(lengths(&answers), [1, GREETING, 1, 1, 1, 1]);
    assert_eq!(answers[5].interval(), 0);
}

/// Carries what both sides say until `done`.
async fn pump(tunnel: &mut Tunnel, far: &mut DuplexStream, done: &Cell<bool>) {
    let mut said = Vec::new();
    while !done.get() {
        while let Some(Ok(1..)) = far.read_buf(&mut said).now_or_never() {}
        let mut answer = match said.is_empty() {
            true => tunnel.idle().await,
            false => tunnel.send(&std::mem::take(&mut said)).await,
        };
        answer.body.advance(1);
        far.write_all(&answer.body).await.expect("the viewer is there");
        // Now the viewer hears it.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_idle_that_is_held_is_answered_once_another_request_stands_behind_it() {
    // In the pause of a film nothing ends the hold but the request behind.
    let house = House::with(|limits| {
        limits.tunnel_hold = Duration::from_secs(3600);
        limits.tunnel_silence = Duration::from_secs(7200);
    })
    .await;
    house.put("film.flv", &short_flv());
    let mut tunnel = Tunnel::to(&house.road()).await;
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let paused = Cell::new(false);
    let viewing = async {
        let mut viewer = Viewer::over(Box::new(near), Kind::Plain).await.settled(TC_URL).await;
        viewer.buffer(0, 2000).play("film");
        viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
        viewer.pause(true, 0).hear_status("NetStream.Pause.Notify").await;
        paused.set(true);
        viewer
    };
    let (mut viewer, ()) = tokio::join!(viewing, pump(&mut tunnel, &mut far, &paused));
    let requests = house.edge.metrics().snapshot().http_requests;
    let idle = tunnel.path("idle");
    tunnel.http.write(&post(&idle, &[0])).await;
    house.counted(|counters| counters.http_requests == requests + 1).await;
    viewer.pause(false, 0).send().await;
    let mut said = Vec::new();
    far.read_buf(&mut said).await.expect("the viewer has said something");
    let send = tunnel.path("send");
    tunnel.http.write(&post(&send, &said)).await;
    let answers = tunnel.http.answers(2).await;
    assert_eq!(answers[0].body.len(), 1, "nothing was there to be sent");
    assert_eq!(answers[1].status(), 200);
}

#[tokio::test]
async fn any_connection_may_carry_any_request_of_a_session() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let mut others = [house.http().await, house.http().await];
    let hello = hello();
    let mut lengths = Vec::new();
    for (index, part) in [&hello[..1000], &hello[1000..], &[0; 1536]].into_iter().enumerate() {
        let path = tunnel.path("send");
        lengths.push(others[index % 2].post(&path, part).await.body.len());
    }
    lengths.push(tunnel.idle().await.body.len());
    assert_eq!(lengths, [1, GREETING, 1, 1]);
}

#[tokio::test]
async fn a_film_comes_whole_though_each_request_takes_a_new_connection() {
    film_comes_whole(&House::new().await, Kind::Plain, Requests::NewConnections).await;
}

#[tokio::test]
async fn a_film_comes_whole_though_each_request_is_sent_twice() {
    let house = House::new().await;
    for kind in [Kind::Plain, RTMPE] {
        film_comes_whole(&house, kind, Requests::Twice).await;
    }
}

#[tokio::test]
async fn a_film_comes_whole_though_each_connection_dies_before_its_answer() {
    let house = House::new().await;
    for kind in [Kind::Plain, RTMPE] {
        film_comes_whole(&house, kind, Requests::CutOff).await;
    }
}

#[tokio::test]
async fn the_last_request_may_be_asked_again_and_again_by_anybody() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let path = tunnel.path("send");
    let first = tunnel.http.post(&path, &hello()).await;
    assert_eq!(first.body.len(), GREETING);
    for _ in 0..3 {
        assert_eq!(house.http().await.post(&path, &hello()).await.body, first.body);
    }
    assert_eq!(
        tunnel.send(&[0; 1536]).await.body.len(),
        1,
        "the repeated handshake was no part of the stream"
    );
}

#[tokio::test]
async fn requests_that_come_early_wait_for_those_in_front_of_them() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let hello = hello();
    tunnel.send(&hello[..1]).await;
    let (second, third, fourth) = (tunnel.path("send"), tunnel.path("send"), tunnel.path("idle"));
    let mut others = [house.http().await, house.http().await];
    let requests = house.edge.metrics().snapshot().http_requests;
    others[1].write(&post(&fourth, &[0])).await;
    others[0].write(&post(&third, &hello[700..])).await;
    house.counted(|counters| counters.http_requests == requests + 2).await;
    assert_eq!(tunnel.http.post(&second, &hello[1..700]).await.body.len(), 1);
    assert_eq!(lengths(&others[0].answers(1).await), [GREETING]);
    assert_eq!(lengths(&others[1].answers(1).await), [1]);
}

#[tokio::test]
async fn a_number_out_of_reach_ends_the_session_and_all_who_wait_are_told() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let mut waiting = house.http().await;
    tunnel.idle().await;
    let requests = house.edge.metrics().snapshot().http_requests;
    waiting.write(&post(&format!("/idle/{}/2", tunnel.id), &[0])).await;
    house.counted(|counters| counters.http_requests == requests + 1).await;
    let refused = tunnel.http.post(&format!("/idle/{}/5", tunnel.id), &[0]).await;
    assert_eq!((refused.status(), refused.body.len()), (400, 0));
    assert_eq!(waiting.answers(1).await[0].status(), 404);
    house.ended("request 5 where 1 was due").await;
    house.empty().await;
    assert_eq!(tunnel.idle().await.status(), 404);
}

#[tokio::test]
async fn an_old_request_that_is_replayed_gets_nothing() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let path = tunnel.path("send");
    tunnel.http.post(&path, &hello()).await;
    tunnel.idle().await;
    let replayed = house.http().await.post(&path, &hello()).await;
    assert_eq!((replayed.status(), replayed.body.len()), (400, 0));
}

#[tokio::test]
async fn a_request_that_never_comes_ends_the_session() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    tunnel.idle().await;
    tunnel.path("idle");
    assert_eq!(tunnel.idle().await.status(), 404);
    house.ended("request 1 did not come, later ones did").await;
}

#[tokio::test]
async fn the_first_request_may_have_any_number_and_numbers_may_pass_their_end() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    for (number, length) in [(u32::MAX - 1, 1), (u32::MAX, GREETING), (0, 1)] {
        let body = if length == GREETING { hello() } else { Vec::new() };
        let answer = tunnel.http.post(&format!("/send/{}/{number}", tunnel.id), &body).await;
        assert_eq!(answer.body.len(), length, "{number}");
    }
}
