//! Where a viewer connects, and what it calls a film.

use millrace_edge::EventKind;

use crate::support::*;

/// What the edge says to a connect, up to the end of the connection.
async fn refusal(house: &House, app: &str, tc_url: &str) -> String {
    let mut viewer = Viewer::greeted(house.address).await;
    let heard = viewer.connect(app, tc_url, &[]).await;
    let Some(Heard::Reply(reply)) = heard.last() else { panic!("no answer: {heard:?}") };
    assert_eq!(reply.name, "_error");
    let information = reply.argument(0);
    let text = |name| information.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    assert_eq!(text("code"), "NetConnection.Connect.Rejected");
    let rest = viewer.hear_all().await;
    assert_eq!(labels(&rest), ["close"]);
    text("description")
}

#[tokio::test]
async fn a_connect_to_what_is_not_there_is_refused_in_cloudfronts_words_and_closed() {
    let house = House::new().await;
    for (app, tc_url, reason) in [
        ("cfx/st", "rtmp://nobody.example.net/cfx/st", "DistributionNotFound"),
        ("cfx/st", "rtmp://127.0.0.1:1935/cfx/st", "DistributionNotFound"),
        ("cfx/st", "rtmp://off.example.net/cfx/st", "DistributionNotFound"),
        ("cfx/st", "rtmp://WWW.example.net/cfx/st", "DistributionTypeMismatch"),
        ("cfx/live", TC_URL, "InvalidInstance"),
        ("vod", TC_URL, "InvalidURI"),
        ("cfx/st", "nonsense", "InvalidURI"),
    ] {
        let description = refusal(&house, app, tc_url).await;
        assert!(description.contains(reason), "{app} {tc_url}: {description}");
    }
    let rejected = house.told(|event| matches!(event, EventKind::Rejected { .. })).await;
    assert!(matches!(rejected, EventKind::Rejected { tc_url, .. } if tc_url.contains("nobody")));
    assert_eq!(house.edge.metrics().snapshot().rejected, 7);
}

#[tokio::test]
async fn every_form_of_a_name_that_players_send_finds_the_film() {
    let house = House::new().await;
    let film = short_flv_of(Spec { seconds: 1, group: 5, picture: 30, fill: 0 });
    let whole = Oracle::of(&film).await.whole().await;
    for key in ["film.flv", "dir/film.mp4", "a b+c.flv", "\u{fc}ber.mp4", "noending"] {
        house.put(key, &film);
    }
    let mut viewer = house.viewer().await;
    for name in [
        "film",
        "film.flv",
        "flv:film",
        "flv:film.flv?Expires=1&Signature=x",
        "&film",
        "/film",
        "mp4:dir/film",
        "mp4:dir/film.mp4",
        "MP4:dir/film.mp4",
        "mp4:mp4:dir/film.mp4",
        "dir/film",
        "a%20b%2Bc",
        "mp4:\u{fc}ber",
        "mp4:%C3%BCber.mp4",
        "noending",
    ] {
        viewer.play(name);
        let heard = viewer.hear_end().await;
        let from = heard.iter().position(|heard| heard.is_status("NetStream.Play.Reset")).expect("a start");
        assert_same(&media_of(&heard[from..]), &whole);
    }
}

#[tokio::test]
async fn the_rest_of_the_application_and_the_name_are_one_path() {
    let house = House::new().await;
    let film = short_flv_of(Spec { seconds: 1, group: 5, picture: 30, fill: 0 });
    house.put("dir/sub/film.mp4", &film);
    let whole = Oracle::of(&film).await.whole().await;
    for (app, tc_url, name) in [
        ("cfx/st/dir/sub", format!("rtmp://{HOST}/cfx/st/dir/sub"), "mp4:film.mp4"),
        ("/cfx//st/mp4:dir/sub/", format!("rtmp://{HOST}:1935/cfx/st"), "film"),
        ("cfx/st?key=1", format!("rtmp://www.{HOST}/cfx/st?key=1"), "mp4:dir/sub/film"),
        ("", "rtmp://FILMS.example.net./cfx/st/dir".to_owned(), "mp4:sub/film.mp4"),
    ] {
        let mut viewer = Viewer::greeted(house.address).await;
        viewer.connect(app, &tc_url, &[]).await;
        viewer.create_stream().await;
        viewer.buffer(0, ALL_AT_ONCE).play(name);
        assert_same(&media_of(&viewer.hear_end().await), &whole);
    }
}

#[tokio::test]
async fn a_length_is_told_for_every_container_and_0_for_what_is_not_there() {
    let house = House::new().await;
    let mut viewer = house.viewer().await;
    for (key, name, film) in
        [("a.mp4", "mp4:a", sample_mp4()), ("b.flv", "b", sample_flv()), ("c.mp3", "mp3:c", sample_mp3())]
    {
        house.put(key, &film);
        let expected = Oracle::of(&film).await.title.duration_ms() as f64 / 1000.0;
        let reply = viewer.call(0, "getStreamLength", vec![name.into()]).await;
        assert_eq!((reply.name.as_str(), reply.argument(0).as_number()), ("_result", Some(expected)));
        assert!(expected > 20.0);
    }
    for nothing in ["nothing", "../b", ""] {
        let reply = viewer.call(0, "getStreamLength", vec![nothing.into()]).await;
        assert_eq!((reply.name.as_str(), reply.argument(0).as_number()), ("_result", Some(0.0)));
    }
}

#[tokio::test]
async fn names_that_can_mean_no_object_are_refused_without_asking_the_origin() {
    let house = House::new().await;
    let mut viewer = house.viewer().await;
    let long = "x".repeat(1500);
    let longer = "x".repeat(3000);
    for name in ["", "../film", "a/../../b", "a\\b", "a\nb", "id3:song", "raw:film", &long, &longer] {
        viewer.play(name);
        assert_eq!(viewer.hear_error().await.0, "NetStream.Play.StreamNotFound", "{name:?}");
    }
    assert!(house.cache.origin_counters().is_empty());
}

#[tokio::test]
async fn a_distribution_without_its_origin_fails_and_says_so_to_the_operator() {
    let house = House::new().await;
    let mut viewer = Viewer::ready(house.address, "rtmp://lost.example.net/cfx/st").await;
    viewer.play("film");
    assert_eq!(viewer.hear_error().await.0, "NetStream.Play.Failed");
    let failed = house.told(|event| matches!(event, EventKind::PlayFailed { .. })).await;
    assert!(matches!(failed, EventKind::PlayFailed { reason, .. } if reason.contains("\"lost\"")));
}
