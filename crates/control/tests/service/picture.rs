//! What edges are told of keys: all that there are, and which of them a distribution trusts.

use millrace_control::service::{Declared, NewKeyPair};
use millrace_control::{Picture, Settings};
use serde_json::{Value, json};

use crate::account::{Account, Made, PEM, behavior, listed, public_key, streaming};

const OTHER: &str = "210987654321";

/// Registers a key pair of an account, or of this one.
async fn register(account: &Account, id: &str, owner: Option<&str>) {
    let new =
        NewKeyPair { id: Some(id.to_owned()), account: owner.map(str::to_owned), public_key: PEM.to_owned() };
    account.service.import_key_pair(&account.who, new).await.unwrap();
}

fn trusting(signers: &[&str]) -> Value {
    let mut list = listed(signers);
    list["Enabled"] = true.into();
    json!({"TrustedSigners": list})
}

/// A group of two new public keys; their ids.
async fn group(account: &Account, name: &str) -> (Made, Vec<String>) {
    let mut keys = Vec::new();
    for end in ["a", "b"] {
        keys.push(account.make("PublicKey", public_key(&format!("{name} {end}"))).await.id);
    }
    keys.sort();
    (account.make("KeyGroup", json!({"Name": name, "Items": keys})).await, keys)
}

async fn picture(account: &Account) -> Picture {
    account.service.picture().await.unwrap()
}

/// The keys that a distribution trusts.
async fn trusted(account: &Account, made: &Made) -> Option<Vec<String>> {
    let found = picture(account).await.streaming.into_iter().find(|published| published.id == made.id);
    found.expect("it is published").trusted_keys
}

fn ids(ids: &[&str]) -> Option<Vec<String>> {
    Some(ids.iter().map(|id| (*id).to_owned()).collect())
}

#[tokio::test]
async fn every_key_is_in_it_with_whether_it_may_sign() {
    let account = Account::new().await;
    register(&account, "APKAONE11111", None).await;
    register(&account, "APKATWO22222", Some(OTHER)).await;
    let key = account.make("PublicKey", public_key("one")).await.id;
    account.service.set_key_pair_active(&account.who, "APKAONE11111", false).await.unwrap();
    let keys = picture(&account).await.keys;
    let seen: Vec<_> = keys.iter().map(|key| (key.id.as_str(), key.active)).collect();
    assert_eq!(seen, [("APKAONE11111", false), ("APKATWO22222", true), (key.as_str(), true)]);
    assert!(keys.iter().all(|key| key.public_key == PEM));
}

#[tokio::test]
async fn a_distribution_trusts_the_keys_of_its_accounts_and_groups() {
    let account = Account::new().await;
    register(&account, "APKAOWN11111", None).await;
    register(&account, "APKAOTHER111", Some(OTHER)).await;
    register(&account, "APKASTRANGER", Some("333333333333")).await;
    let (first, first_keys) = group(&account, "first").await;
    group(&account, "second").await;
    let open = account.stream("open", json!({})).await;
    let own = account.stream("own", trusting(&["self", "123456789012"])).await;
    let both = account.stream("both", trusting(&["self", OTHER])).await;
    let grouped = account.stream("grouped", trusting(&[&first.id])).await;
    assert_eq!(trusted(&account, &open).await, None);
    assert_eq!(trusted(&account, &own).await, ids(&["APKAOWN11111"]));
    assert_eq!(trusted(&account, &both).await, ids(&["APKAOTHER111", "APKAOWN11111"]));
    assert_eq!(trusted(&account, &grouped).await, Some(first_keys));
}

#[tokio::test]
async fn a_list_that_is_switched_off_is_none_and_an_empty_one_lets_nobody_in() {
    let account = Account::new().await;
    register(&account, "APKAOWN11111", None).await;
    let off = json!({"TrustedSigners": {"Enabled": false, "Quantity": 1, "Items": ["self"]}});
    let off = account.stream("off", off).await;
    let empty = account.stream("empty", trusting(&[])).await;
    assert_eq!(trusted(&account, &off).await, None);
    assert_eq!(trusted(&account, &empty).await, ids(&[]));
}

#[tokio::test]
async fn whatever_happens_to_a_key_is_a_new_revision() {
    let account = Account::new().await;
    register(&account, "APKAOWN11111", None).await;
    let (group, keys) = group(&account, "one").await;
    let made = account.stream("one", trusting(&["self", &group.id])).await;
    let before = picture(&account).await;
    account.service.set_key_pair_active(&account.who, "APKAOWN11111", false).await.unwrap();
    let disabled = picture(&account).await;
    assert!(disabled.revision > before.revision && !disabled.keys[0].active);
    let all: Vec<&str> = std::iter::once("APKAOWN11111").chain(keys.iter().map(String::as_str)).collect();
    assert_eq!(trusted(&account, &made).await, ids(&all), "it is still known whose it is");
    account.service.set_key_pair_active(&account.who, "APKAOWN11111", true).await.unwrap();
    account.update(&group, json!({"Items": [keys[0]]})).await;
    let after = picture(&account).await;
    assert!(after.revision > disabled.revision && after.keys[0].active);
    assert_eq!(trusted(&account, &made).await, ids(&["APKAOWN11111", &keys[0]]));
    register(&account, "APKAOWN22222", None).await;
    assert_eq!(trusted(&account, &made).await, ids(&["APKAOWN11111", "APKAOWN22222", &keys[0]]));
}

