//! Keeps blocks in memory and on disk, fetches each once, knows what is fresh.
//!
//! [`Cache::object`] opens a key of an [`Origin`](millrace_origin::Origin) and pins the version found there;
//! [`Object::read`] hands out slices of its blocks. A block is [`BLOCK`] bytes of one version and never changes,
//! so blocks have no expiry; only the question *which version is it now* has (the object table).
//!
//! ```
//! use millrace_cache::{Cache, Config};
//! use millrace_origin::{MemoryOrigin, Origin};
//! use std::sync::Arc;
//!
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let films = MemoryOrigin::new("films");
//! films.put("a.mp4", vec![7; 1_000_000]);
//! let origin: Arc<dyn Origin> = Arc::new(films.clone());
//!
//! let cache = Cache::open(Config::default()).await?;
//! let object = cache.object(&origin, "a.mp4").await?;
//! let slices = object.read(0..object.length()).await?;
//! assert_eq!(slices.iter().map(|slice| slice.len()).sum::<usize>(), 1_000_000);
//! assert_eq!(films.tally("a.mp4").bytes, 1_000_000);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(demo()).unwrap();
//! ```
//!
//! # Cancel safety
//! Every future here may be dropped at any await. A read that is dropped takes its interest in running fetches
//! with it; a fetch nobody is interested in any more is stopped.
//!
//! # Memory
//! The memory tier is bounded by bytes and so is what fetches hold. Slices handed out keep their blocks alive
//! beyond that: whoever holds many slices holds that much memory.

mod ahead;
mod cache;
mod clock;
mod config;
mod disk;
mod error;
mod fetch;
mod flight;
mod key;
mod memory;
mod metrics;
mod object_table;
mod pages;
mod reader;
mod response;
mod retry;
mod source;
mod stored;

pub use cache::Cache;
pub use config::{Config, Disk, Limits, STREAMING};
pub use error::Error;
pub use key::{BLOCK, ObjectId};
pub use metrics::{Counters, OriginCounters};
pub use millrace_web::Bounds;
pub use object_table::said;
pub use pages::Unsent;
pub use reader::Object;
pub use response::{
    Ask, ContentBody, ContentPiece, Copy, CopyKey, CopyName, ErrorTtls, How, Part, Reply, Rules,
};
