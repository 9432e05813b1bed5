//! Every way in which players write the name of a file.

use std::path::Path;
use std::process::Command;

use millrace_tests::clients::{play, rtmpdump, rtmpdump_clip};
use millrace_tests::media::{BOTH, Media, TONE};
use millrace_tests::process::run;
use millrace_tests::{Frames, Server};

/// A demo with an MP4, an FLV and an MP3 under this path without ending.
struct Shelf {
    server: Server,
    media: [(&'static str, Media, Frames); 3],
}

impl Shelf {
    fn new() -> Self {
        let mp4 = Media::make("x.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]);
        let flv = Media::make("x.flv", &[BOTH, "-t 2 -c:v flv1 -c:a libmp3lame"]);
        let mp3 = Media::make("x.mp3", &[TONE, "-t 2 -c:a libmp3lame"]);
        let media = [("mp4", mp4), ("flv", flv), ("mp3", mp3)].map(|(ending, media)| {
            let frames = Frames::of_file(media.path());
            (ending, media, frames)
        });
        Self { server: Server::demo(), media }
    }

    /// Puts the media of an ending under this key.
    fn put(&self, ending: &str, key: &str) {
        let path = self.server.bucket().join(key);
        std::fs::create_dir_all(path.parent().expect("a key is in the bucket")).expect("a folder");
        std::fs::copy(self.of(ending).0.path(), path).expect("it is copied");
    }

    fn of(&self, ending: &str) -> (&Media, &Frames) {
        let (_, media, frames) = self.media.iter().find(|(own, ..)| *own == ending).expect("one of three");
        (media, frames)
    }

    /// rtmpdump must get the media of an ending by this name.
    fn dumps(&self, ending: &str, name: &str) {
        let (media, frames) = self.of(ending);
        let saved = media.beside("saved.flv");
        rtmpdump_clip(&self.server.url(name), &saved);
        Frames::of_file(&saved).assert_same(frames, name);
    }

    /// So must a player that sends app and name as they are.
    fn plays(&self, ending: &str, app: &str, name: &str) {
        let (media, frames) = self.of(ending);
        let saved = media.beside("saved.flv");
        dump_as(&self.server, app, name, &saved);
        Frames::of_file(&saved).assert_same(frames, &format!("app {app:?}, name {name:?}"));
    }
}

/// rtmpdump with app and name written out, so that it cuts and adds nothing.
fn dump_as(server: &Server, app: &str, name: &str, saved: &Path) {
    let host = format!("127.0.0.1:{}", server.port());
    let mut command = Command::new("rtmpdump");
    command.args(["--rtmp", &format!("rtmp://{host}/"), "--app", app, "--playpath", name]);
    command.args(["--tcUrl", &format!("rtmp://{host}/{app}"), "--flv"]).arg(saved);
    let finished = run(&mut command);
    assert!(matches!(finished.status.code(), Some(0 | 2)), "{app:?} {name:?}: {}", finished.err);
}

#[test]
fn a_name_may_have_a_prefix_an_ending_both_or_neither() {
    let shelf = Shelf::new();
    shelf.put("mp4", "film.mp4");
    shelf.put("flv", "clip.flv");
    shelf.put("mp3", "song.mp3");
    for name in ["mp4:film.mp4", "mp4:film", "film.mp4", "mp4:mp4:film.mp4", "mp4:/film.mp4", "MP4:film.mp4"]
    {
        shelf.dumps("mp4", name);
    }
    for name in ["clip.flv", "clip", "flv:clip", "flv:clip.flv"] {
        shelf.dumps("flv", name);
    }
    for name in ["mp3:song", "mp3:song.mp3", "song.mp3"] {
        shelf.dumps("mp3", name);
    }
}

#[test]
fn a_name_may_hold_spaces_plus_signs_escapes_and_any_letters() {
    let shelf = Shelf::new();
    for key in ["my film.mp4", "a+b.mp4", "100%.mp4", "größe 映画.mp4", "dir/sub dir/x.mp4"] {
        shelf.put("mp4", key);
        shelf.plays("mp4", "cfx/st", &format!("mp4:{key}"));
    }
    for name in ["my%20film.mp4", "my+film.mp4", "a%2Bb.mp4", "gr%C3%B6%C3%9Fe%20%E6%98%A0%E7%94%BB.mp4"] {
        shelf.plays("mp4", "cfx/st", &format!("mp4:{name}"));
    }
}

#[test]
fn a_query_behind_a_name_is_no_part_of_it() {
    let shelf = Shelf::new();
    shelf.put("mp4", "film.mp4");
    shelf.put("flv", "clip.flv");
    shelf.plays("mp4", "cfx/st", "mp4:film.mp4?p=2&q=4");
    shelf.plays("mp4", "cfx/st", "film.mp4?Expires=1&x=a/b");
    shelf.plays("flv", "cfx/st", "clip?token=1");
    shelf.plays("mp4", "cfx/st?key=value", "mp4:film.mp4");
}

#[test]
fn the_application_may_hold_a_part_of_the_path() {
    let shelf = Shelf::new();
    shelf.put("mp4", "dir/film.mp4");
    shelf.put("mp4", "film.mp4");
    for app in ["cfx/st", "cfx/st/", "/cfx/st/", "cfx/st/dir", "cfx/st/dir/"] {
        shelf.plays("mp4", app, "mp4:film.mp4");
    }
    shelf.plays("mp4", "cfx/st/mp4:dir", "film.mp4");
    shelf.plays("mp4", "cfx/st", "mp4:dir/film.mp4");
}

#[test]
fn a_missing_name_ends_every_player_with_an_error() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    let url = server.url("mp4:missing.mp4");
    let dumped = rtmpdump(&url, &folder.path().join("x.flv"), &[]);
    assert!(!dumped.status.success(), "{}", dumped.err);
    let played = run(Command::new("ffmpeg").args(["-nostdin", "-i", &url, "-f", "null", "-"]));
    assert!(!played.status.success() && played.err.contains("missing.mp4"), "{}", played.err);
    let report = play(&url, &[]);
    assert!(report.failures().contains("NetStream.Play.StreamNotFound"), "{}", report.failures());
}

#[test]
fn nothing_outside_of_the_bucket_can_be_named() {
    let mut server = Server::demo();
    std::fs::write(server.bucket().join("../../secret.mp3"), "secret").expect("it can be written");
    for name in ["mp3:../../secret.mp3", "mp3:x/../../../secret.mp3", "mp3:..%2F..%2Fsecret.mp3"] {
        let report = play(&server.url(name), &[]);
        assert!(report.failures().contains("NetStream.Play.StreamNotFound"), "{name}: {}", report.failures());
    }
    assert!(server.process().is_running());
}
