//! What of a request tells cached copies apart, and what of it the origin gets to see.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Behavior, Select};

/// What enters the cache key, and for that goes to the origin too.
///
/// Parameters stay in the order in which they were sent: with another order it is another copy, as it is at CloudFront.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyRules {
    /// Parameters of the query.
    pub query: Select,
    /// Headers. With all of them no two requests are alike, so nothing is kept.
    pub headers: Select,
    /// Cookies.
    pub cookies: Select,
    /// Whether viewers who take gzip get a copy of their own; what they say they take is reduced to that.
    pub gzip: bool,
    /// The same of Brotli.
    pub brotli: bool,
}

/// What goes to the origin besides, and tells no copies apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForwardRules {
    /// Parameters of the query.
    pub query: Select,
    /// Headers that viewers sent.
    pub headers: Select,
    /// Cookies.
    pub cookies: Select,
    /// Headers by which the edge tells what it knows of the viewer (`cloudfront-viewer-country`), in lower case, where
    /// `headers` is no list that could name them.
    pub told: BTreeSet<String>,
}

/// Headers that `ForwardedValues` keeps from the origin unless they are listed: all others go there.
pub const NOT_FORWARDED: [&str; 12] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "expect",
    "host",
    "referer",
    "te",
    "user-agent",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Headers that go to the origin whatever is configured: without them a request would mean something else.
const ALWAYS: [&str; 18] = [
    "cache-control",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "from",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "range",
    "via",
    "warning",
    "x-forwarded-for",
];

/// Headers that are about one connection, or are made anew, or that nobody but an edge may write: never a viewer's own.
fn is_ours(name: &str) -> bool {
    let hop = [
        "connection",
        "cookie",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-amz-cf-id",
    ];
    hop.contains(&name) || name.starts_with("x-edge-") || name.starts_with("cloudfront-")
}

impl Behavior {
    /// Whether a viewer's header (in lower case) goes to the origin. Cookies have rules of their own.
    #[must_use]
    pub fn sends_header(&self, name: &str, method: &str) -> bool {
        if is_ours(name) {
            return false;
        }
        // What is kept for others must not depend on who asked; what is not kept may.
        let own = name == "authorization" && !self.caches(method);
        own || ALWAYS.contains(&name) || self.key.headers.takes(name) || self.forward.headers.takes(name)
    }

    /// Whether the origin is told what the edge knows of the viewer by this header (in lower case), such as
    /// `cloudfront-viewer-country`.
    #[must_use]
    pub fn tells(&self, name: &str) -> bool {
        self.key.headers.names(name) || self.forward.headers.names(name) || self.forward.told.contains(name)
    }

    /// Whether a parameter of the query goes to the origin.
    #[must_use]
    pub fn sends_parameter(&self, name: &str) -> bool {
        self.key.query.takes(name) || self.forward.query.takes(name)
    }

    /// Whether a cookie goes to the origin.
    #[must_use]
    pub fn sends_cookie(&self, name: &str) -> bool {
        self.key.cookies.takes(name) || self.forward.cookies.takes(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behavior(key: KeyRules, forward: ForwardRules) -> Behavior {
        Behavior { key, forward, ..Behavior::of("origin") }
    }

    fn old(headers: &[&str]) -> Behavior {
        let key = KeyRules { headers: Select::these(headers.iter().copied()), ..KeyRules::default() };
        let forward = ForwardRules { headers: Select::all_but(NOT_FORWARDED), ..ForwardRules::default() };
        behavior(key, forward)
    }

    #[test]
    fn what_is_in_the_key_goes_to_the_origin_and_more_may() {
        let these = |name| Select::these([name]);
        let key =
            KeyRules { query: these("a"), headers: these("a"), cookies: these("a"), ..KeyRules::default() };
        let forward = ForwardRules {
            query: these("b"),
            headers: these("b"),
            cookies: these("b"),
            ..ForwardRules::default()
        };
        let behavior = behavior(key, forward);
        for (name, sent) in [("a", true), ("b", true), ("c", false)] {
            assert_eq!(behavior.sends_parameter(name), sent, "{name}");
            assert_eq!(behavior.sends_cookie(name), sent, "{name}");
            assert_eq!(behavior.sends_header(name, "GET"), sent, "{name}");
        }
    }

    #[test]
    fn forwarded_values_send_all_headers_but_some_and_policies_none_but_some() {
        let (old, new) = (old(&["accept"]), behavior(KeyRules::default(), ForwardRules::default()));
        for (name, by_old, by_new) in [
            ("x-anything", true, false),
            ("origin", true, false),
            ("accept", true, false),
            ("accept-language", false, false),
            ("user-agent", false, false),
            ("host", false, false),
            ("content-type", true, true),
            ("range", true, true),
        ] {
            assert_eq!(
                (old.sends_header(name, "GET"), new.sends_header(name, "GET")),
                (by_old, by_new),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_about_a_connection_or_only_an_edge_may_write_never_comes_from_a_viewer() {
        let all = behavior(KeyRules { headers: Select::All, ..KeyRules::default() }, ForwardRules::default());
        for name in [
            "connection",
            "upgrade",
            "proxy-authorization",
            "x-edge-anything",
            "cloudfront-viewer-country",
            "cookie",
        ] {
            assert!(!all.sends_header(name, "GET"), "{name}");
        }
        assert!(all.sends_header("host", "GET"));
    }

    #[test]
    fn who_asks_is_told_with_what_is_not_kept_and_with_the_rest_only_if_it_is_in_the_rules() {
        let behavior = old(&[]);
        for (method, sent) in
            [("GET", false), ("HEAD", false), ("OPTIONS", true), ("POST", true), ("DELETE", true)]
        {
            assert_eq!(behavior.sends_header("authorization", method), sent, "{method}");
        }
        let cached = Behavior { cache_options: true, ..behavior };
        assert!(!cached.sends_header("authorization", "OPTIONS"));
        assert!(old(&["authorization"]).sends_header("authorization", "GET"));
    }

    #[test]
    fn what_the_edge_knows_is_told_if_it_is_asked_for_by_name() {
        let country = "cloudfront-viewer-country";
        assert!(old(&[country]).tells(country) && !old(&[]).tells(country));
        let all = ForwardRules { headers: Select::All, ..ForwardRules::default() };
        assert!(
            !behavior(KeyRules::default(), all.clone()).tells(country),
            "all of the viewer's are not ours"
        );
        let told = ForwardRules { told: [country.to_owned()].into(), ..all };
        assert!(behavior(KeyRules::default(), told).tells(country));
    }
}
