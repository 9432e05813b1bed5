//! Going to another place.

use crate::support::*;

const NOTIFY: &str = "NetStream.Seek.Notify";

/// What came before a status, and from it on.
fn split_at<'a>(heard: &'a [Heard], code: &str) -> (&'a [Heard], &'a [Heard]) {
    let at = heard.iter().position(|heard| heard.is_status(code));
    heard.split_at(at.unwrap_or_else(|| panic!("no {code} in {:?}", labels(heard))))
}

/// A player in the middle of the short film, with two seconds ahead.
async fn playing(house: &House) -> (Viewer, Vec<Heard>) {
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play("film");
    let heard = viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    (viewer, heard)
}

#[tokio::test]
async fn a_seek_goes_on_from_the_key_frame_at_or_before_with_absolute_stamps() {
    let house = House::new().await;
    let oracle = Oracle::of(&short_flv()).await;
    for target_ms in [0, 999, 1000, 3_456, 5_950] {
        let (mut viewer, mut heard) = playing(&house).await;
        viewer.seek(target_ms as f64).buffer(1, ALL_AT_ONCE);
        heard.extend(viewer.hear_end().await);
        let (before, after) = split_at(&heard, NOTIFY);
        let old = media_of(before);
        assert_same(&old, &oracle.whole().await[..old.len()]);
        assert_same(&media_of(after), &oracle.from(target_ms).await);
    }
}

#[tokio::test]
async fn a_seek_in_each_container_lands_where_its_index_says() {
    let house = House::new().await;
    for (key, name, film) in
        [("a.mp4", "mp4:a", sample_mp4()), ("b.flv", "b", sample_flv()), ("c.mp3", "mp3:c", sample_mp3())]
    {
        house.put(key, &film);
        let oracle = Oracle::of(&film).await;
        let mut viewer = house.viewer().await;
        viewer.play(name).seek(12_345.6);
        let heard = viewer.hear_end().await;
        assert_same(&media_of(split_at(&heard, NOTIFY).1), &oracle.from(12_345).await);
    }
}

#[tokio::test]
async fn a_seek_is_answered_in_the_documented_order() {
    let house = House::new().await;
    let (mut viewer, _) = playing(&house).await;
    viewer.seek(3000.0).buffer(1, ALL_AT_ONCE);
    let heard = viewer.hear_end().await;
    let from = heard.iter().rposition(|heard| heard.is_status(NOTIFY)).expect("Seek.Notify") - 3;
    let expected = [
        "StreamEof(1)",
        "StreamIsRecorded(1)",
        "StreamBegin(1)",
        NOTIFY,
        "NetStream.Play.Start",
        "|RtmpSampleAccess",
        "onStatus NetStream.Data.Start",
        "onMetaData",
        "media",
        "onPlayStatus NetStream.Play.Complete",
        "NetStream.Play.Stop",
        "StreamEof(1)",
    ];
    assert_eq!(labels(&heard[from..]), expected);
}

#[tokio::test]
async fn after_a_play_with_a_start_a_seek_makes_stamps_absolute() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.play_part("film", 4000.0, -1000.0);
    viewer.hear_end().await;
    viewer.seek(2000.0);
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.from(2000).await);
}

#[tokio::test]
async fn of_a_burst_of_seeks_the_newest_wins() {
    let house = House::new().await;
    let (mut viewer, _) = playing(&house).await;
    viewer.seek(1000.0).seek(5000.0).seek(2000.0).seek(4000.0).buffer(1, ALL_AT_ONCE);
    let heard = viewer.hear_end().await;
    let oracle = Oracle::of(&short_flv()).await;
    let (before, after) = split_at(&heard, NOTIFY);
    assert!(media_of(before).iter().all(|sent| sent.time_ms < 4000));
    assert_same(&media_of(after), &oracle.from(4000).await);
    assert_eq!(house.edge.metrics().snapshot().seeks, 1);
}

#[tokio::test]
async fn a_seek_that_stops_a_half_written_message_sends_nothing_old_behind_it() {
    let house = House::new().await;
    let film = short_flv_of(Spec { seconds: 2, group: 2, picture: 1_500_000, fill: 0 });
    house.put("film.flv", &film);
    let oracle = Oracle::of(&film).await;
    for bytes in [5_000, 700_000, 1_600_000, 3_100_000] {
        let mut viewer = Viewer::narrow(house.address, TC_URL).await;
        viewer.play("film");
        viewer.swallow(bytes).await;
        viewer.seek(1500.0);
        let heard = viewer.hear_end().await;
        let (before, after) = split_at(&heard, NOTIFY);
        let old = media_of(before);
        assert!(old.len() < oracle.whole().await.len());
        assert_same(&old, &oracle.whole().await[..old.len()]);
        assert_same(&media_of(after), &oracle.from(1500).await);
    }
}

