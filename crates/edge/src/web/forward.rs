//! A viewer's request as the origin gets to see it.

use hyper::header::{
    ACCEPT_ENCODING, COOKIE, EXPECT, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE, USER_AGENT, VIA,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, Uri};
use millrace_model::web::Behavior;
use millrace_origin::ViewerScheme;

use super::told::Asker;
use super::{key, told};

/// What an edge is called in `Via`: behind it, a request that comes back is known again.
const PSEUDONYM: &str = "1.1 millrace (Millrace)";

/// So many edges may stand behind one another; more of them are a circle.
const EDGES: usize = 8;

/// What origins are told of who asks, where they are not told the viewer's own: what they know from CloudFront.
const AGENT: &str = "Amazon CloudFront";

/// Fields that ask for a part, or on a condition. Of what is kept the edge asks in its own words.
pub(super) const CONDITIONS: [HeaderName; 6] =
    [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whether a request has been through so many edges that it must go in a circle.
pub(super) fn goes_in_circles(request: &HeaderMap) -> bool {
    let lines = request.get_all(VIA).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter(|one| one.trim() == PSEUDONYM).count() >= EDGES
}

/// The request for the origin. `path` and `query` are as it shall see them; none: the path makes no URI.
pub(super) fn forwarded(
    behavior: &Behavior,
    request: &Parts,
    path: &str,
    query: &str,
    asker: Asker<'_>,
) -> Option<Request<()>> {
    let query = key::selected(query, |name| behavior.sends_parameter(name));
    let uri: Uri = match query.is_empty() {
        true => path.parse().ok()?,
        false => format!("{path}?{query}").parse().ok()?,
    };
    let mut forwarded = Request::new(());
    *forwarded.method_mut() = request.method.clone();
    *forwarded.uri_mut() = uri;
    *forwarded.headers_mut() = fields(behavior, request, asker);
    forwarded.extensions_mut().insert(if asker.tls { ViewerScheme::Https } else { ViewerScheme::Http });
    Some(forwarded)
}

fn fields(behavior: &Behavior, request: &Parts, asker: Asker<'_>) -> HeaderMap {
    let method = request.method.as_str();
    let kept = behavior.caches(method);
    let mut fields = HeaderMap::with_capacity(request.headers.len() + 4);
    let mut sent = request.headers.clone();
    millrace_web::remove_hop_by_hop(&mut sent);
    // Whether a body is wanted is settled here, by hyper.
    sent.remove(EXPECT);
    for (name, value) in &sent {
        let asked_here = kept && CONDITIONS.contains(name);
        if !asked_here && behavior.sends_header(name.as_str(), method) {
            fields.append(name.clone(), value.clone());
        }
    }
    let cookies = key::cookies(&request.headers, |name| behavior.sends_cookie(name));
    set(&mut fields, COOKIE, &cookies);
    if behavior.key.gzip || behavior.key.brotli {
        set(&mut fields, ACCEPT_ENCODING, key::codings(behavior, &request.headers).field());
    }
    if !behavior.sends_header(USER_AGENT.as_str(), method) {
        set(&mut fields, USER_AGENT, AGENT);
    }
    if request.method == Method::HEAD || request.method == Method::GET {
        fields.remove(hyper::header::CONTENT_LENGTH);
    }
    // A load balancer whose word counts has said so already.
    let address = asker.address.to_canonical().to_string();
    let last = fields.get(FORWARDED_FOR).and_then(|line| line.to_str().ok()?.rsplit(',').next());
    if last.map(str::trim) != Some(&*address) {
        append(&mut fields, FORWARDED_FOR, &address);
    }
    append(&mut fields, VIA, PSEUDONYM);
    for (name, value) in told::told(asker, |name| behavior.tells(name)) {
        set(&mut fields, HeaderName::from_static(name), &value);
    }
    fields
}

/// Sets a field; nothing, if the value is empty or can't be one.
fn set(fields: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Some(value) = HeaderValue::from_str(value).ok().filter(|value| !value.is_empty()) {
        fields.insert(name, value);
    }
}

/// Puts a value behind those that are there, in one line.
fn append(fields: &mut HeaderMap, name: HeaderName, value: &str) {
    let before: Vec<&str> = fields.get_all(&name).iter().filter_map(|line| line.to_str().ok()).collect();
    let all = before.into_iter().chain([value]).collect::<Vec<_>>().join(", ");
    set(fields, name, &all);
}

#[cfg(test)]
mod tests {
    use millrace_model::web::{ForwardRules, KeyRules, Select};

    use super::*;

    fn sent(behavior: &Behavior, method: &str, uri: &str, list: &[(&'static str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in list {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let asker = Asker {
            address: [192, 0, 2, 7].into(),
            tls: true,
            country: Some("DE"),
            agent: "Mozilla/5.0 (iPad)",
        };
        let query = parts.uri.query().unwrap_or_default().to_owned();
        forwarded(behavior, &parts, parts.uri.path(), &query, asker).expect("a request")
    }

    fn value<'r>(request: &'r Request<()>, name: &str) -> Option<&'r str> {
        request.headers().get(name)?.to_str().ok()
    }

    #[test]
    fn nothing_of_the_viewer_goes_to_the_origin_that_no_rule_sends() {
        let list =
            [("cookie", "a=1"), ("x-a", "1"), ("user-agent", "curl"), ("range", "bytes=0-1"), ("host", "h")];
        let request = sent(&Behavior::of("origin"), "GET", "/p?a=1", &list);
        assert_eq!(request.uri(), "/p");
        assert_eq!(value(&request, "user-agent"), Some("Amazon CloudFront"));
        assert_eq!(value(&request, "x-forwarded-for"), Some("192.0.2.7"));
        assert_eq!(value(&request, "via"), Some(PSEUDONYM));
        assert_eq!(request.headers().len(), 3, "{request:?}");
    }

    #[test]
    fn rules_send_parameters_headers_and_cookies() {
        let forward = ForwardRules { headers: Select::All, ..ForwardRules::default() };
        let key =
            KeyRules { query: Select::these(["a"]), cookies: Select::these(["c"]), ..KeyRules::default() };
        let behavior = Behavior { key, forward, ..Behavior::of("origin") };
        let list = [("cookie", "a=1; c=2"), ("x-a", "1"), ("x-forwarded-for", "198.51.100.1"), ("host", "h")];
        let request = sent(&behavior, "GET", "/p?a=1&b=2", &list);
        assert_eq!(request.uri(), "/p?a=1");
        assert_eq!(value(&request, "cookie"), Some("c=2"));
        assert_eq!((value(&request, "x-a"), value(&request, "host")), (Some("1"), Some("h")));
        assert_eq!(value(&request, "x-forwarded-for"), Some("198.51.100.1, 192.0.2.7"));
    }

    #[test]
    fn conditions_of_viewers_reach_origins_only_of_what_is_not_kept() {
        let list = [("if-match", "\"a\""), ("if-none-match", "*"), ("range", "bytes=0-1")];
        let kept = sent(&Behavior::of("origin"), "GET", "/", &list);
        assert_eq!(value(&kept, "if-match"), None);
        let put = sent(&Behavior::of("origin"), "PUT", "/", &list);
        assert_eq!((value(&put, "if-match"), value(&put, "if-none-match")), (Some("\"a\""), Some("*")));
    }

    #[test]
    fn the_edge_tells_what_it_is_asked_for_by_name() {
        let told =
            ["cloudfront-viewer-country", "cloudfront-is-tablet-viewer", "cloudfront-is-desktop-viewer"];
        let key = KeyRules { headers: Select::these(told), ..KeyRules::default() };
        let behavior = Behavior { key, ..Behavior::of("origin") };
        let request = sent(&behavior, "GET", "/", &[("cloudfront-viewer-country", "US")]);
        assert_eq!(told.map(|name| value(&request, name)), [Some("DE"), Some("true"), Some("false")]);
    }

    #[test]
    fn what_is_for_the_edge_only_goes_no_further() {
        let forward = ForwardRules { headers: Select::All, ..ForwardRules::default() };
        let behavior = Behavior { forward, ..Behavior::of("origin") };
        let list = [("connection", "x-a, close"), ("x-a", "1"), ("expect", "100-continue"), ("x-b", "1")];
        let request = sent(&behavior, "POST", "/", &list);
        assert_eq!(
            ["connection", "x-a", "expect", "x-b"].map(|name| value(&request, name)),
            [None, None, None, Some("1")]
        );
        let told = sent(&behavior, "GET", "/", &[("x-forwarded-for", "198.51.100.1, 192.0.2.7")]);
        assert_eq!(value(&told, "x-forwarded-for"), Some("198.51.100.1, 192.0.2.7"));
    }

    #[test]
    fn circles_end() {
        let mut fields = HeaderMap::new();
        append(&mut fields, VIA, "1.1 other");
        for _ in 0..EDGES {
            assert!(!goes_in_circles(&fields));
            append(&mut fields, VIA, PSEUDONYM);
        }
        assert!(goes_in_circles(&fields));
    }
}
