//! Web distributions: the whole configuration is kept and answered; what nobody here would obey is refused by name.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kind::{Kind, Names, Need, View, modified};
use super::{distribution, identity, invalidation, keys, policies};
use crate::Error;
use crate::settings::Settings;
use crate::store::{Claim, Link, Resource};
use crate::value::{at, fill, flag, items, text, texts};

/// The kind in the store.
pub(crate) const KIND: &str = "distribution";

static NAMES: Names = Names {
    kind: KIND,
    noun: "Distribution",
    plural: "Distributions",
    path: "distribution",
    config: "DistributionConfig",
    missing: "NoSuchDistribution",
    exists: "DistributionAlreadyExists",
    too_many: "TooManyDistributions",
    in_use: "ResourceInUse",
    people: "distribution",
};

/// What a distribution may have elsewhere but not here: the path, the code.
const REFUSED: [(&str, &str); 6] = [
    ("WebACLId", "InvalidWebACLId"),
    ("ContinuousDeploymentPolicyId", "InvalidArgument"),
    ("AnycastIpListId", "InvalidArgument"),
    ("TenantConfig", "InvalidArgument"),
    ("ViewerMtlsConfig", "InvalidArgument"),
    ("ConnectionFunctionAssociation", "InvalidArgument"),
];

/// The same for a cache behaviour.
const REFUSED_OF_BEHAVIOR: [(&str, &str); 5] = [
    ("LambdaFunctionAssociations", "InvalidLambdaFunctionAssociation"),
    ("FunctionAssociations", "InvalidFunctionAssociation"),
    ("FieldLevelEncryptionId", "InvalidArgument"),
    ("RealtimeLogConfigArn", "InvalidArgument"),
    ("GrpcConfig", "InvalidGrpcConfig"),
];

/// Policies that a behaviour may name: member, kind, what is said if there is none.
const POLICIES: [(&str, &str, &str); 3] = [
    ("CachePolicyId", policies::CACHE, "NoSuchCachePolicy"),
    ("OriginRequestPolicyId", policies::ORIGIN_REQUEST, "NoSuchOriginRequestPolicy"),
    ("ResponseHeadersPolicyId", policies::RESPONSE_HEADERS, "NoSuchResponseHeadersPolicy"),
];

pub(crate) struct Web;

/// All behaviours, with what they are called in errors.
fn behaviors(config: &Value) -> impl Iterator<Item = (String, &Value)> {
    let others = items(config, "CacheBehaviors").iter().enumerate();
    let others = others.map(|(at, behavior)| (format!("CacheBehaviors.Items[{at}]"), behavior));
    [("DefaultCacheBehavior".to_owned(), at(config, "DefaultCacheBehavior"))].into_iter().chain(others)
}

