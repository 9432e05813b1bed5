//! `millrace sign check` and `millrace doctor`: why a signed name plays, or does not.

use std::process::Command;

use millrace_tests::KeyPair;
use millrace_tests::binary::millrace;
use millrace_tests::process::{Finished, run};
use millrace_tests::signers::{Conditions, Form, SIGNERS, Terms};

use super::{ACCOUNT, Cinema, FILM, KEY, now, signature_of};

impl Cinema {
    /// `millrace` with the cinema's configuration.
    fn asked(&self, command: &[&str], about: &str) -> Finished {
        run(Command::new(millrace()).args(command).arg(about).arg("--config").arg(self.config.path()))
    }

    /// What `sign check` says of a name as viewers of this server send it.
    fn checked(&self, name: &str) -> Finished {
        let checked = self.asked(&["sign", "check"], &self.server.url(&format!("mp4:{name}")));
        let secret = signature_of(name).and_then(|signature| signature.get(..24));
        assert!(secret.is_none_or(|secret| !checked.text().contains(secret)), "{}", checked.text());
        checked
    }

    /// It would not play, because this step is the first that goes wrong, for this reason.
    fn is_explained(&self, name: &str, step: &str, reason: &str) {
        let checked = self.checked(name);
        let text = checked.text();
        assert_eq!(checked.status.code(), Some(1), "{text}{}", checked.err);
        let fault = text.lines().find_map(|line| line.strip_prefix("FAULT ")).unwrap_or_default();
        assert!(fault.starts_with(step) && fault.contains(reason), "{step}, {reason}: {text}");
    }
}

#[test]
fn what_any_signer_signed_would_play_and_does() {
    let cinema = Cinema::new();
    let (begin, end) = (now() - 60, now() + 3600);
    let terms = Terms { end, custom: Some(Conditions { begin, network: "127.0.0.1/32" }) };
    for signer in SIGNERS {
        let name = signer.sign(&cinema.key, FILM, &terms);
        let checked = cinema.checked(&name).ok().text();
        assert!(checked.contains(KEY) && checked.contains("it would play"), "{}: {checked}", signer.name);
        let _ = cinema.play(&format!("mp4:{name}")).ok();
    }
}

#[test]
fn what_would_not_play_is_explained() {
    let cinema = Cinema::new();
    let later = now() + 3600;
    let by = |key: &KeyPair, resource: &str, end| Form::Php.sign(key, resource, &Terms::canned(end));
    let stranger = KeyPair::rsa("APKASTRANGEREXAMPLE0");
    let forged = by(&stranger, FILM, later).replace(stranger.id(), KEY);
    let whole = cinema.server.url(FILM);
    let wrong = by(&cinema.key, &whole, later).replacen(&whole, FILM, 1);
    let other = by(&cinema.key, "dir/other.mp4", later).replace("other", "film");
    let mismatch = "the signature is not that of the canned policy for \"dir/film.mp4\"";
    cinema.is_explained(FILM, "parameters", "nothing is signed");
    cinema.is_explained(&by(&stranger, FILM, later), "key", "is none that is known here");
    let _ = stranger.import(&cinema.config, ACCOUNT).ok();
    cinema.is_explained(&by(&stranger, FILM, later), "trust", "is known, but not trusted to sign for this");
    cinema.is_explained(&by(&cinema.key, FILM, 1_357_034_400), "time", "2013-01-01T10:00:00Z");
    cinema.is_explained(&forged, "signature", mismatch);
    cinema.is_explained(&other, "signature", mismatch);
    cinema.is_explained(&wrong, "signature", "what was signed is the whole URL: sign only the stream name");
}

#[test]
fn doctor_tells_whom_a_private_distribution_trusts_and_looks_at_signatures() {
    let cinema = Cinema::new();
    let named = |name: &str| format!("rtmp://s1.example.net/cfx/st/mp4:{name}");
    // The name of the distribution is nobody's: that is the one fault.
    let about = |target: &str| cinema.asked(&["doctor"], target).text();
    let distribution = about("E1");
    assert!(distribution.contains("private") && distribution.contains(KEY), "{distribution}");
    let signed = about(&named(&cinema.signed(FILM)));
    assert!(signed.contains("ok    signature") && signed.contains("ok    object"), "{signed}");
    let unsigned = about(&named(FILM));
    assert!(unsigned.contains("FAULT") && unsigned.contains("signed"), "{unsigned}");
    let over = Form::Java.sign(&cinema.key, FILM, &Terms::canned(1_357_034_400));
    let over = about(&named(&over));
    assert!(over.contains("FAULT time") && over.contains("2013-01-01T10:00:00Z"), "{over}");
}
