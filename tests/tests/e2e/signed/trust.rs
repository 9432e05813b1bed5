//! Whom a distribution trusts: accounts and key groups, as the API and the configuration say it, from one moment to the
//! next.

use std::os::unix::fs::symlink;

use millrace_tests::aws::{Caller, RELEASES, Release};
use millrace_tests::clients::{Played, rtmpdump_by_host, start_playing};
use millrace_tests::keys::keys;
use millrace_tests::media::{BOTH, Media};
use millrace_tests::postgres::postgres;
use millrace_tests::process::{Finished, sooner_or_later};
use millrace_tests::signers::{Signer, Terms};
use millrace_tests::{Config, Frames, KeyPair, Server};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{ACCOUNT, Cinema, FILM, KEY, now};

/// A server whose distributions the API makes, and a film for them.
struct House {
    config: Config,
    server: Server,
    caller: Caller,
    release: Release,
    film: Media,
    whole: Frames,
}

/// A streaming distribution.
struct Channel {
    id: String,
    domain: String,
}

impl House {
    fn new(release: Release) -> Self {
        Self::with(release, |config| config)
    }

    fn with(release: Release, more: impl FnOnce(Config) -> Config) -> Self {
        let film = Media::make("film.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]);
        let config = more(Config::new()).with(&bucket_of(&film));
        let server = Server::serve(&config);
        let (caller, whole) = (Caller::admin(&server), Frames::of_file(film.path()));
        Self { config, server, caller, release, film, whole }
    }

    fn aws(&self, arguments: &[&str]) -> Value {
        self.caller.answer(self.release, arguments)
    }

    /// A distribution that trusts these signers.
    fn channel(&self, signers: &[&str]) -> Channel {
        let config = json!({
            "CallerReference": format!("{signers:?}"),
            "S3Origin": {"DomainName": "films.s3.amazonaws.com", "OriginAccessIdentity": ""},
            "Comment": "",
            "TrustedSigners": {"Enabled": true, "Quantity": signers.len(), "Items": signers},
            "Enabled": true,
        });
        let config = config.to_string();
        let made = self.aws(&["create-streaming-distribution", "--streaming-distribution-config", &config]);
        let made = &made["StreamingDistribution"];
        let [id, domain] = ["Id", "DomainName"].map(|name| made[name].as_str().expect("a text").to_owned());
        Channel { id, domain }
    }

    /// A public key of the API, and the pair with its id.
    fn public_key(&self, pair: KeyPair) -> KeyPair {
        let config =
            json!({"CallerReference": pair.id(), "Name": pair.id(), "EncodedKey": pair.public_text()});
        let made = self.aws(&["create-public-key", "--public-key-config", &config.to_string()]);
        pair.called(made["PublicKey"]["Id"].as_str().expect("an id"))
    }

    /// The keys that sign for a distribution, by signer.
    fn active(&self, channel: &Channel) -> Value {
        let got = self.aws(&["get-streaming-distribution", "--id", &channel.id]);
        got["StreamingDistribution"]["ActiveTrustedSigners"].clone()
    }

    /// What rtmpdump says of the film, with what signs it.
    fn dump(&self, channel: &Channel, name: &str) -> Finished {
        let saved = self.film.beside("saved.flv");
        rtmpdump_by_host(&channel.domain, "cfx/st", &self.server, &format!("mp4:{name}"), &saved)
    }

    /// The film comes, sooner or later, and frame by frame.
    fn plays(&self, channel: &Channel, name: &str) {
        sooner_or_later(&format!("{name} plays"), || {
            matches!(self.dump(channel, name).status.code(), Some(0 | 2))
        });
        Frames::of_file(&self.film.beside("saved.flv")).assert_same(&self.whole, name);
    }

    /// Viewers are told this, sooner or later.
    fn is_refused(&self, channel: &Channel, name: &str, words: &str) {
        sooner_or_later(words, || {
            let dumped = self.dump(channel, name);
            !dumped.status.success() && dumped.err.contains("NetStream.Failed") && dumped.err.contains(words)
        });
    }
}

/// The folder of a film as the bucket `films`.
fn bucket_of(film: &Media) -> String {
    let folder = film.path().parent().expect("a film lies in a folder");
    format!("[[bucket]]\nname = \"films\"\nfolder = {folder:?}")
}

/// The film's name, signed for an hour.
fn signed(key: &KeyPair) -> String {
    Signer::called("millrace sign").sign(key, "film.mp4", &Terms::canned(now() + 3600))
}

const UNSIGNED: &str = "nothing is signed";

#[test]
fn accounts_and_key_groups_that_the_api_names_sign_and_nobody_else() {
    for release in RELEASES {
        let house = House::new(release);
        let own = KeyPair::rsa(KEY).imported(&house.config);
        let other = KeyPair::rsa("APKAOTHERACCOUNTS000");
        let _ = other.import(&house.config, ACCOUNT).ok();
        let grouped = house.public_key(KeyPair::rsa("group"));
        let group = json!({"Name": "films", "Items": [grouped.id()]}).to_string();
        let group = house.aws(&["create-key-group", "--key-group-config", &group]);
        let group = group["KeyGroup"]["Id"].as_str().expect("an id").to_owned();
        let keys = [&own, &other, &grouped];
        for (signer, trusted) in ["self", ACCOUNT, &group].into_iter().zip(keys) {
            let channel = house.channel(&[signer]);
            house.is_refused(&channel, "film.mp4", UNSIGNED);
            house.plays(&channel, &signed(trusted));
            for stranger in keys.iter().filter(|key| key.id() != trusted.id()) {
                let words = format!("the key {:?} is known, but not trusted to sign for this", stranger.id());
                house.is_refused(&channel, &signed(stranger), &words);
            }
            let active = json!({"Enabled": true, "Quantity": 1, "Items": [
                {"AwsAccountNumber": signer, "KeyPairIds": {"Quantity": 1, "Items": [trusted.id()]}}]});
            assert_eq!(house.active(&channel), active, "{release:?}");
        }
        let all = house.channel(&["self", ACCOUNT, &group]);
        keys.iter().for_each(|key| house.plays(&all, &signed(key)));
        assert_eq!(house.active(&all)["Quantity"], 3, "{release:?}");
    }
}

#[test]
fn an_account_signs_with_two_keys_for_rotation_and_a_third_only_when_one_is_disabled() {
    let house = House::new(Release::Newest);
    let channel = house.channel(&["self"]);
    let [one, two, three] =
        ["APKAONE0000000000000", "APKATWO0000000000000", "APKATHREE00000000000"].map(KeyPair::rsa);
    house.is_refused(&channel, &signed(&one), "is none that is known here");
    let (one, two) = (one.imported(&house.config), two.imported(&house.config));
    house.plays(&channel, &signed(&one));
    house.plays(&channel, &signed(&two));
    let refused = three.import(&house.config, "self");
    assert!(!refused.status.success(), "{}", refused.text());
    let words = "TooManyKeyPairs: the account 123456789012 has 2 active key pairs, which is the quota";
    assert!(refused.err.contains(words), "{}", refused.err);

    let _ = keys(&house.config, &["disable", one.id()]).ok();
    house.is_refused(&channel, &signed(&one), &format!("the key {:?} is disabled", one.id()));
    house.plays(&channel, &signed(&two));
    let three = three.imported(&house.config);
    house.plays(&channel, &signed(&three));
    let again = keys(&house.config, &["enable", one.id()]);
    assert!(!again.status.success(), "{}", again.text());
    let _ = keys(&house.config, &["disable", two.id()]).ok();
    let _ = keys(&house.config, &["enable", one.id()]).ok();
    house.plays(&channel, &signed(&one));
    house.is_refused(&channel, &signed(&two), &format!("the key {:?} is disabled", two.id()));
    let active = &house.active(&channel)["Items"][0]["KeyPairIds"]["Items"];
    assert_eq!(active, &json!([one.id(), three.id()]));
}

#[test]
fn a_public_key_that_leaves_its_group_signs_nothing_any_more() {
    let house = House::new(Release::Newest);
    let [one, two] = ["one", "two"].map(|name| house.public_key(KeyPair::rsa(name)));
    let config = json!({"Name": "films", "Items": [one.id(), two.id()]}).to_string();
    let made = house.aws(&["create-key-group", "--key-group-config", &config]);
    let (group, etag) =
        (made["KeyGroup"]["Id"].as_str().expect("an id"), made["ETag"].as_str().expect("a tag"));
    let channel = house.channel(&[group]);
    house.plays(&channel, &signed(&one));
    house.plays(&channel, &signed(&two));
    let config = json!({"Name": "films", "Items": [two.id()]}).to_string();
    house.aws(&["update-key-group", "--id", group, "--if-match", etag, "--key-group-config", &config]);
    // Of a key that nobody trusts edges know nothing.
    house.is_refused(&channel, &signed(&one), &format!("the key {:?} is", one.id()));
    house.plays(&channel, &signed(&two));
    assert_eq!(house.active(&channel)["Items"][0]["KeyPairIds"]["Items"], json!([two.id()]));
}

#[test]
fn who_plays_when_the_key_is_disabled_sees_the_end_and_nobody_else_begins() {
    let film = Media::make("film.mp4", &[BOTH, "-bf 2 -c:a aac"]);
    let mut cinema = Cinema::of(film, &["self"], |config| config);
    let name = format!("mp4:{}", cinema.signed(FILM));
    let saved = cinema.place("watched.flv");
    let mut viewer = start_playing(&cinema.server.url(&name), &["--output", &saved.to_string_lossy()]);
    cinema.server.wait_for_event("plays \"mp4:");
    let _ = keys(&cinema.config, &["disable", KEY]).ok();
    sooner_or_later("the key is disabled", || cinema.play(&name).failures().contains("is disabled"));
    assert!(viewer.is_running(), "the film was over before the key was disabled");
    let _ = Played::of(viewer.finish()).ok();
    Frames::of_file(&saved).assert_same(&cinema.whole, "a viewer who played when the key was disabled");
    let _ = keys(&cinema.config, &["enable", KEY]).ok();
    sooner_or_later("the key is enabled", || cinema.play(&name).failures() == "{}");
}

/// Two viewers begin in time, and one of them seeks when the time is over; what it is told then.
fn seek_after_the_end(grace: &str) -> String {
    let section = format!("[signatures]\nseek_grace = {grace:?}");
    let film = Media::make("film.mp4", &[BOTH, "-bf 2 -c:a aac -t 10"]);
    let cinema = Cinema::of(film, &["self"], |config| config.with(&section));
    let terms = Terms::canned(now() + 4);
    let name = format!("mp4:{}", Signer::called("millrace sign").sign(&cinema.key, FILM, &terms));
    let url = cinema.server.url(&name);
    let [stays, seeks] = [&[][..], &["--seek", "1s@6s"]].map(|options| start_playing(&url, options));
    let _ = Played::of(stays.finish()).ok();
    let sought = Played::of(seeks.finish());
    let words = cinema.play(&name).failures();
    assert!(words.contains("NetStream.Failed: the signature expired at "), "{words}");
    sought.failures()
}

#[test]
fn who_begins_in_time_plays_to_the_end_but_seeks_after_it_only_with_a_grace() {
    let graceful = std::thread::spawn(|| seek_after_the_end("1h"));
    let words = seek_after_the_end("0s");
    assert!(words.contains("NetStream.Failed: the signature expired at "), "{words}");
    assert_eq!(graceful.join().expect("it plays"), "{}");
}

#[test]
fn a_distribution_of_the_configuration_trusts_whom_it_names() {
    let cinema = Cinema::trusting(&[ACCOUNT], |config| config);
    let words = cinema.play(&format!("mp4:{}", cinema.signed(FILM))).failures();
    assert!(words.contains("is known, but not trusted to sign for this"), "{words}");
    let key = KeyPair::rsa("APKAOTHERACCOUNTS000");
    let name = Signer::called("millrace sign").sign(&key, FILM, &Terms::canned(now() + 3600));
    let words = cinema.play(&format!("mp4:{name}")).failures();
    assert!(words.contains("is none that is known here"), "{words}");
    let _ = key.import(&cinema.config, ACCOUNT).ok();
    sooner_or_later("the key is known", || cinema.play(&format!("mp4:{name}")).failures() == "{}");
}

#[test]
fn a_server_whose_store_is_away_knows_the_keys_and_without_any_keeps_what_is_private() {
    let home = tempfile::tempdir().expect("a folder");
    let link = home.path().join("socket");
    let store = postgres().database();
    let (url, folder) = store.split_once("?host=").expect("the database is at a socket");
    symlink(folder, &link).expect("a way to the socket");
    let away = format!("store = \"{url}?host={}\"", link.display());
    let mut house = House::with(Release::Newest, |config| config.with_control(&away));
    let key = KeyPair::rsa(KEY).imported(&house.config);
    let channel = house.channel(&["self"]);
    house.plays(&channel, &signed(&key));
    let restarted = |house: House| {
        let House { config, server, caller, release, film, whole } = house;
        assert!(server.stop(Signal::TERM).status.success());
        let mut server = Server::serve(&config);
        server.process().wait_for_err("the last snapshot is served");
        House { config, server, caller, release, film, whole }
    };

    std::fs::remove_file(&link).expect("the way is cut");
    house = restarted(house);
    house.is_refused(&channel, "film.mp4", UNSIGNED);
    house.plays(&channel, &signed(&key));

    // As it was written before there were keys in it.
    let file = house.config.folder().join("millrace-data/snapshot.json");
    let snapshot = std::fs::read_to_string(&file).expect("a snapshot");
    let mut snapshot: Value = serde_json::from_str(&snapshot).expect("it is JSON");
    let fields = snapshot.as_object_mut().expect("it has fields");
    assert!(fields.remove("keys").is_some() && fields.remove("signers").is_some());
    let channels = fields["streaming"].as_array_mut().expect("there is a distribution");
    let fields: Vec<_> = channels.iter_mut().filter_map(Value::as_object_mut).collect();
    fields.into_iter().for_each(|channel| assert!(channel.remove("trusted_keys").is_some()));
    std::fs::write(&file, snapshot.to_string()).expect("it can be written");
    house = restarted(house);
    house.is_refused(&channel, "film.mp4", UNSIGNED);
    house.is_refused(&channel, &signed(&key), &format!("the key {KEY:?} is none that is known here"));
}
