//! The six ways in which RTMP reaches a viewer.

use std::fmt;
use std::str::FromStr;

/// How a viewer's connection is carried and protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Bare TCP.
    Rtmp,
    /// Bare TCP with RTMP's own encryption, which hides from passive listeners only.
    Rtmpe,
    /// Tunnelled in HTTP requests.
    Rtmpt,
    /// RTMPE tunnelled in HTTP requests.
    Rtmpte,
    /// Inside TLS.
    Rtmps,
    /// Tunnelled in HTTPS requests.
    Rtmpts,
}

impl Variant {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Rtmp, Self::Rtmpe, Self::Rtmpt, Self::Rtmpte, Self::Rtmps, Self::Rtmpts];

    /// The variant of a connection. What is encrypted inside TLS counts as TLS.
    #[must_use]
    pub fn of(tunnelled: bool, tls: bool, encrypted: bool) -> Self {
        match (tunnelled, tls, encrypted) {
            (false, true, _) => Self::Rtmps,
            (true, true, _) => Self::Rtmpts,
            (false, false, false) => Self::Rtmp,
            (false, false, true) => Self::Rtmpe,
            (true, false, false) => Self::Rtmpt,
            (true, false, true) => Self::Rtmpte,
        }
    }

    /// The scheme of its URLs.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmpe => "rtmpe",
            Self::Rtmpt => "rtmpt",
            Self::Rtmpte => "rtmpte",
            Self::Rtmps => "rtmps",
            Self::Rtmpts => "rtmpts",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme())
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|variant| variant.scheme() == text);
        found.ok_or_else(|| format!("{text:?} is none of {}", Variants::ALL))
    }
}

/// A set of variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variants(u8);

impl Variants {
    /// All of them.
    pub const ALL: Self = Self(0b11_1111);

    /// Whether `variant` is among them.
    #[must_use]
    pub fn contains(self, variant: Variant) -> bool {
        self.0 & 1 << variant as u8 != 0
    }
}

impl Default for Variants {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<Variant> for Variants {
    fn from_iter<I: IntoIterator<Item = Variant>>(variants: I) -> Self {
        Self(variants.into_iter().fold(0, |set, variant| set | 1 << variant as u8))
    }
}

impl fmt::Display for Variants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Variant::ALL.into_iter().filter(|variant| self.contains(*variant)).map(Variant::scheme);
        f.write_str(&names.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_is_read_as_it_is_shown() {
        for variant in Variant::ALL {
            assert_eq!(variant.to_string().parse(), Ok(variant));
        }
        assert_eq!(
            "rtmfp".parse::<Variant>(),
            Err("\"rtmfp\" is none of rtmp, rtmpe, rtmpt, rtmpte, rtmps, rtmpts".to_owned())
        );
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let set: Variants = [Variant::Rtmpe, Variant::Rtmpts].into_iter().collect();
        assert!(set.contains(Variant::Rtmpe) && !set.contains(Variant::Rtmp));
        assert_eq!(set.to_string(), "rtmpe, rtmpts");
        assert_eq!(Variant::ALL.into_iter().collect::<Variants>(), Variants::default());
    }

    #[test]
    fn tls_counts_for_more_than_the_encryption_inside() {
        assert_eq!(Variant::of(false, true, true), Variant::Rtmps);
        assert_eq!(Variant::of(true, false, true), Variant::Rtmpte);
    }
}
