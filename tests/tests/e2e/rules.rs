//! What a distribution allows, and how a tunnel ends with the server.

use millrace_tests::clients::{Played, rtmpdump, rtmpdump_clip, start_playing};
use millrace_tests::media::{BOTH, Media};
use millrace_tests::{Config, Frames, Server};
use rustix::process::Signal;

#[test]
fn a_distribution_for_tls_only_refuses_everybody_else_and_says_so() {
    let film = Media::make("film.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]);
    // Nobody is waited for in the end.
    let config = Config::of_film(&film, "variants = [\"rtmps\", \"rtmpts\"]")
        .with_certificate()
        .with("[drain]\ndeadline = \"100ms\"");
    let server = Server::serve(&config);
    let (saved, whole) = (film.beside("saved.flv"), Frames::of_file(film.path()));
    for variant in ["rtmp", "rtmpe", "rtmpt", "rtmpte"] {
        let dumped = rtmpdump(&server.url_by(variant, "mp4:film.mp4"), &saved, &["--verbose"]);
        assert!(!dumped.status.success(), "{variant}: {}", dumped.err);
        assert!(dumped.err.contains("NetConnection.Connect.Rejected"), "{variant}: {}", dumped.err);
        assert!(dumped.err.contains("ProtocolNotAllowed"), "{variant}: {}", dumped.err);
        assert!(dumped.err.contains(&format!("{variant} is not allowed here")), "{variant}: {}", dumped.err);
    }
    for variant in ["rtmps", "rtmpts"] {
        rtmpdump_clip(&server.url_by(variant, "mp4:film.mp4"), &saved);
        Frames::of_file(&saved).assert_same(&whole, variant);
    }
    let log = server.stop(Signal::TERM).ok().err;
    assert_eq!(log.matches("rejected, ProtocolNotAllowed").count(), 4, "{log}");
    let counted = log.lines().find(|line| line.contains("edge.accepted=")).expect("what was counted");
    for counter in ["rtmp.refused=1", "rtmpe.refused=1", "rtmpt.refused=1", "rtmpte.refused=1"] {
        assert!(counted.contains(&format!("edge.{counter} ")), "{counter:?} is not in {counted}");
    }
    for counter in ["rtmps.refused=0", "rtmps.connected=1", "rtmpts.connected=1", "rtmp.connected=0"] {
        assert!(counted.contains(&format!("edge.{counter} ")), "{counter:?} is not in {counted}");
    }
}

#[test]
fn sigterm_lets_viewers_in_tunnels_play_to_the_end() {
    let film = Media::make("film.mp4", &[BOTH, "-t 5 -bf 2 -c:a aac"]);
    let config = Config::of_film(&film, "").with_certificate();
    let mut server = Server::serve(&config);
    let viewers = ["rtmpt", "rtmpte", "rtmpts"].map(|variant| {
        let saved = film.beside(&format!("{variant}.flv"));
        // What stands behind the question mark only tells them apart.
        let url = server.url_by(variant, &format!("mp4:film.mp4?{variant}"));
        (variant, start_playing(&url, &["--insecure", "--output", &saved.to_string_lossy()]), saved)
    });
    for (variant, ..) in &viewers {
        server.wait_for_event(&format!("plays \"mp4:film.mp4?{variant}\""));
    }
    server.process().signal(Signal::TERM);
    let whole = Frames::of_file(film.path());
    for (variant, viewer, saved) in viewers {
        let _ = Played::of(viewer.finish()).ok();
        Frames::of_file(&saved).assert_same(&whole, variant);
    }
    let log = server.stop_waiting().ok().err;
    assert!(log.contains("stopped") && !log.contains("the deadline has come"), "{log}");
}

#[test]
fn who_leaves_a_tunnel_leaves_nothing_behind() {
    let film = Media::make("film.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]);
    let config = Config::of_film(&film, "").with_certificate();
    let server = Server::serve(&config);
    let mut left = 0;
    for variant in ["rtmpt", "rtmpte", "rtmpts"] {
        for _ in 0..3 {
            // It sends several requests at once in the end, the last one to close, and waits for no answer.
            rtmpdump_clip(&server.url_by(variant, "mp4:film.mp4"), &film.beside("saved.flv"));
            left += 1;
        }
    }
    for variant in ["rtmpt", "rtmpts"] {
        let _ = Frames::of_url(&server.url_by(variant, "mp4:film.mp4"), &[]);
        left += 1;
    }
    // A session that was not closed would keep the server waiting until it has been silent for long.
    let log = server.stop(Signal::TERM).ok().err;
    assert_eq!(log.matches("gone after").count(), left, "{log}");
    assert!(!log.contains("no request in time"), "{log}");
}
