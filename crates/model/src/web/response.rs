//! What is done with answers before viewers get them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Glob;

/// A response headers policy. What is removed goes first; then the rest is added, removed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponseRules {
    /// Headers of the origin that viewers don't get, in lower case.
    pub remove: BTreeSet<String>,
    /// For requests of pages of other sites.
    pub cors: Option<Cors>,
    /// Headers for security, and the customer's own.
    pub headers: Vec<ResponseHeader>,
    /// How many of a million answers carry `Server-Timing`; none: it is switched off. Viewers who send `Pragma:
    /// server-timing` get it with every answer unless it is.
    pub server_timing: Option<u32>,
}

/// A header for viewers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHeader {
    /// Its name, as it was written.
    pub name: String,
    /// Its value, perhaps empty.
    pub value: String,
    /// Whether it takes the place of the origin's; otherwise that one stays, if there is one.
    pub replaces: bool,
}

/// What other sites' pages may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cors {
    /// Sites: `*`, `https://www.example.com`, `*.example.com`.
    pub origins: Vec<Glob>,
    /// Headers that they may send, or `*`.
    pub headers: Vec<String>,
    /// Methods that they may use.
    pub methods: Vec<String>,
    /// Headers that they may read, or `*`; with none the header is left out.
    pub exposed: Vec<String>,
    /// Whether they may send cookies.
    pub credentials: bool,
    /// For how many seconds browsers remember it; none: the header is left out.
    pub max_age: Option<u32>,
    /// Whether these headers take the place of the origin's.
    pub replaces: bool,
}

impl Cors {
    /// The value of `Access-Control-Allow-Origin` for a page of `origin`, if it may: `*`, or the origin itself.
    #[must_use]
    pub fn allow<'o>(&self, origin: &'o str) -> Option<&'o str> {
        if self.origins.iter().any(|allowed| allowed.as_str() == "*") {
            return Some("*");
        }
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let means =
            |allowed: &Glob| allowed.matches(if allowed.as_str().contains("://") { origin } else { host });
        self.origins.iter().any(means).then_some(origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed<'o>(list: &[&str], origin: &'o str) -> Option<&'o str> {
        Cors { origins: list.iter().map(|one| Glob::new(one)).collect(), ..Cors::default() }.allow(origin)
    }

    #[test]
    fn sites_are_allowed_by_name_by_the_end_of_their_name_or_all_at_once() {
        let site = "https://www.example.com";
        assert_eq!(allowed(&["*"], site), Some("*"));
        for list in ["https://www.example.com", "https://*.example.com", "*.example.com", "www.example.com"] {
            assert_eq!(allowed(&["https://other.example", list], site), Some(site), "{list}");
        }
        for list in ["http://www.example.com", "https://example.com", "*.example.org", "example.com"] {
            assert_eq!(allowed(&[list], site), None, "{list}");
        }
        assert_eq!(allowed(&[], site), None);
    }
}
