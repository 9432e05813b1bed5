//! Where players put a signed name.

use std::path::Path;
use std::process::Command;

use millrace_tests::Frames;
use millrace_tests::binary::millrace;
use millrace_tests::clients::{curl, gstreamer, mpv, play, rtmpdump_clip};
use millrace_tests::media::{BOTH, Media, TONE};
use millrace_tests::process::run;
use millrace_tests::signers::{Conditions, Form, Signer, Terms};

use super::{Cinema, FILM, now};

/// A name as a page's variables hold it.
fn escaped(name: &str) -> String {
    name.replace('?', "%3F").replace('=', "%3D").replace('&', "%26")
}

impl Cinema {
    /// What a viewer saved must be the film.
    fn is_whole(&self, saved: &Path, what: &str) {
        Frames::of_file(saved).assert_same(&self.whole, what);
    }

    /// rtmpdump with app, tcUrl and name as they are must save the film.
    fn dumps_as(&self, app: &str, tc_url: &str, name: &str) {
        let (saved, port) = (self.place("saved.flv"), self.server.port());
        let mut rtmpdump = Command::new("rtmpdump");
        rtmpdump.args(["--rtmp", &format!("rtmp://127.0.0.1:{port}/"), "--app", app, "--playpath", name]);
        rtmpdump.args(["--tcUrl", &format!("rtmp://127.0.0.1:{port}/{tc_url}"), "--flv"]).arg(&saved);
        let finished = run(&mut rtmpdump);
        assert!(
            matches!(finished.status.code(), Some(0 | 2)),
            "{app:?} {tc_url:?} {name:?}: {}",
            finished.err
        );
        self.is_whole(&saved, &format!("{app:?} {tc_url:?} {name:?}"));
    }
}

#[test]
fn a_signed_name_may_be_raw_or_escaped_in_the_name_or_the_url() {
    let cinema = Cinema::new();
    let name = format!("mp4:{}", cinema.signed(FILM));
    let mut sign = Command::new(millrace());
    sign.args(["sign", "--escape", "--key-pair-id", cinema.key.id(), "--key"]).arg(cinema.key.private());
    let for_a_page = run(sign.args(["--stream", &format!("mp4:{FILM}"), "--expires", "1h"])).ok().text();
    assert!(for_a_page.contains("film.mp4%3FExpires%3D") && !for_a_page.contains('&'), "{for_a_page}");
    for name in [&name, &escaped(&name), for_a_page.trim_end()] {
        cinema.dumps_as("cfx/st", "cfx/st", name);
        let url = cinema.server.url(name);
        let saved = cinema.place("saved.flv");
        rtmpdump_clip(&url, &saved);
        cinema.is_whole(&saved, "rtmpdump");
        Frames::of_url(&url, &[]).assert_same(&cinema.whole, "ffmpeg");
        let output = saved.to_string_lossy();
        let _ = play(&url, &["--output", &output]).ok();
        cinema.is_whole(&saved, "millrace play");
    }
}

#[test]
fn what_signs_may_stand_on_the_application_for_players_that_can_not_put_it_on_the_name() {
    let cinema = Cinema::new();
    let name = cinema.signed(FILM);
    let (film, query) = name.split_once('?').expect("it is signed");
    let (film, app) = (format!("mp4:{film}"), format!("cfx/st?{query}"));
    cinema.dumps_as(&app, &app, &film);
    cinema.dumps_as("cfx/st", &app, &film);
    cinema.dumps_as(&app, "cfx/st", &film);
    cinema.dumps_as("cfx/st?color=red", &app, &film);
    let app = format!("cfx/st?color=red&{query}");
    cinema.dumps_as(&app, &app, &film);
}

#[test]
fn a_folder_may_stand_in_the_application_as_the_jw_player_puts_it() {
    let cinema = Cinema::new();
    let name = cinema.signed(FILM);
    let file = format!("mp4:{}", name.strip_prefix("dir/").expect("the film is in a folder"));
    for app in ["cfx/st/dir/", "cfx/st/dir"] {
        cinema.dumps_as(app, app, &file);
        cinema.dumps_as(app, app, &escaped(&file));
    }
    // The older one.
    cinema.dumps_as("cfx/st", "cfx/st", &format!("mp4:{name}"));
    cinema.dumps_as("cfx/st", "cfx/st", &name);
}

