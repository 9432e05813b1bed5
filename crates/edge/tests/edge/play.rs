//! Playing from beginning to end, and parts.

use bytes::Bytes;
use millrace_edge::EventKind;

use crate::support::*;

/// Plays everything of a file and returns all that came.
async fn play_all(house: &House, name: &str) -> Vec<Heard> {
    let mut viewer = house.viewer().await;
    viewer.play(name);
    viewer.hear_end().await
}

async fn comes_whole(key: &str, name: &str, film: Bytes) {
    let house = House::new().await;
    house.put(key, &film);
    let heard = play_all(&house, name).await;
    assert_same(&media_of(&heard), &Oracle::of(&film).await.whole().await);
}

#[tokio::test]
async fn an_mp4_comes_whole() {
    comes_whole("film.mp4", "mp4:film", sample_mp4()).await;
}

#[tokio::test]
async fn an_flv_comes_whole() {
    comes_whole("film.flv", "film", sample_flv()).await;
}

#[tokio::test]
async fn an_mp3_comes_whole() {
    comes_whole("song.mp3", "mp3:song", sample_mp3()).await;
}

#[tokio::test]
async fn a_film_comes_whole_although_no_memory_is_left_for_segments() {
    let house = House::with(|limits| limits.segment_memory = 0).await;
    let film = sample_mp4();
    house.put("film.mp4", &film);
    let heard = play_all(&house, "mp4:film").await;
    assert_same(&media_of(&heard), &Oracle::of(&film).await.whole().await);
}

#[tokio::test]
async fn data_messages_of_the_file_come_in_their_place() {
    let mut film = Flv::new();
    film.headers(0).cue(0, "onCuePoint");
    for index in 0..30 {
        film.picture(index * 100, index % 10 == 0, index as u8, 50).sound(index * 100, 1);
        film.cue(index * 100 + 10, "onTextData");
    }
    comes_whole("film.flv", "film", film.done()).await;
}

#[tokio::test]
async fn what_is_told_around_a_play_comes_in_the_documented_order() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let heard = play_all(&house, "film").await;
    let expected = [
        "StreamIsRecorded(1)",
        "StreamBegin(1)",
        "NetStream.Play.Reset",
        "NetStream.Play.Start",
        "|RtmpSampleAccess",
        "onStatus NetStream.Data.Start",
        "onMetaData",
        "media",
        "onPlayStatus NetStream.Play.Complete",
        "NetStream.Play.Stop",
        "StreamEof(1)",
    ];
    assert_eq!(labels(&heard), expected);
    assert!(heard.iter().all(|heard| match heard {
        Heard::Status { stream, level, .. } => (*stream, level.as_str()) == (1, "status"),
        Heard::Data { stream, .. } | Heard::Media { stream, .. } => *stream == 1,
        _ => true,
    }));
}

#[tokio::test]
async fn a_play_with_a_start_counts_from_0_at_the_key_frame() {
    let house = House::new().await;
    for (key, name, film) in [
        ("film.mp4", "mp4:film", sample_mp4()),
        ("film.flv", "film", sample_flv()),
        ("s.mp3", "mp3:s", mp3(400)),
    ] {
        house.put(key, &film);
        let oracle = Oracle::of(&film).await;
        for start_ms in [1, 2_500, 3_999, 5_000] {
            let base = oracle.key_ms(start_ms).await as u32;
            let mut viewer = house.viewer().await;
            viewer.play_part(name, start_ms as f64, -1000.0);
            let expected = until(&oracle.from(start_ms).await, u32::MAX, base);
            assert_same(&media_of(&viewer.hear_end().await), &expected);
        }
    }
}

#[tokio::test]
async fn a_length_cuts_exactly() {
    let house = House::new().await;
    let film = sample_mp4();
    house.put("film.mp4", &film);
    let oracle = Oracle::of(&film).await;
    for (start_ms, length_ms) in [(0, 1), (0, 999), (0, 1000), (0, 2500), (4000, 1), (4000, 3210)] {
        let base = oracle.key_ms(start_ms).await as u32;
        let all = if start_ms == 0 { oracle.whole().await } else { oracle.from(start_ms).await };
        let mut viewer = house.viewer().await;
        viewer.play_part("mp4:film", start_ms as f64, f64::from(length_ms));
        let heard = viewer.hear_end().await;
        assert_same(&media_of(&heard), &until(&all, base + length_ms, base));
    }
}

