//! Amazon's managed policies: ids, names and what they say are Amazon's, since configurations name them by id.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{CACHE, ORIGIN_REQUEST, RESPONSE_HEADERS};
use crate::store::Resource;

/// All of them.
pub(super) static ALL: LazyLock<Vec<Resource>> = LazyLock::new(|| {
    let policies = cache().into_iter().chain(origin_request()).chain(response_headers());
    policies.collect()
});

fn policy(kind: &str, id: &str, name: &str, comment: &str, rest: Value) -> Resource {
    let mut config = json!({"Name": format!("Managed-{name}"), "Comment": comment});
    if let (Some(config), Value::Object(rest)) = (config.as_object_mut(), rest) {
        config.extend(rest);
    }
    Resource {
        kind: kind.to_owned(),
        id: id.to_owned(),
        etag: "E23ZP02F085DFQ".to_owned(),
        config,
        facts: json!({}),
        created_ms: 0,
        modified_ms: 0,
        revision: 0,
    }
}

/// A list: `none`, or `whitelist` and names.
fn behavior(kind: &str, list: &str, how: &str, names: &[&str]) -> Value {
    let mut value = json!({format!("{kind}Behavior"): how});
    if !names.is_empty() {
        value[list] = json!({"Quantity": names.len(), "Items": names});
    }
    value
}

fn headers(how: &str, names: &[&str]) -> Value {
    behavior("Header", "Headers", how, names)
}

fn cookies(how: &str) -> Value {
    behavior("Cookie", "Cookies", how, &[])
}

fn queries(how: &str, names: &[&str]) -> Value {
    behavior("QueryString", "QueryStrings", how, names)
}

/// What a cache policy says: times to live, compression, and what is in the key.
fn cached(ttl: [i64; 3], compressed: bool, headers: Value, cookies: Value, queries: Value) -> Value {
    json!({
        "MinTTL": ttl[0],
        "DefaultTTL": ttl[1],
        "MaxTTL": ttl[2],
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": compressed,
            "EnableAcceptEncodingBrotli": compressed,
            "HeadersConfig": headers,
            "CookiesConfig": cookies,
            "QueryStringsConfig": queries,
        },
    })
}

const HOST_AND_METHOD: [&str; 5] =
    ["host", "origin", "x-http-method-override", "x-http-method", "x-method-override"];

fn cache() -> Vec<Resource> {
    let year = 31_536_000;
    let none = || (headers("none", &[]), cookies("none"), queries("none", &[]));
    let plain = |ttl, compressed| {
        let (headers, cookies, queries) = none();
        cached(ttl, compressed, headers, cookies, queries)
    };
    let origin_says =
        |queries| cached([0, 0, year], true, headers("whitelist", &HOST_AND_METHOD), cookies("all"), queries);
    let package = queries("whitelist", &["aws.manifestfilter", "start", "end", "m"]);
    vec![
        policy(
            CACHE,
            "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            "CachingDisabled",
            "Nothing is cached",
            plain([0, 0, 0], false),
        ),
        policy(
            CACHE,
            "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "CachingOptimized",
            "For as much caching as can be; compressed",
            plain([1, 86_400, year], true),
        ),
        policy(
            CACHE,
            "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
            "CachingOptimizedForUncompressedObjects",
            "For as much caching as can be; not compressed",
            plain([1, 86_400, year], false),
        ),
        policy(
            CACHE,
            "08627262-05a9-4f76-9ded-b50ca2e3a84f",
            "Elemental-MediaPackage",
            "For origins that are MediaPackage endpoints",
            cached([0, 86_400, year], true, headers("whitelist", &["origin"]), cookies("none"), package),
        ),
        policy(
            CACHE,
            "2e54312d-136d-493c-8eb9-b001f22f67d2",
            "Amplify",
            "For origins that are Amplify applications",
            cached(
                [2, 2, 600],
                true,
                headers("whitelist", &["Authorization", "CloudFront-Viewer-Country", "host"]),
                cookies("all"),
                queries("all", &[]),
            ),
        ),
        policy(
            CACHE,
            "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
            "UseOriginCacheControlHeaders",
            "As the origin's headers say; no query in the key",
            origin_says(queries("none", &[])),
        ),
        policy(
            CACHE,
            "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
            "UseOriginCacheControlHeaders-QueryStrings",
            "As the origin's headers say; the query is in the key",
            origin_says(queries("all", &[])),
        ),
    ]
}

/// What CloudFront knows of a viewer.
const VIEWER: [&str; 21] = [
    "CloudFront-Forwarded-Proto",
    "CloudFront-Is-Android-Viewer",
    "CloudFront-Is-Desktop-Viewer",
    "CloudFront-Is-IOS-Viewer",
    "CloudFront-Is-Mobile-Viewer",
    "CloudFront-Is-SmartTV-Viewer",
    "CloudFront-Is-Tablet-Viewer",
    "CloudFront-Viewer-Address",
    "CloudFront-Viewer-ASN",
    "CloudFront-Viewer-City",
    "CloudFront-Viewer-Country",
    "CloudFront-Viewer-Country-Name",
    "CloudFront-Viewer-Country-Region",
    "CloudFront-Viewer-Country-Region-Name",
    "CloudFront-Viewer-Http-Version",
    "CloudFront-Viewer-Latitude",
    "CloudFront-Viewer-Longitude",
    "CloudFront-Viewer-Metro-Code",
    "CloudFront-Viewer-Postal-Code",
    "CloudFront-Viewer-Time-Zone",
    "CloudFront-Viewer-TLS",
];

