//! Invalidations: done at once, kept for those who ask.

use serde_json::{Value, json};

use crate::account::{Account, listed};

fn batch(distribution: &str, reference: &str, paths: &[&str]) -> Value {
    let batch = json!({"CallerReference": reference, "Paths": listed(paths)});
    json!({"DistributionId": distribution, "InvalidationBatch": batch})
}

#[tokio::test]
async fn they_come_newest_first_in_pages() {
    let account = Account::new().await;
    let id = account.web("one", json!({})).await.id;
    let mut made = Vec::new();
    for number in 0..7 {
        let answer = account.call("CreateInvalidation", batch(&id, &number.to_string(), &["/*"])).await;
        assert_eq!(answer["Invalidation"]["Status"], "Completed");
        made.insert(0, answer["Invalidation"]["Id"].as_str().unwrap().to_owned());
        // Ids tell milliseconds apart, and no less.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    for most in 1..=8 {
        let (mut all, mut marker) = (Vec::new(), Some(String::new()));
        while let Some(behind) = marker {
            let input = json!({"DistributionId": id, "MaxItems": most.to_string(), "Marker": behind});
            let (ids, next) = account.ids("Invalidations", input).await;
            all.extend(ids);
            marker = next;
        }
        assert_eq!(all, made, "pages of {most}");
    }
}

#[tokio::test]
async fn one_that_comes_twice_is_the_same() {
    let account = Account::new().await;
    let (id, other) = (account.web("one", json!({})).await.id, account.web("other", json!({})).await.id);
    let made = account.call("CreateInvalidation", batch(&id, "x", &["/a", "/b*"])).await;
    let again = account.call("CreateInvalidation", batch(&id, "x", &["/b*", "/a"])).await;
    assert_eq!(again["Invalidation"], made["Invalidation"]);
    let code = "InvalidationBatchAlreadyExists";
    account.refused(code, "other paths", "CreateInvalidation", batch(&id, "x", &["/a"])).await;
    // Each distribution has its own.
    let input = batch(&other, "x", &["/a"]);
    let others = account.call("CreateInvalidation", input).await["Invalidation"]["Id"].clone();
    let input = json!({"DistributionId": id, "Id": others});
    account.refused("NoSuchInvalidation", others.as_str().unwrap(), "GetInvalidation", input).await;
    let input = json!({"DistributionId": id, "Id": made["Invalidation"]["Id"]});
    assert_eq!(account.call("GetInvalidation", input).await["Invalidation"], made["Invalidation"]);
}

#[tokio::test]
async fn paths_and_distributions_have_to_be_some() {
    let account = Account::new().await;
    let id = account.web("one", json!({})).await.id;
    for path in ["a", "", "/a b", "/ä", "/a*b", "*"] {
        account.refused("InvalidArgument", "Paths", "CreateInvalidation", batch(&id, "x", &[path])).await;
    }
    account.refused("InvalidArgument", "Paths", "CreateInvalidation", batch(&id, "x", &[])).await;
    let many: Vec<String> = (0..3001).map(|number| format!("/{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let error = account.refused("BatchTooLarge", "3001", "CreateInvalidation", batch(&id, "x", &many)).await;
    assert_eq!(error.status, 413);
    for operation in ["CreateInvalidation", "GetInvalidation", "ListInvalidations"] {
        account.refused("NoSuchDistribution", "ENONE", operation, batch("ENONE", "x", &["/a"])).await;
    }
    let stream = account.stream("one", json!({})).await.id;
    account.refused("NoSuchDistribution", &stream, "CreateInvalidation", batch(&stream, "x", &["/a"])).await;
}

#[tokio::test]
async fn they_go_with_their_distribution() {
    let account = Account::new().await;
    let document = |id: &str| json!({"Distribution": {"Id": id, "DistributionConfig": crate::account::web("one", json!({}))}});
    let made = account.web("one", json!({})).await;
    account.call("CreateInvalidation", batch(&made.id, "x", &["/a"])).await;
    account.end(&made).await;
    // One that comes back by its old id begins anew.
    let documents = [("file".to_owned(), document(&made.id))];
    account.service.apply(&account.who, &documents, |_| ()).await.unwrap();
    let (ids, _) = account.ids("Invalidations", json!({"DistributionId": made.id})).await;
    assert!(ids.is_empty(), "{ids:?}");
    account.call("CreateInvalidation", batch(&made.id, "x", &["/other"])).await;
}
