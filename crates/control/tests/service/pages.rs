//! Lists in pages: every item exactly once, whatever is added and removed elsewhere meanwhile.

use serde_json::json;

use crate::account::{Account, cache_policy};

#[tokio::test]
async fn every_item_comes_once_for_every_size_of_page() {
    let account = Account::new().await;
    let mut expected = Vec::new();
    for number in 0..9 {
        expected.push(account.stream(&number.to_string(), json!({})).await.id);
    }
    expected.sort();
    for most in 1..=10 {
        let (mut all, mut marker) = (Vec::new(), Some(String::new()));
        while let Some(behind) = marker {
            let input = json!({"MaxItems": most.to_string(), "Marker": behind});
            let (ids, next) = account.ids("StreamingDistributions", input).await;
            all.extend(ids);
            marker = next;
            // What comes and goes on pages that were read already moves none of those that follow.
            if let Some(behind) = &marker {
                let (_, made) = (behind, account.stream("passing", json!({})).await);
                let seen = made.id < *behind;
                account.end(&made).await;
                assert!(seen || !all.contains(&made.id));
            }
        }
        assert_eq!(all, expected, "pages of {most}");
    }
}

#[tokio::test]
async fn a_page_goes_on_where_its_marker_was_deleted() {
    let account = Account::new().await;
    let mut made = Vec::new();
    for number in 0..6 {
        made.push(account.stream(&number.to_string(), json!({})).await);
    }
    made.sort_by(|a, b| a.id.cmp(&b.id));
    let page = |behind: &str| json!({"MaxItems": "2", "Marker": behind});
    let (first, next) = account.ids("StreamingDistributions", page("")).await;
    account.end(&made[0]).await;
    account.end(&made[1]).await;
    let (second, last) = account.ids("StreamingDistributions", page(&next.unwrap())).await;
    let (third, end) = account.ids("StreamingDistributions", page(&last.unwrap())).await;
    let all: Vec<_> = [first, second, third].concat();
    assert_eq!(all, made.iter().map(|one| one.id.clone()).collect::<Vec<_>>());
    assert_eq!(end, None);
}

#[tokio::test]
async fn a_page_has_from_one_to_a_hundred_items() {
    let account = Account::new().await;
    for wrong in ["0", "-1", "many", "", "99999999999999999999"] {
        let input = json!({"MaxItems": wrong});
        account.refused("InvalidArgument", "MaxItems", "ListStreamingDistributions", input).await;
    }
    let list = account.call("ListStreamingDistributions", json!({"MaxItems": "5000"})).await;
    assert_eq!(list["StreamingDistributionList"]["MaxItems"], 100);
    assert!(list["StreamingDistributionList"].get("Items").is_none(), "an empty list has none");
}

#[tokio::test]
async fn policies_come_in_pages_by_their_type() {
    let account = Account::new().await;
    let mut own = Vec::new();
    for number in 0..3 {
        own.push(account.make("CachePolicy", cache_policy(&number.to_string())).await.id);
    }
    own.sort();
    let mut counts = Vec::new();
    for kind in ["managed", "custom", ""] {
        let (mut ids, mut marker) = (Vec::new(), String::new());
        loop {
            let mut input = json!({"MaxItems": "2", "Marker": marker});
            if !kind.is_empty() {
                input["Type"] = kind.into();
            }
            let list = account.call("ListCachePolicies", input).await["CachePolicyList"].clone();
            for item in list["Items"].as_array().into_iter().flatten() {
                assert!(kind.is_empty() || item["Type"] == kind, "{item}");
                ids.push(item["CachePolicy"]["Id"].as_str().unwrap().to_owned());
            }
            match list["NextMarker"].as_str() {
                Some(next) => marker = next.to_owned(),
                None => break,
            }
        }
        assert!(ids.windows(2).all(|two| two[0] < two[1]), "{ids:?}");
        if kind == "custom" {
            assert_eq!(ids, own);
        }
        counts.push(ids.len());
    }
    assert_eq!(counts[0] + counts[1], counts[2], "{counts:?}");
}
