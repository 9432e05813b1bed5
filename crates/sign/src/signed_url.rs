//! CloudFront's signed URLs, signed cookies and signed stream names, made and verified.
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
