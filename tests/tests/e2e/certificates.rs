//! Certificates as players see them: made by the program, asked for by name, renewed while somebody plays.

use std::path::Path;
use std::process::{Command, Stdio};

use millrace_tests::clients::{Played, play, rtmpdump_clip, start_playing};
use millrace_tests::media::{BOTH, Media};
use millrace_tests::process::run;
use millrace_tests::{Config, Frames, Server};

/// A film, served by TLS as well.
fn stage(seconds: u32) -> (Media, Config) {
    let film = Media::make("film.mp4", &[BOTH, &format!("-t {seconds} -bf 2 -c:a aac")]);
    let config = Config::of_film(&film, "").with_certificate().with("[tls]\ncheck_every = \"100ms\"");
    (film, config)
}

/// What openssl prints of a certificate in a file.
fn fingerprint(pem: &Path) -> String {
    let mut openssl = Command::new("openssl");
    run(openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(pem)).ok().text()
}

/// The same of the one that the server shows.
fn shown_fingerprint(server: &Server) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-connect", &format!("127.0.0.1:{}", server.port())]);
    let shown = run(openssl.stdin(Stdio::null())).ok();
    let folder = tempfile::tempdir().expect("a folder");
    let pem = folder.path().join("shown.pem");
    std::fs::write(&pem, &shown.out).expect("it can be written");
    fingerprint(&pem)
}

#[test]
fn a_certificate_that_the_program_made_does_for_players() {
    let (film, config) = stage(2);
    let server = Server::serve(&config);
    let (saved, whole) = (film.beside("saved.flv"), Frames::of_file(film.path()));
    for variant in ["rtmps", "rtmpts"] {
        let url = server.url_by(variant, "mp4:film.mp4");
        rtmpdump_clip(&url, &saved);
        Frames::of_file(&saved).assert_same(&whole, &url);
        Frames::of_url(&url, &[]).assert_same(&whole, &url);
    }
    assert_eq!(shown_fingerprint(&server), fingerprint(&config.folder().join("cert.pem")));
}

#[test]
fn who_verifies_needs_the_certificate() {
    let (_film, config) = stage(2);
    let server = Server::serve(&config);
    let ca = config.folder().join("cert.pem");
    for variant in ["rtmps", "rtmpts"] {
        let url = server.url_by(variant, "mp4:film.mp4");
        let _ = play(&url, &["--ca", &ca.to_string_lossy()]).ok();
        let refused = play(&url, &[]);
        assert_eq!(refused.status, Some(1), "{:#}", refused.report);
        assert!(refused.failures().contains("UnknownIssuer"), "{}", refused.failures());
    }
}

#[test]
fn a_certificate_that_is_renewed_while_somebody_plays_is_seen_by_the_next() {
    let (_film, config) = stage(6);
    let mut server = Server::serve(&config);
    let url = server.url_by("rtmps", "mp4:film.mp4");
    let old = shown_fingerprint(&server);
    let mut viewer = start_playing(&url, &["--insecure"]);
    server.wait_for_event("plays \"mp4:film.mp4\"");
    let certificate = config.renew_certificate();
    server.wait_for_event("renewed certificates are in force");
    let new = shown_fingerprint(&server);
    assert_eq!(new, fingerprint(&certificate));
    assert_ne!(new, old);
    let _ = play(&url, &["--ca", &certificate.to_string_lossy()]).ok();
    assert!(viewer.is_running(), "the film was over before the next viewer came");
    let _ = Played::of(viewer.finish()).ok();
}
