//! So many of everything, and no more.

use millrace_control::Quotas;
use millrace_control::service::NewKeyPair;
use serde_json::{Value, json};

use crate::account::{
    Account, IDENTITY, PEM, behavior, cache_policy, control, identity, listed, origin, public_key, streaming,
    web,
};

const TWO: Quotas = Quotas {
    streaming_distributions: 2,
    distributions: 2,
    aliases: 2,
    trusted_signers: 2,
    active_key_pairs: 2,
    identities: 2,
    origins: 2,
    behaviors: 2,
    tags: 2,
    invalidation_paths: 2,
    public_keys: 2,
    keys_in_group: 2,
    policies: 2,
    comment: 2,
};

type Config = fn(&str) -> Value;

/// Noun, code, configuration.
fn kinds() -> [(&'static str, &'static str, Config); 9] {
    [
        ("StreamingDistribution", "TooManyStreamingDistributions", |name| streaming(name, json!({}))),
        ("Distribution", "TooManyDistributions", |name| web(name, json!({}))),
        (IDENTITY, "TooManyCloudFrontOriginAccessIdentities", identity),
        ("OriginAccessControl", "TooManyOriginAccessControls", control),
        ("PublicKey", "TooManyPublicKeys", public_key),
        ("KeyGroup", "TooManyKeyGroups", |name| json!({"Name": name, "Items": []})),
        ("CachePolicy", "TooManyCachePolicies", cache_policy),
        ("OriginRequestPolicy", "TooManyOriginRequestPolicies", |name| {
            json!({
                "Name": name,
                "HeadersConfig": {"HeaderBehavior": "none"},
                "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": {"QueryStringBehavior": "none"},
            })
        }),
        ("ResponseHeadersPolicy", "TooManyResponseHeadersPolicies", |name| json!({"Name": name})),
    ]
}

#[tokio::test]
async fn a_third_of_a_kind_is_refused_until_one_goes() {
    let account = Account::with_quotas(TWO).await;
    for (noun, code, config) in kinds() {
        let first = account.make(noun, config("1")).await;
        account.make(noun, config("2")).await;
        let mut input = json!({});
        input[format!("{noun}Config")] = config("3");
        let error = account.refused(code, "2 already", &format!("Create{noun}"), input.clone()).await;
        assert_eq!(error.status, 400);
        match first.config().get("Enabled") {
            Some(_) => account.end(&first).await,
            None => account.delete(&first).await,
        }
        account.call(&format!("Create{noun}"), input).await;
    }
}

#[tokio::test]
async fn what_is_in_a_distribution_is_counted_too() {
    let account = Account::with_quotas(TWO).await;
    let aliases = json!({"Aliases": listed(&["a.example.com", "b.example.com", "c.example.com"])});
    let signers = json!({"Enabled": true, "Quantity": 3, "Items": ["self", "111111111111", "222222222222"]});
    let of_behavior = json!({"DefaultCacheBehavior": behavior(json!({"TrustedSigners": signers}))});
    let signers = json!({"TrustedSigners": signers});
    for (more, code) in
        [(aliases.clone(), "TooManyStreamingDistributionCNAMEs"), (signers, "TooManyTrustedSigners")]
    {
        let input = json!({"StreamingDistributionConfig": streaming("one", more)});
        account.refused(code, "3", "CreateStreamingDistribution", input).await;
    }
    let three = ["a", "b", "c"];
    let origins = three.map(|id| origin(json!({"Id": id})));
    let behaviors = three.map(|path| behavior(json!({"PathPattern": path})));
    let cases = [
        (aliases, "TooManyDistributionCNAMEs"),
        (of_behavior, "TooManyTrustedSigners"),
        (json!({"Origins": listed(&origins)}), "TooManyOrigins"),
        (json!({"CacheBehaviors": listed(&behaviors)}), "TooManyCacheBehaviors"),
        (json!({"Comment": "äöü"}), "InvalidArgument"),
    ];
    for (more, code) in cases {
        let input = json!({"DistributionConfig": web("one", more)});
        account.refused(code, "3", "CreateDistribution", input).await;
    }
    account.web("one", json!({"Comment": "äö"})).await;
    let group = json!({"KeyGroupConfig": {"Name": "one", "Items": ["K1", "K2", "K3"]}});
    account.refused("TooManyPublicKeysInKeyGroup", "3", "CreateKeyGroup", group).await;
}

#[tokio::test]
async fn an_account_has_so_many_key_pairs_that_sign() {
    let account = Account::with_quotas(TWO).await;
    let new = |id: &str, of: Option<&str>| NewKeyPair {
        id: Some(id.to_owned()),
        account: of.map(str::to_owned),
        public_key: PEM.to_owned(),
    };
    let service = &account.service;
    service.import_key_pair(&account.who, new("APKAONE1", None)).await.unwrap();
    service.import_key_pair(&account.who, new("APKATWO2", Some("self"))).await.unwrap();
    let error = service.import_key_pair(&account.who, new("APKATHREE3", None)).await.unwrap_err();
    assert_eq!(error.code, "TooManyKeyPairs");
    service.import_key_pair(&account.who, new("APKAOTHER4", Some("210987654321"))).await.unwrap();
    service.set_key_pair_active(&account.who, "APKAONE1", false).await.unwrap();
    service.import_key_pair(&account.who, new("APKATHREE3", None)).await.unwrap();
    let error = service.set_key_pair_active(&account.who, "APKAONE1", true).await.unwrap_err();
    assert_eq!(error.code, "TooManyKeyPairs");
    let error = service.import_key_pair(&account.who, new("APKAONE1", None)).await.unwrap_err();
    assert_eq!(error.code, "KeyPairAlreadyExists");
}
