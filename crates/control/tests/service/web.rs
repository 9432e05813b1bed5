//! Web distributions: kept to the letter, or refused by name.

use serde_json::{Value, json};

use crate::account::{Account, behavior, listed, origin, web};

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
        (json!({"DefaultRootObject": "/index.html"}), "InvalidDefaultRootObject", "slash"),
    ];
    for (more, code, word) in cases {
        refuses(&account, more, code, word).await;
    }
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
