//! CloudFront's REST/XML API over a transactional store; publishes what edges serve.

pub mod api;
pub mod auth;
mod clock;
mod deployment;
mod error;
mod feed;
mod names;
mod picture;
pub mod service;
mod settings;
pub mod shape;
mod signer;
pub mod store;
mod value;

pub use error::Error;
pub use picture::{Picture, Published, PublishedKey};
pub use service::Service;
pub use settings::{Quotas, Settings};
pub use signer::{NoSigner, Signer, Signers};
pub use store::{Store, StoreError};
