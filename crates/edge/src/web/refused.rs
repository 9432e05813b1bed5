//! Why a request gets no answer of an origin's, and what its viewer is told.

use hyper::StatusCode;
use millrace_cache::Error;
use millrace_sign::Refusal;

use crate::signatures::Denial;

/// Why there is no answer of an origin's.
#[derive(Debug)]
pub(super) enum Refused {
    /// The path is none.
    BadPath,
    /// The head is too long, or the URL.
    TooLarge,
    /// The behaviour names something that is not there; in the operator's words.
    Faulty(String),
    /// Viewers have to speak TLS.
    OnlyTls,
    /// They are sent to the same URL with TLS.
    ToTls {
        /// That URL.
        url: String,
        /// Whether the request only reads. Others have to be sent again as they were, which not every viewer did after
        /// a 301.
        reads: bool,
    },
    /// The behaviour does not take the method.
    Method,
    /// There is a body where none belongs.
    Body,
    /// Not from that country.
    Country,
    /// It came through too many edges.
    Circle,
    /// The signature opens nothing.
    Signature(Box<Refusal>),
    /// Nobody had the time to look at the signature.
    Crowded,
    /// There is no origin that could be asked.
    NoOrigin,
    /// The origin did not answer in time.
    OriginSilent(Error),
    /// It could not be asked, or answered badly.
    OriginFailed(Error),
    /// The bytes were somebody else's, and are gone.
    Gone,
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Refused(refusal) => Self::Signature(Box::new(refusal)),
            Denial::Crowded | Denial::TooManyBad => Self::Crowded,
        }
    }
}

impl Refused {
    /// The status that a viewer gets; CloudFront's.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::BadPath => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ToTls { reads: true, .. } => StatusCode::MOVED_PERMANENTLY,
            Self::ToTls { reads: false, .. } => StatusCode::TEMPORARY_REDIRECT,
            Self::OnlyTls | Self::Method | Self::Body | Self::Country | Self::Signature(_) => {
                StatusCode::FORBIDDEN
            }
            Self::Faulty(_) | Self::Gone | Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            Self::OriginSilent(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::NoOrigin | Self::OriginFailed(_) | Self::Circle => StatusCode::BAD_GATEWAY,
        }
    }

    /// In words for the operator.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Faulty(fault) => fault.clone(),
            Self::Signature(refusal) => refusal.to_string(),
            Self::OriginSilent(error) | Self::OriginFailed(error) => error.to_string(),
            refused => refused.words().to_owned(),
        }
    }

    /// In words for the viewer, without what is the operator's business.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::BadPath => "The path of the request makes no sense.",
            Self::TooLarge => {
                "The request is too long: 20,480 bytes are taken, and 8,192 of them for the URL."
            }
            Self::Faulty(_) => "This distribution is not set up completely.",
            Self::OnlyTls => "This is served over HTTPS only.",
            Self::ToTls { .. } => "This is served over HTTPS.",
            Self::Method => "This method is not allowed for this distribution.",
            Self::Body => "A request of this method has no body.",
            Self::Country => "This is not served in your country.",
            Self::Circle => "The request goes in circles.",
            Self::Signature(_) => "Access denied",
            Self::Crowded => "Too many signatures are being verified. Try again in a second.",
            Self::NoOrigin => "There is no origin to ask.",
            Self::OriginSilent(_) => "The origin did not answer in time.",
            Self::OriginFailed(_) => "The origin can't be reached, or answered badly.",
            Self::Gone => "This could not be answered now.",
        }
    }
}
