//! A folder that stands for a bucket.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use futures::StreamExt;
use millrace_origin::{FolderOrigin, Freshness, Kind, Origin, Read};
use std::fs;
use std::os::unix::fs::symlink;

fn folder() -> (tempfile::TempDir, FolderOrigin) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/a b.mp4"), b"0123456789").unwrap();
    let origin = FolderOrigin::open(dir.path()).unwrap();
    (dir, origin)
}

async fn kind(origin: &FolderOrigin, key: &str) -> Kind {
    origin.read(key, Read::new(0..10)).await.unwrap_err().kind
}

#[tokio::test]
async fn files_are_read_by_range_and_cut_at_their_end() {
    let (_dir, origin) = folder();
    let answer = origin.read("sub/a b.mp4", Read::new(7..100)).await.unwrap();
    assert_eq!((answer.range.clone(), answer.object.length), (7..10, 10));
    assert!(answer.object.last_modified.is_some());
    assert_eq!(answer.bytes().await.unwrap(), "789");
    assert_eq!(origin.read("sub/a b.mp4", Read::new(10..11)).await.unwrap_err().kind, Kind::PastEnd);
    assert_eq!(origin.freshness(), Freshness::AskEachTime);
}

#[tokio::test]
async fn large_files_come_in_pieces() {
    let (dir, origin) = folder();
    let content: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(dir.path().join("big"), &content).unwrap();
    let mut answer = origin.read("big", Read::new(3..3_999_999)).await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = answer.body.next().await {
        let piece = piece.unwrap();
        assert!(piece.len() <= 256 * 1024);
        all.extend_from_slice(&piece);
    }
    assert!(all == content[3..3_999_999]);
}

#[tokio::test]
async fn an_empty_file_is_an_empty_answer() {
    let (dir, origin) = folder();
    fs::write(dir.path().join("empty"), b"").unwrap();
    let answer = origin.read("empty", Read::new(0..10)).await.unwrap();
    assert_eq!((answer.range.clone(), answer.bytes().await.unwrap().len()), (0..0, 0));
}

#[tokio::test]
async fn no_key_leads_out_of_the_folder() {
    let (dir, origin) = folder();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), b"secret").unwrap();
    symlink(outside.path().join("secret"), dir.path().join("link")).unwrap();
    symlink(outside.path(), dir.path().join("dir")).unwrap();
    for key in ["link", "dir/secret"] {
        assert_eq!(kind(&origin, key).await, Kind::Forbidden, "{key}");
    }
    let absolute = outside.path().join("secret").display().to_string();
    for key in ["../secret", "sub/../../secret", absolute.as_str(), "..", ".", "", "a\0b"] {
        assert_eq!(kind(&origin, key).await, Kind::BadKey, "{key:?}");
    }
    let text = origin.read("link", Read::new(0..1)).await.unwrap_err().to_string();
    assert!(!text.contains(&outside.path().display().to_string()), "{text}");
}

#[tokio::test]
async fn a_link_within_the_folder_is_followed() {
    let (dir, origin) = folder();
    symlink(dir.path().join("sub/a b.mp4"), dir.path().join("alias")).unwrap();
    assert_eq!(origin.read("alias", Read::new(0..2)).await.unwrap().bytes().await.unwrap(), "01");
}

#[tokio::test]
async fn what_is_no_file_is_missing() {
    let (dir, origin) = folder();
    make_pipe(&dir.path().join("pipe"));
    for key in ["sub", "sub/", "none", "sub//a b.mp4", "sub/a b.mp4/x", &"n".repeat(300), "pipe"] {
        assert_eq!(kind(&origin, key).await, Kind::Missing, "{key}");
    }
}

/// Makes a named pipe, which blocks whoever opens it.
fn make_pipe(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo is needed");
}

#[tokio::test]
async fn a_replaced_file_is_changed_for_who_reads_the_old_one() {
    let (dir, origin) = folder();
    let version = origin.read("sub/a b.mp4", Read::new(0..1)).await.unwrap().object.version;
    origin.read("sub/a b.mp4", Read::pinned(0..1, version.clone())).await.unwrap();
    fs::write(dir.path().join("new"), b"other 1234").unwrap();
    fs::rename(dir.path().join("new"), dir.path().join("sub/a b.mp4")).unwrap();
    let error = origin.read("sub/a b.mp4", Read::pinned(0..1, version)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Changed);
}

#[tokio::test]
async fn a_file_cut_or_overwritten_under_a_reader_breaks_its_body() {
    let (dir, origin) = folder();
    let path = dir.path().join("big");
    for change in [b"".as_slice(), &[9; 1_500_000]] {
        fs::write(&path, vec![1; 1_000_000]).unwrap();
        let mut answer = origin.read("big", Read::new(0..1_000_000)).await.unwrap();
        answer.body.next().await.unwrap().unwrap();
        fs::write(&path, change).unwrap();
        let error = answer.body.next().await.unwrap().unwrap_err();
        assert_eq!((error.kind, error.offset), (Kind::Changed, Some(256 * 1024)));
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let (dir, _) = folder();
    for path in [dir.path().join("none"), dir.path().join("sub/a b.mp4")] {
        let error = FolderOrigin::open(&path).unwrap_err();
        assert_eq!(error.kind, Kind::Misconfigured);
        assert!(error.to_string().contains(&path.display().to_string()));
    }
}
