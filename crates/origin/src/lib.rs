//! Reads from S3, web servers, a folder or memory, and says which side failed.
//!
//! There are two ways to ask. An [`Origin`] answers one question: *these bytes of this key, of this version*. The
//! first read of an unknown object leaves the version open; its [`Answer`] names the version, the length and the headers,
//! so nobody ever asks for them alone. Every later read is [pinned](Read::pinned) to that version and fails with
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
//! An [`Upstream`] is asked as a browser would ask, with a whole request, and its answer is passed on: what web
//! distributions need. Each leads to the other: [`ObjectsUpstream`] lets any origin answer requests,
//! [`RangedOrigin`] reads the answer to one request in parts.
//!
//! ```text
//!            asked for bytes of a version      asked with a request
//! bucket     S3Origin                          BucketUpstream
//! folder     FolderOrigin                      ObjectsUpstream
//! server     RangedOrigin                      HttpUpstream
//! two of them                                  FailoverUpstream
//! ```
//!
//! ```
//! use http::Request;
//! use millrace_origin::{MemoryOrigin, ObjectsUpstream, Origin, RangedOrigin, Read, Upstream, no_body};
//! use std::sync::Arc;
//!
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let films = MemoryOrigin::new("films");
//! films.put("public/a b.mp4", &b"0123456789"[..]);
//! let upstream: Arc<dyn Upstream> = Arc::new(ObjectsUpstream::new(Arc::new(films), "/public".into()));
//!
//! let answer = upstream.ask(Request::get("/a%20b.mp4").header("range", "bytes=-3").body(no_body())?).await?;
//! assert_eq!((answer.status(), &answer.headers()["content-type"]), (206.try_into()?, &"video/mp4".parse()?));
//!
//! let origin = RangedOrigin::new(upstream, Request::get("/a%20b.mp4").body(())?);
//! let answer = origin.read("a b.mp4", Read::new(4..8)).await?;
//! assert_eq!(answer.bytes().await?, &b"4567"[..]);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(demo()).unwrap();
//! ```
//!
//! Nothing that failed is asked again here: whoever asks knows how long it may wait and which byte it still lacks. The
//! exception is what no one else can know: that a connection was not made, or had been closed before it was used.

// Bytes of a version …
mod body;
mod error;
mod folder;
mod key;
mod memory;
mod object;
mod question;
mod s3;
// … and whole answers.
mod bucket;
mod failover;
mod http;
mod objects;
mod ranged;
mod refusal;
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
