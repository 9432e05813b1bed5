//! What the first bytes of a connection say: every port takes every protocol.
//!
//! ```text
//!   first byte            protocol
//!   03                    RTMP
//!   06 08 09              RTMPE
//!   16                    TLS; the same table again for what is inside
//!   A-Z                   HTTP: a method, or the preface of HTTP/2
//!   <                     a policy request of Flash
//!   PROXY, 0D 0A 0D 0A    a PROXY header, from load balancers that may send one; then the same table again
//! ```

use std::net::SocketAddr;

use ppp::{HeaderResult, v1, v2};

/// A protocol that viewers speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RTMP or RTMPE.
    Rtmp,
    /// TLS.
    Tls,
    /// HTTP, of whichever version.
    Http,
    /// Flash asks for its socket policy.
    Policy,
}

/// What HTTP/2 begins with (RFC 9113 §3.4), also without TLS from those who know that it is spoken. It looks like a
/// request of HTTP/1 with a method of its own, up to the second blank.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

impl Protocol {
    /// What somebody speaks who begins with this byte; `None` if we don't speak it.
    #[must_use]
    pub fn of(first: u8) -> Option<Self> {
        match first {
            0x03 | 0x06 | 0x08 | 0x09 => Some(Self::Rtmp),
            0x16 => Some(Self::Tls),
            b'A'..=b'Z' => Some(Self::Http),
            b'<' => Some(Self::Policy),
            _ => None,
        }
    }
}

/// What a load balancer says in front of everything (HAProxy's PROXY protocol, version 1 or 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyHeader {
    /// There is none.
    Absent,
    /// More bytes are needed.
    Partial,
    /// It is there.
    Whole {
        /// Its bytes.
        length: usize,
        /// Where the viewer is; `None` when the load balancer speaks for itself.
        source: Option<SocketAddr>,
    },
    /// It begins like one, and is none.
    Broken,
}

impl ProxyHeader {
    /// Reads it from the first bytes of a connection.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let Some(length) = length(bytes) else { return Self::Absent };
        let Some(header) = length.and_then(|length| bytes.get(..length)) else { return Self::Partial };
        let result = HeaderResult::parse(header);
        match &result {
            // ppp takes a CR, whatever comes behind it, for the end of a line about nobody.
            HeaderResult::V1(Ok(line)) if line.header.len() < header.len() || !header.ends_with(b"\r\n") => {
                Self::Broken
            }
            HeaderResult::V1(Ok(header)) => {
                let source = match header.addresses {
                    v1::Addresses::Tcp4(a) => Some(SocketAddr::from((a.source_address, a.source_port))),
                    v1::Addresses::Tcp6(a) => Some(SocketAddr::from((a.source_address, a.source_port))),
                    v1::Addresses::Unknown => None,
                };
                Self::Whole { length: header.header.len(), source }
            }
            HeaderResult::V2(Ok(header)) => {
                let source = match header.addresses {
                    // A balancer that looks whether we live.
                    _ if header.command == v2::Command::Local => None,
                    v2::Addresses::IPv4(a) => Some(SocketAddr::from((a.source_address, a.source_port))),
                    v2::Addresses::IPv6(a) => Some(SocketAddr::from((a.source_address, a.source_port))),
                    v2::Addresses::Unix(_) | v2::Addresses::Unspecified => None,
                };
                Self::Whole { length: header.header.len(), source }
            }
            _ => Self::Broken,
        }
    }
}

/// The longest line of version 1, with its end.
const LINE: usize = 107;
/// What version 2 has in front of the addresses: a fixed prefix, three more bytes and the length of the rest.
const FIXED: usize = v2::PROTOCOL_PREFIX.len() + 4;

/// How long the header is that `bytes` begin with: `None` if it is none, `Some(None)` if that can't be told yet.
fn length(bytes: &[u8]) -> Option<Option<usize>> {
    let begins = |prefix: &[u8]| {
        let n = prefix.len().min(bytes.len());
        bytes[..n] == prefix[..n]
    };
    if begins(v1::PROTOCOL_PREFIX.as_bytes()) {
        let end = bytes.windows(2).position(|two| two == b"\r\n").map(|at| at + 2);
        // A longer line is read as far as it may go, and found broken.
        return Some(end.or_else(|| (bytes.len() >= LINE).then_some(LINE)));
    }
    let rest = || bytes[..FIXED].last_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
    begins(v2::PROTOCOL_PREFIX).then(|| (bytes.len() >= FIXED).then(|| FIXED + rest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells_the_protocol() {
        for (first, protocol) in [
            (3, Some(Protocol::Rtmp)),
            (6, Some(Protocol::Rtmp)),
            (8, Some(Protocol::Rtmp)),
            (9, Some(Protocol::Rtmp)),
            (0x16, Some(Protocol::Tls)),
            (b'P', Some(Protocol::Http)),
            (b'G', Some(Protocol::Http)),
            (b'<', Some(Protocol::Policy)),
            (0, None),
            (7, None),
            (b'g', None),
            (0xff, None),
        ] {
            assert_eq!(Protocol::of(first), protocol, "{first:#x}");
        }
    }

    /// Version 2, for TCP over IPv4 from 192.0.2.7:56324, with one more field behind the addresses.
    fn version_2() -> Vec<u8> {
        let mut header = v2::PROTOCOL_PREFIX.to_vec();
        header.extend([0x21, 0x11, 0, 16, 192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 0x04, 7, 143, 4, 0, 1, 9]);
        header
    }

    #[test]
    fn both_versions_tell_where_the_viewer_is() {
        let text = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935\r\n\x03abc";
        let source = Some(SocketAddr::from(([192, 0, 2, 7], 56324)));
        assert_eq!(ProxyHeader::read(text), ProxyHeader::Whole { length: text.len() - 4, source });
        let mut bytes = version_2();
        let length = bytes.len();
        bytes.push(3);
        assert_eq!(ProxyHeader::read(&bytes), ProxyHeader::Whole { length, source });
        let v6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 1935\r\n";
        let source = Some("[2001:db8::7]:56324".parse().expect("an address"));
        assert_eq!(ProxyHeader::read(v6), ProxyHeader::Whole { length: v6.len(), source });
    }

    #[test]
    fn a_header_in_pieces_is_waited_for() {
        for header in [b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935\r\n".to_vec(), version_2()] {
            for n in 1..header.len() {
                assert_eq!(ProxyHeader::read(&header[..n]), ProxyHeader::Partial, "{n} bytes");
            }
        }
    }

    #[test]
    fn a_balancer_that_speaks_for_itself_names_nobody() {
        let unknown = b"PROXY UNKNOWN\r\n";
        assert_eq!(ProxyHeader::read(unknown), ProxyHeader::Whole { length: 15, source: None });
        let mut local = version_2();
        local[12] = 0x20;
        assert_eq!(ProxyHeader::read(&local), ProxyHeader::Whole { length: local.len(), source: None });
    }

    #[test]
    fn what_is_no_header_is_told_from_a_broken_one() {
        for other in [b"POST /open/1 HTTP/1.1\r\n".as_slice(), b"PRI * HTTP/2.0", &[3, 0, 0], &[0x16, 3, 1]] {
            assert_eq!(ProxyHeader::read(other), ProxyHeader::Absent);
        }
        let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'?'; LINE - 15], b"\r"].concat();
        for broken in [b"PROXY TCP4 nonsense\r\n".as_slice(), b"PROXY UNKNOWN \rmore\r\n", &endless] {
            assert_eq!(ProxyHeader::read(broken), ProxyHeader::Broken);
        }
    }
}
