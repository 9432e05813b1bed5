//! Handshakes that cost arithmetic: those who come in crowds with them, or with wrong ones, are nobody else's trouble.

use std::time::Duration;

use millrace_rtmp::handshake::digest::{self, Scheme};
use millrace_rtmp::handshake::encrypted::Wrap;
use millrace_rtmp::handshake::{self, BLOCK, Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::*;

const RTMPE: Kind = Kind::Encrypted(Wrap::Plain, Scheme::First);

/// C0 and C1 of a sound client.
fn offer() -> (handshake::Client, Vec<u8>) {
    let (mut client, mut hello) = (handshake::Client::new(RTMPE), Vec::new());
    client.hello(&mut hello, &mut random);
    (client, hello)
}

fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has random bytes");
}

/// Somebody who says this and nothing more.
async fn says(house: &House, bytes: &[u8]) -> TcpStream {
    let mut socket = house.road().socket().await;
    socket.write_all(bytes).await.expect("an open port takes bytes");
    socket
}

#[tokio::test]
async fn a_flood_of_offers_takes_nothing_from_a_viewer_who_plays() {
    let house = House::with(|limits| {
        limits.handshakes_waiting = 10;
        limits.handshakes_per_second = 20;
        limits.handshakes_per_address = u32::MAX;
    })
    .await;
    house.put("film.mp4", &sample_mp4());
    let mut watching = house.road().viewer(RTMPE).await;
    let hello = offer().1;
    let mut flood = Vec::new();
    for _ in 0..200 {
        flood.push(says(&house, &hello).await);
    }
    watching.play("mp4:film");
    let heard = watching.hear_end().await;
    assert_same(&media_of(&heard), &Oracle::of(&sample_mp4()).await.whole().await);
    house.counted(|counters| counters.handshakes_refused > 0 && counters.exchanges == 201).await;
    house.ended("handshake: key exchange: too many at one time").await;
    drop(flood);
    drop(watching);
    house.empty().await;
    let mut next = house.road().viewer(RTMPE).await;
    next.play("mp4:film");
    assert_same(&media_of(&next.hear_end().await), &Oracle::of(&sample_mp4()).await.whole().await);
}

#[tokio::test]
async fn one_address_begins_so_many_in_a_second() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |limits| limits.handshakes_per_address = 1).await;
    let (hello, mut others) = (offer().1, Vec::new());
    for _ in 0..20 {
        others.push(says(&house, &hello).await);
    }
    house.counted(|counters| counters.exchanges == 20 && counters.handshakes_refused > 0).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (road, client) = (house.road(), keys.client());
        crowd.spawn(async move { road.secure(&client, HOST).await.is_ok() });
    }
    assert!(crowd.join_all().await.contains(&false), "all were let in");
    house.ended("too many handshakes from this address").await;
}

#[tokio::test]
async fn clients_that_begin_tls_and_say_nothing_more_keep_nobody_waiting() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |limits| limits.handshakes_waiting = 2).await;
    house.put("film.flv", &short_flv());
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(says(&house, &[0x16]).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut viewer = house.road().tls(keys.client()).viewer(RTMPE).await;
    viewer.play("film");
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&short_flv()).await.whole().await);
}

#[tokio::test]
async fn who_offers_and_does_not_go_on_is_sent_away() {
    let house = House::with(|limits| limits.session.handshake = Duration::from_millis(300)).await;
    let mut socket = says(&house, &offer().1).await;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("an answer and an end");
    assert_eq!(answer.len(), 1 + 2 * BLOCK);
    drop(socket);
    house.ended("no handshake in time").await;
    house.empty().await;
}

/// C0 and C1 with a digest that is right, however the rest looks.
fn signed(mut c1: [u8; BLOCK]) -> Vec<u8> {
    digest::sign(&mut c1, Scheme::First, digest::CLIENT_KEY);
    [&[6], &c1[..]].concat()
}

#[tokio::test]
async fn a_public_key_that_is_none_ends_the_connection() {
    let house = House::new().await;
    for fill in [0, 0xff, 7] {
        let mut socket = says(&house, &signed([fill; BLOCK])).await;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.expect("an end");
        assert!(answer.is_empty(), "{} bytes for a key of {fill:#x}", answer.len());
    }
    house.counted(|counters| counters.protocol_errors == 3 && counters.handshakes_refused == 0).await;
    house.ended("handshake: key exchange: ").await;
}

#[tokio::test]
async fn an_offer_without_a_digest_ends_the_connection() {
    let house = House::new().await;
    for version in [6, 8, 9] {
        let mut hello = hello();
        hello[0] = version;
        let mut socket = says(&house, &hello).await;
        assert_eq!(socket.read(&mut [0; 10]).await.expect("an end"), 0);
        drop(socket);
        house.ended(&format!("version 0x{version:02x} asks for encryption, but the block behind it")).await;
    }
    assert_eq!(house.edge.metrics().snapshot().exchanges, 0);
}

#[tokio::test]
async fn a_wrong_signature_ends_the_connection_also_in_a_tunnel() {
    let house = House::new().await;
    for mut stream in [house.road().connect().await, house.road().tunnel(Requests::OneConnection)] {
        let (mut client, hello) = offer();
        stream.write_all(&hello).await.expect("the edge reads");
        let (mut answer, mut c2) = (vec![0; 1 + 2 * BLOCK], Vec::new());
        stream.read_exact(&mut answer).await.expect("the edge answers");
        client.receive(&answer, &mut c2, &mut random).expect("a sound answer");
        c2[BLOCK - 1] ^= 1;
        stream.write_all(&c2).await.expect("the edge reads");
        assert_eq!(stream.read(&mut answer).await.expect("an end"), 0);
    }
    house.counted(|counters| counters.protocol_errors == 2).await;
    house.ended("handshake: the signature of C2 is wrong").await;
}

#[tokio::test]
async fn who_goes_on_talking_while_it_waits_for_its_turn_is_sent_away() {
    let house = House::with(|limits| limits.handshakes_per_second = 1).await;
    let (hello, mut others) = (offer().1, Vec::new());
    for _ in 0..20 {
        others.push(says(&house, &hello).await);
    }
    // What comes before the answer can't be understood, and has to be held until then.
    let mut talkers = [house.road().connect().await, house.road().tunnel(Requests::OneConnection)];
    for talker in &mut talkers {
        talker.write_all(&[&hello[..], &[0; 20_000]].concat()).await.expect("the edge reads");
    }
    house.ended("handshake: key exchange: the client goes on before it has the key").await;
    house.counted(|counters| counters.protocol_errors == 2).await;
}
