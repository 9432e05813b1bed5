//! `millrace serve`: distributions by host, reloads, and the end.

use std::net::TcpStream;
use std::process::Command;

use millrace_tests::binary::millrace;
use millrace_tests::clients::{Played, play, rtmpdump_by_host, start_playing};
use millrace_tests::media::{BOTH, Media};
use millrace_tests::process::{DEADLINE, run};
use millrace_tests::{Config, Frames, Server};
use rustix::process::Signal;

/// A configuration with the folder of each film as a bucket of the film's name without ending.
fn config(films: &[&Media]) -> Config {
    films.iter().fold(Config::new(), |config, film| config.with(&bucket(film)))
}

fn bucket(film: &Media) -> String {
    let folder = film.path().parent().expect("a film lies in a folder");
    format!("[[bucket]]\nname = {:?}\nfolder = {folder:?}", film.name().trim_end_matches(".mp4"))
}

fn film(name: &str, more: &str) -> Media {
    Media::make(name, &[BOTH, "-bf 2 -c:a aac", more])
}

/// Plays a film for a few seconds at its own pace, and waits until it plays.
fn start_viewer(server: &mut Server, name: &str) -> millrace_tests::Running {
    let viewer = start_playing(&server.url(&format!("mp4:{name}")), &[]);
    server.wait_for_event(&format!("plays \"mp4:{name}\""));
    viewer
}

#[test]
fn the_host_that_a_player_names_chooses_the_distribution() {
    let (one, two) = (film("one.mp4", "-t 2"), film("two.mp4", "-t 2"));
    let config = config(&[&one, &two])
        .with_distribution(
            "E1",
            "s1.example.net",
            "one",
            "aliases = [\"media.example.com\", \"*.video.example.com\"]",
        )
        .with_distribution("E2", "s2.example.net", "two", "");
    let server = Server::serve(&config);
    let saved = one.beside("saved.flv");
    for host in ["s1.example.net", "S1.EXAMPLE.NET:1935", "media.example.com", "a.video.example.com"] {
        let dumped = rtmpdump_by_host(host, "cfx/st", &server, "mp4:one.mp4", &saved);
        assert!(matches!(dumped.status.code(), Some(0 | 2)), "{host}: {}", dumped.err);
        Frames::of_file(&saved).assert_same(&Frames::of_file(one.path()), host);
        let other = rtmpdump_by_host(host, "cfx/st", &server, "mp4:two.mp4", &saved);
        assert!(other.err.contains("NetStream.Play.StreamNotFound"), "{host}: {}", other.err);
    }
    let dumped = rtmpdump_by_host("s2.example.net", "cfx/st", &server, "mp4:two.mp4", &saved);
    assert!(matches!(dumped.status.code(), Some(0 | 2)), "{}", dumped.err);
}

#[test]
fn hosts_without_distribution_disabled_ones_and_wrong_apps_are_refused_in_cloudfronts_words() {
    let film = film("film.mp4", "-t 2");
    let config = config(&[&film]).with_distribution("E1", "s1.example.net", "film", "").with_distribution(
        "E2",
        "s2.example.net",
        "film",
        "enabled = false",
    );
    let server = Server::serve(&config);
    let saved = film.beside("saved.flv");
    for (host, app, reason) in [
        ("s2.example.net", "cfx/st", "DistributionNotFound"),
        ("s3.example.net", "cfx/st", "DistributionNotFound"),
        ("127.0.0.1", "cfx/st", "DistributionNotFound"),
        ("s1.example.net", "cfx/other", "InvalidInstance"),
        ("s1.example.net", "vod", "InvalidURI"),
    ] {
        let dumped = rtmpdump_by_host(host, app, &server, "mp4:film.mp4", &saved);
        assert!(!dumped.status.success(), "{host} {app}");
        assert!(dumped.err.contains("NetConnection.Connect.Rejected"), "{host} {app}: {}", dumped.err);
        assert!(dumped.err.contains(reason), "{host} {app}: {}", dumped.err);
    }
}

