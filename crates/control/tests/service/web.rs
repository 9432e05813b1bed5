//! Web distributions: kept to the letter, or refused by name.

use serde_json::{Value, json};

use crate::account::{Account, behavior, control, listed, merged, origin, web};

async fn refuses(account: &Account, more: Value, code: &str, word: &str) {
    let input = json!({"DistributionConfig": web("one", more)});
    account.refused(code, word, "CreateDistribution", input).await;
}

#[tokio::test]
async fn what_nobody_here_would_obey_is_refused_by_name() {
    let account = Account::new().await;
    let mtls = json!({"Mode": "required"});
    let function =
        json!({"FunctionARN": "arn:aws:cloudfront::123456789012:function/f", "EventType": "viewer-request"});
    let lambda = json!({"LambdaFunctionARN": "arn:aws:lambda:us-east-1:123456789012:function:f:1", "EventType": "viewer-request"});
    let whole = [
        ("WebACLId", json!("arn:aws:wafv2:x"), "InvalidWebACLId"),
        ("ContinuousDeploymentPolicyId", json!("x"), "InvalidArgument"),
        ("AnycastIpListId", json!("x"), "InvalidArgument"),
        ("TenantConfig", json!({"ParameterDefinitions": []}), "InvalidArgument"),
        ("ViewerMtlsConfig", mtls, "InvalidArgument"),
        ("ConnectionFunctionAssociation", json!({"Id": "x"}), "InvalidArgument"),
        ("CacheTagConfig", json!({"HeaderName": "x"}), "InvalidArgument"),
        ("Staging", json!(true), "InvalidArgument"),
    ];
    for (member, value, code) in whole {
        let mut more = json!({});
        more[member] = value;
        refuses(&account, more, code, member).await;
    }
    let of_behavior = [
        ("LambdaFunctionAssociations", listed(&[lambda]), "InvalidLambdaFunctionAssociation"),
        ("FunctionAssociations", listed(&[function]), "InvalidFunctionAssociation"),
        ("FieldLevelEncryptionId", json!("x"), "InvalidArgument"),
        ("RealtimeLogConfigArn", json!("arn:aws:x"), "InvalidArgument"),
        ("GrpcConfig", json!({"Enabled": true}), "InvalidGrpcConfig"),
    ];
    for (member, value, code) in of_behavior {
        let mut more = json!({"PathPattern": "/a"});
        more[member] = value;
        let behavior = behavior(more);
        refuses(&account, json!({"DefaultCacheBehavior": behavior}), code, member).await;
        let place = format!("CacheBehaviors.Items[0].{member}");
        refuses(&account, json!({"CacheBehaviors": listed(&[behavior])}), code, &place).await;
    }
    let vpc = json!({"VpcOriginConfig": {"VpcOriginId": "x"}, "S3OriginConfig": null});
    refuses(&account, json!({"Origins": listed(&[origin(vpc)])}), "InvalidArgument", "VpcOriginConfig").await;
}

#[tokio::test]
async fn what_says_nothing_is_no_reason_to_refuse() {
    let account = Account::new().await;
    let quiet = json!({
        "WebACLId": "",
        "Staging": false,
        "DefaultCacheBehavior": behavior(json!({
            "LambdaFunctionAssociations": {"Quantity": 0},
            "FunctionAssociations": {"Quantity": 0},
            "FieldLevelEncryptionId": "",
            "GrpcConfig": {"Enabled": false},
        })),
    });
    account.web("one", quiet).await;
}

