//! What tells copies apart: path, and what a behaviour counts of query, headers and cookies.

use std::borrow::Cow;

use hyper::header::{ACCEPT_ENCODING, COOKIE, HeaderMap};
use hyper::{Method, http};
use millrace_cache::CopyKey;
use millrace_model::web::{Behavior, Select};
use millrace_web::{Coding, Codings};

use super::told::{self, Asker};

/// Parameters that are a signature's and nobody else's business.
const OF_SIGNATURES: [&str; 5] = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/// The query without what signs it: that is for the edge, and no two viewers have the same.
pub(super) fn without_signature<'q>(behavior: &Behavior, query: &'q str) -> Cow<'q, str> {
    if behavior.trusted_keys.is_none() {
        return query.into();
    }
    selected(query, |name| !OF_SIGNATURES.contains(&name)).into()
}

/// The parameters that a rule takes, in the order and the form in which they were sent.
pub(super) fn selected(query: &str, takes: impl Fn(&str) -> bool) -> String {
    if query.is_empty() {
        return String::new();
    }
    let kept: Vec<&str> =
        query.split('&').filter(|parameter| takes(parameter.split('=').next().unwrap_or_default())).collect();
    kept.join("&")
}

/// The codings that count for a viewer: those that he takes and the behaviour tells apart.
pub(super) fn codings(behavior: &Behavior, request: &HeaderMap) -> Codings {
    Codings::of(request).both(Codings { brotli: behavior.key.brotli, gzip: behavior.key.gzip })
}

/// How the edge compresses what this viewer gets.
pub(super) fn coding(behavior: &Behavior, request: &http::request::Parts) -> Option<Coding> {
    // HTTP/1.0 has no chunks, and compressed lengths are not known.
    let compresses = behavior.compress && request.version > http::Version::HTTP_10;
    compresses.then(|| codings(behavior, &request.headers).best()).flatten()
}

/// What one copy is found by. Nothing of it is allocated where only path and codings count.
pub(super) struct Key<'k> {
    distribution: &'k str,
    resource: Cow<'k, str>,
    rest: Cow<'static, str>,
}

impl<'k> Key<'k> {
    /// That of the copy that answers a request. `path` is as the origin gets it; `query` has no signature any more.
    pub(super) fn of(
        distribution: &'k str,
        behavior: &Behavior,
        method: &Method,
        path: &'k str,
        query: &str,
        request: &HeaderMap,
        asker: Asker<'_>,
    ) -> Self {
        let query = match &behavior.key.query {
            Select::None => String::new(),
            rule => selected(query, |name| rule.takes(name)),
        };
        let resource = if query.is_empty() { path.into() } else { format!("{path}?{query}").into() };
        Self { distribution, resource, rest: rest(behavior, method, request, asker) }
    }

    /// As the cache knows it.
    pub(super) fn copy(&self) -> CopyKey<'_> {
        CopyKey { distribution: self.distribution, resource: &self.resource, rest: &self.rest }
    }
}

