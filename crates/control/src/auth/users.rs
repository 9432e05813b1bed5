//! Users and their access keys, as they are kept.

use serde::{Deserialize, Serialize};

use super::Policy;

/// The kind of users in the store.
pub(crate) const USER: &str = "user";
/// The kind of access keys.
pub(crate) const ACCESS_KEY: &str = "access-key";

/// Somebody who may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What they may do.
    pub policy: Policy,
}

/// A key of a user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// Whose it is.
    pub user: String,
    /// The secret, sealed.
    pub sealed: String,
    /// Whether it may be used.
    pub active: bool,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey")
            .field("user", &self.user)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user's name, for the log.
    pub name: String,
    /// What they may do.
    pub policy: Policy,
}

impl Principal {
    /// Somebody with a shell on the machine: whoever can read the store may do everything.
    #[must_use]
    pub fn operator() -> Self {
        Self { name: "operator".to_owned(), policy: Policy::admin() }
    }
}
