//! Who may sign: key pairs of accounts, and key groups.

use millrace_control::service::NewKeyPair;
use serde_json::{Value, json};

use crate::account::{Account, PEM, behavior, public_key, streaming};

async fn register(account: &Account, id: &str, owner: Option<&str>) {
    let new =
        NewKeyPair { id: Some(id.to_owned()), account: owner.map(str::to_owned), public_key: PEM.to_owned() };
    account.service.import_key_pair(&account.who, new).await.unwrap();
}

/// Account and ids, as the answer has them.
fn signers(active: &Value) -> Vec<(String, Vec<String>)> {
    let texts = |value: &Value| {
        let items = value["Items"].as_array().cloned().unwrap_or_default();
        assert_eq!(value["Quantity"], items.len(), "{value}");
        items
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |signer: &Value| {
        (text(&signer["AwsAccountNumber"]), texts(&signer["KeyPairIds"]).iter().map(text).collect())
    };
    texts(active).iter().map(of).collect()
}

#[tokio::test]
async fn key_pairs_in_use_are_shown_by_their_accounts() {
    let account = Account::new().await;
    let trusted = json!({"Enabled": true, "Quantity": 2, "Items": ["self", "210987654321"]});
    let stranger =
        json!({"StreamingDistributionConfig": streaming("one", json!({"TrustedSigners": trusted}))});
    let create = "CreateStreamingDistribution";
    account.refused("TrustedSignerDoesNotExist", "210987654321", create, stranger).await;
    register(&account, "APKAOTHER", Some("210987654321")).await;
    account.service.set_key_pair_active(&account.who, "APKAOTHER", false).await.unwrap();
    let made = account.stream("one", json!({"TrustedSigners": trusted})).await;
    let active = made.get("ActiveTrustedSigners");
    assert_eq!(active["Enabled"], false, "nobody can sign yet");
    register(&account, "APKAOWN1", None).await;
    register(&account, "APKAOWN2", Some("123456789012")).await;
    register(&account, "APKASTRANGER", Some("333333333333")).await;
    let got = account.call("GetStreamingDistribution", json!({"Id": made.id})).await;
    let active = &got["StreamingDistribution"]["ActiveTrustedSigners"];
    assert_eq!(active["Enabled"], true);
    let expected = |own: &[&str]| {
        let own: Vec<String> = own.iter().map(|id| (*id).to_owned()).collect();
        vec![("210987654321".to_owned(), Vec::new()), ("self".to_owned(), own)]
    };
    assert_eq!(signers(active), expected(&["APKAOWN1", "APKAOWN2"]));
    account.service.set_key_pair_active(&account.who, "APKAOWN1", false).await.unwrap();
    let got = account.call("GetStreamingDistribution", json!({"Id": made.id})).await;
    assert_eq!(signers(&got["StreamingDistribution"]["ActiveTrustedSigners"]), expected(&["APKAOWN2"]));
}

#[tokio::test]
async fn key_groups_are_shown_with_their_keys() {
    let account = Account::new().await;
    let key = account.make("PublicKey", public_key("one")).await.id;
    let group = account.make("KeyGroup", json!({"Name": "one", "Items": [key]})).await.id;
    let trusted = json!({"TrustedKeyGroups": {"Enabled": true, "Quantity": 1, "Items": [group]}});
    let made = account.web("one", json!({"DefaultCacheBehavior": behavior(trusted)})).await;
    let groups = made.get("ActiveTrustedKeyGroups");
    assert_eq!(groups["Enabled"], true);
    assert_eq!(
        groups["Items"],
        json!([{"KeyGroupId": group, "KeyPairIds": {"Quantity": 1, "Items": [key]}}])
    );
    assert_eq!(made.get("ActiveTrustedSigners"), &json!({"Enabled": false, "Quantity": 0}));
}

#[tokio::test]
async fn a_key_pair_has_a_form_and_a_private_key_is_not_repeated() {
    let account = Account::new().await;
    let wrong = [
        (Some("apka"), None, PEM, "id of a key pair"),
        (None, Some("someone"), PEM, "account number"),
        (None, None, "no PEM", "no PEM file"),
        (None, None, "-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----\n", "PRIVATE KEY"),
    ];
    for (id, owner, pem, word) in wrong {
        let text = |text: &str| text.to_owned();
        let new = NewKeyPair { id: id.map(text), account: owner.map(text), public_key: text(pem) };
        let error = account.service.import_key_pair(&account.who, new).await.unwrap_err();
        assert!(error.code == "InvalidArgument" && error.message.contains(word), "{error}");
        assert!(!error.message.contains("aHVzaA"), "{error}");
    }
    let error = account.service.set_key_pair_active(&account.who, "APKANONE", true).await.unwrap_err();
    assert_eq!((error.code, error.status), ("NoSuchKeyPair", 404));
}
