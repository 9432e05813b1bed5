//! Tags of distributions.

use serde_json::{Value, json};

use crate::account::{Account, IDENTITY, identity, streaming};

fn tags(tags: &[(&str, &str)]) -> Value {
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"Items": tags})
}

async fn arn(account: &Account) -> Value {
    account.stream("one", json!({})).await.get("ARN").clone()
}

async fn of(account: &Account, arn: &Value) -> Value {
    account.call("ListTagsForResource", json!({"Resource": arn})).await["Tags"].clone()
}

#[tokio::test]
async fn they_are_set_overwritten_and_taken_away() {
    let account = Account::new().await;
    for arn in [arn(&account).await, account.web("one", json!({})).await.get("ARN").clone()] {
        assert_eq!(of(&account, &arn).await, tags(&[]));
        account.call("TagResource", json!({"Resource": arn, "Tags": tags(&[("b", "1"), ("a", "")])})).await;
        account
            .call("TagResource", json!({"Resource": arn, "Tags": tags(&[("b", "2"), ("Ä c", "+")])}))
            .await;
        assert_eq!(of(&account, &arn).await, tags(&[("a", ""), ("b", "2"), ("Ä c", "+")]));
        let keys = json!({"Items": ["b", "never there"]});
        account.call("UntagResource", json!({"Resource": arn, "TagKeys": keys})).await;
        assert_eq!(of(&account, &arn).await, tags(&[("a", ""), ("Ä c", "+")]));
    }
}

#[tokio::test]
async fn a_distribution_can_be_born_with_them_and_takes_them_along() {
    let account = Account::new().await;
    let with = |tags: Value| {
        let config = streaming("one", json!({}));
        json!({"StreamingDistributionConfigWithTags": {"StreamingDistributionConfig": config, "Tags": tags}})
    };
    let operation = "CreateStreamingDistributionWithTags";
    account.refused("InvalidTagging", "aws:", operation, with(tags(&[("AWS:x", "")]))).await;
    let answer = account.call(operation, with(tags(&[("a", "1")]))).await;
    let made = crate::account::Made::of("StreamingDistribution", answer);
    assert_eq!(of(&account, made.get("ARN")).await, tags(&[("a", "1")]));
    account.end(&made).await;
    let input = json!({"Resource": made.get("ARN")});
    account.refused("NoSuchResource", &made.id, "ListTagsForResource", input.clone()).await;
    let input =
        json!({"Resource": made.get("ARN"), "Tags": tags(&[("a", "1")]), "TagKeys": {"Items": ["a"]}});
    account.refused("NoSuchResource", &made.id, "TagResource", input.clone()).await;
    account.refused("NoSuchResource", &made.id, "UntagResource", input).await;
}

