//! RC4, as both directions of an encrypted connection go through it.

use rc4::{KeyInit, Rc4, StreamCipher};

use super::group::Number;
use crate::handshake::digest;

/// Bytes of the key stream that are thrown away before the first is used: as many as a block of the handshake has.
const DROPPED: usize = 1536;

/// One direction's key stream. Every byte of the direction goes through it once and in order; encrypting and
/// decrypting are the same.
pub struct Cipher(Rc4);

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cipher").finish_non_exhaustive()
    }
}

impl Cipher {
    /// The stream towards the owner of `public`.
    pub(super) fn new(secret: &Number, public: &Number) -> Self {
        let key = Self::key(secret, public);
        let mut stream = Rc4::new_from_slice(&key).expect("RC4 takes keys of 1 to 256 bytes");
        stream.apply_keystream(&mut [0; DROPPED]);
        Self(stream)
    }

    pub(super) fn key(secret: &Number, public: &Number) -> [u8; 16] {
        *digest::hmac(secret, &[public]).first_chunk().expect("a digest has 32 bytes")
    }

    /// Encrypts or decrypts in place.
    pub fn apply(&mut self, bytes: &mut [u8]) {
        self.0.apply_keystream(bytes);
    }
}

/// Both directions.
#[derive(Debug)]
pub struct Ciphers {
    /// For what is received.
    pub inbound: Cipher,
    /// For what is sent.
    pub outbound: Cipher,
}
