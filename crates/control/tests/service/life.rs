//! The life of a streaming distribution, and what each step answers.

use serde_json::{Value, json};

use crate::account::{Account, listed, streaming};

#[tokio::test]
async fn a_streaming_distribution_is_made_changed_switched_off_and_deleted() {
    let account = Account::new().await;
    let made = account.stream("one", json!({"Aliases": listed(&["Media.Example.com"])})).await;
    let id = made.id.clone();
    assert_eq!(made.answer["Location"], format!("streaming-distribution/{id}"));
    assert_eq!(
        made.get("ARN"),
        &json!(format!("arn:aws:cloudfront::123456789012:streaming-distribution/{id}"))
    );
    assert_eq!(made.status(), "Deployed", "no edge has to be waited for");
    let host = made.get("DomainName").as_str().unwrap().to_owned();
    assert!(host.starts_with('s') && host.ends_with(".millrace.localhost"), "{host}");
    assert_eq!(made.config()["Aliases"], listed(&["Media.Example.com"]), "as it was written");

    let got = account.call("GetStreamingDistribution", json!({"Id": id})).await;
    assert_eq!(got["StreamingDistribution"], made.answer["StreamingDistribution"]);
    let config = account.call("GetStreamingDistributionConfig", json!({"Id": id})).await;
    assert_eq!(config["StreamingDistributionConfig"], *made.config());
    assert_eq!(config["ETag"], made.etag);

    let changed = account.update(&made, json!({"Comment": "changed"})).await;
    assert_ne!(changed.etag, made.etag);
    assert_eq!(changed.get("DomainName"), &json!(host), "what was chosen stays");
    assert_eq!(changed.config()["Comment"], "changed");
    let (ids, next) = account.ids("StreamingDistributions", json!({})).await;
    assert_eq!((ids, next), (vec![id.clone()], None));

    let input = json!({"Id": id, "IfMatch": changed.etag});
    account
        .refused("StreamingDistributionNotDisabled", "Enabled", "DeleteStreamingDistribution", input)
        .await;
    account.end(&changed).await;
    let missing = "NoSuchStreamingDistribution";
    account.refused(missing, &id, "GetStreamingDistribution", json!({"Id": id})).await;
    account.refused(missing, &id, "GetStreamingDistributionConfig", json!({"Id": id})).await;
    account.refused(missing, &id, "UpdateStreamingDistribution", changed.update_input(json!({}))).await;
    let input = json!({"Id": id, "IfMatch": changed.etag});
    account.refused(missing, &id, "DeleteStreamingDistribution", input).await;
    assert_eq!(account.ids("StreamingDistributions", json!({})).await.0.len(), 0);
}

#[tokio::test]
async fn what_the_customer_left_out_is_answered_as_amazon_fills_it() {
    let account = Account::new().await;
    let made = account.stream("one", json!({})).await;
    assert_eq!(made.config()["PriceClass"], "PriceClass_All");
    assert_eq!(made.config()["Aliases"], json!({"Quantity": 0}));
    assert_eq!(made.config()["Logging"], json!({"Enabled": false, "Bucket": "", "Prefix": ""}));
}

#[tokio::test]
async fn ids_and_host_names_are_never_the_same() {
    let account = Account::new().await;
    let (one, other) = (account.stream("one", json!({})).await, account.stream("other", json!({})).await);
    assert_ne!(one.id, other.id);
    assert_ne!(one.get("DomainName"), other.get("DomainName"));
}

#[tokio::test]
async fn what_can_not_be_served_is_refused_and_nothing_is_left_of_it() {
    let account = Account::new().await;
    let bucket = |name: &str| json!({"S3Origin": {"DomainName": name, "OriginAccessIdentity": ""}});
    let cases = [
        (bucket("www.example.com"), "InvalidOrigin", "S3Origin.DomainName"),
        (json!({"Comment": "x".repeat(129)}), "InvalidArgument", "Comment"),
        (
            json!({"Logging": {"Enabled": true, "Bucket": "nowhere", "Prefix": ""}}),
            "InvalidArgument",
            "Logging.Bucket",
        ),
        (
            json!({"TrustedSigners": {"Enabled": true, "Quantity": 1, "Items": ["me"]}}),
            "InvalidArgument",
            "self",
        ),
    ];
    for (more, code, word) in cases {
        let input = json!({"StreamingDistributionConfig": streaming("one", more)});
        account.refused(code, word, "CreateStreamingDistribution", input).await;
    }
    let made = account.stream("one", json!({})).await;
    account
        .refused(
            "InvalidOrigin",
            "S3Origin.DomainName",
            "UpdateStreamingDistribution",
            made.update_input(bucket("x")),
        )
        .await;
    let now = account.call("GetStreamingDistribution", json!({"Id": made.id})).await;
    assert_eq!(now["ETag"], made.etag);
}

#[tokio::test]
async fn the_log_tells_who_did_what_newest_first() {
    let account = Account::new().await;
    let made = account.stream("one", json!({})).await;
    account.end(&made).await;
    let log = account.service.history(10).await.unwrap();
    let actions: Vec<_> = log.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(
        actions,
        ["DeleteStreamingDistribution", "UpdateStreamingDistribution", "CreateStreamingDistribution"]
    );
    assert!(log.iter().all(|line| line.id == made.id && line.who == "operator"), "{log:?}");
    assert!(log.windows(2).all(|two| two[0].revision > two[1].revision), "{log:?}");
}

#[tokio::test]
async fn an_operation_that_is_not_there_is_refused() {
    let account = Account::new().await;
    let error = account.refused("NotImplemented", "Nonsense", "Nonsense", json!({})).await;
    assert_eq!(error.status, 501);
}

#[tokio::test]
async fn the_picture_has_what_edges_need() {
    let account = Account::new().await;
    let made = account.stream("one", json!({"Aliases": listed(&["media.example.com"])})).await;
    let _unseen = account.web("web", json!({})).await;
    let picture = account.service.picture().await.unwrap();
    assert_eq!(picture.revision, 2);
    let [published] = picture.streaming.as_slice() else { panic!("{picture:?}") };
    assert_eq!((published.id.as_str(), published.enabled), (made.id.as_str(), true));
    assert_eq!(published.bucket, "films.s3.amazonaws.com");
    assert_eq!(published.aliases, ["media.example.com"]);
    assert_eq!(published.identity, None);
    assert_eq!(Value::from(published.domain_name.as_str()), *made.get("DomainName"));
    let kept = serde_json::to_string(&picture).unwrap();
    assert_eq!(serde_json::from_str::<millrace_control::Picture>(&kept).unwrap(), picture);
}
