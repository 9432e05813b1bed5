//! The digest handshake: 32 bytes of HMAC-SHA256 hidden in C1 and S1, and answered in C2 and S2.
//!
//! ```text
//! C1, S1:  time (4) | version (4) | 1528 random bytes, in them a 32-byte digest at a place that 4 of them select,
//!          and with RTMPE a 128-byte public key at another such place
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
/// Bytes in a public key.
const KEY_SIZE: usize = 128;

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
    pub(super) fn offset(self, block: &Block) -> usize {
        let selector = match self {
            Self::First => 8,
            Self::Second => 772,
        };
        sum(block, selector) % 728 + selector + 4
    }

    /// Offset of the public key, which is in the half that the digest is not in.
    pub(super) fn key_offset(self, block: &Block) -> usize {
        match self {
            Self::First => sum(block, 1532) % 632 + 772,
            Self::Second => sum(block, 768) % 632 + 8,
        }
    }

    /// The public key in a block (RTMPE).
    pub(super) fn public_key(self, block: &Block) -> &[u8; KEY_SIZE] {
        block[self.key_offset(block)..]
            .first_chunk()
            .expect("the last offset is 1403, the block has 1536 bytes")
    }

    /// Puts a public key into a block that has its random bytes and is not signed yet.
    pub(super) fn put_public_key(self, block: &mut Block, key: &[u8; KEY_SIZE]) {
        let at = self.key_offset(block);
        block[at..at + KEY_SIZE].copy_from_slice(key);
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

/// Puts a digest into a block that is otherwise ready, and returns it.
pub fn sign(block: &mut Block, scheme: Scheme, key: &[u8]) -> Digest {
    let at = scheme.offset(block);
    let digest = of_rest(block, at, key);
    block[at..at + SIZE].copy_from_slice(&digest);
    digest
}

/// Puts the answer to the other side's digest into the last 32 bytes of C2 or S2.
pub fn answer(block: &mut Block, digest: &Digest, key: &[u8]) {
    let signature = signature(block, &answer_key(digest, key));
    block[BLOCK - SIZE..].copy_from_slice(&signature);
}

/// What the answer to `digest` is signed with.
pub(super) fn answer_key(digest: &Digest, key: &[u8]) -> Digest {
    hmac(key, &[digest])
}

/// The signature that the last 32 bytes of C2 or S2 have to be.
pub(super) fn signature(block: &Block, answer_key: &Digest) -> Digest {
    hmac(answer_key, &[&block[..BLOCK - SIZE]])
}

/// The last 32 bytes of a block.
pub(super) fn end(block: &Block) -> Digest {
    *block.last_chunk().expect("a block has 1536 bytes")
}

/// What SWF verification knows a player's file by: `uncompressed` is the file with its first byte turned to `F` and
/// everything behind the 8-byte header inflated.
#[must_use]
pub fn swf_hash(uncompressed: &[u8]) -> Digest {
    hmac(CLIENT_KEY, &[uncompressed])
}

/// What a player answers to a request for SWF verification: its file's hash under the last 32 bytes of S1, so that an
/// answer is worth nothing on another connection. It shows that the player knows the hash, not that it is the file.
pub(crate) fn swf_answer(s1_end: &Digest, hash: &Digest) -> Digest {
    hmac(s1_end, &[hash])
}

/// The sum of four bytes, which selects a place.
fn sum(block: &Block, at: usize) -> usize {
    block[at..at + 4].iter().map(|byte| usize::from(*byte)).sum()
}

/// The digest of all bytes of the block but the 32 at `at`.
fn of_rest(block: &Block, at: usize, key: &[u8]) -> Digest {
    hmac(key, &[&block[..at], &block[at + SIZE..]])
}

pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> Digest {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
