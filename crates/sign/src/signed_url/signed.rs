//! What a request says about who allowed it: parameters of a query or a stream name, or cookies. Read, not yet believed.

use super::base64;
use super::policy::PolicyError;
use super::refusal::Refusal;
use crate::Hash;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::fmt;

mod redacted;

pub use redacted::redacted;

/// The longest query or cookie header that is read. CloudFront takes URLs of 8 KiB.
const LONGEST: usize = 16 * 1024;
/// RSA with 4096 bits has signatures of 512 bytes.
const LONGEST_SIGNATURE: usize = 1024;
/// AWS's own limit on a key id.
const LONGEST_KEY_ID: usize = 128;
/// What `Expires` can be; more are milliseconds.
pub(super) const LAST_SECOND: u64 = 99_999_999_999;

/// CloudFront's parameters, in the order of [`Parameters::values`].
pub(super) const QUERY: [&str; 5] = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];
/// The same as cookies.
pub(super) const COOKIES: [&str; 5] = [
    "CloudFront-Expires",
    "CloudFront-Policy",
    "CloudFront-Signature",
    "CloudFront-Key-Pair-Id",
    "CloudFront-Hash-Algorithm",
];

/// What a request says about who allowed it.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Which key to look up.
    pub key_id: String,
    /// What is allowed.
    pub terms: Terms,
    /// The signature itself.
    pub signature: Vec<u8>,
    /// The digest that was signed.
    pub hash: Hash,
}

/// What is allowed.
#[derive(Clone, PartialEq, Eq)]
pub enum Terms {
    /// What was asked for, until a time; both sides know the policy that says so.
    Canned {
        /// The first second at which it is no longer allowed, since 1970.
        expires: u64,
    },
    /// What this policy says. These are its very bytes: their blanks and line breaks are signed with them.
    Custom(Vec<u8>),
}

/// A text without CloudFront's parameters, and the parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// The rest, with the user's own query, as it was written.
    pub bare: String,
    /// The parameters, or why they are none; `Ok(None)` if there are none.
    pub signed: Result<Option<Signed>, Refusal>,
}

/// A signature can be sent again until it expires, so it is not shown.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("key_id", &self.key_id)
            .field("terms", &self.terms)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canned { expires } => f.debug_struct("Canned").field("expires", expires).finish(),
            Self::Custom(policy) => f.debug_tuple("Custom").field(&String::from_utf8_lossy(policy)).finish(),
        }
    }
}

/// Parts the name of a stream, as a player sends it.
///
/// The query begins at the first `?`. A page's script may have written `%3F` (and `%3D`, `%26`): then it begins at the first
/// `%3F` that a parameter follows, provided that one of CloudFront's stands in it; otherwise `%3F` belongs to the name. Such a
/// query is decoded as a whole, then its values once more like any other's: that is how often a page has escaped them.
#[must_use]
pub fn of_name(name: &str) -> Parted {
    let (base, raw) = name.split_once('?').map_or((name, None), |(base, query)| (base, Some(query)));
    let (base, query) = match (escaped(base), raw) {
        (None, None) => return Parted { bare: name.to_owned(), signed: Ok(None) },
        (None, Some(raw)) => (base, Cow::Borrowed(raw)),
        (Some((base, query)), None) => (base, Cow::Owned(query)),
        // A player has added a query of its own to what it took for a name.
        (Some((base, query)), Some(raw)) => (base, Cow::Owned(format!("{query}&{raw}"))),
    };
    let Parted { bare, signed } = of_query(&query);
    let bare = if bare.is_empty() { base.to_owned() } else { format!("{base}?{bare}") };
    Parted { bare, signed }
}

/// The query that a page has escaped, decoded, and what stands before it.
fn escaped(name: &str) -> Option<(&str, String)> {
    let is_mark = |at: &usize| matches!(name.as_bytes().get(at + 2), Some(b'F' | b'f'));
    let marks: Vec<usize> = name.match_indices("%3").map(|(at, _)| at).filter(is_mark).collect();
    let ends = marks.iter().skip(1).copied().chain([name.len()]);
    let begins = |(at, end): &(usize, usize)| {
        let text = decoded(&name[at + 3..*end]);
        text.contains('=') || has_ours(&text)
    };
    let (at, _) = marks.iter().copied().zip(ends).find(begins)?;
    let query = decoded(&name[at + 3..]);
    has_ours(&query).then(|| (&name[..at], query))
}

/// Without its escapes.
pub(super) fn decoded(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    String::from_utf8(bytes).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned())
}

fn has_ours(query: &str) -> bool {
    query.split('&').any(is_ours)
}

