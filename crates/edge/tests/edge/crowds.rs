//! Crowds that come to fill tables: bounded while they are there, and nothing is left of them.

use std::time::Duration;

use millrace_rtmp::handshake::Kind;

use crate::support::*;

const CROWD: usize = 2000;
const ROOM: usize = 100;

/// Opens sessions over one connection until everybody was there; how many were let in.
async fn open_tunnels(house: &House) -> usize {
    let mut http = house.http().await;
    let mut opened = 0;
    for _ in 0..CROWD {
        match http.post("/open/1", &[0]).await.status() {
            200 => opened += 1,
            503 => {}
            other => panic!("{other}"),
        }
    }
    opened
}

#[tokio::test]
async fn tunnels_that_are_opened_and_left_are_bounded_and_forgotten() {
    let house = House::with(|limits| {
        limits.tunnels = ROOM;
        limits.tunnel_silence = Duration::from_secs(3);
    })
    .await;
    house.put("film.flv", &short_flv());
    for round in 1..=2 {
        assert_eq!(open_tunnels(&house).await, ROOM);
        let counters = house.edge.metrics().snapshot();
        assert_eq!(counters.tunnels_opened as usize, round * ROOM);
        assert_eq!(counters.tunnels_refused as usize, round * (CROWD - ROOM));
        assert_eq!(house.edge.viewers(), ROOM);
        house.counted(|counters| counters.timeouts as usize == round * ROOM).await;
        house.empty().await;
    }
    let mut viewer = house.road().tunnelled(Kind::Plain).await;
    viewer.play("film");
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&short_flv()).await.whole().await);
}

#[tokio::test]
async fn connections_that_say_nothing_are_bounded_and_forgotten() {
    let house = House::with(|limits| limits.connections = ROOM).await;
    house.put("film.flv", &short_flv());
    for round in 1..=2 {
        let mut crowd = Vec::new();
        for _ in 0..CROWD {
            crowd.push(house.road().socket().await);
        }
        let counters = house
            .counted(|counters| (counters.accepted + counters.refused_total) as usize == round * CROWD)
            .await;
        assert_eq!(counters.accepted as usize, round * ROOM);
        assert_eq!(house.edge.viewers(), 0, "nobody of them is a viewer yet");
        drop(crowd);
        while house.events().len() < round * ROOM {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let mut viewer = house.viewer().await;
    viewer.play("film");
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&short_flv()).await.whole().await);
}
