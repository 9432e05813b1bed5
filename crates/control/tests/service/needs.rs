//! What one resource needs of another: it has to be there, and it stays.

use serde_json::{Value, json};

use crate::account::{
    Account, IDENTITY, behavior, by_policy, cache_policy, control, identity, listed, merged, origin,
    public_key, streaming, web,
};

/// Amazon's own `CachingOptimized`.
const MANAGED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";

fn bucket(identity: &str) -> Value {
    json!({"DomainName": "films.s3.amazonaws.com", "OriginAccessIdentity": identity})
}

#[tokio::test]
async fn an_identity_stays_while_a_distribution_of_either_kind_reads_as_it() {
    let account = Account::new().await;
    let identity = account.make(IDENTITY, identity("one")).await;
    let name = format!("origin-access-identity/cloudfront/{}", identity.id);
    let stream = account.stream("stream", json!({"S3Origin": bucket(&name)})).await;
    let web_origin = origin(json!({"S3OriginConfig": {"OriginAccessIdentity": name}}));
    let web = account.web("web", json!({"Origins": listed(&[web_origin])})).await;
    let input = json!({"Id": identity.id, "IfMatch": identity.etag});
    let (code, operation) = ("CloudFrontOriginAccessIdentityInUse", "DeleteCloudFrontOriginAccessIdentity");
    let error = account.refused(code, "in use by", operation, input.clone()).await;
    assert_eq!(error.status, 409);
    account.update(&stream, json!({"S3Origin": bucket("")})).await;
    account.refused(code, &web.id, operation, input.clone()).await;
    account.end(&web).await;
    account.call(operation, input).await;
}

#[tokio::test]
async fn an_identity_that_is_not_there_is_refused() {
    let account = Account::new().await;
    let id = account.make(IDENTITY, identity("one")).await.id;
    for wrong in
        ["origin-access-identity/cloudfront/ENONE", "origin-access-identity/cloudfront/", "ENONE", &id]
    {
        let input =
            json!({"StreamingDistributionConfig": streaming("one", json!({"S3Origin": bucket(wrong)}))});
        let code = "InvalidOriginAccessIdentity";
        account.refused(code, wrong, "CreateStreamingDistribution", input).await;
        let origin = origin(json!({"S3OriginConfig": {"OriginAccessIdentity": wrong}}));
        let input = json!({"DistributionConfig": web("one", json!({"Origins": listed(&[origin])}))});
        account.refused(code, wrong, "CreateDistribution", input).await;
    }
}

#[tokio::test]
async fn controls_policies_and_key_groups_stay_while_a_distribution_names_them() {
    let account = Account::new().await;
    let key = account.make("PublicKey", public_key("one")).await;
    let group = account.make("KeyGroup", json!({"Name": "one", "Items": [key.id]})).await;
    let policy = account.make("CachePolicy", cache_policy("one")).await;
    let control = account.make("OriginAccessControl", control("one")).await;
    let behavior = merged(
        by_policy(&policy.id),
        json!({"TrustedKeyGroups": {"Enabled": true, "Quantity": 1, "Items": [group.id]}}),
    );
    let origin = origin(json!({"OriginAccessControlId": control.id}));
    let more = json!({"DefaultCacheBehavior": behavior, "Origins": listed(&[origin])});
    let made = account.web("one", more).await;
    let used = [
        (&key, "PublicKeyInUse", "DeletePublicKey"),
        (&group, "ResourceInUse", "DeleteKeyGroup"),
        (&policy, "CachePolicyInUse", "DeleteCachePolicy"),
        (&control, "OriginAccessControlInUse", "DeleteOriginAccessControl"),
    ];
    for (one, code, operation) in used {
        let input = json!({"Id": one.id, "IfMatch": one.etag});
        assert_eq!(account.refused(code, "in use by", operation, input).await.status, 409);
    }
    account.end(&made).await;
    for one in [&policy, &control, &group, &key] {
        account.delete(one).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_its_own_code() {
    let account = Account::new().await;
    let none = "00000000-0000-4000-8000-000000000000";
    let cases = [
        (json!({"DefaultCacheBehavior": by_policy(none)}), "NoSuchCachePolicy", 404),
        (
            json!({"DefaultCacheBehavior": merged(by_policy(MANAGED), json!({"OriginRequestPolicyId": none}))}),
            "NoSuchOriginRequestPolicy",
            404,
        ),
        (
            json!({"DefaultCacheBehavior": behavior(json!({"ResponseHeadersPolicyId": none}))}),
            "NoSuchResponseHeadersPolicy",
            404,
        ),
        (
            json!({"DefaultCacheBehavior": behavior(json!({"TrustedKeyGroups": {"Enabled": true, "Quantity": 1, "Items": [none]}}))}),
            "TrustedKeyGroupDoesNotExist",
            400,
        ),
        (
            json!({"Origins": listed(&[origin(json!({"OriginAccessControlId": none}))])}),
            "InvalidOriginAccessControl",
            400,
        ),
        (json!({"DefaultCacheBehavior": behavior(json!({"TargetOriginId": none}))}), "NoSuchOrigin", 404),
    ];
    for (more, code, status) in cases {
        let input = json!({"DistributionConfig": web("one", more)});
        assert_eq!(account.refused(code, none, "CreateDistribution", input).await.status, status);
    }
    let input = json!({"KeyGroupConfig": {"Name": "one", "Items": ["KNONE"]}});
    account.refused("InvalidArgument", "KNONE", "CreateKeyGroup", input).await;
}

#[tokio::test]
async fn managed_policies_are_there_and_nobody_changes_them() {
    let account = Account::new().await;
    account.web("one", json!({"DefaultCacheBehavior": by_policy(MANAGED)})).await;
    let got = account.call("GetCachePolicy", json!({"Id": MANAGED})).await;
    let input = json!({"Id": MANAGED, "IfMatch": got["ETag"]});
    account.refused("IllegalDelete", "managed", "DeleteCachePolicy", input.clone()).await;
    let config = got["CachePolicy"]["CachePolicyConfig"].clone();
    let input = merged(input, json!({"CachePolicyConfig": config}));
    account.refused("IllegalUpdate", "managed", "UpdateCachePolicy", input).await;
}