fn is_ours(piece: &str) -> bool {
    let piece = undamaged(piece);
    let name = piece.split_once('=').map_or(piece, |(name, _)| name);
    QUERY.contains(&name)
}

/// Without what XML makes of an `&`.
fn undamaged(piece: &str) -> &str {
    piece.trim_start_matches("amp;")
}

/// Parts a query; what is left is empty if there was nothing else.
///
/// `&amp;` separates like `&` if it does so before one of CloudFront's parameters.
#[must_use]
pub fn of_query(query: &str) -> Parted {
    let is_damaged = query.split('&').any(|piece| undamaged(piece).len() < piece.len() && is_ours(piece));
    let mut parameters = Parameters::default();
    let mut kept = Vec::new();
    for piece in query.split('&') {
        let piece = if is_damaged { undamaged(piece) } else { piece };
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        if !parameters.take(&QUERY, name, value) {
            kept.push(piece);
        }
    }
    let bare = kept.join("&").trim_end_matches('&').to_owned();
    Parted { bare, signed: parameters.signed(query.len()) }
}

/// Reads the value of a `Cookie` header (RFC 6265 §4.2).
///
/// # Errors
/// When the parameters are none, or not all of them are there.
pub fn of_cookies(header: &str) -> Result<Option<Signed>, Refusal> {
    let mut parameters = Parameters::default();
    for cookie in header.split(';') {
        let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
        let value = value.trim();
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        parameters.take(&COOKIES, name.trim(), quoted.unwrap_or(value));
    }
    parameters.signed(header.len())
}

/// CloudFront's parameters as they stand in a text.
#[derive(Default)]
struct Parameters<'a> {
    values: [Option<&'a str>; 5],
    repeated: Option<&'static str>,
}

impl<'a> Parameters<'a> {
    /// Whether it is one of them.
    fn take(&mut self, names: &[&'static str; 5], name: &str, value: &'a str) -> bool {
        let Some(place) = names.iter().position(|known| *known == name) else { return false };
        if self.values[place].replace(value).is_some() {
            self.repeated.get_or_insert(names[place]);
        }
        true
    }

    /// All together. `length` is that of the text where they stood.
    fn signed(self, length: usize) -> Result<Option<Signed>, Refusal> {
        if self.values.iter().all(Option::is_none) {
            return Ok(None);
        }
        if length > LONGEST {
            return Err(Refusal::TooLong { what: "the query", most: LONGEST });
        }
        if let Some(name) = self.repeated {
            return Err(Refusal::Repeated(name));
        }
        let [expires, policy, signature, key_id, hash] =
            self.values.map(|value| value.filter(|value| !value.is_empty()).map(percent_decode_str));
        let text = |value: percent_encoding::PercentDecode<'_>| value.decode_utf8_lossy().into_owned();
        let key_id = text(key_id.ok_or(Refusal::MissingKeyId)?);
        if key_id.len() > LONGEST_KEY_ID {
            return Err(Refusal::TooLong { what: "Key-Pair-Id", most: LONGEST_KEY_ID });
        }
        let signature = self::signature(&Vec::from_iter(signature.ok_or(Refusal::MissingSignature)?))?;
        let terms = match (policy, expires) {
            (Some(policy), _) => Terms::Custom(self::policy(&Vec::from_iter(policy))?),
            (None, Some(expires)) => Terms::Canned { expires: self::expires(text(expires))? },
            (None, None) => return Err(Refusal::MissingTerms),
        };
        Ok(Some(Signed { key_id, terms, signature, hash: self::hash(hash.map(text))? }))
    }
}

fn signature(text: &[u8]) -> Result<Vec<u8>, Refusal> {
    let signature = base64::decode(text).map_err(Refusal::MalformedSignature)?;
    if signature.len() > LONGEST_SIGNATURE {
        return Err(Refusal::TooLong { what: "Signature", most: LONGEST_SIGNATURE });
    }
    Ok(signature)
}

fn policy(text: &[u8]) -> Result<Vec<u8>, Refusal> {
    base64::decode(text).map_err(|what| PolicyError::Base64(what).into())
}

/// Digits as they were signed, so there is only one way to write a time.
fn expires(text: String) -> Result<u64, Refusal> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    match text.parse() {
        Ok(expires) if is_plain && expires <= LAST_SECOND => Ok(expires),
        _ => Err(Refusal::MalformedExpires(text)),
    }
}

fn hash(name: Option<String>) -> Result<Hash, Refusal> {
    match name.as_deref() {
        None | Some("SHA1") => Ok(Hash::Sha1),
        Some("SHA256") => Ok(Hash::Sha256),
        Some(_) => Err(Refusal::UnknownHash(name.unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests;