/// Everything else. No value of a header can have the line ends in it that stand between the parts.
fn rest(behavior: &Behavior, method: &Method, request: &HeaderMap, asker: Asker<'_>) -> Cow<'static, str> {
    // Reduced to what the behaviour tells apart; where a rule takes the field as it is, it is one like all others.
    let reduced = behavior.key.gzip || behavior.key.brotli;
    let codings = if reduced { codings(behavior, request).field() } else { "" };
    let more = behavior.key.headers != Select::None || behavior.key.cookies != Select::None;
    if *method != Method::OPTIONS && !more {
        return codings.into();
    }
    let mut rest = String::new();
    if *method == Method::OPTIONS {
        rest.push_str("OPTIONS\n");
    }
    rest.push_str(codings);
    if behavior.key.headers != Select::None {
        push_lines(&mut rest, behavior, request, asker);
    }
    if behavior.key.cookies != Select::None {
        rest.push_str("\n\n");
        rest.push_str(&cookies(request, |name| behavior.key.cookies.takes(name)));
    }
    rest.into()
}

/// The fields that count, one in a line: the viewer's, and what the edge tells.
fn push_lines(rest: &mut String, behavior: &Behavior, request: &HeaderMap, asker: Asker<'_>) {
    let key = &behavior.key;
    let reduced = key.gzip || key.brotli;
    let told = match key.headers.names_some(told::BEGINNING) {
        true => told::told(asker, |name| key.headers.names(name)),
        false => Vec::new(),
    };
    let told = told.iter().map(|(name, value)| (*name, value.as_bytes()));
    let sent = request.iter().filter(|(name, _)| **name != COOKIE && !(reduced && **name == ACCEPT_ENCODING));
    let sent = sent.map(|(name, value)| (name.as_str(), value.as_bytes().trim_ascii()));
    let sent = sent.filter(|(name, _)| key.headers.takes(name) && !told::is_edges(name));
    let mut lines: Vec<(&str, &[u8])> = sent.chain(told).collect();
    // The order of names means nothing; that of the lines of one name does, and a stable sort keeps it.
    lines.sort_by_key(|(name, _)| *name);
    for (name, value) in lines {
        rest.push('\n');
        rest.push_str(name);
        rest.push(':');
        // A character for each byte: what is no UTF-8 is told apart as well.
        rest.extend(value.iter().copied().map(char::from));
    }
}

/// The cookies that a rule takes, in their order.
pub(super) fn cookies(request: &HeaderMap, takes: impl Fn(&str) -> bool) -> String {
    if !request.contains_key(COOKIE) {
        return String::new();
    }
    let lines = request.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let kept: Vec<&str> = lines
        .flat_map(|line| line.split(';'))
        .map(str::trim)
        .filter(|cookie| !cookie.is_empty())
        .filter(|cookie| takes(cookie.split('=').next().unwrap_or_default().trim()))
        .collect();
    kept.join("; ")
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};
    use millrace_model::web::KeyRules;

    use super::*;

    fn fields(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for (name, value) in list {
            fields.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        fields
    }

    fn asker(country: &str) -> Asker<'_> {
        Asker { address: [192, 0, 2, 7].into(), tls: false, country: Some(country), agent: "an iPad" }
    }

    fn named(key: KeyRules, query: &str, list: &[(&'static str, &'static str)]) -> (String, String) {
        let behavior = Behavior { key, ..Behavior::of("origin") };
        let fields = fields(list);
        let key = Key::of("E1", &behavior, &Method::GET, "/a", query, &fields, asker("DE"));
        (key.resource.into_owned(), key.rest.into_owned())
    }

    #[test]
    fn without_rules_only_the_path_counts() {
        let list = [("accept-encoding", "gzip"), ("cookie", "a=1"), ("x-a", "1"), ("host", "evil.example")];
        assert_eq!(named(KeyRules::default(), "a=1&b=2", &list), ("/a".to_owned(), String::new()));
    }

    #[test]
    fn parameters_count_in_their_order() {
        let all = || KeyRules { query: Select::All, ..KeyRules::default() };
        assert_eq!(named(all(), "b=2&a=1&&c", &[]).0, "/a?b=2&a=1&&c");
        assert_ne!(named(all(), "a=1&b=2", &[]), named(all(), "b=2&a=1", &[]));
        let some = KeyRules { query: Select::these(["a"]), ..KeyRules::default() };
        assert_eq!(named(some, "b=2&a=1&ab=3&a", &[]).0, "/a?a=1&a");
    }

    #[test]
    fn headers_and_cookies_count_by_name_and_can_not_pass_for_each_other() {
        let rules = || KeyRules {
            headers: Select::these(["x-a", "x-b"]),
            cookies: Select::these(["c"]),
            ..KeyRules::default()
        };
        let one = named(rules(), "", &[("x-b", " 2 "), ("x-a", "1"), ("cookie", "d=4; c=3"), ("x-c", "5")]);
        assert_eq!(one.1, "\nx-a:1\nx-b:2\n\nc=3");
        for other in [
            &[("x-a", "1"), ("x-b", "2")][..],
            &[("x-a", "1"), ("cookie", "c=3")],
            &[("x-a", "1, x-b:2"), ("cookie", "c=3")],
            &[("x-a", "1"), ("x-b", "2"), ("cookie", "c=4")],
        ] {
            assert_ne!(named(rules(), "", other), one);
        }
    }

    #[test]
    fn a_field_that_a_rule_takes_counts_as_it_is() {
        let rules = || KeyRules { headers: Select::these(["accept-encoding", "x-a"]), ..KeyRules::default() };
        let line = |line| named(rules(), "", &[("accept-encoding", line)]).1;
        assert_ne!(line("gzip"), line("br"));
        let behavior = Behavior { key: rules(), ..Behavior::of("origin") };
        let raw = |byte: u8| {
            let mut fields = HeaderMap::new();
            fields.append("x-a", HeaderValue::from_bytes(&[byte]).expect("a header's value"));
            Key::of("E1", &behavior, &Method::GET, "/a", "", &fields, asker("DE")).rest
        };
        assert_ne!(raw(0xfe), raw(0xff));
    }

    #[test]
    fn of_what_the_edge_knows_its_own_word_counts() {
        let names = ["cloudfront-viewer-country", "cloudfront-is-tablet-viewer", "x-a"];
        let key = KeyRules { headers: Select::these(names), ..KeyRules::default() };
        let behavior = Behavior { key, ..Behavior::of("origin") };
        let rest = |country, list| {
            let fields = fields(list);
            Key::of("E1", &behavior, &Method::GET, "/a", "", &fields, asker(country)).rest.into_owned()
        };
        let lie = &[("cloudfront-viewer-country", "DE"), ("x-a", "1")];
        let known = "\ncloudfront-is-tablet-viewer:true\ncloudfront-viewer-country";
        assert_eq!(rest("DE", &[("x-a", "1")]), format!("{known}:DE\nx-a:1"));
        assert_eq!(rest("US", lie), format!("{known}:US\nx-a:1"));
    }

    #[test]
    fn codings_count_as_classes() {
        let rules = || KeyRules { gzip: true, brotli: true, ..KeyRules::default() };
        let class = |line| named(rules(), "", &[("accept-encoding", line)]).1;
        assert_eq!(class("gzip, deflate, br"), "br,gzip");
        assert_eq!(class("br;q=0.1,gzip;q=1.0"), class("gzip, deflate, br"));
        assert_eq!((class("deflate").as_str(), class("gzip").as_str()), ("identity", "gzip"));
    }

    #[test]
    fn what_signs_a_query_is_no_part_of_it() {
        let open = Behavior::of("origin");
        let signed = Behavior { trusted_keys: Some(Vec::new()), ..open.clone() };
        let query = "a=1&Expires=1&Signature=x~&Key-Pair-Id=K&b=2&Policy=p&Hash-Algorithm=SHA256";
        assert_eq!(without_signature(&signed, query), "a=1&b=2");
        assert_eq!(without_signature(&open, query), query);
    }
}
