//! Distributions that play signed names only.

use std::time::Duration;

use millrace_amf::{Object, Value};
use millrace_edge::EventKind;
use millrace_sign::Spelling;
use tokio::time::sleep;

use crate::support::*;

const FAILED: &str = "NetStream.Failed";
const UNSIGNED: &str =
    "nothing is signed: what is private is asked for with Expires or Policy, Signature and Key-Pair-Id";

/// A house whose films need the signature of a key called `APKAFILMS`.
async fn private_house() -> (House, Signatory) {
    let house = House::new().await;
    house.put("dir/film.flv", &short_flv());
    let owner = Signatory::new("APKAFILMS");
    house.trust([owner.known(true)], &["APKAFILMS"]);
    (house, owner)
}

/// Plays a name to its end.
async fn plays(house: &House, name: &str) {
    plays_at(house, TC_URL, "cfx/st", name).await;
}

async fn plays_at(house: &House, tc_url: &str, app: &str, name: &str) {
    let mut viewer = Viewer::greeted(house.address).await;
    viewer.connect(app, tc_url, &[]).await;
    viewer.create_stream().await;
    viewer.buffer(1, ALL_AT_ONCE).play(name);
    let heard = viewer.hear(|heard| heard.is_status("NetStream.Play.Stop") || heard.is_status(FAILED)).await;
    let status = labels(&heard).pop();
    assert_eq!(status.as_deref(), Some("NetStream.Play.Stop"), "{tc_url} {app} {name}: {heard:?}");
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
}

/// What a viewer is told who plays that name.
async fn refused(house: &House, name: &str) -> String {
    let mut viewer = house.viewer().await;
    viewer.play(name);
    let (code, description) = viewer.hear_error().await;
    assert_eq!(code, FAILED, "{description}");
    description
}

