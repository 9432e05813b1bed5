//! What edges are told of web distributions: what customers wrote, with everything in it that it only names.

use std::time::Duration;

use millrace_control::service::NewKeyPair;
use millrace_model::web::{
    Behavior, Bucket, Custom, Distribution, ErrorPage, ErrorRule, Geo, Methods, OriginGroup, OriginKind,
    OriginProtocol, Select, Signing, Ttl, ViewerProtocol,
};
use serde_json::{Value, json};

use crate::account::{
    Account, IDENTITY, PEM, behavior, control, identity, listed, merged, origin, public_key,
};

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How edges see a web distribution with these members.
pub(crate) async fn seen(account: &Account, reference: &str, more: Value) -> Distribution {
    let made = account.web(reference, more).await;
    let picture = account.service.picture().await.unwrap();
    picture.web.into_iter().find(|distribution| distribution.id == made.id).expect("it is in the picture")
}

/// How they see a default behaviour.
pub(crate) async fn ruled(account: &Account, reference: &str, config: Value) -> Behavior {
    seen(account, reference, json!({"DefaultCacheBehavior": config})).await.default_behavior
}

pub(crate) fn ttl(min: u64, default: u64, max: u64) -> Ttl {
    Ttl { min: seconds(min), default: seconds(default), max: seconds(max) }
}

#[tokio::test]
async fn what_the_command_line_makes_of_a_domain_name_is_a_plain_cache() {
    let account = Account::new().await;
    let id = "www.example.net-1700000000-123456";
    let custom = json!({"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"});
    let more = json!({
        "Origins": listed(&[json!({"Id": id, "DomainName": "www.example.net", "OriginPath": "", "CustomOriginConfig": custom})]),
        "DefaultRootObject": "",
        "DefaultCacheBehavior": behavior(json!({"TargetOriginId": id, "TrustedSigners": {"Enabled": false, "Quantity": 0}})),
    });
    let made = account.web("cli-1700000000-123456", more).await;
    let picture = account.service.picture().await.unwrap();
    let seen = &picture.web[0];
    assert_eq!((seen.id.as_str(), seen.enabled), (made.id.as_str(), true));
    assert_eq!(seen.domain_name, made.get("DomainName").as_str().unwrap());
    assert_eq!((seen.default_root_object.as_deref(), &seen.geo), (None, &Geo::Anywhere));
    assert!(!seen.http2 && !seen.http3 && !seen.ipv6 && seen.errors.is_empty() && seen.behaviors.is_empty());
    let origin = &seen.origins[0];
    let custom =
        Custom { http_port: 80, https_port: 443, protocol: OriginProtocol::HttpOnly, keepalive: seconds(5) };
    assert_eq!((origin.domain_name.as_str(), &origin.kind), ("www.example.net", &OriginKind::Custom(custom)));
    let timeouts = (origin.attempts, origin.connect_timeout, origin.read_timeout, origin.completion_timeout);
    assert_eq!(timeouts, (3, seconds(10), seconds(30), None));

    let all = &seen.default_behavior;
    assert_eq!(seen.target(all).map(|target| target.first.id.as_str()), Some(id));
    assert_eq!((all.viewer_protocol, all.methods), (ViewerProtocol::AllowAll, Methods::GetHead));
    assert!(!all.cache_options && !all.compress && all.trusted_keys.is_none() && all.fault.is_none());
    assert_eq!(
        (&all.key.query, &all.key.headers, &all.key.cookies),
        (&Select::None, &Select::None, &Select::None)
    );
    assert_eq!((all.key.gzip, all.key.brotli, all.ttl), (true, false, ttl(0, 86_400, 31_536_000)));
    assert!(!all.sends_parameter("a") && !all.sends_cookie("a"));
}

