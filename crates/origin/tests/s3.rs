//! The S3 origin against a small S3 that misbehaves on request.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use futures::StreamExt;
use millrace_origin::{Credentials, Error, Kind, Origin, Read, S3Config, S3Origin, Version};
use millrace_s3_fake::{Fault, Rule, S3Fake};
use std::time::{Duration, UNIX_EPOCH};

fn config(s3: &S3Fake) -> S3Config {
    S3Config {
        endpoint: Some(s3.endpoint()),
        path_style: true,
        credentials: Credentials::Anonymous,
        ..S3Config::new("us-east-1", "films")
    }
}

fn origin(s3: &S3Fake) -> S3Origin {
    S3Origin::new(&config(s3)).unwrap()
}

/// Keys with everything that a URL or a signature could take for something else.
const KEYS: [&str; 16] = [
    "a b.mp4",
    "a+b",
    "100%",
    "%41",
    "%2F",
    "é/ü.mp4",
    "電影/🎬.mp4",
    "a//b",
    "/lead",
    "//",
    "trail/",
    "q?x#y&z=1",
    "a&b=c;d,e:f@g",
    "..a",
    "~'()*!\\",
    "$[]{}|^`\"<>",
];

fn digits(length: usize) -> Vec<u8> {
    (0..length).map(|place| b'0' + (place % 10) as u8).collect()
}

async fn fault(fault: Fault) -> Error {
    let s3 = S3Fake::start().await;
    s3.put("films", "a", digits(1000));
    s3.inject(Rule::any(), fault.clone());
    // Long enough for a busy machine, unless the fault is that nothing comes.
    let waits = matches!(fault, Fault::Silent | Fault::Stall { .. });
    let read_timeout = Duration::from_millis(if waits { 300 } else { 20_000 });
    let config = S3Config { read_timeout, ..config(&s3) };
    match S3Origin::new(&config).unwrap().read("a", Read::new(100..500)).await {
        Err(error) => error,
        Ok(answer) => answer.bytes().await.unwrap_err(),
    }
}

#[tokio::test]
async fn one_request_gives_version_length_headers_and_bytes() {
    let s3 = S3Fake::start().await;
    let headers = [
        ("Cache-Control", "max-age=5"),
        ("Expires", "Tue, 15 Nov 1994 08:12:31 GMT"),
        ("Content-Type", "video/mp4"),
        ("Last-Modified", "Tue, 15 Nov 1994 08:12:30 GMT"),
    ];
    let tag = s3.put_with("films", "a", digits(1000), &headers);
    let answer = origin(&s3).read("a", Read::new(990..2000)).await.unwrap();
    assert_eq!((answer.range.clone(), answer.object.length), (990..1000, 1000));
    assert_eq!(answer.object.version, Version::new(tag));
    assert_eq!(answer.object.headers["cache-control"], "max-age=5");
    assert_eq!(answer.object.headers["content-type"], "video/mp4");
    assert_eq!(answer.object.headers["expires"], "Tue, 15 Nov 1994 08:12:31 GMT");
    let modified = answer.object.last_modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    assert_eq!(modified, Some(Duration::from_secs(784_887_150)));
    for name in ["content-length", "content-range", "connection", "date"] {
        assert!(!answer.object.headers.contains_key(name), "{name}");
    }
    assert_eq!(answer.bytes().await.unwrap(), "0123456789");
    let seen = s3.requests();
    assert_eq!((seen.len(), seen[0].signed, seen[0].range.clone()), (1, false, Some(990..2000)));
}

#[tokio::test]
async fn the_exact_bytes_of_a_key_reach_the_store() {
    let s3 = S3Fake::start().await;
    let prefixed = S3Origin::new(&S3Config { prefix: "p//q /".into(), ..config(&s3) }).unwrap();
    let plain = origin(&s3);
    for key in KEYS {
        s3.put("films", key, key.to_owned());
        s3.put("films", &format!("p//q /{key}"), format!("p {key}"));
        assert_eq!(plain.read(key, Read::new(0..99)).await.unwrap().bytes().await.unwrap(), key);
        let answer = prefixed.read(key, Read::new(0..99)).await.unwrap();
        assert_eq!(answer.bytes().await.unwrap(), format!("p {key}"));
    }
    for key in ["", ".", "a/../b", "a/./b", &"k".repeat(1025)] {
        assert_eq!(plain.read(key, Read::new(0..1)).await.unwrap_err().kind, Kind::BadKey, "{key}");
    }
}