#[tokio::test]
async fn what_can_not_work_is_refused() {
    let account = Account::new().await;
    let of_behavior = |more: Value| json!({"DefaultCacheBehavior": behavior(more)});
    let of_origin = |more: Value| json!({"Origins": listed(&[origin(more)])});
    let cases = [
        (json!({"Origins": {"Quantity": 0}}), "InvalidArgument", "Origins"),
        (json!({"Origins": listed(&[origin(json!({})), origin(json!({}))])}), "InvalidArgument", "twice"),
        (of_origin(json!({"OriginPath": "a"})), "InvalidArgument", "OriginPath"),
        (of_origin(json!({"OriginPath": "/a/"})), "InvalidArgument", "OriginPath"),
        (of_origin(json!({"S3OriginConfig": null})), "InvalidOrigin", "CustomOriginConfig"),
        (of_origin(json!({"DomainName": "www.example.com"})), "InvalidOrigin", "DomainName"),
        (of_behavior(json!({"CachePolicyId": "x"})), "InvalidArgument", "not both"),
        (of_behavior(json!({"ForwardedValues": null})), "InvalidArgument", "not both"),
        (of_behavior(json!({"MinTTL": null})), "InvalidArgument", "MinTTL"),
        (of_behavior(json!({"MinTTL": 9, "DefaultTTL": 8})), "InvalidTTLOrder", "MinTTL (9)"),
        (of_behavior(json!({"MaxTTL": 8})), "InvalidTTLOrder", "MaxTTL (8)"),
        (of_behavior(json!({"MinTTL": -1})), "InvalidTTLOrder", "MinTTL (-1)"),
        (of_behavior(json!({"OriginRequestPolicyId": "x"})), "InvalidArgument", "CachePolicyId"),
        (json!({"DefaultRootObject": "/index.html"}), "InvalidDefaultRootObject", "slash"),
        (json!({"DefaultRootObject": "x".repeat(256)}), "InvalidDefaultRootObject", "255"),
    ];
    for (more, code, word) in cases {
        refuses(&account, more, code, word).await;
    }
}

#[tokio::test]
async fn methods_come_in_three_sets() {
    let account = Account::new().await;
    let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "DELETE"];
    let set = |allowed: &[&str], cached: &[&str]| {
        let methods = merged(listed(allowed), json!({"CachedMethods": listed(cached)}));
        json!({"DefaultCacheBehavior": behavior(json!({"AllowedMethods": methods}))})
    };
    for (reference, allowed, cached) in
        [("2", &all[..2], &all[..2]), ("7", &all[..], &["OPTIONS", "HEAD", "GET"][..])]
    {
        account.web(reference, set(allowed, cached)).await;
    }
    for (allowed, cached, word) in [
        (&["GET"][..], &["GET", "HEAD"][..], "AllowedMethods"),
        (&["GET", "HEAD", "POST"], &["GET", "HEAD"], "all seven"),
        (&all, &["GET", "HEAD", "POST"], "CachedMethods"),
        (&["GET", "HEAD"], &["GET", "HEAD", "OPTIONS"], "not among"),
    ] {
        refuses(&account, set(allowed, cached), "InvalidArgument", word).await;
    }
}

