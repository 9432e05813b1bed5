//! RTMP in WebSockets, as pages in browsers speak it.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use millrace_amf::Object;
use millrace_edge::{EventKind, Phase};
use millrace_model::Variant;
use millrace_rtmp::handshake::Kind;
use millrace_rtmp::handshake::digest::Scheme;
use millrace_rtmp::handshake::encrypted::Wrap;
use millrace_rtmp::message::{Message, kind};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::*;

/// The page that a distribution of these tests is for.
const PAGE: &str = "https://www.example.com";

async fn viewer(road: &Road, page: &Page, kind: Kind) -> Viewer {
    Viewer::over(road.websocket(page).await, kind).await.settled(TC_URL).await
}

async fn film_comes_whole(mut viewer: Viewer, film: &bytes::Bytes) {
    viewer.play("film");
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &Oracle::of(film).await.whole().await);
}

#[tokio::test]
async fn films_come_whole_with_every_handshake_and_inside_tls() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    house.put("film.flv", &sample_flv());
    let page = Page { origin: Some(PAGE), ..Page::default() };
    for kind in [Kind::Plain, Kind::Digest(Scheme::First), Kind::Encrypted(Wrap::Plain, Scheme::First)] {
        film_comes_whole(viewer(&house.road(), &page, kind).await, &sample_flv()).await;
    }
    let secure = house.road().tls(keys.client());
    film_comes_whole(viewer(&secure, &page, Kind::Plain).await, &sample_flv()).await;
    let counters = house.edge.metrics().snapshot();
    assert_eq!(counters.websockets, 4);
    for (variant, connected) in [(Variant::Rtmp, 2), (Variant::Rtmpe, 1), (Variant::Rtmps, 1)] {
        assert_eq!(counters.variants[variant as usize].connected, connected, "{variant}");
    }
    let EventKind::Connected { websocket, origin, .. } =
        house.told(|event| matches!(event, EventKind::Connected { .. })).await
    else {
        unreachable!("that was waited for");
    };
    assert_eq!((websocket, origin.as_deref()), (true, Some(PAGE)));
}

#[tokio::test]
async fn seeks_and_pauses_lose_nothing() {
    let house = House::new().await;
    house.put("short.flv", &short_flv());
    let oracle = Oracle::of(&short_flv()).await;
    let mut viewer = viewer(&house.road(), &Page::default(), Kind::Plain).await;
    viewer.buffer(0, 1000).play("short");
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    viewer.seek(1_234.0);
    viewer.hear_status("NetStream.Seek.Notify").await;
    let mut heard = viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    viewer.pause(true, 1_300);
    heard.extend(viewer.hear_status("NetStream.Pause.Notify").await);
    let last_ms = media_of(&heard).last().map_or(0, |sent| sent.time_ms);
    viewer.pause(false, last_ms).buffer(1, ALL_AT_ONCE);
    heard.extend(viewer.hear_end().await);
    assert_same(&media_of(&heard), &oracle.from(1_234).await);
}

/// A browser takes from a WebSocket whatever comes, and keeps it in the page's memory.
#[tokio::test]
async fn a_page_that_says_so_gets_no_more_than_a_window_beyond_what_it_has_acknowledged() {
    const WINDOW: usize = 2_500_000;
    let house = House::new().await;
    let film = short_flv_of(Spec { seconds: 10, group: 2, picture: 600_000, fill: 0 });
    house.put("film.flv", &film);
    for stream in [house.road().websocket(&Page::default()).await, house.road().connect().await] {
        let mut viewer = Viewer::over(stream, Kind::Plain).await;
        let properties = Object::new().with("app", "cfx/st").with("tcUrl", TC_URL).with("ackGate", true);
        viewer.connect_with(properties).await;
        viewer.create_stream().await;
        let before = viewer.heard_bytes();
        viewer.buffer(0, ALL_AT_ONCE).play("film");
        viewer.swallow(WINDOW - before).await;
        viewer.swallow_for(Duration::from_millis(300)).await;
        assert_eq!(before + viewer.swallowed(), WINDOW, "to the byte");
        for acknowledged in [1_000_000, 2_000_000] {
            viewer.message(&Message::control(kind::ACKNOWLEDGEMENT, acknowledged));
            viewer.swallow(WINDOW + acknowledged as usize - before).await;
            viewer.swallow_for(Duration::from_millis(300)).await;
            assert_eq!(before + viewer.swallowed(), WINDOW + acknowledged as usize);
        }
        // Everything that will ever come.
        viewer.message(&Message::control(kind::ACKNOWLEDGEMENT, i32::MAX as u32));
        let heard = viewer.hear_end().await;
        assert_same(&media_of(&heard), &Oracle::of(&film).await.whole().await);
    }
}

