//! Several services on one store, some with an edge: what one changes, all get; what one has not got yet, all know.

use std::sync::Arc;

use millrace_control::{Picture, Settings};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::account::{Account, Made};

/// The feed of an edge, which applies what it is told to.
pub(crate) struct Edge {
    account: Account,
    pictures: watch::Receiver<Option<Picture>>,
    feed: JoinHandle<()>,
}

impl Edge {
    pub(crate) fn new(account: Account) -> Self {
        let (sender, pictures) = watch::channel(None);
        let feed = tokio::spawn(Arc::clone(&account.service).feed(sender));
        Self { account, pictures, feed }
    }

    /// Waits for the picture of this revision or a later one, and works from it.
    pub(crate) async fn applies(&mut self, revision: i64) -> Picture {
        let newer = |picture: &Option<Picture>| picture.as_ref().is_some_and(|new| new.revision >= revision);
        let picture = self.pictures.wait_for(newer).await.expect("the feed goes on").clone().unwrap();
        self.account.service.applied(picture.revision);
        picture
    }

    /// Ends as a server does.
    async fn ends(self) {
        self.feed.abort();
        self.account.service.edge_ends().await;
    }
}

async fn status(account: &Account, made: &Made) -> String {
    let got = account.call("GetStreamingDistribution", json!({"Id": made.id})).await;
    got["StreamingDistribution"]["Status"].as_str().unwrap().to_owned()
}

/// Asks until the status is this one.
async fn becomes(account: &Account, made: &Made, wanted: &str) {
    while status(account, made).await != wanted {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_change_by_another_reaches_the_feed() {
    let account = Account::new().await;
    let mut edge = Edge::new(account.clone());
    assert_eq!(edge.applies(0).await.streaming, []);
    let other = account.again().await;
    let made = other.stream("one", json!({})).await;
    let picture = edge.applies(1).await;
    assert_eq!((picture.revision, picture.streaming[0].id.as_str()), (1, made.id.as_str()));
    let off = other.update(&made, json!({"Enabled": false})).await;
    assert!(!edge.applies(2).await.streaming[0].enabled);
    becomes(&other, &off, "Deployed").await;
    other.delete(&off).await;
    assert_eq!(edge.applies(3).await.streaming, []);
}

#[tokio::test]
async fn a_change_is_deployed_when_every_edge_has_it() {
    let account = Account::new().await;
    let (mut one, mut two) = (Edge::new(account.clone()), Edge::new(account.again().await));
    one.applies(0).await;
    two.applies(0).await;
    let first = account.stream("first", json!({})).await;
    one.applies(1).await;
    // The second edge counts as soon as it has told the store.
    becomes(&account, &first, "InProgress").await;
    two.applies(1).await;
    becomes(&account, &first, "Deployed").await;
    becomes(&account.again().await, &first, "Deployed").await;

    let made = account.stream("one", json!({})).await;
    assert_eq!(made.status(), "InProgress", "neither has it");
    one.applies(2).await;
    assert_eq!(status(&account, &made).await, "InProgress", "the other lags");
    assert_eq!(status(&two.account, &made).await, "InProgress", "and knows it of itself");
    assert_eq!(status(&account, &first).await, "Deployed", "what is older stays deployed");
    two.applies(2).await;
    becomes(&account, &made, "Deployed").await;
    becomes(&two.account, &made, "Deployed").await;
}

#[tokio::test]
async fn what_is_off_goes_only_when_every_edge_knows() {
    let account = Account::new().await;
    let mut lagging = Edge::new(account.again().await);
    lagging.applies(0).await;
    let made = account.stream("one", json!({})).await;
    becomes(&account, &made, "InProgress").await;
    lagging.applies(1).await;
    becomes(&account, &made, "Deployed").await;
    let off = account.update(&made, json!({"Enabled": false})).await;
    assert_eq!(off.status(), "InProgress");
    let input = json!({"Id": off.id, "IfMatch": off.etag});
    let code = "StreamingDistributionNotDisabled";
    account.refused(code, "not every edge", "DeleteStreamingDistribution", input.clone()).await;
    lagging.applies(2).await;
    becomes(&account, &off, "Deployed").await;
    account.call("DeleteStreamingDistribution", input).await;
}

#[tokio::test]
async fn an_edge_that_ended_holds_nobody_up() {
    let account = Account::new().await;
    let mut gone = Edge::new(account.again().await);
    gone.applies(0).await;
    let made = account.stream("one", json!({})).await;
    becomes(&account, &made, "InProgress").await;
    gone.ends().await;
    becomes(&account, &made, "Deployed").await;
}

#[tokio::test]
async fn an_edge_that_was_killed_does_not_count_beside_itself_after_a_restart() {
    let named = Settings { edge: Some("this machine's".to_owned()), ..Settings::default() };
    let account = Account::with(named.clone()).await;
    let mut killed = Edge::new(account.clone());
    killed.applies(0).await;
    let observer = account.again().await;
    let made = observer.stream("one", json!({})).await;
    becomes(&observer, &made, "InProgress").await;
    killed.feed.abort();

    let mut restarted = Edge::new(account.again_with(named).await);
    restarted.applies(1).await;
    assert_eq!(status(&restarted.account, &made).await, "Deployed", "as it sees itself");
    becomes(&observer, &made, "Deployed").await;
}
