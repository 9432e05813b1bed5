//! Every refusal: what the viewer is told, what the operator is told, and what nobody is told.

mod cases;

use std::process::Command;

use millrace_tests::process::run;
use millrace_tests::signers::{Conditions, Form, Terms};
use millrace_tests::{Config, KeyPair};
use rustix::process::Signal;

use super::{ACCOUNT, Cinema, FILM, now, signature_of};
use cases::{Case, NUMBER};

/// Somebody else's key, which the server knows.
const STRANGER: &str = "APKASTRANGEREXAMPLE0";
/// A key of the account that was switched off.
const DISABLED: &str = "APKADISABLEDEXAMPLE0";

/// A cinema with a stranger's key and a disabled one, which tells everything.
fn cinema() -> (Cinema, KeyPair, KeyPair) {
    let (stranger, disabled) = (KeyPair::rsa(STRANGER), KeyPair::rsa(DISABLED));
    let cinema = Cinema::trusting(&["self"], |config: Config| {
        let config = config.with("[log]\nlevel = \"trace\"");
        let _ = stranger.import(&config, ACCOUNT).ok();
        let _ = disabled.import(&config, "self").ok();
        let _ = millrace_tests::keys::keys(&config, &["disable", DISABLED]).ok();
        config
    });
    (cinema, stranger, disabled)
}

/// Whether that is what should be said.
fn fits(said: &str, words: &str) -> bool {
    match words.split_once(NUMBER) {
        None => said == words,
        Some((before, after)) => said
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())),
    }
}

impl Cinema {
    /// What `millrace play` is told, which must be refused.
    fn refusal(&self, name: &str) -> String {
        let report = self.play(&format!("mp4:{name}")).report;
        let failures = report["failures"].as_object().expect("somebody failed");
        let (said, _) = failures.iter().next().unwrap_or_else(|| panic!("{name} plays"));
        said.strip_prefix("NetStream.Failed: ").unwrap_or_else(|| panic!("{name}: {said}")).to_owned()
    }

    /// rtmpdump ends with an error, and prints why where it is asked to.
    fn is_refused_to_rtmpdump(&self, case: &Case) {
        let (port, saved) = (self.server.port(), self.place("refused.flv"));
        let mut rtmpdump = Command::new("rtmpdump");
        rtmpdump.args(["--verbose", "--rtmp", &format!("rtmp://127.0.0.1:{port}/"), "--app", "cfx/st"]);
        rtmpdump.args(["--playpath", &format!("mp4:{}", case.name), "--flv"]).arg(&saved);
        let dumped = run(&mut rtmpdump);
        assert!(!dumped.status.success(), "{}: {}", case.what, dumped.err);
        assert!(dumped.err.contains("Closing connection: NetStream.Failed"), "{}: {}", case.what, dumped.err);
        // It prints so much of a line.
        let words = case.words.split(NUMBER).next().unwrap_or_default();
        let words: String = words.chars().take(200).collect();
        assert!(dumped.err.contains(&words), "{}: {words}: {}", case.what, dumped.err);
    }
}

/// librtmp has room for so long a name in a command.
const MOST_OF_RTMPDUMP: usize = 900;

#[test]
fn each_refusal_is_told_in_words_to_viewers_and_operators_and_no_log_shows_a_signature() {
    let (cinema, stranger, disabled) = cinema();
    let mut cases = cinema.incomplete();
    cases.extend(cinema.malformed());
    cases.extend(cinema.no_policies());
    cases.extend(cinema.keys(&stranger, &disabled));
    cases.extend(cinema.conditions());
    cases.extend(cinema.mismatches(&stranger));
    for case in &cases {
        let said = cinema.refusal(&case.name);
        println!("{:<36} {said}", case.what);
        assert!(fits(&said, &case.words), "{}: {said:?} for {:?}", case.what, case.words);
        if case.name.len() < MOST_OF_RTMPDUMP {
            cinema.is_refused_to_rtmpdump(case);
        }
    }
    let good = cinema.signed(FILM);
    let _ = cinema.play(&format!("mp4:{good}")).ok();
    let log = cinema.server.stop(Signal::TERM).ok().err;
    for case in &cases {
        let is_told = |line: &&str| {
            let Some((_, told)) = line.split_once(": refused \"mp4:") else { return false };
            let by = told.split_once("\": ").map_or(told, |(_, reason)| reason);
            let reason = match case.key {
                Some(key) => told.split_once(&format!(", signed with {key:?}: ")).map(|(_, reason)| reason),
                None => Some(by).filter(|_| !told.contains(", signed with")),
            };
            reason.is_some_and(|reason| fits(reason, &case.words))
        };
        assert!(log.lines().any(|line| is_told(&line)), "{}: {:?} is not told", case.what, case.words);
    }
    for name in cases.iter().map(|case| &case.name).chain([&good]) {
        let signature = signature_of(name).unwrap_or_default();
        let secret = signature.get(..24).unwrap_or(signature);
        assert!(secret.len() < 8 || !log.contains(secret), "a signature is in the log: {secret}");
    }
}

