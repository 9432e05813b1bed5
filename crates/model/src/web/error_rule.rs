//! What viewers get instead of an origin's errors.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// For how long errors are kept where no rule says so.
pub const ERROR_TTL: Duration = Duration::from_secs(10);

/// What is done with answers of one status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRule {
    /// The status that the origin answers, or that stands for an origin which does not answer.
    pub status: u16,
    /// What is answered instead; none: the error itself.
    #[serde(default)]
    pub page: Option<ErrorPage>,
    /// For how long the error is kept at least, before the origin is asked again.
    pub ttl: Duration,
}

/// A page of the distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorPage {
    /// Its path, with the slash in front; it is found as any path is, by the behaviour that is for it.
    pub path: String,
    /// The status that it is answered with.
    pub status: u16,
}