#[test]
fn mpv_gstreamer_curl_and_ffmpegs_own_options_take_signed_names() {
    let cinema = Cinema::new();
    let name = format!("mp4:{}", cinema.signed(FILM));
    let (url, saved) = (cinema.server.url(&name), cinema.place("saved.flv"));
    let played = mpv(&url, &[]).ok().text();
    assert!(played.contains("End of file") && !played.contains("rror"), "{played}");
    let _ = gstreamer(&url, &saved).ok();
    cinema.is_whole(&saved, "GStreamer");
    let _ = curl(&url, &saved).ok();
    cinema.is_whole(&saved, "curl");
    let parted = ["-rtmp_app", "cfx/st", "-rtmp_playpath", &name];
    Frames::of_url(&cinema.server.app(), &parted).assert_same(&cinema.whole, "ffmpeg");
}

#[test]
fn a_name_is_signed_with_or_without_its_ending_and_played_with_or_without() {
    let cinema = Cinema::new();
    let flv = Media::make("clip.flv", &[BOTH, "-t 2 -c:v flv1 -c:a libmp3lame"]);
    let mp3 = Media::make("song.mp3", &[TONE, "-t 2 -c:a libmp3lame"]);
    for media in [&flv, &mp3] {
        std::fs::copy(media.path(), cinema.film.beside(media.name())).expect("it is copied");
    }
    let cases = [
        (
            &cinema.film,
            ["dir/film.mp4", "dir/film"],
            &["mp4:dir/film.mp4", "mp4:dir/film", "dir/film.mp4"][..],
        ),
        (&flv, ["clip.flv", "clip"], &["clip", "flv:clip", "clip.flv", "flv:clip.flv"]),
        (&mp3, ["song.mp3", "song"], &["mp3:song", "mp3:song.mp3", "song.mp3"]),
    ];
    let saved = cinema.place("saved.flv");
    for (media, signed, played) in cases {
        let whole = Frames::of_file(media.path());
        for resource in signed {
            let name = cinema.signed(resource);
            let (_, query) = name.split_once('?').expect("it is signed");
            for name in played {
                rtmpdump_clip(&cinema.server.url(&format!("{name}?{query}")), &saved);
                Frames::of_file(&saved).assert_same(&whole, &format!("{resource} as {name}"));
            }
        }
    }
}

#[test]
fn a_policy_may_be_for_a_folder_and_lets_nobody_out_of_it() {
    let cinema = Cinema::new();
    let custom = Some(Conditions { begin: now() - 60, network: "0.0.0.0/0" });
    let terms = Terms { end: now() + 3600, custom };
    for pattern in ["dir/*", "d*lm.mp4", "dir/f?lm.*", "*/film.mp4", "*"] {
        let signed = Form::Php.sign(&cinema.key, pattern, &terms);
        let (_, query) = signed.split_once("Policy=").expect("it has a policy");
        cinema.dumps_as("cfx/st", "cfx/st", &format!("mp4:{FILM}?Policy={query}"));
        let outside = cinema.play(&format!("mp4:film.mp4?Policy={query}")).failures();
        match pattern {
            "*" => assert_eq!(outside, "{}"),
            _ => assert!(outside.contains("the policy is for"), "{pattern}: {outside}"),
        }
    }
}

/// Signers that write a canned policy each in its own way.
const WRITERS: [&str; 7] = [
    "botocore, rsa",
    "aws cloudfront sign 2, Debian",
    "@aws-sdk/cloudfront-signer",
    "aws-sdk 2, JavaScript",
    "form of Java and .NET",
    "form of Go 1",
    "millrace sign",
];

#[test]
fn files_may_be_called_anything_and_lie_anywhere_and_have_queries_of_their_own() {
    let cinema = Cinema::new();
    for key in ["größe 映画.mp4", "a+b.mp4", "root.mp4"] {
        std::fs::copy(cinema.film.path(), cinema.film.beside(key)).expect("it is copied");
    }
    for signer in WRITERS.into_iter().map(Signer::called).chain([Signer::called("form of Ruby")]) {
        for name in ["größe 映画.mp4", "a+b.mp4", "root.mp4", "root.mp4?color=red&size=medium"] {
            if name.contains(' ') && signer.name == "form of Ruby" {
                // It makes folders of spaces.
                continue;
            }
            let signed = signer.sign(&cinema.key, name, &Terms::canned(now() + 3600));
            cinema.dumps_as("cfx/st", "cfx/st", &format!("mp4:{signed}"));
        }
    }
}
