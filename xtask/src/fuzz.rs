//! `cargo xtask fuzz`: every fuzz target for a while, on the stable toolchain.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail, ensure};

use crate::tools::{self, cargo, must, root, succeeds};

/// How long each target runs unless told otherwise.
const SECONDS: u64 = 60;

/// Runs the targets that are named, or all.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    let (seconds, named) = parse(arguments)?;
    if !succeeds("cargo", &["fuzz", "--version"]) {
        must(&mut cargo(["install", "cargo-fuzz", "--locked"]))?;
    }
    let targets = match named.is_empty() {
        true => list()?,
        false => named,
    };
    ensure!(!targets.is_empty(), "fuzz/ has no targets");
    println!("==> building all targets");
    must(&mut cargo_fuzz("build"))?;
    let mut rows = Vec::new();
    for target in &targets {
        println!("\n==> {target}: {seconds} s");
        let began = Instant::now();
        let good = fuzz(target, seconds)?;
        rows.push((target, good, began.elapsed().as_secs()));
    }
    println!("\n{:<24} {:>8}  {:>10}  result", "target", "seconds", "inputs");
    for (target, good, took) in &rows {
        let inputs = count(&corpus(target));
        println!(
            "{target:<24} {took:>8}  {inputs:>10}  {}",
            if *good { "nothing found" } else { "FOUND A FAULT" }
        );
    }
    let bad = rows.iter().filter(|(_, good, _)| !good).count();
    println!("{} targets ran, {bad} found a fault (inputs that show it are in fuzz/artifacts)", rows.len());
    Ok(bad == 0)
}

fn parse(arguments: &[&str]) -> anyhow::Result<(u64, Vec<String>)> {
    let (mut seconds, mut named) = (SECONDS, Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--seconds" => {
                let number = arguments.next().context("--seconds needs a number")?;
                seconds = number.parse().with_context(|| format!("--seconds {number:?} is no number"))?;
            }
            option if option.starts_with('-') => bail!("fuzz has no option {option}"),
            target => named.push(target.to_owned()),
        }
    }
    Ok((seconds, named))
}

/// A command of cargo-fuzz that builds. It wants an unstable compiler for its instrumentation; this lets the stable one
/// do it. Without a sanitizer: the code has no unsafe parts, and so it runs several times faster.
fn cargo_fuzz(command: &str) -> Command {
    let mut cargo = cargo(["fuzz", command, "--sanitizer", "none"]);
    // What is built for fuzzing is built with other flags, so it has its own folder.
    cargo.arg("--target-dir").arg(tools::target().join("fuzz"));
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo
}

fn list() -> anyhow::Result<Vec<String>> {
    let output = cargo(["fuzz", "list"]).output().context("cargo fuzz can't be run")?;
    ensure!(output.status.success(), "cargo fuzz list: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect())
}

/// Runs one target.
fn fuzz(target: &str, seconds: u64) -> anyhow::Result<bool> {
    let corpus = corpus(target);
    std::fs::create_dir_all(&corpus)?;
    let seeds = root().join("fuzz/seeds").join(target);
    let mut command = cargo_fuzz("run");
    command.arg(target).arg(&corpus);
    if seeds.is_dir() {
        command.arg(&seeds);
    }
    command.args(["--", "-print_final_stats=1", "-timeout=25", "-rss_limit_mb=2048"]);
    command.arg(format!("-max_total_time={seconds}"));
    Ok(command.status().context("cargo fuzz can't be run")?.success())
}

/// Where the inputs are kept that a target found worth keeping.
fn corpus(name: &str) -> std::path::PathBuf {
    tools::target().join("fuzz-corpus").join(name)
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_targets_come_in_any_order() {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(parse(&[]).expect("nothing is fine"), (SECONDS, Vec::new()));
        assert_eq!(parse(&["amf0", "--seconds", "5", "mp4"]).expect("both"), (5, named(&["amf0", "mp4"])));
        for wrong in [&["--seconds"] as &[&str], &["--seconds", "x"], &["--fast"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
