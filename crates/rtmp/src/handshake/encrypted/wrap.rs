//! The block ciphers that types 8 and 9 put over the signatures of C2 and S2.
//!
//! ```text
//! signature   | block 0 (8) | block 1 (8) | block 2 (8) | block 3 (8) |
//! under       table[K[0] mod 15]  [K[8] mod 15]  [K[16] mod 15]  [K[24] mod 15]      K: what made the signature
//! ```
//!
//! The tables are printed in every Flash Player, as the keys of the digests are: this hides nothing either.

use std::sync::LazyLock;

use blowfish::BlowfishLE;
use blowfish::cipher::{BlockCipherEncrypt, KeyInit};

use crate::handshake::digest::Digest;

/// What is put over the signatures; its number is the version byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrap {
    /// Nothing: librtmp, FFmpeg, and Flash Player 9.
    Plain = 6,
    /// XTEA: Flash Player 10 and later.
    Xtea = 8,
    /// Blowfish.
    Blowfish = 9,
}

impl Wrap {
    /// What a version byte of C0 or S0 stands for, if that is one of RTMPE.
    #[must_use]
    pub fn from_version(version: u8) -> Option<Self> {
        [Self::Plain, Self::Xtea, Self::Blowfish].into_iter().find(|wrap| wrap.version() == version)
    }

    /// The version byte.
    #[must_use]
    pub fn version(self) -> u8 {
        self as u8
    }

    /// Encrypts a signature; `key` is the HMAC key that it was made with.
    pub(super) fn seal(self, signature: &mut Digest, key: &Digest) {
        let (blocks, _) = signature.as_chunks_mut();
        for (block, selector) in blocks.iter_mut().zip(key.iter().step_by(8)) {
            let index = usize::from(*selector) % XTEA_KEYS.len();
            match self {
                Self::Plain => {}
                Self::Xtea => xtea(block, XTEA_KEYS[index]),
                Self::Blowfish => BLOWFISH[index].encrypt_block(block.into()),
            }
        }
    }
}

/// XTEA (Needham and Wheeler, 1997) with 32 cycles: the words of the block are little-endian here, those of the key
/// big-endian.
fn xtea(block: &mut [u8; 8], key: u128) {
    let word = |index: u32| (key >> (96 - 32 * (index & 3))) as u32;
    let mix = |half: u32| ((half << 4) ^ (half >> 5)).wrapping_add(half);
    let both = u64::from_le_bytes(*block);
    let (mut left, mut right, mut sum) = (both as u32, (both >> 32) as u32, 0u32);
    for _ in 0..32 {
        left = left.wrapping_add(mix(right) ^ sum.wrapping_add(word(sum)));
        sum = sum.wrapping_add(0x9e37_79b9);
        right = right.wrapping_add(mix(left) ^ sum.wrapping_add(word(sum >> 11)));
    }
    *block = (u64::from(right) << 32 | u64::from(left)).to_le_bytes();
}

/// The published table has 16 keys; the last one is never selected.
const XTEA_KEYS: [u128; 15] = [
    0xbff034b211d9081fccdfb795748de732,
    0x086a5eb61743090e6ef05ab8fe5a39e2,
    0x7b10956f76ce05212388a73a440149a1,
    0xa943f317ebf11bb2a691a5ee17f36339,
    0x7a30e00ab529e22ca087aea5c0cb79ac,
    0xbdce0c232febdeff1cfaae161123239d,
    0x55dd3f7b77e7e62e9bb8c499c9481ee4,
    0x407bb6b471e89136a7aebf55ca33b839,
    0xfcf6bdc3b63c36977ce4f82504d959b2,
    0x28e091fd41954c4c7fb7db00e3a066f8,
    0x57845b764f251b0346d45bcda2c30d29,
    0x0acceef8da55b546034734525863713b,
    0xb82075dca75f1feed84268e8a72a44cc,
    0x07cf6e9ea16d7b259fa7ae6cd92f5629,
    0xfeb1eae48c8c3ce14e0064a76a387c2a,
];

/// As [`XTEA_KEYS`], but 24 bytes each.
const BLOWFISH_KEYS: [[u64; 3]; 15] = [
    [0x7934774c67d1383a, 0xdfb356be8b7bd024, 0x38e07358415d6967],
    [0x46f6b4cc0193e3a1, 0x9e7d3c655586fd09, 0x8ff7b3c46f41ca5c],
    [0x1ae7e2f3f9147994, 0xc0d39743087bb384, 0x432f9d843f21019b],
    [0xd3e354b0f71df62b, 0x5a434d0483643e0d, 0x592f61cbb16a590d],
    [0xc8c1e9b816569921, 0x7b5b36b7b59bdf06, 0x492c97f59548857e],
    [0xebe5e62ea4bad42c, 0xf216e08f6623a943, 0x41ce381484950053],
    [0x66db90f03b4ff56f, 0xe49c2089355ed2b2, 0xc39e9f7f63b22881],
    [0xbb20aced2a046a19, 0x94989bc8ffcd93ef, 0xc60d56a7eb13d930],
    [0xbcf2438209408a87, 0x25436de6bba4b944, 0x583f217c99bb3f24],
    [0xec1aaacdcebd5311, 0xd2fb83b6c3baab4f, 0x6279e865a9922876],
    [0xc60c300391182d7b, 0x79dae1d564779a12, 0xc5b1d7914f964ca3],
    [0xd77c2abfa6e7857c, 0x45adff1294d8dea4, 0x5c3d79a444025d22],
    [0x16190d816a4cc7f8, 0xb8f94ecd2c9e9084, 0xb2082560e11eae18],
    [0xe97c58261b519e49, 0x826061fca0a01bcd, 0xf505d6a66d0788a3],
    [0x2b97118bd94ed9df, 0x20e39c10e6a13521, 0x11f9130d0b2465b2],
];

/// Made once for all connections: a Blowfish key costs 521 encryptions to set up, as much as a part of the key
/// exchange that is kept away from the threads of the sockets.
static BLOWFISH: LazyLock<[BlowfishLE; 15]> = LazyLock::new(|| {
    BLOWFISH_KEYS.map(|key| {
        let key = key.map(u64::to_be_bytes);
        BlowfishLE::new_from_slice(key.as_flattened()).expect("Blowfish takes keys of 4 to 56 bytes")
    })
});
