//! What a distribution's response headers policy makes of an answer.

use hyper::Method;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_LENGTH, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, PRAGMA, TRANSFER_ENCODING, VARY,
};
use hyper::http::request::Parts;
use millrace_model::web::{Cors, ResponseHeader, ResponseRules};

/// Fields that say where the answer ends: no policy can take those off.
const FRAMES: [HeaderName; 2] = [CONTENT_LENGTH, TRANSFER_ENCODING];

/// Applies the rules to the headers of an answer: what is removed goes first, then the rest is added.
pub(super) fn apply(rules: &ResponseRules, request: &Parts, headers: &mut HeaderMap) {
    for name in &rules.remove {
        if !FRAMES.contains(&HeaderName::from_bytes(name.as_bytes()).unwrap_or(CONTENT_LENGTH)) {
            headers.remove(name);
        }
    }
    if let Some(cors) = &rules.cors {
        share(cors, request, headers);
    }
    for ResponseHeader { name, value, replaces } in &rules.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok().filter(|name| !FRAMES.contains(name));
        let field = name.zip(HeaderValue::from_str(value).ok());
        let Some((name, value)) = field else { continue };
        if *replaces || !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
}

/// Says what pages of other sites may do, to those who ask.
///
/// An origin that speaks of it itself is believed alone, unless the policy takes its place: half of each would be the
/// policy of neither.
fn share(cors: &Cors, request: &Parts, headers: &mut HeaderMap) {
    let Some(origin) = request.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else { return };
    let said: Vec<HeaderName> = headers.keys().filter(|name| is_cors(name)).cloned().collect();
    if !said.is_empty() && !cors.replaces {
        return;
    }
    said.iter().for_each(|name| _ = headers.remove(name));
    let allowed = cors.allow(origin);
    if allowed != Some("*") || cors.credentials {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    let Some(allowed) = allowed else { return };
    // With cookies a star means nothing to browsers, so the site is named that it stands for.
    set(headers, ACCESS_CONTROL_ALLOW_ORIGIN, if cors.credentials { origin } else { allowed });
    if cors.credentials {
        set(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    if is_preflight(request) {
        set(headers, ACCESS_CONTROL_ALLOW_METHODS, &cors.methods.join(", "));
        set(headers, ACCESS_CONTROL_ALLOW_HEADERS, &allowed_headers(cors, request));
        if let Some(age) = cors.max_age {
            headers.insert(ACCESS_CONTROL_MAX_AGE, age.into());
        }
    } else {
        set(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.exposed.join(", "));
    }
}

fn is_cors(name: &HeaderName) -> bool {
    name.as_str().starts_with("access-control-")
}

/// Whether a browser asks what a page may do before it does it.
fn is_preflight(request: &Parts) -> bool {
    request.method == Method::OPTIONS && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn allowed_headers(cors: &Cors, request: &Parts) -> String {
    let all = cors.headers.iter().any(|header| header == "*");
    let asked = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).and_then(|asked| asked.to_str().ok());
    match asked {
        Some(asked) if all && cors.credentials => asked.to_owned(),
        _ => cors.headers.join(", "),
    }
}

/// Sets a field; nothing, if there is nothing to say.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Some(value) = HeaderValue::from_str(value).ok().filter(|value| !value.is_empty()) {
        headers.insert(name, value);
    }
}

/// Whether an answer carries `Server-Timing`: so many of a million, and those whose viewers ask for it. `dice` is any
/// number, as likely as any other.
pub(super) fn is_timed(rules: &ResponseRules, request: &Parts, dice: u32) -> bool {
    let Some(of_a_million) = rules.server_timing else { return false };
    let asks = |line: &HeaderValue| {
        let line = line.to_str().unwrap_or_default();
        line.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("server-timing"))
    };
    dice % 1_000_000 < of_a_million || request.headers.get_all(PRAGMA).iter().any(asks)
}

#[cfg(test)]
mod tests {
    use millrace_model::web::Glob;

    use super::*;

    const SITE: &str = "https://www.example.com";

