//! Decryption of what comes in.

use bytes::BytesMut;

use crate::handshake::encrypted::Cipher;

/// Decrypts the input in place, each byte once.
///
/// A reader may leave the beginning of a chunk where it is until more comes:
///
/// ```text
/// input   | left over, clear | new, encrypted |
/// ```
#[derive(Debug)]
pub(super) struct Inbound {
    cipher: Cipher,
    /// How many bytes at the front are clear already.
    clear: usize,
}

impl Inbound {
    pub(super) fn new(cipher: Cipher) -> Self {
        Self { cipher, clear: 0 }
    }

    /// Decrypts what was appended since the last call.
    pub(super) fn decrypt(&mut self, input: &mut BytesMut) {
        if let Some(new) = input.get_mut(self.clear..) {
            self.cipher.apply(new);
        }
        self.clear = input.len();
    }

    /// Remembers how much of what was decrypted is still there, after something was read.
    pub(super) fn left(&mut self, input: &BytesMut) {
        self.clear = input.len();
    }
}
