//! Requests to the control plane: nothing panics, what is understood comes back the same, and so does what is refused.
//!
//! The first line is the method and the target, the second what If-Match says, all others are the body.
#![no_main]

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use millrace_control::shape::{Bound, Call, Fault, Place, Segment, encode_error, model, version_in};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

fn understood(method: &str, target: &str, headers: &HeaderMap, body: &[u8]) -> Result<Call, Fault> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let routed = model().route(method, path, query)?;
    assert_eq!(routed.version, version_in(path));
    model().decode(routed, headers, body)
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The request that means a call, written anew.
fn written(call: &Call) -> (String, HeaderMap, String) {
    let Call { operation, input, version } = call;
    let text = |name: &str| input.get(name).and_then(|value| value.as_str());
    let mut target = format!("/{version}");
    for segment in &operation.path {
        target.push('/');
        match segment {
            Segment::Literal(word) => target.push_str(word),
            Segment::Label(name) => target.push_str(&escaped(text(name).expect("the path had it"))),
        }
    }
    let fixed = operation.query.iter().map(|(key, value)| format!("{key}={}", value.unwrap_or_default()));
    let mut query: Vec<String> = fixed.collect();
    let (mut headers, mut body) = (HeaderMap::new(), String::new());
    for Bound { place, member } in &operation.input {
        match (place, input.get(member.name)) {
            (Place::Query, Some(value)) => {
                query.push(format!("{}={}", member.wire, escaped(value.as_str().expect("all are text"))));
            }
            (Place::Header, Some(value)) => {
                let value = HeaderValue::from_str(value.as_str().expect("it is text")).expect("it was one");
                headers.insert(member.wire, value);
            }
            (Place::Body, Some(value)) => body = model().document(member.wire, member.of, version, value),
            _ => {}
        }
    }
    (format!("{target}?{}", query.join("&")), headers, body)
}

fn comes_back(call: &Call) {
    let (target, headers, body) = written(call);
    assert_eq!(understood(call.operation.method, &target, &headers, body.as_bytes()).as_ref(), Ok(call));
    let Some(member) = call.operation.body() else { return };
    let Some(value) = call.input.get(member.name) else { return };
    let shape = model()[member.of].name;
    assert_eq!(model().check(shape, value).as_ref(), Ok(value));
}

/// Whatever a message quotes, it is short, and the answer that carries it is XML.
fn can_be_sent(fault: &Fault, path: &str) {
    assert!(fault.message.len() < 4096, "{}", fault.message);
    assert!((400..500).contains(&fault.status()));
    let body = encode_error(version_in(path), fault.status(), fault.code, &fault.message, "id");
    assert!(model().read("TagKeys", body.as_bytes()).is_ok(), "{body}");
}

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let [request, if_match, body] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let request = String::from_utf8_lossy(request);
    let (method, target) = request.split_once(' ').unwrap_or((&request, ""));
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(if_match) {
        headers.insert("if-match", value);
    }
    match understood(method, target, &headers, body) {
        Ok(call) => comes_back(&call),
        Err(fault) => can_be_sent(&fault, target),
    }
});
