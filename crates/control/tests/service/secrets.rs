//! Secrets are sealed in the store, and nothing that can be shown shows one.

use millrace_control::auth::{AccessKey, Principal, Seal};
use millrace_control::service::S3Identity;

use crate::account::{Account, IDENTITY, identity};

const SECRET: &str = "do-not-show-this-to-anybody";

#[tokio::test]
async fn no_secret_is_in_what_can_be_shown_or_kept() {
    let account = Account::new().await;
    let service = &account.service;
    let id = account.make(IDENTITY, identity("one")).await.id;
    service.set_s3_identity(&account.who, &id, "AKIAS3", SECRET).await.unwrap();
    service.first_admin(Some(("AKIAADMIN".into(), SECRET.into()))).await.unwrap();
    let picture = service.picture().await.unwrap();
    let identities = service.s3_identities(&account.who).await.unwrap();
    let sealed = identities[0].sealed.clone();
    let seal = Seal::open(&account.folder().join("seal.key")).unwrap();
    assert_eq!(seal.unseal(&S3Identity::name(&id), &sealed).unwrap(), SECRET);
    let mut backup = Vec::new();
    service.store().backup(&mut backup).await.unwrap();
    let key = AccessKey { user: "me".into(), sealed: sealed.clone(), active: true };
    let shown = [
        format!("{service:?}"),
        format!("{:?}", service.store()),
        format!("{:?}", service.settings()),
        format!("{picture:?}"),
        format!("{identities:?} {key:?}"),
        format!("{:?}", service.users().await.unwrap()),
        format!("{:?}", service.history(100).await.unwrap()),
        format!("{:?}", Principal::operator()),
    ];
    for text in shown {
        assert!(!text.contains(SECRET) && !text.contains(&sealed), "{text}");
    }
    let kept = [
        serde_json::to_string(&picture).unwrap(),
        String::from_utf8(backup).unwrap(),
        serde_json::to_string(&service.export().await.unwrap()).unwrap(),
    ];
    for text in kept {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[tokio::test]
async fn credentials_belong_to_an_identity_that_is_there() {
    let account = Account::new().await;
    let service = &account.service;
    let error = service.set_s3_identity(&account.who, "ENONE", "AKIAS3", SECRET).await.unwrap_err();
    assert_eq!(error.code, "NoSuchCloudFrontOriginAccessIdentity");
    assert!(!error.to_string().contains(SECRET));
    let made = account.make(IDENTITY, identity("one")).await;
    service.set_s3_identity(&account.who, &made.id, "AKIAS3", SECRET).await.unwrap();
    service.forget_s3_identity(&account.who, &made.id).await.unwrap();
    let error = service.forget_s3_identity(&account.who, &made.id).await.unwrap_err();
    assert_eq!(error.code, "NoSuchResource");
    service.set_s3_identity(&account.who, &made.id, "AKIAS3", SECRET).await.unwrap();
    account.delete(&made).await;
    assert_eq!(service.picture().await.unwrap().identities, [], "they go with it");
}
