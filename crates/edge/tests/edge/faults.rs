//! What a viewer sees of an origin in trouble, and of files that are none.

use std::iter::repeat_n;

use bytes::Bytes;
use millrace_edge::EventKind;
use millrace_media::Capabilities;
use millrace_origin::Kind;

use crate::support::*;

/// Some 18 MB: more than is ever read ahead for one viewer.
fn large_film() -> Bytes {
    short_flv_of(Spec { seconds: 60, group: 10, picture: 30_000, fill: 0 })
}

/// What the operator was told of a play that failed.
async fn reason(house: &House) -> String {
    match house.told(|event| matches!(event, EventKind::PlayFailed { .. })).await {
        EventKind::PlayFailed { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_missing_or_forbidden_is_not_found_and_the_operator_knows_the_key() {
    for kind in [None, Some(Kind::Forbidden)] {
        let house = House::new().await;
        house.origin.fail_next(kind.into_iter().flat_map(|kind| repeat_n(kind, 20)));
        let mut viewer = house.viewer().await;
        viewer.play("mp4:secret/film.mp4");
        let (code, description) = viewer.hear_error().await;
        assert_eq!(code, "NetStream.Play.StreamNotFound");
        assert!(!description.contains("secret") && !description.contains("memory://"), "{description}");
        let reason = reason(&house).await;
        assert!(reason.contains("secret/film.mp4") && reason.contains("memory://films"), "{reason}");
    }
}

#[tokio::test]
async fn an_origin_that_fails_for_a_moment_is_not_noticed() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    house.origin.fail_next([Kind::Unavailable, Kind::Throttled, Kind::Timeout, Kind::Truncated]);
    let mut viewer = house.viewer().await;
    viewer.play("film.flv");
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&short_flv()).await.whole().await);
}

#[tokio::test]
async fn an_origin_that_fails_fails_the_play_and_the_connection_stays() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    house.origin.fail_next(repeat_n(Kind::Unavailable, 30));
    let mut viewer = house.viewer().await;
    viewer.play("film.flv");
    assert_eq!(viewer.hear_error().await.0, "NetStream.Play.Failed");
    house.put("other.flv", &short_flv());
    // The failures that are left over are used up by tries.
    loop {
        viewer.play("other.flv");
        let heard =
            viewer.hear(|heard| matches!(heard, Heard::Status { level, code, .. } if level == "error" || code == "NetStream.Play.Stop")).await;
        if heard.last().is_some_and(|heard| heard.is_status("NetStream.Play.Stop")) {
            assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
            return;
        }
    }
}

/// Plays until the middle, then lets something happen to the origin; returns what was heard then.
async fn in_mid_play(house: &House, happens: impl FnOnce()) -> (Vec<Sent>, String, String) {
    let film = large_film();
    house.put("film.flv", &film);
    let mut viewer = Viewer::narrow(house.address, TC_URL).await;
    viewer.play("film.flv");
    viewer.swallow(1_000_000).await;
    happens();
    let heard = viewer.hear(|heard| matches!(heard, Heard::Status { level, .. } if level == "error")).await;
    let got = media_of(&heard);
    let whole = Oracle::of(&film).await.whole().await;
    assert!(got.len() > 20 && got.len() < whole.len(), "{} messages", got.len());
    assert_same(&got, &whole[..got.len()]);
    match heard.into_iter().last() {
        Some(Heard::Status { code, description, .. }) => (got, code, description),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_origin_that_fails_in_mid_play_ends_it_after_whole_messages() {
    let house = House::new().await;
    let origin = house.origin.clone();
    let (_, code, _) = in_mid_play(&house, || origin.fail_next(repeat_n(Kind::Unavailable, 100_000))).await;
    assert_eq!(code, "NetStream.Play.Failed");
}

#[tokio::test]
async fn a_file_that_is_replaced_in_mid_play_ends_the_play_and_is_never_spliced() {
    let house = House::new().await;
    let other = short_flv_of(Spec { seconds: 60, group: 10, picture: 30_000, fill: 100 });
    let origin = house.origin.clone();
    let (_, code, description) = in_mid_play(&house, || drop(origin.put("film.flv", other))).await;
    assert_eq!(code, "NetStream.Play.Failed");
    assert!(description.contains("replaced"), "{description}");
}

#[tokio::test]
async fn a_file_that_is_no_media_or_broken_is_named_as_such() {
    let house = House::new().await;
    let cut = sample_mp4().slice(..100_000);
    for (key, film) in
        [("text.mp4", Bytes::from_static(b"no film at all")), ("empty.mp4", Bytes::new()), ("cut.mp4", cut)]
    {
        house.put(key, &film);
        let mut viewer = house.viewer().await;
        viewer.play(&format!("mp4:{key}"));
        let (code, description) = viewer.hear_error().await;
        assert_eq!(code, "NetStream.Play.FileStructureInvalid", "{key}: {description}");
        assert!(!description.is_empty());
    }
}

#[tokio::test]
async fn a_track_that_cant_be_sent_is_named_with_its_codec_and_place() {
    let house = House::new().await;
    let film = mp4(b"s263", b"d263", &[0; 7]);
    house.put("old.3gp", &film);
    let mut viewer = house.viewer().await;
    viewer.play("mp4:old.3gp");
    let (code, description) = viewer.hear_error().await;
    assert_eq!(code, "NetStream.Play.NoSupportedTrackFound");
    let place = film.windows(4).position(|four| four == b"s263").expect("the entry") - 4;
    for part in ["track 1", "s263", &format!("byte {place}")] {
        assert!(description.contains(part), "{part} is not in {description:?}");
    }
}

#[tokio::test]
async fn an_enhanced_codec_is_sent_to_those_who_list_it_and_to_nobody_else() {
    let house = House::new().await;
    let film = mp4(b"hvc1", b"hvcC", &[1; 23]);
    house.put("new.mp4", &film);
    let whole = Oracle::with(&film, &Capabilities::all()).await.whole().await;
    assert!(whole.len() > 30);
    for (list, plays) in [
        (&["hvc1"] as &[&str], true),
        (&["*"], true),
        (&["av01", "hvc1"], true),
        (&["av01"], false),
        (&[], false),
    ] {
        let mut viewer = Viewer::greeted(house.address).await;
        viewer.connect("cfx/st", TC_URL, list).await;
        viewer.create_stream().await;
        viewer.buffer(0, ALL_AT_ONCE).play("mp4:new");
        if plays {
            assert_same(&media_of(&viewer.hear_end().await), &whole);
        } else {
            let (code, description) = viewer.hear_error().await;
            assert_eq!(code, "NetStream.Play.NoSupportedTrackFound");
            assert!(description.contains("did not list"), "{description}");
        }
    }
}
