//! `Cache-Control` of a response (RFC 9111 §5.2.2).
//!
//! Where a header is broken, the reading is taken that keeps a response for a shorter time: two values of one directive
//! mean the smaller one, a value that is no number means 0, and what stands in a quoted string means nothing.

use std::time::Duration;

use http::header::{CACHE_CONTROL, HeaderMap, HeaderName};

/// What a number too large to hold stands for: longer than any bound.
const FOR_EVER: Duration = Duration::from_secs(1 << 31);

const SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");

/// To what a directive applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fields {
    /// The directive is not there.
    #[default]
    None,
    /// Only these header fields must not be used again.
    Named(Vec<HeaderName>),
    /// The whole response.
    All,
}

/// What a response says about being kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// Fresh for so long.
    pub max_age: Option<Duration>,
    /// The same for shared caches, which prefer it.
    pub s_maxage: Option<Duration>,
    /// Not to be used without asking the origin.
    pub no_cache: Fields,
    /// Not for shared caches.
    pub private: Fields,
    /// Not to be kept.
    pub no_store: bool,
    /// For everybody, also where the request carried credentials.
    pub public: bool,
    /// Never to be used stale.
    pub must_revalidate: bool,
    /// To be kept only by who understands the status code.
    pub must_understand: bool,
    /// May be used stale for so long while the origin is asked (RFC 5861 §3).
    pub stale_while_revalidate: Option<Duration>,
    /// May be used stale for so long if the origin fails (RFC 5861 §4).
    pub stale_if_error: Option<Duration>,
}

impl Directives {
    /// All `Cache-Control` lines together, as far as nothing is said to caches like this one only.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut directives = Self::default();
        for line in headers.get_all(CACHE_CONTROL) {
            // What is no ASCII can be in a quoted string only.
            let line = String::from_utf8_lossy(line.as_bytes());
            for piece in unquoted_split(&line) {
                directives.take(piece);
            }
        }
        directives.take_surrogate(headers);
        directives
    }

    /// What `Surrogate-Control` says counts in place of what browsers are told (W3C, Edge Architecture Specification).
    /// What is for one device by name is not for this one.
    fn take_surrogate(&mut self, headers: &HeaderMap) {
        let lines = headers.get_all(SURROGATE_CONTROL).iter();
        let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        let pieces = lines.iter().flat_map(|line| unquoted_split(line)).map(str::trim);
        let mut said = Self::default();
        for piece in pieces.filter(|piece| !piece.contains(';')) {
            // Behind a plus stands for how long it may be used stale.
            said.take(piece.split('+').next().unwrap_or_default());
        }
        if said.no_store || said.max_age.is_some() {
            let Self { max_age, no_store, .. } = said;
            *self = Self { max_age, no_store, public: true, ..Self::default() };
        }
    }

    /// Whether nobody else may be answered with it without asking the origin.
    #[must_use]
    pub fn forbid_use(&self) -> bool {
        self.no_store || self.no_cache == Fields::All || self.private == Fields::All
    }

    fn take(&mut self, piece: &str) {
        let (name, value) =
            piece.split_once('=').map_or_else(|| (piece.trim(), None), |(name, value)| (name, Some(value)));
        // A blank in front of the `=` makes it another, unknown directive.
        let name = name.trim_start().to_ascii_lowercase();
        match name.as_str() {
            "max-age" => shorter(&mut self.max_age, value),
            "s-maxage" => shorter(&mut self.s_maxage, value),
            "stale-while-revalidate" => shorter(&mut self.stale_while_revalidate, value),
            "stale-if-error" => shorter(&mut self.stale_if_error, value),
            "no-cache" => wider(&mut self.no_cache, value),
            "private" => wider(&mut self.private, value),
            "no-store" => self.no_store = true,
            "public" => self.public = true,
            "must-revalidate" | "proxy-revalidate" => self.must_revalidate = true,
            "must-understand" => self.must_understand = true,
            _ => {}
        }
    }
}

/// The pieces between commas that are not in a quoted string.
fn unquoted_split(line: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    line.split(move |letter| {
        let was_escaped = std::mem::take(&mut escaped);
        match letter {
            '"' if !was_escaped => quoted = !quoted,
            '\\' if quoted && !was_escaped => escaped = true,
            ',' => return !quoted,
            _ => {}
        }
        false
    })
}

fn shorter(directive: &mut Option<Duration>, value: Option<&str>) {
    let seconds = seconds(value.unwrap_or_default());
    *directive = Some(directive.map_or(seconds, |before| before.min(seconds)));
}

