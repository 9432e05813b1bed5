//! Agreement with botocore's own signer: what it made is taken, and ours makes the same.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use millrace_sign::sigv4::{Authorization, Key, Payload, Request, sign};
use std::time::{Duration, SystemTime};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "x-amz-security-token";

struct Recorded {
    name: &'static str,
    region: &'static str,
    service: &'static str,
    /// Without `Host`: the client's connection adds it.
    parts: Parts,
    body: &'static [u8],
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn recorded() -> Vec<Recorded> {
    let text = include_str!("botocore.txt").trim_end();
    let all: Vec<_> = text.split("\n\n").skip(1).map(parse).collect();
    assert_eq!(all.len(), 21);
    all
}

fn parse(lines: &'static str) -> Recorded {
    let field = |mark: &str| lines.lines().find_map(|line| line.strip_prefix(mark));
    let mut words = field("= ").unwrap().split(' ');
    let [name, region, service] = [(); 3].map(|()| words.next().unwrap());
    let (method, url) = field("> ").unwrap().split_once(' ').unwrap();
    let (mut parts, ()) = http::Request::builder().method(method).uri(url).body(()).unwrap().into_parts();
    for line in lines.lines().filter_map(|line| line.strip_prefix(": ")) {
        let (name, value) = line.split_once(": ").unwrap();
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        parts.headers.append(name, HeaderValue::from_static(value));
    }
    let body = field("< ").unwrap_or_default().as_bytes();
    Recorded { name, region, service, parts, body }
}

#[test]
fn what_botocore_signed_is_taken() {
    for Recorded { name, region, service, mut parts, body } in recorded() {
        let host = HeaderValue::from_str(parts.uri.authority().unwrap().as_str()).unwrap();
        parts.headers.insert(HOST, host);
        let authorization = Authorization::parse(&parts.headers).unwrap();
        assert_eq!(authorization.scope.region, region, "{name}");
        let verify = |secret, payload| {
            let request = Request::new(&parts, payload);
            authorization.verify(secret, &request, service, now(), Duration::from_secs(300))
        };
        assert_eq!(verify(SECRET, Payload::Bytes(body)), Ok(()), "{name}");
        assert!(verify("another", Payload::Bytes(body)).is_err(), "{name}");
        assert!(verify(SECRET, Payload::Bytes(b"another body")).is_err(), "{name}");
    }
}

#[test]
fn our_signature_is_the_one_botocore_makes() {
    for Recorded { name, region, service, mut parts, body } in recorded() {
        let expected = parts.headers.remove(AUTHORIZATION).unwrap();
        let token = parts.headers.remove(TOKEN);
        // botocore signs before its retry loop and its HTTP client have added theirs.
        for late in ["amz-sdk-invocation-id", "amz-sdk-request", "content-length"] {
            parts.headers.remove(late);
        }
        let token = token.as_ref().map(|token| token.to_str().unwrap());
        let key = Key { id: "AKIDEXAMPLE", secret: SECRET, token };
        let mut request = http::Request::from_parts(parts, ());
        sign(&mut request, Payload::Bytes(body), &key, region, service, now()).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], expected, "{name}");
    }
}
