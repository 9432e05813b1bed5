//! The path of a request: what behaviours are chosen by, and what origins are asked for.
//!
//! The origin gets the path as it was sent, escapes and dots among it, and so do copies have it in their names: what two
//! servers might read as one thing or as two stays two. Behaviours alone look at a plain form, in which no escape hides a
//! letter and dots lead nowhere, so that `/%61dmin/x` and `/x/../admin/x` are under `admin/*` as much as `/admin/x`.

use std::borrow::Cow;

use hyper::Uri;

use super::Viewer;

/// Why a path can't be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not begin with a slash: `OPTIONS *`, or a whole URL without a path.
    NoSlash,
    /// There are letters in it that no path has.
    Letters,
}

/// The path as the origin gets it, or as the distribution's default root object has it.
pub(super) fn path<'u>(uri: &'u Uri, default_root_object: Option<&str>) -> Result<Cow<'u, str>, Fault> {
    let path = uri.path();
    if !path.starts_with('/') {
        return Err(Fault::NoSlash);
    }
    // Nothing outside of ASCII is sent unescaped by whom RFC 3986 is known to.
    if path.bytes().any(|byte| byte <= b' ' || byte >= 0x7f || matches!(byte, b'#' | b'\\')) {
        return Err(Fault::Letters);
    }
    match default_root_object {
        Some(object) if path == "/" && !object.is_empty() => {
            Ok(format!("/{}", object.trim_start_matches('/')).into())
        }
        _ => Ok(path.into()),
    }
}

/// The form that behaviours are chosen by: escapes of letters, digits, `-`, `.`, `_`, `~` and `/` are decoded, and dot
/// segments resolved (RFC 3986 §5.2.4), since origins do that too; all other escapes stay.
pub(super) fn plain(path: &str) -> Cow<'_, str> {
    if path.contains('%') || path.contains("/.") { without_dots(&decoded(path)).into() } else { path.into() }
}

/// The path as whoever signs it knows it: as it was sent, but the plain form where dots make another path of it.
pub(super) fn resolved(path: &str) -> Cow<'_, str> {
    let decoded = decoded(path);
    match decoded.split('/').any(|segment| matches!(segment, "." | "..")) {
        true => Cow::Owned(without_dots(&decoded)),
        false => Cow::Borrowed(path),
    }
}

fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    // In front of the first slash there is nothing, which stays whatever follows.
    let mut rest = path.split('/').skip(1).peekable();
    while let Some(segment) = rest.next() {
        match segment {
            "." => {}
            ".." => _ = segments.pop(),
            segment => segments.push(segment),
        }
        if matches!(segment, "." | "..") && rest.peek().is_none() {
            segments.push("");
        }
    }
    format!("/{}", segments.join("/"))
}

fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut plain = String::with_capacity(path.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes.get(at..at + 3).and_then(unescaped).filter(|letter| is_plain(*letter));
        plain.push(char::from(escaped.unwrap_or(bytes[at])));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    plain
}

/// Path and query of a URL in an answer to `from`, if it is one of the same host.
pub(super) fn here(url: &str, from: &str, viewer: &Viewer) -> Option<(String, String)> {
    let uri: Uri = match url.starts_with('/') || url.contains("://") {
        true => url.parse().ok()?,
        false => format!("{}/{url}", from.rsplit_once('/')?.0).parse().ok()?,
    };
    let host = viewer.authority.as_ref().map(|authority| authority.text.as_str());
    let same = uri.authority().is_none_or(|authority| Some(authority.as_str()) == host);
    same.then(|| (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned()))
}

fn unescaped(escape: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [b'%', high, low] = escape else { return None };
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

fn is_plain(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || b"-._~/".contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str, root: Option<&str>) -> Result<String, Fault> {
        path(&uri.parse().expect("a URI"), root).map(Cow::into_owned)
    }

    #[test]
    fn the_default_root_object_is_for_the_root_only() {
        let root = Some("index.html");
        assert_eq!(of("/", root), Ok("/index.html".to_owned()));
        assert_eq!(of("/?x=/", root), Ok("/index.html".to_owned()));
        for path in ["/index.html", "/dir/", "//", "/%2f", "/./"] {
            assert_eq!(of(path, root), Ok(path.to_owned()));
        }
        assert_eq!(of("/", None), Ok("/".to_owned()));
    }

    #[test]
    fn what_was_sent_is_what_is_asked_for() {
        for path in ["/a/../b", "/a%2Fb", "/%zz", "//a", "/a;b=c", "/a+b"] {
            assert_eq!(of(path, None), Ok(path.to_owned()));
        }
        assert_eq!(of("*", None), Err(Fault::NoSlash));
    }

    #[test]
    fn behaviours_see_through_escapes() {
        for (path, seen) in [
            ("/%61dmin/x", "/admin/x"),
            ("/admin%2fx", "/admin/x"),
            ("/a%2e%2E/b", "/a../b"),
            ("/a%20b%3Fc", "/a%20b%3Fc"),
            ("/%", "/%"),
            ("/%6", "/%6"),
            ("/%zz%41", "/%zzA"),
        ] {
            assert_eq!(plain(path), seen);
        }
    }

    #[test]
    fn behaviours_follow_dots() {
        for (path, seen) in [
            ("/x/../admin/y", "/admin/y"),
            ("/x/%2e%2E/admin/y", "/admin/y"),
            ("/x%2f..%2fadmin", "/admin"),
            ("/../../a", "/a"),
            ("/a/./b/.", "/a/b/"),
            ("/a/b/..", "/a/"),
            ("/..", "/"),
            ("/a//../b", "/a/b"),
            ("//a", "//a"),
            ("/...", "/..."),
            ("/a/", "/a/"),
            ("/", "/"),
        ] {
            assert_eq!(plain(path), seen, "{path}");
        }
    }

    #[test]
    fn only_dots_make_another_path_for_signers() {
        assert_eq!(resolved("/%61%2Fb/"), "/%61%2Fb/");
        assert_eq!(resolved("/a%2f%2e%2e/b"), "/b");
    }
}
