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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_come_one_behind_the_other() {
    let (_folder, store) = store().await;
    let writers = (0..16).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut write = store.write("me").await.expect("its turn");
            let rows = write.rows().count("thing").await.expect("a number");
            let thing = resource(&format!("T{number}"), write.revision);
            write.rows().put(&thing).await.expect("a row");
            assert_eq!(write.revision, rows + 1, "it sees all that were before it");
            write.commit("Create", "thing", "T").await.expect("a commit")
        })
    });
    let mut revisions = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        revisions.push(writer.await.expect("no writer fails"));
    }
    revisions.sort_unstable();
    assert_eq!(revisions, (1..=16).collect::<Vec<i64>>(), "none is missing, none is there twice");
}

#[tokio::test]
async fn an_edge_counts_while_it_is_heard_of() {
    let (_folder, store) = store().await;
    let slowest = async |since_ms: i64, but: &str| {
        let mut reader = store.read().await.expect("a reader");
        reader.rows().slowest_edge(since_ms, but).await.expect("a number")
    };
    assert_eq!(slowest(0, "").await, None, "there is none");
    let began = now_ms();
    store.edge_is_at("one", 7).await.expect("told");
    store.edge_is_at("two", 5).await.expect("told");
    assert_eq!(slowest(began, "").await, Some(5));
    assert_eq!(slowest(began, "two").await, Some(7));
    let silent = sqlx::query("UPDATE edge SET seen_ms = $1 WHERE id = 'two'").bind(began - 15_001);
    silent.execute(&store.writers).await.expect("a row");
    assert_eq!(slowest(began - 15_000, "").await, Some(7), "the slow one is silent");
    assert_eq!(slowest(began + 1_000_000, "").await, None, "so are both");
    store.edge_is_at("two", 6).await.expect("told");
    assert_eq!(slowest(began, "").await, Some(6), "it is back");
    store.edge_is_gone("two").await.expect("told");
    assert_eq!(slowest(began, "").await, Some(7));
}

#[tokio::test]
async fn a_database_of_every_age_opens_and_works() {
    for steps in 0..=migrations::STEPS.len() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("control.db").display().to_string();
        let old = Store::connect(&file).await.expect("a database");
        migrations::first(steps).run(&old.writers).await.expect("an older program's tables");
        old.close().await;
        for _ in 0..2 {
            let store = Store::open(&file).await.expect("a store of today");
            let mut write = store.write("me").await.expect("a change");
            let thing = resource(&format!("A{}", write.revision), write.revision);
            write.rows().put(&thing).await.expect("a row");
            write.commit("Create", "thing", "A").await.expect("a commit");
            let all = store.read().await.expect("a reader").rows().all("thing").await.expect("rows");
            assert!(all.contains(&thing), "after {steps} steps: {all:?}");
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let (folder, store) = store().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', TRUE, x'00', 0)";
    sqlx::query(newer).execute(&store.writers).await.expect("a row");
    store.close().await;
    let refused = Store::open(&folder.path().join("new folder/ü?#.db").display().to_string()).await;
    assert!(matches!(refused, Err(StoreError::Migration(..))), "{refused:?}");
}

#[test]
fn a_database_that_is_away_is_told_from_one_that_says_no() {
    let database = |error| StoreError::Database("x".into(), error);
    assert!(database(sqlx::Error::PoolTimedOut).is_away() && database(sqlx::Error::PoolClosed).is_away());
    assert!(!database(sqlx::Error::RowNotFound).is_away());
}
