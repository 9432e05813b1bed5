//! The digest handshake: 32 bytes of HMAC-SHA256 hidden in C1 and S1, and answered in C2 and S2.
//!
//! ```text
//! C1, S1:  time (4) | version (4) | 1528 random bytes, in them a 32-byte digest at a place that 4 of them select
//! C2, S2:  1504 random bytes | HMAC of those, under a key made from the other side's digest
//! ```
//!
//! The keys are printed in every Flash Player: a right digest proves only that the peer knows this scheme.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{BLOCK, Block};

/// An HMAC-SHA256.
pub type Digest = [u8; SIZE];
/// Bytes in a digest.
const SIZE: usize = 32;

/// What a client signs C1 with.
pub const CLIENT_KEY: &[u8] = CLIENT_ANSWER_KEY.split_at(30).0;
/// What a server signs S1 with.
pub const SERVER_KEY: &[u8] = SERVER_ANSWER_KEY.split_at(36).0;
/// What a client makes C2's key with: [`CLIENT_KEY`] and the tail that both share.
pub const CLIENT_ANSWER_KEY: &[u8] = b"Genuine Adobe Flash Player 001\
    \xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57\
    \x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae";
/// What a server makes S2's key with: [`SERVER_KEY`] and the same tail.
pub const SERVER_ANSWER_KEY: &[u8] = b"Genuine Adobe Flash Media Server 001\
    \xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57\
    \x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae";

/// Where in the block the digest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In the first half: FFmpeg, and Flash Player 9.
    First,
    /// In the second half: Flash Player 10 and later.
    Second,
}

impl Scheme {
    /// Offset of the digest: the four bytes before its half's room, summed, select the place.
    fn offset(self, block: &Block) -> usize {
        let selector = match self {
            Self::First => 8,
            Self::Second => 772,
        };
        let sum: usize = block[selector..selector + 4].iter().map(|byte| usize::from(*byte)).sum();
        sum % 728 + selector + 4
    }
}

/// The scheme under which `block` carries a right digest, and that digest.
#[must_use]
pub fn find(block: &Block, key: &[u8]) -> Option<(Scheme, Digest)> {
    [Scheme::First, Scheme::Second].into_iter().find_map(|scheme| {
        let at = scheme.offset(block);
        let digest = of_rest(block, at, key);
        (block[at..at + SIZE] == digest).then_some((scheme, digest))
    })
}

/// Puts a digest into a block that is otherwise ready.
pub fn sign(block: &mut Block, scheme: Scheme, key: &[u8]) {
    let at = scheme.offset(block);
    let digest = of_rest(block, at, key);
    block[at..at + SIZE].copy_from_slice(&digest);
}

/// Puts the answer to the other side's digest into the last 32 bytes of C2 or S2.
pub fn answer(block: &mut Block, digest: &Digest, key: &[u8]) {
    let answer_key = hmac(key, &[digest]);
    let signature = hmac(&answer_key, &[&block[..BLOCK - SIZE]]);
    block[BLOCK - SIZE..].copy_from_slice(&signature);
}

/// The digest of all bytes of the block but the 32 at `at`.
fn of_rest(block: &Block, at: usize, key: &[u8]) -> Digest {
    hmac(key, &[&block[..at], &block[at + SIZE..]])
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Digest {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
