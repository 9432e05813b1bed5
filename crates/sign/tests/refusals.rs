//! What is refused, with which code, and with words that help.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use http::header::{AUTHORIZATION, DATE, HOST, HeaderMap, HeaderName, HeaderValue};
use millrace_sign::sigv4::{Authorization, Error, Key, Payload, Request, sign};
use std::time::{Duration, SystemTime};

const SECRET: &str = "a secret";
const WINDOW: Duration = Duration::from_secs(300);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A signed `POST` to the control API.
fn signed() -> http::Request<()> {
    let mut request =
        http::Request::post("http://127.0.0.1:8080/2020-05-31/tagging?Operation=Tag&Resource=arn%3Ax")
            .header("content-type", "application/xml")
            .body(())
            .unwrap();
    let key = Key { id: "AKIDEXAMPLE", secret: SECRET, token: None };
    sign(&mut request, Payload::Bytes(b"<Tags/>"), &key, "eu-west-1", "cloudfront", now()).unwrap();
    request
}

fn verify_at(request: http::Request<()>, now: SystemTime) -> Result<(), Error> {
    let (parts, ()) = request.into_parts();
    let authorization = Authorization::parse(&parts.headers)?;
    let request = Request::new(&parts, Payload::Bytes(b"<Tags/>"));
    authorization.verify(SECRET, &request, "cloudfront", now, WINDOW)
}

fn verify(request: http::Request<()>) -> Result<(), Error> {
    verify_at(request, now())
}

fn insert(request: &mut http::Request<()>, name: &'static str, value: &str) {
    request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
}

fn authorization(request: &http::Request<()>) -> String {
    request.headers()[AUTHORIZATION].to_str().unwrap().to_owned()
}

/// The signed request with an edited `Authorization` header.
fn edited(from: &str, to: &str) -> Error {
    let mut request = signed();
    let text = authorization(&request);
    assert!(text.contains(from), "{text}");
    insert(&mut request, "authorization", &text.replace(from, to));
    verify(request).unwrap_err()
}

fn is(error: &Error, status: u16, code: &str, says: &str) {
    let text = error.to_string();
    assert_eq!((error.status(), error.code()), (status, code), "{text}");
    assert!(text.contains(says), "{says:?} is not in {text}");
}

#[test]
fn what_is_signed_well_is_taken() {
    assert_eq!(verify(signed()), Ok(()));
    let (parts, ()) = signed().into_parts();
    let authorization = Authorization::parse(&parts.headers).unwrap();
    assert_eq!(authorization.key_id, "AKIDEXAMPLE");
    assert_eq!(authorization.scope.to_string(), "20150830/eu-west-1/cloudfront/aws4_request");
    assert_eq!(authorization.signed_headers, ["content-type", "host", "x-amz-date"]);
}

#[test]
fn blanks_and_order_in_the_header_do_not_matter() {
    let text = authorization(&signed());
    let (algorithm, parts) = text.split_once(' ').unwrap();
    let parts: Vec<&str> = parts.split(", ").collect();
    for joined in [parts.join(","), parts.join(" ,  "), [parts[2], parts[0], parts[1]].join(", ")] {
        let mut request = signed();
        insert(&mut request, "authorization", &format!("{algorithm} {joined}"));
        assert_eq!(verify(request), Ok(()), "{joined}");
    }
}

#[test]
fn nothing_sent() {
    for text in ["", "  "] {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(text));
        is(
            &Authorization::parse(&headers).unwrap_err(),
            403,
            "MissingAuthenticationToken",
            "no Authorization",
        );
    }
    is(&Authorization::parse(&HeaderMap::new()).unwrap_err(), 403, "MissingAuthenticationToken", "sign it");
}

#[test]
fn other_algorithms_are_told_which_one_is_taken() {
    for text in
        ["AWS AKID:c2ln", "AWS4-ECDSA-P256-SHA256 Credential=a", "Basic eDp5", "AWS4-HMAC-SHA256Credential=x"]
    {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(text));
        let error = Authorization::parse(&headers).unwrap_err();
        is(&error, 400, "IncompleteSignature", "only AWS4-HMAC-SHA256");
        assert!(!error.to_string().contains("c2ln"), "{error}");
    }
}

