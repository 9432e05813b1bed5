//! The six variants, all on one port: each brings the same film, is counted, and can be forbidden.

use millrace_edge::EventKind;
use millrace_model::Variant;
use millrace_rtmp::handshake::Kind;
use millrace_rtmp::handshake::digest::Scheme;
use millrace_rtmp::handshake::encrypted::Wrap;

use crate::support::*;

const RTMPE: Kind = Kind::Encrypted(Wrap::Plain, Scheme::First);

/// A house with a door for every variant, and the way to it with TLS.
async fn open_house() -> (House, Road) {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    house.put("film.mp4", &sample_mp4());
    house.put("film.flv", &sample_flv());
    house.put("short.flv", &short_flv());
    let secure = house.road().tls(keys.client());
    (house, secure)
}

/// Somebody who comes by a variant.
async fn comes_by(variant: Variant, house: &House, secure: &Road) -> Viewer {
    match variant {
        Variant::Rtmp => house.road().viewer(Kind::Plain).await,
        Variant::Rtmpe => house.road().viewer(RTMPE).await,
        Variant::Rtmpt => house.road().tunnelled(Kind::Plain).await,
        Variant::Rtmpte => house.road().tunnelled(RTMPE).await,
        Variant::Rtmps => secure.viewer(Kind::Plain).await,
        Variant::Rtmpts => secure.tunnelled(Kind::Plain).await,
    }
}

async fn films_come_whole(mut viewer: Viewer) {
    for (name, film) in [("mp4:film", sample_mp4()), ("film", sample_flv())] {
        viewer.play(name);
        let heard = viewer.hear_end().await;
        let heard: Vec<_> =
            heard.into_iter().skip_while(|heard| !heard.is_status("NetStream.Play.Start")).collect();
        assert_same(&media_of(&heard), &Oracle::of(&film).await.whole().await);
    }
}

#[tokio::test]
async fn every_variant_brings_whole_films_through_one_port_and_is_told_and_counted() {
    let (house, secure) = open_house().await;
    for variant in Variant::ALL {
        films_come_whole(comes_by(variant, &house, &secure).await).await;
        let told = house
            .told(|event| matches!(event, EventKind::Connected { variant: told, .. } if *told == variant))
            .await;
        assert!(matches!(told, EventKind::Connected { distribution, .. } if distribution == "EFILMS"));
        let counted = house.edge.metrics().snapshot().variants[variant as usize];
        let least = (sample_mp4().len() + sample_flv().len()) as u64 * 9 / 10;
        assert!((counted.connected, counted.refused) == (1, 0), "{variant}: {counted:?}");
        assert!(counted.bytes_sent > least, "{variant}: {counted:?}");
    }
    let counters = house.edge.metrics().snapshot();
    let all: u64 = counters.variants.iter().map(|variant| variant.bytes_sent).sum();
    assert_eq!(counters.bytes_sent, all);
    assert_eq!((counters.exchanges, counters.tunnels_opened), (2, 3));
}

#[tokio::test]
async fn rtmpe_of_every_type_and_scheme_brings_whole_films() {
    let (house, _) = open_house().await;
    for wrap in [Wrap::Plain, Wrap::Xtea, Wrap::Blowfish] {
        for scheme in [Scheme::First, Scheme::Second] {
            films_come_whole(house.road().viewer(Kind::Encrypted(wrap, scheme)).await).await;
        }
    }
    assert_eq!(house.edge.metrics().snapshot().variants[Variant::Rtmpe as usize].connected, 6);
}

#[tokio::test]
async fn rtmpte_of_every_type_brings_whole_films() {
    let (house, _) = open_house().await;
    for wrap in [Wrap::Xtea, Wrap::Blowfish] {
        films_come_whole(house.road().tunnelled(Kind::Encrypted(wrap, Scheme::Second)).await).await;
    }
}

#[tokio::test]
async fn rtmpe_inside_tls_brings_whole_films_and_counts_as_tls() {
    let (house, secure) = open_house().await;
    films_come_whole(secure.viewer(RTMPE).await).await;
    films_come_whole(secure.tunnelled(RTMPE).await).await;
    let counters = house.edge.metrics().snapshot();
    for variant in Variant::ALL {
        let expected = u64::from(matches!(variant, Variant::Rtmps | Variant::Rtmpts));
        assert_eq!(counters.variants[variant as usize].connected, expected, "{variant}");
    }
}

#[tokio::test]
async fn a_digest_handshake_goes_through_a_tunnel_and_through_tls() {
    let (house, secure) = open_house().await;
    films_come_whole(house.road().tunnelled(Kind::Digest(Scheme::First)).await).await;
    films_come_whole(secure.viewer(Kind::Digest(Scheme::Second)).await).await;
}

