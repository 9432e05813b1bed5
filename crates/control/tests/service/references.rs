//! Caller references and names: what a request means that comes twice.

use serde_json::{Value, json};

use crate::account::{
    Account, IDENTITY, cache_policy, control, identity, merged, public_key, streaming, web,
};

#[tokio::test]
async fn a_distribution_is_never_made_twice() {
    let account = Account::new().await;
    let made = account.stream("one", json!({})).await;
    for more in [json!({}), json!({"Comment": "other"})] {
        let input = json!({"StreamingDistributionConfig": streaming("one", more)});
        let code = "StreamingDistributionAlreadyExists";
        let error = account.refused(code, &made.id, "CreateStreamingDistribution", input).await;
        assert_eq!(error.status, 409);
    }
    let made = account.web("one", json!({})).await;
    let input = json!({"DistributionConfig": web("one", json!({}))});
    account.refused("DistributionAlreadyExists", &made.id, "CreateDistribution", input).await;
}

#[tokio::test]
async fn an_identity_and_a_key_that_come_twice_are_the_same_and_nothing_is_written() {
    let account = Account::new().await;
    for (noun, config) in [(IDENTITY, identity("one")), ("PublicKey", public_key("one"))] {
        let made = account.make(noun, config.clone()).await;
        let before = account.service.picture().await.unwrap().revision;
        let again = account.make(noun, config.clone()).await;
        assert_eq!(again.answer, made.answer);
        assert_eq!(account.service.picture().await.unwrap().revision, before);
        let mut input = json!({});
        input[format!("{noun}Config")] = merged(config, json!({"Comment": "other"}));
        account.refused(&format!("{noun}AlreadyExists"), "one", &format!("Create{noun}"), input).await;
    }
}

#[tokio::test]
async fn names_are_taken_once_of_each_kind() {
    let account = Account::new().await;
    let key = account.make("PublicKey", public_key("a key")).await;
    let group = json!({"Name": "one", "Items": [key.id]});
    let kinds: [(&'static str, Value); 3] =
        [("OriginAccessControl", control("one")), ("KeyGroup", group), ("CachePolicy", cache_policy("one"))];
    for (noun, config) in kinds {
        let made = account.make(noun, config.clone()).await;
        let mut input = json!({});
        input[format!("{noun}Config")] = config.clone();
        let code = format!("{noun}AlreadyExists");
        account.refused(&code, "one", &format!("Create{noun}"), input).await;
        // Another can't be renamed to it either, and a name that was let go of is free.
        let other = account.make(noun, merged(config.clone(), json!({"Name": "other"}))).await;
        let rename = other.update_input(json!({"Name": "one"}));
        account.refused(&code, "one", &format!("Update{noun}"), rename).await;
        account.update(&made, json!({"Name": "renamed"})).await;
        account.update(&other, json!({"Name": "one"})).await;
    }
    let same = merged(public_key("other reference"), json!({"Name": "a key"}));
    account
        .refused("PublicKeyAlreadyExists", "a key", "CreatePublicKey", json!({"PublicKeyConfig": same}))
        .await;
}

#[tokio::test]
async fn a_reference_can_not_be_empty_nor_be_changed() {
    let account = Account::new().await;
    let input = json!({"StreamingDistributionConfig": streaming("", json!({}))});
    account.refused("InvalidArgument", "CallerReference", "CreateStreamingDistribution", input).await;
    for made in [
        account.stream("one", json!({})).await,
        account.web("one", json!({})).await,
        account.make(IDENTITY, identity("one")).await,
    ] {
        let input = made.update_input(json!({"CallerReference": "two"}));
        account.refused("IllegalUpdate", "CallerReference", &format!("Update{}", made.noun), input).await;
    }
}

#[tokio::test]
async fn a_public_key_stays_what_it_is_but_for_its_comment() {
    let account = Account::new().await;
    let made = account.make("PublicKey", public_key("one")).await;
    for member in ["CallerReference", "Name", "EncodedKey"] {
        let mut change = json!({});
        change[member] = "other".into();
        let code = "CannotChangeImmutablePublicKeyFields";
        account.refused(code, member, "UpdatePublicKey", made.update_input(change)).await;
    }
    let changed = account.update(&made, json!({"Comment": "other"})).await;
    assert_eq!(changed.config()["Comment"], "other");
}

#[tokio::test]
async fn a_reference_is_free_when_its_owner_is_gone() {
    let account = Account::new().await;
    let made = account.stream("one", json!({})).await;
    account.end(&made).await;
    assert_ne!(account.stream("one", json!({})).await.id, made.id);
    let made = account.make(IDENTITY, identity("one")).await;
    account.delete(&made).await;
    assert_ne!(account.make(IDENTITY, identity("one")).await.id, made.id);
}
