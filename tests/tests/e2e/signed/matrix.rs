//! Every signer, every form, every variant.

use millrace_tests::clients::rtmpdump_clip;
use millrace_tests::keys::Kind;
use millrace_tests::server::VARIANTS;
use millrace_tests::signers::{Conditions, SIGNERS, Signer, Terms};
use millrace_tests::{Frames, KeyPair};

use super::{ACCOUNT, Cinema, FILM, now};
use crate::variants::FFMPEG;

impl Cinema {
    /// rtmpdump must save the film by every variant; the answer is a line of the table.
    fn dumped(&self, name: &str) -> String {
        let saved = self.place("dumped.flv");
        let mut first = None;
        for variant in VARIANTS {
            let url = self.server.url_by(variant, &format!("mp4:{name}"));
            rtmpdump_clip(&url, &saved);
            let bytes = std::fs::read(&saved).expect("it was saved");
            match &first {
                None => {
                    Frames::of_file(&saved).assert_same(&self.whole, &url);
                    first = Some(bytes);
                }
                Some(first) => assert!(bytes == *first, "{url}: not the bytes that came by rtmp"),
            }
        }
        VARIANTS.join(" ")
    }

    /// So must ffmpeg.
    fn watched(&self, name: &str) -> String {
        for variant in FFMPEG {
            let url = self.server.url_by(variant, &format!("mp4:{name}"));
            Frames::of_url(&url, &[]).assert_same(&self.whole, &url);
        }
        FFMPEG.join(" ")
    }

    /// Both, at one time; the answer is a line of the table.
    fn shown(&self, title: &str, form: &str, name: &str) -> String {
        let (watched, dumped) = std::thread::scope(|scope| {
            let dumped = scope.spawn(|| self.dumped(name));
            (self.watched(name), dumped.join())
        });
        let dumped = dumped.unwrap_or_else(|_| panic!("{title}, {form}: rtmpdump"));
        format!("{title:<38} {form:<7} rtmpdump {dumped:<38} ffmpeg {watched}\n")
    }
}

/// What every signer makes of these terms plays, and is listed.
fn plays_by_every_variant(form: &str, terms: &Terms<'_>) {
    let cinema = Cinema::new();
    let shown = |signer: Signer| cinema.shown(signer.name, form, &signer.sign(&cinema.key, FILM, terms));
    let table: String = SIGNERS.into_iter().map(shown).collect();
    println!("{table}");
    assert_eq!(table.lines().count(), SIGNERS.len());
}

#[test]
fn what_any_signer_signed_with_a_canned_policy_plays_by_every_variant() {
    plays_by_every_variant("canned", &Terms::canned(now() + 3600));
}

#[test]
fn what_any_signer_signed_with_a_policy_of_its_own_plays_by_every_variant() {
    let custom = Some(Conditions { begin: now() - 3600, network: "127.0.0.0/8" });
    plays_by_every_variant("custom", &Terms { end: now() + 3600, custom });
}

/// Accounts have two keys each, and [`KEY`](super::KEY) is there already.
const KINDS: [(&str, Kind, &str); 4] = [
    ("APKARSA1024EXAMPLE00", Kind::Rsa(1024), "self"),
    ("APKARSA4096EXAMPLE00", Kind::Rsa(4096), ACCOUNT),
    ("APKAP256EXAMPLE00000", Kind::P256, ACCOUNT),
    ("APKARSA2048EXAMPLE00", Kind::Rsa(2048), OTHER),
];
/// A third account.
const OTHER: &str = "345678901234";

#[test]
fn keys_of_every_kind_sign_with_either_digest() {
    let pairs = KINDS.map(|(id, kind, account)| (KeyPair::make(id, kind), kind, account));
    let cinema = Cinema::trusting(&["self", ACCOUNT, OTHER], |config| {
        for (pair, _, account) in &pairs {
            let _ = pair.import(&config, account).ok();
        }
        config
    });
    let mut table = String::new();
    for (pair, kind, account) in &pairs {
        for (hash, signer) in [("SHA-1", "millrace sign"), ("SHA-256", "millrace sign, SHA-256")] {
            let name = Signer::called(signer).sign(pair, FILM, &Terms::canned(now() + 3600));
            let title = format!("{kind:?}, {hash}, account {account}");
            table += &cinema.shown(&title, "canned", &name);
        }
    }
    println!("{table}");
    assert_eq!(table.lines().count(), 2 * KINDS.len());
}
