//! The store's promises, on SQLite; the end-to-end tests repeat them on PostgreSQL.

use serde_json::json;

use super::*;

fn resource(id: &str, revision: i64) -> Resource {
    Resource {
        kind: "thing".into(),
        id: id.into(),
        etag: format!("E{revision}"),
        config: json!({"Comment": "a\nb", "Enabled": true}),
        facts: json!({}),
        created_ms: 1,
        modified_ms: 2,
        revision,
    }
}

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("new folder/ü?#.db").display().to_string()).await;
    (folder, store.expect("a store"))
}

#[tokio::test]
async fn what_was_committed_is_there_and_what_was_not_is_not() {
    let (_folder, store) = store().await;
    let mut write = store.write("me").await.expect("a change");
    write.rows().put(&resource("A", 1)).await.expect("a row");
    write.commit("Create", "thing", "A").await.expect("a commit");
    let mut dropped = store.write("me").await.expect("a change");
    dropped.rows().put(&resource("B", 2)).await.expect("a row");
    drop(dropped);
    let mut reader = store.read().await.expect("a reader");
    assert_eq!(reader.rows().get("thing", "A").await.expect("a row"), Some(resource("A", 1)));
    assert_eq!(reader.rows().all("thing").await.expect("rows").len(), 1);
    assert_eq!(reader.rows().revision().await.expect("a revision"), 1);
    assert_eq!(reader.rows().history(9).await.expect("a log")[0].action, "Create");
}

#[tokio::test]
async fn a_claim_has_one_owner_until_that_lets_go_of_it() {
    let (_folder, store) = store().await;
    let claim = [Claim { kind: "alias".into(), value: "www.example.com".into() }];
    let mut write = store.write("me").await.expect("a change");
    write.rows().claim("thing", "A", &claim).await.expect("it is free");
    write.rows().claim("thing", "A", &claim).await.expect("it is its own");
    let taken = write.rows().claim("thing", "B", &claim).await.expect_err("it is A's");
    assert_eq!(taken.to_string(), "the alias \"www.example.com\" belongs to thing A");
    write.rows().claim("thing", "A", &[]).await.expect("it can let go");
    write.rows().claim("thing", "B", &claim).await.expect("it is free again");
}

#[tokio::test]
async fn a_backup_fills_an_empty_store_and_no_other() {
    let (_folder, old) = store().await;
    let mut write = old.write("me").await.expect("a change");
    write.rows().put(&resource("A", 1)).await.expect("a row");
    write.rows().tag("thing", "A", "colour", "12").await.expect("a tag");
    write.commit("Create", "thing", "A").await.expect("a commit");
    let mut file = Vec::new();
    let written = old.backup(&mut file).await.expect("a backup");
    assert_eq!(written, Backup { rows: 3, revision: 1 });
    assert!(matches!(old.restore(&mut file.as_slice()).await, Err(BackupError::NotEmpty(_))));

    let (_folder, new) = store().await;
    let cut = &file[..file.len() - 12];
    assert!(new.restore(&mut &cut[..]).await.is_err(), "a file that was cut off");
    assert_eq!(new.restore(&mut file.as_slice()).await.expect("a whole one"), written);
    let mut again = Vec::new();
    new.backup(&mut again).await.expect("a backup");
    assert_eq!(again, file);
    let tags = new.read().await.expect("a reader").rows().tags("thing", "A").await.expect("tags");
    assert_eq!(tags, [("colour".to_owned(), "12".to_owned())], "a text of digits stays a text");
}

#[test]
fn passwords_are_not_in_the_name() {
    assert_eq!(without_password("postgres://me:hush@db:5432/x?password=hush"), "postgres://me@db:5432/x");
    assert_eq!(without_password("postgres:///x?host=/run"), "postgres:///x");
}
