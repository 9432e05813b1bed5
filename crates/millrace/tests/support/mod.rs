//! The program as a child process in a folder of its own.
#![allow(dead_code, reason = "each test file uses its part of this")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Nothing here takes long; what does not come in this time does not come.
const DEADLINE: Duration = Duration::from_secs(60);

/// The built program.
pub(crate) fn millrace() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_millrace"))
}

/// All that a command said.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A folder with a configuration and all that it names.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir(folder.path("media")).expect("a folder for media");
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.mp4");
        std::fs::copy(sample, folder.path("media/sample.mp4")).expect("the sample is there");
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program in the folder to its end.
    pub(crate) fn millrace(&self, arguments: &[&str]) -> Output {
        Command::new(millrace()).args(arguments).current_dir(self.0.path()).output().expect("it runs")
    }

    /// Makes a certificate; its files take the place of those that are there at once, as tools that renew do it.
    pub(crate) fn certificate(&self, file: &str, host: &str) {
        let made = self.millrace(&[
            "cert",
            "self-signed",
            "--name",
            host,
            "--certificate",
            "new.pem",
            "--key",
            "new.key",
        ]);
        assert!(made.status.success(), "{}", text(&made));
        for end in ["key", "pem"] {
            let new = self.path(&format!("new.{end}"));
            std::fs::rename(new, self.path(&format!("{file}.{end}"))).expect("it takes the place");
        }
    }

    /// Writes `millrace.toml`: `settings`, and a distribution for everybody with some more of its own.
    pub(crate) fn configure(&self, settings: &str, distribution: &str) {
        let text = format!(
            "default_distribution = \"A\"\n{settings}\
             [[bucket]]\nname = \"media\"\nfolder = \"media\"\n\
             [[distribution]]\nid = \"A\"\ndomain_name = \"localhost\"\nbucket = \"media\"\n{distribution}"
        );
        std::fs::write(self.path("millrace.toml"), text).expect("it can be written");
    }
}

/// `millrace serve`. It ends with this value.
pub(crate) struct Serving {
    process: Child,
    log: Receiver<String>,
    /// The ports, in the order of the configuration.
    pub(crate) ports: Vec<u16>,
}

impl Serving {
    /// Serves what [`Folder::configure`] writes.
    pub(crate) fn start(folder: &Folder, settings: &str, distribution: &str) -> Self {
        folder.configure(settings, distribution);
        let mut command = Command::new(millrace());
        command.args(["serve", "--config", "millrace.toml"]).current_dir(folder.0.path());
        let mut process = command.stderr(Stdio::piped()).spawn().expect("it runs");
        let (sender, log) = channel();
        let lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut server = Self { process, log, ports: Vec::new() };
        for _ in 0..settings.matches("127.0.0.1:0").count() {
            let line = server.wait_for("viewers may connect");
            let port = line.rsplit(':').next().and_then(|port| port.trim().parse().ok());
            server.ports.push(port.unwrap_or_else(|| panic!("no port in {line}")));
        }
        server
    }

    /// Waits for the next line of the log with these words.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let end = Instant::now() + DEADLINE;
        let mut before = String::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(left) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => before = format!("{before}{line}\n"),
                Err(error) => panic!("{words:?} did not come ({error}):\n{before}"),
            }
        }
    }

    /// Asks it to read its configuration again.
    pub(crate) fn hang_up(&self) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-HUP", &id]).status().expect("there is kill");
        assert!(sent.success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