#[test]
fn whoever_signs_the_url_the_prefix_or_the_application_is_told_what_to_sign() {
    let cinema = Cinema::new();
    let host = format!("rtmp://127.0.0.1:{}/cfx/st", cinema.server.port());
    let mistakes = [
        (format!("{host}/{FILM}"), "the whole URL"),
        (format!("{host}/mp4:{FILM}"), "the whole URL"),
        (format!("mp4:{FILM}"), "the name with its prefix"),
        (format!("cfx/st/{FILM}"), "the name with the application cfx/st in front"),
        (format!("/{FILM}"), "the name with a slash in front"),
    ];
    let end = now() + 3600;
    let refusal = |resource: &str, custom| {
        let signed = Form::Java.sign(&cinema.key, resource, &Terms { end, custom });
        cinema.refusal(&signed.replacen(resource, FILM, 1))
    };
    for (resource, mistake) in &mistakes {
        let said = refusal(resource, Some(Conditions { begin: 1, network: "0.0.0.0/0" }));
        let words = format!(
            "the policy is for {resource:?}, not for {FILM:?}; that is {mistake}: sign only the stream name, {FILM:?}"
        );
        assert_eq!(said, words);
    }
    // Of canned policies it takes a signature for each to find out: so many of a viewer are looked at in a second.
    for (resource, mistake) in &mistakes[1..] {
        let words = format!(
            "the signature is not that of the canned policy for {FILM:?} with Expires {end}; what was signed is \
             {mistake}: sign only the stream name, {FILM:?}"
        );
        assert_eq!(refusal(resource, None), words);
    }
}

#[test]
fn no_log_shows_a_signature_that_came_to_the_wrong_place() {
    let cinema = Cinema::trusting(&["self"], |config| config.with("[log]\nlevel = \"trace\""));
    let name = cinema.signed(FILM);
    let (_, query) = name.split_once('?').expect("it is signed");
    let port = cinema.server.port();
    let places = [
        (format!("live?{query}"), format!("mp4:{FILM}")),
        (format!("cfx/other?{query}"), format!("mp4:{FILM}")),
        (format!("cfx/st/mp4:{name}"), "x".to_owned()),
        ("cfx/st".to_owned(), format!("mp4:missing.mp4?{query}")),
        ("cfx/st".to_owned(), format!("mp4:../{name}")),
    ];
    for (app, name) in &places {
        let mut rtmpdump = Command::new("rtmpdump");
        rtmpdump.args(["--rtmp", &format!("rtmp://127.0.0.1:{port}/"), "--app", app, "--playpath", name]);
        rtmpdump.args(["--tcUrl", &format!("rtmp://127.0.0.1:{port}/{app}"), "--flv"]);
        let dumped = run(rtmpdump.arg(cinema.place("nothing.flv")));
        assert!(!dumped.status.success(), "{app} {name}: {}", dumped.err);
    }
    let log = cinema.server.stop(Signal::TERM).ok().err;
    let secret = &signature_of(&name).expect("it is signed")[..24];
    assert!(!log.contains(secret), "{log}");
    let shown = log.matches("Signature=…").count();
    assert!(shown >= places.len(), "{shown}: {log}");
}
