//! One load on one server, and what it cost.

use std::fmt;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::server::{Server, on_core};

/// A kind of load.
pub(super) enum Load {
    /// Twenty viewers, one after the other: how long until there is something to see.
    FirstPicture,
    /// The whole film as fast as it comes.
    FullSpeed { connections: usize },
    /// Viewers who watch.
    Paced { viewers: usize, seconds: u64 },
}

/// What it cost.
pub(super) struct Figures {
    pub(super) first_picture_ms: f64,
    pub(super) cpu_per_gib: f64,
    pub(super) cpu_per_minute: f64,
    /// Growth of resident memory by viewer. The first run on a server includes what all viewers share.
    pub(super) kib_per_viewer: u64,
    pub(super) stalled: u64,
    pub(super) failed: u64,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstPicture => f.write_str("first picture, warm"),
            Self::FullSpeed { connections } => write!(f, "full speed × {connections}"),
            Self::Paced { viewers, .. } => write!(f, "{viewers} paced viewers"),
        }
    }
}

impl Load {
    /// Runs it on what the server plays.
    pub(super) fn run(&self, program: &Path, server: &Server) -> anyhow::Result<Figures> {
        self.run_on(program, server, &server.url)
    }

    /// Runs it on a URL of the server.
    pub(super) fn run_on(&self, program: &Path, server: &Server, url: &str) -> anyhow::Result<Figures> {
        let (viewers, arguments) = match self {
            Self::FirstPicture => {
                (20, vec!["--ramp".to_owned(), "4s".to_owned(), "--duration".into(), "6s".into()])
            }
            Self::FullSpeed { connections } => (*connections, vec!["--full".to_owned()]),
            Self::Paced { viewers, seconds } => {
                let ramp = format!("{}s", (viewers / 50).max(2));
                (*viewers, vec!["--ramp".to_owned(), ramp, "--duration".into(), format!("{seconds}s")])
            }
        };
        let count = viewers.to_string();
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.extend(["--viewers", &count]);
        let (cpu, memory) = (server.cpu()?, server.memory_kib()?);
        let report = play(program, url, &arguments)?;
        let cpu = server.cpu()? - cpu;
        let grown = server.memory_kib()?.saturating_sub(memory);
        let number = |name: &str| report[name].as_f64().unwrap_or_default();
        let watched_s = match self {
            Self::Paced { seconds, .. } => viewers as f64 * *seconds as f64,
            _ => viewers as f64 * number("wall_s"),
        };
        Ok(Figures {
            first_picture_ms: report["first_video_ms"]["p50"].as_f64().unwrap_or_default(),
            cpu_per_gib: cpu / (number("bytes") / f64::from(1 << 30)).max(1e-9),
            cpu_per_minute: cpu / (watched_s / 60.0).max(1e-9),
            kib_per_viewer: grown / viewers as u64,
            stalled: number("stalled_viewers") as u64,
            failed: number("failed") as u64,
        })
    }
}

/// Plays on core 1 and gives the report.
pub(super) fn play(program: &Path, url: &str, arguments: &[&str]) -> anyhow::Result<Value> {
    let mut command = on_core(1, program);
    command.args(["play", "--json", "--quiet", "--insecure"]).args(arguments).arg(url);
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(!output.stdout.is_empty(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}
