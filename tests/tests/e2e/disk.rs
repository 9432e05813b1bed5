//! The cache on disk: restarts, crashes, damage, and disks that do not do.

use std::path::{Path, PathBuf};
use std::process::Command;

use millrace_tests::binary::millrace;
use millrace_tests::clients::{play, start_playing};
use millrace_tests::fake::Fake;
use millrace_tests::media::{BOTH, Media};
use millrace_tests::{Config, Frames, Server};
use rustix::process::Signal;
use tempfile::TempDir;

/// A film of many blocks at the fake, and a folder for the cache.
struct Stage {
    fake: Fake,
    media: Media,
    whole: Frames,
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let media = Media::make("film.mp4", &[BOTH, "-bf 2 -b:v 6M -c:a aac"]);
        let fake = Fake::start();
        fake.put("films", "film.mp4", media.bytes());
        let whole = Frames::of_file(media.path());
        Self { fake, media, whole, folder: tempfile::tempdir().expect("a folder for the cache") }
    }

    fn directory(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// Little memory, so that the disk matters.
    fn config(&self, directory: &Path) -> Config {
        self.fake.config().with_disk(directory, "memory = \"1 MiB\"\ndisk = \"64 MiB\"")
    }

    fn serve(&self) -> Server {
        Server::serve(&self.config(&self.directory()))
    }

    /// The film must arrive whole.
    fn plays(&self, server: &Server, what: &str) {
        let saved = self.media.beside("saved.flv");
        let _ = play(&server.url("mp4:film.mp4"), &["--output", &saved.to_string_lossy()]).ok();
        Frames::of_file(&saved).assert_same(&self.whole, what);
    }
}

#[test]
fn a_restart_keeps_what_is_on_disk() {
    let stage = Stage::new();
    let server = stage.serve();
    stage.plays(&server, "cold");
    let _ = server.stop(Signal::TERM).ok();
    let before = stage.fake.bytes();
    let server = stage.serve();
    stage.plays(&server, "after a restart");
    let again = stage.fake.bytes() - before;
    let length = stage.media.bytes().len() as u64;
    assert!(again * 100 <= length, "{again} of {length} bytes were read again");
}

#[test]
fn a_film_plays_from_disk_after_a_restart_while_the_bucket_is_down() {
    let stage = Stage::new();
    let server = stage.serve();
    stage.plays(&server, "cold");
    let _ = server.stop(Signal::TERM).ok();
    stage.fake.inject(millrace_s3_fake::Rule::any(), millrace_s3_fake::Fault::internal_error());
    stage.plays(&stage.serve(), "while the bucket is down");
}

#[test]
fn killed_while_it_writes_it_serves_right_bytes_after_the_restart() {
    let stage = Stage::new();
    for round in 0..4 {
        let mut server = stage.serve();
        let viewer = start_playing(&server.url("mp4:film.mp4"), &["--full"]);
        server.wait_for_event("plays \"mp4:film.mp4\"");
        server.kill();
        drop(viewer.finish());
        let server = stage.serve();
        stage.plays(&server, &format!("after {} kills", round + 1));
        server.kill();
    }
}

#[test]
fn a_damaged_cache_never_reaches_a_viewer() {
    let stage = Stage::new();
    for round in 0..3_u8 {
        let server = stage.serve();
        stage.plays(&server, "before the damage");
        let _ = server.stop(Signal::TERM).ok();
        damage(&stage.directory(), round);
        stage.plays(&stage.serve(), &format!("after damage of kind {round}"));
    }
}

/// Damages every file of a folder: noise in each 50,000 bytes, or the second half cut off, or emptied.
fn damage(folder: &Path, kind: u8) {
    for entry in std::fs::read_dir(folder).expect("the cache has a folder") {
        let path = entry.expect("it can be listed").path();
        let mut bytes = std::fs::read(&path).expect("it can be read");
        match kind {
            0 => bytes.iter_mut().step_by(50_000).for_each(|byte| *byte ^= 0x55),
            1 => bytes.truncate(bytes.len() / 2),
            _ => bytes.clear(),
        }
        std::fs::write(&path, bytes).expect("it can be written");
    }
}

#[test]
fn a_cache_directory_that_can_not_be_made_does_not_keep_viewers_from_playing() {
    let stage = Stage::new();
    let file = stage.folder.path().join("file");
    std::fs::write(&file, "no folder").expect("it can be written");
    let mut server = Server::serve(&stage.config(&file.join("cache")));
    stage.plays(&server, "without a disk");
    let log = server.process().err();
    assert!(log.contains("WARN") && log.contains("cache"), "nobody is warned: {log}");
}

/// Serves with files limited to 1 MiB: whoever writes more gets an error, as on a disk that is full.
fn serve_on_a_full_disk(stage: &Stage) -> Server {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "sh"]).arg(millrace());
    Server::serve_by(&mut shell, &stage.config(&stage.directory()))
}

#[test]
fn a_disk_that_is_full_from_the_start_does_not_keep_viewers_from_playing() {
    let stage = Stage::new();
    let mut server = serve_on_a_full_disk(&stage);
    stage.plays(&server, "on a full disk");
    stage.plays(&server, "on a full disk once more");
    let log = server.process().err();
    assert!(log.contains("WARN"), "nobody is warned: {log}");
}

#[test]
fn a_disk_that_fails_while_it_is_written_does_not_keep_viewers_from_playing() {
    let stage = Stage::new();
    // The files get their full length now, so that the next start finds nothing wrong before it writes.
    let _ = stage.serve().stop(Signal::TERM).ok();
    let mut server = serve_on_a_full_disk(&stage);
    stage.plays(&server, "on a failing disk");
    stage.plays(&server, "on a failing disk once more");
    let log = server.process().err();
    assert!(log.contains("WARN"), "nobody is warned: {log}");
    let _ = server.stop(Signal::TERM).ok();
    stage.plays(&stage.serve(), "on a healed disk");
}
