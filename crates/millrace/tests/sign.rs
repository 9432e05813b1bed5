//! `millrace sign` and `sign check`, and a server that plays only what is signed.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod support;

use std::process::Output;
use std::time::{Duration, Instant};

use support::{Folder, Serving, text};

const PORT: &str = "[listen]\nviewers = [\"127.0.0.1:0\"]\n[control]\nlisten = []\n";
const NO_PORT: &str = "[listen]\nviewers = []\n[control]\nlisten = []\n";
const PRIVATE: &str = "trusted_signers = [\"self\"]\n";

/// What a command that went well printed, without the line's end.
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// A folder with a private distribution, and a key that may sign for it in `key.pem`; the key's id.
fn private() -> (Folder, String) {
    let folder = Folder::new();
    folder.configure(NO_PORT, PRIVATE);
    let id = make_key(&folder, "key.pem", "rsa");
    (folder, id)
}

fn make_key(folder: &Folder, file: &str, algorithm: &str) -> String {
    let made = folder.millrace(&["keys", "create", "--private-key", file, "--algorithm", algorithm]);
    printed(&made).split(' ').next().unwrap().to_owned()
}

fn sign(folder: &Folder, more: &[&str]) -> Output {
    folder.millrace(&[&["sign"], more].concat())
}

/// Signs a stream's name with `key.pem`, for two hours.
fn signed(folder: &Folder, name: &str) -> String {
    printed(&sign(folder, &["--key", "key.pem", "--stream", name, "--expires", "2h"]))
}

fn check(folder: &Folder, more: &[&str]) -> Output {
    folder.millrace(&[&["sign", "check"], more].concat())
}

/// Checks what is well, and has to say these words.
fn well(folder: &Folder, more: &[&str], words: &[&str]) {
    let said = check(folder, more);
    let said_text = text(&said);
    assert!(said.status.success(), "{said_text}");
    assert!(words.iter().all(|word| said_text.contains(word)), "{words:?}: {said_text}");
}

/// Checks what is not, and has to say these words, and as many faults.
fn faulty(folder: &Folder, more: &[&str], faults: usize, words: &[&str]) {
    let said = check(folder, more);
    let said_text = text(&said);
    assert_eq!(said.status.code(), Some(1), "{said_text}");
    assert_eq!(said_text.matches("FAULT").count(), faults, "{said_text}");
    assert!(words.iter().all(|word| said_text.contains(word)), "{words:?}: {said_text}");
}

fn plays(folder: &Folder, url: &str) -> bool {
    let played = folder.millrace(&["play", url, "--full"]);
    assert_ne!(played.status.code(), Some(2), "{}", text(&played));
    played.status.success()
}

/// Waits until it plays, or does not any more.
fn becomes(folder: &Folder, url: &str, playable: bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while plays(folder, url) != playable {
        assert!(Instant::now() < end, "it never became {playable}: {url}");
    }
}

#[test]
fn a_running_server_plays_what_is_signed_as_long_as_its_key_may_sign() {
    let folder = Folder::new();
    let server = Serving::start(&folder, PORT, PRIVATE);
    let base = format!("rtmp://localhost:{}/cfx/st", server.ports[0]);
    assert!(!plays(&folder, &format!("{base}/mp4:sample.mp4")), "nothing is signed");
    let id = make_key(&folder, "key.pem", "rsa");
    let url = format!("{base}/{}", signed(&folder, "mp4:sample.mp4"));
    becomes(&folder, &url, true);
    assert!(!plays(&folder, &url.replace("Expires=1", "Expires=2")), "it is good for longer than it says");
    printed(&folder.millrace(&["keys", "disable", &id]));
    becomes(&folder, &url, false);
    printed(&folder.millrace(&["keys", "enable", &id]));
    becomes(&folder, &url, true);
    make_key(&folder, "other.pem", "ecdsa");
    let of = ["--expires", "1h", "--ip", "127.0.0.0/8", "--algorithm", "sha256"];
    let stream = format!("{base}/mp4:sample.mp4");
    let url = printed(&sign(&folder, &[&["--key", "other.pem", "--url", &stream], of.as_slice()].concat()));
    becomes(&folder, &url, true);
    let said = folder.millrace(&["play", &url, "--full"]);
    assert!(text(&said).contains("Signature=…"), "reports are passed on: {}", text(&said));
}

