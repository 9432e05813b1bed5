//! Web distributions: what an HTTP edge needs to know of them, with every policy resolved.
//!
//! ```text
//! Host ──▶ Distribution ──path──▶ Behavior ──target──▶ Origin, or OriginGroup of two
//!                │                    ├─ who may: viewer_protocol, methods, trusted_keys
//!                ├─ Geo               ├─ KeyRules: what tells copies apart, and goes to the origin
//!                └─ ErrorRule         ├─ ForwardRules: what goes to the origin besides
//!                                     └─ ResponseRules, Ttl: what comes back, and for how long it is kept
//! ```
//!
//! The old way to say what is cached (`ForwardedValues`) and the new one (policies) become the same rules here, so that
//! an edge knows one way only. Everything can be kept as JSON.

mod behavior;
mod distribution;
mod error_rule;
mod geo;
mod glob;
mod invalidation;
mod origin;
mod path_pattern;
mod response;
mod rules;
mod select;
mod ttl;

pub use behavior::{Behavior, Methods, ViewerProtocol};
pub use distribution::{Distribution, Target};
pub use error_rule::{ERROR_TTL, ErrorPage, ErrorRule};
pub use geo::Geo;
pub use glob::Glob;
pub use invalidation::{Invalidation, Invalidations};
pub use origin::{Bucket, Custom, Origin, OriginGroup, OriginHeader, OriginKind, OriginProtocol, Signing};
pub use path_pattern::PathPattern;
pub use response::{Cors, ResponseHeader, ResponseRules};
pub use rules::{ForwardRules, KeyRules, NOT_FORWARDED};
pub use select::Select;
pub use ttl::Ttl;
