//! Several items on one stream: playlists, and play2.

use bytes::Bytes;
use millrace_amf::{Object, Value};

use crate::support::*;

fn film_a() -> Bytes {
    short_flv()
}

/// As long as the other, with its key frames elsewhere.
fn film_b() -> Bytes {
    short_flv_of(Spec { seconds: 6, group: 15, picture: 90, fill: 100 })
}

async fn two_films() -> House {
    let house = House::new().await;
    house.put("a.flv", &film_a());
    house.put("b.flv", &film_b());
    house
}

fn options(transition: &str, name: &str) -> Object {
    Object::new().with("streamName", name).with("transition", transition)
}

fn play2(viewer: &mut Viewer, options: Object) -> &mut Viewer {
    viewer.say(1, "play2", vec![Value::Object(options)])
}

fn shifted(messages: &[Sent], by: u32) -> Vec<Sent> {
    messages.iter().map(|sent| Sent { time_ms: sent.time_ms + by, ..sent.clone() }).collect()
}

fn place(heard: &[Heard], label: &str) -> usize {
    let labels: Vec<_> = heard.iter().map(|heard| labels(std::slice::from_ref(heard)).remove(0)).collect();
    labels.iter().position(|other| other == label).unwrap_or_else(|| panic!("no {label} in {labels:?}"))
}

#[tokio::test]
async fn items_of_a_playlist_follow_each_other_with_growing_stamps() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    viewer.play("a").enqueue("b").enqueue("a");
    let heard = viewer.hear_end().await;
    let (a, b) = (Oracle::of(&film_a()).await.whole().await, Oracle::of(&film_b()).await.whole().await);
    // Each film's last stamp is 5950; the next begins a frame later.
    let expected = [a.clone(), shifted(&b, 5_990), shifted(&a, 2 * 5_990)].concat();
    assert_same(&media_of(&heard), &expected);
    let item = [
        "onPlayStatus NetStream.Play.Switch",
        "StreamIsRecorded(1)",
        "StreamBegin(1)",
        "NetStream.Play.Start",
        "|RtmpSampleAccess",
        "onStatus NetStream.Data.Start",
        "onMetaData",
        "media",
    ];
    let labels = labels(&heard);
    let from = labels.iter().position(|label| label == item[0]).expect("a switch");
    assert_eq!(labels[from..from + 8], item);
    assert_eq!(labels[from + 8..from + 16], item);
    assert_eq!(labels.iter().filter(|label| *label == "NetStream.Play.Stop").count(), 1);
}

#[tokio::test]
async fn an_item_that_is_not_there_ends_the_playlist() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    viewer.play("a").enqueue("nothing").enqueue("b");
    assert_eq!(viewer.hear_error().await.0, "NetStream.Play.StreamNotFound");
    viewer.play("b");
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&film_b()).await.whole().await);
}

#[tokio::test]
async fn play_with_false_and_close_stream_stop_and_a_stream_stays_usable() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    for stop in [("play", vec![Value::Boolean(false)]), ("closeStream", vec![])] {
        viewer.buffer(1, 2000).play("a").enqueue("b");
        viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
        viewer.say(1, stop.0, stop.1);
        viewer.hear_status("NetStream.Play.Stop").await;
        viewer.buffer(1, ALL_AT_ONCE).play("b");
        assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&film_b()).await.whole().await);
    }
}

#[tokio::test]
async fn a_switch_goes_on_at_a_key_frame_of_the_other_film() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play("a");
    let mut heard = viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    play2(&mut viewer, options("switch", "b").with("oldStreamName", "a"));
    heard.extend(viewer.hear_status("NetStream.Play.Transition").await);
    viewer.buffer(1, ALL_AT_ONCE);
    heard.extend(viewer.hear_end().await);
    let (old, new) = heard.split_at(place(&heard, "onPlayStatus NetStream.Play.TransitionComplete"));
    let new = media_of(new);
    let at_ms = new.first().expect("media of the other film").time_ms;
    assert_eq!(at_ms % 1500, 0, "no key frame of the other film");
    assert_same(&media_of(old), &until(&Oracle::of(&film_a()).await.whole().await, at_ms, 0));
    assert_same(&new, &Oracle::of(&film_b()).await.from(at_ms.into()).await);
}

#[tokio::test]
async fn a_switch_after_a_play_with_a_start_keeps_counting() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play_part("a", 1000.0, -1000.0);
    let mut heard = viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    play2(&mut viewer, options("switch", "b").with("offset", 3.5));
    heard.extend(viewer.hear_status("NetStream.Play.Transition").await);
    viewer.buffer(1, ALL_AT_ONCE);
    heard.extend(viewer.hear_end().await);
    let (old, new) = heard.split_at(place(&heard, "onPlayStatus NetStream.Play.TransitionComplete"));
    // 3.5 s of the stream are 4.5 s of the film, and there the other has a key frame.
    assert_same(&media_of(old), &until(&Oracle::of(&film_a()).await.from(1000).await, 4500, 1000));
    assert_same(&media_of(new), &until(&Oracle::of(&film_b()).await.from(4500).await, u32::MAX, 1000));
}

