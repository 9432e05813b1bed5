//! What the shape of a web distribution can't say, and what nobody here would obey.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::distribution;
use super::{behaviors, check_origin};
use crate::Error;
use crate::settings::Settings;
use crate::value::{at, flag, items, number, text, texts};

/// What a distribution may have elsewhere but not here: the path, the code.
const REFUSED: [(&str, &str); 7] = [
    ("WebACLId", "InvalidWebACLId"),
    ("ContinuousDeploymentPolicyId", "InvalidArgument"),
    ("AnycastIpListId", "InvalidArgument"),
    ("TenantConfig", "InvalidArgument"),
    ("ViewerMtlsConfig", "InvalidArgument"),
    ("ConnectionFunctionAssociation", "InvalidArgument"),
    ("CacheTagConfig", "InvalidArgument"),
];

/// The same for a cache behaviour.
const REFUSED_OF_BEHAVIOR: [(&str, &str); 5] = [
    ("LambdaFunctionAssociations", "InvalidLambdaFunctionAssociation"),
    ("FunctionAssociations", "InvalidFunctionAssociation"),
    ("FieldLevelEncryptionId", "InvalidArgument"),
    ("RealtimeLogConfigArn", "InvalidArgument"),
    ("GrpcConfig", "InvalidGrpcConfig"),
];

/// Errors that may have a rule.
const ERRORS: [i64; 11] = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

pub(super) fn all(config: &Value, settings: &Settings) -> Result<(), Error> {
    distribution::check(config, settings, "TooManyDistributionCNAMEs")?;
    distribution::check_logging(config)?;
    refuse(config, &REFUSED, "")?;
    if flag(config, "Staging") {
        return Err(Error::argument("Staging: this server has no staging distributions; leave it out"));
    }
    check_origin::origins(config, settings)?;
    check_origin::groups(config)?;
    let root = text(config, "DefaultRootObject");
    if root.starts_with('/') || root.len() > 255 || root.chars().any(char::is_control) {
        let what = "DefaultRootObject: an object's name of at most 255 characters without a slash in front, such as \
                    index.html";
        return Err(Error::bad("InvalidDefaultRootObject", what));
    }
    let (count, most) = (items(config, "CacheBehaviors").len(), settings.quotas.behaviors);
    if count > most {
        let what = format!("CacheBehaviors: {count} of them; {most} are allowed");
        return Err(Error::bad("TooManyCacheBehaviors", what));
    }
    let origins = items(config, "Origins").iter().chain(items(config, "OriginGroups"));
    let origins = origins.map(|origin| text(origin, "Id")).collect();
    behaviors(config).try_for_each(|(place, one)| behavior(&place, one, &origins, settings))?;
    items(config, "CustomErrorResponses").iter().enumerate().try_for_each(|(place, rule)| {
        let place = format!("CustomErrorResponses.Items[{place}]");
        error_rule(&place, rule)
    })?;
    geo(at(config, "Restrictions"))
}

/// Whether a member says something: it is there, not empty, not switched off.
pub(super) fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(object) => match (object.get("Quantity"), object.get("Enabled")) {
            (Some(quantity), _) => quantity.as_i64() != Some(0),
            (None, Some(enabled)) => enabled.as_bool() != Some(false),
            (None, None) => !object.is_empty(),
        },
        _ => true,
    }
}