#[tokio::test]
async fn a_length_of_0_is_one_picture() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let oracle = Oracle::of(&short_flv()).await;
    let mut viewer = house.viewer().await;
    viewer.play_part("film", 2_700.0, 0.0);
    let media = media_of(&viewer.hear_end().await);
    let pictures: Vec<_> = media.iter().filter(|sent| !sent.is_header()).collect();
    let expected = oracle.from(2_700).await.into_iter().find(Sent::is_key_picture).expect("a key frame");
    assert_eq!(pictures, [&Sent { time_ms: 0, ..expected }]);
}

#[tokio::test]
async fn a_start_behind_the_end_plays_the_last_key_frame() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let oracle = Oracle::of(&short_flv()).await;
    let mut viewer = house.viewer().await;
    viewer.play_part("film", 3_600_000.0, -1000.0);
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &until(&oracle.from(3_600_000).await, u32::MAX, 5_000));
}

#[tokio::test]
async fn a_new_play_replaces_the_old_one_at_once_and_a_stream_can_be_played_again() {
    let house = House::new().await;
    let other = short_flv_of(Spec { seconds: 2, group: 5, picture: 30, fill: 100 });
    house.put("film.flv", &short_flv());
    house.put("other.flv", &other);
    let mut viewer = house.viewer().await;
    viewer.play("film").play("other");
    let whole = Oracle::of(&other).await.whole().await;
    assert_same(&media_of(&viewer.hear_end().await), &whole);
    viewer.play("other");
    let again = viewer.hear_end().await;
    let again: Vec<_> =
        again.into_iter().skip_while(|heard| !heard.is_status("NetStream.Play.Start")).collect();
    assert_same(&media_of(&again), &whole);
}

#[tokio::test]
async fn metadata_is_the_same_at_each_play_and_place() {
    let house = House::new().await;
    house.put("film.mp4", &sample_mp4());
    let mut bodies = Vec::new();
    for start_ms in [0.0, 0.0, 4_000.0] {
        let mut viewer = house.viewer().await;
        viewer.play_part("mp4:film", start_ms, 100.0).seek(1000.0);
        let heard = viewer.hear_end().await;
        bodies.extend(heard.into_iter().filter_map(|heard| match heard {
            Heard::Data { name, body, .. } if name == "onMetaData" => Some(body),
            _ => None,
        }));
    }
    assert!(bodies.len() >= 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn after_the_end_pings_come_until_a_player_leaves() {
    let house = House::new().await;
    house.put("film.flv", &short_flv_of(Spec { seconds: 1, group: 10, picture: 9, fill: 0 }));
    let mut viewer = house.viewer().await;
    viewer.play("film");
    viewer.hear_end().await;
    for _ in 0..2 {
        let next = viewer.next().await;
        assert!(matches!(next, Some(Heard::Control(_))), "{next:?}");
    }
}

#[tokio::test]
async fn the_operator_is_told_what_was_played() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    play_all(&house, "film").await;
    let playing = house.told(|event| matches!(event, EventKind::Playing { .. })).await;
    assert!(matches!(playing, EventKind::Playing { name, key, start_ms: 0, .. }
        if name == "film" && key == "film.flv"));
    let stopped = house.told(|event| matches!(event, EventKind::Stopped { .. })).await;
    assert!(matches!(stopped, EventKind::Stopped { complete: true, position_ms: 5_950, .. }), "{stopped:?}");
    house.told(|event| matches!(event, EventKind::Disconnected { .. })).await;
}

#[tokio::test]
async fn nothing_is_published_and_unknown_calls_are_answered() {
    let house = House::new().await;
    let mut viewer = house.viewer().await;
    viewer.say(1, "publish", vec!["mine".into(), "live".into()]);
    assert_eq!(viewer.hear_error().await.0, "NetStream.Publish.Denied");
    assert_eq!(viewer.call(0, "makeCoffee", vec![]).await.name, "_error");
}
