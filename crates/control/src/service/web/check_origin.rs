//! The same of origins and groups of them.

use std::collections::BTreeSet;

use millrace_model::S3Domain;
use serde_json::Value;

use super::super::distribution::check_header;
use super::check::says;
use crate::Error;
use crate::settings::Settings;
use crate::value::{at, items, number, text};

/// Numbers that an origin may have: member, the least, the most, the code if it is something else.
const NUMBERS: [(&str, i64, i64, &str); 8] = [
    ("ConnectionAttempts", 1, 3, "InvalidArgument"),
    ("ConnectionTimeout", 1, 10, "InvalidArgument"),
    ("ResponseCompletionTimeout", 0, 86_400, "InvalidArgument"),
    ("S3OriginConfig.OriginReadTimeout", 1, 3600, "InvalidOriginReadTimeout"),
    ("CustomOriginConfig.OriginReadTimeout", 1, 3600, "InvalidOriginReadTimeout"),
    ("CustomOriginConfig.OriginKeepaliveTimeout", 1, 3600, "InvalidOriginKeepaliveTimeout"),
    ("CustomOriginConfig.HTTPPort", 1, 65_535, "InvalidArgument"),
    ("CustomOriginConfig.HTTPSPort", 1, 65_535, "InvalidArgument"),
];

/// Answers that may count as failures.
const FAILURES: [i64; 8] = [403, 404, 416, 429, 500, 502, 503, 504];

pub(super) fn origins(config: &Value, settings: &Settings) -> Result<(), Error> {
    let origins = items(config, "Origins");
    let most = settings.quotas.origins;
    if origins.is_empty() {
        return Err(Error::argument("Origins: a distribution needs at least one"));
    }
    if origins.len() > most {
        let what = format!("Origins: {} of them; {most} are allowed", origins.len());
        return Err(Error::bad("TooManyOrigins", what));
    }
    let mut ids = BTreeSet::new();
    for (place, one) in origins.iter().enumerate() {
        let place = format!("Origins.Items[{place}]");
        if !ids.insert(text(one, "Id")) {
            return Err(Error::argument(format!("{place}.Id: {:?} is there twice", text(one, "Id"))));
        }
        origin(&place, one)?;
    }
    Ok(())
}

fn origin(place: &str, origin: &Value) -> Result<(), Error> {
    let path = text(origin, "OriginPath");
    let written = path.starts_with('/') && !path.ends_with('/') && path.bytes().all(|b| b.is_ascii_graphic());
    if !path.is_empty() && !written {
        let what = format!(
            "{place}.OriginPath: {path:?} should begin with a slash, not end with one, and be percent-encoded"
        );
        return Err(Error::argument(what));
    }
    if says(at(origin, "VpcOriginConfig")) {
        let what =
            format!("{place}.VpcOriginConfig: there are no VPCs here; name the host in CustomOriginConfig");
        return Err(Error::argument(what));
    }
    if says(at(origin, "CustomOriginConfig.OriginMtlsConfig")) {
        let what =
            format!("{place}.CustomOriginConfig.OriginMtlsConfig: edges have no certificates of their own");
        return Err(Error::argument(what));
    }
    numbers(place, origin)?;
    for header in items(origin, "CustomHeaders") {
        check_header(
            &format!("{place}.CustomHeaders"),
            text(header, "HeaderName"),
            text(header, "HeaderValue"),
        )?;
    }
    kind(place, origin)
}

fn numbers(place: &str, origin: &Value) -> Result<(), Error> {
    for (member, least, most, code) in NUMBERS {
        if let Some(number) = number(origin, member).filter(|number| !(least..=most).contains(number)) {
            let what = format!("{place}.{member}: {number} should be from {least} to {most}");
            return Err(Error::bad(code, what));
        }
    }
    Ok(())
}

fn kind(place: &str, origin: &Value) -> Result<(), Error> {
    let domain = text(origin, "DomainName");
    let (s3, custom) = (!at(origin, "S3OriginConfig").is_null(), !at(origin, "CustomOriginConfig").is_null());
    if s3 == custom {
        let what = format!("{place}: it needs either S3OriginConfig or CustomOriginConfig");
        return Err(Error::bad("InvalidOrigin", what));
    }
    if s3 {
        let parsed = S3Domain::parse(domain).map(drop);
        return parsed.map_err(|error| Error::bad("InvalidOrigin", format!("{place}.DomainName: {error}")));
    }
    // Where it is asked is in the request line and in Host: nothing else may get in there.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if domain.is_empty() || domain.len() > 253 || !domain.bytes().all(plain) {
        let what =
            format!("{place}.DomainName: {domain:?} is no host name; ports belong into CustomOriginConfig");
        return Err(Error::bad("InvalidOrigin", what));
    }
    Ok(())
}

pub(super) fn groups(config: &Value) -> Result<(), Error> {
    let mut ids: BTreeSet<&str> = items(config, "Origins").iter().map(|origin| text(origin, "Id")).collect();
    let origins = ids.clone();
    for (place, group) in items(config, "OriginGroups").iter().enumerate() {
        let place = format!("OriginGroups.Items[{place}]");
        if !ids.insert(text(group, "Id")) {
            return Err(Error::argument(format!("{place}.Id: {:?} is there twice", text(group, "Id"))));
        }
        let members: Vec<&str> =
            items(group, "Members").iter().map(|member| text(member, "OriginId")).collect();
        if members.len() != 2 {
            return Err(Error::argument(format!("{place}.Members: they have to be two origins")));
        }
        if let Some(gone) = members.iter().find(|member| !origins.contains(*member)) {
            let what = format!("{place}.Members: there is no origin with the id {gone:?}");
            return Err(Error::new(404, "NoSuchOrigin", what));
        }
        let codes = items(group, "FailoverCriteria.StatusCodes").iter().filter_map(Value::as_i64);
        if let Some(code) = codes.into_iter().find(|code| !FAILURES.contains(code)) {
            let what = format!("{place}.FailoverCriteria: {code} is none of {FAILURES:?}");
            return Err(Error::argument(what));
        }
        if text(group, "SelectionCriteria") == "media-quality-based" {
            let what = format!("{place}.SelectionCriteria: edges don't judge media; leave it out");
            return Err(Error::argument(what));
        }
    }
    Ok(())
}
