//! CloudFront's private content: signed URLs, signed cookies and signed stream names, verified and made.
//!
//! A signer allows something by a *policy*, which it signs with its private key. The *canned* policy is so plain that only
//! its time is sent; one of its own is sent whole, in base64. What may be seen is the policy's *resource*.
//!
//! ```text
//!  stream name   mp4:dir/x.mp4?color=red & Expires=1357034400 & Signature=… & Key-Pair-Id=APKA…
//!                    └─────────┬───────┘
//!  resource          dir/x.mp4?color=red                        no scheme, host, application, slash, or type
//!
//!  in a page     mp4:dir/x.mp4%3FExpires%3D1357034400%26Signature%3D…%26Key-Pair-Id%3DAPKA…
//!
//!  URL           https://host/x.html?a=b & Policy=eyJTdGF0…  & Signature=… & Key-Pair-Id=K… & Hash-Algorithm=SHA256
//!                └──────────┬──────────┘
//!  resource      https://host/x.html?a=b                        as it is; http*://host/* in a policy of its own
//!
//!  cookies       CloudFront-Policy=…; CloudFront-Signature=…; CloudFront-Key-Pair-Id=K…
//!
//!  canned policy {"Statement":[{"Resource":"RESOURCE","Condition":{"DateLessThan":{"AWS:EpochTime":EXPIRES}}}]}
//!
//!  its own       {"Statement":[{"Resource":"dir/*","Condition":{"DateLessThan":{"AWS:EpochTime":…},
//!                 "IpAddress":{"AWS:SourceIp":"192.0.2.0/24"},"DateGreaterThan":{"AWS:EpochTime":…}}}]}
//!
//!  signature     RSA PKCS #1 v1.5, or ECDSA on P-256, of SHA-1 or SHA-256 over the very bytes of the policy
//!
//!  base64        - for +    ~ for /    _ for =
//! ```
//!
//! | parameter | value | when |
//! |---|---|---|
//! | `Expires` | seconds since 1970 | canned policy; ignored beside `Policy` |
//! | `Policy` | base64 of JSON | a policy of its own |
//! | `Signature` | base64 | always |
//! | `Key-Pair-Id` | id of the public key | always |
//! | `Hash-Algorithm` | `SHA1`, `SHA256` | SHA-1 without it |
//!
//! The way of a request: [`of_name`], [`of_query`] or [`of_cookies`] read what came; [`Signed::key_id`] says which key to
//! look up; [`Signed::examine`] checks the conditions, which costs next to nothing; [`Case::recall`] finds in a cache what
//! was verified before, and otherwise [`Case::verify`] does the arithmetic, on whatever thread may take that long.

mod base64;
mod canned;
mod make;
mod policy;
mod refusal;
mod signed;
mod time;
mod verify;
mod wildcard;

pub use make::{Offer, SignError, Signer, Spelling};
pub use policy::{Policy, PolicyError};
pub use refusal::{Over, Refusal};
pub use signed::{Parted, Signed, Terms, of_cookies, of_name, of_query, redacted};
pub use verify::{Case, Grant, Mistake, Proof, Request};
