//! Who asked: signatures made and verified. No IO, no clock; the time is an argument.
//!
//! [`sigv4`] is AWS Signature Version 4: verified on the control API, made for reads from S3, both by one canonicaliser.
//! [`signed_url`] is CloudFront's private content: signed URLs, cookies and stream names.
//! [`PublicKey`] is what their signatures are verified with, [`PrivateKey`] what they are made with.

mod private_key;
mod public_key;
pub mod signed_url;
pub mod sigv4;

pub use private_key::{PrivateKey, PrivateKeyError};
pub use public_key::{Hash, KeyKind, PublicKey, PublicKeyError};
pub use signed_url::{
    Case, Grant, Mistake, Offer, Over, Parted, Policy, PolicyError, Proof, Refusal, Request, SignError,
    Signed, Signer, Spelling, Terms, of_cookies, of_name, of_query, redacted,
};
