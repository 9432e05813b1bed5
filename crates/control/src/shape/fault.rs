//! What is wrong with a request, in the words of the API.

use super::model::model;

/// A refusal: the code that SDKs turn into an exception, and a message for whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    /// The code, such as `InvalidArgument`.
    pub code: &'static str,
    /// What is wrong and where.
    pub message: String,
}

/// The codes that the service model does not list, and their status.
const FURTHER: [(&str, u16); 15] = [
    ("IncompleteSignature", 400),
    ("MalformedXML", 400),
    ("RequestExpired", 400),
    ("Throttling", 400),
    ("InvalidClientTokenId", 403),
    ("MissingAuthenticationToken", 403),
    ("OptInRequired", 403),
    ("SignatureDoesNotMatch", 403),
    ("UnknownOperation", 404),
    ("MethodNotAllowed", 405),
    ("RequestTimeout", 408),
    ("RequestEntityTooLarge", 413),
    ("InternalError", 500),
    ("InternalFailure", 500),
    ("ServiceUnavailable", 503),
];

impl Fault {
    /// A fault of any code.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub fn status(&self) -> u16 {
        let further = || FURTHER.iter().find(|(code, _)| *code == self.code).map(|(_, status)| *status);
        model().error_status(self.code).or_else(further).unwrap_or(400)
    }

    /// The body is not what the operation takes.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new("MalformedXML", message)
    }

    /// A value is of the right kind, but not one that can be.
    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::new("InvalidArgument", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_status_that_sdks_expect() {
        let known = [
            ("CNAMEAlreadyExists", 409),
            ("InvalidArgument", 400),
            ("NoSuchDistribution", 404),
            ("PreconditionFailed", 412),
            ("BatchTooLarge", 413),
            ("MalformedXML", 400),
            ("SignatureDoesNotMatch", 403),
            ("UnknownOperation", 404),
            ("MethodNotAllowed", 405),
            ("InternalError", 500),
            ("SomethingElse", 400),
        ];
        for (code, status) in known {
            assert_eq!(Fault::new(code, "").status(), status, "{code}");
        }
    }

    #[test]
    fn no_code_is_listed_twice() {
        for (code, _) in FURTHER {
            assert_eq!(model().error_status(code), None, "{code}");
        }
    }
}
