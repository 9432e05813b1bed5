//! SWF verification: distributions that let in some players only.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use millrace_edge::EventKind;
use millrace_model::{Swf, Variant};
use millrace_rtmp::handshake::digest::{self, Scheme};
use millrace_rtmp::handshake::encrypted::Wrap;
use millrace_rtmp::handshake::{BLOCK, Kind};
use millrace_rtmp::message::UserControl;
use sha2::Sha256;

use crate::support::*;

const NOT_LISTED: &str = "this player's SWF file is none that the distribution lists";

fn listed(file: &[u8]) -> Swf {
    Swf { hash: digest::swf_hash(file), size: file.len() as u32 }
}

/// A house that takes two players.
async fn picky_house() -> House {
    let house = House::with(|limits| {
        limits.session.connect = Duration::from_secs(5);
        limits.linger = Duration::from_millis(300);
    })
    .await;
    house.put("film.flv", &short_flv());
    house.change(|films| films.swf = vec![listed(b"an old player"), listed(b"the player")]);
    house
}

/// What a player answers that is this file.
fn answer(s1_end: &[u8; 32], player: Swf) -> UserControl {
    let mut mac = Hmac::<Sha256>::new_from_slice(s1_end).expect("a key of any length");
    mac.update(&player.hash);
    UserControl::SwfResponse { size: player.size, digest: mac.finalize().into_bytes().into() }
}

/// A player that was accepted and asked.
async fn asked(house: &House, kind: Kind) -> Viewer {
    let mut viewer = Viewer::over(house.road().connect().await, kind).await;
    was_asked(&mut viewer).await;
    viewer
}

async fn was_asked(viewer: &mut Viewer) {
    viewer.connect("cfx/st", TC_URL, &[]).await;
    viewer.hear(|heard| matches!(heard, Heard::Control(UserControl::SwfRequest))).await;
}

/// What a refused player hears.
async fn is_refused(house: &House, viewer: &mut Viewer, why: &str) {
    let (code, description) = viewer.hear_error().await;
    assert_eq!((code.as_str(), description.as_str()), ("NetConnection.Connect.Rejected", why));
    assert_eq!(labels(&viewer.hear_all().await), ["close"]);
    let reason = format!("SWF verification: {why}");
    house.told(|event| matches!(event, EventKind::Rejected { reason: told, .. } if *told == reason)).await;
    assert!(!house.events().iter().any(|event| matches!(event, EventKind::Playing { .. })));
}

#[tokio::test]
async fn a_listed_player_plays_and_what_it_asked_before_its_answer_is_done_in_order() {
    let house = picky_house().await;
    let oracle = Oracle::of(&short_flv()).await;
    for file in [b"the player".as_slice(), b"an old player"] {
        let mut viewer = asked(&house, Kind::Digest(Scheme::First)).await;
        viewer.create_stream().await;
        let proof = answer(&viewer.s1_end, listed(file));
        viewer.buffer(1, ALL_AT_ONCE).play("nothing").play("film").seek(3_456.0).control(proof);
        viewer.hear_status("NetStream.Seek.Notify").await;
        assert_same(&media_of(&viewer.hear_end().await), &oracle.from(3_456).await);
    }
    assert_eq!(house.edge.metrics().snapshot().swf_refused, 0);
}

#[tokio::test]
async fn a_listed_player_is_known_by_every_handshake_and_through_a_tunnel() {
    let house = picky_house().await;
    let whole = Oracle::of(&short_flv()).await.whole().await;
    let road = house.road();
    for (stream, kind) in [
        (road.connect().await, Kind::Plain),
        (road.connect().await, Kind::Encrypted(Wrap::Blowfish, Scheme::Second)),
        (road.tunnel(Requests::OneConnection), Kind::Digest(Scheme::Second)),
    ] {
        let mut viewer = Viewer::over(stream, kind).await;
        was_asked(&mut viewer).await;
        let proof = answer(&viewer.s1_end, listed(b"the player"));
        viewer.control(proof).create_stream().await;
        viewer.buffer(1, ALL_AT_ONCE).play("film");
        assert_same(&media_of(&viewer.hear_end().await), &whole);
    }
}

#[tokio::test]
async fn other_players_are_refused_with_words() {
    let house = picky_house().await;
    let mut lies = vec![listed(b"another player")];
    lies.push(Swf { size: 9, ..listed(b"the player") });
    lies.push(Swf { hash: [0; 32], ..listed(b"the player") });
    let refusals = lies.len() as u64 + 1;
    for lie in lies {
        let mut viewer = asked(&house, Kind::Plain).await;
        let proof = answer(&viewer.s1_end, lie);
        viewer.play("film").control(proof);
        is_refused(&house, &mut viewer, NOT_LISTED).await;
    }
    // What was right on another connection.
    let first = asked(&house, Kind::Plain).await;
    let mut second = asked(&house, Kind::Plain).await;
    second.control(answer(&first.s1_end, listed(b"the player")));
    is_refused(&house, &mut second, NOT_LISTED).await;
    let counters = house.edge.metrics().snapshot();
    assert_eq!((counters.swf_refused, counters.rejected), (refusals, refusals));
    // The way it came was allowed.
    assert_eq!(counters.variants[Variant::Rtmp as usize].refused, 0);
}

#[tokio::test]
async fn who_does_not_answer_is_refused_after_a_while() {
    let house = House::with(|limits| limits.session.connect = Duration::from_millis(300)).await;
    house.put("film.flv", &short_flv());
    house.change(|films| films.swf = vec![listed(b"the player")]);
    let mut viewer = asked(&house, Kind::Plain).await;
    viewer.create_stream().await;
    viewer.play("film");
    is_refused(&house, &mut viewer, "the player did not say which SWF file it is").await;
    drop(viewer);
    house.empty().await;
}

#[tokio::test]
async fn who_asks_too_much_before_it_answers_is_refused() {
    let house = picky_house().await;
    let mut viewer = asked(&house, Kind::Plain).await;
    viewer.create_stream().await;
    for _ in 0..40 {
        viewer.seek(0.0);
    }
    is_refused(&house, &mut viewer, "too many requests before the player said which SWF file it is").await;
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_ends_the_connection() {
    let house = picky_house().await;
    let mut viewer = asked(&house, Kind::Plain).await;
    let bytes = [&[0, 27, 1, 1], &[0; BLOCK][..]].concat();
    let message = millrace_rtmp::message::Message {
        time_ms: 0,
        kind: millrace_rtmp::message::kind::USER_CONTROL,
        stream: 0,
        body: bytes.into(),
    };
    viewer.message(&message);
    viewer.hear_all().await;
    house.ended("an answer to SWF verification").await;
}

#[tokio::test]
async fn a_distribution_that_lists_no_player_never_asks_and_minds_no_answer() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = Viewer::greeted(house.address).await;
    let mut heard = viewer.connect("cfx/st", TC_URL, &[]).await;
    // Flash Player may answer without having been asked.
    let proof = answer(&viewer.s1_end, listed(b"another player"));
    viewer.control(proof).create_stream().await;
    viewer.buffer(1, ALL_AT_ONCE).play("film");
    heard.extend(viewer.hear_end().await);
    assert!(!heard.iter().any(|heard| matches!(heard, Heard::Control(UserControl::SwfRequest))));
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
}