/// Whether a member says something: it is there, not empty, not switched off.
fn says(value: &Value) -> bool {
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

fn check_origins(config: &Value, settings: &Settings) -> Result<(), Error> {
    let origins = items(config, "Origins");
    let most = settings.quotas.origins;
    if origins.is_empty() {
        return Err(Error::argument("Origins: a distribution needs at least one"));
    }
    if origins.len() > most {
        return Err(Error::bad(
            "TooManyOrigins",
            format!("Origins: {} of them; {most} are allowed", origins.len()),
        ));
    }
    let mut ids = BTreeSet::new();
    for (place, origin) in origins.iter().enumerate() {
        let place = format!("Origins.Items[{place}]");
        if !ids.insert(text(origin, "Id")) {
            return Err(Error::argument(format!("{place}.Id: {:?} is there twice", text(origin, "Id"))));
        }
        let path = text(origin, "OriginPath");
        if !path.is_empty() && (!path.starts_with('/') || path.ends_with('/')) {
            let what = format!("{place}.OriginPath: {path:?} should begin with a slash and not end with one");
            return Err(Error::argument(what));
        }
        if says(at(origin, "VpcOriginConfig")) {
            let what = format!(
                "{place}.VpcOriginConfig: there are no VPCs here; name the host in CustomOriginConfig"
            );
            return Err(Error::argument(what));
        }
        let (s3, custom) =
            (!at(origin, "S3OriginConfig").is_null(), !at(origin, "CustomOriginConfig").is_null());
        if s3 == custom {
            let what = format!("{place}: it needs either S3OriginConfig or CustomOriginConfig");
            return Err(Error::bad("InvalidOrigin", what));
        }
        if s3 {
            let parsed = millrace_model::S3Domain::parse(text(origin, "DomainName"));
            parsed.map_err(|error| Error::bad("InvalidOrigin", format!("{place}.DomainName: {error}")))?;
        }
    }
    Ok(())
}

fn check_behavior(
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
    let (policy, old) = (says(at(behavior, "CachePolicyId")), !at(behavior, "ForwardedValues").is_null());
    if policy == old {
        let what = format!("{place}: it needs either CachePolicyId or ForwardedValues, and not both");
        return Err(Error::argument(what));
    }
    if old && at(behavior, "MinTTL").is_null() {
        return Err(Error::argument(format!("{place}.MinTTL: it is needed beside ForwardedValues")));
    }
    let ttl = |member: &str, default: i64| at(behavior, member).as_i64().unwrap_or(default);
    let least = ttl("MinTTL", 0);
    let default = ttl("DefaultTTL", least.max(86_400));
    let most = ttl("MaxTTL", default.max(31_536_000));
    if old && !(least <= default && default <= most) {
        let what =
            format!("{place}: MinTTL ({least}) ≤ DefaultTTL ({default}) ≤ MaxTTL ({most}) does not hold");
        return Err(Error::bad("InvalidTTLOrder", what));
    }
    if text(behavior, "PathPattern").len() > 255 {
        return Err(Error::argument(format!("{place}.PathPattern: at most 255 characters")));
    }
    Ok(())
}

impl Kind for Web {
    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn quota(&self, settings: &Settings) -> usize {
        settings.quotas.distributions
    }

    fn check(&self, config: &Value, settings: &Settings) -> Result<(), Error> {
        distribution::check(config, settings, "TooManyDistributionCNAMEs")?;
        distribution::check_logging(config)?;
        refuse(config, &REFUSED, "")?;
        if flag(config, "Staging") {
            return Err(Error::argument("Staging: this server has no staging distributions; leave it out"));
        }
        check_origins(config, settings)?;
        if text(config, "DefaultRootObject").starts_with('/') {
            let what = "DefaultRootObject: an object's name without a slash in front, such as index.html";
            return Err(Error::bad("InvalidDefaultRootObject", what));
        }
        let (behaviors_count, most) = (items(config, "CacheBehaviors").len(), settings.quotas.behaviors);
        if behaviors_count > most {
            let what = format!("CacheBehaviors: {behaviors_count} of them; {most} are allowed");
            return Err(Error::bad("TooManyCacheBehaviors", what));
        }
        let origins = items(config, "Origins").iter().chain(items(config, "OriginGroups"));
        let origins = origins.map(|origin| text(origin, "Id")).collect();
        behaviors(config)
            .try_for_each(|(place, behavior)| check_behavior(&place, behavior, &origins, settings))
    }

    fn facts(&self, settings: &Settings) -> Result<Value, Error> {
        distribution::facts('d', settings)
    }

    fn claims(&self, resource: &Resource) -> Vec<Claim> {
        distribution::claims(resource)
    }

    fn needs(&self, config: &Value) -> Vec<Need> {
        let need = |kind: &str, id: &str, error: Error| Need {
            link: Link { kind: kind.to_owned(), id: id.to_owned() },
            error,
        };
        let mut needs = Vec::new();
        for origin in items(config, "Origins") {
            needs.extend(distribution::identity(text(origin, "S3OriginConfig.OriginAccessIdentity")));
            let control = text(origin, "OriginAccessControlId");
            if !control.is_empty() {
                let what = format!("there is no origin access control with the id {control:?}");
                needs.push(need(identity::CONTROL, control, Error::bad("InvalidOriginAccessControl", what)));
            }
        }
        for (place, behavior) in behaviors(config) {
            for (member, kind, code) in POLICIES {
                let id = text(behavior, member);
                if !id.is_empty() && !policies::is_managed(kind, id) {
                    let what = format!("{place}.{member}: there is no policy with the id {id:?}");
                    needs.push(need(kind, id, Error::new(404, code, what)));
                }
            }
            for id in texts(behavior, "TrustedKeyGroups") {
                let what = format!("{place}.TrustedKeyGroups: there is no key group with the id {id:?}");
                needs.push(need(keys::GROUP, id, Error::bad("TrustedKeyGroupDoesNotExist", what)));
            }
        }
        needs
    }

    fn signers<'c>(&self, config: &'c Value) -> BTreeSet<&'c str> {
        behaviors(config).flat_map(|(_, behavior)| texts(behavior, "TrustedSigners")).collect()
    }

    fn fill(&self, config: &mut Value) {
        fill(config, &defaults());
        let behavior = behavior_defaults();
        if let Some(default) = config.get_mut("DefaultCacheBehavior") {
            fill(default, &behavior);
        }
        let others = config.get_mut("CacheBehaviors").and_then(|list| list.get_mut("Items"));
        others.and_then(Value::as_array_mut).into_iter().flatten().for_each(|other| fill(other, &behavior));
        let origins = config.get_mut("Origins").and_then(|list| list.get_mut("Items"));
        for origin in origins.and_then(Value::as_array_mut).into_iter().flatten() {
            fill(origin, &json!({"OriginPath": "", "CustomHeaders": {"Quantity": 0}}));
        }
    }

    fn may_delete(&self, resource: &Resource, view: &View) -> Result<(), Error> {
        distribution::may_delete(resource, view, "DistributionNotDisabled")
    }

    fn entity(&self, resource: &Resource, view: &View) -> Value {
        let config = &resource.config;
        let trusted = |list: &'static str| {
            let enabled = behaviors(config).filter(move |(_, b)| flag(b, &format!("{list}.Enabled")));
            enabled.flat_map(move |(_, b)| texts(b, list)).collect::<BTreeSet<&str>>()
        };
        let invalidations = invalidation::kind(&resource.id);
        let invalidating = view.invalidating.iter().find(|(kind, _)| *kind == invalidations);
        let invalidating = invalidating.map_or(0, |(_, count)| *count);
        json!({
            "Id": resource.id,
            "ARN": view.arn(resource),
            "Status": view.status(resource),
            "LastModifiedTime": modified(resource),
            "InProgressInvalidationBatches": invalidating,
            "DomainName": text(&resource.facts, "DomainName"),
            "ActiveTrustedSigners": distribution::active_signers(true, &trusted("TrustedSigners"), view),
            "ActiveTrustedKeyGroups": distribution::active_groups(&trusted("TrustedKeyGroups"), view),
            "DistributionConfig": config,
        })
    }

    fn summary(&self, resource: &Resource, view: &View) -> Value {
        let mut summary = json!({
            "Id": resource.id,
            "ARN": view.arn(resource),
            "ETag": resource.etag,
            "Status": view.status(resource),
            "LastModifiedTime": modified(resource),
            "DomainName": text(&resource.facts, "DomainName"),
        });
        for member in [
            "Aliases",
            "Origins",
            "OriginGroups",
            "DefaultCacheBehavior",
            "CacheBehaviors",
            "CustomErrorResponses",
            "Comment",
            "PriceClass",
            "Enabled",
            "ViewerCertificate",
            "Restrictions",
            "WebACLId",
            "HttpVersion",
            "IsIPV6Enabled",
            "Staging",
        ] {
            summary[member] = at(&resource.config, member).clone();
        }
        summary
    }
}

