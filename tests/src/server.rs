//! `millrace demo` and `millrace serve` as child processes.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::binary::millrace;
use crate::config::Config;
use crate::process::{Finished, Running};

/// The variants of RTMP, as URLs begin.
pub const VARIANTS: [&str; 6] = ["rtmp", "rtmpe", "rtmpt", "rtmpte", "rtmps", "rtmpts"];

/// The administrator's access key, id and secret, of every server that is started here.
pub const ADMIN: (&str, &str) = ("AKIAMILLRACETESTS234", "hush/hush+hush/hush+hush/hush+hush/hush+");

/// A running server. It ends with this value.
pub struct Server {
    process: Running,
    ports: Vec<u16>,
    api: u16,
    folder: PathBuf,
    // Only holds it, so that it is removed at the end.
    _temporary: Option<TempDir>,
}

impl Server {
    /// The demo with a data folder of its own on a free port.
    pub fn demo() -> Self {
        let temporary = tempfile::tempdir().expect("a folder for the demo");
        let mut server = Self::demo_in(temporary.path());
        server._temporary = Some(temporary);
        server
    }

    /// The demo with this data folder.
    pub fn demo_in(folder: &Path) -> Self {
        let mut command = Command::new(millrace());
        let ports = ["--rtmp-port", "0", "--http-port", "0", "--tls-port", "0", "--api-port", "0"];
        command.arg("demo").args(ports).arg("--data-dir").arg(folder);
        with_admin(&mut command);
        let mut process = Running::start(&mut command);
        let text = process.wait_for_out("Viewers:");
        let ports = ["rtmp", "rtmpt", "rtmps"].map(|scheme| port(&text, &format!("{scheme}://127.0.0.1:")));
        let api = port(&text, "AWS_ENDPOINT_URL_CLOUDFRONT=http://127.0.0.1:");
        Self { process, ports: ports.to_vec(), api, folder: folder.to_owned(), _temporary: None }
    }

    /// The demo, with this file in its bucket.
    pub fn demo_with(file: &Path) -> Self {
        let server = Self::demo();
        server.drop_in(file);
        server
    }

    /// `millrace serve` with this configuration, which must listen on port 0.
    pub fn serve(config: &Config) -> Self {
        Self::serve_by(&mut Command::new(millrace()), config)
    }

    /// The same by a command that runs `millrace` with the arguments it is given.
    pub fn serve_by(command: &mut Command, config: &Config) -> Self {
        // Colours would stand between the words that are looked for.
        command.args(["serve", "--config"]).arg(config.path()).env("NO_COLOR", "1");
        with_admin(command);
        let mut process = Running::start(command);
        let text = process.wait_for_err("the API listens");
        // The address stands behind the message, in a log for people as in one for machines.
        let behind = |message: &str| text.split_once(message).map_or("", |(_, rest)| rest);
        let ports = vec![port(behind("viewers may connect"), "127.0.0.1:")];
        let api = port(behind("the API listens"), "127.0.0.1:");
        Self { process, ports, api, folder: config.folder().to_owned(), _temporary: None }
    }

    /// The port it listens on; of the demo's three, the one for RTMP.
    pub fn port(&self) -> u16 {
        self.ports[0]
    }

    /// All of them: the demo has one where players look for RTMP, one for HTTP, one for TLS.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// The endpoint of the API.
    pub fn api(&self) -> String {
        format!("http://127.0.0.1:{}", self.api)
    }

    /// The URL of a stream name.
    pub fn url(&self, name: &str) -> String {
        self.url_by("rtmp", name)
    }

    /// The URL of the application.
    pub fn app(&self) -> String {
        format!("rtmp://127.0.0.1:{}/cfx/st", self.port())
    }

    /// The URL of a stream name by a variant.
    pub fn url_by(&self, variant: &str, name: &str) -> String {
        url_at(variant, self.port(), name)
    }

    /// The folder that stands for the demo's bucket.
    pub fn bucket(&self) -> PathBuf {
        self.folder.join("buckets/media")
    }

    /// Copies a file into the demo's bucket under its own name.
    pub fn drop_in(&self, file: &Path) {
        let name = file.file_name().expect("a file has a name");
        std::fs::copy(file, self.bucket().join(name)).expect("the file is copied");
    }

    /// The process.
    pub fn process(&mut self) -> &mut Running {
        &mut self.process
    }

    /// Waits until it has told of something: the demo on its output, `serve` in its log.
    pub fn wait_for_event(&mut self, what: &str) -> String {
        if self.process.out().contains("Viewers:") {
            self.process.wait_for_out(what)
        } else {
            self.process.wait_for_err(what)
        }
    }

    /// Sends a signal and waits for the end.
    pub fn stop(self, signal: Signal) -> Finished {
        self.process.signal(signal);
        self.process.finish()
    }

    /// Waits for an end that has been asked for.
    pub fn stop_waiting(self) -> Finished {
        self.process.finish()
    }

    /// Kills it as a power failure would.
    pub fn kill(self) {
        drop(self);
    }
}

/// The URL of a stream name at a port of this machine by a variant.
pub fn url_at(variant: &str, port: u16, name: &str) -> String {
    format!("{variant}://127.0.0.1:{port}/cfx/st/{name}")
}

/// The key that the tests call the API with.
fn with_admin(command: &mut Command) {
    command.env("MILLRACE_ADMIN_ACCESS_KEY_ID", ADMIN.0).env("MILLRACE_ADMIN_SECRET_ACCESS_KEY", ADMIN.1);
}

/// The number behind `before`.
fn port(text: &str, before: &str) -> u16 {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no address in {text}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|error| panic!("{digits:?} is no port: {error}"))
}