/// `s3` from now on takes only what is signed with `secret`.
fn signing(s3: &S3Fake, secret: &str, token: Option<&str>) -> S3Origin {
    s3.require("AKIAEXAMPLE", "not printed");
    let credentials = Credentials::Static {
        key_id: "AKIAEXAMPLE".into(),
        secret: secret.into(),
        token: token.map(str::to_owned),
    };
    S3Origin::new(&S3Config { credentials, prefix: "p/ +/".into(), ..config(s3) }).unwrap()
}

#[tokio::test]
async fn credentials_sign_the_request() {
    let s3 = S3Fake::start().await;
    s3.put("films", "p/ +/a b", digits(10));
    for token in [None, Some("a/session+token==")] {
        let origin = signing(&s3, "not printed", token);
        origin.read("a b", Read::new(0..1)).await.unwrap();
        assert!(!format!("{origin:?}").contains("not printed"));
    }
    assert!(s3.requests().iter().all(|seen| seen.signed && seen.status == 206));
}

#[tokio::test]
async fn signatures_of_hard_keys_ranges_and_versions_hold() {
    let s3 = S3Fake::start().await;
    let origin = signing(&s3, "not printed", None);
    for key in KEYS {
        let version = Version::new(s3.put("films", &format!("p/ +/{key}"), key));
        let answer = origin.read(key, Read::pinned(0..99, version)).await;
        assert_eq!(answer.unwrap_or_else(|error| panic!("{error}")).bytes().await.unwrap(), key);
    }
    s3.put("films", "p/ +/empty", "");
    assert_eq!(origin.read("empty", Read::new(0..9)).await.unwrap().object.length, 0);
}

#[tokio::test]
async fn another_secret_or_none_is_refused_as_the_operators_fault() {
    let s3 = S3Fake::start().await;
    s3.put("films", "p/ +/a", digits(10));
    let error = signing(&s3, "another", None).read("a", Read::new(0..1)).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (Kind::Misconfigured, Some("SignatureDoesNotMatch")));
    let error = origin(&s3).read("p/ +/a", Read::new(0..1)).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (Kind::Forbidden, Some("AccessDenied")));
}

#[tokio::test]
async fn an_empty_object_is_an_empty_answer_with_its_version() {
    let s3 = S3Fake::start().await;
    let tag = s3.put("films", "empty", "");
    let answer = origin(&s3).read("empty", Read::new(0..100)).await.unwrap();
    assert_eq!((answer.object.length, answer.range.clone()), (0, 0..0));
    assert_eq!(answer.object.version, Version::new(tag));
    assert_eq!(answer.bytes().await.unwrap(), "");
}

#[tokio::test]
async fn a_range_behind_the_end_says_so() {
    let s3 = S3Fake::start().await;
    s3.put("films", "a", digits(10));
    let error = origin(&s3).read("a", Read::new(10..20)).await.unwrap_err();
    assert_eq!((error.kind, error.status, error.offset), (Kind::PastEnd, Some(416), Some(10)));
}

#[tokio::test]
async fn a_replaced_object_is_changed_not_mixed() {
    let s3 = S3Fake::start().await;
    let old = Version::new(s3.put("films", "a", digits(1000)));
    let origin = origin(&s3);
    origin.read("a", Read::pinned(5..6, old.clone())).await.unwrap();
    s3.put("films", "a", digits(1000));
    let error = origin.read("a", Read::pinned(5..6, old.clone())).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Changed, Some(412)));
    assert_eq!(s3.requests()[1].if_match.as_deref(), Some(old.as_str()));
}

