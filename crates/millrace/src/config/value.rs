//! The kinds of value in a configuration file.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use millrace_model::Variant;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

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

impl Address {
    /// A port of every address of the machine.
    pub(super) const fn everywhere(port: u16) -> Self {
        Self(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port))
    }

    /// A port that only this machine reaches.
    pub(super) const fn here(port: u16) -> Self {
        Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let everywhere = text.strip_prefix(':').and_then(|port| port.parse().ok());
        let wants = || format!("{text:?} is no address to listen on; write \":1935\" or \"192.0.2.1:1935\"");
        everywhere.map(Self::everywhere).or_else(|| text.parse().ok().map(Self)).ok_or_else(wants)
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

/// One address or a network: `"192.0.2.1"`, `"10.0.0.0/8"`, `"2001:db8::/32"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network(pub(crate) IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wants = |_| format!("{text:?} is no network; write \"10.0.0.0/8\" or one address");
        let one = text.parse().map(|address: IpAddr| IpNet::from(address));
        one.or_else(|_| text.parse()).map(Self).map_err(wants)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A variant of RTMP by the scheme of its URLs: `"rtmpe"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VariantName(pub(crate) Variant);

impl FromStr for VariantName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

/// A setting that knows where it stands, for faults that show only beside others.
#[derive(Clone)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

impl<T> From<T> for Placed<T> {
    fn from(value: T) -> Self {
        Self { value, span: 0..0 }
    }
}

impl<T: fmt::Debug> fmt::Debug for Placed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { span: spanned.span(), value: spanned.into_inner() })
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

/// What happens to viewers whose distribution takes nobody any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// They play on.
    Finish,
    /// They are sent away.
    End,
}

impl FromStr for Leaving {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "finish" => Ok(Self::Finish),
            "end" => Ok(Self::End),
            other => Err(format!("{other:?} is neither \"finish\" nor \"end\"")),
        }
    }
}

impl fmt::Display for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finish => "finish",
            Self::End => "end",
        })
    }
}

from_text!(Size Period Address Network VariantName Leaving);

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

shown!(bare: usize u64 u32 bool; quoted: Size Period Address Network Leaving String);

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

impl<T: Shown> Shown for Placed<T> {
    fn shown(&self) -> String {
        self.value.shown()
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
        for (text, shown) in [("10.0.0.0/8", "10.0.0.0/8"), ("2001:db8::1", "2001:db8::1/128")] {
            assert_eq!(text.parse::<Network>().expect("a network").to_string(), shown);
        }
        assert!("10.0.0.0/33".parse::<Network>().is_err());
    }
}
