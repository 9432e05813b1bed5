//! What a distribution is, which one a host name means, and which object a stream name means. Plain data: no IO.
//!
//! The contract is that of CloudFront's RTMP distributions: a viewer connects to `rtmp://HOST/cfx/st` and plays a
//! stream name; HOST selects the distribution, the name an object in its origin. Web distributions, which serve HTTP,
//! are in [`web`].

mod address;
mod distribution;
mod page;
mod resource;
mod s3_domain;
mod snapshot;
mod stream_name;
mod variant;
pub mod web;

pub use address::{Address, AddressError, host_of};
pub use distribution::{HostPattern, StreamingDistribution, Swf};
pub use page::PageOrigin;
pub use s3_domain::{S3Domain, S3DomainError};
pub use snapshot::{HostError, Snapshot};
pub use stream_name::{NameError, Prefix, StreamName};
pub use variant::{Variant, Variants};