#[tokio::test]
async fn a_bucket_is_read_by_anybody_or_as_an_identity_or_by_a_control() {
    let account = Account::new().await;
    let reader = account.make(IDENTITY, identity("one")).await.id;
    let written = json!({"OriginAccessIdentity": format!("origin-access-identity/cloudfront/{reader}")});
    let mut origins = vec![origin(json!({})), origin(json!({"Id": "identity", "S3OriginConfig": written}))];
    let mut expected = vec![Bucket::default(), Bucket { reader: Some(reader), signing: Signing::Always }];
    let ways =
        [("always", Signing::Always), ("never", Signing::Never), ("no-override", Signing::UnlessAuthorized)];
    for (written, signing) in ways {
        let id = account
            .make("OriginAccessControl", merged(control(written), json!({"SigningBehavior": written})))
            .await
            .id;
        origins.push(origin(json!({"Id": written, "OriginAccessControlId": id})));
        expected.push(Bucket { reader: Some(id), signing });
    }
    let seen = seen(&account, "one", json!({"Origins": listed(&origins)})).await;
    let kinds: Vec<_> = seen.origins.into_iter().map(|origin| origin.kind).collect();
    assert_eq!(kinds, expected.into_iter().map(OriginKind::S3).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_origin_has_its_path_headers_and_times() {
    let account = Account::new().await;
    let more = json!({"OriginPath": "/site", "ConnectionAttempts": 1, "ConnectionTimeout": 2, "ResponseCompletionTimeout": 90,
        "CustomHeaders": listed(&[json!({"HeaderName": "X-Verify", "HeaderValue": "secret"})]),
        "S3OriginConfig": {"OriginAccessIdentity": "", "OriginReadTimeout": 7}});
    let seen = seen(&account, "one", json!({"Origins": listed(&[origin(more)])})).await;
    let origin = &seen.origins[0];
    assert_eq!((origin.path.as_str(), origin.attempts), ("/site", 1));
    let timeouts = (origin.connect_timeout, origin.read_timeout, origin.completion_timeout);
    assert_eq!(timeouts, (seconds(2), seconds(7), Some(seconds(90))));
    assert_eq!((origin.headers[0].name.as_str(), origin.headers[0].value.as_str()), ("X-Verify", "secret"));
    assert!(!format!("{seen:?}").contains("secret"));
}

#[tokio::test]
async fn a_group_is_two_origins_and_when_to_ask_the_second() {
    let account = Account::new().await;
    let group = json!({"Id": "both", "FailoverCriteria": {"StatusCodes": listed(&[500, 404])},
        "Members": listed(&[json!({"OriginId": "bucket"}), json!({"OriginId": "other"})])});
    let more = json!({
        "Origins": listed(&[origin(json!({})), origin(json!({"Id": "other"}))]),
        "OriginGroups": listed(&[group]),
        "DefaultCacheBehavior": behavior(json!({"TargetOriginId": "both"})),
    });
    let seen = seen(&account, "one", more).await;
    let (primary, secondary) = ("bucket".to_owned(), "other".to_owned());
    let group = OriginGroup { id: "both".to_owned(), primary, secondary, status_codes: [404, 500].into() };
    assert_eq!(seen.groups, [group]);
    let target = seen.target(&seen.default_behavior).expect("it is there");
    assert_eq!(
        (target.first.id.as_str(), target.second.map(|(origin, _)| origin.id.as_str())),
        ("bucket", Some("other"))
    );
}

#[tokio::test]
async fn behaviours_stand_in_their_order() {
    let account = Account::new().await;
    let patterned = |pattern: &str, more: Value| merged(behavior(more), json!({"PathPattern": pattern}));
    let methods =
        |items: &[&str], cached: &[&str]| merged(listed(items), json!({"CachedMethods": listed(cached)}));
    let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "DELETE"];
    let behaviors = [
        patterned("b/*.jpg", json!({"ViewerProtocolPolicy": "redirect-to-https", "Compress": true})),
        patterned(
            "b/*",
            json!({"ViewerProtocolPolicy": "https-only", "AllowedMethods": methods(&all, &["HEAD", "GET"])}),
        ),
        patterned(
            "/a",
            json!({"AllowedMethods": methods(&["GET", "HEAD", "OPTIONS"], &["GET", "HEAD", "OPTIONS"])}),
        ),
    ];
    let seen = seen(&account, "one", json!({"CacheBehaviors": listed(&behaviors)})).await;
    let found = |path: &str| {
        let behavior = seen.behavior(path);
        let (protocol, methods) = (behavior.viewer_protocol, behavior.methods);
        (behavior.pattern.as_str(), protocol, methods, behavior.cache_options, behavior.compress)
    };
    assert_eq!(
        found("/b/c.jpg"),
        ("/b/*.jpg", ViewerProtocol::RedirectToHttps, Methods::GetHead, false, true)
    );
    assert_eq!(found("/b/c"), ("/b/*", ViewerProtocol::HttpsOnly, Methods::All, false, false));
    assert_eq!(found("/a"), ("/a", ViewerProtocol::AllowAll, Methods::GetHeadOptions, true, false));
    assert_eq!(found("/"), ("/*", ViewerProtocol::AllowAll, Methods::GetHead, false, false));
}

#[tokio::test]
async fn errors_have_pages_statuses_and_times() {
    let account = Account::new().await;
    let rules = [
        json!({"ErrorCode": 404, "ResponsePagePath": "/404.html", "ResponseCode": "200", "ErrorCachingMinTTL": 0}),
        json!({"ErrorCode": 503, "ErrorCachingMinTTL": 60}),
        json!({"ErrorCode": 500, "ResponsePagePath": "", "ResponseCode": ""}),
    ];
    let seen = seen(&account, "one", json!({"CustomErrorResponses": listed(&rules)})).await;
    let page = Some(ErrorPage { path: "/404.html".to_owned(), status: 200 });
    let rule = |status, page, ttl| ErrorRule { status, page, ttl: seconds(ttl) };
    assert_eq!(seen.errors, [rule(404, page, 0), rule(503, None, 60), rule(500, None, 10)]);
}

#[tokio::test]
async fn countries_are_a_whitelist_a_blacklist_or_all() {
    let account = Account::new().await;
    let restricted = |kind: &str, countries: &[&str]| json!({"Restrictions": {"GeoRestriction": merged(listed(countries), json!({"RestrictionType": kind}))}});
    let countries = || ["AQ", "DE"].map(str::to_owned).into();
    assert_eq!(
        seen(&account, "white", restricted("whitelist", &["DE", "AQ"])).await.geo,
        Geo::Only(countries())
    );
    assert_eq!(
        seen(&account, "black", restricted("blacklist", &["DE", "AQ"])).await.geo,
        Geo::Except(countries())
    );
    assert_eq!(seen(&account, "none", restricted("none", &[])).await.geo, Geo::Anywhere);
}

#[tokio::test]
async fn protocols_and_the_root_are_as_they_were_set() {
    let account = Account::new().await;
    for (version, http2, http3) in
        [("http1.1", false, false), ("http2", true, false), ("http3", false, true), ("http2and3", true, true)]
    {
        let more = json!({"HttpVersion": version, "IsIPV6Enabled": http2, "DefaultRootObject": "dir/index.html",
            "Aliases": listed(&[format!("{version}.Example.com")]), "Enabled": http3});
        let seen = seen(&account, version, more).await;
        assert_eq!(
            (seen.http2, seen.http3, seen.ipv6, seen.enabled),
            (http2, http3, http2, http3),
            "{version}"
        );
        assert_eq!(seen.default_root_object.as_deref(), Some("dir/index.html"));
        assert_eq!(seen.aliases[0].as_str(), format!("{version}.example.com"));
    }
}

#[tokio::test]
async fn a_behaviour_trusts_the_keys_of_its_accounts_and_its_groups() {
    let account = Account::new().await;
    let new = NewKeyPair { id: Some("APKAOWN11111".to_owned()), account: None, public_key: PEM.to_owned() };
    account.service.import_key_pair(&account.who, new).await.unwrap();
    let key = account.make("PublicKey", public_key("one")).await.id;
    let group = account.make("KeyGroup", json!({"Name": "one", "Items": [key]})).await.id;
    let on = |items: &[&str]| merged(listed(items), json!({"Enabled": true}));
    let off = |items: &[&str]| merged(listed(items), json!({"Enabled": false}));
    let own = || "APKAOWN11111".to_owned();
    for (reference, trusted, expected) in [
        ("groups", json!({"TrustedKeyGroups": on(&[&group])}), Some(vec![key.clone()])),
        ("signers", json!({"TrustedSigners": on(&["self"])}), Some(vec![own()])),
        (
            "both",
            json!({"TrustedSigners": on(&["self"]), "TrustedKeyGroups": on(&[&group])}),
            Some(vec![own(), key.clone()]),
        ),
        ("off", json!({"TrustedSigners": off(&["self"]), "TrustedKeyGroups": off(&[&group])}), None),
        (
            "one off",
            json!({"TrustedSigners": off(&["self"]), "TrustedKeyGroups": on(&[&group])}),
            Some(vec![key.clone()]),
        ),
        ("nobody", json!({"TrustedSigners": on(&[])}), Some(Vec::new())),
    ] {
        assert_eq!(ruled(&account, reference, behavior(trusted)).await.trusted_keys, expected, "{reference}");
    }
}

#[tokio::test]
async fn a_picture_is_kept_as_json_and_one_of_an_older_version_has_no_web_distributions() {
    let account = Account::new().await;
    account.web("one", json!({})).await;
    let picture = account.service.picture().await.unwrap();
    let mut kept = serde_json::to_value(&picture).unwrap();
    assert_eq!(serde_json::from_value::<millrace_control::Picture>(kept.clone()).unwrap(), picture);
    for member in ["web", "invalidations"] {
        kept.as_object_mut().unwrap().remove(member);
    }
    let old: millrace_control::Picture = serde_json::from_value(kept).unwrap();
    assert_eq!((old.web.len(), old.invalidations.list.len()), (0, 0));
}
