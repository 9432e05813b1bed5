//! `cargo xtask bench signatures`: what a signed name costs the first time and again, and what a flood of bad
//! signatures costs viewers who play.
//!
//! The server has core 0, everybody else core 1. What a signature adds is CPU of the server for each question, beside
//! the same question without one.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::measure::play;
use super::server::{Server, free_port, on_core};
use super::{media, verdict};
use crate::tools::{cargo, must, target};

/// The bars: microseconds of CPU that a signature adds.
const FIRST_US: f64 = 300.0;
const KNOWN_US: f64 = 5.0;
/// How long each load of questions lasts.
const QUESTIONS_S: u64 = 5;
/// Connections that ask.
const CONNECTIONS: u32 = 8;
/// Connections of a flood.
const FLOOD: u32 = 200;

/// What the command line asks for.
struct Options {
    /// Viewers who play beside the flood.
    viewers: usize,
    /// For how long.
    seconds: u64,
}

/// Where the server of the bench has its files, and what it plays.
struct Place {
    folder: PathBuf,
    port: u16,
    key_id: String,
    film: String,
}

/// Runs the bench and prints the table; the answer is whether all bars were held.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    let options = parse(arguments)?;
    must(&mut cargo(["build", "--release", "--package", "millrace", "--package", "millrace-benches"]))?;
    let program = target().join("release/millrace");
    let place = Place::make(&program)?;
    let server = place.serve(&program)?;
    println!("\nThe server on core 0, everybody else on core 1; RSA-2048 with SHA-1.\n");
    let costs = questions(&place, &program, &server)?;
    println!();
    Ok(floods(&place, &program, &server, &options)? && costs)
}

fn parse(arguments: &[&str]) -> anyhow::Result<Options> {
    let mut options = Options { viewers: 500, seconds: 20 };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().copied().with_context(|| format!("{argument} needs a value"));
        match *argument {
            "--seconds" => options.seconds = value()?.parse().context("--seconds wants a number")?,
            "--viewers" => options.viewers = value()?.parse().context("--viewers wants a number")?,
            other => bail!("bench signatures has no option {other}"),
        }
    }
    Ok(options)
}

/// What a question costs without a signature, with one that is known, and with a new one each time.
fn questions(place: &Place, program: &Path, server: &Server) -> anyhow::Result<bool> {
    let cost = |mode: &str| -> anyhow::Result<f64> {
        let cpu = server.cpu()?;
        let report =
            place.ask(program, mode, CONNECTIONS, QUESTIONS_S, "").output().context(mode.to_owned())?;
        let report = report_of(&report)?;
        let lengths = report["lengths"].as_u64().unwrap_or_default();
        ensure!(lengths > 0, "nobody was told a length: {report}");
        Ok((server.cpu()? - cpu) * 1e6 / lengths as f64)
    };
    // The first one opens the film.
    cost("public")?;
    cost("known")?;
    let (public, known, first) = (cost("public")?, cost("known")?, cost("first")?);
    println!("{:<34}{:>10}{:>10}   bar", "CPU for each question, µs", "all", "adds");
    println!("{:<34}{public:>10.1}", "without one, as long a name");
    let mut good = true;
    for (what, cost, bar) in
        [("a signature that is known", known, KNOWN_US), ("a new signature each time", first, FIRST_US)]
    {
        let adds = cost - public;
        println!("{what:<34}{cost:>10.1}{adds:>10.1}   {bar} {}", verdict(adds, bar));
        good &= adds <= bar;
    }
    Ok(good)
}

/// Viewers who play signed names: by themselves, and beside floods. The answer is whether nobody noticed.
fn floods(place: &Place, program: &Path, server: &Server, options: &Options) -> anyhow::Result<bool> {
    let url = place.signed_url(program)?;
    let mut text = format!(
        "{:<40}{:>12}{:>16}{:>10}{:>9}{:>9}\n",
        format!("{} paced viewers, {} s", options.viewers, options.seconds),
        "CPU s",
        "first picture",
        "refused/s",
        "stalled",
        "failed"
    );
    let mut good = true;
    for (what, from) in [
        ("alone", None),
        ("beside a flood from one address", Some("")),
        ("beside a flood from 200", Some("everywhere")),
    ] {
        let cpu = server.cpu()?;
        let seconds = options.seconds + ramp(options);
        let mut flood = from.map(|from| place.ask(program, "bad", FLOOD, seconds, from));
        let flood = flood.as_mut().map(|flood| flood.stdout(Stdio::piped()).spawn()).transpose()?;
        let count = options.viewers.to_string();
        let (ramp, duration) = (format!("{}s", ramp(options)), format!("{}s", options.seconds));
        let report = play(program, &url, &["--viewers", &count, "--ramp", &ramp, "--duration", &duration])?;
        let refused = match flood {
            None => 0,
            Some(flood) => report_of(&flood.wait_with_output()?)?["refused"].as_u64().unwrap_or_default(),
        };
        let (stalled, failed) = (report["stalled_viewers"].as_u64(), report["failed"].as_u64());
        good &= stalled == Some(0) && failed == Some(0);
        writeln!(
            text,
            "{what:<40}{:>12.2}{:>13.1} ms{:>10.0}{:>9}{:>9}",
            server.cpu()? - cpu,
            report["first_video_ms"]["p50"].as_f64().unwrap_or(f64::NAN),
            refused as f64 / seconds as f64,
            stalled.unwrap_or_default(),
            failed.unwrap_or_default()
        )?;
    }
    print!("{text}");
    Ok(good)
}

