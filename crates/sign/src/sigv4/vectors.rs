//! AWS's published vectors, made and verified. Their form is described in the file.

use super::stamp::Stamp;
use super::*;
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use std::time::{Duration, SystemTime};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KEY: Key<'_> = Key { id: "AKIDEXAMPLE", secret: SECRET, token: None };

struct Vector<'a> {
    name: &'a str,
    paths: Paths,
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: HeaderMap,
    body: &'a str,
    canonical: &'a str,
    signature: &'a str,
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn scope() -> Scope {
    Scope { date: "20150830".into(), region: "us-east-1".into(), service: "service".into() }
}

impl<'a> Vector<'a> {
    fn parse(lines: &'a str) -> Self {
        let field = |mark: &str| lines.lines().find_map(|line| line.strip_prefix(mark));
        let (name, sent) = field("= ").map(|name| name.split_once(' ').unwrap_or((name, ""))).unwrap();
        let (method, target) = field("> ").unwrap().split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (canonical, signature) = lines.lines().last().unwrap().split_once(' ').unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("example.amazonaws.com"));
        headers.insert(AMZ_DATE, HeaderValue::from_static("20150830T123600Z"));
        for line in lines.lines().filter_map(|line| line.strip_prefix(": ")) {
            let (name, value) = line.split_once(':').unwrap();
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let paths = if sent == "sent" { Paths::AsSent } else { Paths::EncodedAgain };
        let body = field("< ").unwrap_or_default();
        Self { name, paths, method, path, query, headers, body, canonical, signature }
    }

    fn request(&self) -> Request<'_> {
        let Self { method, path, query, headers, body, .. } = self;
        Request { method, path, query, headers, payload: Payload::Bytes(body.as_bytes()) }
    }

    fn authorization(&self) -> String {
        let signed = make::names(&self.headers).join(";");
        let (scope, signature) = (scope(), self.signature);
        format!("{ALGORITHM} Credential=AKIDEXAMPLE/{scope}, SignedHeaders={signed}, Signature={signature}")
    }
}

fn vectors() -> Vec<Vector<'static>> {
    let text = include_str!("../../tests/vectors.txt").trim_end();
    let vectors: Vec<_> = text.split("\n\n").skip(1).map(Vector::parse).collect();
    assert_eq!(vectors.len(), 37);
    vectors
}

#[test]
fn every_vector_is_made() {
    for vector in vectors() {
        let signed = make::names(&vector.headers);
        let canonical = canonical::request(&vector.request(), &signed, vector.paths);
        let (name, text) = (vector.name, String::from_utf8_lossy(&canonical));
        assert_eq!(hash::sha256(&canonical), vector.canonical, "{name}\n{text}");
        let string_to_sign = hash::string_to_sign(&canonical, Stamp::of(now()), &scope());
        let signature = hash::signature(SECRET, &scope(), &string_to_sign);
        assert_eq!(hash::hex(&signature), vector.signature, "{name}\n{string_to_sign}");
    }
}

#[test]
fn every_vector_that_http_can_carry_is_made_by_sign() {
    let mut made = 0;
    for vector in vectors().into_iter().filter(|vector| vector.paths == Paths::EncodedAgain) {
        let target = format!("http://example.amazonaws.com{}?{}", vector.path, vector.query);
        let Ok(request) = http::Request::builder().method(vector.method).uri(target).body(()) else {
            continue;
        };
        let (mut parts, body) = request.into_parts();
        parts.headers = vector.headers.clone();
        let token = parts.headers.remove(AMZ_TOKEN);
        parts.headers.remove(AMZ_DATE);
        parts.headers.remove(HOST);
        let key = Key { token: token.as_ref().map(|token| token.to_str().unwrap()), ..KEY };
        let mut request = http::Request::from_parts(parts, body);
        let payload = Payload::Bytes(vector.body.as_bytes());
        sign(&mut request, payload, &key, "us-east-1", "service", now()).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], vector.authorization(), "{}", vector.name);
        made += 1;
    }
    assert!(made >= 27, "{made}");
}

#[test]
fn every_vector_is_verified() {
    for mut vector in vectors() {
        let value = HeaderValue::from_str(&vector.authorization()).unwrap();
        vector.headers.insert(AUTHORIZATION, value);
        let name = vector.name;
        let authorization = Authorization::parse(&vector.headers).unwrap();
        let check = |secret| authorization.check_signature(secret, &vector.request(), vector.paths);
        assert_eq!(check(SECRET), Ok(()), "{name}");
        assert!(matches!(check("another"), Err(Error::Mismatch(_))), "{name}");
        if vector.paths == Paths::EncodedAgain {
            let window = Duration::from_secs(300);
            let verified = authorization.verify(SECRET, &vector.request(), "service", now(), window);
            assert_eq!(verified, Ok(()), "{name}");
        }
    }
}