    fn request(method: &str, list: &[(&'static str, &str)]) -> Parts {
        let mut request = hyper::Request::builder().method(method);
        for (name, value) in list {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    /// What becomes of an answer with these headers, by name.
    fn applied(rules: &ResponseRules, request: &Parts, list: &[(&'static str, &str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, value.parse().expect("a header's value"));
        }
        apply(rules, request, &mut headers);
        let line =
            |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().expect("text"));
        let mut lines: Vec<String> = headers.iter().map(line).collect();
        lines.sort();
        lines
    }

    fn cors() -> Cors {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Cors {
            origins: vec![Glob::new("*.example.com")],
            headers: texts(&["X-A", "X-B"]),
            methods: texts(&["GET", "PUT"]),
            exposed: texts(&["X-C"]),
            max_age: Some(600),
            ..Cors::default()
        }
    }

    fn of(cors: Cors) -> ResponseRules {
        ResponseRules { cors: Some(cors), ..ResponseRules::default() }
    }

    #[test]
    fn what_is_removed_goes_and_what_is_added_replaces_only_where_it_shall() {
        let header = |name: &str, value: &str, replaces| ResponseHeader {
            name: name.to_owned(),
            value: value.to_owned(),
            replaces,
        };
        let rules = ResponseRules {
            remove: ["x-powered-by", "x-gone", "content-length", "not a name"].map(str::to_owned).into(),
            headers: vec![
                header("X-Frame-Options", "DENY", true),
                header("Referrer-Policy", "no-referrer", false),
                header("X-Gone", "again", false),
                header("X-Empty", "", false),
                header("Bad Name", "x", true),
                header("X-Bad", "a\nb", true),
                header("Transfer-Encoding", "chunked", true),
            ],
            ..ResponseRules::default()
        };
        let origin = [
            ("x-powered-by", "something"),
            ("x-gone", "1"),
            ("content-length", "5"),
            ("x-frame-options", "SAMEORIGIN"),
            ("x-frame-options", "twice"),
            ("referrer-policy", "origin"),
        ];
        assert_eq!(
            applied(&rules, &request("GET", &[]), &origin),
            [
                "content-length: 5",
                "referrer-policy: origin",
                "x-empty: ",
                "x-frame-options: DENY",
                "x-gone: again"
            ]
        );
    }

    #[test]
    fn pages_of_sites_that_are_named_may_read_and_others_learn_nothing() {
        let rules = of(cors());
        assert_eq!(
            applied(&rules, &request("GET", &[("origin", SITE)]), &[]),
            [
                &format!("access-control-allow-origin: {SITE}"),
                "access-control-expose-headers: X-C",
                "vary: Origin"
            ]
        );
        assert_eq!(
            applied(&rules, &request("GET", &[("origin", "https://evil.example")]), &[]),
            ["vary: Origin"]
        );
        assert!(applied(&rules, &request("GET", &[]), &[]).is_empty());
        let everybody = of(Cors { origins: vec![Glob::new("*")], ..Cors::default() });
        assert_eq!(
            applied(&everybody, &request("GET", &[("origin", SITE)]), &[]),
            ["access-control-allow-origin: *"]
        );
    }

    #[test]
    fn a_browser_that_asks_before_is_told_methods_headers_and_for_how_long() {
        let asks = [("origin", SITE), ("access-control-request-method", "PUT")];
        assert_eq!(
            applied(&of(cors()), &request("OPTIONS", &asks), &[]),
            [
                "access-control-allow-headers: X-A, X-B",
                "access-control-allow-methods: GET, PUT",
                &format!("access-control-allow-origin: {SITE}"),
                "access-control-max-age: 600",
                "vary: Origin",
            ]
        );
        let plain = applied(&of(cors()), &request("OPTIONS", &asks[..1]), &[]);
        assert!(!plain.iter().any(|line| line.contains("methods")), "{plain:?}");
    }

    #[test]
    fn with_cookies_stars_are_spelled_out() {
        let all = Cors {
            origins: vec![Glob::new("*")],
            headers: vec!["*".to_owned()],
            credentials: true,
            ..Cors::default()
        };
        let asks = [
            ("origin", SITE),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "x-d"),
        ];
        assert_eq!(
            applied(&of(all), &request("OPTIONS", &asks), &[]),
            [
                "access-control-allow-credentials: true",
                "access-control-allow-headers: x-d",
                &format!("access-control-allow-origin: {SITE}"),
                "vary: Origin",
            ]
        );
    }

    #[test]
    fn an_origin_that_says_it_itself_is_believed_unless_it_is_replaced() {
        let asks = request("GET", &[("origin", SITE)]);
        let own = [("access-control-allow-origin", "https://other.example")];
        assert_eq!(applied(&of(cors()), &asks, &own), ["access-control-allow-origin: https://other.example"]);
        let replaced = applied(&of(Cors { replaces: true, ..cors() }), &asks, &own);
        assert_eq!(replaced[0], format!("access-control-allow-origin: {SITE}"));
    }

    #[test]
    fn so_many_of_a_million_are_timed_and_all_whose_viewers_ask() {
        let rules = |server_timing| ResponseRules { server_timing, ..ResponseRules::default() };
        let (quiet, asks) = (request("GET", &[]), request("GET", &[("pragma", "no-cache, Server-Timing")]));
        assert!(is_timed(&rules(Some(250_000)), &quiet, 3_249_999));
        assert!(!is_timed(&rules(Some(250_000)), &quiet, 250_000));
        assert!(!is_timed(&rules(Some(0)), &quiet, 0) && is_timed(&rules(Some(0)), &asks, 0));
        assert!(!is_timed(&rules(None), &asks, 0));
    }
}