#[tokio::test]
async fn a_switch_that_comes_too_late_or_to_nothing_is_refused_and_the_film_goes_on() {
    let house = two_films().await;
    for (options, code) in [
        (options("switch", "b").with("offset", 0.0), "NetStream.Play.Failed"),
        (options("switch", "nothing"), "NetStream.Play.StreamNotFound"),
        (options("dissolve", "b"), "NetStream.Play.Failed"),
    ] {
        let mut viewer = house.viewer().await;
        viewer.buffer(0, 2000).play("a");
        let mut heard = viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
        play2(&mut viewer, options);
        heard.extend(viewer.hear_status(code).await);
        viewer.buffer(1, ALL_AT_ONCE);
        heard.extend(viewer.hear_end().await);
        assert_same(&media_of(&heard), &Oracle::of(&film_a()).await.whole().await);
    }
}

#[tokio::test]
async fn a_switch_where_nothing_plays_plays() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    play2(&mut viewer, options("switch", "b"));
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&film_b()).await.whole().await);
}

#[tokio::test]
async fn play2_resets_appends_and_stops_like_play() {
    let house = two_films().await;
    let (a, b) = (Oracle::of(&film_a()).await.whole().await, Oracle::of(&film_b()).await.whole().await);
    let mut viewer = house.viewer().await;
    viewer.play("b");
    play2(&mut viewer, options("reset", "a"));
    play2(&mut viewer, options("append", "b"));
    assert_same(&media_of(&viewer.hear_end().await), &[a.clone(), shifted(&b, 5_990)].concat());
    viewer.buffer(1, 2000).play("a");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    play2(&mut viewer, options("stop", ""));
    viewer.hear_status("NetStream.Play.Stop").await;
}

#[tokio::test]
async fn a_swap_changes_an_item_that_did_not_begin() {
    let house = two_films().await;
    let other = short_flv_of(Spec { seconds: 1, group: 5, picture: 40, fill: 50 });
    house.put("c.flv", &other);
    let mut viewer = house.viewer().await;
    viewer.play("a").enqueue("b");
    play2(&mut viewer, options("swap", "c").with("oldStreamName", "b"));
    let expected =
        [Oracle::of(&film_a()).await.whole().await, shifted(&Oracle::of(&other).await.whole().await, 5_990)];
    assert_same(&media_of(&viewer.hear_end().await), &expected.concat());
    play2(&mut viewer, options("swap", "c").with("oldStreamName", "b"));
    assert_eq!(viewer.hear_error().await.0, "NetStream.Play.Failed");
}

#[tokio::test]
async fn a_resume_plays_from_its_offset() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    play2(&mut viewer, options("resume", "a").with("offset", 3.2));
    let expected = until(&Oracle::of(&film_a()).await.from(3_200).await, u32::MAX, 3000);
    assert_same(&media_of(&viewer.hear_end().await), &expected);
}

#[tokio::test]
async fn a_switch_during_a_pause_happens_after_it() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play("a");
    let mut heard = viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    viewer.pause(true, 0);
    heard.extend(viewer.hear_status("NetStream.Pause.Notify").await);
    play2(&mut viewer, options("switch", "b"));
    heard.extend(viewer.hear_status("NetStream.Play.Transition").await);
    viewer.buffer(1, ALL_AT_ONCE).pause(false, 0);
    heard.extend(viewer.hear_end().await);
    let (old, new) = heard.split_at(place(&heard, "onPlayStatus NetStream.Play.TransitionComplete"));
    let new = media_of(new);
    let at_ms = new.first().expect("media of the other film").time_ms;
    assert_same(&media_of(old), &until(&Oracle::of(&film_a()).await.whole().await, at_ms, 0));
    assert_same(&new, &Oracle::of(&film_b()).await.from(at_ms.into()).await);
}

#[tokio::test]
async fn a_seek_forgets_a_switch_that_did_not_happen_yet() {
    let house = two_films().await;
    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play("a");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    play2(&mut viewer, options("switch", "b").with("offset", 4.5));
    viewer.hear_status("NetStream.Play.Transition").await;
    viewer.seek(3000.0).buffer(1, ALL_AT_ONCE);
    viewer.hear_status("NetStream.Seek.Notify").await;
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&film_a()).await.from(3000).await);
}