#[tokio::test]
async fn a_seek_behind_the_end_is_the_end() {
    let house = House::new().await;
    let (mut viewer, _) = playing(&house).await;
    viewer.seek(60_000.0);
    let heard = viewer.hear_end().await;
    let (_, after) = split_at(&heard, NOTIFY);
    assert_eq!(media_of(after), []);
    assert_eq!(labels(after).last().map(String::as_str), Some("StreamEof(1)"));
}

#[tokio::test]
async fn a_seek_to_nowhere_is_refused_and_playback_goes_on() {
    let house = House::new().await;
    for nowhere in [-1.0, f64::NAN, f64::INFINITY] {
        let (mut viewer, mut heard) = playing(&house).await;
        viewer.seek(nowhere).buffer(1, ALL_AT_ONCE);
        heard.extend(viewer.hear_end().await);
        split_at(&heard, "NetStream.Seek.Failed");
        assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
    }
}

#[tokio::test]
async fn a_seek_where_nothing_plays_is_refused() {
    let house = House::new().await;
    let mut viewer = house.viewer().await;
    viewer.seek(1000.0);
    assert_eq!(viewer.hear_error().await.0, "NetStream.Seek.Failed");
}

#[tokio::test]
async fn a_seek_while_paused_shows_one_picture_and_stays_paused() {
    let house = House::new().await;
    let (mut viewer, _) = playing(&house).await;
    viewer.pause(true, 100);
    viewer.hear_status("NetStream.Pause.Notify").await;
    viewer.buffer(1, ALL_AT_ONCE).seek(3_500.0);
    viewer.hear_status(NOTIFY).await;
    let shown = viewer.hear(|heard| matches!(heard, Heard::Media { sent, .. } if !sent.is_header())).await;
    let oracle = Oracle::of(&short_flv()).await.from(3_500).await;
    let picture = oracle.iter().find(|sent| sent.is_key_picture()).expect("a key frame");
    assert_eq!(media_of(&shown).last(), Some(picture));
    for _ in 0..3 {
        // Were it playing, at this buffer everything would be here before the answer.
        viewer.say(1, "releaseStream", vec![]);
        let reply = viewer.call(0, "getStreamLength", vec!["film".into()]).await;
        assert_eq!(reply.name, "_result");
    }
    viewer.pause(false, 3_000);
    let heard = viewer.hear_end().await;
    let (before, after) = split_at(&heard, "NetStream.Unpause.Notify");
    assert_eq!(media_of(before), []);
    assert_same(&media_of(after), &oracle);
}

#[tokio::test]
async fn a_seek_before_the_film_is_open_is_kept() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let hold = house.origin.hold();
    let mut viewer = house.viewer().await;
    viewer.play("film").seek(1000.0).seek(4000.0);
    assert_eq!(viewer.call(0, "_checkbw", vec![]).await.name, "_result");
    drop(hold);
    let heard = viewer.hear_end().await;
    let (before, after) = split_at(&heard, NOTIFY);
    assert_eq!(media_of(before), []);
    assert_same(&media_of(after), &Oracle::of(&short_flv()).await.from(4000).await);
}

#[tokio::test]
async fn a_seek_after_the_end_plays_again() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.play("film");
    viewer.hear_end().await;
    viewer.seek(5000.0);
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.from(5000).await);
}

#[tokio::test]
async fn a_play_with_a_length_ends_where_it_would_have_ended_after_a_seek_in_it() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play_part("film", 1000.0, 3700.0);
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    viewer.seek(2000.0).buffer(1, ALL_AT_ONCE);
    viewer.hear_status(NOTIFY).await;
    let expected = until(&Oracle::of(&short_flv()).await.from(2000).await, 4700, 0);
    assert_same(&media_of(&viewer.hear_end().await), &expected);
}

#[tokio::test]
async fn an_unpause_that_crosses_a_seek_on_the_wire_does_not_undo_it() {
    let house = House::new().await;
    let film = short_flv_of(Spec { seconds: 30, group: 10, picture: 50, fill: 0 });
    house.put("film.flv", &film);
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    viewer.pause(true, 100).seek(25_000.0);
    viewer.hear_status(NOTIFY).await;
    // A player that has not seen the picture of the new place yet still tells its old one.
    viewer.pause(false, 100).buffer(1, ALL_AT_ONCE);
    viewer.hear_status("NetStream.Unpause.Notify").await;
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&film).await.from(25_000).await);
}
