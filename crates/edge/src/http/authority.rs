//! Whom a request is for (RFC 9112 §3.2, RFC 9113 §8.3.1).

use std::net::Ipv6Addr;

use hyper::header::HOST;
use hyper::{HeaderMap, Uri, Version};

/// A host with its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// As it was sent.
    pub(crate) text: String,
    /// The host alone: lower case, no port, no brackets, no dot at the end.
    pub(crate) host: String,
}

/// Why nobody can say whom a request is for. Two readers could mean two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unclear {
    #[error("HTTP/1.1 wants a Host, and there is none")]
    Missing,
    #[error("there is more than one Host")]
    Several,
    #[error("the Host is no host name")]
    Invalid,
    #[error("Host and :authority are not the same")]
    Contradiction,
}

impl Authority {
    /// That of a request; none for one of HTTP/1.0 that names nobody. A target that is a whole URL wins over `Host`, as
    /// RFC 9112 §3.2.2 wants it; HTTP/2 has no such excuse for saying two things.
    pub(crate) fn of(target: &Uri, headers: &HeaderMap, version: Version) -> Result<Option<Self>, Unclear> {
        let mut lines = headers.get_all(HOST).iter();
        let line = lines.next();
        if lines.next().is_some() {
            return Err(Unclear::Several);
        }
        let line = line.map(|line| line.to_str().map_err(|_| Unclear::Invalid)).transpose()?;
        let named = target.authority().map(hyper::http::uri::Authority::as_str);
        match (named, line) {
            (Some(named), Some(line)) if version == Version::HTTP_2 && !named.eq_ignore_ascii_case(line) => {
                Err(Unclear::Contradiction)
            }
            (Some(text), _) | (None, Some(text)) => Self::parse(text).map(Some),
            (None, None) if version < Version::HTTP_11 => Ok(None),
            (None, None) => Err(Unclear::Missing),
        }
    }

    /// As it stands in a URL, without its port.
    pub(crate) fn bare(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, Unclear> {
        let host = host(text).ok_or(Unclear::Invalid)?;
        Ok(Self { text: text.to_owned(), host })
    }
}

/// The host of `host[:port]`.
fn host(text: &str) -> Option<String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let host = text.split(':').next()?;
            let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            host.bytes().all(named).then_some((host, &text[host.len()..]))?
        }
    };
    let digits = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let sound = port.is_empty() || port.strip_prefix(':').is_some_and(digits);
    let host = host.strip_suffix('.').unwrap_or(host);
    (sound && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(target: &'static str, hosts: &[&'static str], version: Version) -> Result<Option<String>, Unclear> {
        let mut headers = HeaderMap::new();
        hosts.iter().for_each(|host| _ = headers.append(HOST, host.parse().expect("a header's value")));
        let authority = Authority::of(&Uri::from_static(target), &headers, version)?;
        Ok(authority.map(|authority| authority.host))
    }

    fn named(host: &str) -> Result<Option<String>, Unclear> {
        Ok(Some(host.to_owned()))
    }

    #[test]
    fn the_host_is_what_stands_in_the_line_without_its_port() {
        for (line, host) in [
            ("www.example.net", "www.example.net"),
            ("WWW.Example.net:8080", "www.example.net"),
            ("www.example.net.", "www.example.net"),
            ("www.example.net:", "www.example.net"),
            ("192.0.2.1:80", "192.0.2.1"),
            ("[2001:DB8::1]:443", "2001:db8::1"),
            ("a_b-c", "a_b-c"),
        ] {
            assert_eq!(of("/", &[line], Version::HTTP_11), named(host), "{line}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for line in [
            "", ":80", ".", "a b", "a/b", "a@b", "a,b", "a:b", "a:80:80", "a:123456", "[::1", "[x]",
            "[::1]x", "a%41", "a\u{fc}b",
        ] {
            let line: &'static str = line;
            let refused = of("/", &[line], Version::HTTP_11);
            assert_eq!(refused, Err(Unclear::Invalid), "{line:?}");
        }
    }

    #[test]
    fn a_target_that_is_a_whole_url_wins() {
        let whole = "http://www.example.net:81/x";
        for hosts in [&["other.example.net"][..], &[]] {
            assert_eq!(of(whole, hosts, Version::HTTP_11), named("www.example.net"));
        }
        assert_eq!(of("http://a@b/", &["b"], Version::HTTP_11), Err(Unclear::Invalid));
    }

    #[test]
    fn there_is_one_host_and_only_http_1_0_may_do_without() {
        assert_eq!(of("/", &["a", "a"], Version::HTTP_11), Err(Unclear::Several));
        assert_eq!(of("http://a/", &["a", "b"], Version::HTTP_11), Err(Unclear::Several));
        assert_eq!(of("/", &[], Version::HTTP_11), Err(Unclear::Missing));
        assert_eq!(of("/", &[], Version::HTTP_10), Ok(None));
    }

    #[test]
    fn http_2_does_not_say_two_things() {
        let target = "https://www.example.net/";
        assert_eq!(of(target, &[], Version::HTTP_2), named("www.example.net"));
        assert_eq!(of(target, &["WWW.example.net"], Version::HTTP_2), named("www.example.net"));
        assert_eq!(of(target, &["other.example.net"], Version::HTTP_2), Err(Unclear::Contradiction));
        assert_eq!(of("/", &["www.example.net"], Version::HTTP_2), named("www.example.net"));
    }
}
