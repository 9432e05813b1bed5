//! Why a request is refused, in AWS's codes, and why one cannot be signed.

use std::fmt;

/// Why a request is refused. The text is meant for the one who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing says who asks.
    #[error("the request has no Authorization header; sign it with an access key")]
    Missing,
    /// Another way of signing, such as `AWS AKID:…` of version 2.
    #[error("only AWS4-HMAC-SHA256 is taken, not {0:?}; use a client that signs with Signature Version 4")]
    Algorithm(String),
    /// A part is missing, or is not what it has to be.
    #[error("{0}")]
    Incomplete(String),
    /// No such access key. [`Authorization`](super::Authorization) cannot know; it is here for who looks keys up.
    #[error("there is no access key {0:?}")]
    UnknownKey(String),
    /// The scope names another service.
    #[error("Credential should be scoped to correct service: '{0}'.")]
    Service(String),
    /// The scope names another day than the request.
    #[error("the date in the credential scope is {scope}, but the request is of {sent}")]
    Date {
        /// The day of the scope, `yyyymmdd`.
        scope: String,
        /// The time of the request.
        sent: String,
    },
    /// The request is too old, or one of the two clocks is wrong.
    #[error("Signature expired: {sent} is now earlier than {limit} ({now} - {window}); check the clock")]
    Expired {
        /// The time of the request.
        sent: String,
        /// The earliest that is taken.
        limit: String,
        /// The time here.
        now: String,
        /// How far clocks may be apart.
        window: String,
    },
    /// The request is of the future, so one of the two clocks is wrong.
    #[error(
        "Signature not yet current: {sent} is still later than {limit} ({now} + {window}); check the clock"
    )]
    Early {
        /// The time of the request.
        sent: String,
        /// The latest that is taken.
        limit: String,
        /// The time here.
        now: String,
        /// How far clocks may be apart.
        window: String,
    },
    /// A header that has to be signed is not.
    #[error("the header {0:?} has to be one of the SignedHeaders")]
    Unsigned(String),
    /// A header that was signed did not come.
    #[error("the header {0:?} is one of the SignedHeaders but was not received; did a proxy take it out?")]
    Absent(String),
    /// The signature is another one.
    #[error(
        "the signature is not the one computed here for this request; check the secret access key, and that nothing \
         on the way changes the request.\n{0}"
    )]
    Mismatch(Box<Computed>),
}

impl Error {
    /// AWS's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationToken",
            Self::Algorithm(_) | Self::Incomplete(_) => "IncompleteSignature",
            Self::UnknownKey(_) => "InvalidClientTokenId",
            Self::Service(_)
            | Self::Date { .. }
            | Self::Expired { .. }
            | Self::Early { .. }
            | Self::Unsigned(_)
            | Self::Absent(_)
            | Self::Mismatch(_) => "SignatureDoesNotMatch",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Algorithm(_) | Self::Incomplete(_) => 400,
            _ => 403,
        }
    }
}

/// What was computed for a request whose signature does not match. No secret is in it, but a session token may be: it
/// belongs in the answer, not in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The canonical request.
    pub canonical_request: String,
    /// The string to sign.
    pub string_to_sign: String,
}

impl fmt::Display for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { canonical_request, string_to_sign } = self;
        write!(
            f,
            "\nThe canonical request:\n'{canonical_request}'\n\nThe string to sign:\n'{string_to_sign}'\n"
        )
    }
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsignable {
    /// Neither a `Host` header nor a host in the URI.
    #[error("the request names no host")]
    NoHost,
    /// A text that cannot stand in a header.
    #[error("the {0} has characters that no header can hold")]
    Text(&'static str),
}
