//! CloudFront's REST/XML API over a transactional store; publishes what edges serve.

mod clock;
pub mod shape;
pub mod store;

pub use store::{Store, StoreError};