fn refuse(of: &Value, list: &[(&str, &'static str)], place: &str) -> Result<(), Error> {
    match list.iter().find(|(member, _)| says(at(of, member))) {
        Some((member, code)) => {
            let what =
                format!("{place}{member}: this server can't do it, so it does not pretend to; leave it out");
            Err(Error::bad(code, what))
        }
        None => Ok(()),
    }
}

fn behavior(
    place: &str,
    behavior: &Value,
    origins: &BTreeSet<&str>,
    settings: &Settings,
) -> Result<(), Error> {
    refuse(behavior, &REFUSED_OF_BEHAVIOR, &format!("{place}."))?;
    distribution::check_signers(behavior, settings, false)?;
    let target = text(behavior, "TargetOriginId");
    if !origins.contains(target) {
        let what =
            format!("{place}.TargetOriginId: there is no origin (or origin group) with the id {target:?}");
        return Err(Error::new(404, "NoSuchOrigin", what));
    }
    if text(behavior, "PathPattern").len() > 255 {
        return Err(Error::argument(format!("{place}.PathPattern: at most 255 characters")));
    }
    methods(place, behavior)?;
    caching(place, behavior)
}

/// Amazon takes three sets of methods, and edges know no others.
fn methods(place: &str, behavior: &Value) -> Result<(), Error> {
    const READ: [&str; 2] = ["GET", "HEAD"];
    const ASK: [&str; 3] = ["GET", "HEAD", "OPTIONS"];
    const ALL: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    let place = format!("{place}.AllowedMethods");
    let of = |path: &str| {
        let mut methods: Vec<&str> = texts(behavior, path).collect();
        methods.sort_unstable();
        methods
    };
    let (allowed, cached) = (of("AllowedMethods"), of("AllowedMethods.CachedMethods"));
    if ![&[], &READ[..], &ASK, &ALL].contains(&allowed.as_slice()) {
        let what = format!("{place}: GET and HEAD, or these and OPTIONS, or all seven methods");
        return Err(Error::argument(what));
    }
    if ![&[], &READ[..], &ASK].contains(&cached.as_slice()) {
        let what = format!("{place}.CachedMethods: GET and HEAD, or these and OPTIONS");
        return Err(Error::argument(what));
    }
    if cached.contains(&"OPTIONS") && !allowed.contains(&"OPTIONS") {
        return Err(Error::argument(format!(
            "{place}.CachedMethods: OPTIONS is not among the allowed methods"
        )));
    }
    Ok(())
}

fn caching(place: &str, behavior: &Value) -> Result<(), Error> {
    let (policy, old) = (says(at(behavior, "CachePolicyId")), !at(behavior, "ForwardedValues").is_null());
    if policy == old {
        let what = format!("{place}: it needs either CachePolicyId or ForwardedValues, and not both");
        return Err(Error::argument(what));
    }
    if policy {
        return Ok(());
    }
    if says(at(behavior, "OriginRequestPolicyId")) {
        let what = format!("{place}.OriginRequestPolicyId: it needs a CachePolicyId beside it");
        return Err(Error::argument(what));
    }
    if at(behavior, "MinTTL").is_null() {
        return Err(Error::argument(format!("{place}.MinTTL: it is needed beside ForwardedValues")));
    }
    let [least, default, most] = ttl(behavior);
    if least < 0 || least > default || default > most {
        let what =
            format!("{place}: 0 ≤ MinTTL ({least}) ≤ DefaultTTL ({default}) ≤ MaxTTL ({most}) does not hold");
        return Err(Error::bad("InvalidTTLOrder", what));
    }
    let all = texts(behavior, "ForwardedValues.Headers").any(|header| header == "*");
    if all && least > 0 {
        let what = format!("{place}.MinTTL: with all headers forwarded nothing is kept, so it has to be 0");
        return Err(Error::argument(what));
    }
    Ok(())
}

/// MinTTL, DefaultTTL and MaxTTL, of a behaviour or of a cache policy.
pub(in crate::service) fn ttl(of: &Value) -> [i64; 3] {
    let least = number(of, "MinTTL").unwrap_or(0);
    let default = number(of, "DefaultTTL").unwrap_or_else(|| least.max(86_400));
    let most = number(of, "MaxTTL").unwrap_or_else(|| default.max(31_536_000));
    [least, default, most]
}

fn error_rule(place: &str, rule: &Value) -> Result<(), Error> {
    let status = number(rule, "ErrorCode").unwrap_or_default();
    if !ERRORS.contains(&status) {
        let what = format!("{place}.ErrorCode: {status} is none of {ERRORS:?}");
        return Err(Error::bad("InvalidErrorCode", what));
    }
    let (path, code) = (text(rule, "ResponsePagePath"), text(rule, "ResponseCode"));
    if path.is_empty() != code.is_empty() {
        let what = format!("{place}: ResponsePagePath and ResponseCode are both needed, or neither");
        return Err(Error::argument(what));
    }
    let written = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if !path.is_empty() && !written {
        let what =
            format!("{place}.ResponsePagePath: {path:?} should begin with a slash and be percent-encoded");
        return Err(Error::argument(what));
    }
    let answerable = code == "200" || code.parse().is_ok_and(|code| ERRORS.contains(&code));
    if !code.is_empty() && !answerable {
        let what = format!("{place}.ResponseCode: {code:?} is neither 200 nor one of {ERRORS:?}");
        return Err(Error::bad("InvalidResponseCode", what));
    }
    if number(rule, "ErrorCachingMinTTL").is_some_and(|ttl| ttl < 0) {
        return Err(Error::argument(format!("{place}.ErrorCachingMinTTL: it is negative")));
    }
    Ok(())
}

fn geo(restrictions: &Value) -> Result<(), Error> {
    let place = "Restrictions.GeoRestriction";
    let countries: Vec<&str> = texts(restrictions, "GeoRestriction").collect();
    let none = matches!(text(restrictions, "GeoRestriction.RestrictionType"), "none" | "");
    if none != countries.is_empty() {
        let what = format!("{place}: a whitelist or a blacklist needs countries, and none has any");
        return Err(Error::bad("InvalidGeoRestrictionParameter", what));
    }
    let is_code = |code: &&str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    match countries.iter().find(|code| !is_code(code)) {
        Some(code) => {
            let what =
                format!("{place}: {code:?} is no country; write two capital letters (ISO 3166-1 alpha-2)");
            Err(Error::bad("InvalidLocationCode", what))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_empty_or_switched_off_says_nothing() {
        for silent in [json!(null), json!(""), json!({"Quantity": 0}), json!({"Enabled": false}), json!({})] {
            assert!(!says(&silent), "{silent}");
        }
        for loud in [json!("x"), json!({"Quantity": 1}), json!({"Enabled": true}), json!({"a": 1})] {
            assert!(says(&loud), "{loud}");
        }
    }
}
