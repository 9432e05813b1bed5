//! Several streams on one connection, and streams without sound or picture.

use bytes::Bytes;
use millrace_amf::Value;
use millrace_rtmp::message::UserControl;

use crate::support::*;

/// Pictures so large that a player who does not read stops the edge in the middle of one.
const LARGE: Spec = Spec { seconds: 1, group: 5, picture: 1_500_000, fill: 0 };
const OTHER: Spec = Spec { seconds: 3, group: 10, picture: 5_000, fill: 100 };

fn play(viewer: &mut Viewer, stream: u32, name: &str) {
    viewer.say(stream, "play", vec![name.into()]);
}

/// Everything until each of these streams has ended; StreamEOF of a pause does not count.
async fn hear_ends(viewer: &mut Viewer, mut streams: Vec<u32>) -> Vec<Heard> {
    let mut all = Vec::new();
    while !streams.is_empty() {
        all.push(viewer.next().await.expect("the edge stays"));
        if let Some(Heard::Status { stream, code, .. }) = all.last()
            && code == "NetStream.Play.Stop"
        {
            streams.retain(|other| other != stream);
        }
    }
    all
}

fn media_on(heard: &[Heard], wanted: u32) -> Vec<Sent> {
    let own = heard.iter().filter(|heard| matches!(heard, Heard::Media { stream, .. } if *stream == wanted));
    media_of(&own.cloned().collect::<Vec<_>>())
}

/// A slow player with a large film on stream 1 and another film ready for stream 2.
async fn two_streams(house: &House) -> (Viewer, Vec<Sent>, Vec<Sent>) {
    two_films(house, short_flv_of(LARGE)).await
}

async fn two_films(house: &House, large: Bytes) -> (Viewer, Vec<Sent>, Vec<Sent>) {
    let other = short_flv_of(OTHER);
    house.put("large.flv", &large);
    house.put("other.flv", &other);
    let mut viewer = Viewer::narrow(house.address, TC_URL).await;
    assert_eq!(viewer.create_stream().await, 2);
    (viewer, Oracle::of(&large).await.whole().await, Oracle::of(&other).await.whole().await)
}

#[tokio::test]
async fn two_streams_of_one_connection_play_two_films() {
    let house = House::new().await;
    let (mut viewer, large, other) = two_streams(&house).await;
    play(&mut viewer, 1, "large");
    play(&mut viewer, 2, "other");
    let heard = hear_ends(&mut viewer, vec![1, 2]).await;
    assert_same(&media_on(&heard, 1), &large);
    assert_same(&media_on(&heard, 2), &other);
}

#[tokio::test]
async fn what_is_done_to_one_stream_takes_nothing_from_another() {
    let house = House::new().await;
    for command in ["pause", "seek", "play", "closeStream", "deleteStream"] {
        let (mut viewer, large, other) = two_streams(&house).await;
        play(&mut viewer, 2, "other");
        let first = hear_ends(&mut viewer, vec![2]).await;
        assert_same(&media_on(&first, 2), &other);
        play(&mut viewer, 1, "large");
        viewer.swallow(2_000_000).await;
        match command {
            "pause" => viewer.say(2, "pause", vec![true.into(), 0.0.into()]),
            "seek" => viewer.say(2, "seek", vec![0.0.into()]).say(2, "pause", vec![true.into(), 0.0.into()]),
            "play" => viewer.say(2, "play", vec!["nothing".into()]),
            "deleteStream" => viewer.say(0, "deleteStream", vec![2.into()]),
            other => viewer.say(2, other, vec![]),
        };
        let heard = hear_ends(&mut viewer, vec![1]).await;
        assert_same(&media_on(&heard, 1), &large);
    }
}

