//! Signatures of strangers: nothing they send is taken without the secret, and what we sign is taken however odd it is.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use libfuzzer_sys::fuzz_target;
use millrace_sign::sigv4::{Authorization, Error, Key, Paths, Payload, Request, sign};

const SECRET: &str = "the secret";
const WINDOW: Duration = Duration::from_secs(300);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

/// A line each: method, path, query, then headers, an empty line, and the body.
struct Input<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: HeaderMap,
    body: &'a [u8],
}

fn read(data: &str) -> Input<'_> {
    let (head, body) = data.split_once("\n\n").unwrap_or((data, ""));
    let mut lines = head.split('\n');
    let [method, path, query] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')).take(100) {
        let (name, value) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Input { method, path, query, headers, body: body.as_bytes() }
}

/// Headers as they came are read within bounds, and refused.
fn is_refused(input: &Input<'_>, service: &str) {
    let authorization = match Authorization::parse(&input.headers) {
        Ok(authorization) => authorization,
        Err(error) => {
            return assert!(matches!(error.status(), 400 | 403) && error.to_string().len() < 20_000);
        }
    };
    let names = &authorization.signed_headers;
    assert!(names.len() <= 64 && names.is_sorted_by(|a, b| a < b));
    assert!(authorization.key_id.len() <= 128 && authorization.scope.date.len() == 8);
    let Input { method, path, query, headers, body } = input;
    let request = Request { method, path, query, headers, payload: Payload::Bytes(body) };
    let refused = authorization.verify("a secret nobody has", &request, service, now(), WINDOW);
    if let Error::Mismatch(computed) = refused.expect_err("no fuzzer finds a signature") {
        // No part of a request can start a line of its own.
        assert_eq!(computed.canonical_request.split('\n').count(), 6 + names.len());
        assert_eq!(computed.string_to_sign.split('\n').count(), 4);
    }
}

/// The canonical request with the lines of path and query, as another secret's owner would be shown it.
fn canonical(request: &Request<'_>, authorization: &Authorization, service: &str) -> String {
    match authorization.verify("another secret", request, service, now(), WINDOW) {
        Err(Error::Mismatch(computed)) => computed.canonical_request,
        other => panic!("{other:?}"),
    }
}

/// What we sign is taken, also when it is spelled canonically, and never with another secret or body.
fn is_taken(input: &Input<'_>, service: &str) {
    let method = Method::from_bytes(input.method.as_bytes());
    let uri = format!("http://host:99/{}?{}", input.path.trim_start_matches('/'), input.query).parse::<Uri>();
    let (Ok(method), Ok(uri)) = (method, uri) else { return };
    let mut request = http::Request::new(());
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) =
        (method, uri, input.headers.clone());
    let key = Key { id: "AKID", secret: SECRET, token: None };
    sign(&mut request, Payload::Bytes(input.body), &key, "us-east-1", service, now())
        .expect("there is a host");
    let (parts, ()) = request.into_parts();
    let Ok(authorization) = Authorization::parse(&parts.headers) else {
        // Only for their number are our own refused.
        return assert!(parts.headers.keys_len() > 64 || parts.headers["authorization"].len() > 4096);
    };
    let request = Request::new(&parts, Payload::Bytes(input.body));
    let verify = |request: &Request<'_>| authorization.verify(SECRET, request, service, now(), WINDOW);
    assert_eq!(verify(&request), Ok(()));
    assert!(verify(&Request { payload: Payload::Bytes(b"another body"), ..request }).is_err());
    let canonical = canonical(&request, &authorization, service);
    let mut lines = canonical.split('\n').skip(1);
    let (path, query) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    assert_eq!(verify(&Request { query, ..request }), Ok(()));
    if Paths::of(service) == Paths::AsSent {
        assert_eq!(verify(&Request { path, ..request }), Ok(()));
    }
}

fuzz_target!(|data: &str| {
    let input = read(data);
    for service in ["s3", "cloudfront"] {
        is_refused(&input, service);
        is_taken(&input, service);
    }
});