/// What Amazon answers where a distribution says nothing.
fn defaults() -> Value {
    json!({
        "Aliases": {"Quantity": 0},
        "DefaultRootObject": "",
        "OriginGroups": {"Quantity": 0},
        "CacheBehaviors": {"Quantity": 0},
        "CustomErrorResponses": {"Quantity": 0},
        "Logging": {"Enabled": false, "IncludeCookies": false, "Bucket": "", "Prefix": ""},
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": {"CloudFrontDefaultCertificate": true},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http1.1",
        "IsIPV6Enabled": false,
        "Staging": false,
    })
}

/// The same for a behaviour.
fn behavior_defaults() -> Value {
    json!({
        "TrustedSigners": {"Enabled": false, "Quantity": 0},
        "TrustedKeyGroups": {"Enabled": false, "Quantity": 0},
        "AllowedMethods": {
            "Quantity": 2,
            "Items": ["HEAD", "GET"],
            "CachedMethods": {"Quantity": 2, "Items": ["HEAD", "GET"]},
        },
        "SmoothStreaming": false,
        "Compress": false,
        "LambdaFunctionAssociations": {"Quantity": 0},
        "FunctionAssociations": {"Quantity": 0},
        "FieldLevelEncryptionId": "",
    })
}

#[cfg(test)]
mod tests {
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
