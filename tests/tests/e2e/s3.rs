//! A real S3 server with a private bucket.

use std::process::Command;

use millrace_tests::binary::millrace;
use millrace_tests::clients::{play, rtmpdump_clip};
use millrace_tests::media::{BOTH, Media, SAMPLES, sample};
use millrace_tests::weed::{BUCKET, READER, STRANGER, weed};
use millrace_tests::{Config, Frames, Server};

/// A configuration that serves the private bucket to everybody, with this key.
fn config(key: (&str, &str)) -> Config {
    Config::new()
        .with_s3("media", BUCKET, weed().endpoint(), key)
        .with_distribution("E1", "s1.example.net", "media", "")
        .with_default("E1")
}

#[test]
fn the_samples_play_from_a_private_bucket_by_a_key_that_may_only_read() {
    let server = Server::serve(&config(READER));
    let folder = tempfile::tempdir().expect("a folder");
    for (file, name) in SAMPLES {
        weed().upload(&sample(file), file);
        let whole = Frames::of_file(&sample(file));
        Frames::of_url(&server.url(name), &[]).assert_same(&whole, file);
        let saved = folder.path().join("saved.flv");
        rtmpdump_clip(&server.url(name), &saved);
        Frames::of_file(&saved).assert_same(&whole, file);
    }
}

#[test]
fn a_film_of_many_blocks_plays_from_a_private_bucket() {
    let media = Media::make("long.mp4", &[BOTH, "-bf 2 -b:v 6M -c:a aac"]);
    weed().upload(media.path(), "dir/long.mp4");
    let server = Server::serve(&config(READER));
    let got = Frames::of_url(&server.url("mp4:dir/long.mp4"), &[]);
    got.assert_same(&Frames::of_file(media.path()), "a film of many blocks");
}

#[test]
fn the_key_may_come_from_the_environment() {
    weed().upload(&sample("sample.mp3"), "environment.mp3");
    let endpoint = weed().endpoint();
    let config = Config::new()
        .with(&format!("[[bucket]]\nname = \"media\"\nbucket = \"{BUCKET}\"\nendpoint = \"{endpoint}\""))
        .with_distribution("E1", "s1.example.net", "media", "")
        .with_default("E1");
    let mut command = Command::new(millrace());
    command.env("AWS_ACCESS_KEY_ID", READER.0).env("AWS_SECRET_ACCESS_KEY", READER.1);
    let server = Server::serve_by(&mut command, &config);
    let _ = play(&server.url("mp3:environment"), &[]).ok();
}

#[test]
fn a_prefix_of_the_bucket_stands_in_front_of_every_name() {
    weed().upload(&sample("sample.mp3"), "published/inside.mp3");
    weed().upload(&sample("sample.mp3"), "outside.mp3");
    let bucket = format!(
        "[[bucket]]\nname = \"media\"\nbucket = \"{BUCKET}\"\nendpoint = \"{}\"\nprefix = \"published/\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"",
        weed().endpoint(),
        READER.0,
        READER.1
    );
    let config =
        Config::new().with(&bucket).with_distribution("E1", "s1.example.net", "media", "").with_default("E1");
    let server = Server::serve(&config);
    let _ = play(&server.url("mp3:inside"), &[]).ok();
    assert!(play(&server.url("mp3:outside"), &[]).failures().contains("StreamNotFound"));
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = Server::serve(&config(READER));
    let failures = play(&server.url("mp4:missing.mp4"), &[]).failures();
    assert!(failures.contains("NetStream.Play.StreamNotFound"), "{failures}");
}

#[test]
fn what_the_key_may_not_read_is_not_found_and_the_log_says_why() {
    weed().upload(&sample("sample.mp3"), "private.mp3");
    let mut server = Server::serve(&config(STRANGER));
    let failures = play(&server.url("mp3:private"), &[]).failures();
    assert!(failures.contains("NetStream.Play.StreamNotFound"), "{failures}");
    let log = server.wait_for_event("can't play");
    assert!(log.contains("403") && log.contains("AccessDenied"), "{log}");
}

#[test]
fn a_wrong_key_is_told_to_the_operator_and_to_viewers_there_is_no_such_stream() {
    weed().upload(&sample("sample.mp3"), "private.mp3");
    for (key, code) in [
        ((READER.0, "wrongsecret"), "SignatureDoesNotMatch"),
        (("AKIANOBODY000000001", "x"), "InvalidAccessKeyId"),
    ] {
        let mut server = Server::serve(&config(key));
        let failures = play(&server.url("mp3:private"), &[]).failures();
        assert!(failures.contains("NetStream.Play.StreamNotFound"), "{key:?}: {failures}");
        let log = server.wait_for_event("can't play");
        assert!(log.contains("403") && log.contains(code), "{key:?}: {log}");
    }
}
