//! Who may call: users, their access keys, and what they may do.

mod policy;
mod seal;
mod users;

pub use policy::{Effect, Policy, PolicyError, Statement};
pub use seal::{Seal, SealError};
pub(crate) use users::{ACCESS_KEY, USER};
pub use users::{AccessKey, Principal, User};
