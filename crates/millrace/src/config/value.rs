//! The kinds of value in a configuration file.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::logging::Format;

/// A number of bytes: `"256 MiB"`, `"1GB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wants = |_| format!("{text:?} is no size; write a number with a unit, such as \"256 MiB\"");
        text.parse().map(|size: bytesize::ByteSize| Self(size.as_u64())).map_err(wants)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match units.into_iter().find(|(unit, _)| self.0 >= *unit && self.0.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{} {name}", self.0 / unit),
            None => write!(f, "{} B", self.0),
        }
    }
}

/// A length of time: `"10s"`, `"500ms"`, `"24h"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wants = |_| format!("{text:?} is no length of time; write a number with a unit, such as \"10s\"");
        humantime::parse_duration(text).map(Self).map_err(wants)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// Where to listen: `"192.0.2.1:1935"`, `"[2001:db8::1]:1935"`, or `":1935"` for every address of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) SocketAddr);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let everywhere = text.strip_prefix(':').and_then(|port| port.parse().ok());
        let everywhere = everywhere.map(|port| SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port));
        let wants = || format!("{text:?} is no address to listen on; write \":1935\" or \"192.0.2.1:1935\"");
        everywhere.or_else(|| text.parse().ok()).map(Self).ok_or_else(wants)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.ip() {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => write!(f, ":{}", self.0.port()),
            _ => self.0.fmt(f),
        }
    }
}

macro_rules! from_text {
    ($($type:ty)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

from_text!(Size Period Address);

/// How a default value stands in the default file.
pub(super) trait Shown {
    fn shown(&self) -> String;
}

macro_rules! shown {
    (bare: $($bare:ty)*; quoted: $($quoted:ty)*) => {
        $(impl Shown for $bare { fn shown(&self) -> String { self.to_string() } })*
        $(impl Shown for $quoted { fn shown(&self) -> String { format!("{:?}", self.to_string()) } })*
    };
}

shown!(bare: usize u64 u32 bool; quoted: Size Period Address String);

impl Shown for Format {
    fn shown(&self) -> String {
        let name = match self {
            Self::Text => "text",
            Self::Json => "json",
        };
        name.to_owned().shown()
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> String {
        format!("[{}]", self.iter().map(Shown::shown).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_periods_and_addresses_are_shown_as_they_are_written() {
        for text in ["256 MiB", "3 KiB", "1 GiB", "7 B"] {
            assert_eq!(text.parse::<Size>().expect("a size").to_string(), text);
        }
        for text in ["10s", "500ms", "1day", "1h 30m"] {
            assert_eq!(text.parse::<Period>().expect("a period").to_string(), text);
        }
        for text in [":1935", "127.0.0.1:80", "[2001:db8::1]:1935"] {
            assert_eq!(text.parse::<Address>().expect("an address").to_string(), text);
        }
        assert!("1935".parse::<Address>().is_err());
    }
}
