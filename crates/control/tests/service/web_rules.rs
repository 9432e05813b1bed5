//! What edges are told of keys and headers: by `ForwardedValues`, by a customer's policies and by Amazon's.

use millrace_model::web::{Behavior, NOT_FORWARDED, Select};
use serde_json::{Value, json};

use crate::account::{Account, behavior, by_policy, cache_policy, listed, merged};
use crate::web_picture::{ruled, seconds, ttl};

/// How they see one with these `ForwardedValues`.
async fn forwarding(account: &Account, reference: &str, values: Value) -> Behavior {
    ruled(account, reference, behavior(json!({"ForwardedValues": values}))).await
}

#[tokio::test]
async fn forwarded_values_say_what_is_in_the_key_and_what_is_only_forwarded() {
    let account = Account::new().await;
    let cookies = json!({"Forward": "whitelist", "WhitelistedNames": listed(&["session", "id_*"])});
    let values = json!({"QueryString": true, "QueryStringCacheKeys": listed(&["size"]), "Cookies": cookies,
        "Headers": listed(&["Origin", "Accept-Encoding", "CloudFront-Viewer-Country"])});
    let seen = forwarding(&account, "lists", values).await;
    assert_eq!(seen.key.query, Select::these(["size"]));
    assert_eq!(seen.key.headers, Select::these(["accept-encoding", "cloudfront-viewer-country", "origin"]));
    assert_eq!(seen.key.cookies, Select::like(["session", "id_*"]));
    assert!(!seen.key.gzip, "the header is in the key as it is");
    assert!(seen.sends_parameter("other") && !seen.key.query.takes("other"));
    assert!(seen.sends_cookie("id_7") && seen.sends_cookie("session") && !seen.sends_cookie("other"));
    assert_eq!(seen.forward.headers, Select::all_but(NOT_FORWARDED));
    assert!(seen.tells("cloudfront-viewer-country") && seen.sends_header("x-own", "GET"));

    let plain = json!({"Forward": "whitelist", "WhitelistedNames": listed(&["a"])});
    let seen = forwarding(&account, "plain", json!({"QueryString": true, "Cookies": plain})).await;
    assert_eq!((&seen.key.query, &seen.key.cookies), (&Select::All, &Select::these(["a"])));
    let seen =
        forwarding(&account, "all", json!({"QueryString": false, "Cookies": {"Forward": "all"}})).await;
    assert_eq!(
        (&seen.key.query, &seen.key.cookies, &seen.forward.query),
        (&Select::None, &Select::All, &Select::None)
    );
}

#[tokio::test]
async fn with_all_headers_forwarded_nothing_is_kept() {
    let account = Account::new().await;
    let values = json!({"QueryString": true, "Cookies": {"Forward": "none"}, "Headers": listed(&["*"])});
    let seen = forwarding(&account, "one", values).await;
    assert_eq!((&seen.key.headers, &seen.forward.headers), (&Select::All, &Select::All));
    assert!(!seen.caches("GET") && seen.sends_header("host", "GET") && !seen.key.gzip);
}

#[tokio::test]
async fn times_that_are_left_out_are_a_day_and_a_year_and_never_less_than_those_before() {
    let account = Account::new().await;
    for (written, expected) in [
        (json!({"MinTTL": 0}), ttl(0, 86_400, 31_536_000)),
        (json!({"MinTTL": 5, "DefaultTTL": 6, "MaxTTL": 7}), ttl(5, 6, 7)),
        (json!({"MinTTL": 100_000}), ttl(100_000, 100_000, 31_536_000)),
        (json!({"MinTTL": 0, "DefaultTTL": 40_000_000}), ttl(0, 40_000_000, 40_000_000)),
    ] {
        let seen = ruled(&account, &written.to_string(), behavior(written.clone())).await;
        assert_eq!(seen.ttl, expected, "{written}");
        let policy = merged(cache_policy(&written.to_string()), written.clone());
        let policy = account.make("CachePolicy", policy).await.id;
        let seen = ruled(&account, &policy, by_policy(&policy)).await;
        assert_eq!(seen.ttl, expected, "the same in a policy: {written}");
    }
}

