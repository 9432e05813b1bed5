//! Names of objects and blocks: fixed-size, the same after a restart.

use millrace_origin::{OriginId, Version};
use sha2::{Digest, Sha256};
use std::fmt;

/// Bytes in a block; the last block of an object may be shorter.
pub const BLOCK: u64 = 256 * 1024;

/// One version of one key of one origin: 128 bits of SHA-256 over the three names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(u128);

impl ObjectId {
    pub(crate) fn new(origin: &OriginId, key: &str, version: &Version) -> Self {
        let mut hash = Sha256::new();
        for part in [origin.as_str(), key, version.as_str()] {
            // The length before each part keeps ("a", "bc") and ("ab", "c") apart.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        Self(digest[..16].iter().fold(0, |id, &byte| id << 8 | u128::from(byte)))
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A block of an object: bytes `index * BLOCK` and following.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BlockKey {
    pub(crate) object: ObjectId,
    pub(crate) index: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_name_counts_and_none_runs_into_the_next() {
        let id = |origin: &str, key: &str, version: &str| {
            ObjectId::new(&OriginId::new(origin), key, &Version::new(version))
        };
        let one = id("a", "b", "c");
        assert_eq!(one, id("a", "b", "c"));
        for other in
            [id("x", "b", "c"), id("a", "x", "c"), id("a", "b", "x"), id("ab", "", "c"), id("", "ab", "c")]
        {
            assert_ne!(one, other);
        }
        assert_eq!(ObjectId::from_bytes(one.to_bytes()), one);
    }
}
