//! The signature in the last 32 bytes of C2 and S2, with what types 8 and 9 put over it.

use super::wrap::Wrap;
use crate::handshake::digest::{self, Digest};
use crate::handshake::{BLOCK, Block};

/// Makes and checks the signature of one block.
#[derive(Debug)]
pub(in crate::handshake) struct Signer {
    wrap: Wrap,
    key: Digest,
}

impl Signer {
    /// For the block that answers `digest`; `key` is the one of the side that signs.
    pub(super) fn new(wrap: Wrap, digest: &Digest, key: &[u8]) -> Self {
        Self { wrap, key: digest::answer_key(digest, key) }
    }

    /// Puts the signature into a block that is otherwise ready.
    pub(super) fn sign(&self, block: &mut Block) {
        let signature = self.signature(block);
        block[BLOCK - signature.len()..].copy_from_slice(&signature);
    }

    /// Whether the block is signed as it has to be.
    pub(in crate::handshake) fn verify(&self, block: &Block) -> bool {
        // The keys are public, so the time that the comparison takes betrays nothing.
        block.ends_with(&self.signature(block))
    }

    fn signature(&self, block: &Block) -> Digest {
        let mut signature = digest::signature(block, &self.key);
        self.wrap.seal(&mut signature, &self.key);
        signature
    }
}
