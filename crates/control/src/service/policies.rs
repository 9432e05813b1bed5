//! Cache, origin request and response headers policies: the customer's own, and Amazon's managed ones.

mod managed;

use serde_json::{Value, json};

use super::distribution::check_header;
use super::kind::{Kind, Names, View, modified, name_claim};
use crate::settings::Settings;
use crate::store::{Claim, Resource};
use crate::value::{items, text, texts};
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

/// Headers that a response headers policy adds or removes.
fn check_response(config: &Value) -> Result<(), Error> {
    for header in items(config, "CustomHeadersConfig") {
        check_header("CustomHeadersConfig", text(header, "Header"), text(header, "Value"))?;
    }
    for header in items(config, "RemoveHeadersConfig") {
        check_header("RemoveHeadersConfig", text(header, "Header"), "")?;
    }
    let (csp, xss) = ("ContentSecurityPolicy.ContentSecurityPolicy", "XSSProtection.ReportUri");
    for path in [csp, xss].map(|path| format!("SecurityHeadersConfig.{path}")) {
        check_header("SecurityHeadersConfig", "it", text(config, &path))?;
    }
    for list in ["AllowHeaders", "ExposeHeaders"].map(|list| format!("CorsConfig.AccessControl{list}")) {
        texts(config, &list).try_for_each(|name| check_header(&list, name, ""))?;
    }
    Ok(())
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
        let [least, default, most] = super::web::ttl(config);
        if least < 0 || least > default || default > most {
            let what =
                format!("0 ≤ MinTTL ({least}) ≤ DefaultTTL ({default}) ≤ MaxTTL ({most}) does not hold");
            return Err(Error::argument(what));
        }
        check_response(config)
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
