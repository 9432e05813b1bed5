//! Users: what their policy says is what they may do.

use millrace_control::auth::{Policy, Principal};
use serde_json::json;

use crate::account::{Account, streaming};

fn user(name: &str, policy: Policy) -> Principal {
    Principal { name: name.to_owned(), policy }
}

#[tokio::test]
async fn a_policy_decides_for_each_resource() {
    let account = Account::new().await;
    let (mine, other) = (account.stream("mine", json!({})).await, account.stream("other", json!({})).await);
    let me = account.as_user(user("me", Policy::distributions(std::slice::from_ref(&mine.id))));
    me.call("GetStreamingDistribution", json!({"Id": other.id})).await;
    me.call("ListStreamingDistributions", json!({})).await;
    let mine = me.update(&mine, json!({"Enabled": false})).await;
    me.call("TagResource", json!({"Resource": mine.get("ARN"), "Tags": {"Items": []}})).await;
    let denied = [
        ("UpdateStreamingDistribution", other.update_input(json!({}))),
        ("DeleteStreamingDistribution", json!({"Id": other.id, "IfMatch": other.etag})),
        ("TagResource", json!({"Resource": other.get("ARN"), "Tags": {"Items": []}})),
        ("UntagResource", json!({"Resource": other.get("ARN"), "TagKeys": {"Items": []}})),
        ("CreateStreamingDistribution", json!({"StreamingDistributionConfig": streaming("new", json!({}))})),
    ];
    for (operation, input) in denied {
        let error = me.refused("AccessDenied", operation, operation, input).await;
        assert_eq!(error.status, 403);
        assert!(error.message.contains("\"me\""), "{error}");
    }
    me.delete(&mine).await;
}

#[tokio::test]
async fn who_may_not_look_does_not_learn_what_is_there() {
    let account = Account::new().await;
    let made = account.stream("one", json!({})).await;
    let nobody = account.as_user(user("nobody", Policy::parse(r#"{"Statement": []}"#).unwrap()));
    for id in [made.id.as_str(), "ENONE"] {
        nobody.refused("AccessDenied", id, "GetStreamingDistribution", json!({"Id": id})).await;
        let input = json!({"Id": id, "IfMatch": "E1"});
        nobody.refused("AccessDenied", id, "DeleteStreamingDistribution", input).await;
    }
}

#[tokio::test]
async fn who_makes_something_with_tags_has_to_be_allowed_both() {
    let account = Account::new().await;
    let policy = r#"{"Statement": {"Effect": "Allow", "Action": "cloudfront:Create*", "Resource": "*"}}"#;
    let maker = account.as_user(user("maker", Policy::parse(policy).unwrap()));
    let config = streaming("one", json!({}));
    let with = json!({"StreamingDistributionConfig": config, "Tags": {"Items": []}});
    let input = json!({"StreamingDistributionConfigWithTags": with});
    maker.refused("AccessDenied", "TagResource", "CreateStreamingDistributionWithTags", input).await;
    maker.stream("one", json!({})).await;
}

#[tokio::test]
async fn users_and_keys_come_and_go() {
    let account = Account::new().await;
    let service = &account.service;
    service.put_user("one", Policy::read_only()).await.unwrap();
    let (id, secret) = service.add_access_key("one", None).await.unwrap();
    assert!(id.starts_with("AKIA") && secret.len() == 40);
    let users = service.users().await.unwrap();
    assert_eq!((users[0].name.as_str(), &users[0].keys), ("one", &vec![(id.clone(), true)]));
    assert!(!format!("{users:?}").contains(&secret));
    // A key belongs to one user, who may get another secret for it.
    service.put_user("two", Policy::admin()).await.unwrap();
    let stolen = service.add_access_key("two", Some((id.clone(), "a new secret".into()))).await.unwrap_err();
    assert!(stolen.message.contains("belongs to one"), "{stolen}");
    service.add_access_key("one", Some((id.clone(), "a new secret".into()))).await.unwrap();
    service.delete_access_key(&id).await.unwrap();
    assert_eq!(service.delete_access_key(&id).await.unwrap_err().code, "NoSuchAccessKey");
    service.add_access_key("one", None).await.unwrap();
    service.delete_user("one").await.unwrap();
    assert_eq!(service.users().await.unwrap().len(), 1);
    assert_eq!(service.delete_user("one").await.unwrap_err().code, "NoSuchUser");
    assert_eq!(service.add_access_key("one", None).await.unwrap_err().code, "NoSuchUser");
}

#[tokio::test]
async fn names_and_keys_have_a_form() {
    let account = Account::new().await;
    let service = &account.service;
    for name in ["", "a b", "ü", &"x".repeat(65)] {
        assert_eq!(service.put_user(name, Policy::admin()).await.unwrap_err().code, "InvalidArgument");
    }
    service.put_user("one", Policy::admin()).await.unwrap();
    for (id, secret) in [("A", "long enough"), ("A B C D", "long enough"), ("AKIAONE", "short")] {
        let error = service.add_access_key("one", Some((id.into(), secret.into()))).await.unwrap_err();
        assert!(error.code == "InvalidArgument" && !error.message.contains("long enough"), "{error}");
    }
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let account = Account::new().await;
    let service = &account.service;
    let (id, secret) = service.first_admin(None).await.unwrap().expect("a new key");
    assert_eq!(service.first_admin(None).await.unwrap(), None);
    assert_eq!(service.first_admin(Some((id.clone(), secret))).await.unwrap(), None, "known already");
    let given = (id, "another secret".to_owned());
    assert_eq!(service.first_admin(Some(given.clone())).await.unwrap(), Some(given));
    assert_eq!(service.users().await.unwrap().len(), 1);
}