/// Delta-seconds (RFC 9111 §1.2.2), quoted or not; 0 for what is none.
fn seconds(value: &str) -> Duration {
    let value = value.strip_suffix([' ', '\t']).unwrap_or(value);
    let digits = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::ZERO;
    }
    digits.parse().map_or(FOR_EVER, |seconds| Duration::from_secs(seconds).min(FOR_EVER))
}

fn wider(directive: &mut Fields, value: Option<&str>) {
    let Some(list) = value.map(|value| value.trim().trim_matches('"')) else {
        *directive = Fields::All;
        return;
    };
    let mut named = match std::mem::take(directive) {
        Fields::All => return *directive = Fields::All,
        Fields::Named(named) => named,
        Fields::None => Vec::new(),
    };
    named.extend(list.split(',').filter_map(|name| name.trim().parse::<HeaderName>().ok()));
    *directive = Fields::Named(named);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directives(lines: &[&str]) -> Directives {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CACHE_CONTROL, line.parse().expect("a header's value"));
        }
        Directives::of(&headers)
    }

    fn max_age(line: &str) -> Option<u64> {
        directives(&[line]).max_age.map(|age| age.as_secs())
    }

    #[test]
    fn numbers_are_seconds_and_what_is_none_is_0() {
        for (line, seconds) in [
            ("max-age=3600", Some(3600)),
            ("MaX-aGe=3600", Some(3600)),
            ("public, max-age=3600, extension=1", Some(3600)),
            ("max-age=\"3600\"", Some(3600)),
            ("max-age=003600", Some(3600)),
            ("max-age=99999999999999999999999", Some(1 << 31)),
            ("max-age='3600'", Some(0)),
            ("max-age=-3600", Some(0)),
            ("max-age=3600.0", Some(0)),
            ("max-age=a100", Some(0)),
            ("max-age=100a", Some(0)),
            ("max-age", Some(0)),
            ("max-age =3600", None),
            ("max-age= 3600", Some(0)),
            ("", None),
        ] {
            assert_eq!(max_age(line), seconds, "{line}");
        }
    }

    #[test]
    fn what_is_in_a_quoted_string_means_nothing() {
        assert_eq!(max_age("extension=\"max-age=3600\", max-age=1"), Some(1));
        assert_eq!(max_age("max-age=1, extension=\"max-age=3600\""), Some(1));
        assert_eq!(max_age("extension=\"a\\\", max-age=3600\""), None);
    }

    #[test]
    fn of_two_values_the_shorter_one_counts_wherever_they_stand() {
        assert_eq!(max_age("max-age=1, max-age=3600"), Some(1));
        let two = directives(&["max-age=3600", "max-age=1"]);
        assert_eq!(two.max_age, Some(Duration::from_secs(1)));
    }

    #[test]
    fn what_is_said_to_surrogates_counts_in_place_of_the_rest() {
        let both = |surrogate: &str| {
            let mut headers = HeaderMap::new();
            headers.append(CACHE_CONTROL, "max-age=1, private".parse().expect("a header's value"));
            headers.append(SURROGATE_CONTROL, surrogate.parse().expect("a header's value"));
            Directives::of(&headers)
        };
        let hour = Some(Duration::from_secs(3600));
        for said in ["max-age=3600", "Max-Age=3600+60", "content=\"ESI/1.0\", max-age=3600"] {
            let directives = both(said);
            assert_eq!((directives.max_age, directives.private), (hour, Fields::None), "{said}");
        }
        assert!(both("no-store").no_store);
        for said in ["max-age=3600;somebody", "content=\"ESI/1.0\"", "max-age =3600"] {
            assert_eq!(both(said).private, Fields::All, "{said}");
        }
    }

    #[test]
    fn directives_may_name_header_fields() {
        let named = |names: &[&'static str]| {
            Fields::Named(names.iter().map(|name| HeaderName::from_static(name)).collect())
        };
        assert_eq!(directives(&["no-cache=\"a, b\""]).no_cache, named(&["a", "b"]));
        assert_eq!(directives(&["private=\"set-cookie\""]).private, named(&["set-cookie"]));
        assert_eq!(directives(&["no-cache=\"a\", No-Cache"]).no_cache, Fields::All);
        assert_eq!(directives(&["no-cache, no-cache=\"a\""]).no_cache, Fields::All);
        assert_eq!(directives(&["no-cache=a", "no-cache=b"]).no_cache, named(&["a", "b"]));
    }
}
