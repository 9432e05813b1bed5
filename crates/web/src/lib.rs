//! HTTP's rules for a shared cache (RFC 9110, RFC 9111), within the bounds that a distribution sets. No IO, no clock:
//! times are arguments.
//!
//! ```text
//! response ─▶ Directives ─┬─▶ may_store        whether it is kept at all
//!                         └─▶ Freshness        until when it may be used, and how after that
//! request  ─┬─▶ Variant       whether it is the stored one that is meant (Vary)
//!           ├─▶ Verdict       whether the client has it already (If-None-Match …)
//!           └─▶ Ranges        which part is wanted
//! ```

mod coding;
mod condition;
mod directives;
mod freshness;
mod hop;
mod range;
mod store;
mod vary;

pub use coding::{Coding, Codings};
pub use condition::{Validators, Verdict, judge};
pub use directives::{Directives, Fields};
pub use freshness::{Bounds, Freshness, Moment, said};
pub use hop::remove_hop_by_hop;
pub use range::{Ranges, content_range, multipart_head, multipart_tail};
pub use store::may_store;
pub use vary::Variant;
