//! AWS Signature Version 4, in the form of an `Authorization` header.
//!
//! ```text
//! Authorization: AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/cloudfront/aws4_request, ⏎
//!                │                           │    └date    └region   └service   └always this
//!                └the only algorithm         └key id   (the part behind the key id is the scope)
//!                SignedHeaders=host;x-amz-date, Signature=<64 lower-case hex digits>
//! ```
//!
//! What is signed is the *canonical request*, which both sides make on their own from what they send or receive:
//!
//! ```text
//! GET                                 method
//! /2020-05-31/distribution            path, see [`Paths`]
//! Marker=a%2Fb&WithTags=              query: decoded, encoded by RFC 3986, sorted; a name alone gets its `=`
//! host:127.0.0.1:8080                 each signed header, sorted; values trimmed, runs of blanks are one,
//! x-amz-date:20150830T123600Z         several of one name joined by commas
//!                                     an empty line
//! host;x-amz-date                     their names
//! e3b0c44298fc…                       SHA-256 of the body, or a word such as UNSIGNED-PAYLOAD
//! ```
//!
//! Its hash, behind the algorithm, the time and the scope, a line each, is the *string to sign*. The key is the secret
//! led through HMAC-SHA256 by date, region, service and `aws4_request`, so it opens one service for one day.

mod authorization;
mod canonical;
mod error;
mod hash;
mod make;
mod stamp;
#[cfg(test)]
mod vectors;

pub use authorization::Authorization;
pub use error::{Computed, Error, Unsignable};
pub use make::sign;

use http::HeaderMap;
use http::request::Parts;
use std::fmt;

/// The one algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of each scope.
const TERMINATOR: &str = "aws4_request";

const AMZ_DATE: &str = "x-amz-date";
const AMZ_TOKEN: &str = "x-amz-security-token";
const AMZ_HASH: &str = "x-amz-content-sha256";

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, upper case as it is sent.
    pub method: &'a str,
    /// The path as it is on the wire, percent-encoded.
    pub path: &'a str,
    /// The query as it is on the wire, without its `?`; empty if there is none.
    pub query: &'a str,
    /// All headers. Those that are not signed are ignored, save that some have to be: see [`Authorization::verify`].
    pub headers: &'a HeaderMap,
    /// The body.
    pub payload: Payload<'a>,
}

impl<'a> Request<'a> {
    /// A request as a server has received it, or as a client will send it.
    pub fn new(parts: &'a Parts, payload: Payload<'a>) -> Self {
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        Self { method: parts.method.as_str(), path, query, headers: &parts.headers, payload }
    }
}

/// A body, or what stands for it in the canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The body itself.
    Bytes(&'a [u8]),
    /// Its SHA-256 in lower-case hex, or a word such as `UNSIGNED-PAYLOAD`.
    Hash(&'a str),
}

/// How a service wants the path in the canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// Byte for byte: in an object's key every dot and slash counts.
    AsSent,
    /// Without dot segments and doubled slashes, then percent-encoded once more, so that `%20` is `%2520`.
    EncodedAgain,
}

impl Paths {
    /// What `service` wants: S3 the path as it was sent, all others encoded again.
    pub fn of(service: &str) -> Self {
        let s3 = service == "s3" || service == "s3express" || service.starts_with("s3-");
        if s3 { Self::AsSent } else { Self::EncodedAgain }
    }
}

/// An access key. The `Debug` text shows neither secret nor token.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    /// The public half, `AKIA…`.
    pub id: &'a str,
    /// The secret half.
    pub secret: &'a str,
    /// The session token of temporary credentials.
    pub token: Option<&'a str>,
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// For which day, region and service a signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `yyyymmdd`.
    pub date: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// Such as `cloudfront`.
    pub service: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
}
