//! Reading and verifying what a client sends.

use super::hash::Signature;
use super::{
    ALGORITHM, AMZ_DATE, Computed, Error, Paths, Request, Scope, TERMINATOR, canonical, hash, stamp::Stamp,
};
use http::header::{AUTHORIZATION, DATE, HOST, HeaderMap, HeaderName};
use std::fmt;
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq;

/// The longest `Authorization` header. A signature with ten signed headers has about 300 bytes.
const LONGEST: usize = 4096;
/// The most signed headers.
const MOST_HEADERS: usize = 64;
/// AWS's own limit on a key id.
const LONGEST_KEY_ID: usize = 128;

/// What a request says about who signed it, read but not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Whose secret is to be looked up.
    pub key_id: String,
    /// For which day, region and service.
    pub scope: Scope,
    /// Names of headers, lower case and sorted.
    pub signed_headers: Vec<String>,
    signature: Signature,
    stamp: Stamp,
}

/// A signature can be sent again until it expires, so it is not shown.
impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("key_id", &self.key_id)
            .field("scope", &self.scope)
            .field("signed_headers", &self.signed_headers)
            .field("stamp", &self.stamp.to_string())
            .finish_non_exhaustive()
    }
}

impl Authorization {
    /// Reads the headers `Authorization` and `X-Amz-Date`, or `Date` where there is no `X-Amz-Date`.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Algorithm`], or [`Error::Incomplete`] naming the part.
    pub fn parse(headers: &HeaderMap) -> Result<Self, Error> {
        let text = only(headers, &AUTHORIZATION)?.filter(|text| !text.is_empty()).ok_or(Error::Missing)?;
        if text.len() > LONGEST {
            return incomplete(format!("the Authorization header is longer than {LONGEST} bytes"));
        }
        let (algorithm, parts) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            return Err(Error::Algorithm(algorithm.chars().take(32).collect()));
        }
        let [credential, signed_headers, signature] = split(parts)?;
        let (key_id, scope) = self::credential(credential)?;
        let signed_headers = self::signed_headers(signed_headers)?;
        let signature = hash::unhex(signature)
            .map_or_else(|| incomplete("Signature is not 64 lower-case hex digits".into()), Ok)?;
        Ok(Self { key_id, scope, signed_headers, signature, stamp: stamp(headers)? })
    }

    /// Whether the one who knows `secret` has signed this very request for `service`, within `window` of `now`.
    ///
    /// `host` and each `x-amz-…` header that was sent have to be signed. Any region is good: clients with an endpoint
    /// of their own sign for the region they are configured with. Region and date are part of the signature all the same.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify(
        &self,
        secret: &str,
        request: &Request<'_>,
        service: &str,
        now: SystemTime,
        window: Duration,
    ) -> Result<(), Error> {
        if self.scope.service != service {
            return Err(Error::Service(service.into()));
        }
        self.check_time(Stamp::of(now), window)?;
        self.check_headers(request.headers)?;
        self.check_signature(secret, request, Paths::of(service))
    }

    fn check_time(&self, now: Stamp, window: Duration) -> Result<(), Error> {
        let sent = self.stamp.to_string();
        if self.scope.date != self.stamp.date() {
            return Err(Error::Date { scope: self.scope.date.clone(), sent });
        }
        let (earliest, latest) = (now.earlier(window), now.later(window));
        let seconds = window.as_secs();
        let window = if seconds.is_multiple_of(60) {
            format!("{} min.", seconds / 60)
        } else {
            format!("{seconds} s")
        };
        if self.stamp < earliest {
            let (limit, now) = (earliest.to_string(), now.to_string());
            return Err(Error::Expired { sent, limit, now, window });
        }
        if self.stamp > latest {
            let (limit, now) = (latest.to_string(), now.to_string());
            return Err(Error::Early { sent, limit, now, window });
        }
        Ok(())
    }

    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Error> {
        let is_signed = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        let sent = headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        if let Some(name) = std::iter::once(HOST.as_str()).chain(sent).find(|name| !is_signed(name)) {
            return Err(Error::Unsigned(name.into()));
        }
        match self.signed_headers.iter().find(|name| !headers.contains_key(name.as_str())) {
            Some(name) => Err(Error::Absent(name.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn check_signature(
        &self,
        secret: &str,
        request: &Request<'_>,
        paths: Paths,
    ) -> Result<(), Error> {
        let canonical = canonical::request(request, &self.signed_headers, paths);
        let string_to_sign = hash::string_to_sign(&canonical, self.stamp, &self.scope);
        let signature = hash::signature(secret, &self.scope, &string_to_sign);
        if signature.ct_eq(&self.signature).into() {
            return Ok(());
        }
        let canonical_request = String::from_utf8_lossy(&canonical).into_owned();
        Err(Error::Mismatch(Box::new(Computed { canonical_request, string_to_sign })))
    }
}

fn incomplete<T>(what: String) -> Result<T, Error> {
    Err(Error::Incomplete(what))
}

/// The value of a header that may come once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name).iter();
    let (value, second) = (values.next(), values.next());
    if second.is_some() {
        return incomplete(format!("there is more than one {name} header"));
    }
    let text = value.map(|value| value.to_str().map(str::trim)).transpose();
    text.or_else(|_| incomplete(format!("the {name} header is not plain ASCII")))
}

/// Credential, SignedHeaders and Signature, in whatever order they came.
fn split(parts: &str) -> Result<[&str; 3], Error> {
    const NAMES: [&str; 3] = ["Credential", "SignedHeaders", "Signature"];
    let mut values = [None; 3];
    for part in parts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return incomplete(format!("{part:?} in the Authorization header is no name=value"));
        };
        match NAMES.iter().position(|known| *known == name) {
            Some(index) if values[index].is_none() => values[index] = Some(value),
            Some(_) => return incomplete(format!("the Authorization header has {name} twice")),
            None => return incomplete(format!("the Authorization header knows no {name:?}")),
        }
    }
    let mut found = [""; 3];
    for ((found, value), name) in found.iter_mut().zip(values).zip(NAMES) {
        let missing = || incomplete(format!("the Authorization header requires the part {name}"));
        *found = value.filter(|value| !value.is_empty()).map_or_else(missing, Ok)?;
    }
    Ok(found)
}