#[tokio::test]
async fn a_paused_stream_goes_on_rightly_after_another_was_served() {
    let house = House::new().await;
    // Many messages in each segment: the rest of one begins with a header that leaves out what was said before.
    let mut film = Flv::new();
    film.headers(0);
    for index in 0..40 {
        film.picture(index * 10, index == 0, index as u8, 200_000).sound(index * 10 + 5, index as u8);
    }
    let film = film.done();
    for bytes in [100_000, 500_000, 1_600_000, 4_000_000] {
        let (mut viewer, large, other) = two_films(&house, film.clone()).await;
        play(&mut viewer, 1, "large");
        viewer.swallow(bytes).await;
        viewer.pause(true, 0);
        let mut heard = viewer.hear_status("NetStream.Pause.Notify").await;
        play(&mut viewer, 2, "other");
        heard.extend(hear_ends(&mut viewer, vec![2]).await);
        viewer.pause(false, 0);
        heard.extend(hear_ends(&mut viewer, vec![1]).await);
        assert_same(&media_on(&heard, 2), &other);
        assert_same(&media_on(&heard, 1), &large);
    }
}

#[tokio::test]
async fn a_deleted_stream_is_silent_and_its_number_is_given_again() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.buffer(1, 2000).play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    viewer.say(0, "deleteStream", vec![1.into()]);
    assert_eq!(viewer.create_stream().await, 1);
    viewer.buffer(1, ALL_AT_ONCE).play("film");
    let heard = viewer.hear_end().await;
    let from = heard.iter().position(|heard| heard.is_status("NetStream.Play.Reset")).expect("a new play");
    assert_eq!(media_of(&heard[..from]), []);
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
}

#[tokio::test]
async fn without_sound_all_pictures_come_and_without_pictures_all_sounds() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let whole = Oracle::of(&short_flv()).await.whole().await;
    for (command, left) in [("receiveAudio", 9), ("receiveVideo", 8)] {
        let mut viewer = house.viewer().await;
        viewer.say(1, command, vec![false.into()]).play("film");
        let kind = |list: &[Sent]| list.iter().filter(|sent| !sent.is_header()).cloned().collect::<Vec<_>>();
        let expected: Vec<_> = kind(&whole).into_iter().filter(|sent| sent.kind == left).collect();
        assert_same(&kind(&media_of(&viewer.hear_end().await)), &expected);
    }
}

#[tokio::test]
async fn video_that_is_switched_on_again_comes_back_with_a_key_frame() {
    let house = House::new().await;
    let film = short_flv_of(Spec { seconds: 6, group: 15, picture: 100, fill: 0 });
    house.put("film.flv", &film);
    let whole = Oracle::of(&film).await.whole().await;
    for on in [Value::Boolean(true), Value::Number(25.0)] {
        let mut viewer = house.viewer().await;
        viewer.buffer(1, 2000).say(1, "receiveVideo", vec![false.into()]).play("film");
        let mut heard = viewer
            .hear(|heard| matches!(heard, Heard::Media { sent, .. } if sent.kind == 8 && sent.time_ms > 500))
            .await;
        viewer.say(1, "receiveVideo", vec![on]).buffer(1, ALL_AT_ONCE);
        heard.extend(viewer.hear_end().await);
        let media: Vec<_> = media_of(&heard);
        let of = |list: &[Sent], kind| {
            let own = list.iter().filter(|sent| sent.kind == kind && !sent.is_header());
            own.cloned().collect::<Vec<_>>()
        };
        assert_same(&of(&media, 8), &of(&whole, 8));
        let (got, all) = (of(&media, 9), of(&whole, 9));
        assert!(got.first().is_some_and(Sent::is_key_picture), "{:?}", got.first());
        assert!(got.len() < all.len());
        assert_same(&got, &all[all.len() - got.len()..]);
        let picture = media.iter().position(Sent::is_key_picture).expect("a picture");
        assert!(media[..picture].iter().any(|sent| sent.kind == 9 && sent.is_header()), "no sequence header");
    }
}

#[tokio::test]
async fn messages_carry_the_number_of_their_stream() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    for expected in 2..=5 {
        assert_eq!(viewer.create_stream().await, expected);
    }
    viewer.buffer(5, ALL_AT_ONCE);
    play(&mut viewer, 5, "film");
    let heard = hear_ends(&mut viewer, vec![5]).await;
    assert_same(&media_on(&heard, 5), &Oracle::of(&short_flv()).await.whole().await);
    assert_eq!(
        heard.iter().filter(|heard| **heard == Heard::Control(UserControl::StreamBegin(5))).count(),
        1
    );
}
