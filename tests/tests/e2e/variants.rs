//! The other variants: encrypted (RTMPE), in HTTP (RTMPT), in TLS (RTMPS), and two of these at once, through every
//! port, since a player tries whatever gets through its firewall.

use std::path::Path;
use std::process::Command;

use millrace_tests::clients::{curl, curl_page, gstreamer, mpv, play, rtmpdump};
use millrace_tests::media::{BOTH, Media, SAMPLES, sample};
use millrace_tests::process::run;
use millrace_tests::server::{VARIANTS, url_at};
use millrace_tests::{Frames, Server};

/// Those that FFmpeg has as Debian builds it: none that is encrypted.
pub(crate) const FFMPEG: [&str; 4] = ["rtmp", "rtmpt", "rtmps", "rtmpts"];

/// Every way to a stream: each variant at each port.
fn ways(server: &Server, name: &str) -> Vec<String> {
    let at = |port: &u16| VARIANTS.map(|variant| url_at(variant, *port, name));
    server.ports().iter().flat_map(at).collect()
}

/// Players mostly wait for the clock, so those of different variants wait together.
pub(crate) fn at_one_time(variants: [&str; 4], test: impl Fn(&str) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        for variant in variants {
            scope.spawn(move || test(variant));
        }
    });
}

/// What rtmpdump saves of a whole sample, which it must call complete.
fn download(url: &str, saved: &Path) -> Vec<u8> {
    let finished = rtmpdump(url, saved, &[]).ok();
    assert!(finished.err.contains("Download complete"), "{url}: {}", finished.err);
    std::fs::read(saved).expect("it was saved")
}

#[test]
fn rtmpdump_saves_the_same_bytes_by_every_variant_at_every_port() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    for (file, name) in SAMPLES {
        let saved = folder.path().join("saved.flv");
        let whole = download(&server.url(name), &saved);
        Frames::of_file(&saved).assert_same(&Frames::of_file(&sample(file)), file);
        for url in ways(&server, name) {
            assert!(download(&url, &saved) == whole, "{url}: not the bytes that came by rtmp");
        }
    }
}

#[test]
fn millrace_play_saves_the_same_bytes_by_every_variant_and_kind_of_rtmpe_at_every_port() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved.flv");
    let save = |url: &str, options: &[&str]| {
        let output = saved.to_string_lossy();
        let options = [options, &["--insecure", "--output", &output]].concat();
        let _ = play(url, &options).ok();
        std::fs::read(&saved).expect("it was saved")
    };
    let name = "mp4:sample.mp4";
    let whole = save(&server.url(name), &[]);
    Frames::of_file(&saved).assert_same(&Frames::of_file(&sample("sample.mp4")), "rtmp");
    for url in ways(&server, name) {
        let kinds: &[&str] = if url.contains("e:") { &["6", "8", "9"] } else { &["6"] };
        for kind in kinds {
            assert!(save(&url, &["--rtmpe-type", kind]) == whole, "{url}, {kind}: not the bytes of rtmp");
        }
    }
}

#[test]
fn ffmpeg_gets_every_sample_whole_at_every_port() {
    let server = Server::demo();
    for (file, name) in SAMPLES {
        let whole = Frames::of_file(&sample(file));
        at_one_time(FFMPEG, |variant| {
            for port in server.ports() {
                let url = url_at(variant, *port, name);
                Frames::of_url(&url, &[]).assert_same(&whole, &url);
            }
        });
    }
}

#[test]
fn ffprobe_finds_picture_and_sound_by_each_variant() {
    let server = Server::demo();
    at_one_time(FFMPEG, |variant| {
        let mut ffprobe = Command::new("ffprobe");
        ffprobe.args(["-v", "error", "-of", "csv=p=0", "-show_entries", "stream=codec_name"]);
        let finished = run(ffprobe.arg(server.url_by(variant, "mp4:sample.mp4"))).ok();
        let text = finished.text();
        assert!(text.contains("h264") && text.contains("aac"), "{variant}: {text} {}", finished.err);
    });
}

#[test]
fn curl_saves_a_film_encrypted_and_in_tls_and_ends() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved.flv");
    let whole = Frames::of_file(&sample("sample.mp4"));
    // Not in HTTP: curl reads only when something has come, and librtmp asks for more only when it is read from.
    for variant in ["rtmp", "rtmpe", "rtmps"] {
        for port in server.ports() {
            let url = url_at(variant, *port, "mp4:sample.mp4");
            let _ = curl(&url, &saved).ok();
            Frames::of_file(&saved).assert_same(&whole, &url);
        }
    }
}

#[test]
fn gstreamer_saves_a_film_through_tls_and_ends() {
    let media = Media::make("x.mp4", &[BOTH, "-t 4 -bf 2 -c:a aac"]);
    let server = Server::demo_with(media.path());
    let saved = media.beside("saved.flv");
    let whole = Frames::of_file(media.path());
    for port in server.ports() {
        for variant in ["rtmp", "rtmps"] {
            let url = url_at(variant, *port, "mp4:x.mp4");
            let _ = gstreamer(&url, &saved).ok();
            Frames::of_file(&saved).assert_same(&whole, &url);
        }
    }
}

#[test]
fn mpv_plays_to_the_end_through_http_and_tls() {
    let server = Server::demo();
    at_one_time(FFMPEG, |variant| {
        let url = server.url_by(variant, "mp4:sample.mp4");
        let finished = mpv(&url, &["--start=25"]).ok();
        let text = finished.text();
        assert!(text.contains("End of file") && !text.contains("rror"), "{url}: {text} {}", finished.err);
    });
}

#[test]
fn every_port_answers_to_browsers_in_http_and_https() {
    let server = Server::demo();
    for port in server.ports() {
        for scheme in ["http", "https"] {
            let site = format!("{scheme}://127.0.0.1:{port}");
            let policy = curl_page(&format!("{site}/crossdomain.xml"));
            assert!(policy.starts_with("HTTP/1.1 200 OK\r\n"), "{site}: {policy}");
            assert!(policy.contains("Content-Type: text/x-cross-domain-policy\r\n"), "{site}: {policy}");
            assert!(policy.contains("<allow-access-from domain=\"*\""), "{site}: {policy}");
            let page = curl_page(&format!("{site}/"));
            assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{site}: {page}");
            assert!(page.contains(&format!("rtmp://127.0.0.1:{port}/cfx/st/")), "{site}: {page}");
            let missing = curl_page(&format!("{site}/favicon.ico"));
            assert!(missing.starts_with("HTTP/1.1 404 Not Found\r\n"), "{site}: {missing}");
        }
    }
}