#[test]
fn a_default_distribution_answers_to_bare_addresses_and_unknown_hosts() {
    let film = film("film.mp4", "-t 2");
    let config = config(&[&film]).with_distribution("E1", "s1.example.net", "film", "").with_default("E1");
    let server = Server::serve(&config);
    let _ = play(&server.url("mp4:film.mp4"), &[]).ok();
    let saved = film.beside("saved.flv");
    let dumped = rtmpdump_by_host("unknown.example.org", "cfx/st", &server, "mp4:film.mp4", &saved);
    assert!(matches!(dumped.status.code(), Some(0 | 2)), "{}", dumped.err);
}

#[test]
fn the_default_configuration_is_one_that_the_check_finds_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("millrace.toml");
    let default = run(Command::new(millrace()).args(["config", "default"])).ok();
    std::fs::write(&file, &default.out).expect("it can be written");
    let _ = run(Command::new(millrace()).args(["config", "check"]).arg(&file)).ok();
    // The examples in it are good as well, once the files are there that they name.
    std::fs::write(folder.path().join("player.swf"), b"FWS\x08\x08\0\0\0").expect("it can be written");
    let mut certificate = Command::new(millrace());
    certificate.args(["cert", "self-signed", "--certificate", "tls/media.example.com.pem"]);
    let _ = run(certificate.args(["--key", "tls/media.example.com.key"]).current_dir(folder.path())).ok();
    let examples = default.text().replace("#: ", "");
    std::fs::write(&file, examples.replace("/srv/media", &folder.path().to_string_lossy()))
        .expect("it can be written");
    let checked = run(Command::new(millrace()).args(["config", "check"]).arg(&file)).ok();
    assert!(checked.text().contains("millrace.toml"), "{}", checked.text());
}

#[test]
fn a_fault_in_a_configuration_is_told_with_its_line_and_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("millrace.toml");
    for (text, line, field) in [
        ("[listen]\n\nviewers = [\"nowhere\"]\n", "3", "viewers"),
        ("[cache]\nmemroy = \"1 GiB\"\n", "2", "memroy"),
        ("[cache]\nmemory = \"much\"\n", "2", "memory"),
        ("\n[[distribution]]\nid = \"E1\"\ndomain_name = \"x\"\nbucket = \"none\"\n", "5", "bucket"),
    ] {
        std::fs::write(&file, text).expect("it can be written");
        for command in [&["config", "check"] as &[&str], &["serve", "--config"]] {
            let finished = run(Command::new(millrace()).args(command).arg(&file));
            assert_eq!(finished.status.code(), Some(1), "{text}");
            let says = finished.err.contains(line) && finished.err.contains(field);
            assert!(says, "line {line} and {field:?} are not in {}", finished.err);
        }
    }
}

#[test]
fn sighup_adds_a_distribution_and_the_viewer_who_plays_notices_nothing() {
    let (one, two) = (film("one.mp4", "-t 6"), film("two.mp4", "-t 2"));
    let mut config = config(&[&one]).with_distribution("E1", "s1.example.net", "one", "").with_default("E1");
    let mut server = Server::serve(&config);
    let saved = two.beside("saved.flv");
    let before = rtmpdump_by_host("s2.example.net", "cfx/st", &server, "mp4:two.mp4", &saved);
    assert!(before.err.contains("StreamNotFound"), "{}", before.err);
    let viewer = start_viewer(&mut server, "one.mp4");
    config.add(&bucket(&two));
    config.add_distribution("E2", "s2.example.net", "two", "");
    let _ = config.path();
    server.process().signal(Signal::HUP);
    server.wait_for_event("were read again");
    let after = rtmpdump_by_host("s2.example.net", "cfx/st", &server, "mp4:two.mp4", &saved);
    assert!(matches!(after.status.code(), Some(0 | 2)), "{}", after.err);
    Frames::of_file(&saved).assert_same(&Frames::of_file(two.path()), "the new distribution");
    let _ = Played::of(viewer.finish()).ok();
}

