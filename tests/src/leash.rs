//! Servers that all tests of a program share: each ends with the program, however that ends.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Runs a command until the end of its input comes, which is also when whoever holds the other end dies.
const SCRIPT: &str = "dir=$1; signal=$2; shift 2; HOME=$dir \"$@\" </dev/null >\"$dir/log\" 2>&1 & \
    pid=$!; cat >/dev/null; kill -$signal $pid; wait $pid; rm -rf \"$dir\"";

/// How often it is looked whether a server is up.
const LOOK: Duration = Duration::from_millis(100);

/// A server in a folder of its own.
pub struct Leashed {
    folder: PathBuf,
    // Its standard input is the leash: the shell around the server ends it when this end is closed.
    _leash: Child,
}

impl Leashed {
    /// Starts a server that writes its log into a folder, which goes with it; by this signal it ends.
    pub fn start(folder: PathBuf, signal: &str, server: &Command) -> Self {
        let leash = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&folder)
            .arg(signal)
            .arg(server.get_program())
            .args(server.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be run");
        Self { folder, _leash: leash }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Lets a moment pass before it is looked again.
    pub fn wait() {
        std::thread::sleep(LOOK);
    }
}
