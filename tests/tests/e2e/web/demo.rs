//! The demo as a whole: the player by a web distribution, the media by a streaming one.

use std::path::{Path, PathBuf};
use std::process::Command;

use millrace_tests::aws::{Caller, Release};
use millrace_tests::process::{run, sooner_or_later};
use millrace_tests::{Finished, Server};

/// Where the page is, as the demo says: its URL, and the host and port in it.
fn page(server: &mut Server) -> (String, String) {
    let text = server.process().out();
    let url = text.split_once("In a browser: ").and_then(|(_, rest)| rest.lines().next());
    let url = url.unwrap_or_else(|| panic!("no page in {text}")).to_owned();
    let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    (url, host)
}

/// Fetches a URL of a host that only browsers know to be this machine.
fn fetch(host: &str, path: &str, options: &[&str]) -> Finished {
    let resolve = format!("{host}:127.0.0.1");
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "20", "--resolve", &resolve]).args(options);
    run(curl.arg(format!("http://{host}{path}")))
}

fn text(host: &str, path: &str) -> String {
    fetch(host, path, &["--fail"]).ok().text()
}

/// Chromium without a screen, with a profile of its own.
fn chromium(profile: &Path) -> Command {
    let mut chromium = Command::new("chromium");
    chromium.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    chromium.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    chromium.args(["--virtual-time-budget=10000", "--window-size=900,1100"]);
    chromium.arg(format!("--user-data-dir={}", profile.display()));
    chromium
}

/// Where people look at what tests saw.
fn screenshots() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&folder).expect("a folder for screenshots");
    folder
}

#[test]
fn the_page_lists_the_samples_in_a_browser() {
    let mut server = Server::demo();
    let (url, _) = page(&mut server);
    let profile = tempfile::tempdir().expect("a folder");
    let seen = run(chromium(profile.path()).args(["--dump-dom", &url])).ok().text();
    for sample in ["sample.mp4", "sample.flv", "sample.mp3"] {
        assert!(seen.contains(&format!("<h2>{sample}</h2>")), "{sample} is not in {seen}");
    }
    let played = format!("rtmpdump -r {} -o", server.url("mp4:sample.mp4"));
    assert!(seen.contains(&played), "{played:?} is not in {seen}");
    let shot = screenshots().join("demo.png");
    let _ = run(chromium(profile.path()).arg(format!("--screenshot={}", shot.display())).arg(&url)).ok();
    let picture = std::fs::read(&shot).expect("a screenshot");
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{} bytes", picture.len());
}

#[test]
fn a_change_in_the_bucket_shows_after_an_invalidation() {
    let mut server = Server::demo();
    let (_, host) = page(&mut server);
    let facts: serde_json::Value = serde_json::from_str(&text(&host, "/demo.json")).expect("JSON");
    let old = text(&host, "/");
    assert!(old.contains("<h1>Millrace</h1>"), "{old}");
    let file = server.bucket().with_file_name("player").join("index.html");
    std::fs::write(&file, old.replace("<h1>Millrace</h1>", "<h1>Our own</h1>")).expect("the page is changed");
    let kept = fetch(&host, "/", &["-i"]).ok().text();
    assert!(kept.contains("<h1>Millrace</h1>") && kept.contains("X-Cache: Hit from cloudfront"), "{kept}");
    let id = facts["distribution"].as_str().expect("the distribution's id");
    let made = Caller::admin(&server)
        .answer(Release::Newest, &["create-invalidation", "--distribution-id", id, "--paths", "/*"]);
    sooner_or_later("the new page", || text(&host, "/").contains("<h1>Our own</h1>"));
    let number = made["Invalidation"]["Id"].as_str().expect("an id");
    sooner_or_later("it is said to be done", || {
        let asked = ["get-invalidation", "--distribution-id", id, "--id", number];
        let told = Caller::admin(&server).answer(Release::Newest, &asked);
        told["Invalidation"]["Status"] == "Completed"
    });
}

#[test]
fn the_streaming_host_plays_and_the_web_host_serves_on_the_same_port() {
    let mut server = Server::demo();
    let (_, host) = page(&mut server);
    let facts: serde_json::Value = serde_json::from_str(&text(&host, "/demo.json")).expect("JSON");
    let streaming = facts["streaming"].as_str().expect("a URL");
    let name = streaming.trim_start_matches("rtmp://").split(':').next().expect("a host");
    let port = host.rsplit(':').next().expect("a port");
    let welcome = text(&format!("{name}:{port}"), "/");
    assert!(welcome.contains("rtmp://"), "{welcome}");
}
