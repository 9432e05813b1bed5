//! Why a viewer is not let in, in words for the viewer, and in the codes of CloudFront's answers on the web.

use super::policy::PolicyError;
use super::signed::redacted;
use super::time::{Ago, Time};
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;

/// How much of what a viewer sent is said back.
const LONGEST_QUOTE: usize = 200;

/// Why a viewer is not let in. No variant holds a signature, nor anything else that a viewer could not read already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What was asked for is private, and nothing is signed.
    #[error(
        "nothing is signed: what is private is asked for with Expires or Policy, Signature and Key-Pair-Id"
    )]
    Unsigned,
    /// There are others of the parameters, but no key id.
    #[error("Key-Pair-Id is missing{}", hint())]
    MissingKeyId,
    /// There are others of the parameters, but no signature.
    #[error("Signature is missing{}", hint())]
    MissingSignature,
    /// Neither a policy nor the time of the canned one.
    #[error("Expires or Policy is missing{}", hint())]
    MissingTerms,
    /// A parameter came twice.
    #[error("{0} is there twice")]
    Repeated(&'static str),
    /// A parameter, or all together, are longer than anything that a signer makes.
    #[error("{what} is longer than {most} bytes")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// How long it may be.
        most: usize,
    },
    /// Another hash than the two.
    #[error("Hash-Algorithm has to be SHA1 or SHA256, not {}", Quoted(.0))]
    UnknownHash(String),
    /// Nobody knows the key.
    #[error("the key {} is none that is known here{}", Quoted(id), access_key(id))]
    UnknownKey {
        /// As it was sent.
        id: String,
    },
    /// The key is known, but switched off.
    #[error("the key {} is disabled", Quoted(id))]
    DisabledKey {
        /// As it was sent.
        id: String,
    },
    /// The key is known, but not one that is trusted for this.
    #[error("the key {} is known, but not trusted to sign for this", Quoted(id))]
    UntrustedKey {
        /// As it was sent.
        id: String,
    },
    /// `Expires` is no time.
    #[error("{}", expires(.0))]
    MalformedExpires(String),
    /// `Policy` is none.
    #[error("{0}")]
    MalformedPolicy(#[from] PolicyError),
    /// `Signature` is no base64.
    #[error("Signature can't be decoded: {0}")]
    MalformedSignature(&'static str),
    /// The signature is another one.
    #[error("the signature is not that of {over}{}", over.instead(*mistake))]
    Mismatch {
        /// What the signature should be of.
        over: Over,
        /// What was signed instead, if that is known.
        mistake: Option<&'static str>,
    },
    /// The time is over.
    #[error("the signature expired at {}, {} ago", Time(*at), Ago(*ago))]
    Expired {
        /// The first second at which it is no longer good.
        at: u64,
        /// Seconds since then.
        ago: u64,
    },
    /// The time is still to come.
    #[error("the signature is not good before {}", Time(from.saturating_add(1)))]
    NotYet {
        /// The last second at which it is not yet good.
        from: u64,
    },
    /// The policy is for viewers elsewhere.
    #[error("the policy lets only {network} in, not {address}")]
    WrongAddress {
        /// Where the viewer is.
        address: IpAddr,
        /// Where viewers may be.
        network: IpNet,
    },
    /// The policy is for something else.
    #[error(
        "the policy is for {}, not for {}{}",
        Quoted(signed),
        Quoted(asked),
        instead("that", *mistake, asked)
    )]
    WrongResource {
        /// The policy's resource.
        signed: String,
        /// What was asked for, as its signer would most likely have called it.
        asked: String,
        /// What was signed instead, if that is known.
        mistake: Option<&'static str>,
    },
}

/// What a signature should be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// The policy that was sent with it.
    Policy,
    /// The canned policy.
    Canned {
        /// What was asked for, as its signer would most likely have called it.
        resource: String,
        /// The time that was sent.
        expires: u64,
    },
}

impl Refusal {
    /// CloudFront's code on the web.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsigned | Self::MissingKeyId => "MissingKey",
            Self::UnknownKey { .. } | Self::DisabledKey { .. } | Self::UntrustedKey { .. } => "InvalidKey",
            // CloudFront makes the canned policy first, and finds that faulty.
            Self::MalformedPolicy(_) | Self::MalformedExpires(_) => "MalformedPolicy",
            Self::MalformedSignature(_) => "MalformedSignature",
            _ => "AccessDenied",
        }
    }

    /// CloudFront's message on the web; our own words are the [`Display`](fmt::Display).
    #[must_use]
    pub fn message(&self) -> &'static str {
        match self.code() {
            "MissingKey" => "Missing Key-Pair-Id query parameter or cookie value",
            "InvalidKey" => "Unknown Key",
            "MalformedPolicy" => "Malformed Policy",
            "MalformedSignature" => "Could not unencode Signature",
            _ => "Access denied",
        }
    }

    /// The id of a key that is unknown, disabled or not trusted.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { id } | Self::DisabledKey { id } | Self::UntrustedKey { id } => Some(id),
            _ => None,
        }
    }
}

impl Over {
    fn instead(&self, mistake: Option<&'static str>) -> String {
        match self {
            Self::Canned { resource, .. } => instead("what was signed", mistake, resource),
            Self::Policy => String::new(),
        }
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("its policy"),
            Self::Canned { resource, expires } => {
                write!(f, "the canned policy for {} with Expires {expires}", Quoted(resource))
            }
        }
    }
}

/// Text of a viewer's: quoted, cut, and without the signature that it may hold by somebody's mistake.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = redacted(self.0);
        match text.char_indices().nth(LONGEST_QUOTE) {
            Some((end, _)) => write!(f, "{:?}", format!("{}…", &text[..end])),
            None => write!(f, "{text:?}"),
        }
    }
}

/// What most often is the reason: a page's script or a shell takes `&` for its own.
fn hint() -> &'static str {
    ": was it cut off at an \"&\"? Inside a page's variables \"&\" is written %26"
}

/// People send the id of an access key: both are pairs with an id of 20 letters.
fn access_key(id: &str) -> &'static str {
    match id.get(..4) {
        Some("AKIA" | "ASIA") => "; that is the id of an access key, which signs calls of the API only",
        _ => "",
    }
}

fn expires(text: &str) -> String {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !text.starts_with('0') {
        return format!("Expires {} looks like milliseconds: it has to be in seconds", Quoted(text));
    }
    format!("Expires has to be a number of seconds since 1970, not {}", Quoted(text))
}

/// What was signed by mistake, and what should have been.
fn instead(that: &str, mistake: Option<&'static str>, right: &str) -> String {
    let Some(mistake) = mistake else { return String::new() };
    // A stream's name has no scheme; all else is a URL.
    let only = if right.contains("://") { "" } else { " only the stream name," };
    format!("; {that} is {mistake}: sign{only} {}", Quoted(right))
}
