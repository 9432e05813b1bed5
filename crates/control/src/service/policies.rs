//! Cache, origin request and response headers policies: the customer's own, and Amazon's managed ones.

mod managed;

use serde_json::{Value, json};

use super::kind::{Kind, Names, View, modified, name_claim};
use crate::settings::Settings;
use crate::store::{Claim, Resource};
use crate::value::{at, text};
use crate::{Error, names};

/// The kinds in the store.
pub(crate) const CACHE: &str = "cache-policy";
pub(crate) const ORIGIN_REQUEST: &str = "origin-request-policy";
pub(crate) const RESPONSE_HEADERS: &str = "response-headers-policy";

static CACHE_NAMES: Names = Names {
    kind: CACHE,
    noun: "CachePolicy",
    plural: "CachePolicies",
    path: "cache-policy",
    config: "CachePolicyConfig",
    missing: "NoSuchCachePolicy",
    exists: "CachePolicyAlreadyExists",
    too_many: "TooManyCachePolicies",
    in_use: "CachePolicyInUse",
    people: "cache policy",
};

static ORIGIN_REQUEST_NAMES: Names = Names {
    kind: ORIGIN_REQUEST,
    noun: "OriginRequestPolicy",
    plural: "OriginRequestPolicies",
    path: "origin-request-policy",
    config: "OriginRequestPolicyConfig",
    missing: "NoSuchOriginRequestPolicy",
    exists: "OriginRequestPolicyAlreadyExists",
    too_many: "TooManyOriginRequestPolicies",
    in_use: "OriginRequestPolicyInUse",
    people: "origin request policy",
};

static RESPONSE_HEADERS_NAMES: Names = Names {
    kind: RESPONSE_HEADERS,
    noun: "ResponseHeadersPolicy",
    plural: "ResponseHeadersPolicies",
    path: "response-headers-policy",
    config: "ResponseHeadersPolicyConfig",
    missing: "NoSuchResponseHeadersPolicy",
    exists: "ResponseHeadersPolicyAlreadyExists",
    too_many: "TooManyResponseHeadersPolicies",
    in_use: "ResponseHeadersPolicyInUse",
    people: "response headers policy",
};

/// A policy of one of the three kinds.
pub(crate) struct Policy(&'static Names);

pub(crate) static CACHE_POLICY: Policy = Policy(&CACHE_NAMES);
pub(crate) static ORIGIN_REQUEST_POLICY: Policy = Policy(&ORIGIN_REQUEST_NAMES);
pub(crate) static RESPONSE_HEADERS_POLICY: Policy = Policy(&RESPONSE_HEADERS_NAMES);

/// Amazon's policies of a kind, as resources.
pub(crate) fn managed(kind: &str) -> impl Iterator<Item = &'static Resource> {
    managed::ALL.iter().filter(move |policy| policy.kind == kind)
}

/// Whether an id is one of Amazon's.
pub(crate) fn is_managed(kind: &str, id: &str) -> bool {
    managed::ALL.iter().any(|policy| policy.kind == kind && policy.id == id)
}

impl Kind for Policy {
    fn names(&self) -> &'static Names {
        self.0
    }

    fn quota(&self, settings: &Settings) -> usize {
        settings.quotas.policies
    }

    fn check(&self, config: &Value, settings: &Settings) -> Result<(), Error> {
        super::distribution::check_comment(config, settings)?;
        let ttl = |member: &str, default: i64| at(config, member).as_i64().unwrap_or(default);
        let least = ttl("MinTTL", 0);
        let default = ttl("DefaultTTL", least.max(86_400));
        let most = ttl("MaxTTL", default.max(31_536_000));
        if least <= default && default <= most {
            return Ok(());
        }
        let what = format!("MinTTL ({least}) ≤ DefaultTTL ({default}) ≤ MaxTTL ({most}) does not hold");
        Err(Error::argument(what))
    }

    fn id(&self) -> Result<String, Error> {
        names::uuid()
    }

    fn claims(&self, resource: &Resource) -> Vec<Claim> {
        vec![name_claim(self.0.kind, text(&resource.config, "Name"))]
    }

    fn entity(&self, resource: &Resource, _view: &View) -> Value {
        let mut entity = json!({"Id": resource.id, "LastModifiedTime": modified(resource)});
        entity[self.0.config] = resource.config.clone();
        entity
    }

    fn summary(&self, resource: &Resource, view: &View) -> Value {
        let kind = if is_managed(&resource.kind, &resource.id) { "managed" } else { "custom" };
        let mut summary = json!({"Type": kind});
        summary[self.0.noun] = self.entity(resource, view);
        summary
    }
}
