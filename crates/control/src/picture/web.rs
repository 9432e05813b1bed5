//! From a web distribution as its customer wrote it to what an edge acts on.

use std::collections::HashMap;

use millrace_model::HostPattern;
use millrace_model::web::{
    Behavior, Distribution, ERROR_TTL, ErrorPage, ErrorRule, Geo, Methods, OriginGroup, PathPattern, Ttl,
    ViewerProtocol,
};
use serde_json::Value;

use super::origin::origin;
use super::{response, rules};
use crate::Signers;
use crate::service::policies;
use crate::store::Resource;
use crate::value::{at, flag, items, seconds, text, texts};

/// What configurations of web distributions name.
pub(super) struct Named<'p> {
    /// Policies by kind and id, Amazon's among them.
    policies: HashMap<(&'p str, &'p str), &'p Value>,
    /// Origin access controls by id.
    controls: HashMap<&'p str, &'p Value>,
    signers: &'p Signers,
}

impl<'p> Named<'p> {
    pub(super) fn new(policies: &'p [Resource], controls: &'p [Resource], signers: &'p Signers) -> Self {
        let by_kind = |policy: &'p Resource| ((policy.kind.as_str(), policy.id.as_str()), &policy.config);
        let managed = [policies::CACHE, policies::ORIGIN_REQUEST, policies::RESPONSE_HEADERS];
        let managed =
            managed.into_iter().flat_map(policies::managed).map(|policy| -> &'p Resource { policy });
        Self {
            policies: managed.chain(policies).map(by_kind).collect(),
            controls: controls.iter().map(|control| (control.id.as_str(), &control.config)).collect(),
            signers,
        }
    }

    /// The policy that a behaviour names by a member; none: it names none.
    fn policy(&self, behavior: &Value, member: &str, kind: &str) -> Result<Option<&'p Value>, String> {
        let id = text(behavior, member);
        if id.is_empty() {
            return Ok(None);
        }
        let found = self.policies.get(&(kind, id)).copied();
        found.map(Some).ok_or_else(|| format!("{member}: there is no policy with the id {id:?}"))
    }

    /// The ids of the keys that a behaviour trusts; none: nobody needs a signature.
    fn trusted_keys(&self, behavior: &Value) -> Option<Vec<String>> {
        let lists = ["TrustedSigners", "TrustedKeyGroups"];
        let mut on = lists.into_iter().filter(|list| flag(behavior, &format!("{list}.Enabled"))).peekable();
        on.peek()?;
        Some(self.signers.keys_of(on.flat_map(|list| texts(behavior, list))))
    }
}

/// A web distribution. What it names and nobody has is said in the behaviours that can't be obeyed for it.
pub(super) fn distribution(resource: &Resource, named: &Named<'_>) -> Distribution {
    let config = &resource.config;
    let version = text(config, "HttpVersion");
    let (root, behavior) = (text(config, "DefaultRootObject"), |one| behavior(one, named));
    Distribution {
        id: resource.id.clone(),
        domain_name: text(&resource.facts, "DomainName").to_ascii_lowercase(),
        aliases: texts(config, "Aliases").map(HostPattern::new).collect(),
        enabled: flag(config, "Enabled"),
        default_root_object: (!root.is_empty()).then(|| root.to_owned()),
        origins: items(config, "Origins").iter().map(|one| origin(one, &named.controls)).collect(),
        groups: items(config, "OriginGroups").iter().filter_map(group).collect(),
        behaviors: items(config, "CacheBehaviors").iter().map(behavior).collect(),
        default_behavior: behavior(at(config, "DefaultCacheBehavior")),
        errors: items(config, "CustomErrorResponses").iter().filter_map(error_rule).collect(),
        geo: geo(at(config, "Restrictions")),
        http2: matches!(version, "http2" | "http2and3"),
        http3: matches!(version, "http3" | "http2and3"),
        ipv6: flag(config, "IsIPV6Enabled"),
    }
}

fn group(group: &Value) -> Option<OriginGroup> {
    let [primary, secondary] = items(group, "Members") else { return None };
    let codes = items(group, "FailoverCriteria.StatusCodes").iter();
    Some(OriginGroup {
        id: text(group, "Id").to_owned(),
        primary: text(primary, "OriginId").to_owned(),
        secondary: text(secondary, "OriginId").to_owned(),
        status_codes: codes.filter_map(|code| u16::try_from(code.as_i64()?).ok()).collect(),
    })
}

fn error_rule(rule: &Value) -> Option<ErrorRule> {
    let (path, status) = (text(rule, "ResponsePagePath"), text(rule, "ResponseCode").parse());
    let page = status.ok().filter(|_| !path.is_empty());
    Some(ErrorRule {
        status: u16::try_from(at(rule, "ErrorCode").as_i64()?).ok()?,
        page: page.map(|status| ErrorPage { path: path.to_owned(), status }),
        ttl: seconds(rule, "ErrorCachingMinTTL").unwrap_or(ERROR_TTL),
    })
}

fn geo(restriction: &Value) -> Geo {
    let countries = texts(restriction, "GeoRestriction").map(str::to_owned).collect();
    match text(restriction, "GeoRestriction.RestrictionType") {
        "whitelist" => Geo::Only(countries),
        "blacklist" => Geo::Except(countries),
        _ => Geo::Anywhere,
    }
}

fn behavior(config: &Value, named: &Named<'_>) -> Behavior {
    let behavior = Behavior {
        pattern: PathPattern::new(at(config, "PathPattern").as_str().unwrap_or("*")),
        viewer_protocol: match text(config, "ViewerProtocolPolicy") {
            "allow-all" => ViewerProtocol::AllowAll,
            "redirect-to-https" => ViewerProtocol::RedirectToHttps,
            _ => ViewerProtocol::HttpsOnly,
        },
        methods: methods(config),
        cache_options: texts(config, "AllowedMethods.CachedMethods").any(|method| method == "OPTIONS"),
        compress: flag(config, "Compress"),
        trusted_keys: named.trusted_keys(config),
        ..Behavior::of(text(config, "TargetOriginId"))
    };
    match ruled(behavior.clone(), config, named) {
        Ok(ruled) => ruled,
        // Without its rules nothing of it may be kept, whatever an edge does with the fault.
        Err(fault) => Behavior { ttl: Ttl::ZERO, fault: Some(fault), ..behavior },
    }
}

fn methods(config: &Value) -> Methods {
    let has = |method| texts(config, "AllowedMethods").any(|allowed| allowed == method);
    match (has("POST"), has("OPTIONS")) {
        (true, _) => Methods::All,
        (false, true) => Methods::GetHeadOptions,
        (false, false) => Methods::GetHead,
    }
}

/// With the rules that it has or names.
fn ruled(behavior: Behavior, config: &Value, named: &Named<'_>) -> Result<Behavior, String> {
    let cache = named.policy(config, "CachePolicyId", policies::CACHE)?;
    let request = named.policy(config, "OriginRequestPolicyId", policies::ORIGIN_REQUEST)?;
    let response = named.policy(config, "ResponseHeadersPolicyId", policies::RESPONSE_HEADERS)?;
    let (key, forward) = match (cache, at(config, "ForwardedValues")) {
        (Some(policy), _) => (rules::key_by_policy(policy), rules::forward_by_policy(request)),
        (None, Value::Null) => return Err("it has neither CachePolicyId nor ForwardedValues".to_owned()),
        (None, values) => rules::by_forwarded_values(values),
    };
    let ttl = rules::ttl(cache.unwrap_or(config));
    let response = response.map(response::rules).unwrap_or_default();
    Ok(Behavior { key, forward, ttl, response, ..behavior })
}
