//! Proxies between a player and the server: what stands in front of many a site, and what HTTP allows them to do.

use std::path::PathBuf;

use millrace_tests::clients::{Played, play, rtmpdump, start_playing};
use millrace_tests::media::{BOTH, Media, sample};
use millrace_tests::server::url_at;
use millrace_tests::{Config, Frames, Juggler, Nginx, Server};

const NAME: &str = "mp4:sample.mp4";

/// rtmpdump, encrypted and not, and ffmpeg must get a film whole through the proxy at this port.
fn arrives_whole_through(port: u16) {
    let whole = Frames::of_file(&sample("sample.mp4"));
    let folder = tempfile::tempdir().expect("a folder");
    let saved: PathBuf = folder.path().join("saved.flv");
    for variant in ["rtmpt", "rtmpte"] {
        let finished = rtmpdump(&url_at(variant, port, NAME), &saved, &[]).ok();
        assert!(finished.err.contains("Download complete"), "{variant}: {}", finished.err);
        Frames::of_file(&saved).assert_same(&whole, variant);
    }
    Frames::of_url(&url_at("rtmpt", port, NAME), &[]).assert_same(&whole, "ffmpeg");
}

#[test]
fn a_reverse_proxy_that_keeps_its_connections_changes_nothing() {
    let server = Server::demo();
    let nginx = Nginx::keeping_connections(server.port());
    arrives_whole_through(nginx.port());
}

#[test]
fn a_reverse_proxy_that_connects_for_each_request_changes_nothing() {
    let server = Server::demo();
    let nginx = Nginx::connecting_anew(server.port());
    arrives_whole_through(nginx.port());
}

#[test]
fn requests_over_several_connections_and_asked_twice_change_nothing() {
    let server = Server::demo();
    let juggler = Juggler::start(server.port());
    arrives_whole_through(juggler.port());
    assert!(juggler.repeated() >= 3, "{} requests of three players were repeated", juggler.repeated());
}

#[test]
fn viewers_who_share_a_proxys_connections_at_their_own_pace_do_not_stall() {
    let server = Server::demo();
    let nginx = Nginx::keeping_connections(server.port());
    let url = url_at("rtmpt", nginx.port(), NAME);
    let viewers = ["--viewers", "20", "--duration", "4s"];
    let report = Played::of(start_playing(&url, &viewers).finish()).ok().report;
    assert_eq!(report["stalled_viewers"], 0, "{report:#}");
}

#[test]
fn a_websocket_brings_the_film_on_every_port_and_through_a_reverse_proxy() {
    let film = Media::make("film.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]);
    let config = Config::of_film(&film, "").with_proxies().with_certificate();
    let mut server = Server::serve(&config);
    let nginx = Nginx::passing_websockets(server.port());
    let (whole, saved) = (Frames::of_file(film.path()), film.beside("saved.flv"));
    for (scheme, port) in [("ws", server.port()), ("wss", server.port()), ("ws", nginx.port())] {
        let url = url_at(scheme, port, "mp4:film.mp4");
        let _ = play(&url, &["--insecure", "--output", &saved.to_string_lossy()]).ok();
        Frames::of_file(&saved).assert_same(&whole, &url);
    }
    let log = server.wait_for_event("viewer 3 192.0.2.7:");
    assert!(log.contains("over rtmp in a WebSocket") && log.contains("over rtmps in a WebSocket"), "{log}");
    let through = log.lines().find(|line| line.contains("viewer 3 192.0.2.7:") && line.contains("connected"));
    assert!(
        through.is_some_and(|line| line.contains("over rtmps in a WebSocket")),
        "TLS ends at the proxy: {log}"
    );
}

#[test]
fn behind_a_balancer_that_says_who_comes_the_log_names_the_viewer() {
    let film = Media::make("film.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]);
    let config = Config::of_film(&film, "").with_proxies().with_certificate();
    let mut server = Server::serve(&config);
    let mut nginx = Nginx::passing_on(server.port());
    let whole = Frames::of_file(film.path());
    let saved = film.beside("saved.flv");
    for (number, variant) in ["rtmp", "rtmpt", "rtmps", "rtmpte"].iter().enumerate() {
        let url = url_at(variant, nginx.port(), "mp4:film.mp4");
        let _ = play(&url, &["--insecure", "--output", &saved.to_string_lossy()]).ok();
        Frames::of_file(&saved).assert_same(&whole, variant);
        // All of them have the same address here, so the port must tell.
        let viewer = format!("viewer {} 127.0.0.1:", number + 1);
        let log = server.wait_for_event(&viewer);
        let seen = log.split_once(&viewer).and_then(|(_, rest)| rest.split_once(": "));
        let (port, _) = seen.unwrap_or_else(|| panic!("no port in {log}"));
        nginx.process().wait_for_out(&format!("client {port}"));
    }
}