/// What is announced in a frame's head has to come, also when a seek takes back what is behind it.
#[tokio::test]
async fn a_slow_page_that_seeks_gets_whole_frames() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let film = short_flv_of(Spec { seconds: 2, group: 2, picture: 600_000, fill: 0 });
    house.put("film.flv", &film);
    let oracle = Oracle::of(&film).await;
    let (whole, from) = (oracle.whole().await, oracle.from(1500).await);
    let (road, secure) = (house.road().narrow(), house.road().narrow().tls(keys.client()));
    for bytes in [1, 100_000, 700_000, 2_000_000] {
        for road in [&road, &secure] {
            for kind in [Kind::Plain, Kind::Encrypted(Wrap::Plain, Scheme::First)] {
                let mut viewer = viewer(road, &Page::default(), kind).await;
                viewer.play("film");
                viewer.swallow(bytes).await;
                viewer.seek(1500.0);
                let before = viewer.hear_status("NetStream.Seek.Notify").await;
                let old = media_of(&before);
                assert_same(&old, &whole[..old.len()]);
                assert_same(&media_of(&viewer.hear_end().await), &from);
            }
        }
    }
}

#[tokio::test]
async fn it_is_at_rtmp_and_below_and_speaks_of_itself_as_the_page_does() {
    let house = House::new().await;
    for (path, offered, agreed) in [
        ("/rtmp", Some("rtmp"), Some("rtmp")),
        ("/rtmp/cfx/st?x=y", Some("binary"), Some("binary")),
        ("/rtmp/", Some("base64, binary, rtmp"), Some("rtmp")),
        ("/rtmp", None, None),
    ] {
        let page = Page { path, subprotocol: offered, ..Page::default() };
        let opened = page.open_at(HOST, house.road().connect().await).await;
        let (_, answer) = opened.expect("a WebSocket");
        let told = answer.headers().get("sec-websocket-protocol").and_then(|value| value.to_str().ok());
        assert_eq!(told, agreed, "{path}");
        assert!(answer.headers().get("sec-websocket-extensions").is_none(), "media does not shrink");
    }
}

