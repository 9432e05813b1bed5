//! Private content: signed URLs and signed cookies.
//!
//! A request whose query has one of CloudFront's parameters is judged by them alone; only without any do cookies count.
//! What is signed is the URL as the viewer knows it: with the scheme and the host that were used, and without those
//! parameters.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::header::COOKIE;
use hyper::http::request::Parts;
use millrace_sign::{Mistake, Parted, Refusal, Request, Signed, of_cookies, of_query};
use percent_encoding::percent_decode_str;

use super::{Viewer, path};
use crate::Site;
use crate::edge::Shared;
use crate::signatures::Denial;

/// Whether one of the trusted keys has signed what is asked for.
pub(super) async fn permit(
    shared: &Shared,
    site: &Site,
    trusted: &[String],
    request: &Parts,
    viewer: &Viewer,
) -> Result<(), Denial> {
    let asked = Asked::of(request, viewer);
    let signed = asked.signed.as_ref().map_err(Clone::clone)?;
    let key = site.trusted_key(trusted, &signed.key_id)?;
    let (now, address) = (seconds(), viewer.peer.ip().to_canonical());
    let examine = |mistakes: &[Mistake]| {
        signed.examine(key, &Request { now, address, objects: &asked.objects, mistakes })
    };
    let explained = || examine(&asked.mistakes());
    let case = examine(&[]).or_else(|_| explained())?;
    let Shared { signatures, metrics, .. } = shared;
    signatures.grant(case, explained, key, address, metrics).await.map(|_| ())
}

/// What a request asks for, and who allowed it.
struct Asked {
    signed: Result<Signed, Refusal>,
    /// One object, by all the names that signers may have for it.
    objects: [Vec<String>; 1],
}

impl Asked {
    fn of(request: &Parts, viewer: &Viewer) -> Self {
        let Parted { bare, signed } = of_query(request.uri.query().unwrap_or_default());
        let signed = match signed {
            Ok(None) => of_cookies(&cookies(request)),
            signed => signed,
        };
        let query = if bare.is_empty() { bare } else { format!("?{bare}") };
        let objects = [names(request.uri.path(), &query, viewer)];
        Self { signed: signed.and_then(|signed| signed.ok_or(Refusal::Unsigned)), objects }
    }
}

/// All cookies as one line.
fn cookies(request: &Parts) -> String {
    let lines = request.headers.get_all(COOKIE).iter();
    lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect::<Vec<_>>().join("; ")
}

