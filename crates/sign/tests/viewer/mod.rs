//! What the tests of viewers' signatures share: keys, and one question asked in one line.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "helpers of tests may panic, and not every test needs all"
)]

use millrace_sign::*;
use std::net::IpAddr;

pub const NOW: u64 = 1_650_000_000;
pub const KEYS: [&str; 4] = ["rsa1024", "rsa2048", "rsa4096", "p256"];

pub fn address() -> IpAddr {
    "192.0.2.7".parse().unwrap()
}

pub fn private(name: &str) -> PrivateKey {
    let path = format!("{}/tests/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    PrivateKey::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn public(name: &str) -> PublicKey {
    private(name).public().clone()
}

pub fn signer(name: &str, hash: Hash) -> Signer {
    Signer { key_id: name.into(), key: private(name), hash }
}

/// What only a time allows.
pub fn until(expires: u64) -> Offer {
    Offer::Policy(Policy { resource: None, expires, not_before: None, network: None })
}

pub fn named(resource: &str) -> Offer {
    Offer::Policy(Policy {
        resource: Some(resource.into()),
        expires: NOW + 1,
        not_before: None,
        network: None,
    })
}

/// Asks for one object by one name, after everything else was found in order.
pub fn ask(signed: &Signed, key: &PublicKey, name: &str) -> Result<Grant, Refusal> {
    let objects = [vec![name.to_owned()]];
    let request = Request { now: NOW, address: address(), objects: &objects, mistakes: &[] };
    signed.examine(key, &request)?.verify(key).map(|(_, grant)| grant)
}

/// A name without the type before it.
pub fn resource(bare: &str) -> &str {
    ["mp4:", "mp3:", "flv:"].iter().fold(bare, |name, kind| name.trim_start_matches(kind))
}