/// Seconds in which the viewers come.
fn ramp(options: &Options) -> u64 {
    (options.viewers as u64 / 50).max(2)
}

fn report_of(output: &std::process::Output) -> anyhow::Result<Value> {
    ensure!(output.status.success(), "signature-load: {}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["broken"] == 0, "connections broke: {}", String::from_utf8_lossy(&output.stderr));
    Ok(report)
}

impl Place {
    /// Two distributions of one film: everybody's at 127.0.0.1, and one for signed names at 127.0.0.2.
    fn make(program: &Path) -> anyhow::Result<Self> {
        let folder = target().join("bench-signatures");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let media = media::make(&target().join("bench"))?;
        let (port, bucket) = (free_port()?, media.parent().context("media lies in a folder")?);
        let config = format!(
            "default_distribution = \"public\"\n[listen]\nviewers = [\"127.0.0.1:{port}\", \"127.0.0.2:{port}\"]\n\
             [control]\nlisten = []\ndirectory = \"data\"\n[log]\nlevel = \"error\"\n[drain]\ndeadline = \"1s\"\n\
             [limits]\ncommands_per_second = 1000000\n[[bucket]]\nname = \"bench\"\nfolder = {bucket:?}\n\
             [[distribution]]\nid = \"public\"\ndomain_name = \"localhost\"\nbucket = \"bench\"\n\
             [[distribution]]\nid = \"private\"\ndomain_name = \"127.0.0.2\"\nbucket = \"bench\"\n\
             trusted_signers = [\"self\"]\n"
        );
        std::fs::write(folder.join("millrace.toml"), config)?;
        let mut create = Command::new(program);
        create.args(["keys", "create", "--private-key"]).arg(folder.join("private.pem"));
        let output = create.arg("--config").arg(folder.join("millrace.toml")).output()?;
        let told = String::from_utf8_lossy(&output.stdout);
        let key_id = told.split_whitespace().next().context("keys create names the key")?.to_owned();
        let film = media.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { folder, port, key_id, film })
    }

    fn serve(&self, program: &Path) -> anyhow::Result<Server> {
        let mut command = on_core(0, program);
        command.args(["serve", "--config"]).arg(self.folder.join("millrace.toml"));
        Server::start(command, self.port, self.url("127.0.0.1"))
    }

    fn url(&self, host: &str) -> String {
        format!("rtmp://{host}:{}/cfx/st/mp4:{}", self.port, self.film)
    }

    /// A load of questions.
    fn ask(&self, program: &Path, mode: &str, connections: u32, seconds: u64, from: &str) -> Command {
        let mut command = on_core(1, &program.with_file_name("signature-load"));
        let host = if mode == "public" { "127.0.0.1" } else { "127.0.0.2" };
        command.arg(self.url(host)).arg(self.folder.join("private.pem")).args([&self.key_id, mode]);
        command.args([connections.to_string(), seconds.to_string(), from.to_owned()]);
        command
    }

    /// The private film's URL with a signature.
    fn signed_url(&self, program: &Path) -> anyhow::Result<String> {
        let mut sign = Command::new(program);
        sign.args(["sign", "--key"]).arg(self.folder.join("private.pem"));
        sign.args(["--key-pair-id", &self.key_id, "--expires", "2h", "--url", &self.url("127.0.0.2")]);
        let output = sign.output()?;
        ensure!(output.status.success(), "{sign:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let options = parse(&["--viewers", "5", "--seconds", "3"]).expect("sound options");
        assert_eq!((options.viewers, options.seconds), (5, 3));
        assert!(parse(&["--viewers"]).is_err() && parse(&["--fast"]).is_err());
    }
}