#[test]
fn parts_that_are_missing_or_garbled_are_named() {
    let many = (0..65).map(|number| format!("h{number:02}")).collect::<Vec<_>>().join(";");
    let long = "k".repeat(129);
    let longer = "k".repeat(4096);
    for (from, to, says) in [
        ("Credential=", "Credentials=", "knows no \"Credentials\""),
        ("Credential=", "Credential", "\"CredentialAKIDEXAMPLE"),
        ("SignedHeaders=content-type;host;x-amz-date, ", "", "requires the part SignedHeaders"),
        ("content-type;host;x-amz-date", "", "requires the part SignedHeaders"),
        ("Signature=", "SignedHeaders=", "SignedHeaders twice"),
        ("Signature=", "Signature=0", "64 lower-case hex"),
        ("/aws4_request", "", "KEY/DATE/REGION"),
        ("aws4_request", "aws5_request", "end in aws4_request"),
        ("20150830/", "2015083/", "yyyymmdd"),
        ("/eu-west-1/", "//", "region"),
        ("AKIDEXAMPLE", "", "key id"),
        ("AKIDEXAMPLE", &long, "longer than 128"),
        ("AKIDEXAMPLE", &longer, "longer than 4096"),
        ("content-type;host", "Content-Type;host", "no lower-case name"),
        ("content-type;host", "content type;host", "no lower-case name"),
        ("content-type;host", ";host", "no lower-case name"),
        ("content-type;host", "host;content-type", "sorted"),
        ("content-type;host", "host;host", "sorted"),
        ("content-type;host;x-amz-date", &many, "more than 64"),
    ] {
        is(&edited(from, to), 400, "IncompleteSignature", says);
    }
}

#[test]
fn headers_that_may_come_once_come_once() {
    for name in ["authorization", "x-amz-date"] {
        let mut request = signed();
        let value = request.headers()[name].clone();
        request.headers_mut().append(HeaderName::from_static(name), value);
        is(&verify(request).unwrap_err(), 400, "IncompleteSignature", name);
    }
}

#[test]
fn a_date_is_needed_and_either_header_will_do() {
    let mut request = signed();
    insert(&mut request, "x-amz-date", "yesterday");
    is(&verify(request).unwrap_err(), 400, "IncompleteSignature", "X-Amz-Date has to be");
    let mut request = signed();
    request.headers_mut().remove("x-amz-date");
    is(&verify(request).unwrap_err(), 400, "IncompleteSignature", "requires an X-Amz-Date or a Date");
    let mut request = signed();
    request.headers_mut().remove("x-amz-date");
    request.headers_mut().insert(DATE, HeaderValue::from_static("Sun, 30 Aug 2015 12:36:00 -0000"));
    let authorization = Authorization::parse(request.headers()).unwrap();
    assert!(format!("{authorization:?}").contains("20150830T123600Z"));
}

#[test]
fn another_service_and_another_day() {
    let error = edited("/cloudfront/", "/s3/");
    is(&error, 403, "SignatureDoesNotMatch", "Credential should be scoped to correct service: 'cloudfront'.");
    is(&edited("20150830/", "20150829/"), 403, "SignatureDoesNotMatch", "scope is 20150829");
    // Any region is good, but it is part of what is signed.
    assert!(matches!(edited("eu-west-1", "us-east-1"), Error::Mismatch(_)));
}

#[test]
fn clocks_may_be_apart_by_the_window_and_no_more() {
    assert_eq!(verify_at(signed(), now() + WINDOW), Ok(()));
    assert_eq!(verify_at(signed(), now() - WINDOW), Ok(()));
    let error = verify_at(signed(), now() + WINDOW + seconds(1)).unwrap_err();
    let says = "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)";
    is(&error, 403, "SignatureDoesNotMatch", says);
    let error = verify_at(signed(), now() - WINDOW - seconds(1)).unwrap_err();
    let says =
        "not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)";
    is(&error, 403, "SignatureDoesNotMatch", says);
}

#[test]
fn host_and_all_amz_headers_have_to_be_signed() {
    let mut request = signed();
    insert(&mut request, "x-amz-security-token", "added behind");
    is(&verify(request).unwrap_err(), 403, "SignatureDoesNotMatch", "\"x-amz-security-token\" has to be");
    is(&edited("host;", ""), 403, "SignatureDoesNotMatch", "\"host\" has to be");
    is(&edited(";x-amz-date", ""), 403, "SignatureDoesNotMatch", "\"x-amz-date\" has to be");
    let mut request = signed();
    insert(&mut request, "amz-sdk-request", "attempt=1");
    insert(&mut request, "user-agent", "any");
    assert_eq!(verify(request), Ok(()));
}

#[test]
fn a_signed_header_that_was_lost_is_named() {
    for name in [HOST, HeaderName::from_static("content-type")] {
        let mut request = signed();
        request.headers_mut().remove(&name);
        is(&verify(request).unwrap_err(), 403, "SignatureDoesNotMatch", "was not received");
    }
}

#[test]
fn a_mismatch_shows_what_was_computed_but_no_secret() {
    let mut request = signed();
    insert(&mut request, "host", "other");
    let error = verify(request).unwrap_err();
    is(
        &error,
        403,
        "SignatureDoesNotMatch",
        "Operation=Tag&Resource=arn%3Ax\ncontent-type:application/xml\nhost:other\n",
    );
    is(&error, 403, "SignatureDoesNotMatch", "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/eu-west-1/");
    let signature = authorization(&signed()).split_once("Signature=").unwrap().1.to_owned();
    let text = format!("{error:?} {error}");
    assert!(!text.contains(SECRET) && !text.contains(&signature), "{text}");
}

#[test]
fn an_unknown_key_has_its_code() {
    is(&Error::UnknownKey("AKIDX".into()), 403, "InvalidClientTokenId", "AKIDX");
}
