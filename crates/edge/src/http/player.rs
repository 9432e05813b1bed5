//! The player for browsers, which every streaming host serves beside the streams.
//!
//! ```text
//!   /.millrace/player/<version>/<file>   the version of this server: for ever; any other: what is here, for an hour
//! ```
//!
//! So a page may name the version and have the file in every cache, or name `latest`; and a page that names a version of
//! a server that was renewed since goes on playing.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use super::{Body, reply};

/// Where it is.
const PREFIX: &str = "/.millrace/player/";

/// How long a file may be kept that is the same for ever, and one that is not.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_AN_HOUR: &str = "public, max-age=3600";

/// The player's files.
#[derive(Debug, Clone, Default)]
pub struct PlayerFiles {
    /// What tells these files from all others under the same names; fit for a path.
    pub version: String,
    /// By their names. A server that was built without the player has none.
    pub files: BTreeMap<String, PlayerFile>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct PlayerFile {
    /// As it was built.
    pub plain: Bytes,
    /// The same, compressed by gzip.
    pub gzip: Bytes,
}

impl PlayerFiles {
    /// The address of a file on its host.
    pub(super) fn path(&self, name: &str) -> Option<String> {
        self.files.contains_key(name).then(|| format!("{PREFIX}{}/{name}", self.version))
    }

    /// The answer to who asks for `path`; none if that is no file of the player.
    pub(super) fn answer(&self, path: &str, fields: &HeaderMap) -> Option<Response<Body>> {
        let (version, name) = path.strip_prefix(PREFIX)?.split_once('/').unwrap_or_default();
        let Some(file) = self.files.get(name) else { return Some(self.missing(name)) };
        let zipped = fields.get_all(header::ACCEPT_ENCODING).iter().any(takes_gzip);
        let bytes = if zipped { &file.gzip } else { &file.plain };
        let mut response = reply::with_type(StatusCode::OK, kind(name), bytes.clone());
        let headers = response.headers_mut();
        let kept = if version == self.version { FOR_EVER } else { FOR_AN_HOUR };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if zipped {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Some(response)
    }

    fn missing(&self, name: &str) -> Response<Body> {
        let text = if self.files.is_empty() {
            "this server was built without the player for browsers: `cargo xtask player` makes it, and the next build \
             of the server has it\n"
                .to_owned()
        } else {
            let names: Vec<_> = self.files.keys().map(String::as_str).collect();
            format!("the player has no file {name:?}, but these: {}\n", names.join(", "))
        };
        reply::text(StatusCode::NOT_FOUND, text)
    }
}

/// Whether a browser says that it takes gzip; one that says `q=0` does not.
fn takes_gzip(line: &HeaderValue) -> bool {
    let codings = line.to_str().unwrap_or_default().split(',');
    codings.map(|coding| coding.split_once(';').unwrap_or((coding, ""))).any(|(coding, weight)| {
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
        coding.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// What a file is, by its name.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "js" | "mjs")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "map" | "json")) => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_unless_it_is_refused() {
        let takes = |line| takes_gzip(&HeaderValue::from_static(line));
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("deflate,gzip;q=1.0"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("gzip; q=0.000") && !takes("xgzip"));
    }
}