#[test]
fn a_broken_file_at_sighup_changes_nothing() {
    let film = film("film.mp4", "-t 4");
    let config = config(&[&film]).with_distribution("E1", "s1.example.net", "film", "").with_default("E1");
    let mut server = Server::serve(&config);
    let viewer = start_viewer(&mut server, "film.mp4");
    std::fs::write(config.path(), "default_distribution = \"E9\"\n").expect("it can be written");
    server.process().signal(Signal::HUP);
    let log = server.wait_for_event("stays in force");
    assert!(log.contains("default_distribution"), "{log}");
    let _ = play(&server.url("mp4:film.mp4"), &[]).ok();
    let _ = Played::of(viewer.finish()).ok();
}

#[test]
fn a_viewer_who_plays_plays_on_when_its_distribution_is_gone() {
    let film = film("film.mp4", "-t 6");
    let config = config(&[&film]).with_distribution("E1", "s1.example.net", "film", "").with_default("E1");
    let mut server = Server::serve(&config);
    let viewer = start_viewer(&mut server, "film.mp4");
    std::fs::write(config.path(), "").expect("it can be written");
    server.process().signal(Signal::HUP);
    server.wait_for_event("were read again");
    let failures = play(&server.url("mp4:film.mp4"), &[]).failures();
    assert!(failures.contains("DistributionNotFound"), "{failures}");
    let _ = Played::of(viewer.finish()).ok();
}

#[test]
fn sigterm_lets_the_viewer_who_plays_finish_and_takes_no_more() {
    let film = film("film.mp4", "-t 6");
    let config = config(&[&film]).with_distribution("E1", "s1.example.net", "film", "").with_default("E1");
    let mut server = Server::serve(&config);
    let viewer = start_viewer(&mut server, "film.mp4");
    server.process().signal(Signal::TERM);
    server.wait_for_event("stopping");
    let began = std::time::Instant::now();
    while TcpStream::connect(("127.0.0.1", server.port())).is_ok() {
        assert!(began.elapsed() < DEADLINE, "new viewers are still taken");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(server.process().is_running(), "it waits for the viewer");
    let _ = Played::of(viewer.finish()).ok();
    let finished = server.stop_waiting().ok();
    assert!(finished.err.contains("stopped"), "{}", finished.err);
}

#[test]
fn the_deadline_of_a_drain_ends_viewers_and_the_status_is_still_0() {
    let film = film("film.mp4", "");
    let config = config(&[&film])
        .with_distribution("E1", "s1.example.net", "film", "")
        .with_default("E1")
        .with("[drain]\ndeadline = \"500ms\"");
    let mut server = Server::serve(&config);
    let viewer = start_viewer(&mut server, "film.mp4");
    let finished = server.stop(Signal::TERM).ok();
    assert!(finished.err.contains("the deadline has come"), "{}", finished.err);
    assert_eq!(Played::of(viewer.finish()).status, Some(1));
}

#[test]
fn a_viewer_too_many_is_refused_and_the_others_play_on() {
    let film = film("film.mp4", "-t 4");
    let config = config(&[&film])
        .with_distribution("E1", "s1.example.net", "film", "")
        .with_default("E1")
        .with("[limits]\nconnections = 1");
    let mut server = Server::serve(&config);
    let viewer = start_viewer(&mut server, "film.mp4");
    assert_eq!(play(&server.url("mp4:film.mp4"), &[]).report["failed"], 1);
    let _ = Played::of(viewer.finish()).ok();
    server.wait_for_event("gone after");
    let _ = play(&server.url("mp4:film.mp4"), &[]).ok();
}

#[test]
fn a_log_for_machines_is_one_object_a_line() {
    let film = film("film.mp4", "-t 2");
    let config = config(&[&film])
        .with_distribution("E1", "s1.example.net", "film", "")
        .with_default("E1")
        .with("[log]\nformat = \"json\"");
    let mut server = Server::serve(&config);
    let _ = play(&server.url("mp4:film.mp4"), &[]).ok();
    server.wait_for_event("gone after");
    let finished = server.stop(Signal::TERM).ok();
    for line in finished.err.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
    }
}
