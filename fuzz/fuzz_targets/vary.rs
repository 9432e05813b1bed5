//! Answers that vary, codings that viewers take, and conditions: who asks twice alike gets the same, and nobody is taken
//! for somebody else.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use millrace_web::{Codings, Validators, Variant, Verdict, judge, remove_hop_by_hop};

/// The fields of a head as it would come, as far as they are some.
fn fields(text: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n').take(64) {
        let at = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = (&line[..at], line.get(at + 1..).unwrap_or_default());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            fields.append(name, value);
        }
    }
    fields
}

/// The lines of each name as one line, which means the same (RFC 9110 §5.3).
fn joined(fields: &HeaderMap) -> HeaderMap {
    let mut joined = HeaderMap::new();
    for name in fields.keys() {
        let lines: Vec<&[u8]> = fields.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(line) = HeaderValue::from_bytes(&lines.join(&b", "[..])) {
            joined.insert(name, line);
        }
    }
    joined
}

fn varies(answer: &HeaderMap, one: &HeaderMap, other: &HeaderMap) {
    let Some(variant) = Variant::of(answer, one) else { return };
    assert!(variant.names().count() <= 32);
    assert!(variant.matches(one) && variant.matches(&joined(one)), "{answer:?} {one:?}");
    if variant.matches(other) {
        assert_eq!(Variant::of(answer, other).as_ref(), Some(&variant));
        for name in variant.names() {
            assert_eq!(one.contains_key(name), other.contains_key(name), "{name}");
        }
    }
    let mut more = one.clone();
    let unnamed = HeaderName::from_static("x-not-named-by-anybody");
    if variant.names().all(|name| *name != unnamed) {
        more.append(unnamed, HeaderValue::from_static("x"));
        assert!(variant.matches(&more));
    }
}

fn is_taken(request: &HeaderMap) {
    let codings = Codings::of(request);
    let mut said = HeaderMap::new();
    said.insert(http::header::ACCEPT_ENCODING, HeaderValue::from_static(codings.field()));
    assert_eq!(Codings::of(&said), codings, "{request:?}");
    assert_eq!(codings.both(codings), codings);
    assert_eq!(codings.both(Codings::default()), Codings::default());
    assert_eq!(codings.best().is_some(), codings.brotli || codings.gzip);
}

fn is_judged(answer: &HeaderMap, request: &HeaderMap) {
    let version = Validators::of(answer);
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        let verdict = judge(&method, request, &version);
        assert!(verdict != Verdict::NotModified || method != Method::PUT);
        let asks = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"];
        assert!(
            verdict == Verdict::Send || asks.iter().any(|name| request.contains_key(*name)),
            "{request:?}"
        );
    }
    // Who sends back what he got has it already.
    let mut again = HeaderMap::new();
    if let Some(tag) = answer.get(http::header::ETAG).filter(|tag| is_tag(tag)) {
        again.insert(http::header::IF_NONE_MATCH, tag.clone());
        assert_eq!(judge(&Method::GET, &again, &version), Verdict::NotModified, "{tag:?}");
    }
}

/// Whether it is an entity tag (RFC 9110 §8.8.3).
fn is_tag(tag: &HeaderValue) -> bool {
    let Ok(text) = tag.to_str() else { return false };
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte > b' ' && byte != b'"'))
}

// An answer's fields and two requests', each set ended by an empty line.
fuzz_target!(|data: &[u8]| {
    let mut sets: Vec<&[u8]> = Vec::new();
    let mut rest = data;
    while sets.len() < 2 {
        let at = rest.windows(2).position(|two| two == b"\n\n").unwrap_or(rest.len());
        sets.push(&rest[..at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    let [answer, one, other] = [sets[0], sets[1], rest].map(fields);
    varies(&answer, &one, &other);
    varies(&answer, &other, &one);
    is_taken(&one);
    is_judged(&answer, &one);
    let mut passed = one.clone();
    remove_hop_by_hop(&mut passed);
    for name in ["connection", "transfer-encoding", "te", "upgrade", "keep-alive", "trailer"] {
        assert!(!passed.contains_key(name), "{name}");
    }
    let mut twice = passed.clone();
    remove_hop_by_hop(&mut twice);
    assert_eq!(twice, passed);
});