/// The URL as it was asked for, and as its signer may have written it: without the port that leads here, with blanks and
/// letters outside of ASCII as they are.
///
/// A path with dots in it means another one at many origins. So it is the other one that has to be signed: who may see
/// `/public/*` does not get `/public/../private/x` by it.
fn names(path: &str, query: &str, viewer: &Viewer) -> Vec<String> {
    let path = path::resolved(path);
    let scheme = if viewer.tls { "https" } else { "http" };
    let hosts = viewer.authority.iter().flat_map(|authority| [authority.text.clone(), authority.bare()]);
    let readable = readable(&path);
    let mut names = Vec::new();
    for host in hosts {
        for path in std::iter::once(&*path).chain(readable.as_deref()) {
            let name = format!("{scheme}://{host}{path}{query}");
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// A path with its blanks and letters outside of ASCII unescaped: those can't be told apart from their escapes, since
/// none of them is ever sent raw. None if there are none.
fn readable(path: &str) -> Option<String> {
    let is_hidden = |escape: &str| {
        let byte = escape.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| byte == b' ' || !byte.is_ascii())
    };
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path);
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let end = if is_hidden(&rest[at..]) { at + 3 } else { at + 1 };
        bytes.extend(percent_decode_str(&rest[at..end]));
        rest = &rest[end..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok().filter(|readable| readable != path)
}

impl Asked {
    /// What people sign instead of the URL.
    fn mistakes(&self) -> Vec<Mistake> {
        let Some(url) = self.objects[0].first() else { return Vec::new() };
        let (other, words) = match url.strip_prefix("https") {
            Some(rest) => (format!("http{rest}"), "the URL with http:// instead of https://"),
            None => (url.replacen("http", "https", 1), "the URL with https:// instead of http://"),
        };
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let whole = url.split('?').next().unwrap_or_default();
        let texts = [
            (other, words),
            (format!("/{path}"), "the path alone"),
            (path.to_owned(), "the name of the object alone"),
            (whole.to_owned(), "the URL without its query"),
        ];
        texts.into_iter().filter(|(text, _)| text != url).map(Mistake::from).collect()
    }
}

/// The time, seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Authority;

    const SIGNED: &str = "Expires=9&Signature=eA__&Key-Pair-Id=K1";

    fn viewer(authority: &str, tls: bool) -> Viewer {
        Viewer { tls, authority: Authority::parse(authority).ok(), ..Viewer::sample() }
    }

    fn asked(target: &str, cookies: &[&str], viewer: &Viewer) -> Asked {
        let mut request = hyper::Request::builder().uri(target);
        for line in cookies {
            request = request.header(COOKIE, *line);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        Asked::of(&parts, viewer)
    }

    fn names_of(target: &str) -> Vec<String> {
        let [names] = asked(target, &[], &viewer("www.example.net", true)).objects;
        names
    }

    #[test]
    fn the_url_that_was_used_is_what_has_to_be_signed() {
        for (target, url) in [
            (format!("/a/b.html?{SIGNED}"), "https://www.example.net/a/b.html"),
            (format!("/a?x=1&{SIGNED}&y=2"), "https://www.example.net/a?x=1&y=2"),
            ("/a?x=1".to_owned(), "https://www.example.net/a?x=1"),
            ("/?".to_owned(), "https://www.example.net/"),
            ("/a%2Fb%3F".to_owned(), "https://www.example.net/a%2Fb%3F"),
        ] {
            assert_eq!(names_of(&target), [url], "{target}");
        }
    }

    #[test]
    fn signers_may_leave_out_a_port_and_escapes_that_nobody_sees() {
        let [names] = asked("/a%20b%2f%C3%BC", &[], &viewer("WWW.example.net:8080", false)).objects;
        assert_eq!(
            names,
            [
                "http://WWW.example.net:8080/a%20b%2f%C3%BC",
                "http://WWW.example.net:8080/a b%2f\u{fc}",
                "http://www.example.net/a%20b%2f%C3%BC",
                "http://www.example.net/a b%2f\u{fc}",
            ]
        );
        for path in ["/%", "/%2", "/%zz", "/%\u{fc}\u{fc}", "/%ff", "/a%41"] {
            assert_eq!(readable(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_with_dots_is_signed_as_what_it_means() {
        for path in ["/public/../private/x", "/public/%2e%2E/private/x", "/public/..%2fprivate/x"] {
            assert_eq!(names_of(path), ["https://www.example.net/private/x"], "{path}");
        }
    }

    #[test]
    fn only_without_a_parameter_of_a_signature_cookies_count() {
        let lines = ["a=1; CloudFront-Expires=9", "CloudFront-Signature=eA__; CloudFront-Key-Pair-Id=K2"];
        let key_id =
            |target: &str| asked(target, &lines, &viewer("a", true)).signed.map(|signed| signed.key_id);
        assert_eq!(key_id("/x"), Ok("K2".to_owned()));
        assert_eq!(key_id("/x?y=1"), Ok("K2".to_owned()));
        assert_eq!(key_id(&format!("/x?{SIGNED}")), Ok("K1".to_owned()));
        assert_eq!(key_id("/x?Expires=9"), Err(Refusal::MissingKeyId));
        assert_eq!(asked("/x", &[], &viewer("a", true)).signed, Err(Refusal::Unsigned));
    }

    #[test]
    fn what_was_signed_instead_is_recognised() {
        let viewer = viewer("a", true);
        let words = |target| asked(target, &[], &viewer).mistakes().into_iter().map(|mistake| mistake.text);
        assert_eq!(
            words("/x/y?z=1").collect::<Vec<_>>(),
            ["http://a/x/y?z=1", "/x/y?z=1", "x/y?z=1", "https://a/x/y"]
        );
        assert_eq!(words("/x").collect::<Vec<_>>(), ["http://a/x", "/x", "x"]);
    }
}
