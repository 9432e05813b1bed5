//! Which pages may play: a browser tells the origin of the page that asks (RFC 6454, Fetch §3.1).

use std::str::FromStr;

use crate::HostPattern;

/// The origins of pages, one or more: `https://www.example.com`, `https://*.example.com`, `http://localhost:8080`; or
/// `null`, which pages from files and in sandboxes have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOrigin {
    scheme: String,
    host: HostPattern,
    port: Option<u16>,
}

/// The origin of pages that have none.
const NULL: &str = "null";

impl PageOrigin {
    /// Whether a page whose browser sends this as `Origin` is meant.
    #[must_use]
    pub fn matches(&self, origin: &str) -> bool {
        match split(origin) {
            Some((scheme, host, port)) => {
                self.scheme.eq_ignore_ascii_case(scheme)
                    && self.port == port
                    && self.host.matches(&host.to_ascii_lowercase())
            }
            None => origin == NULL && self.scheme == NULL,
        }
    }

    /// The host or hosts, and whether pages come from them by TLS only; none of pages without an origin.
    #[must_use]
    pub fn host(&self) -> Option<(&str, bool)> {
        (self.scheme != NULL).then(|| (self.host.as_str(), self.scheme == "https"))
    }
}

impl FromStr for PageOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == NULL {
            return Ok(Self { scheme: NULL.to_owned(), host: HostPattern::new(""), port: None });
        }
        let wrong = || {
            format!(
                "{text:?} is no origin of pages: write a scheme and a host, as in \"https://www.example.com\", \
                 \"https://*.example.com\" or \"http://localhost:8080\", and nothing behind them"
            )
        };
        let (scheme, host, port) = split(text).ok_or_else(wrong)?;
        let name = host.strip_prefix("*.").unwrap_or(host);
        let sound = |name: &str| !name.is_empty() && !name.contains(['*', '/', '@', '?', '#', ' ']);
        if !matches!(scheme, "http" | "https") || !sound(name) {
            return Err(wrong());
        }
        Ok(Self { scheme: scheme.to_owned(), host: HostPattern::new(host), port })
    }
}

/// Scheme, host and port of an origin. The port that the scheme has anyway is none, as browsers leave it out too.
fn split(origin: &str) -> Option<(&str, &str, Option<u16>)> {
    let (scheme, authority) = origin.split_once("://")?;
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => 0,
    };
    // An address of IPv6 stands in brackets, and its colons with it.
    let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    Some((scheme, host, port.filter(|port| *port != usual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> PageOrigin {
        text.parse().expect("an origin")
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        let exact = origin("https://www.example.com");
        assert!(exact.matches("https://www.example.com"));
        assert!(exact.matches("https://WWW.Example.com:443"));
        for other in [
            "http://www.example.com",
            "https://example.com",
            "https://www.example.com:8443",
            "https://www.example.com.evil.example",
            "https://www.example.com@evil.example",
            "null",
            "",
        ] {
            assert!(!exact.matches(other), "{other}");
        }
        assert!(origin("http://localhost:8080").matches("http://localhost:8080"));
        assert!(origin("http://[::1]:8080").matches("http://[::1]:8080"));
        assert!(!origin("http://[::1]").matches("http://[::1]:8080"));
    }

    #[test]
    fn a_star_stands_for_every_name_below() {
        let all = origin("https://*.example.com");
        assert!(all.matches("https://a.example.com") && all.matches("https://b.a.example.com"));
        assert!(!all.matches("https://example.com") && !all.matches("https://evilexample.com"));
    }

    #[test]
    fn pages_without_an_origin_have_one_name() {
        assert!(origin("null").matches("null"));
        assert!(!origin("null").matches("https://null"));
        assert!(!origin("https://null").matches("null"));
    }

    #[test]
    fn what_is_no_origin_is_told_with_what_to_write() {
        for wrong in [
            "www.example.com",
            "https://",
            "https://*",
            "https://*.",
            "https://a.*.example.com",
            "https://www.example.com/",
            "https://www.example.com:port",
            "ftp://example.com",
            "*",
            "",
        ] {
            let error = wrong.parse::<PageOrigin>().expect_err(wrong);
            assert!(error.contains("https://www.example.com"), "{error}");
        }
    }
}