#[tokio::test]
async fn a_weak_tag_is_compared_here_since_no_store_matches_it() {
    let s3 = S3Fake::start().await;
    s3.put_with("films", "a", digits(10), &[("ETag", "W/\"1\"")]);
    let (origin, weak) = (origin(&s3), Version::new("W/\"1\""));
    origin.read("a", Read::pinned(0..1, weak.clone())).await.unwrap();
    s3.put_with("films", "a", digits(10), &[("ETag", "W/\"2\"")]);
    assert_eq!(origin.read("a", Read::pinned(0..1, weak)).await.unwrap_err().kind, Kind::Changed);
}

#[tokio::test]
async fn refusals_keep_the_stores_code_and_kind() {
    let cases = [
        (404, "NoSuchKey", Kind::Missing),
        (404, "NoSuchBucket", Kind::Misconfigured),
        (403, "AccessDenied", Kind::Forbidden),
        (403, "InvalidAccessKeyId", Kind::Misconfigured),
        (403, "SignatureDoesNotMatch", Kind::Misconfigured),
        (503, "SlowDown", Kind::Throttled),
        (500, "InternalError", Kind::Unavailable),
        (301, "PermanentRedirect", Kind::Misconfigured),
    ];
    for (status, code, kind) in cases {
        let error = fault(Fault::Status { status, code }).await;
        assert_eq!((error.kind, error.status, error.code.as_deref()), (kind, Some(status), Some(code)));
        assert!(error.to_string().contains(code));
    }
}

#[tokio::test]
async fn bodies_that_break_say_at_which_byte() {
    for (case, kind) in [
        (Fault::Cut { after: 50 }, Kind::Truncated),
        (Fault::Reset { after: 50 }, Kind::Truncated),
        (Fault::Stall { after: 50 }, Kind::Timeout),
    ] {
        let error = fault(case.clone()).await;
        assert_eq!(error.kind, kind, "{case:?}: {error}");
        assert!(error.offset.is_some_and(|offset| (100..=150).contains(&offset)), "{case:?}: {error}");
        assert!(error.retry_helps());
    }
}

#[tokio::test]
async fn answers_that_do_not_fit_the_question_are_refused() {
    for (case, kind) in [
        (Fault::LongLength { extra: 3 }, Kind::WrongLength),
        (Fault::LongBody { extra: 3 }, Kind::WrongLength),
        (Fault::ShiftedRange { by: 1 }, Kind::WrongLength),
        (Fault::IgnoreRange, Kind::WrongLength),
        (Fault::NoTag, Kind::NoVersion),
        (Fault::Silent, Kind::Timeout),
    ] {
        let error = fault(case.clone()).await;
        assert_eq!(error.kind, kind, "{case:?}: {error}");
    }
}

#[tokio::test]
async fn a_server_without_ranges_serves_the_beginning() {
    let s3 = S3Fake::start().await;
    s3.put("films", "a", digits(1000));
    s3.inject(Rule::any(), Fault::IgnoreRange);
    let answer = origin(&s3).read("a", Read::new(0..10)).await.unwrap();
    assert_eq!((answer.object.length, answer.range.clone()), (1000, 0..10));
    assert_eq!(answer.bytes().await.unwrap(), "0123456789");
}

#[tokio::test]
async fn a_closed_port_is_unavailable() {
    let s3 = S3Fake::start().await;
    let origin = origin(&s3);
    drop(s3);
    tokio::task::yield_now().await;
    let error = origin.read("a", Read::new(0..10)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
}

#[tokio::test]
async fn a_dropped_body_stops_the_transfer() {
    let s3 = S3Fake::start().await;
    s3.put("films", "a", vec![7; 64 << 20]);
    let mut answer = origin(&s3).read("a", Read::new(0..64 << 20)).await.unwrap();
    answer.body.next().await.unwrap().unwrap();
    drop(answer);
    tokio::task::yield_now().await;
    assert!(s3.bytes() < 32 << 20, "{}", s3.bytes());
}
