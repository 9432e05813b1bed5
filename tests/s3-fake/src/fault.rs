//! Ways to misbehave, and when.

use std::time::Duration;

/// One way to misbehave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An error answer with S3's XML.
    Status {
        /// The HTTP status.
        status: u16,
        /// S3's code.
        code: &'static str,
    },
    /// No answer; the connection stays open.
    Silent,
    /// The right headers and so many bytes of the body, then nothing; the connection stays open.
    Stall {
        /// Body bytes sent.
        after: u64,
    },
    /// The right headers and so many bytes of the body, then the connection is closed.
    Cut {
        /// Body bytes sent.
        after: u64,
    },
    /// As [`Cut`](Self::Cut), but with a TCP reset.
    Reset {
        /// Body bytes sent.
        after: u64,
    },
    /// The body comes in pieces of so many bytes with a pause before each.
    Trickle {
        /// Bytes in a piece.
        piece: usize,
        /// The pause.
        pause: Duration,
    },
    /// `Content-Length`, and the body with it, longer than `Content-Range` says.
    LongLength {
        /// Bytes too many.
        extra: u64,
    },
    /// A chunked body, so without `Content-Length`, longer than `Content-Range` says.
    LongBody {
        /// Bytes too many.
        extra: u64,
    },
    /// `Content-Range` (and the body) shifted by so many bytes.
    ShiftedRange {
        /// Bytes too far.
        by: u64,
    },
    /// The answer carries another ETag and does not look at `If-Match`, as if the object had just been replaced.
    OtherTag,
    /// The answer carries no ETag.
    NoTag,
    /// The whole object with status 200, as from a server without ranges.
    IgnoreRange,
}

impl Fault {
    /// `503 SlowDown`.
    pub fn slow_down() -> Self {
        Self::Status { status: 503, code: "SlowDown" }
    }

    /// `500 InternalError`.
    pub fn internal_error() -> Self {
        Self::Status { status: 500, code: "InternalError" }
    }

    /// `403 AccessDenied`.
    pub fn access_denied() -> Self {
        Self::Status { status: 403, code: "AccessDenied" }
    }

    /// `404 NoSuchKey`.
    pub fn no_such_key() -> Self {
        Self::Status { status: 404, code: "NoSuchKey" }
    }
}

/// Which requests misbehave: those for one key or all, after skipping some, so many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    key: Option<String>,
    skip: u64,
    times: u64,
}

impl Rule {
    /// Every request.
    pub fn any() -> Self {
        Self { key: None, skip: 0, times: u64::MAX }
    }

    /// Requests for `bucket/key`.
    pub fn key(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..Self::any() }
    }

    /// Lets the first `requests` that match pass; counted from now on.
    pub fn after(self, requests: u64) -> Self {
        Self { skip: requests, ..self }
    }

    /// Ends after `requests` that misbehaved.
    pub fn times(self, requests: u64) -> Self {
        Self { times: requests, ..self }
    }

    /// Whether a request for `key` shall misbehave now.
    pub(crate) fn hits(&mut self, key: &str) -> bool {
        if self.times == 0 || self.key.as_ref().is_some_and(|own| own != key) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}
