//! Invalidations: done when every edge has obeyed, kept for those who ask.

use millrace_model::web::Invalidations;
use serde_json::{Value, json};

use crate::account::{Account, listed};
use crate::edges::Edge;

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

async fn invalidate(account: &Account, distribution: &str, reference: &str, paths: &[&str]) -> String {
    let made = account.call("CreateInvalidation", batch(distribution, reference, paths)).await;
    made["Invalidation"]["Id"].as_str().unwrap().to_owned()
}

async fn told(account: &Account) -> Invalidations {
    account.service.picture().await.unwrap().invalidations
}

/// The status of one, and how many of its distribution are in progress.
async fn status(account: &Account, distribution: &str, id: &str) -> (String, i64) {
    let input = json!({"DistributionId": distribution, "Id": id});
    let got = account.call("GetInvalidation", input).await["Invalidation"]["Status"].clone();
    let shown = account.call("GetDistribution", json!({"Id": distribution})).await;
    let count = shown["Distribution"]["InProgressInvalidationBatches"].as_i64().unwrap();
    (got.as_str().unwrap().to_owned(), count)
}

/// Asks until these are the status and the number.
async fn becomes(account: &Account, distribution: &str, id: &str, wanted: &str, count: i64) {
    while status(account, distribution, id).await != (wanted.to_owned(), count) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let listed = account.call("ListInvalidations", json!({"DistributionId": distribution})).await;
    assert_eq!(listed["InvalidationList"]["Items"][0]["Status"], wanted);
}

#[tokio::test]
async fn edges_are_told_of_them_in_their_order_with_the_revisions_that_they_came_with() {
    let account = Account::new().await;
    let (one, other) = (account.web("one", json!({})).await.id, account.web("other", json!({})).await.id);
    assert_eq!(told(&account).await, Invalidations::default());
    let first = invalidate(&account, &one, "x", &["/a", "/b*"]).await;
    let second = invalidate(&account, &other, "x", &["/*"]).await;
    let told = told(&account).await;
    let seen: Vec<_> =
        told.list.iter().map(|one| (one.id.as_str(), one.distribution.as_str(), one.revision)).collect();
    assert_eq!(seen, [(first.as_str(), one.as_str(), 3), (second.as_str(), other.as_str(), 4)]);
    assert_eq!((told.since, &told.list[0].paths), (0, &vec!["/a".to_owned(), "/b*".to_owned()]));
    assert_eq!(told.after(3).map(<[_]>::len), Some(1));
    account
        .end(&crate::account::Made::of(
            "Distribution",
            account.call("GetDistribution", json!({"Id": other})).await,
        ))
        .await;
    assert_eq!(self::told(&account).await.list.len(), 1, "they go with their distribution");
}

#[tokio::test]
async fn one_is_completed_when_every_edge_has_obeyed() {
    let account = Account::new().await;
    let distribution = account.web("one", json!({})).await.id;
    let (mut here, mut away) = (Edge::new(account.clone()), Edge::new(account.again().await));
    here.applies(1).await;
    away.applies(1).await;
    let id = invalidate(&account, &distribution, "x", &["/a"]).await;
    assert_eq!(status(&account, &distribution, &id).await, ("InProgress".to_owned(), 1), "neither has");
    assert_eq!(here.applies(2).await.invalidations.list[0].id, id);
    // The other edge counts as soon as it has told the store.
    becomes(&account, &distribution, &id, "InProgress", 1).await;
    away.applies(2).await;
    becomes(&account, &distribution, &id, "Completed", 0).await;
    let again = account.call("CreateInvalidation", batch(&distribution, "x", &["/a"])).await;
    assert_eq!(again["Invalidation"]["Status"], "Completed", "it is the same");
}

#[tokio::test]
async fn only_so_many_paths_are_in_progress() {
    let account = Account::new().await;
    let (id, other) = (account.web("one", json!({})).await.id, account.web("other", json!({})).await.id);
    let paths =
        |count: usize, star: &str| (0..count).map(|number| format!("/{number}{star}")).collect::<Vec<_>>();
    let many = |reference: &str, paths: &[String]| {
        batch(&id, reference, &paths.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let code = "TooManyInvalidationsInProgress";
    account.refused(code, "16 with a *", "CreateInvalidation", many("x", &paths(16, "*"))).await;
    let mut edge = Edge::new(account.again().await);
    edge.applies(2).await;
    let stars = account.call("CreateInvalidation", many("stars", &paths(15, "*"))).await;
    becomes(&account, &id, stars["Invalidation"]["Id"].as_str().unwrap(), "InProgress", 1).await;
    account.refused(code, "16 with a *", "CreateInvalidation", many("x", &paths(1, "*"))).await;
    account.call("CreateInvalidation", many("others", &paths(2985, ""))).await;
    account.refused(code, "3001", "CreateInvalidation", many("x", &paths(1, ""))).await;
    invalidate(&account, &other, "each distribution has its own", &["/*"]).await;
    edge.applies(5).await;
    while account.try_call("CreateInvalidation", many("x", &paths(1, "*"))).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_edge_that_was_away_for_days_learns_that_it_does_not_know_all() {
    let account = Account::new().await;
    let distribution = account.web("one", json!({})).await.id;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(invalidate(&account, &distribution, &number.to_string(), &["/a"]).await);
    }
    account.age(&format!("invalidation/{distribution}"), &ids[1]).await;
    let told = told(&account).await;
    assert_eq!((told.since, told.list.len(), told.list[0].id.as_str()), (3, 1, ids[2].as_str()));
    assert_eq!((told.after(2), told.after(3).map(<[_]>::len)), (None, Some(1)));
}

#[tokio::test]
async fn pictures_stay_small_however_much_is_invalidated() {
    let account = Account::new().await;
    let distribution = account.web("one", json!({})).await.id;
    let paths: Vec<String> = (0..3000).map(|number| format!("/{number}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    for number in 0..4 {
        invalidate(&account, &distribution, &number.to_string(), &paths).await;
    }
    let told = told(&account).await;
    assert_eq!((told.since, told.list.len()), (2, 3), "12,000 are more than edges are told of");
}