/// What the operator was told of a refusal.
async fn told(house: &House, reason: &str) -> (String, Option<String>) {
    let is_it =
        |event: &EventKind| matches!(event, EventKind::Refused { reason: told, .. } if told == reason);
    match house.told(is_it).await {
        EventKind::Refused { name, key_id, .. } => (name, key_id),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_signed_name_plays_and_an_unsigned_one_does_not() {
    let (house, owner) = private_house().await;
    plays(&house, &owner.name("dir/film.flv", 60)).await;
    for name in ["dir/film.flv", "dir/film", "dir/nothing", "dir/film?color=red"] {
        assert_eq!(refused(&house, name).await, UNSIGNED);
    }
    assert_eq!(told(&house, UNSIGNED).await, ("dir/film.flv".to_owned(), None));
    assert_eq!(house.edge.metrics().snapshot().refused, 4);
}

#[tokio::test]
async fn signatures_work_wherever_players_put_them() {
    let (house, owner) = private_house().await;
    let query = owner.query("dir/film.flv", 60);
    let escaped = owner.spelled("dir/film.flv", 60, Spelling::Page);
    for (tc_url, app, name) in [
        // As Flash, ffmpeg, rtmpdump and VLC have it in the name, and as pages spell it.
        (TC_URL, "cfx/st", format!("dir/film.flv?{query}")),
        (TC_URL, "cfx/st", format!("flv:dir/film.flv?{query}")),
        (TC_URL, "cfx/st", format!("dir/film?{query}")),
        (TC_URL, "cfx/st", format!("/dir/film?{query}")),
        (TC_URL, "cfx/st", escaped),
        // A query of one's own before and behind.
        (TC_URL, "cfx/st", format!("dir/film?color=red&{query}&size=2")),
        // Players that split URLs elsewhere.
        ("rtmp://films.example.net/cfx/st/dir", "cfx/st/dir", format!("film?{query}")),
        ("rtmp://films.example.net/cfx/st/flv:dir", "cfx/st/flv:dir", format!("film.flv?{query}")),
        // Players that can pass nothing on the name.
        (TC_URL, &format!("cfx/st?{query}"), "dir/film".to_owned()),
        (&format!("{TC_URL}?{query}"), "cfx/st", "dir/film".to_owned()),
        (&format!("{TC_URL}?{query}"), "cfx/st", "dir/film?color=red".to_owned()),
    ] {
        plays_at(&house, tc_url, app, &name).await;
    }
}

#[tokio::test]
async fn what_is_signed_is_the_name_in_any_of_the_forms_that_signers_make_of_it() {
    let (house, owner) = private_house().await;
    house.put("film.flv", &short_flv());
    house.put("d/a b.flv", &short_flv());
    for (played, signed) in [
        ("dir/film", "dir/film"),
        ("dir/film.flv", "dir/film"),
        ("film", "./film.flv"),
        ("d/a b", "d/a%20b.flv"),
        ("d/a%20b", "d/a b.flv"),
        ("dir/film?color=red", "dir/film.flv?color=red"),
    ] {
        let query = owner.query(signed, 60);
        let separator = if played.contains('?') { '&' } else { '?' };
        plays(&house, &format!("{played}{separator}{query}")).await;
    }
}

#[tokio::test]
async fn a_signature_opens_no_other_object() {
    let (house, owner) = private_house().await;
    house.put("dir/other.flv", &sample_flv());
    house.put("a+b.flv", &sample_flv());
    house.put("a b.flv", &short_flv());
    let query = owner.query("dir/film.flv", 60);
    for other in ["dir/other", "dir/film.mp4", "dir/film2", "other/film"] {
        let words = refused(&house, &format!("{other}?{query}")).await;
        assert!(words.starts_with("the signature is not that of the canned policy for"), "{words}");
    }
    // A plus may stand for a space, but then only the file with the space is meant.
    plays(&house, &format!("a+b?{}", owner.query("a b.flv", 60))).await;
    let anything = owner.under("dir/film.flv", |policy| policy.resource = Some("dir/f*".to_owned()));
    plays(&house, &anything).await;
    let words = refused(&house, &anything.replacen("film", "other", 1)).await;
    assert_eq!(words, "the policy is for \"dir/f*\", not for \"dir/other.flv\"");
    // Ruby's SDK calls a file that is in no folder `./film.flv`, but a pattern for folders does not mean it.
    house.put("film.flv", &short_flv());
    let folders = owner.under("dir/film.flv", |policy| policy.resource = Some("*/film.flv".to_owned()));
    plays(&house, &folders).await;
    let words = refused(&house, &folders.replacen("dir/", "", 1)).await;
    assert_eq!(words, "the policy is for \"*/film.flv\", not for \"film.flv\"");
    let ruby = owner.under("./film.flv", |policy| policy.resource = Some("./f*".to_owned()));
    plays(&house, ruby.trim_start_matches("./")).await;
}

#[tokio::test]
async fn a_refusal_says_what_was_signed_instead_of_the_name() {
    let (house, owner) = private_house().await;
    for (signed, words) in [
        ("rtmp://films.example.net/cfx/st/dir/film.flv", "the whole URL"),
        ("flv:dir/film.flv", "the name with its prefix"),
        ("cfx/st/dir/film.flv", "the name with the application cfx/st in front"),
    ] {
        let said = refused(&house, &format!("dir/film.flv?{}", owner.query(signed, 60))).await;
        let end = format!("; what was signed is {words}: sign only the stream name, \"dir/film.flv\"");
        assert!(said.ends_with(&end), "{said}");
    }
}

#[tokio::test]
async fn the_key_has_to_be_known_active_and_trusted_here() {
    let (house, owner) = private_house().await;
    let (old, stranger, unknown) =
        (Signatory::new("APKAOLD"), Signatory::new("APKAOTHER"), Signatory::new("APKANOBODY"));
    house.trust(
        [owner.known(true), old.known(false), stranger.known(true)],
        &["APKAFILMS", "APKAOLD", "APKALOST"],
    );
    for (key, words) in [
        (&old, "the key \"APKAOLD\" is disabled"),
        (&stranger, "the key \"APKAOTHER\" is known, but not trusted to sign for this"),
        (&unknown, "the key \"APKANOBODY\" is none that is known here"),
    ] {
        assert_eq!(refused(&house, &key.name("dir/film", 60)).await, words);
        let (name, key_id) = told(&house, words).await;
        assert_eq!(key_id.as_deref(), Some(key.signer.key_id.as_str()));
        assert!(name.starts_with("dir/film?Expires=") && name.contains("Signature=…&"), "{name}");
    }
    let forged = Signatory { signer: unknown.signer, public: owner.public.clone() };
    let forged = forged.name("dir/film", 60).replace("APKANOBODY", "APKAFILMS");
    assert!(refused(&house, &forged).await.starts_with("the signature is not that of the canned policy for"));
}

#[tokio::test]
async fn what_changes_counts_from_the_next_play_on_for_viewers_who_are_here() {
    let (house, owner) = private_house().await;
    let next = Signatory::new("APKANEXT");
    let mut viewer = house.viewer().await;
    viewer.buffer(1, ALL_AT_ONCE).play(&owner.name("dir/film", 60));
    viewer.hear_end().await;
    house.trust([owner.known(false), next.known(true)], &["APKAFILMS", "APKANEXT"]);
    viewer.play(&owner.name("dir/film", 60));
    assert_eq!(viewer.hear_error().await.1, "the key \"APKAFILMS\" is disabled");
    viewer.play(&next.name("dir/film", 60));
    viewer.hear_end().await;
    house.change(|films| films.trusted_keys = None);
    viewer.play("dir/film");
    viewer.hear_end().await;
}

#[tokio::test]
async fn conditions_are_told_when_they_do_not_hold() {
    let (house, owner) = private_house().await;
    let over = owner.under("dir/film", |policy| policy.expires = 1_357_034_400);
    let words = refused(&house, &over).await;
    assert!(words.starts_with("the signature expired at 2013-01-01T10:00:00Z, "), "{words}");
    let early = owner.under("dir/film", |policy| {
        (policy.not_before, policy.expires) = (Some(4_000_000_000), 4_000_000_100);
    });
    assert_eq!(refused(&house, &early).await, "the signature is not good before 2096-10-02T07:06:41Z");
    let network = "192.0.2.0/24".parse().ok();
    let elsewhere = owner.under("dir/film", |policy| policy.network = network);
    assert_eq!(refused(&house, &elsewhere).await, "the policy lets only 192.0.2.0/24 in, not 127.0.0.1");
    let here = "127.0.0.0/8".parse().ok();
    plays(&house, &owner.under("dir/film", |policy| policy.network = here)).await;
}

/// A viewer in the middle of a film whose right ends within a second, after that.
async fn after_the_end(house: &House, owner: &Signatory) -> Viewer {
    let mut viewer = house.viewer().await;
    let name = owner.name("dir/film", 1);
    viewer.buffer(0, 2000).play(&name);
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    sleep(Duration::from_millis(1100)).await;
    viewer
}

#[tokio::test]
async fn playback_that_began_in_time_runs_to_its_end_but_seeks_fail_and_change_nothing() {
    let (house, owner) = private_house().await;
    let mut viewer = after_the_end(&house, &owner).await;
    viewer.seek(3000.0);
    let (code, words) = viewer.hear_error().await;
    assert!(code == FAILED && words.starts_with("the signature expired at "), "{code}: {words}");
    viewer.buffer(1, ALL_AT_ONCE);
    let rest = media_of(&viewer.hear_end().await);
    let whole = Oracle::of(&short_flv()).await.whole().await;
    assert_same(&rest, &whole[whole.len() - rest.len()..]);
    viewer.play(&owner.name("dir/film", 0));
    assert!(viewer.hear_error().await.1.starts_with("the signature expired at "));
}

#[tokio::test]
async fn an_operator_can_let_viewers_seek_for_a_while_after_the_end() {
    let house = House::with(|limits| limits.seek_grace = Duration::from_secs(3600)).await;
    house.put("dir/film.flv", &short_flv());
    let owner = Signatory::new("APKAFILMS");
    house.trust([owner.known(true)], &["APKAFILMS"]);
    let mut viewer = after_the_end(&house, &owner).await;
    viewer.seek(3000.0);
    viewer.hear_status("NetStream.Seek.Notify").await;
    house.trust([owner.known(false)], &["APKAFILMS"]);
    viewer.seek(1000.0);
    assert_eq!(viewer.hear_error().await.1, "the key \"APKAFILMS\" is disabled");
}

#[tokio::test]
async fn each_item_of_a_playlist_and_each_switch_needs_a_right_of_its_own() {
    let (house, owner) = private_house().await;
    let mut viewer = house.viewer().await;
    viewer.buffer(1, ALL_AT_ONCE).play(&owner.name("dir/film", 60)).enqueue("dir/film");
    assert_eq!(viewer.hear_error().await, (FAILED.to_owned(), UNSIGNED.to_owned()));

    let mut viewer = house.viewer().await;
    viewer.buffer(0, 2000).play(&owner.name("dir/film", 60));
    viewer.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    let switch = Object::new().with("streamName", "dir/film").with("transition", "switch");
    viewer.say(1, "play2", vec![Value::Object(switch)]);
    assert_eq!(viewer.hear_error().await, (FAILED.to_owned(), UNSIGNED.to_owned()));
    viewer.buffer(1, ALL_AT_ONCE);
    viewer.hear_end().await;
}

#[tokio::test]
async fn the_length_of_a_stream_needs_the_same_right() {
    let (house, owner) = private_house().await;
    let mut viewer = house.viewer().await;
    let reply = viewer.call(0, "getStreamLength", vec!["dir/film".into()]).await;
    assert_eq!(reply.argument(0).as_number(), Some(0.0));
    assert_eq!(told(&house, UNSIGNED).await.0, "dir/film");
    let reply = viewer.call(0, "getStreamLength", vec![owner.name("dir/film", 60).as_str().into()]).await;
    assert!(reply.argument(0).as_number().is_some_and(|seconds| seconds > 5.0), "{reply:?}");
}

#[tokio::test]
async fn a_signature_is_verified_once() {
    let (house, owner) = private_house().await;
    let name = owner.name("dir/film", 60);
    for _ in 0..3 {
        plays(&house, &name).await;
    }
    let counters = house.edge.metrics().snapshot();
    assert_eq!((counters.signatures_verified, counters.signatures_known), (1, 2));
}

#[tokio::test]
async fn an_address_that_tries_out_signatures_waits_for_the_rest_of_the_second() {
    let house = House::with(|limits| limits.bad_signatures_per_address = 3).await;
    house.put("dir/film.flv", &short_flv());
    let (owner, forger) = (Signatory::new("APKAFILMS"), Signatory::new("APKAFILMS"));
    house.trust([owner.known(true)], &["APKAFILMS"]);
    let (forged, known) = (forger.name("dir/film", 60), owner.name("dir/film", 60));
    plays(&house, &known).await;
    let forge = async || refused(&house, &forged).await;
    let mut words = Vec::new();
    for _ in 0..2 {
        let (a, b, c, d) = tokio::join!(forge(), forge(), forge(), forge());
        let (e, f, g, h) = tokio::join!(forge(), forge(), forge(), forge());
        words.extend([a, b, c, d, e, f, g, h]);
    }
    let crowded = words.iter().filter(|words| words.starts_with("too many bad signatures")).count() as u64;
    let counters = house.edge.metrics().snapshot();
    assert_eq!((counters.signatures_bad + crowded, counters.signatures_crowded), (16, crowded));
    assert!(counters.signatures_bad >= 3 && crowded > 0, "{words:?}");
    // What is known needs no verification, and what is new only has to wait.
    plays(&house, &known).await;
    plays(&house, &owner.name("dir/film", 3600)).await;
}

#[tokio::test]
async fn nothing_that_the_operator_is_told_holds_a_signature() {
    let (house, owner) = private_house().await;
    let query = owner.query("dir/film.flv", 60);
    let signature = query.split('&').find_map(|part| part.strip_prefix("Signature=")).expect("it is signed");
    plays(&house, &format!("dir/film.flv?{query}")).await;
    plays(&house, &owner.spelled("dir/film.flv", 60, Spelling::Page)).await;
    plays_at(&house, &format!("{TC_URL}?{query}"), "cfx/st", "dir/film").await;
    refused(&house, &format!("dir/other?{query}")).await;
    let mut viewer = Viewer::greeted(house.address).await;
    viewer.say(0, "connect", vec![]);
    drop(viewer);
    house.told(|event| matches!(event, EventKind::Stopped { .. })).await;
    let events = house.whole_events();
    for event in &events {
        let text = format!("{event:?} {event}");
        assert!(!text.contains(signature) && !text.contains("Signature%3D%"), "{text}");
        assert!(!text.contains("Signature=") || text.contains("Signature=…"), "{text}");
    }
}

#[tokio::test]
async fn a_public_distribution_plays_names_that_are_signed_all_the_same() {
    let house = House::new().await;
    house.put("dir/film.flv", &short_flv());
    let anybody = Signatory::new("APKANOBODY");
    plays(&house, &anybody.name("dir/film.flv", 0)).await;
    plays(&house, &anybody.spelled("dir/film", 60, Spelling::Page)).await;
}
