//! Making signatures.

use super::{
    ALGORITHM, AMZ_DATE, AMZ_HASH, AMZ_TOKEN, Key, Paths, Payload, Request, Scope, Unsignable, canonical,
    hash, stamp::Stamp,
};
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::Uri;
use std::time::SystemTime;

/// Headers that proxies and HTTP clients set, change or take out on the way, sorted.
const UNSIGNED: [&str; 16] = [
    "accept-encoding",
    "authorization",
    "baggage",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// Signs a request: sets `Host` (from the URI, if there is none), `X-Amz-Date`, `X-Amz-Security-Token` for a key that
/// has one, `X-Amz-Content-Sha256` for S3, and `Authorization`.
///
/// All headers are signed that are there, but for those that change on the way; set them before.
///
/// # Errors
/// When the request names no host, or a part of the key is no text for a header.
pub fn sign<B>(
    request: &mut http::Request<B>,
    payload: Payload<'_>,
    key: &Key<'_>,
    region: &str,
    service: &str,
    now: SystemTime,
) -> Result<(), Unsignable> {
    let (stamp, paths) = (Stamp::of(now), Paths::of(service));
    let scope = Scope { date: stamp.date(), region: region.into(), service: service.into() };
    let payload = canonical::payload(payload);
    prepare(request, &payload, key, paths, stamp)?;
    let request_to_sign = Request {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
        payload: Payload::Hash(&payload),
    };
    let value = authorization(&request_to_sign, key, &scope, paths, stamp);
    let value = header(&value, "key id, region or service")?;
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(())
}

/// Sets the headers that are signed.
fn prepare<B>(
    request: &mut http::Request<B>,
    payload: &str,
    key: &Key<'_>,
    paths: Paths,
    stamp: Stamp,
) -> Result<(), Unsignable> {
    let host = host(request.uri());
    let headers = request.headers_mut();
    if !headers.contains_key(HOST) {
        headers.insert(HOST, header(&host.ok_or(Unsignable::NoHost)?, "host")?);
    }
    headers.insert(HeaderName::from_static(AMZ_DATE), header(&stamp.to_string(), "date")?);
    headers.remove(AMZ_TOKEN);
    if let Some(token) = key.token {
        headers.insert(HeaderName::from_static(AMZ_TOKEN), header(token, "session token")?);
    }
    if paths == Paths::AsSent {
        headers.insert(HeaderName::from_static(AMZ_HASH), header(payload, "payload hash")?);
    }
    Ok(())
}

fn authorization(request: &Request<'_>, key: &Key<'_>, scope: &Scope, paths: Paths, stamp: Stamp) -> String {
    let signed = names(request.headers);
    let canonical = canonical::request(request, &signed, paths);
    let string_to_sign = hash::string_to_sign(&canonical, stamp, scope);
    let signature = hash::hex(&hash::signature(key.secret, scope, &string_to_sign));
    let (id, signed) = (key.id, signed.join(";"));
    format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}")
}

/// The headers to sign, sorted.
pub(super) fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<&str> =
        headers.keys().map(HeaderName::as_str).filter(|name| UNSIGNED.binary_search(name).is_err()).collect();
    names.sort_unstable();
    names
}

/// What a client will send as `Host`: no user, and a port only where it is not the scheme's own.
fn host(uri: &Uri) -> Option<String> {
    let (host, port) = (uri.host()?.to_ascii_lowercase(), uri.port_u16());
    let own = match uri.scheme_str() {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    };
    let port = port.filter(|port| Some(*port) != own).map(|port| format!(":{port}"));
    Some(host + port.as_deref().unwrap_or_default())
}

/// A header's value; all of them are kept out of logs.
fn header(text: &str, what: &'static str) -> Result<HeaderValue, Unsignable> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Unsignable::Text(what))?;
    value.set_sensitive(matches!(what, "session token" | "key id, region or service"));
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_a_client_sends() {
        for (uri, expected) in [
            ("http://H.example/", Some("h.example")),
            ("http://h:80/", Some("h")),
            ("https://h:443/", Some("h")),
            ("https://h:80/", Some("h:80")),
            ("http://me@h:9000/a", Some("h:9000")),
            ("http://[::1]:8080/", Some("[::1]:8080")),
            ("/a", None),
        ] {
            assert_eq!(host(&uri.parse().unwrap()).as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn headers_that_change_on_the_way_are_not_signed() {
        assert!(UNSIGNED.is_sorted());
        let mut headers = HeaderMap::new();
        for name in ["user-agent", "range", "host", "expect", "x-amz-date"] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        assert_eq!(names(&headers), ["host", "range", "x-amz-date"]);
    }

    #[test]
    fn what_no_header_can_hold_is_named() {
        let sign = |id: &str, token: Option<&str>, uri: &str| {
            let mut request = http::Request::get(uri).body(()).unwrap();
            let key = Key { id, secret: "s", token };
            sign(&mut request, Payload::Bytes(b""), &key, "r", "s3", SystemTime::UNIX_EPOCH)
        };
        assert_eq!(sign("id", None, "http://h/"), Ok(()));
        assert_eq!(sign("id", None, "/"), Err(Unsignable::NoHost));
        assert_eq!(sign("id", Some("a\nb"), "http://h/"), Err(Unsignable::Text("session token")));
        assert_eq!(sign("i\nd", None, "http://h/"), Err(Unsignable::Text("key id, region or service")));
    }

    #[test]
    fn secrets_are_not_printed() {
        let key = Key { id: "AKID", secret: "hush-secret", token: Some("hush-token") };
        let mut request = http::Request::get("http://h/").body(()).unwrap();
        sign(&mut request, Payload::Bytes(b""), &key, "r", "s3", SystemTime::UNIX_EPOCH).unwrap();
        let text = format!("{key:?} {request:?}");
        assert!(text.contains("AKID") && !text.contains("hush"), "{text}");
    }
}
