//! The trait every origin implements, and what it is asked and answers.

use crate::Error;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use http::HeaderMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

/// Where bytes come from.
///
/// Implementations promise: a body yields exactly the bytes of [`Answer::range`] of [`ObjectInfo::version`]
/// and then ends, or yields an error; dropping the future or the body stops the transfer.
#[async_trait]
pub trait Origin: Send + Sync + 'static {
    /// The name under which everything from here is cached. Two origins that may differ in content differ in it.
    fn id(&self) -> &OriginId;

    /// How long an answer about a key may be believed.
    fn freshness(&self) -> Freshness {
        Freshness::ByHeaders
    }

    /// Reads `request.range` of `key`. The range may run past the end, then the answer is cut; of an empty
    /// object it is empty.
    ///
    /// # Errors
    /// Any [`Kind`](crate::Kind); [`PastEnd`](crate::Kind::PastEnd) when the range starts behind the last byte
    /// of a non-empty object, [`Changed`](crate::Kind::Changed) when the object is not the pinned version.
    async fn read(&self, key: &str, request: Read) -> Result<Answer, Error>;
}

/// How long an answer about a key may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As the object's headers and the cache's bounds say.
    ByHeaders,
    /// Not at all: asking is cheap, and people replace objects and expect to see it (a folder).
    AskEachTime,
}

/// What is asked of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The wanted bytes, first included, end excluded. Must not be empty.
    pub range: Range<u64>,
    /// The only version that will do; `None` takes whatever is there now.
    pub pinned: Option<Version>,
}

impl Read {
    /// `range` of whatever version is there now.
    pub fn new(range: Range<u64>) -> Self {
        Self { range, pinned: None }
    }

    /// `range` of `version` only.
    pub fn pinned(range: Range<u64>, version: Version) -> Self {
        Self { range, pinned: Some(version) }
    }
}

/// The bytes of an answer as they arrive, in pieces of any size.
pub type Body = BoxStream<'static, Result<Bytes, Error>>;

/// What an origin answers.
pub struct Answer {
    /// The object the bytes belong to.
    pub object: ObjectInfo,
    /// The bytes that will come: the asked range, cut at the end of the object.
    pub range: Range<u64>,
    /// The bytes themselves; nothing is transferred faster than this is read.
    pub body: Body,
}

impl Answer {
    /// Collects the whole body; for small ranges.
    ///
    /// # Errors
    /// The first error of the body.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.body.next().await {
            all.extend_from_slice(&piece?);
        }
        Ok(all.freeze())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("object", &self.object)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// What is known of one version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Which content this is.
    pub version: Version,
    /// Bytes in the whole object.
    pub length: u64,
    /// When it was written, as the origin says.
    pub last_modified: Option<SystemTime>,
    /// What else the origin says of it, as sent: `Content-Type`, `Cache-Control` and the like. Nothing about the
    /// transfer, which is ours.
    pub headers: HeaderMap,
}

impl ObjectInfo {
    /// An object without headers.
    pub fn new(version: Version, length: u64) -> Self {
        Self { version, length, last_modified: None, headers: HeaderMap::new() }
    }
}

/// Names the immutable content of an object at one time; opaque, compared as a whole.
///
/// S3: the ETag as sent, quotes included. Folder: modification time, length and inode.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(Arc<str>);

/// The stable name of an origin, such as `s3://s3.eu-west-1.amazonaws.com/films/prefix`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OriginId(Arc<str>);

macro_rules! name {
    ($type:ident) => {
        impl $type {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(Version);
name!(OriginId);
