//! Waiting and going on.

use crate::support::*;

/// Pictures so large that a player who does not read stops the edge in the middle of one.
const LARGE: Spec = Spec { seconds: 2, group: 5, picture: 1_500_000, fill: 0 };

#[tokio::test]
async fn a_pause_at_any_byte_and_an_unpause_go_on_without_gap_or_repeat() {
    let house = House::new().await;
    let film = short_flv_of(LARGE);
    house.put("film.flv", &film);
    let whole = Oracle::of(&film).await.whole().await;
    for bytes in [4_100, 100_000, 1_503_000, 2_000_000, 9_000_001] {
        let mut viewer = Viewer::narrow(house.address, TC_URL).await;
        viewer.play("film");
        viewer.swallow(bytes).await;
        viewer.pause(true, 0);
        let mut heard = viewer.hear_status("NetStream.Pause.Notify").await;
        let before = media_of(&heard);
        assert!(!before.is_empty() && before.len() < whole.len(), "{} messages", before.len());
        let at_ms = before.last().map_or(0, |sent| sent.time_ms);
        viewer.pause(false, at_ms);
        let resumed = viewer.hear_status("NetStream.Unpause.Notify").await;
        assert_eq!(media_of(&resumed), [], "media while paused");
        heard.extend(viewer.hear_end().await);
        assert_same(&media_of(&heard), &whole);
    }
}

#[tokio::test]
async fn pause_and_unpause_in_one_packet_change_nothing() {
    let house = House::new().await;
    let film = short_flv_of(LARGE);
    house.put("film.flv", &film);
    let whole = Oracle::of(&film).await.whole().await;
    for bytes in [4_100, 1_000_000, 5_000_000] {
        let mut viewer = Viewer::narrow(house.address, TC_URL).await;
        viewer.play("film");
        viewer.swallow(bytes).await;
        viewer.pause(true, 0).pause(false, 0).pause(true, 0).pause(false, 0);
        assert_same(&media_of(&viewer.hear_end().await), &whole);
    }
}

#[tokio::test]
async fn a_pause_is_answered_in_the_documented_order() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    viewer.pause(true, 0);
    let mut heard = viewer.hear_status("NetStream.Pause.Notify").await;
    heard.extend(viewer.next().await);
    assert_eq!(labels(&heard)[labels(&heard).len() - 2..], ["NetStream.Pause.Notify", "StreamEof(1)"]);
    viewer.pause(false, 0);
    let heard = viewer.hear_status("NetStream.Unpause.Notify").await;
    assert_eq!(labels(&heard), ["StreamIsRecorded(1)", "StreamBegin(1)", "NetStream.Unpause.Notify"]);
}

#[tokio::test]
async fn pauses_without_need_do_no_harm() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.pause(true, 0).pause(false, 0).play("film").pause(false, 7);
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
    viewer.pause(true, 0).pause(false, 0);
    viewer.hear_status("NetStream.Unpause.Notify").await;
    assert_eq!(viewer.call(0, "_checkbw", vec![]).await.name, "_result");
}

#[tokio::test]
async fn an_unpause_far_behind_what_a_player_can_hold_sends_again_from_the_key_frame() {
    let house = House::new().await;
    let film = short_flv_of(Spec { seconds: 30, group: 10, picture: 4_000, fill: 0 });
    house.put("film.flv", &film);
    let oracle = Oracle::of(&film).await;
    let mut viewer = house.viewer().await;
    // Opening reads the end of the file; after that the origin can be made to stop at 18 of 30 seconds.
    viewer.call(0, "getStreamLength", vec!["film".into()]).await;
    let hold = house.origin.hold_bodies_at(3 * millrace_cache::BLOCK);
    viewer.play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { sent, .. } if sent.time_ms > 12_000)).await;
    viewer.pause(true, 12_000);
    viewer.hear_status("NetStream.Pause.Notify").await;
    viewer.buffer(1, 2000).pause(false, 1_500).buffer(1, ALL_AT_ONCE);
    viewer.hear_status("NetStream.Unpause.Notify").await;
    drop(hold);
    assert_same(&media_of(&viewer.hear_end().await), &oracle.from(1_500).await);
}

#[tokio::test]
async fn a_pause_before_the_film_is_open_shows_its_first_picture() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let hold = house.origin.hold();
    let mut viewer = house.viewer().await;
    viewer.play("film").pause(true, 0);
    viewer.hear_status("NetStream.Pause.Notify").await;
    drop(hold);
    let heard = viewer.hear(|heard| matches!(heard, Heard::Media { sent, .. } if !sent.is_header())).await;
    let whole = Oracle::of(&short_flv()).await.whole().await;
    assert!(media_of(&heard).last().is_some_and(Sent::is_key_picture));
    viewer.pause(false, 0);
    let heard = viewer.hear_end().await;
    let from = heard.iter().position(|heard| heard.is_status("NetStream.Unpause.Notify")).expect("a notice");
    assert_eq!(media_of(&heard[..from]), []);
    assert_same(&without_headers(&media_of(&heard)), &without_headers(&whole));
}

fn without_headers(messages: &[Sent]) -> Vec<Sent> {
    messages.iter().filter(|sent| !sent.is_header()).cloned().collect()
}

#[tokio::test]
async fn a_pause_while_a_seek_is_looked_up_shows_the_picture_there() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    viewer.seek(4000.0).pause(true, 4000);
    viewer.hear_status("NetStream.Seek.Notify").await;
    let heard = viewer.hear(|heard| matches!(heard, Heard::Media { sent, .. } if !sent.is_header())).await;
    let oracle = Oracle::of(&short_flv()).await.from(4000).await;
    assert_eq!(media_of(&heard).last(), oracle.iter().find(|sent| sent.is_key_picture()));
    viewer.buffer(1, ALL_AT_ONCE).pause(false, 4000);
    assert_same(&media_of(&viewer.hear_end().await), &oracle);
}

#[tokio::test]
async fn an_unpause_far_back_is_not_forgotten_when_more_is_asked_at_once() {
    let house = House::new().await;
    let film = short_flv_of(Spec { seconds: 30, group: 10, picture: 4_000, fill: 0 });
    house.put("film.flv", &film);
    let oracle = Oracle::of(&film).await;
    let mut viewer = house.viewer().await;
    viewer.call(0, "getStreamLength", vec!["film".into()]).await;
    let hold = house.origin.hold_bodies_at(3 * millrace_cache::BLOCK);
    viewer.play("film");
    viewer.hear(|heard| matches!(heard, Heard::Media { sent, .. } if sent.time_ms > 12_000)).await;
    viewer.pause(true, 12_000).buffer(1, 2000).pause(false, 1_500);
    viewer.say(1, "receiveAudio", vec![true.into()]).say(1, "receiveVideo", vec![true.into()]);
    viewer.buffer(1, ALL_AT_ONCE);
    viewer.hear_status("NetStream.Unpause.Notify").await;
    drop(hold);
    assert_same(&media_of(&viewer.hear_end().await), &oracle.from(1_500).await);
}
