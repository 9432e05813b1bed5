//! Real players, each run to its end.

use std::path::Path;
use std::process::Command;

use crate::Server;
use crate::binary::millrace;
use crate::process::{Finished, Running, run};

/// rtmpdump as a command: what it saves, from where.
pub fn rtmpdump_command(url: &str, output: &Path, options: &[&str]) -> Command {
    let mut command = Command::new("rtmpdump");
    command.args(["--rtmp", url, "--flv"]).arg(output).args(options);
    command
}

/// Lets rtmpdump save a stream.
pub fn rtmpdump(url: &str, output: &Path, options: &[&str]) -> Finished {
    run(&mut rtmpdump_command(url, output, options))
}

/// The same for a whole short clip.
///
/// rtmpdump ends with status 2 when the last stamp is below 99.9 % of the duration, and in a clip of less than a
/// minute the last frame begins earlier than that; whether everything came is for the caller to see in the file.
///
/// # Panics
/// When it ends in any other way.
pub fn rtmpdump_clip(url: &str, output: &Path) {
    let finished = rtmpdump(url, output, &[]);
    let complete = finished.status.success();
    let last_frame = finished.status.code() == Some(2) && finished.err.contains("downloaded about 9");
    assert!(complete || last_frame, "{}: {}", finished.status, finished.err);
}

/// Lets rtmpdump save a stream of this machine, with a tcUrl that says that it means another host.
pub fn rtmpdump_by_host(host: &str, app: &str, server: &Server, name: &str, output: &Path) -> Finished {
    let mut command = Command::new("rtmpdump");
    command.args(["--verbose", "--rtmp", &format!("rtmp://127.0.0.1:{}/", server.port()), "--app", app]);
    command.args(["--tcUrl", &format!("rtmp://{host}/{app}"), "--playpath", name, "--flv"]).arg(output);
    run(&mut command)
}

/// `millrace play` as a command.
pub fn play_command(url: &str, options: &[&str]) -> Command {
    let mut command = Command::new(millrace());
    command.args(["play", "--json", "--quiet"]).args(options).arg(url);
    command
}

/// Lets `millrace play` play a stream as fast as it comes.
pub fn play(url: &str, options: &[&str]) -> Played {
    Played::of(run(play_command(url, options).arg("--full")))
}

/// Begins to play a stream at its own pace.
pub fn start_playing(url: &str, options: &[&str]) -> Running {
    Running::start(&mut play_command(url, options))
}

/// What `millrace play` says of what it got.
#[derive(Debug)]
pub struct Played {
    /// The status it ended with.
    pub status: Option<i32>,
    /// Its summary.
    pub report: serde_json::Value,
}

impl Played {
    /// Reads what it printed.
    ///
    /// # Panics
    /// When that is no summary.
    pub fn of(finished: Finished) -> Self {
        let report = serde_json::from_slice(&finished.out);
        let report = report.unwrap_or_else(|error| panic!("{error}: {} {}", finished.text(), finished.err));
        Self { status: finished.status.code(), report }
    }

    /// The same, for those who must have got everything.
    ///
    /// # Panics
    /// When one has not.
    #[must_use]
    pub fn ok(self) -> Self {
        assert_eq!(self.report["failed"], 0, "{:#}", self.report);
        self
    }

    /// Why viewers failed, all in one.
    pub fn failures(&self) -> String {
        self.report["failures"].to_string()
    }
}

/// Lets curl save a stream.
pub fn curl(url: &str, output: &Path) -> Finished {
    run(Command::new("curl").args(["--silent", "--show-error", "--output"]).arg(output).arg(url))
}

/// Lets curl fetch a page, whoever signed the certificate; the answer is its head and the page.
pub fn curl_page(url: &str) -> String {
    run(Command::new("curl").args(["--silent", "--show-error", "--include", "--insecure", url])).ok().text()
}

/// Lets GStreamer's rtmp2src save a stream.
pub fn gstreamer(url: &str, output: &Path) -> Finished {
    let mut command = Command::new("gst-launch-1.0");
    command.args(["--quiet", "rtmp2src", &format!("location={url}")]);
    if url.starts_with("rtmps:") {
        // The server's certificate is its own.
        command.arg("tls-validation-flags=0");
    }
    command.args(["!", "filesink"]);
    run(command.arg(format!("location={}", output.display())))
}

/// Lets mpv play without screen and loudspeaker, as fast as it can.
pub fn mpv(url: &str, options: &[&str]) -> Finished {
    let mut command = Command::new("mpv");
    command.args(["--no-config", "--vo=null", "--ao=null", "--untimed", "--msg-level=all=info"]);
    run(command.args(options).arg(url))
}
