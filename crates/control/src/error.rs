//! What the API answers when it does not do what was asked.

use crate::StoreError;
use crate::shape::Fault;

/// A refusal: Amazon's code and status, and what to do in our words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Error {
    /// Such as `NoSuchStreamingDistribution`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// For people.
    pub message: String,
}

impl Error {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into() }
    }

    /// A request that makes no sense.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::bad("InvalidArgument", message)
    }

    pub(crate) fn missing(code: &'static str, what: &str, id: &str) -> Self {
        Self::new(404, code, format!("there is no {what} with the id {id:?}"))
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    /// Nothing that the caller could do better; the log has the reason.
    pub(crate) fn internal(reason: &dyn std::fmt::Display) -> Self {
        tracing::error!("a request failed: {reason}");
        Self::new(500, "InternalError", "the request failed inside; the server's log says why")
    }

    /// The store is away for now: SDKs try again on their own.
    pub(crate) fn unavailable() -> Self {
        Self::new(503, "ServiceUnavailable", "the store can't be reached at the moment")
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let status = fault.status();
        Self { code: fault.code, status, message: fault.message }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        if error.is_away() {
            tracing::warn!("{error}");
            return Self::unavailable();
        }
        Self::internal(&error)
    }
}

impl From<millrace_sign::sigv4::Error> for Error {
    fn from(error: millrace_sign::sigv4::Error) -> Self {
        Self { code: error.code(), status: error.status(), message: error.to_string() }
    }
}
