//! Web distributions: the whole configuration is kept and answered; what nobody here would obey is refused by name.

mod check;
mod check_origin;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kind::{Kind, Names, Need, View, modified};
pub(super) use check::ttl;

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

impl Kind for Web {
    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn quota(&self, settings: &Settings) -> usize {
        settings.quotas.distributions
    }

    fn check(&self, config: &Value, settings: &Settings) -> Result<(), Error> {
        check::all(config, settings)
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
        let invalidating = view.invalidating.iter().filter(|kind| **kind == invalidations).count();
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