#[tokio::test]
async fn there_are_fifty_at_most_and_they_have_a_form() {
    let account = Account::new().await;
    let arn = arn(&account).await;
    let names: Vec<String> = (0..51).map(|number| format!("tag {number}")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let tag = |tags: Value| json!({"Resource": arn, "Tags": tags});
    account.refused("InvalidTagging", "51", "TagResource", tag(tags(&all))).await;
    account.call("TagResource", tag(tags(&all[..50]))).await;
    account.call("TagResource", tag(tags(&[("tag 0", "again")]))).await;
    account.refused("InvalidTagging", "51", "TagResource", tag(tags(&all[50..]))).await;
    let (long_key, long_value) = ("k".repeat(129), "v".repeat(257));
    for (key, value) in [
        ("", ""),
        ("aws:x", ""),
        ("a,b", ""),
        ("a", "b;c"),
        (long_key.as_str(), ""),
        ("a", long_value.as_str()),
    ] {
        account.refused("InvalidTagging", key, "TagResource", tag(tags(&[(key, value)]))).await;
    }
    account.refused("InvalidTagging", "twice", "TagResource", tag(tags(&[("a", "1"), ("a", "2")]))).await;
}

/// The pages that may play from a distribution, as edges are told.
async fn pages(account: &Account) -> Vec<String> {
    account.service.picture().await.unwrap().streaming.remove(0).pages
}

#[tokio::test]
async fn one_of_them_tells_edges_whose_pages_may_play() {
    let account = Account::new().await;
    let arn = arn(&account).await;
    let tag = |value: &str| json!({"Resource": arn, "Tags": tags(&[("millrace:pages", value)])});
    assert!(pages(&account).await.is_empty());
    account.call("TagResource", tag("https://www.example.com  https://*.example.org null")).await;
    let listed = ["https://www.example.com", "https://*.example.org", "null"];
    assert_eq!(pages(&account).await, listed);
    for (value, told) in
        [("", "lists no page"), ("https://example.com www.example.com", "\"www.example.com\"")]
    {
        account.refused("InvalidTagging", told, "TagResource", tag(value)).await;
    }
    assert_eq!(pages(&account).await, listed);
    let keys = json!({"Items": ["millrace:pages"]});
    account.call("UntagResource", json!({"Resource": arn, "TagKeys": keys})).await;
    assert!(pages(&account).await.is_empty());
}

#[tokio::test]
async fn what_looks_like_one_for_millrace_and_is_none_is_refused() {
    let account = Account::new().await;
    let unknown = json!({"Resource": arn(&account).await, "Tags": tags(&[("millrace:page", "null")])});
    account.refused("InvalidTagging", "only millrace:pages is known", "TagResource", unknown).await;
    let web = account.web("one", json!({})).await.get("ARN").clone();
    let misplaced = json!({"Resource": web, "Tags": tags(&[("millrace:pages", "null")])});
    account.refused("InvalidTagging", "of streaming distributions", "TagResource", misplaced).await;
}

#[tokio::test]
async fn only_distributions_of_this_account_have_some() {
    let account = Account::new().await;
    let made = arn(&account).await;
    let made = made.as_str().unwrap();
    let identity = account.make(IDENTITY, identity("one")).await.id;
    let refused = [
        (String::new(), "InvalidArgument"),
        (made.replace("123456789012", "210987654321"), "InvalidArgument"),
        (made.replace("cloudfront", "s3"), "InvalidArgument"),
        (made.replace("streaming-distribution/", "streaming-distribution:"), "InvalidArgument"),
        (made.replace("streaming-distribution", "user"), "InvalidArgument"),
        (format!("arn:aws:cloudfront::123456789012:origin-access-identity/{identity}"), "InvalidArgument"),
        (made.replace("streaming-distribution", "distribution"), "NoSuchResource"),
        (format!("{made}X"), "NoSuchResource"),
    ];
    for (arn, code) in refused {
        for operation in ["ListTagsForResource", "TagResource", "UntagResource"] {
            let input = json!({"Resource": arn, "Tags": tags(&[("a", "")]), "TagKeys": {"Items": ["a"]}});
            account.refused(code, "", operation, input).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn none_stay_of_a_distribution_that_goes_meanwhile() {
    let account = Account::new().await;
    for round in 0..8 {
        let made = account.stream(&format!("{round}"), json!({"Enabled": false})).await;
        let arn = made.get("ARN").clone();
        let tagging = (0..4).map(|tag| {
            let (account, tag) = (account.clone(), tag.to_string());
            let input = json!({"Resource": arn, "Tags": tags(&[(tag.as_str(), "")])});
            tokio::spawn(async move { account.try_call("TagResource", input).await.map(drop) })
        });
        let tagging: Vec<_> = tagging.collect();
        account.delete(&made).await;
        for tagged in tagging {
            let _either = tagged.await.unwrap();
        }
    }
    let mut backup = Vec::new();
    account.service.store().backup(&mut backup).await.unwrap();
    let backup = String::from_utf8(backup).unwrap();
    let tags = backup.lines().filter(|line| line.contains("\"tag\"")).count();
    assert_eq!(tags, 0, "{backup}");
}
