//! What a reader of the cache can be told.

use millrace_origin::{Kind, Side};
use std::ops::Range;
use std::path::PathBuf;

/// A failed operation of the cache. Cheap to clone: everyone who waited for one fetch gets the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The origin failed, and trying again within the deadline did not help.
    #[error(transparent)]
    Origin(#[from] millrace_origin::Error),
    /// The range does not lie inside the object.
    #[error("bytes {}..{} were asked of an object of {length} bytes", range.start, range.end)]
    Range {
        /// What was asked.
        range: Range<u64>,
        /// The object's length.
        length: u64,
    },
    /// Another process uses the cache directory.
    #[error("the cache directory {} is in use by another process; give each its own", dir.display())]
    DirectoryInUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The fetch this read waited for was torn down with the runtime, or died of a fault of this program.
    #[error("the fetch of byte {offset} stopped without an answer")]
    Stopped {
        /// The first byte that did not come.
        offset: u64,
    },
}

impl Error {
    /// What went wrong, in the origin's terms.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Origin(error) => error.kind,
            Self::Range { .. } => Kind::PastEnd,
            Self::DirectoryInUse { .. } => Kind::Misconfigured,
            Self::Stopped { .. } => Kind::Internal,
        }
    }

    /// Who has to act.
    pub fn side(&self) -> Side {
        match self {
            Self::DirectoryInUse { .. } => Side::Internal,
            _ => self.kind().side(),
        }
    }

    /// Whether the same question may well succeed later.
    pub fn retry_helps(&self) -> bool {
        self.kind().retry_helps()
    }
}
