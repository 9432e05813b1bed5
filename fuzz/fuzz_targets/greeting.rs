//! The first bytes of a connection: what is taken for a PROXY header, and how much of it.
#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use millrace_edge::greeting::{Protocol, ProxyHeader};
use ppp::v2::{self, Builder, Command, Version};
use ppp::{HeaderResult, v1};

/// Whatever comes behind or is missing changes nothing, as long as the header is there; until then it is waited for.
fn is_stable(bytes: &[u8]) {
    let read = ProxyHeader::read(bytes);
    let more = [bytes, b"\r\n\x03abc"].concat();
    match &read {
        ProxyHeader::Whole { length, .. } => {
            assert!((1..=bytes.len()).contains(length), "{length} of {}", bytes.len());
            assert_eq!(ProxyHeader::read(&bytes[..*length]), read);
            assert_eq!(ProxyHeader::read(&more), read);
            // Long ones are looked at here and there.
            for n in (0..*length).step_by(1 + length / 256) {
                assert_eq!(ProxyHeader::read(&bytes[..n]), ProxyHeader::Partial, "{n} of {length}");
            }
        }
        ProxyHeader::Absent | ProxyHeader::Broken => assert_eq!(ProxyHeader::read(&more), read),
        ProxyHeader::Partial => {}
    }
    accepts_what_ppp_accepts(bytes, &read);
}

/// `ppp` says where a header ends on its own.
fn accepts_what_ppp_accepts(bytes: &[u8], read: &ProxyHeader) {
    let length = match HeaderResult::parse(bytes) {
        // A line that ends in a CR and something else.
        HeaderResult::V1(Ok(header)) if !header.header.ends_with("\r\n") => return,
        HeaderResult::V1(Ok(header)) => header.header.len(),
        HeaderResult::V2(Ok(header)) => header.header.len(),
        _ => return assert!(!matches!(read, ProxyHeader::Whole { .. }), "{read:?} is none for ppp"),
    };
    assert!(matches!(read, ProxyHeader::Whole { length: ours, .. } if *ours == length), "{read:?}, {length}");
}

/// What a balancer writes is read as it was meant.
fn comes_back(source: SocketAddr, target: SocketAddr, fields: &[u8]) {
    let both = match (source, target) {
        (SocketAddr::V4(a), SocketAddr::V4(b)) => Some((
            v1::Addresses::new_tcp4(*a.ip(), *b.ip(), a.port(), b.port()),
            v2::Addresses::IPv4(v2::IPv4::new(*a.ip(), *b.ip(), a.port(), b.port())),
        )),
        (SocketAddr::V6(a), SocketAddr::V6(b)) => Some((
            v1::Addresses::new_tcp6(*a.ip(), *b.ip(), a.port(), b.port()),
            v2::Addresses::IPv6(v2::IPv6::new(*a.ip(), *b.ip(), a.port(), b.port())),
        )),
        _ => None,
    };
    let Some((text, binary)) = both else { return };
    let builder = Builder::with_addresses(Version::Two | Command::Proxy, v2::Protocol::Stream, binary);
    let field = &fields[..fields.len().min(1000)];
    let version_2 = builder.write_tlv(v2::Type::NoOp, field).and_then(Builder::build).expect("it is short");
    for header in [text.to_string().into_bytes(), version_2] {
        // Of an IPv6 socket address there is more than the header holds.
        let (length, source) = (header.len(), Some(SocketAddr::new(source.ip(), source.port())));
        assert_eq!(ProxyHeader::read(&header), ProxyHeader::Whole { length, source });
        is_stable(&header);
    }
}

fuzz_target!(|data: (u8, SocketAddr, SocketAddr, &[u8])| {
    let (part, source, target, bytes) = data;
    if let Some(first) = bytes.first() {
        let _ = Protocol::of(*first);
    }
    match part % 4 {
        0 => is_stable(bytes),
        1 => is_stable(&[b"PROXY ", bytes].concat()),
        2 => is_stable(&[v2::PROTOCOL_PREFIX, bytes].concat()),
        _ => comes_back(source, target, bytes),
    }
});