/// What MediaTailor wants to know.
const TAILOR: [&str; 5] = [
    "origin",
    "access-control-request-headers",
    "access-control-request-method",
    "User-Agent",
    "X-Forwarded-For",
];

fn origin_request() -> Vec<Resource> {
    let forwarded = |headers: Value, cookies: Value, queries: Value| json!({"HeadersConfig": headers, "CookiesConfig": cookies, "QueryStringsConfig": queries});
    let everything = |headers| forwarded(headers, cookies("all"), queries("all", &[]));
    let cors = ["origin", "access-control-request-headers", "access-control-request-method"];
    let none = || (cookies("none"), queries("none", &[]));
    let only = |headers| {
        let (cookies, queries) = none();
        forwarded(headers, cookies, queries)
    };
    let kind = ORIGIN_REQUEST;
    vec![
        policy(
            kind,
            "216adef6-5c7f-47e4-b989-5492eafa07d3",
            "AllViewer",
            "Everything that the viewer sent",
            everything(headers("allViewer", &[])),
        ),
        policy(
            kind,
            "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
            "CORS-S3Origin",
            "The headers of CORS, for a bucket",
            only(headers("whitelist", &cors)),
        ),
        policy(
            kind,
            "59781a5b-3903-41f3-afcb-af62929ccde1",
            "CORS-CustomOrigin",
            "The header of CORS, for any origin",
            only(headers("whitelist", &["origin"])),
        ),
        policy(
            kind,
            "acba4595-bd28-49b8-b9fe-13317c0390fa",
            "UserAgentRefererHeaders",
            "User-Agent and Referer",
            only(headers("whitelist", &["user-agent", "referer"])),
        ),
        policy(
            kind,
            "775133bc-15f2-49f9-abea-afb2e0bf67d2",
            "Elemental-MediaTailor-PersonalizedManifests",
            "For origins that are MediaTailor endpoints",
            forwarded(headers("whitelist", &TAILOR), cookies("none"), queries("all", &[])),
        ),
        policy(
            kind,
            "b689b0a8-53d0-40ab-baf2-68738e2966ac",
            "AllViewerExceptHostHeader",
            "Everything that the viewer sent but for the host",
            everything(headers("allExcept", &["host"])),
        ),
        policy(
            kind,
            "33f36d7e-f396-46d9-90e0-52428a34d9dc",
            "AllViewerAndCloudFrontHeaders-2022-06",
            "Everything that the viewer sent, and what is known of the viewer",
            everything(headers("allViewerAndWhitelistCloudFront", &VIEWER)),
        ),
    ]
}

fn response_headers() -> Vec<Resource> {
    let list = |items: &[&str]| json!({"Quantity": items.len(), "Items": items});
    let simple = || {
        json!({
            "AccessControlAllowOrigins": list(&["*"]),
            "AccessControlAllowHeaders": list(&["*"]),
            "AccessControlAllowMethods": list(&["GET", "HEAD"]),
            "AccessControlAllowCredentials": false,
            "OriginOverride": false,
        })
    };
    let preflight = || {
        json!({
            "AccessControlAllowOrigins": list(&["*"]),
            "AccessControlAllowHeaders": list(&["*"]),
            "AccessControlAllowMethods": list(&["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]),
            "AccessControlExposeHeaders": list(&["*"]),
            "AccessControlAllowCredentials": false,
            "OriginOverride": false,
        })
    };
    let security = || {
        json!({
            "XSSProtection": {"Override": false, "Protection": true, "ModeBlock": true},
            "FrameOptions": {"Override": false, "FrameOption": "SAMEORIGIN"},
            "ReferrerPolicy": {"Override": false, "ReferrerPolicy": "strict-origin-when-cross-origin"},
            "ContentTypeOptions": {"Override": true},
            "StrictTransportSecurity": {"Override": false, "AccessControlMaxAgeSec": 31_536_000},
        })
    };
    let kind = RESPONSE_HEADERS;
    vec![
        policy(
            kind,
            "60669652-455b-4ae9-85a4-c4c02393f86c",
            "SimpleCORS",
            "Every site may read the answers",
            json!({"CorsConfig": simple()}),
        ),
        policy(
            kind,
            "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
            "CORS-With-Preflight",
            "Every site may ask anything",
            json!({"CorsConfig": preflight()}),
        ),
        policy(
            kind,
            "67f7725c-6f97-4210-82d7-5512b31e9d03",
            "SecurityHeadersPolicy",
            "Headers that make browsers careful",
            json!({"SecurityHeadersConfig": security()}),
        ),
        policy(
            kind,
            "e61eb60c-9c35-4d20-a928-2b84e02af89c",
            "CORS-and-SecurityHeadersPolicy",
            "Both of these",
            json!({"CorsConfig": simple(), "SecurityHeadersConfig": security()}),
        ),
        policy(
            kind,
            "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
            "CORS-with-preflight-and-SecurityHeadersPolicy",
            "Both of these",
            json!({"CorsConfig": preflight(), "SecurityHeadersConfig": security()}),
        ),
    ]
}
