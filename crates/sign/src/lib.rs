//! Who asked: signatures made and verified. No IO, no clock; the time is an argument.
//!
//! [`sigv4`] is AWS Signature Version 4: verified on the control API, made for reads from S3, both by one canonicaliser.
//! [`PublicKey`] is what the signatures of viewers' URLs are checked with.

mod public_key;
pub mod sigv4;

pub use public_key::{Hash, KeyKind, PublicKey, PublicKeyError};
