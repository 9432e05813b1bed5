//! Reads a named version of an object by range from S3, a folder or memory, and says which side failed.
//!
//! An [`Origin`] answers one question: *these bytes of this key, of this version*. The first read of an
//! unknown object leaves the version open; its [`Answer`] names the version, the length and the headers, so
//! nobody ever asks for them alone. Every later read is [pinned](Read::pinned) to that version and fails with
//! [`Kind::Changed`] rather than mix two versions.
//!
//! ```
//! use millrace_origin::{MemoryOrigin, Origin, Read};
//!
//! # async fn demo() -> Result<(), millrace_origin::Error> {
//! let origin = MemoryOrigin::new("films");
//! origin.put("a.mp4", &b"0123456789"[..]);
//! let answer = origin.read("a.mp4", Read::new(4..8)).await?;
//! assert_eq!((answer.object.length, answer.range.clone()), (10, 4..8));
//! assert_eq!(answer.bytes().await?, &b"4567"[..]);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(demo()).unwrap();
//! ```
//!
//! No retries happen here: whoever reads knows how long it may wait and which byte it still lacks.

mod body;
mod bucket;
mod error;
mod failover;
mod folder;
mod http;
mod key;
mod memory;
mod object;
mod objects;
mod question;
mod ranged;
mod refusal;
mod s3;
mod upstream;

pub use self::http::{HttpConfig, HttpUpstream, Trust, TrustError};
pub use bucket::{BucketRules, BucketUpstream};
pub use error::{Error, Kind, Side};
pub use failover::FailoverUpstream;
pub use folder::FolderOrigin;
pub use memory::{Hold, MemoryOrigin, Tally};
pub use object::{Answer, Body, Freshness, ObjectInfo, Origin, OriginId, Read, Version};
pub use objects::ObjectsUpstream;
pub use ranged::RangedOrigin;
pub use s3::{Credentials, S3Config, S3Origin};
pub use upstream::{RequestBody, ResponseBody, Upstream, ViewerScheme, no_body};
