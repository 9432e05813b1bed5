//! SWF verification: a distribution that plays in its own players only, and rtmpdump that passes for them.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use millrace_tests::binary::millrace;
use millrace_tests::clients::{play, rtmpdump};
use millrace_tests::media::{BOTH, Media};
use millrace_tests::process::run;
use millrace_tests::{Config, Frames, Server};
use rustix::process::Signal;

/// By which variants rtmpdump is let in here: plain, encrypted, and in HTTP.
const WAYS: [&str; 3] = ["rtmp", "rtmpe", "rtmpt"];

/// A film that only two players may show, one a plain file and one compressed.
struct Stage {
    film: Media,
    saved: PathBuf,
    config: Config,
    server: Server,
}

impl Stage {
    fn new() -> Self {
        let film = Media::make("film.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]);
        // A player that does not answer is waited for as long as for one that does not connect.
        let config = Config::of_film(&film, "swf = [\"plain.swf\", \"compressed.swf\"]")
            .with("[limits]\nconnect = \"2s\"");
        let content = b"what draws the buttons of a player".repeat(40);
        let file = |magic: &[u8; 3]| {
            let length = 8 + u32::try_from(content.len()).expect("it is small");
            [&magic[..], &[10], &length.to_le_bytes()].concat()
        };
        std::fs::write(config.folder().join("plain.swf"), [file(b"FWS"), content.clone()].concat())
            .expect("it can be written");
        // Another player, so that each is known by its own hash.
        let other = content.iter().map(|byte| byte ^ 1).collect::<Vec<u8>>();
        std::fs::write(config.folder().join("compressed.swf"), [file(b"CWS"), zlib(&other)].concat())
            .expect("it can be written");
        let server = Server::serve(&config);
        let saved = film.beside("saved.flv");
        Self { film, saved, config, server }
    }

    /// rtmpdump's options for a player, as `millrace swf` prints them.
    fn options(&self, player: &str) -> Vec<String> {
        let told =
            run(Command::new(millrace()).arg("swf").arg(self.config.folder().join(player))).ok().text();
        let line = told.lines().find(|line| line.contains("rtmpdump")).expect("a line for rtmpdump");
        line.split_whitespace().skip(1).map(str::to_owned).collect()
    }

    /// rtmpdump must save all of it.
    fn plays(&self, way: &str, options: &[String]) {
        let url = self.server.url_by(way, "mp4:film.mp4");
        let _ = std::fs::remove_file(&self.saved);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let finished = rtmpdump(&url, &self.saved, &options);
        // 2 is what it says to a clip as short as this one; see rtmpdump_clip.
        assert!(matches!(finished.status.code(), Some(0 | 2)), "{url} {options:?}: {}", finished.err);
        Frames::of_file(&self.saved).assert_same(&Frames::of_file(self.film.path()), &url);
    }

    /// rtmpdump must get nothing, and the log must say why.
    fn refuses(&mut self, way: &str, options: &[String]) {
        let url = self.server.url_by(way, "mp4:film.mp4");
        let _ = std::fs::remove_file(&self.saved);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let finished = rtmpdump(&url, &self.saved, &options);
        assert!(!finished.status.success(), "{url} {options:?}: {}", finished.err);
        let saved = std::fs::metadata(&self.saved).map_or(0, |file| file.len());
        assert_eq!(saved, 0, "{url} {options:?}: something was saved");
    }
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn rtmpdump_plays_with_the_hash_of_a_player_that_is_listed() {
    let stage = Stage::new();
    for player in ["plain.swf", "compressed.swf"] {
        let options = stage.options(player);
        for way in WAYS {
            stage.plays(way, &options);
        }
    }
}

#[test]
fn a_wrong_hash_a_wrong_size_and_none_are_refused_and_the_log_says_why() {
    let mut stage = Stage::new();
    let right = stage.options("plain.swf");
    let [hash_option, hash, size_option, size] = right.as_slice() else { panic!("{right:?}") };
    let other_digit = if hash.starts_with('0') { "1" } else { "0" };
    let wrong_hash = format!("{other_digit}{}", &hash[1..]);
    let wrong_size = format!("{size}0");
    let mut refused = 0;
    for way in WAYS {
        for (hash, size) in [(&wrong_hash, size), (hash, &wrong_size)] {
            stage.refuses(way, &[hash_option, hash, size_option, size].map(Clone::clone));
            refused += 1;
        }
        stage.refuses(way, &[]);
        refused += 1;
    }
    let log = stage.server.stop(Signal::TERM).ok().err;
    let said = log.matches("rejected, SWF verification: ").count();
    assert_eq!(said, refused, "{log}");
    assert!(log.contains("this player's SWF file is none that the distribution lists"), "{log}");
    assert!(log.contains(&format!("edge.swf_refused={refused}")), "{log}");
}

#[test]
fn where_no_player_is_listed_a_hash_changes_nothing() {
    let stage = Stage::new();
    let options = stage.options("plain.swf");
    let demo = Server::demo_with(stage.film.path());
    let whole = Frames::of_file(stage.film.path());
    for way in WAYS {
        let url = demo.url_by(way, "mp4:film.mp4");
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let _ = rtmpdump(&url, &stage.saved, &options);
        Frames::of_file(&stage.saved).assert_same(&whole, &url);
    }
    let _ = play(&demo.url_by("rtmpe", "mp4:film.mp4"), &[]).ok();
}
