//! Content codings: which of them a client takes (RFC 9110 §12.5.3).

use http::header::{ACCEPT_ENCODING, HeaderMap};

use crate::vary::weight;

/// A coding that is made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Coding {
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
}

/// Codings that are allowed, by a client or by a behaviour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Codings {
    /// Brotli is.
    pub brotli: bool,
    /// gzip is.
    pub gzip: bool,
}

impl Coding {
    /// As `Content-Encoding` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

impl Codings {
    /// What a client takes.
    #[must_use]
    pub fn of(request: &HeaderMap) -> Self {
        let lines = request.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
        let elements: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let takes = |names: &[&str]| {
            let named = |wanted: &str| {
                elements.iter().find(|element| {
                    element.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(wanted))
                })
            };
            let found = names.iter().find_map(|name| named(name)).or_else(|| named("*"));
            found.is_some_and(|element| weight(element) > 0.0)
        };
        Self { brotli: takes(&["br"]), gzip: takes(&["gzip", "x-gzip"]) }
    }

    /// What both allow.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Self { brotli: self.brotli && other.brotli, gzip: self.gzip && other.gzip }
    }

    /// The one to use: the smaller one.
    #[must_use]
    pub fn best(self) -> Option<Coding> {
        match self {
            Self { brotli: true, .. } => Some(Coding::Brotli),
            Self { gzip: true, .. } => Some(Coding::Gzip),
            _ => None,
        }
    }

    /// `Accept-Encoding` as CloudFront sends it on, the same for all clients that take the same.
    #[must_use]
    pub fn field(self) -> &'static str {
        match (self.brotli, self.gzip) {
            (true, true) => "br,gzip",
            (true, false) => "br",
            (false, true) => "gzip",
            (false, false) => "identity",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(line: &str) -> (bool, bool) {
        let mut request = HeaderMap::new();
        request.append(ACCEPT_ENCODING, line.parse().expect("a header's value"));
        let Codings { brotli, gzip } = Codings::of(&request);
        (brotli, gzip)
    }

    #[test]
    fn clients_say_what_they_take() {
        for (line, both) in [
            ("gzip, deflate, br", (true, true)),
            ("gzip", (false, true)),
            ("x-gzip", (false, true)),
            ("BR;q=0.5", (true, false)),
            ("br;q=0, *", (false, true)),
            ("*", (true, true)),
            ("*;q=0, gzip", (false, true)),
            ("identity", (false, false)),
            ("", (false, false)),
            ("gzip;q=abc", (false, false)),
        ] {
            assert_eq!(taken(line), both, "{line}");
        }
        assert_eq!(Codings::of(&HeaderMap::new()), Codings::default());
    }

    #[test]
    fn the_smaller_one_is_used() {
        let all = Codings { brotli: true, gzip: true };
        assert_eq!((all.best(), all.field()), (Some(Coding::Brotli), "br,gzip"));
        let gzip = all.both(Codings { brotli: false, gzip: true });
        assert_eq!((gzip.best(), gzip.field()), (Some(Coding::Gzip), "gzip"));
        assert_eq!((Codings::default().best(), Codings::default().field()), (None, "identity"));
        assert_eq!([Coding::Brotli, Coding::Gzip].map(Coding::name), ["br", "gzip"]);
    }
}
