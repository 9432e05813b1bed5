//! HTTP/2 as clients that others wrote speak it: nghttp, h2load and curl, over TLS and without; and as one speaks it that
//! breaks every rule.

use std::path::{Path, PathBuf};
use std::process::Command;

use millrace_tests::process::run;
use millrace_tests::{Config, Running};
use rustix::process::Signal;

use super::site::{HOST, Site, curl, script};

/// Without TLS by prior knowledge, and with TLS by ALPN.
const SCHEMES: [&str; 2] = ["http", "https"];

fn site() -> Site {
    Site::new(Config::new().with_certificate(), "")
}

/// Bytes of which no two runs are the same, so that a part in the wrong place shows.
fn bytes(length: usize) -> Vec<u8> {
    (0..).flat_map(|number: u32| number.wrapping_mul(0x9e37_79b1).to_be_bytes()).take(length).collect()
}

/// nghttp with these options and paths. It knows the host's address only, and is told the name.
fn nghttp_command(site: &Site, scheme: &str, options: &[&str], paths: &[&str]) -> Command {
    let mut command = Command::new("stdbuf");
    command.args(["-oL", "nghttp", "-y", "-H", &format!(":authority: {HOST}")]).args(options);
    let urls = paths.iter().map(|path| format!("{scheme}://127.0.0.1:{}{path}", site.server.port()));
    command.args(urls);
    command
}

/// The bodies, as they come.
fn nghttp(site: &Site, scheme: &str, options: &[&str], paths: &[&str]) -> Vec<u8> {
    run(&mut nghttp_command(site, scheme, options, paths)).ok().out
}

/// All frames in words, as they come and go.
fn frames(site: &Site, options: &[&str], path: &str) -> String {
    let options = [&["-v", "--no-dep"], options].concat();
    run(&mut nghttp_command(site, "http", &options, &[path])).ok().text()
}

/// What the origin says that it was asked.
fn told(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
}