const HOST_AND_METHOD: [&str; 5] =
    ["host", "origin", "x-http-method", "x-http-method-override", "x-method-override"];

#[tokio::test]
async fn every_managed_cache_policy_says_what_amazons_says() {
    let account = Account::new().await;
    let year = 31_536_000;
    let package = Select::these(["aws.manifestfilter", "start", "end", "m"]);
    let amplify = Select::these(["authorization", "cloudfront-viewer-country", "host"]);
    let methods = || Select::these(HOST_AND_METHOD);
    let none = Select::None;
    for (name, id, times, compressed, query, headers, cookies) in [
        ("CachingDisabled", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", ttl(0, 0, 0), false, &none, &none, &none),
        (
            "CachingOptimized",
            "658327ea-f89d-4fab-a63d-7e88639e58f6",
            ttl(1, 86_400, year),
            true,
            &none,
            &none,
            &none,
        ),
        (
            "…ForUncompressedObjects",
            "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
            ttl(1, 86_400, year),
            false,
            &none,
            &none,
            &none,
        ),
        (
            "Elemental-MediaPackage",
            "08627262-05a9-4f76-9ded-b50ca2e3a84f",
            ttl(0, 86_400, year),
            true,
            &package,
            &Select::these(["origin"]),
            &none,
        ),
        (
            "Amplify",
            "2e54312d-136d-493c-8eb9-b001f22f67d2",
            ttl(2, 2, 600),
            true,
            &Select::All,
            &amplify,
            &Select::All,
        ),
        (
            "UseOriginCacheControlHeaders",
            "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
            ttl(0, 0, year),
            true,
            &none,
            &methods(),
            &Select::All,
        ),
        (
            "…-QueryStrings",
            "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
            ttl(0, 0, year),
            true,
            &Select::All,
            &methods(),
            &Select::All,
        ),
    ] {
        let seen = ruled(&account, name, by_policy(id)).await;
        assert_eq!(seen.ttl, times, "{name}");
        assert_eq!((seen.key.gzip, seen.key.brotli), (compressed, compressed), "{name}");
        assert_eq!(
            (&seen.key.query, &seen.key.headers, &seen.key.cookies),
            (query, headers, cookies),
            "{name}"
        );
        assert_eq!(seen.forward, Default::default(), "{name}");
        assert_eq!((seen.caches("GET"), &seen.fault), (name != "CachingDisabled", &None), "{name}");
    }
}

/// How edges see a behaviour with an origin request policy.
async fn with_request_policy(account: &Account, reference: &str, id: &str) -> Behavior {
    let disabled = by_policy("4135ea2d-6df8-44a3-9df3-4b5a84be39ad");
    ruled(account, reference, merged(disabled, json!({"OriginRequestPolicyId": id}))).await
}

#[tokio::test]
async fn every_managed_origin_request_policy_says_what_amazons_says() {
    let account = Account::new().await;
    let (none, all, host) = (Select::None, Select::All, Select::all_but(["host"]));
    let cors = Select::these(["origin", "access-control-request-headers", "access-control-request-method"]);
    let tailor = [
        "origin",
        "access-control-request-headers",
        "access-control-request-method",
        "user-agent",
        "x-forwarded-for",
    ];
    for (name, id, headers, rest, told) in [
        ("AllViewer", "216adef6-5c7f-47e4-b989-5492eafa07d3", &all, [&all, &all], 0),
        ("CORS-S3Origin", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", &cors, [&none, &none], 0),
        (
            "CORS-CustomOrigin",
            "59781a5b-3903-41f3-afcb-af62929ccde1",
            &Select::these(["origin"]),
            [&none, &none],
            0,
        ),
        (
            "UserAgentReferer",
            "acba4595-bd28-49b8-b9fe-13317c0390fa",
            &Select::these(["user-agent", "referer"]),
            [&none, &none],
            0,
        ),
        ("MediaTailor", "775133bc-15f2-49f9-abea-afb2e0bf67d2", &Select::these(tailor), [&all, &none], 0),
        ("AllViewerExceptHost", "b689b0a8-53d0-40ab-baf2-68738e2966ac", &host, [&all, &all], 0),
        ("AllViewerAndCloudFront", "33f36d7e-f396-46d9-90e0-52428a34d9dc", &all, [&all, &all], 21),
    ] {
        let seen = with_request_policy(&account, name, id).await;
        assert_eq!(
            (&seen.forward.headers, [&seen.forward.query, &seen.forward.cookies]),
            (headers, rest),
            "{name}"
        );
        assert_eq!(seen.forward.told.len(), told, "{name}");
        assert_eq!((seen.tells("cloudfront-viewer-city"), seen.fault), (told > 0, None), "{name}");
    }
}

#[tokio::test]
async fn a_customers_policies_are_resolved_and_a_change_of_one_is_a_new_picture() {
    let account = Account::new().await;
    let mut config = cache_policy("one");
    config["ParametersInCacheKeyAndForwardedToOrigin"] = json!({
        "EnableAcceptEncodingGzip": true,
        "EnableAcceptEncodingBrotli": true,
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": listed(&["X-Device"])},
        "CookiesConfig": {"CookieBehavior": "allExcept", "Cookies": listed(&["tracking*"])},
        "QueryStringsConfig": {"QueryStringBehavior": "allExcept", "QueryStrings": listed(&["utm"])},
    });
    let policy = account.make("CachePolicy", config).await;
    let request = json!({"Name": "one",
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": listed(&["X-Also", "CloudFront-Viewer-City"])},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": listed(&["utm"])}});
    let request = account.make("OriginRequestPolicy", request).await.id;
    let seen =
        ruled(&account, "one", merged(by_policy(&policy.id), json!({"OriginRequestPolicyId": request})))
            .await;
    assert_eq!((seen.key.gzip, seen.key.brotli), (true, true));
    assert_eq!(seen.key.headers, Select::these(["x-device"]));
    assert_eq!(seen.key.cookies, Select::all_but(["tracking*"]), "no star stands for others in a policy");
    assert!(seen.key.query.takes("a") && !seen.key.query.takes("utm") && seen.sends_parameter("utm"));
    assert!(
        seen.sends_header("x-device", "GET")
            && seen.sends_header("x-also", "GET")
            && seen.tells("cloudfront-viewer-city")
    );

    let before = account.service.picture().await.unwrap();
    account.update(&policy, json!({"MinTTL": 60})).await;
    let after = account.service.picture().await.unwrap();
    assert!(after.revision > before.revision);
    let min = |picture: &millrace_control::Picture| picture.web[0].default_behavior.ttl.min;
    assert_eq!((min(&before), min(&after)), (seconds(0), seconds(60)));
}

#[tokio::test]
async fn a_policy_that_is_not_there_closes_its_behaviour_and_no_other() {
    let account = Account::new().await;
    let policy = account.make("CachePolicy", cache_policy("one")).await.id;
    let patterned = |pattern: &str, config: Value| merged(config, json!({"PathPattern": pattern}));
    let behaviors = [patterned("a/*", by_policy(&policy)), patterned("b/*", behavior(json!({})))];
    account.web("one", json!({"CacheBehaviors": listed(&behaviors)})).await;
    // The API does not let go of a policy that is in use, so somebody has to go behind its back.
    account.forget("cache-policy", &policy).await;
    let seen = account.service.picture().await.unwrap().web.remove(0);
    let fault = seen.behavior("/a/b").fault.clone().expect("it can't be obeyed");
    assert!(fault.contains("CachePolicyId") && fault.contains(&policy), "{fault}");
    assert!(!seen.behavior("/a/b").caches("GET"));
    assert_eq!((&seen.behavior("/b/c").fault, &seen.default_behavior.fault), (&None, &None));
}

#[tokio::test]
async fn a_response_headers_policy_is_headers_with_their_values() {
    let account = Account::new().await;
    let config = json!({
        "Name": "one",
        "CorsConfig": {
            "AccessControlAllowOrigins": listed(&["https://*.example.com"]),
            "AccessControlAllowHeaders": listed(&["X-A", "X-B"]),
            "AccessControlAllowMethods": listed(&["ALL"]),
            "AccessControlAllowCredentials": true,
            "AccessControlExposeHeaders": listed(&["ETag"]),
            "AccessControlMaxAgeSec": 600,
            "OriginOverride": true,
        },
        "SecurityHeadersConfig": {
            "XSSProtection": {"Override": true, "Protection": true, "ModeBlock": false, "ReportUri": "/xss"},
            "FrameOptions": {"Override": true, "FrameOption": "DENY"},
            "ReferrerPolicy": {"Override": false, "ReferrerPolicy": "no-referrer"},
            "ContentSecurityPolicy": {"Override": true, "ContentSecurityPolicy": "default-src 'self'"},
            "ContentTypeOptions": {"Override": false},
            "StrictTransportSecurity": {"Override": true, "IncludeSubdomains": true, "Preload": true, "AccessControlMaxAgeSec": 60},
        },
        "ServerTimingHeadersConfig": {"Enabled": true, "SamplingRate": 12.5},
        "CustomHeadersConfig": listed(&[json!({"Header": "X-Own", "Value": "", "Override": true})]),
        "RemoveHeadersConfig": listed(&[json!({"Header": "X-Powered-By"})]),
    });
    let policy = account.make("ResponseHeadersPolicy", config).await.id;
    let seen = ruled(&account, "one", behavior(json!({"ResponseHeadersPolicyId": policy}))).await.response;
    let headers: Vec<_> =
        seen.headers.iter().map(|h| (h.name.as_str(), h.value.as_str(), h.replaces)).collect();
    let expected = [
        ("Strict-Transport-Security", "max-age=60; includeSubDomains; preload", true),
        ("X-Content-Type-Options", "nosniff", false),
        ("X-Frame-Options", "DENY", true),
        ("X-XSS-Protection", "1; report=/xss", true),
        ("Referrer-Policy", "no-referrer", false),
        ("Content-Security-Policy", "default-src 'self'", true),
        ("X-Own", "", true),
    ];
    assert_eq!(headers, expected);
    assert!(seen.remove.contains("x-powered-by") && seen.remove.len() == 1);
    assert_eq!(seen.server_timing, Some(125_000));
    let cors = seen.cors.expect("it has some");
    assert_eq!(cors.allow("https://www.example.com"), Some("https://www.example.com"));
    assert_eq!(
        (cors.methods.len(), cors.credentials, cors.max_age, cors.replaces),
        (7, true, Some(600), true)
    );
    assert_eq!((cors.headers.concat(), cors.exposed.concat()), ("X-AX-B".to_owned(), "ETag".to_owned()));
}

#[tokio::test]
async fn every_managed_response_headers_policy_says_what_amazons_says() {
    let account = Account::new().await;
    for (name, id, methods, security) in [
        ("SimpleCORS", "60669652-455b-4ae9-85a4-c4c02393f86c", Some(2), 0),
        ("CORS-With-Preflight", "5cc3b908-e619-4b99-88e5-2cf7f45965bd", Some(7), 0),
        ("SecurityHeaders", "67f7725c-6f97-4210-82d7-5512b31e9d03", None, 5),
        ("CORS-and-SecurityHeaders", "e61eb60c-9c35-4d20-a928-2b84e02af89c", Some(2), 5),
        ("CORS-with-preflight-and-SecurityHeaders", "eaab4381-ed33-4a86-88ca-d9558dc6cd63", Some(7), 5),
    ] {
        let config = behavior(json!({"ResponseHeadersPolicyId": id}));
        let seen = ruled(&account, name, config).await.response;
        assert_eq!(seen.cors.as_ref().map(|cors| cors.methods.len()), methods, "{name}");
        assert_eq!(
            seen.cors.as_ref().and_then(|cors| cors.allow("https://a.example")),
            methods.map(|_| "*"),
            "{name}"
        );
        assert_eq!((seen.headers.len(), seen.server_timing), (security, None), "{name}");
        let transport = seen.headers.first().map(|header| header.value.as_str());
        assert_eq!(transport, (security > 0).then_some("max-age=31536000"), "{name}");
    }
}
