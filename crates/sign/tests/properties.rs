//! What is made is taken; with one bit flipped anywhere it is not.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use millrace_sign::sigv4::{Authorization, Error, Key, Payload, Request, sign};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::time::{Duration, SystemTime};

/// A request as it came, in parts that can be damaged one by one.
#[derive(Debug, Clone)]
struct Sent {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    secret: String,
    service: &'static str,
    now: SystemTime,
}

impl Sent {
    fn verify(&self) -> Result<(), Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            // A name or value that HTTP itself refuses never gets as far as a signature.
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::Missing)?;
            headers.append(name, HeaderValue::from_bytes(value).map_err(|_| Error::Missing)?);
        }
        let Self { method, path, query, body, secret, service, now, .. } = self;
        let payload = Payload::Bytes(body);
        let request = Request { method, path, query, headers: &headers, payload };
        let authorization = Authorization::parse(&headers)?;
        authorization.verify(secret, &request, service, *now, Duration::from_secs(300))
    }

    /// The parts as bytes, each with a way to put it back.
    fn flipped(&self, part: Index, byte: Index, bit: u8) -> Option<Self> {
        let mut other = self.clone();
        // Names of headers are left: their case does not count, and another name is another header.
        let mut parts: Vec<Vec<u8>> = [&self.method, &self.path, &self.query, &self.secret]
            .iter()
            .map(|text| text.as_bytes().to_vec())
            .chain([self.body.clone()])
            .chain(self.headers.iter().map(|(_, value)| value.clone()))
            .collect();
        let place = part.index(parts.len());
        let part = &mut parts[place];
        if part.is_empty() {
            return None;
        }
        let byte = byte.index(part.len());
        part[byte] ^= 1 << bit;
        let mut parts = parts.into_iter();
        for text in [&mut other.method, &mut other.path, &mut other.query, &mut other.secret] {
            *text = String::from_utf8(parts.next()?).ok()?;
        }
        other.body = parts.next()?;
        for ((_, value), flipped) in other.headers.iter_mut().zip(parts) {
            *value = flipped;
        }
        Some(other)
    }
}

prop_compose! {
    fn sent()(
        method in select(vec!["GET", "PUT", "POST", "DELETE"]),
        // Another spelling of the same path or query is no damage, so they hold nothing that has two.
        path in "(/[a-zA-Z0-9_~]{1,8}){1,4}",
        query in "([a-z]{1,4}=[a-zA-Z0-9_~-]{0,8}(&[A-Z]{1,4}=[a-zA-Z0-9]{1,4}){0,3})?",
        extra in prop::collection::btree_map("x-amz-[a-f]{3,8}", "[!-~]([ -~]{0,20}[!-~])?", 0..4),
        body in prop::collection::vec(any::<u8>(), 0..64),
        secret in "[ -~]{1,48}",
        token in prop::option::of("[a-zA-Z0-9/+=]{1,64}"),
        service in select(vec!["s3", "cloudfront"]),
        seconds in 0..4_000_000_000_u64,
    ) -> Sent {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut request = http::Request::builder().method(method).uri(format!("http://host:99{path}?{query}"));
        for (name, value) in &extra {
            request = request.header(name, value);
        }
        let mut request = request.body(()).unwrap();
        let key = Key { id: "AKIDEXAMPLE", secret: &secret, token: token.as_deref() };
        sign(&mut request, Payload::Bytes(&body), &key, "eu-west-1", service, now).unwrap();
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        Sent { method: method.into(), path, query, headers, body, secret, service, now }
    }
}

/// The key id is no part of what is signed: it selects the secret.
fn is_only_in_the_key_id(sent: &Sent, other: &Sent) -> bool {
    let id = |sent: &Sent| {
        let value =
            sent.headers.iter().find(|(name, _)| name == AUTHORIZATION.as_str()).map(|(_, value)| value);
        let text = String::from_utf8_lossy(value.unwrap()).into_owned();
        text.split_once("Credential=").and_then(|(_, rest)| Some(rest.split_once("/")?.0.to_owned()))
    };
    id(other).is_some_and(|other| Some(other) != id(sent))
}

/// `!` and `"` are one bit from a blank, and so is NUL from none: a value that only gains or loses blanks is the same.
fn words(value: &[u8]) -> Vec<&[u8]> {
    value.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_made_is_taken(sent in sent()) {
        prop_assert_eq!(sent.verify(), Ok(()));
    }

    #[test]
    fn a_flipped_bit_is_refused(sent in sent(), part: Index, byte: Index, bit in 0..8_u8) {
        let Some(other) = sent.flipped(part, byte, bit) else { return Ok(()) };
        let same = sent.headers.iter().zip(&other.headers).all(|((_, a), (_, b))| a == b || words(a) == words(b));
        let damaged = [
            sent.method != other.method,
            sent.path != other.path,
            sent.query != other.query,
            sent.secret != other.secret,
            sent.body != other.body,
            !same,
        ];
        if damaged.contains(&true) && !is_only_in_the_key_id(&sent, &other) {
            prop_assert!(other.verify().is_err(), "{other:?}");
        }
    }

    #[test]
    fn hostile_headers_are_answered_and_never_taken(
        text in "(AWS4-HMAC-SHA256 )?(Credential=|SignedHeaders=|Signature=|[a-z0-9/;=, é]|aws4_request){0,40}",
        date in "[0-9]{8}T[0-9]{6}Z|.{0,20}",
    ) {
        let mut headers = HeaderMap::new();
        let value = |text: &str| HeaderValue::from_bytes(text.as_bytes());
        let (Ok(text), Ok(date)) = (value(&text), value(&date)) else { return Ok(()) };
        headers.insert(AUTHORIZATION, text);
        headers.insert("x-amz-date", date);
        headers.insert("host", HeaderValue::from_static("h"));
        if let Err(error) = Authorization::parse(&headers) {
            prop_assert!(!error.to_string().is_empty() && [400, 403].contains(&error.status()));
        }
    }
}
