//! The life of tunnels: how many there may be, how they end, and how they outlive connections.

use std::time::Duration;

use millrace_edge::{EventKind, Phase};
use millrace_rtmp::handshake::Kind;

use crate::support::*;

/// What `open` says: 200, or 503 when there are too many.
async fn open(house: &House) -> u16 {
    house.http().await.post("/open/1", &[0]).await.status()
}

#[tokio::test]
async fn so_many_sessions_in_all_and_from_one_address() {
    let in_all = House::with(|limits| limits.tunnels = 2).await;
    let from_one = House::with(|limits| limits.tunnels_per_address = 2).await;
    for house in [in_all, from_one] {
        let mut first = Tunnel::to(&house.road()).await;
        let _second = Tunnel::to(&house.road()).await;
        let refused = house.http().await.post("/open/1", &[0]).await;
        assert_eq!((refused.status(), refused.body.len()), (503, 0));
        assert_eq!(first.idle().await.status(), 200, "the others go on");
        first.close().await;
        house.ended("the viewer closed it").await;
        while open(&house).await != 200 {
            tokio::task::yield_now().await;
        }
        let counters = house.edge.metrics().snapshot();
        assert_eq!(counters.tunnels_opened, 3);
        assert!(counters.tunnels_refused > 0);
    }
}

#[tokio::test]
async fn who_asks_nothing_any_more_is_forgotten_and_gives_its_place_back() {
    let house = House::with(|limits| {
        limits.tunnels = 1;
        limits.tunnel_silence = Duration::from_millis(300);
    })
    .await;
    let silent = Tunnel::to(&house.road()).await;
    assert_eq!(open(&house).await, 503);
    house.ended("no request in time").await;
    let counters = house.counted(|counters| counters.timeouts == 1).await;
    assert_eq!(counters.protocol_errors, 0);
    while open(&house).await != 200 {
        tokio::task::yield_now().await;
    }
    let late = house.http().await.post(&format!("/idle/{}/0", silent.id), &[0]).await;
    assert_eq!((late.status(), late.body.len()), (404, 0));
}

#[tokio::test]
async fn who_asks_without_end_and_never_greets_is_sent_away() {
    let house = House::with(|limits| {
        limits.session.handshake = Duration::from_millis(300);
        limits.linger = Duration::from_millis(100);
    })
    .await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    while tunnel.idle().await.status() == 200 {}
    house.ended("no handshake in time").await;
    house.empty().await;
}

#[tokio::test]
async fn a_session_outlives_its_connection_also_while_an_answer_is_held() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let path = tunnel.path("send");
    let greeting = tunnel.http.post(&path, &hello()).await;
    let requests = house.edge.metrics().snapshot().http_requests;
    let idle = tunnel.path("idle");
    tunnel.http.write(&post(&idle, &[0])).await;
    house.counted(|counters| counters.http_requests == requests + 1).await;
    tunnel.http = house.http().await;
    assert_eq!(tunnel.http.post(&idle, &[0]).await.body.as_ref(), [1]);
    assert_eq!(tunnel.send(&[0; 1536]).await.status(), 200);
    assert_eq!(greeting.status(), 200);
    assert_eq!(house.edge.viewers(), 1);
}

/// As librtmp leaves: it waits for no answer.
#[tokio::test]
async fn who_closes_the_session_and_the_socket_at_one_time_has_closed_both() {
    let house = House::new().await;
    for requests in [vec!["close"], vec!["idle", "close"], vec!["send", "idle", "close"]] {
        let mut tunnel = Tunnel::to(&house.road()).await;
        let last: Vec<_> = requests.into_iter().map(|request| post(&tunnel.path(request), &[0])).collect();
        tunnel.http.write(&last.concat()).await;
        drop(tunnel);
        house.ended("the viewer closed it").await;
        house.empty().await;
    }
    assert_eq!(house.edge.metrics().snapshot().timeouts, 0);
}

#[tokio::test]
async fn a_tunnel_that_plays_goes_on_over_new_connections_while_the_edge_drains() {
    let mut house = House::with(|limits| limits.linger = Duration::from_millis(300)).await;
    house.put("film.flv", &short_flv());
    let stream = house.road().tunnel(Requests::NewConnections);
    let mut watching = Viewer::over(stream, Kind::Plain).await.settled(TC_URL).await;
    watching.buffer(1, 2000).play("film");
    let mut heard = watching.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    let mut idle = house.road().tunnelled(Kind::Plain).await;
    house.edge.enter(Phase::Draining);
    assert_eq!(labels(&idle.hear_all().await).last().map(String::as_str), Some("close"));
    assert_eq!(open(&house).await, 503);
    let refused = Viewer::try_over(house.road().connect().await, Kind::Plain).await;
    assert!(refused.is_none(), "a new viewer is let in");
    watching.buffer(1, ALL_AT_ONCE);
    heard.extend(watching.hear_end().await);
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
    assert_eq!(labels(&watching.hear_all().await).last().map(String::as_str), Some("close"));
    (&mut house.running).await.expect("the listener ends when the last tunnel is gone");
    assert_eq!(house.edge.viewers(), 0);
}

#[tokio::test]
async fn connections_without_a_tunnel_do_not_hold_up_the_end() {
    let mut house = House::new().await;
    let mut kept = house.http().await;
    assert_eq!(kept.ask("GET", "/").await.status(), 200);
    house.edge.enter(Phase::Draining);
    assert!(kept.is_closed().await);
    (&mut house.running).await.expect("the listener ends");
}

#[tokio::test]
async fn a_stop_ends_tunnels_too() {
    let mut house = House::with(|limits| limits.linger = Duration::from_millis(300)).await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.road().tunnelled(Kind::Plain).await;
    viewer.buffer(1, 2000).play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    house.edge.enter(Phase::Stopping);
    assert_eq!(labels(&viewer.hear_all().await).last().map(String::as_str), Some("close"));
    (&mut house.running).await.expect("the listener ends");
}

#[tokio::test]
async fn the_operator_is_told_of_a_tunnels_viewer_as_of_any_other() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.road().tunnelled(Kind::Plain).await;
    viewer.play("film");
    viewer.hear_end().await;
    drop(viewer);
    house.ended("the viewer closed it").await;
    let events = house.whole_events();
    assert!(events.iter().all(|event| event.viewer == 1 && event.peer.ip().is_loopback()), "{events:#?}");
    assert!(events.iter().any(|event| matches!(event.kind, EventKind::Stopped { complete: true, .. })));
    house.empty().await;
}
