//! `If-Match`: a change is made to the version that the customer has seen, or not at all.

use serde_json::json;
use tokio::task::JoinSet;

use crate::account::{Account, IDENTITY, cache_policy, control, identity, merged, public_key};

#[tokio::test]
async fn every_kind_wants_the_etag_of_its_last_version() {
    let account = Account::new().await;
    let kinds = [
        account.stream("one", json!({})).await,
        account.web("one", json!({})).await,
        account.make(IDENTITY, identity("one")).await,
        account.make("OriginAccessControl", control("one")).await,
        account.make("PublicKey", public_key("one")).await,
        account.make("CachePolicy", cache_policy("one")).await,
    ];
    for seen in kinds {
        let now = account.update(&seen, json!({})).await;
        assert_ne!(now.etag, seen.etag, "every update has a version of its own");
        for verb in ["Update", "Delete"] {
            let operation = format!("{verb}{}", seen.noun);
            let with = |matched: &str| merged(seen.update_input(json!({})), json!({"IfMatch": matched}));
            for wrong in ["", "\"\"", "not an etag", "W/\"E1\"", "*"] {
                account.refused("InvalidIfMatchVersion", "If-Match", &operation, with(wrong)).await;
            }
            for stale in [seen.etag.as_str(), "E00000000000000", "\"E1\""] {
                let error = account.refused("PreconditionFailed", "If-Match", &operation, with(stale)).await;
                assert_eq!(error.status, 412);
            }
            let mut missing = seen.update_input(json!({}));
            missing.as_object_mut().unwrap().remove("IfMatch");
            account.refused("InvalidIfMatchVersion", "If-Match", &operation, missing).await;
        }
    }
}

#[tokio::test]
async fn an_etag_may_come_in_quotes() {
    let account = Account::new().await;
    let made = account.stream("one", json!({})).await;
    let quoted = format!("\"{}\"", made.etag);
    let input = merged(made.update_input(json!({"Enabled": false})), json!({"IfMatch": quoted}));
    let etag = account.call("UpdateStreamingDistribution", input).await["ETag"].clone();
    let quoted = format!("\"{}\"", etag.as_str().unwrap());
    account.call("DeleteStreamingDistribution", json!({"Id": made.id, "IfMatch": quoted})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_writers_with_one_etag_one_wins() {
    let account = Account::new().await;
    let other = account.again().await;
    let made = account.stream("one", json!({})).await;
    let mut writers = JoinSet::new();
    for number in 0..16 {
        // Two services on one file: as two processes have it.
        let account = if number % 2 == 0 { account.clone() } else { other.clone() };
        let input = made.update_input(json!({"Comment": format!("by {number}")}));
        writers.spawn(async move { account.try_call("UpdateStreamingDistribution", input).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = writers.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for error in lost {
        assert_eq!(error.unwrap_err().code, "PreconditionFailed");
    }
    let now = account.call("GetStreamingDistribution", json!({"Id": made.id})).await;
    let winner = won.into_iter().next().unwrap().unwrap();
    assert_eq!(now["StreamingDistribution"], winner["StreamingDistribution"]);
    assert_eq!(account.service.picture().await.unwrap().revision, 2, "those that lost left nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_makers_with_one_reference_or_alias_one_wins() {
    let account = Account::new().await;
    let mut makers = JoinSet::new();
    for number in 0..16 {
        let account = account.clone();
        let aliases = json!({"Aliases": {"Quantity": 1, "Items": ["media.example.com"]}});
        let config = crate::account::streaming(&format!("{}", number % 8), aliases);
        let input = json!({"StreamingDistributionConfig": config});
        makers.spawn(async move { account.try_call("CreateStreamingDistribution", input).await });
    }
    let made = makers.join_all().await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    for error in made.into_iter().filter_map(Result::err) {
        assert!(
            ["CNAMEAlreadyExists", "StreamingDistributionAlreadyExists"].contains(&error.code),
            "{error}"
        );
    }
}
