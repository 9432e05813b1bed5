//! Crowds of viewers in tunnels at the pace of play, whom the server must keep supplied.

use millrace_tests::clients::{Played, start_playing};
use millrace_tests::media::{BOTH, Media};
use millrace_tests::{Config, Server};

/// Some hundreds arrive within seconds and play: all of them must get their film in time.
fn play_without_stalls(variant: &str) {
    let film = Media::make("film.mp4", &[BOTH, "-t 12 -bf 2 -c:a aac"]);
    // They all come from one address here, which a site's viewers do not: by default it may make 100 key exchanges
    // in a second.
    let config = Config::of_film(&film, "").with("[limits]\nhandshakes_per_address = 1000");
    let server = Server::serve(&config);
    let crowd = ["--viewers", "300", "--ramp", "3s", "--duration", "8s"];
    let played = Played::of(start_playing(&server.url_by(variant, "mp4:film.mp4"), &crowd).finish()).ok();
    let report = played.report;
    assert_eq!(report["stalled_viewers"], 0, "{report:#}");
    assert_eq!(report["stamps_backwards"], 0, "{report:#}");
    // Each has played what it asked for: eight seconds less what it waited for in the beginning.
    let media_s = report["media_s"].as_f64().expect("a number");
    assert!(media_s > 300.0 * 6.0, "{report:#}");
}

#[test]
fn three_hundred_viewers_in_http_play_without_stalls() {
    play_without_stalls("rtmpt");
}

#[test]
fn three_hundred_viewers_encrypted_in_http_play_without_stalls() {
    play_without_stalls("rtmpte");
}