#[tokio::test]
async fn a_key_group_that_signs_has_to_be_there_and_stays() {
    let account = Account::new().await;
    let none = "00000000-0000-4000-8000-000000000000";
    let config = streaming("one", trusting(&[none]));
    let input = json!({"StreamingDistributionConfig": config});
    account.refused("TrustedSignerDoesNotExist", none, "CreateStreamingDistribution", input).await;
    let (group, keys) = group(&account, "one").await;
    let made = account.stream("one", trusting(&[&group.id])).await;
    let active = made.get("ActiveTrustedSigners");
    let shown = json!([{"AwsAccountNumber": group.id, "KeyPairIds": {"Quantity": 2, "Items": keys}}]);
    assert_eq!((&active["Enabled"], &active["Items"]), (&json!(true), &shown));
    let input = json!({"Id": group.id, "IfMatch": group.etag});
    let error = account.refused("ResourceInUse", &made.id, "DeleteKeyGroup", input.clone()).await;
    assert_eq!(error.status, 409);
    account.end(&made).await;
    account.call("DeleteKeyGroup", input).await;
}

#[tokio::test]
async fn a_signer_of_another_form_is_refused_and_web_distributions_have_a_list_for_groups() {
    let account = Account::new().await;
    let (group, keys) = group(&account, "one").await;
    for wrong in ["Self", "12345678901", &keys[0], "APKAOWN11111"] {
        let input = json!({"StreamingDistributionConfig": streaming("one", trusting(&[wrong]))});
        let error = account.refused("InvalidArgument", wrong, "CreateStreamingDistribution", input).await;
        assert!(error.message.contains("id of a key group"), "{error}");
    }
    let config =
        crate::account::web("one", json!({"DefaultCacheBehavior": behavior(trusting(&[&group.id]))}));
    let input = json!({"DistributionConfig": config});
    account.refused("InvalidArgument", "TrustedKeyGroups", "CreateDistribution", input).await;
}

#[tokio::test]
async fn a_snapshot_of_an_older_version_opens_nothing() {
    let kept = json!({
        "revision": 7,
        "streaming": [{"id": "E1", "domain_name": "s1.example.net", "aliases": [], "bucket": "films.s3.amazonaws.com",
            "identity": null, "enabled": true}],
        "identities": [],
    });
    let picture: Picture = serde_json::from_value(kept).unwrap();
    assert_eq!(picture.streaming[0].trusted_keys, ids(&[]), "nobody knows whether it is private");
    assert!(picture.signers.is_unknown() && picture.keys.is_empty());
    assert_eq!(picture.signers.keys_of(["self"]), [""; 0]);
    let account = Account::new().await;
    let made = account.stream("open", json!({})).await;
    let now = self::picture(&account).await;
    assert!(!now.signers.is_unknown(), "this account is known, though it has no keys");
    let again: Picture = serde_json::from_value(serde_json::to_value(&now).unwrap()).unwrap();
    assert_eq!(again, now);
    assert_eq!(trusted(&account, &made).await, None);
}

#[tokio::test]
async fn signers_of_the_configuration_file_are_shown_and_their_groups_stay() {
    let account = Account::with(Settings { account: "999999999999".to_owned(), ..Settings::default() }).await;
    register(&account, "APKAOWN11111", None).await;
    let (group, keys) = group(&account, "one").await;
    let declared = Declared {
        id: "film".to_owned(),
        domain_name: "film.example.net".to_owned(),
        aliases: Vec::new(),
        bucket: "films".to_owned(),
        trusted_signers: vec!["self".to_owned(), group.id.clone()],
        enabled: true,
        file: "/etc/millrace.toml".to_owned(),
    };
    account.service.declare(&[declared]);
    let got = account.call("GetStreamingDistribution", json!({"Id": "film"})).await;
    let shown = &got["StreamingDistribution"];
    let signers = &shown["StreamingDistributionConfig"]["TrustedSigners"];
    assert_eq!(signers, &json!({"Enabled": true, "Quantity": 2, "Items": ["self", group.id]}));
    let active = &shown["ActiveTrustedSigners"];
    assert_eq!((&active["Enabled"], &active["Quantity"]), (&json!(true), &json!(2)), "{active}");
    let all = [std::slice::from_ref(&"APKAOWN11111".to_owned()), &keys].concat();
    assert_eq!(picture(&account).await.signers.keys_of(["self", &group.id]), all);
    let input = json!({"Id": group.id, "IfMatch": group.etag});
    account.refused("ResourceInUse", "/etc/millrace.toml", "DeleteKeyGroup", input.clone()).await;
    account.service.declare(&[]);
    account.call("DeleteKeyGroup", input).await;
}

#[tokio::test]
async fn an_id_means_one_key_of_either_kind() {
    let account = Account::new().await;
    let key = account.make("PublicKey", public_key("one")).await.id;
    let new = NewKeyPair { id: Some(key.clone()), account: None, public_key: PEM.to_owned() };
    let error = account.service.import_key_pair(&account.who, new).await.unwrap_err();
    assert_eq!((error.code, error.status), ("KeyPairAlreadyExists", 409), "{error}");
    register(&account, "APKAOWN11111", None).await;
    let saved = json!({"PublicKey": {"Id": "APKAOWN11111", "PublicKeyConfig": public_key("two")}});
    let documents = [("saved.json".to_owned(), saved)];
    let error = account.service.apply(&account.who, &documents, |_| {}).await.unwrap_err();
    assert!(error.message.contains("APKAOWN11111") && error.status == 409, "{error}");
}