/// A file's digest by another program.
fn sha256(file: &Path) -> String {
    let text = run(Command::new("sha256sum").arg(file)).ok().text();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn settings_are_acknowledged_and_nothing_is_pushed() {
    let site = site();
    site.put("page.html", b"<link rel=stylesheet href=style.css><img src=a.png>");
    site.put("style.css", b"p { color: red }");
    site.put("a.png", b"no picture");
    let seen = frames(&site, &["-a"], "/page.html");
    assert!(seen.contains("recv SETTINGS frame <length=0, flags=0x01, stream_id=0>"), "{seen}");
    assert!(seen.contains("[SETTINGS_MAX_CONCURRENT_STREAMS(0x03):100]"), "{seen}");
    assert_eq!(seen.matches(":status: 200").count(), 3, "{seen}");
    assert!(!seen.contains("PUSH_PROMISE") && !seen.contains("recv RST_STREAM"), "{seen}");
}

#[test]
fn many_streams_of_one_connection_get_each_its_own_bytes() {
    let site = site();
    // Each file is one letter over and over: streams may come in any order, and letters can be counted.
    let files: Vec<(u8, usize)> =
        (b'A'..=b'z').map(|letter| (letter, usize::from(letter).pow(2) * 5)).collect();
    let names: Vec<String> = files.iter().map(|(letter, _)| format!("/{letter}.txt")).collect();
    for ((letter, length), name) in files.iter().zip(&names) {
        site.put(&name[1..], &vec![*letter; *length]);
    }
    let paths: Vec<&str> = names.iter().map(String::as_str).collect();
    for scheme in SCHEMES {
        let came = nghttp(&site, scheme, &["-w", "12"], &paths);
        for (letter, length) in &files {
            let count = came.iter().filter(|byte| *byte == letter).count();
            assert_eq!(count, *length, "{scheme}: {}", char::from(*letter));
        }
        assert_eq!(came.len(), files.iter().map(|(_, length)| length).sum::<usize>(), "{scheme}");
    }
}

#[test]
fn curl_fetches_many_files_at_one_time_over_one_connection() {
    let site = site();
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<(PathBuf, PathBuf, String)> = (0..60)
        .map(|number| {
            let name = format!("{number}.bin");
            let put = site.put(&name, &bytes(number * number * 100));
            (put, folder.path().join(&name), site.url("https", &format!("/{name}")))
        })
        .collect();
    let mut command = curl(&["--http2", "--parallel", "--parallel-max", "100"]);
    command.args(["-w", "%{num_connects} %{http_version} %{http_code}\\n"]);
    for (_, saved, url) in &files {
        command.arg("-o").arg(saved).arg(url);
    }
    let text = run(&mut command).ok().text();
    assert_eq!(text.matches("0 2 200").count(), files.len() - 1, "{text}");
    assert_eq!(text.matches("1 2 200").count(), 1, "{text}");
    for (put, saved, url) in files {
        let [put, saved] = [put, saved].map(|file| std::fs::read(file).unwrap_or_default());
        assert!(put == saved, "{url}: {} bytes of {}", saved.len(), put.len());
    }
}

#[test]
fn windows_may_be_tiny_and_bodies_longer_than_all_of_them() {
    let site = site();
    let (long, short) = (bytes(3_000_000), bytes(300));
    site.put("long.bin", &long);
    site.put("short.bin", &short);
    for scheme in SCHEMES {
        let windows: [&[&str]; 4] =
            [&[], &["-w", "14", "-W", "16"], &["-w", "10"], &["-w", "30", "-W", "30"]];
        for options in windows {
            assert!(nghttp(&site, scheme, options, &["/long.bin"]) == long, "{scheme} {options:?}");
        }
        assert!(nghttp(&site, scheme, &["-w", "1"], &["/short.bin"]) == short, "{scheme}: a byte at a time");
    }
}

#[test]
fn hundreds_of_requests_at_one_time_are_all_answered_in_full() {
    let site = site();
    site.put("some.bin", &bytes(100_000));
    for scheme in SCHEMES {
        for windows in [["-w", "30", "-W", "30"], ["-w", "11", "-W", "16"]] {
            let mut h2load = Command::new("h2load");
            h2load.args(["-n", "400", "-c", "4", "-m", "100"]).args(windows);
            h2load.arg(format!("--connect-to=127.0.0.1:{}", site.server.port()));
            h2load.arg(site.url(scheme, "/some.bin"));
            let text = run(&mut h2load).ok().text();
            assert!(text.contains("Application protocol: h2"), "{text}");
            assert!(text.contains("400 succeeded, 0 failed, 0 errored, 0 timeout"), "{text}");
            assert!(text.contains("400 2xx") && text.contains("(40000000) data"), "{text}");
        }
    }
}

#[test]
fn heads_parts_and_confirmations_have_no_more_body_than_they_should() {
    let site = site();
    site.put("page.txt", b"What was said once is said again.");
    assert!(nghttp(&site, "http", &[], &["/page.txt"]) == b"What was said once is said again.");
    let head = frames(&site, &["-H", ":method: HEAD"], "/page.txt");
    assert!(head.contains(":status: 200") && head.contains("content-length: 33"), "{head}");
    assert!(head.contains("; END_STREAM | END_HEADERS") && !head.contains("recv DATA"), "{head}");
    let (_, tag) = head.split_once("etag: ").expect("a tag");
    let tag = tag.lines().next().unwrap_or_default();
    let same = frames(&site, &["-H", &format!("if-none-match: {tag}")], "/page.txt");
    assert!(same.contains(":status: 304") && !same.contains("recv DATA"), "{same}");
    let part = frames(&site, &["-H", "range: bytes=5-7"], "/page.txt");
    assert!(part.contains(":status: 206") && part.contains("content-range: bytes 5-7/33"), "{part}");
    assert!(part.contains("recv DATA frame <length=3, flags=0x01"), "{part}");
    let beyond = frames(&site, &["-H", "range: bytes=33-"], "/page.txt");
    assert!(beyond.contains(":status: 416"), "{beyond}");
}

#[test]
fn the_length_of_what_nobody_has_fetched_yet_is_told_too() {
    let site = site();
    site.put("page.txt", b"What was said once is said again.");
    for (path, length) in [("/page.txt", "33"), ("/api/head", "2")] {
        let head = frames(&site, &["-H", ":method: HEAD"], path);
        assert!(head.contains(":status: 200"), "{head}");
        assert!(head.contains(&format!("content-length: {length}\n")), "{head}");
    }
}

#[test]
fn bodies_of_requests_reach_the_origin_whole_padded_or_not_and_with_trailers() {
    let site = site();
    let file = site.put("upload.bin", &bytes(3_000_000));
    let path = file.to_str().expect("a path");
    let cases: [&[&str]; 4] =
        [&[], &["--no-content-length"], &["-b", "255"], &["--no-content-length", "--trailer", "x-sum: 42"]];
    for (scheme, more) in SCHEMES.iter().flat_map(|scheme| cases.map(|more| (scheme, more))) {
        let options = [&["-d", path, "-H", ":method: PUT"], more].concat();
        let told = told(&nghttp(&site, scheme, &options, &["/api/upload"]));
        assert_eq!((&told["method"], &told["length"]), (&"PUT".into(), &3_000_000.into()), "{more:?}");
        assert_eq!(told["sha256"], sha256(&file), "{scheme} {more:?}");
        assert_eq!(told["fields"]["x-sum"], serde_json::Value::Null, "a trailer is no field of the head");
    }
    let mut command = curl(&["--http2", "-X", "POST", "--data-binary", &format!("@{path}")]);
    assert_eq!(told(&run(command.arg(site.url("https", "/api/form"))).ok().out)["sha256"], sha256(&file));
}

#[test]
fn trailers_of_an_answer_stand_behind_its_body() {
    let site = site();
    let seen = frames(&site, &["-H", "te: trailers"], "/api/trailers");
    let (_, behind) = seen.split_once("recv DATA").expect("a body");
    assert!(behind.contains("x-sum: 42") && behind.contains("; END_STREAM | END_HEADERS"), "{seen}");
}

#[test]
fn heads_of_more_than_a_frame_are_read_and_those_too_long_refused() {
    let site = site();
    site.put("page.txt", b"page");
    // What has no short code in HPACK, so that it is as long on its way.
    let field = |length: usize| format!("x-long: {}", "~".repeat(length));
    for (length, status) in [(17_500, 200), (21_000, 413), (40_000, 431)] {
        let seen = frames(&site, &["-H", &field(length)], "/page.txt");
        assert!(seen.contains(&format!(":status: {status}")), "{length}: {seen}");
    }
    let continued = frames(&site, &["--continuation"], "/page.txt");
    assert!(continued.contains(":status: 413"), "{continued}");
    let padded = frames(&site, &["-b", "255", "-H", &field(10_000)], "/page.txt");
    assert!(padded.contains("| PADDED") && padded.contains(":status: 200"), "{padded}");
    // The table of fields may be as small as a client likes.
    let unindexed = frames(&site, &["-c", "0", "--encoder-header-table-size", "0", "-m", "3"], "/page.txt");
    assert_eq!(unindexed.matches(":status: 200").count(), 3, "{unindexed}");
}

#[test]
fn priorities_change_nothing_of_what_is_sent() {
    let site = site();
    site.put("a.txt", &[b'a'; 50_000]);
    site.put("b.txt", &[b'b'; 50_000]);
    let cases: [&[&str]; 3] = [&["-p", "256", "-p", "1"], &["-H", "priority: u=7, i"], &["--no-rfc7540-pri"]];
    for options in cases {
        let mut came = nghttp(&site, "https", options, &["/a.txt", "/b.txt"]);
        came.sort_unstable();
        assert!(came == [[b'a'; 50_000], [b'b'; 50_000]].concat(), "{options:?}: {} bytes", came.len());
    }
}

#[test]
fn cookies_that_come_in_crumbs_reach_the_origin_in_one_line() {
    let site = site();
    let crumbs = ["-H", "cookie: a=1", "-H", "cookie: b=2; c=3"];
    let told = told(&nghttp(&site, "http", &crumbs, &["/api/cookies"]));
    assert_eq!(told["fields"]["cookie"], "a=1; b=2; c=3", "{told:#}");
}

#[test]
fn who_is_being_answered_when_the_server_stops_hears_it_and_gets_the_answer() {
    let mut site = site();
    let mut viewer = Running::start(&mut nghttp_command(&site, "https", &["-v", "--no-dep"], &["/api/held"]));
    site.origin.wait_for_out("held");
    site.server.process().signal(Signal::TERM);
    let seen = viewer.wait_for_out("recv GOAWAY");
    assert!(!seen.contains(":status:"), "the answer is held back: {seen}");
    site.release();
    let seen = viewer.finish().ok().text();
    assert!(seen.contains("error_code=NO_ERROR(0x00)") && seen.contains(":status: 200"), "{seen}");
    assert!(seen.contains("\"path\": \"/api/held\"") && !seen.contains("recv RST_STREAM"), "{seen}");
}

#[test]
fn what_the_rfc_forbids_is_answered_by_the_error_that_it_names() {
    // Each case takes a handshake or two, and all of them hardly a second.
    let config = Config::new().with_certificate().with("[limits]\nhandshakes_per_address = 1000");
    let site = Site::new(config, "");
    site.put("page.txt", b"page");
    for certificate in [None, Some(site.file("cert.pem"))] {
        let mut faults = script("http2_faults.py");
        let _ = run(faults.arg(site.server.port().to_string()).arg(HOST).args(certificate)).ok();
    }
}

#[test]
fn who_asks_to_change_to_http_2_is_answered_over_http_1_and_the_origin_hears_nothing_of_it() {
    let site = site();
    // What curl sends with this option; and what an origin that believes it would speak behind the edge's back.
    for options in [&["--http2"][..], &["-H", "Upgrade: h2c", "-H", "Connection: Upgrade"]] {
        let text = site.fetch("/api/x", options).text();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(text.contains("\"path\": \"/api/x\""), "{text}");
        let (_, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(
            !["upgrade", "h2c", "settings"].iter().any(|word| body.to_lowercase().contains(word)),
            "{text}"
        );
    }
}

#[test]
fn a_body_that_waits_to_be_asked_for_is_asked_for_where_somebody_wants_it() {
    let site = site();
    let file = site.put("upload.bin", &bytes(2_000_000));
    let body = format!("@{}", file.display());
    // Longer than anything here takes: without its 100, curl would send the body much too late.
    let options = ["-v", "-H", "Expect: 100-continue", "--expect100-timeout", "100", "--data-binary", &body];
    let wanted = site.fetch("/api/upload", &options);
    assert!(wanted.err.contains("< HTTP/1.1 100 Continue"), "{}", wanted.err);
    assert!(wanted.text().contains(&sha256(&file)), "{}", wanted.text());
    let refused = site.fetch("/upload.bin", &options);
    assert!(refused.text().starts_with("HTTP/1.1 403"), "{}", refused.text());
    assert!(!refused.err.contains("100 Continue"), "{}", refused.err);
}
