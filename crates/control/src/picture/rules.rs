//! What is in cache keys and what origins see: by `ForwardedValues`, or by policies.

use std::collections::BTreeSet;
use std::time::Duration;

use millrace_model::web::{ForwardRules, KeyRules, NOT_FORWARDED, Select, Ttl};
use serde_json::Value;

use crate::value::{at, flag, items, seconds, text, texts};

/// What counts where `DefaultTTL` is left out: a day.
const DEFAULT: Duration = Duration::from_secs(86_400);
/// And for `MaxTTL`: a year.
const MAX: Duration = Duration::from_secs(31_536_000);

/// By `ForwardedValues`: what is forwarded is in the key, except that most headers are forwarded in any case, and
/// parameters may be left out of the key by name.
pub(super) fn by_forwarded_values(values: &Value) -> (KeyRules, ForwardRules) {
    let headers: BTreeSet<String> = texts(values, "Headers").map(str::to_ascii_lowercase).collect();
    let all = headers.contains("*");
    let query = flag(values, "QueryString");
    let keys = texts(values, "QueryStringCacheKeys");
    let key = KeyRules {
        query: match (query, items(values, "QueryStringCacheKeys")) {
            (false, _) => Select::None,
            (true, []) => Select::All,
            (true, _) => Select::these(keys),
        },
        cookies: match text(values, "Cookies.Forward") {
            "all" => Select::All,
            "whitelist" => whitelist(values),
            _ => Select::None,
        },
        // Gzip is all that such a behaviour ever knew, unless the header itself is in the key.
        gzip: !all && !headers.contains("accept-encoding"),
        brotli: false,
        headers: if all { Select::All } else { these(headers) },
    };
    let forward = ForwardRules {
        query: if query { Select::All } else { Select::None },
        headers: if all { Select::All } else { Select::all_but(NOT_FORWARDED) },
        ..ForwardRules::default()
    };
    (key, forward)
}

/// Names of cookies, in which there may be stars.
fn whitelist(values: &Value) -> Select {
    let names: Vec<&str> = texts(values, "Cookies.WhitelistedNames").collect();
    match names.iter().any(|name| name.contains(['*', '?'])) {
        true => Select::like(names),
        false => Select::these(names),
    }
}

fn these(names: BTreeSet<String>) -> Select {
    if names.is_empty() { Select::None } else { Select::These(names) }
}

/// The key by a cache policy.
pub(super) fn key_by_policy(policy: &Value) -> KeyRules {
    let parameters = at(policy, "ParametersInCacheKeyAndForwardedToOrigin");
    KeyRules {
        query: query(parameters),
        headers: headers(parameters),
        cookies: cookies(parameters),
        gzip: flag(parameters, "EnableAcceptEncodingGzip"),
        brotli: flag(parameters, "EnableAcceptEncodingBrotli"),
    }
}

/// What is forwarded besides, by an origin request policy if there is one.
pub(super) fn forward_by_policy(policy: Option<&Value>) -> ForwardRules {
    let Some(policy) = policy else { return ForwardRules::default() };
    // With this one the list is not of the viewer's headers but of those that the edge adds.
    let adds = text(policy, "HeadersConfig.HeaderBehavior") == "allViewerAndWhitelistCloudFront";
    let told = texts(policy, "HeadersConfig.Headers").filter(|_| adds).map(str::to_ascii_lowercase);
    ForwardRules {
        query: query(policy),
        headers: headers(policy),
        cookies: cookies(policy),
        told: told.collect(),
    }
}

fn query(of: &Value) -> Select {
    let config = at(of, "QueryStringsConfig");
    select(text(config, "QueryStringBehavior"), texts(config, "QueryStrings").map(str::to_owned))
}

fn cookies(of: &Value) -> Select {
    let config = at(of, "CookiesConfig");
    select(text(config, "CookieBehavior"), texts(config, "Cookies").map(str::to_owned))
}

fn headers(of: &Value) -> Select {
    let config = at(of, "HeadersConfig");
    select(text(config, "HeaderBehavior"), texts(config, "Headers").map(str::to_ascii_lowercase))
}

fn select(behavior: &str, names: impl Iterator<Item = String>) -> Select {
    match behavior {
        "whitelist" => these(names.collect()),
        "allExcept" => Select::AllBut(names.collect()),
        "all" | "allViewer" | "allViewerAndWhitelistCloudFront" => Select::All,
        _ => Select::None,
    }
}

/// Times to live, of a cache policy or beside `ForwardedValues`. What is left out is at least as much as what is there.
pub(super) fn ttl(of: &Value) -> Ttl {
    let min = seconds(of, "MinTTL").unwrap_or_default();
    let default = seconds(of, "DefaultTTL").unwrap_or_else(|| min.max(DEFAULT));
    let max = seconds(of, "MaxTTL").unwrap_or_else(|| default.max(MAX));
    Ttl { min, default, max }
}