#[test]
fn a_new_private_key_may_be_printed_alone() {
    let folder = Folder::new();
    folder.configure(NO_PORT, PRIVATE);
    let made = folder.millrace(&["keys", "create", "--algorithm", "ecdsa"]);
    let private = printed(&made);
    assert!(private.starts_with("-----BEGIN PRIVATE KEY-----"), "only the key is on standard output");
    assert!(private.ends_with("-----END PRIVATE KEY-----"));
    let told = String::from_utf8_lossy(&made.stderr).into_owned();
    let id = told.split(' ').next().unwrap();
    assert!(id.starts_with("APKA") && told.contains("ECDSA P-256") && !told.contains("PRIVATE"), "{told}");
    std::fs::write(folder.path("piped.pem"), private).unwrap();
    let signed = printed(&sign(&folder, &["--key", "piped.pem", "--stream", "x", "--expires", "1h"]));
    assert!(signed.ends_with(&format!("&Key-Pair-Id={id}")), "the store knows whose it is: {signed}");
}

#[test]
fn one_thing_is_printed_of_each_form() {
    let (folder, id) = private();
    let made = |more: &[&str]| {
        printed(&sign(&folder, &[&["--key", "key.pem", "--expires", "1893456000"], more].concat()))
    };
    let tail = format!("&Key-Pair-Id={id}");
    let name = made(&["--stream", "mp4:a/b.mp4?c=d"]);
    assert!(
        name.starts_with("mp4:a/b.mp4?c=d&Expires=1893456000&Signature=") && name.ends_with(&tail),
        "{name}"
    );
    let page = made(&["--stream", "mp4:a/b.mp4", "--escape"]);
    assert!(page.starts_with("mp4:a/b.mp4%3FExpires%3D1893456000%26Signature%3D"), "{page}");
    assert!(!page.contains(['?', '=', '&']), "{page}");
    let url = made(&["--url", "rtmpe://h.example.net/cfx/st/mp4:a/b.mp4"]);
    assert!(
        url.starts_with("rtmpe://h.example.net/cfx/st/mp4:a/b.mp4?Expires=1893456000&Signature="),
        "{url}"
    );
    let web = made(&["--url", "https://h.example.net/a.html"]);
    assert!(web.starts_with("https://h.example.net/a.html?Expires=1893456000&Signature="), "{web}");
    let own = made(&["--stream", "mp4:a/b.mp4", "--resource", "a/*", "--algorithm", "sha256"]);
    assert!(own.starts_with("mp4:a/b.mp4?Policy=") && own.ends_with("&Hash-Algorithm=SHA256"), "{own}");
    let cookies = made(&["--url", "https://h.example.net/a/*", "--cookie"]);
    let names: Vec<&str> =
        cookies.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert_eq!(names, ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"]);
    for one in [&name, &page, &url, &web, &own] {
        assert_eq!(one.lines().count(), 1);
    }
}

#[test]
fn the_policy_can_be_had_alone_and_signed_from_a_file() {
    let (folder, _) = private();
    let of = ["--stream", "mp4:a/b.mp4?c=d", "--expires", "2030-01-01T00:00:00Z", "--print-policy"];
    let canned = r#"{"Statement":[{"Resource":"a/b.mp4?c=d","Condition":{"DateLessThan":{"AWS:EpochTime":1893456000}}}]}"#;
    assert_eq!(printed(&sign(&folder, &of)), canned, "it needs no key");
    let own =
        printed(&sign(&folder, &[&of, ["--ip", "192.0.2.7", "--not-before", "0s"].as_slice()].concat()));
    assert!(own.contains(r#"{"AWS:SourceIp":"192.0.2.7/32"}"#) && own.contains("DateGreaterThan"), "{own}");
    std::fs::write(folder.path("policy.json"), canned.replace("a/b.mp4?c=d", "a/*") + "\n").unwrap();
    let by_file = ["--key", "key.pem", "--stream", "mp4:a/b.mp4", "--policy", "policy.json"];
    let signed = printed(&sign(&folder, &by_file));
    well(&folder, &[&signed], &["\"Resource\":\"a/*\"", "it is that of the policy"]);
    std::fs::write(folder.path("policy.json"), "{}").unwrap();
    let refused = sign(&folder, &by_file);
    assert!(
        !refused.status.success() && text(&refused).contains("--policy policy.json: "),
        "{}",
        text(&refused)
    );
}

#[test]
fn a_printed_policy_names_what_is_signed() {
    let (folder, _) = private();
    let policy = |what: &[&str]| {
        sign(&folder, &[what, ["--expires", "2030-01-01T00:00:00Z", "--print-policy"].as_slice()].concat())
    };
    for (what, resource) in [
        (["--stream", "x?"], "x"),
        (["--url", "rtmp://h.example.net/cfx/st/x?"], "x"),
        (["--url", "https://h.example.net/x?#t"], "https://h.example.net/x"),
    ] {
        let printed = printed(&policy(&what));
        assert!(printed.contains(&format!(r#""Resource":"{resource}""#)), "{what:?}: {printed}");
    }
    let name = "x?Expires=1&Signature=c2lnbmF0dXJl&Key-Pair-Id=K";
    let refused = policy(&["--stream", name]);
    assert!(!refused.status.success() && text(&refused).contains("signed already"), "{}", text(&refused));
}

#[test]
fn the_keys_id_comes_from_the_command_the_files_name_or_the_store() {
    let (folder, id) = private();
    let of = |file: &str, more: &[&str]| {
        sign(&folder, &[&["--key", file, "--stream", "x", "--expires", "1h"], more].concat())
    };
    let ends = |output: &Output, id: &str| {
        let signed = printed(output);
        assert!(signed.ends_with(&format!("&Key-Pair-Id={id}")), "{signed}");
    };
    ends(&of("key.pem", &[]), &id);
    ends(&of("key.pem", &["--key-pair-id", "KGIVEN"]), "KGIVEN");
    std::fs::copy(folder.path("key.pem"), folder.path("pk-APKAEIBAERJR2EXAMPLE.pem")).unwrap();
    ends(&of("pk-APKAEIBAERJR2EXAMPLE.pem", &[]), "APKAEIBAERJR2EXAMPLE");
    let nowhere = of("key.pem", &["--config", "none.toml"]);
    assert!(!nowhere.status.success() && text(&nowhere).contains("--key-pair-id"), "{}", text(&nowhere));
    let stranger = Folder::new();
    stranger.configure(NO_PORT, "");
    std::fs::copy(folder.path("key.pem"), stranger.path("key.pem")).unwrap();
    let unknown = sign(&stranger, &["--key", "key.pem", "--stream", "x", "--expires", "1h"]);
    assert!(text(&unknown).contains("millrace keys import"), "{}", text(&unknown));
}

#[test]
fn what_can_not_be_signed_is_told_with_its_option() {
    let (folder, _) = private();
    let key = ["--key", "key.pem"];
    for (more, word) in [
        (["--stream", "x", "--expires", "soon"].as_slice(), "is no time"),
        (&["--stream", "x", "--expires", "1893456000000"], "milliseconds"),
        (&["--stream", "x", "--expires", "1h", "--not-before", "2h"], "--not-before"),
        (&["--stream", "x", "--expires", "1h", "--ip", "home"], "is no network"),
        (&["--stream", "x?Expires=1", "--expires", "1h"], "already"),
        (&["--stream", "x", "--expires", "1h", "--resource", "y/*"], "\"y/*\""),
        (&["--url", "ftp://h/x", "--expires", "1h"], "ftp://h/x"),
        (&["--url", "rtmp://h/cfx/st/x", "--expires", "1h", "--cookie"], "--cookie"),
        (&["--expires", "1h"], "--stream"),
        (&["--stream", "x"], "--expires"),
        (&["--stream", "x", "--url", "https://h/x", "--expires", "1h"], "--url"),
    ] {
        let refused = sign(&folder, &[&key, more].concat());
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{more:?}");
        assert!(text(&refused).contains(word), "{more:?}: no {word:?} in {}", text(&refused));
    }
    std::fs::write(folder.path("bad.pem"), "hush").unwrap();
    let refused = sign(&folder, &["--key", "bad.pem", "--stream", "x", "--expires", "1h"]);
    assert!(text(&refused).contains("--key bad.pem: it is no PEM file"), "{}", text(&refused));
    assert!(!text(&refused).contains("hush"));
}

#[test]
fn a_good_signature_is_explained_and_never_repeated() {
    let (folder, id) = private();
    let name = signed(&folder, "mp4:sample.mp4");
    let url = format!("rtmp://localhost/cfx/st/{name}");
    let known = format!("{id} is known and active, RSA 2048");
    well(&folder, &[&url], &[&known, "A trusts it", "the canned policy for \"sample.mp4\"", "it would play"]);
    well(&folder, &[&name], &["give the whole rtmp:// URL"]);
    let signature = name.split("Signature=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
    assert!(!text(&check(&folder, &[&url])).contains(signature));
    let damaged = name.replace('?', "%3F").replace('=', "%3D").replace('&', "%26");
    well(&folder, &[&damaged], &["note  spelling      ? = & are %3F %3D %26"]);
    let other =
        name.replace('-', "+").replace('~', "/").replace('_', "=").replace("Key+Pair+Id", "Key-Pair-Id");
    well(&folder, &[&other], &["as everywhere else"]);
}

#[test]
fn each_fault_is_told_with_what_to_do_and_the_rest_is_looked_at_all_the_same() {
    let (folder, id) = private();
    let made = |more: &[&str]| {
        let name = ["--key", "key.pem", "--stream", "mp4:a/b.mp4", "--expires", "2h"];
        printed(&sign(&folder, &[&name, more].concat()))
    };
    let name = made(&[]);
    faulty(&folder, &["mp4:a/b.mp4"], 1, &["nothing is signed", "millrace sign --key"]);
    faulty(&folder, &[&name.replace("&Key", "&key")], 1, &["Key-Pair-Id is missing"]);
    faulty(&folder, &[&name.replace(&id, "APKANONE")], 1, &["none that is known here", "can't be verified"]);
    faulty(&folder, &[&name, "--at", "1d"], 1, &["expired", "ok    signature"]);
    faulty(
        &folder,
        &[&name.replace("a/b", "a/c")],
        1,
        &["\"a/c.mp4\" with Expires", "tried: \"a/c.mp4\", \"a/c\""],
    );
    let here = made(&["--ip", "192.0.2.0/24", "--not-before", "1h"]);
    let elsewhere = [here.as_str(), "--ip", "198.51.100.7"];
    faulty(&folder, &elsewhere, 2, &["not good before", "not 198.51.100.7", "ok    signature"]);
    faulty(
        &folder,
        &[&here.replace("a/b", "a/c"), "--at", "90m"],
        1,
        &["the policy is for \"a/b.mp4\", not for"],
    );
    let later = made(&["--algorithm", "sha256"]);
    let lost = later.replace("&Hash-Algorithm=SHA256", "");
    faulty(&folder, &[&lost], 1, &["made with SHA-256: add Hash-Algorithm=SHA256"]);
    let other = make_key(&folder, "other.pem", "rsa");
    faulty(&folder, &[&name.replace(&id, &other)], 1, &[&format!("made with the key {id}")]);
    printed(&folder.millrace(&["keys", "disable", &id]));
    faulty(&folder, &[&name], 1, &["is disabled", &format!("keys enable {id}"), "ok    signature"]);
    faulty(&folder, &["rtmfp://h/x"], 1, &["rtmfp://"]);
}

#[test]
fn whom_a_distribution_trusts_is_looked_up_by_its_host() {
    let (folder, id) = private();
    let name = signed(&folder, "mp4:sample.mp4");
    let url = format!("rtmp://localhost/cfx/st/{name}");
    folder.configure(NO_PORT, "trusted_signers = [\"210987654321\"]\n");
    faulty(
        &folder,
        &[&url],
        1,
        &["not trusted", "none of the trusted signers of A has a key", "ok    signature"],
    );
    folder.configure(NO_PORT, "");
    well(&folder, &[&url], &["A needs no signature"]);
    let web = ["--key", "key.pem", "--url", "https://d1.example.net/a", "--expires", "1h"];
    let web = printed(&sign(&folder, &web));
    well(&folder, &[&web], &["no web distribution here is called \"d1.example.net\"", "it would be let in"]);
    let behavior = "TargetOriginId: a, ViewerProtocolPolicy: allow-all, ForwardedValues: {QueryString: false, \
        Cookies: {Forward: none}}, MinTTL: 0";
    let document = format!(
        "DistributionConfig:\n  CallerReference: one\n  Comment: ''\n  Enabled: true\n  \
         Aliases: {{Quantity: 1, Items: ['*.example.net']}}\n  \
         Origins: {{Quantity: 1, Items: [{{Id: a, DomainName: films.s3.amazonaws.com, S3OriginConfig: \
         {{OriginAccessIdentity: ''}}}}]}}\n  \
         DefaultCacheBehavior: {{{behavior}, TrustedSigners: {{Enabled: true, Quantity: 1, Items: [self]}}}}\n  \
         CacheBehaviors: {{Quantity: 1, Items: [{{PathPattern: free/*, {behavior}}}]}}\n"
    );
    std::fs::write(folder.path("web.yaml"), document).unwrap();
    printed(&folder.millrace(&["apply", "-f", "web.yaml"]));
    well(&folder, &[&web], &[&format!("trusts for free/* everybody; for all else {id}")]);
}

#[test]
fn a_public_key_is_enough_without_any_store() {
    let (folder, _) = private();
    let name = signed(&folder, "mp4:sample.mp4");
    let stranger = Folder::new();
    std::fs::copy(folder.path("key.pem"), stranger.path("key.pem")).unwrap();
    faulty(&stranger, &[&name], 2, &["--public-key"]);
    let refused = check(&stranger, &[&name, "--public-key", "key.pem"]);
    assert!(text(&refused).contains("--public-key key.pem: it is a PRIVATE KEY"), "{}", text(&refused));
    std::fs::write(stranger.path("public.pem"), PUBLIC).unwrap();
    faulty(
        &stranger,
        &[&name, "--public-key", "public.pem"],
        1,
        &["the given one, ECDSA P-256", "FAULT signature"],
    );
}

/// A public key on P-256; nobody has the other half.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELeiCTwUXuaU1M4UBdj8tmHv92Ylp\n\
    WXxUwXV+WCcnRDI1R8T2TiCzY25xj31ukq7AWAcsHXhzguQFfuF/FU6yww==\n\
    -----END PUBLIC KEY-----\n";

#[test]
fn doctor_knows_private_distributions_and_examines_signatures() {
    let (folder, id) = private();
    let doctor = |target: &str| text(&folder.millrace(&["doctor", target]));
    let said = doctor("A");
    assert!(said.contains(&format!("private: what is signed with {id} of 123456789012 plays")), "{said}");
    let url = format!("rtmp://localhost/cfx/st/{}", signed(&folder, "mp4:sample.mp4"));
    let said = doctor(&url);
    assert!(said.contains("the canned policy for \"sample.mp4\""), "{said}");
    assert!(said.contains("ok    object        sample.mp4"), "without its parameters: {said}");
    assert!(said.ends_with("everything is well\n"), "{said}");
    let said = doctor("rtmp://localhost/cfx/st/mp4:sample.mp4");
    assert!(said.contains("FAULT parameters    nothing is signed"), "{said}");
    printed(&folder.millrace(&["keys", "disable", &id]));
    let said = doctor(&url);
    assert!(said.contains("FAULT signers") && said.contains("none of their keys can be used"), "{said}");
    folder.configure(NO_PORT, "");
    let said = doctor("rtmp://localhost/cfx/st/mp4:sample.mp4");
    assert!(said.contains("nobody needs a signature") && said.ends_with("everything is well\n"), "{said}");
    let url = &url[..url.len() - 5];
    let said = doctor(&url.replace("rtmp://localhost", "rtmp:/localhost"));
    assert!(!said.contains("Signature=j") && said.contains("Signature=…"), "{said}");
}

#[test]
fn what_is_private_stays_so_while_nobody_can_tell_whose_keys_are_whose() {
    let folder = Folder::new();
    let away = format!("{PORT}store = \"postgres://nobody@127.0.0.1:1/none\"\n");
    let mut server = Serving::start(&folder, &away, PRIVATE);
    std::fs::copy(private().0.path("key.pem"), folder.path("key.pem")).unwrap();
    let of =
        ["--key", "key.pem", "--key-pair-id", "APKAANY", "--stream", "mp4:sample.mp4", "--expires", "1h"];
    let signed = printed(&sign(&folder, &of));
    for name in ["mp4:sample.mp4", &signed] {
        assert!(!plays(&folder, &format!("rtmp://localhost:{}/cfx/st/{name}", server.ports[0])), "{name}");
    }
    let refused = server.wait_for("APKAANY");
    assert!(refused.contains("none that is known here"), "{refused}");
}