#[tokio::test]
async fn a_seek_lands_on_the_key_frame_by_every_variant() {
    let (house, secure) = open_house().await;
    let oracle = Oracle::of(&short_flv()).await;
    for variant in Variant::ALL {
        let mut viewer = comes_by(variant, &house, &secure).await;
        viewer.buffer(0, 2000).play("short");
        viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
        viewer.seek(3_456.0).buffer(1, ALL_AT_ONCE);
        viewer.hear_status("NetStream.Seek.Notify").await;
        let after = viewer.hear_end().await;
        assert_same(&media_of(&after), &oracle.from(3_456).await);
    }
}

#[tokio::test]
async fn a_pause_holds_and_goes_on_without_a_gap_by_every_variant() {
    let (house, secure) = open_house().await;
    let whole = Oracle::of(&short_flv()).await.whole().await;
    for variant in Variant::ALL {
        let mut viewer = comes_by(variant, &house, &secure).await;
        viewer.buffer(0, 2000).play("short");
        let mut heard = viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
        viewer.pause(true, 0);
        heard.extend(viewer.hear_status("NetStream.Pause.Notify").await);
        let last_ms = media_of(&heard).last().map_or(0, |sent| sent.time_ms);
        viewer.pause(false, last_ms).buffer(1, ALL_AT_ONCE);
        heard.extend(viewer.hear_end().await);
        assert_same(&media_of(&heard), &whole);
    }
}

/// A slow player seeks while the edge has bytes for it that are not written: what of them was encrypted already is
/// sent, in its order, or nothing that follows could be decrypted.
#[tokio::test]
async fn a_slow_viewer_who_seeks_stays_in_step_with_the_cipher() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let film = short_flv_of(Spec { seconds: 2, group: 2, picture: 600_000, fill: 0 });
    house.put("film.flv", &film);
    let oracle = Oracle::of(&film).await;
    let (whole, from) = (oracle.whole().await, oracle.from(1500).await);
    let road = house.road().narrow();
    for bytes in [1, 100_000, 700_000, 2_000_000] {
        for mut viewer in [
            road.viewer(RTMPE).await,
            road.tunnelled(RTMPE).await,
            road.clone().tls(keys.client()).viewer(RTMPE).await,
        ] {
            viewer.play("film");
            viewer.swallow(bytes).await;
            viewer.seek(1500.0);
            let before = viewer.hear_status("NetStream.Seek.Notify").await;
            let old = media_of(&before);
            assert!(old.len() < whole.len(), "nothing was on its way");
            assert_same(&old, &whole[..old.len()]);
            assert_same(&media_of(&viewer.hear_end().await), &from);
        }
    }
}

#[tokio::test]
async fn a_distribution_takes_the_variants_it_allows_and_names_them_to_the_others() {
    let (house, secure) = open_house().await;
    house.change(|films| films.variants = [Variant::Rtmpe, Variant::Rtmpts].into_iter().collect());
    for variant in [Variant::Rtmpe, Variant::Rtmpts] {
        films_come_whole(comes_by(variant, &house, &secure).await).await;
    }
    let (road, tunnel) = (house.road(), Requests::OneConnection);
    for (variant, stream, kind) in [
        (Variant::Rtmp, road.connect().await, Kind::Plain),
        (Variant::Rtmpt, road.tunnel(tunnel), Kind::Plain),
        (Variant::Rtmpte, road.tunnel(tunnel), RTMPE),
        (Variant::Rtmps, secure.connect().await, RTMPE),
    ] {
        let mut viewer = Viewer::over(stream, kind).await;
        let heard = viewer.connect("cfx/st", TC_URL, &[]).await;
        let Some(Heard::Reply(reply)) = heard.last() else { panic!("no answer: {heard:?}") };
        let words = reply.argument(0).get("description").and_then(|text| text.as_str()).unwrap_or_default();
        assert_eq!(reply.name, "_error", "{variant}");
        let told = format!("ProtocolNotAllowed : {variant} is not allowed here; use one of rtmpe, rtmpts");
        assert!(words.ends_with(&told), "{words}");
        viewer.hear_all().await;
        let counted = house.edge.metrics().snapshot().variants[variant as usize];
        assert_eq!((counted.connected, counted.refused), (0, 1), "{variant}");
    }
    house
        .told(|event| matches!(event, EventKind::Rejected { reason, .. } if reason == "ProtocolNotAllowed"))
        .await;
    assert_eq!(house.edge.metrics().snapshot().rejected, 4);
}