#[tokio::test]
async fn who_asks_for_it_wrongly_is_told_what_is_here() {
    let house = House::new().await;
    for wrong in [
        "GET /rtmp HTTP/1.1\r\nHost: films.example.net\r\n\r\n".to_owned(),
        WEBSOCKET.replace("Version: 13", "Version: 8"),
        WEBSOCKET.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"),
        WEBSOCKET.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let mut http = house.http().await;
        http.write(wrong.as_bytes()).await;
        let answer = http.answer().await.expect("an answer");
        assert_eq!(answer.status(), 426, "{wrong}");
        assert_eq!(answer.header("Upgrade"), Some("websocket"));
        assert!(answer.body.starts_with(b"RTMP in a WebSocket is here"), "{:?}", answer.body);
    }
    let mut http = house.http().await;
    http.write(WEBSOCKET.replace(HOST, "nobody.example.net").as_bytes()).await;
    assert_eq!(http.answer().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn a_page_from_elsewhere_is_refused_in_words_before_rtmp_begins() {
    let house = House::new().await;
    house.put("film.flv", &short_flv());
    house.change(|films| films.pages = vec![PAGE.parse().expect("an origin")]);
    let foreign = Page { origin: Some("https://evil.example"), ..Page::default() };
    let mut websocket = foreign.open(house.road().connect().await).await;
    let close = closed_with(&mut websocket).await;
    assert_eq!(close.code, CloseCode::Policy);
    assert_eq!(close.reason.as_str(), "pages from https://evil.example may not play from here");
    assert_eq!(house.edge.metrics().snapshot().pages_refused, 1);
    let page = Page { origin: Some(PAGE), ..Page::default() };
    film_comes_whole(viewer(&house.road(), &page, Kind::Plain).await, &short_flv()).await;
    // A client that is no browser tells no origin.
    film_comes_whole(viewer(&house.road(), &Page::default(), Kind::Plain).await, &short_flv()).await;
}

/// The host that a page speaks HTTP with need not be the one that it names in connect.
#[tokio::test]
async fn a_page_from_elsewhere_does_not_come_in_by_another_host() {
    let house = House::new().await;
    house.change(|films| films.pages = vec![PAGE.parse().expect("an origin")]);
    let foreign = Page { origin: Some("https://evil.example"), ..Page::default() };
    let stream = house.road().websocket_at("lost.example.net", &foreign).await;
    let mut viewer = Viewer::over(stream, Kind::Plain).await;
    let heard = viewer.connect("cfx/st", TC_URL, &[]).await;
    let Some(Heard::Reply(reply)) = heard.last() else { panic!("no answer: {heard:?}") };
    let words = reply.argument(0).get("description").and_then(|text| text.as_str()).unwrap_or_default();
    assert!(
        words.ends_with("PageNotAllowed : pages from https://evil.example may not play from here"),
        "{words}"
    );
}

#[tokio::test]
async fn what_no_client_may_send_ends_it_with_the_code_for_that() {
    let house = House::new().await;
    let mut websocket = Page::default().open(house.road().connect().await).await;
    websocket.send(Frame::text("connect")).await.expect("it is sent");
    assert_eq!(closed_with(&mut websocket).await.code, CloseCode::Unsupported);
    let mut websocket = Page::default().open(house.road().connect().await).await;
    websocket.send(Frame::binary(vec![3; (64 << 10) + 1])).await.expect("it is sent");
    assert_eq!(closed_with(&mut websocket).await.code, CloseCode::Size);
    let mut websocket = Page::default().open(house.road().connect().await).await;
    let hello = [&[3], &[0; 3072][..], &[0xff; 1000]].concat();
    websocket.send(Frame::binary(hello)).await.expect("it is sent");
    assert_eq!(closed_with(&mut websocket).await.code, CloseCode::Protocol, "this is no RTMP");
    house.empty().await;
}

/// Frames by hand: a byte of opcode, one of length, and the mask that no client may leave out.
#[tokio::test]
async fn frames_that_break_the_rules_end_it() {
    let house = House::with(|limits| limits.linger = Duration::from_millis(100)).await;
    for (frame, code) in [
        (&b"\x82\x01\x03"[..], 1002_u16),
        (b"\xc2\x81\0\0\0\0\x03", 1002),
        (b"\x83\x81\0\0\0\0\x03", 1002),
        (b"\x80\x81\0\0\0\0\x03", 1002),
        (b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 1009),
        (b"\x82\xff\0\0\0\0\0\x01\0\x01\0\0\0\0", 1009),
        (b"\x89\xfe\0\x7e\0\0\0\0", 1002),
        (b"\x09\x80\0\0\0\0", 1002),
    ] {
        let mut http = house.http().await;
        http.write(&[WEBSOCKET.as_bytes(), frame].concat()).await;
        assert_eq!(http.answer().await.expect("an answer").status(), 101);
        let closed = http.rest().await;
        assert_eq!((closed[0], u16::from_be_bytes([closed[2], closed[3]])), (0x88, code), "{frame:x?}");
    }
    house.empty().await;
}

#[tokio::test]
async fn pings_are_answered_between_the_frames_of_a_film() {
    let house = House::new().await;
    let mut websocket = Page::default().open(house.road().connect().await).await;
    for n in 0..100_u8 {
        websocket.send(Frame::Ping(vec![n; 8].into())).await.expect("it is sent");
    }
    let mut last = None;
    while last != Some(99) {
        match websocket.next().await {
            Some(Ok(Frame::Pong(answer))) => last = answer.first().copied(),
            other => panic!("no answer to a ping: {other:?}"),
        }
    }
}

/// What stands between a page and the edge takes a connection for dead on which nothing moves.
#[tokio::test]
async fn a_page_is_asked_now_and_then_whether_it_is_there() {
    let house = House::with(|limits| limits.session.handshake = Duration::from_secs(600)).await;
    let mut websocket = Page::default().open(house.road().connect().await).await;
    tokio::time::pause();
    for _ in 0..3 {
        let asked = websocket.next().await;
        assert!(matches!(asked, Some(Ok(Frame::Ping(_)))), "{asked:?}");
    }
}

/// A client that asks without end and takes no answer is not read from any more, and ends by the rule for all who take
/// nothing.
#[tokio::test]
async fn a_flood_of_pings_whose_answers_nobody_takes_is_bounded() {
    let house = House::with(|limits| limits.stalled = Duration::from_millis(500)).await;
    let mut http = Http::to(&house.road().narrow()).await;
    http.write(WEBSOCKET.as_bytes()).await;
    let ping = [&b"\x89\xfd\0\0\0\0"[..], &[7; 125]].concat();
    let flood = ping.repeat(1000);
    while http.try_write(&flood).await {}
    house.ended("the viewer took nothing").await;
}

#[tokio::test]
async fn the_end_of_the_edge_is_told_as_going_away_and_its_viewers_see_their_film() {
    let mut house = House::new().await;
    house.put("film.flv", &short_flv());
    let mut watching = viewer(&house.road(), &Page::default(), Kind::Plain).await;
    watching.buffer(1, 2000).play("film");
    let mut heard = watching.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    let mut idle = Page::default().open(house.road().connect().await).await;
    house.edge.enter(Phase::Draining);
    let close = closed_with(&mut idle).await;
    assert_eq!((close.code, close.reason.as_str()), (CloseCode::Away, "the server stops"));
    watching.buffer(1, ALL_AT_ONCE);
    heard.extend(watching.hear_end().await);
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
    assert_eq!(labels(&watching.hear_all().await).last().map(String::as_str), Some("close"));
    (&mut house.running).await.expect("the listener ends when the last viewer is gone");
}

#[tokio::test]
async fn who_closes_is_answered_and_leaves_nothing_behind() {
    let house = House::new().await;
    let mut websocket = Page::default().open(house.road().connect().await).await;
    websocket.close(None).await.expect("it is sent");
    let mut end = None;
    while let Some(Ok(message)) = websocket.next().await {
        end = Some(message);
    }
    assert!(matches!(end, Some(Frame::Close(_))), "{end:?}");
    house.ended("the viewer closed it").await;
    let dropped = Page::default().open(house.road().connect().await).await;
    drop(dropped);
    house.empty().await;
    assert_eq!(house.edge.metrics().snapshot().protocol_errors, 0);
}

#[tokio::test]
async fn a_connection_that_became_a_websocket_still_counts_for_its_address() {
    let house = House::with(|limits| limits.connections_per_address = 1).await;
    let websocket = Page::default().open(house.road().connect().await).await;
    assert!(house.http().await.is_closed().await, "one from each address");
    drop(websocket);
    loop {
        let mut again = house.http().await;
        if again.try_write(b"GET / HTTP/1.1\r\nHost: films.example.net\r\n\r\n").await
            && again.answer().await.is_some_and(|answer| answer.status() == 200)
        {
            break;
        }
    }
}