#[tokio::test]
async fn an_origin_can_be_asked_and_a_group_has_two() {
    let account = Account::new().await;
    let of_origin = |more: Value| json!({"Origins": listed(&[origin(more)])});
    let custom = |domain: &str, more: Value| {
        let custom = json!({"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "match-viewer"});
        of_origin(
            json!({"DomainName": domain, "S3OriginConfig": null, "CustomOriginConfig": merged(custom, more)}),
        )
    };
    let header = |name: &str, value: &str| {
        of_origin(json!({"CustomHeaders": listed(&[json!({"HeaderName": name, "HeaderValue": value})])}))
    };
    account.web("good", custom("127.0.0.1", json!({"HTTPPort": 8080}))).await;
    let group = |members: &[&str], code: i64| {
        let members: Vec<Value> = members.iter().map(|id| json!({"OriginId": id})).collect();
        json!({"Id": "both", "FailoverCriteria": {"StatusCodes": listed(&[code])}, "Members": listed(&members)})
    };
    let groups = |groups: &[Value]| json!({"Origins": listed(&[origin(json!({})), origin(json!({"Id": "other"}))]), "OriginGroups": listed(groups)});
    let (two, argument) = (["bucket", "other"], "InvalidArgument");
    for (more, code, word) in [
        (of_origin(json!({"ConnectionAttempts": 4})), argument, "ConnectionAttempts"),
        (of_origin(json!({"ConnectionTimeout": 0})), argument, "ConnectionTimeout"),
        (of_origin(json!({"OriginPath": "/a b"})), argument, "OriginPath"),
        (custom("www.example.com:80", json!({})), "InvalidOrigin", "DomainName"),
        (custom("a\r\nb", json!({})), "InvalidOrigin", "DomainName"),
        (custom("www.example.com", json!({"HTTPPort": 0})), argument, "HTTPPort"),
        (custom("www.example.com", json!({"HTTPSPort": 65_536})), argument, "HTTPSPort"),
        (
            custom("www.example.com", json!({"OriginReadTimeout": 0})),
            "InvalidOriginReadTimeout",
            "OriginReadTimeout",
        ),
        (
            custom("www.example.com", json!({"OriginKeepaliveTimeout": 0})),
            "InvalidOriginKeepaliveTimeout",
            "Keepalive",
        ),
        (
            custom("www.example.com", json!({"OriginMtlsConfig": {"ClientCertificateArn": "x"}})),
            argument,
            "Mtls",
        ),
        (header("X A", "x"), argument, "CustomHeaders"),
        (header("X-A", "x\r\nHost: y"), argument, "X-A"),
        (groups(&[group(&two, 500), group(&two, 500)]), argument, "twice"),
        (groups(&[group(&["bucket", "gone"], 500)]), "NoSuchOrigin", "gone"),
        (groups(&[group(&two, 200)]), argument, "200"),
        (
            groups(&[merged(group(&two, 500), json!({"SelectionCriteria": "media-quality-based"}))]),
            argument,
            "media",
        ),
    ] {
        refuses(&account, more, code, word).await;
    }
}

#[tokio::test]
async fn errors_and_countries_have_to_be_some() {
    let account = Account::new().await;
    let rule = |more: Value| {
        let page = json!({"ErrorCode": 404, "ResponsePagePath": "/404.html", "ResponseCode": "404"});
        json!({"CustomErrorResponses": listed(&[merged(page, more)])})
    };
    let geo = |kind: &str, countries: &[&str]| json!({"Restrictions": {"GeoRestriction": merged(listed(countries), json!({"RestrictionType": kind}))}});
    for (more, code, word) in [
        (rule(json!({"ErrorCode": 418})), "InvalidErrorCode", "418"),
        (rule(json!({"ResponseCode": "301"})), "InvalidResponseCode", "301"),
        (rule(json!({"ResponseCode": ""})), "InvalidArgument", "both"),
        (rule(json!({"ResponsePagePath": "404.html"})), "InvalidArgument", "slash"),
        (rule(json!({"ErrorCachingMinTTL": -1})), "InvalidArgument", "negative"),
        (geo("whitelist", &[]), "InvalidGeoRestrictionParameter", "countries"),
        (geo("none", &["DE"]), "InvalidGeoRestrictionParameter", "countries"),
        (geo("blacklist", &["DE", "deu"]), "InvalidLocationCode", "deu"),
    ] {
        refuses(&account, more, code, word).await;
    }
}

#[tokio::test]
async fn headers_that_edges_write_are_headers() {
    let account = Account::new().await;
    for (more, word) in [
        (
            json!({"CustomHeadersConfig": listed(&[json!({"Header": "X A", "Value": "", "Override": true})])}),
            "X A",
        ),
        (
            json!({"CustomHeadersConfig": listed(&[json!({"Header": "X-A", "Value": "a\nb", "Override": true})])}),
            "X-A",
        ),
        (json!({"RemoveHeadersConfig": listed(&[json!({"Header": ""})])}), "RemoveHeadersConfig"),
        (
            json!({"SecurityHeadersConfig": {"ContentSecurityPolicy": {"Override": true, "ContentSecurityPolicy": "a\nb"}}}),
            "Security",
        ),
    ] {
        let input = json!({"ResponseHeadersPolicyConfig": merged(json!({"Name": "one"}), more)});
        account.refused("InvalidArgument", word, "CreateResponseHeadersPolicy", input).await;
    }
}

#[tokio::test]
async fn a_control_signs_in_ways_that_are_known_and_may_have_credentials() {
    let account = Account::new().await;
    for (member, value) in [
        ("SigningBehavior", "always-amz-auth"),
        ("SigningProtocol", "sigv4a"),
        ("OriginAccessControlOriginType", "lambda"),
    ] {
        let mut config = control("one");
        config[member] = value.into();
        let input = json!({"OriginAccessControlConfig": config});
        account.refused("InvalidArgument", member, "CreateOriginAccessControl", input).await;
    }
    let made = account.make("OriginAccessControl", control("one")).await;
    account.service.set_s3_identity(&account.who, &made.id, "AKIAEXAMPLE", "secret").await.unwrap();
    let picture = account.service.picture().await.unwrap();
    assert_eq!((picture.identities.len(), picture.identities[0].id.as_str()), (1, made.id.as_str()));
    account.delete(&made).await;
    assert_eq!(account.service.picture().await.unwrap().identities, [], "nobody needs them any more");
}

#[tokio::test]
async fn all_else_is_kept_as_it_was_written() {
    let account = Account::new().await;
    let config = web(
        " a reference with\nblanks & <signs> ",
        json!({
            "Comment": "ü \u{1f600} \"'",
            "Aliases": listed(&["B.example.com", "a.example.com"]),
            "DefaultRootObject": "index.html",
            "Origins": listed(&[
                origin(json!({"OriginPath": "/x", "CustomHeaders": listed(&[json!({"HeaderName": "X-A", "HeaderValue": "ü"})]),
                    "ConnectionAttempts": 2, "ConnectionTimeout": 5, "OriginShield": {"Enabled": true, "OriginShieldRegion": "us-east-1"}})),
                json!({"Id": "web", "DomainName": "www.example.net", "OriginPath": "", "CustomHeaders": {"Quantity": 0},
                    "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "match-viewer",
                        "OriginSslProtocols": listed(&["TLSv1.2"]), "OriginReadTimeout": 30, "OriginKeepaliveTimeout": 5}}),
            ]),
            "OriginGroups": listed(&[json!({"Id": "both", "FailoverCriteria": {"StatusCodes": listed(&[500, 404])},
                "Members": listed(&[json!({"OriginId": "bucket"}), json!({"OriginId": "web"})])})]),
            "DefaultCacheBehavior": behavior(json!({"TargetOriginId": "both", "Compress": true, "SmoothStreaming": true,
                "DefaultTTL": 3, "MaxTTL": 4,
                "AllowedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"], "CachedMethods": listed(&["GET", "HEAD"])},
                "ForwardedValues": {"QueryString": true, "Cookies": {"Forward": "whitelist", "WhitelistedNames": listed(&["a", "b"])},
                    "Headers": listed(&["Origin"]), "QueryStringCacheKeys": listed(&["q"])}})),
            "CacheBehaviors": listed(&[behavior(json!({"PathPattern": "*.JPG", "TargetOriginId": "web"}))]),
            "CustomErrorResponses": listed(&[json!({"ErrorCode": 404, "ResponsePagePath": "/404.html", "ResponseCode": "200", "ErrorCachingMinTTL": 0})]),
            "Logging": {"Enabled": true, "IncludeCookies": true, "Bucket": "logs.s3.amazonaws.com", "Prefix": "web/"},
            "PriceClass": "PriceClass_100",
            "ViewerCertificate": {"IAMCertificateId": "x", "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021",
                "Certificate": "x", "CertificateSource": "iam"},
            "Restrictions": {"GeoRestriction": {"RestrictionType": "blacklist", "Quantity": 2, "Items": ["XX", "AQ"]}},
            "HttpVersion": "http2and3",
            "IsIPV6Enabled": true,
        }),
    );
    let made = account.call("CreateDistribution", json!({"DistributionConfig": config})).await;
    let id = made["Distribution"]["Id"].clone();
    let kept = account.service.export().await.unwrap();
    assert_eq!(kept[0]["Distribution"]["DistributionConfig"], config, "nothing was added to what is kept");
    let got = account.call("GetDistributionConfig", json!({"Id": id})).await["DistributionConfig"].clone();
    holds(&got, &config, "DistributionConfig");
    // What is answered can be put back as it is, and is answered so again.
    let input = json!({"Id": id, "IfMatch": made["ETag"], "DistributionConfig": got});
    let updated = account.call("UpdateDistribution", input).await;
    assert_eq!(updated["Distribution"]["DistributionConfig"], got);
}

/// Whether everything of `part` is in `whole`, lists in their order.
fn holds(whole: &Value, part: &Value, place: &str) {
    match (whole, part) {
        (Value::Object(_), Value::Object(members)) => {
            members.iter().for_each(|(name, member)| holds(&whole[name], member, &format!("{place}.{name}")));
        }
        (Value::Array(all), Value::Array(items)) => {
            assert_eq!(all.len(), items.len(), "{place}");
            all.iter().zip(items).for_each(|(whole, part)| holds(whole, part, place));
        }
        _ => assert_eq!(whole, part, "{place}"),
    }
}