/// `key id/date/region/service/aws4_request`. Some stores have slashes in key ids, so it is read from its end.
fn credential(text: &str) -> Result<(String, Scope), Error> {
    let mut parts = text.rsplitn(5, '/');
    let (terminator, service, region, date, id) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(terminator), Some(service), Some(region), Some(date), Some(id)) =
        (terminator, service, region, date, id)
    else {
        return incomplete(format!(
            "Credential has to be KEY/DATE/REGION/SERVICE/{TERMINATOR}, not {text:?}"
        ));
    };
    if terminator != TERMINATOR {
        return incomplete(format!("Credential has to end in {TERMINATOR}, not {terminator:?}"));
    }
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return incomplete(format!("the date in Credential has to be yyyymmdd, not {date:?}"));
    }
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if id.len() > LONGEST_KEY_ID {
        return incomplete(format!("the key id in Credential is longer than {LONGEST_KEY_ID} bytes"));
    }
    for (what, text) in [("key id", id), ("region", region), ("service", service)] {
        if !is_word(text) {
            return incomplete(format!("the {what} in Credential is empty or has blanks"));
        }
    }
    Ok((id.into(), Scope { date: date.into(), region: region.into(), service: service.into() }))
}

/// Names as every signer writes them: lower case, sorted, each once.
fn signed_headers(text: &str) -> Result<Vec<String>, Error> {
    let names: Vec<&str> = text.split(';').take(MOST_HEADERS + 1).collect();
    if names.len() > MOST_HEADERS {
        return incomplete(format!("there are more than {MOST_HEADERS} SignedHeaders"));
    }
    // `from_static` would panic; `from_bytes` makes names lower case.
    let is_name =
        |name: &&str| HeaderName::from_bytes(name.as_bytes()).is_ok_and(|made| made.as_str() == *name);
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return incomplete(format!("{name:?} in SignedHeaders is no lower-case name of a header"));
    }
    if let Some(pair) = names.windows(2).find(|pair| pair[0] >= pair[1]) {
        return incomplete(format!(
            "SignedHeaders has {:?} before {:?}; it has to be sorted",
            pair[0], pair[1]
        ));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn stamp(headers: &HeaderMap) -> Result<Stamp, Error> {
    if let Some(text) = only(headers, &HeaderName::from_static(AMZ_DATE))? {
        let wrong = || incomplete(format!("X-Amz-Date has to be yyyymmddThhmmssZ, not {text:?}"));
        return Stamp::basic(text).map_or_else(wrong, Ok);
    }
    let Some(text) = only(headers, &DATE)? else {
        return incomplete("a signed request requires an X-Amz-Date or a Date header".into());
    };
    Stamp::header(text).map_or_else(|| incomplete(format!("the Date header is no date: {text:?}")), Ok)
}
