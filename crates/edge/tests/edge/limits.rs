//! Bounds, each by its name, and the end of a process.

use std::time::Duration;

use millrace_edge::{EventKind, Phase, Site};
use millrace_rtmp::chunk::{self, Writer};
use millrace_rtmp::message::{Message, UserControl};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::*;

/// Whether the edge lets somebody in.
async fn lets_in(house: &House) -> bool {
    let mut socket = TcpStream::connect(house.address).await.expect("an open port");
    // The first two parts of a handshake are answered, or the socket is closed.
    let mut hello = vec![0; 1537];
    hello[0] = 3;
    let _ = socket.write_all(&hello).await;
    matches!(socket.read(&mut hello).await, Ok(n) if n > 0)
}

/// Why the first connection ended.
async fn end_of_first(house: &House) -> String {
    match house.told(|event| matches!(event, EventKind::Disconnected { .. })).await {
        EventKind::Disconnected { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn so_many_connections_in_all_and_from_one_address() {
    let in_all = House::with(|limits| limits.connections = 2).await;
    let from_one = House::with(|limits| limits.connections_per_address = 2).await;
    for house in [&in_all, &from_one] {
        let first = house.viewer().await;
        let _second = house.viewer().await;
        assert!(!lets_in(house).await);
        drop(first);
        end_of_first(house).await;
        while !lets_in(house).await {
            tokio::task::yield_now().await;
        }
    }
    assert!(in_all.edge.metrics().snapshot().refused_total > 0);
    assert!(from_one.edge.metrics().snapshot().refused_address > 0);
}

#[tokio::test]
async fn who_says_nothing_is_sent_away_at_each_stage() {
    let short = Duration::from_millis(100);
    let house = House::with(|limits| limits.session.handshake = short).await;
    let mut silent = TcpStream::connect(house.address).await.expect("an open port");
    assert_eq!(silent.read(&mut [0; 10]).await.expect("an end"), 0);
    assert_eq!(end_of_first(&house).await, "no first byte in time");

    let house = House::with(|limits| limits.session.handshake = short).await;
    let mut slow = TcpStream::connect(house.address).await.expect("an open port");
    slow.write_all(&[3, 0, 0]).await.expect("an open port takes bytes");
    assert_eq!(slow.read(&mut [0; 10]).await.expect("an end"), 0);
    assert_eq!(end_of_first(&house).await, "no handshake in time");

    let house = House::with(|limits| limits.session.connect = short).await;
    let mut silent = Viewer::greeted(house.address).await;
    silent.hear_all().await;
    assert_eq!(end_of_first(&house).await, "no connect in time");

    let house = House::with(|limits| limits.session.idle = Duration::from_secs(1)).await;
    let mut idle = house.viewer().await;
    idle.hear_all().await;
    assert_eq!(end_of_first(&house).await, "no command in time");
    assert_eq!(house.edge.metrics().snapshot().timeouts, 1);
}

#[tokio::test]
async fn who_waits_in_a_pause_is_not_idle_but_has_to_answer_pings() {
    let house = House::with(|limits| {
        limits.session.idle = Duration::from_secs(1);
        limits.session.ping = Duration::from_millis(300);
        limits.session.ping_answer = Duration::from_secs(3);
    })
    .await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.play("film").pause(true, 0);
    for _ in 0..4 {
        viewer.hear(|heard| matches!(heard, Heard::Control(UserControl::PingRequest(_)))).await;
    }
    // From here on it reads and answers nothing.
    viewer.send().await;
    assert_eq!(end_of_first(&house).await, "no answer to a ping in time");
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off() {
    let house = House::with(|limits| limits.stalled = Duration::from_millis(300)).await;
    house.put("film.flv", &short_flv_of(Spec { seconds: 3, group: 5, picture: 1_000_000, fill: 0 }));
    let mut viewer = Viewer::narrow(house.address, TC_URL).await;
    viewer.play("film").send().await;
    let reason = end_of_first(&house).await;
    assert!(reason.contains("took nothing"), "{reason}");
    assert_eq!(house.edge.metrics().snapshot().timeouts, 1);
    assert_eq!(house.edge.viewers(), 0);
}

#[tokio::test]
async fn who_asks_without_reading_the_answers_is_not_read_from_any_more() {
    let house = House::with(|limits| limits.stalled = Duration::from_secs(2)).await;
    let mut viewer = Viewer::narrow(house.address, TC_URL).await;
    viewer.send().await;
    let (mut pings, mut writer) = (Vec::new(), Writer::default());
    for time in 0..10_000 {
        let ping = Message::user_control(UserControl::PingRequest(time));
        writer.message(&mut pings, chunk::stream::CONTROL, &ping);
    }
    // Far more than all buffers of both sockets hold: somewhere the edge must stop to read, and then it ends it.
    let mut written = 0;
    while written < 256 << 20 {
        match viewer.socket.write(&pings).await {
            Ok(n) => written += n,
            Err(_) => break,
        }
    }
    assert!(written < 64 << 20, "{written} bytes were taken");
    let reason = end_of_first(&house).await;
    assert!(reason.contains("took nothing"), "{reason}");
}

#[tokio::test]
async fn so_many_commands_in_a_second() {
    let house = House::with(|limits| limits.session.commands_per_second = 10).await;
    let mut viewer = house.viewer().await;
    for _ in 0..30 {
        viewer.say(0, "_checkbw", vec![]);
    }
    viewer.hear_all().await;
    assert_eq!(end_of_first(&house).await, "more than 10 commands a second");
    assert_eq!(house.edge.metrics().snapshot().protocol_errors, 1);
}

#[tokio::test]
async fn so_many_streams_and_so_many_items_in_a_playlist() {
    let house = House::with(|limits| {
        limits.playlist = 2;
        limits.session.streams = 3;
    })
    .await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    for _ in 0..2 {
        viewer.create_stream().await;
    }
    assert_eq!(viewer.call(0, "createStream", vec![]).await.name, "_error");
    viewer.buffer(1, 2000).play("film").enqueue("film").enqueue("film").enqueue("film");
    let (code, description) = viewer.hear_error().await;
    assert_eq!(code, "NetStream.Play.Failed");
    assert!(description.contains('2'), "{description}");
    viewer.buffer(1, ALL_AT_ONCE);
    let heard = viewer.hear_end().await;
    let switches = labels(&heard).iter().filter(|label| label.ends_with("Play.Switch")).count();
    assert_eq!(switches, 2);
}

#[tokio::test]
async fn so_many_bytes_in_a_second_of_a_film() {
    let house = House::with(|limits| limits.segment_bytes = 2000).await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.play("film");
    let (code, description) = viewer.hear_error().await;
    assert_eq!(code, "NetStream.Play.FileStructureInvalid");
    assert!(description.contains("2000"), "{description}");
}

#[tokio::test]
async fn messages_that_no_player_sends_end_the_connection() {
    let house = House::new().await;
    let mut viewer = house.viewer().await;
    viewer.say(1, "play", vec!["x".repeat(100_000).as_str().into()]);
    viewer.hear_all().await;
    let reason = end_of_first(&house).await;
    assert!(reason.contains("over the limit of 65536"), "{reason}");
}

#[tokio::test]
async fn a_drain_lets_viewers_finish_and_sends_the_others_away() {
    let mut house = House::new().await;
    house.put("film.flv", &short_flv());
    let (mut idle, mut watching) = (house.viewer().await, house.viewer().await);
    watching.buffer(1, 2000).play("film");
    let mut heard = watching.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    house.edge.enter(Phase::Draining);
    assert_eq!(labels(&idle.hear_all().await).last().map(String::as_str), Some("close"));
    drop(idle);
    watching.buffer(1, ALL_AT_ONCE);
    heard.extend(watching.hear_end().await);
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
    assert_eq!(labels(&watching.hear_all().await).last().map(String::as_str), Some("close"));
    drop(watching);
    (&mut house.running).await.expect("the listener ends when the last viewer is gone");
    assert!(TcpStream::connect(house.address).await.is_err());
    assert_eq!(house.edge.viewers(), 0);
}

#[tokio::test]
async fn a_stop_sends_everybody_away_even_out_of_a_drain() {
    let mut house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.buffer(1, 2000).play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    house.edge.enter(Phase::Draining);
    house.edge.enter(Phase::Stopping);
    house.edge.enter(Phase::Running);
    assert_eq!(labels(&viewer.hear_all().await).last().map(String::as_str), Some("close"));
    drop(viewer);
    (&mut house.running).await.expect("the listener ends");
}

#[tokio::test]
async fn viewers_of_a_disabled_distribution_are_sent_away_when_that_is_asked_for_and_no_others() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.buffer(1, 2000).play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    house.change(|distribution| distribution.aliases.clear());
    house.edge.dismiss();
    viewer.buffer(1, ALL_AT_ONCE);
    viewer.hear_end().await;
    house.change(|distribution| distribution.enabled = false);
    house.edge.dismiss();
    assert_eq!(labels(&viewer.hear_all().await).last().map(String::as_str), Some("close"));
}

#[tokio::test]
async fn viewers_keep_what_they_chose_when_the_site_is_replaced() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    house.edge.replace(Site::default());
    viewer.play("film");
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&short_flv()).await.whole().await);
    let mut late = Viewer::greeted(house.address).await;
    let heard = late.connect("cfx/st", TC_URL, &[]).await;
    assert!(matches!(heard.last(), Some(Heard::Reply(reply)) if reply.name == "_error"));
}
