//! Errors as data: whose side failed, how, whether trying again helps, and where.

use crate::OriginId;
use std::fmt;
use std::sync::Arc;

/// Who has to act on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one who asked: the name is wrong or nothing is there.
    Viewer,
    /// The store, the way to it, or how it is configured.
    Origin,
    /// This program.
    Internal,
}

/// What went wrong. The set is closed so that counters can be an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The origin has no object of that name (HTTP 404).
    Missing,
    /// The origin refuses to hand it out (HTTP 403), or does not say that it is missing.
    Forbidden,
    /// The object is no longer the pinned version (HTTP 412, another ETag, a replaced file).
    Changed,
    /// The origin asks for fewer requests (`SlowDown`, HTTP 429 and 503).
    Throttled,
    /// The origin cannot be reached, or failed inside (HTTP 5xx, refused or reset connection).
    Unavailable,
    /// No answer, or no next byte of it, in time.
    Timeout,
    /// The body ended before the promised last byte.
    Truncated,
    /// The answer contradicts itself or the question: another range, or more bytes than promised.
    WrongLength,
    /// The object carries neither ETag nor another version, so its parts cannot be told apart from others.
    NoVersion,
    /// The range starts behind the end of the object.
    PastEnd,
    /// Bucket, region or credentials are wrong; the operator has to change the configuration.
    Misconfigured,
    /// The key is no possible name of an object in this origin.
    BadKey,
    /// A fault of this program.
    Internal,
}

impl Kind {
    /// Every kind, in the order of their numbers (`kind as usize`).
    pub const ALL: [Self; 13] = [
        Self::Missing,
        Self::Forbidden,
        Self::Changed,
        Self::Throttled,
        Self::Unavailable,
        Self::Timeout,
        Self::Truncated,
        Self::WrongLength,
        Self::NoVersion,
        Self::PastEnd,
        Self::Misconfigured,
        Self::BadKey,
        Self::Internal,
    ];

    /// A short stable name for metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Forbidden => "forbidden",
            Self::Changed => "changed",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::WrongLength => "wrong_length",
            Self::NoVersion => "no_version",
            Self::PastEnd => "past_end",
            Self::Misconfigured => "misconfigured",
            Self::BadKey => "bad_key",
            Self::Internal => "internal",
        }
    }

    /// Who has to act.
    pub fn side(self) -> Side {
        match self {
            Self::Missing | Self::BadKey => Side::Viewer,
            Self::PastEnd | Self::Internal => Side::Internal,
            _ => Side::Origin,
        }
    }

    /// Whether the same question may well succeed a moment later.
    pub fn retry_helps(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::Timeout | Self::Truncated)
    }

    fn says(self) -> &'static str {
        match self {
            Self::Missing => "there is no such object; check the name and the origin's prefix",
            Self::Forbidden => "access is refused; the origin's identity needs the right to read this object",
            Self::Changed => {
                "the object was replaced while it was read; play it again to get the new version"
            }
            Self::Throttled => "the origin asks for fewer requests; try again later",
            Self::Unavailable => "the origin cannot be reached or failed; check it and the way to it",
            Self::Timeout => "the origin did not answer in time; check its load and the way to it",
            Self::Truncated => "the body ended early; check the connection to the origin",
            Self::WrongLength => "the answer does not fit the question; check proxies in front of the origin",
            Self::NoVersion => "the object has no ETag; it cannot be read in parts safely",
            Self::PastEnd => "the range starts behind the end of the object",
            Self::Misconfigured => "check endpoint, region, bucket and credentials of the origin",
            Self::BadKey => "this is no possible name of an object here",
            Self::Internal => "a fault of this program; please report it",
        }
    }
}

/// A failed read. Cheap to clone, so everyone who waited for the same read gets it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// What went wrong.
    pub kind: Kind,
    /// The origin that was asked.
    pub origin: OriginId,
    /// The key that was asked for, without the origin's prefix.
    pub key: Arc<str>,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// The store's own code, such as `NoSuchKey` or `SlowDown`.
    pub code: Option<Arc<str>>,
    /// The first byte of the object that could not be had.
    pub offset: Option<u64>,
    /// What else is known, for a person.
    pub detail: Option<Arc<str>>,
}

impl Error {
    /// An error of `kind` about `key` in `origin`; the other fields are added with the `with_` methods.
    pub fn new(kind: Kind, origin: &OriginId, key: &str) -> Self {
        Self {
            kind,
            origin: origin.clone(),
            key: key.into(),
            status: None,
            code: None,
            offset: None,
            detail: None,
        }
    }

    /// Who has to act.
    pub fn side(&self) -> Side {
        self.kind.side()
    }

    /// Whether the same question may well succeed a moment later.
    pub fn retry_helps(&self) -> bool {
        self.kind.retry_helps()
    }

    /// Adds the first byte that could not be had.
    pub fn with_offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Adds words for a person. They must not contain secrets.
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string().into());
        self
    }

    /// Adds the HTTP status and the store's code.
    pub fn with_answer(mut self, status: u16, code: Option<&str>) -> Self {
        self.status = Some(status);
        self.code = code.map(Into::into);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, key {:?}", self.origin, self.key)?;
        if let Some(offset) = self.offset {
            write!(f, ", byte {offset}")?;
        }
        write!(f, ": {}", self.kind.says())?;
        match (self.status, &self.code) {
            (Some(status), Some(code)) => write!(f, " (HTTP {status} {code})")?,
            (Some(status), None) => write!(f, " (HTTP {status})")?,
            _ => {}
        }
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, " [{detail}]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_in_the_order_of_all() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
        }
    }

    #[test]
    fn the_text_names_origin_key_byte_code_and_what_to_do() {
        let error = Error::new(Kind::Throttled, &OriginId::new("s3://host/bucket"), "a b.mp4")
            .with_offset(7)
            .with_answer(503, Some("SlowDown"))
            .with_detail("third try");
        let text = error.to_string();
        for part in ["s3://host/bucket", "\"a b.mp4\"", "byte 7", "503 SlowDown", "later", "third try"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(error.retry_helps());
        assert_eq!(error.side(), Side::Origin);
    }
}
