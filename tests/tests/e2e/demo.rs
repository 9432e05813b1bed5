//! `millrace demo`: what a person sees who tries it out.

use std::net::TcpListener;
use std::process::Command;

use millrace_tests::binary::millrace;
use millrace_tests::clients::{play, start_playing};
use millrace_tests::media::{BOTH, Media, sample};
use millrace_tests::process::run;
use millrace_tests::{Frames, Server};
use rustix::process::Signal;

#[test]
fn each_line_that_it_prints_for_rtmpdump_works_as_printed() {
    let mut server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    let text = server.process().out();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("rtmpdump ")).collect();
    assert_eq!(lines.len(), 3 + 5, "each sample, and each other variant: {text}");
    for line in lines {
        let _ = run(Command::new("sh").args(["-c", line]).current_dir(folder.path())).ok();
    }
    for variant in ["rtmpe", "rtmpt", "rtmpte", "rtmps", "rtmpts"] {
        let saved = folder.path().join(format!("sample-{variant}.flv"));
        Frames::of_file(&saved).assert_same(&Frames::of_file(&sample("sample.mp4")), variant);
    }
    for file in ["sample.mp4", "sample.flv", "sample.mp3"] {
        let saved = folder.path().join(format!("{}.flv", file.replace('.', "-")));
        Frames::of_file(&saved).assert_same(&Frames::of_file(&sample(file)), file);
    }
}

#[test]
fn the_url_of_each_other_line_is_one_that_plays() {
    let mut server = Server::demo();
    let text = server.process().out();
    for (player, count) in [("ffplay", 3 + 3), ("vlc", 3), ("mpv", 3)] {
        let urls: Vec<&str> =
            text.lines().filter_map(|line| line.trim().strip_prefix(player)).map(str::trim).collect();
        assert_eq!(urls.len(), count, "{player}: {text}");
        urls.iter().for_each(|url| drop(play(url, &["--insecure"]).ok()));
    }
}

#[test]
fn a_busy_port_is_told_with_its_holder_and_the_flag_to_change_it() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = holder.local_addr().expect("it has an address").port().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let flags = ["--rtmp-port", "--http-port", "--tls-port"];
    for flag in flags {
        let mut command = Command::new(millrace());
        command
            .arg("demo")
            .args(flags.iter().flat_map(|other| [*other, if *other == flag { &port } else { "0" }]));
        let finished = run(command.arg("--data-dir").arg(folder.path()));
        assert_eq!(finished.status.code(), Some(1), "{}", finished.err);
        let own = std::process::id().to_string();
        for word in [port.as_str(), "in use", own.as_str(), flag] {
            assert!(finished.err.contains(word), "{word:?} is not in {}", finished.err);
        }
    }
}

#[test]
fn ctrl_c_ends_it_with_status_0() {
    let finished = Server::demo().stop(Signal::INT).ok();
    assert!(finished.text().ends_with("stopping\n"), "{}", finished.text());
}

#[test]
fn ctrl_c_ends_it_with_status_0_while_a_viewer_plays() {
    let mut server = Server::demo();
    let viewer = start_playing(&server.url("mp4:sample.mp4"), &[]);
    server.wait_for_event("plays \"mp4:sample.mp4\"");
    let _ = server.stop(Signal::INT).ok();
    drop(viewer.finish());
}

#[test]
fn each_thing_that_a_viewer_does_is_one_line() {
    let mut server = Server::demo();
    let _ = play(&server.url("mp4:sample.mp4"), &[]).ok();
    let text = server.wait_for_event("gone after");
    for event in ["viewer 1 127.0.0.1:", "connected to demo", "plays \"mp4:sample.mp4\"", "got all of"] {
        assert!(text.contains(event), "{event:?} is not in {text}");
    }
}

#[test]
fn a_file_that_is_dropped_into_the_bucket_plays_at_once() {
    let server = Server::demo();
    let media = Media::make("mine.mp4", &[BOTH, "-t 2 -c:a aac"]);
    let url = server.url("mp4:mine.mp4");
    // Asked for before it is there, it must not stay missing for long.
    assert!(play(&url, &[]).failures().contains("StreamNotFound"));
    server.drop_in(media.path());
    let began = std::time::Instant::now();
    while play(&url, &[]).status != Some(0) {
        assert!(began.elapsed() < millrace_tests::process::DEADLINE, "it stays missing");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let other = Media::make("other.mp4", &[BOTH, "-t 2 -c:a aac"]);
    server.drop_in(other.path());
    Frames::of_url(&server.url("mp4:other.mp4"), &[]).assert_same(&Frames::of_file(other.path()), "at once");
}

#[test]
fn a_file_that_is_replaced_plays_as_the_new_one() {
    let first = Media::make("x.mp4", &[BOTH, "-t 2 -c:a aac"]);
    let second = Media::make("x.mp4", &[BOTH, "-t 3 -bf 2 -c:a aac -vf hflip"]);
    let server = Server::demo_with(first.path());
    let url = server.url("mp4:x.mp4");
    Frames::of_url(&url, &[]).assert_same(&Frames::of_file(first.path()), "the old file");
    server.drop_in(second.path());
    let new = Frames::of_file(second.path());
    let began = std::time::Instant::now();
    while Frames::of_url(&url, &[]).video.len() != new.video.len() {
        assert!(began.elapsed() < millrace_tests::process::DEADLINE, "the old file stays");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    Frames::of_url(&url, &[]).assert_same(&new, "the new file");
}

#[test]
fn a_second_start_keeps_what_is_in_the_data_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let media = Media::make("sample.mp4", &[BOTH, "-t 2 -c:a aac"]);
    let server = Server::demo_in(folder.path());
    server.drop_in(media.path());
    let _ = server.stop(Signal::TERM).ok();
    let server = Server::demo_in(folder.path());
    let again = Frames::of_url(&server.url("mp4:sample.mp4"), &[]);
    again.assert_same(&Frames::of_file(media.path()), "one's own file under the name of a sample");
}

#[test]
fn help_of_every_command_says_what_it_is_for() {
    for command in [
        &[][..],
        &["demo"],
        &["serve"],
        &["play"],
        &["config"],
        &["config", "check"],
        &["cert"],
        &["cert", "self-signed"],
        &["swf"],
    ] {
        let text = run(Command::new(millrace()).args(command).arg("--help")).ok().text();
        assert!(text.contains("Usage: millrace"), "{command:?}: {text}");
    }
}
