//! `cargo xtask bench rtmp`: Millrace beside Debian's nginx-rtmp, in one run, on the same media and the same core.
//!
//! The servers have core 0, the players core 1. Wall time on a shared machine says little, so what is compared is
//! CPU seconds, as ratios within the run.

pub(crate) mod control;
mod measure;
mod media;
mod server;
pub(crate) mod signatures;
mod variant;
pub(crate) mod web;

use anyhow::{Context, bail, ensure};

use crate::tools::{cargo, must, target};
use measure::{Figures, Load};
use server::Server;
use variant::Way;

/// How many viewers play at one time unless told otherwise.
const VIEWERS: [usize; 4] = [1, 100, 500, 1000];

/// What the command line asks for.
struct Options {
    viewers: Vec<usize>,
    /// How long each paced run lasts.
    seconds: u64,
    /// What is put beside plain RTMP, in place of nginx-rtmp.
    variant: Option<Way>,
}

/// Runs the bench and prints the table.
pub(crate) fn rtmp(arguments: &[&str]) -> anyhow::Result<bool> {
    let options = parse(arguments)?;
    let cores = std::thread::available_parallelism()?.get();
    ensure!(cores >= 2, "the bench needs two cores, one for the server and one for the players");
    must(&mut cargo(["build", "--release", "--package", "millrace", "--package", "millrace-benches"]))?;
    let program = target().join("release/millrace");
    let folder = target().join("bench");
    let media = media::make(&folder)?;
    println!("\nServers on core 0, players on core 1; {} s for each paced run.", options.seconds);
    if let Some(variant) = options.variant {
        let loads: Vec<Load> = loads(&options).into_iter().skip(1).collect();
        return variant::run(variant, &loads, &program, &folder, &media);
    }
    let mut rows = Vec::new();
    let ours = Server::millrace(&program, &folder, &media)?;
    let theirs = Server::nginx(&folder, &media)?;
    for load in loads(&options) {
        let a = load.run(&program, &ours)?;
        let b = load.run(&program, &theirs)?;
        println!("{}", row(&load, &a, &b));
        rows.push((load, a, b));
    }
    drop((ours, theirs));
    let (origin, delivered, size) = cold(&program, &folder, &media)?;
    println!("\n{HEAD}");
    rows.iter().for_each(|(load, a, b)| println!("{}", row(load, a, b)));
    println!(
        "\n100 viewers starting together on a cold title: {origin} bytes from the origin for {delivered} delivered; \
         {:.3} of the file",
        origin as f64 / size as f64
    );
    let failed = rows.iter().filter(|(_, ours, _)| ours.failed > 0).count();
    Ok(failed == 0)
}

fn parse(arguments: &[&str]) -> anyhow::Result<Options> {
    let mut options = Options { viewers: VIEWERS.to_vec(), seconds: 20, variant: None };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().copied().with_context(|| format!("{argument} needs a value"));
        match *argument {
            "--seconds" => options.seconds = value()?.parse().context("--seconds wants a number")?,
            "--variant" => options.variant = Some(variant::parse(value()?)?),
            "--viewers" => {
                let numbers = value()?.split(',').map(str::parse).collect::<Result<_, _>>();
                options.viewers = numbers.context("--viewers wants numbers with commas between them")?;
            }
            other => bail!("bench rtmp has no option {other}"),
        }
    }
    Ok(options)
}

/// What is measured, in order.
fn loads(options: &Options) -> Vec<Load> {
    let mut loads =
        vec![Load::FirstPicture, Load::FullSpeed { connections: 1 }, Load::FullSpeed { connections: 4 }];
    let seconds = options.seconds;
    loads.extend(options.viewers.iter().map(|&viewers| Load::Paced { viewers, seconds }));
    loads
}

const HEAD: &str = "                      first picture p50, ms    CPU s/GiB               CPU s/viewer-minute      \
                    KiB/viewer       stalled, failed
load                  millrace  nginx  ratio   millrace  nginx  ratio  millrace   nginx  ratio  millrace  nginx  \
                    millrace  nginx";

fn row(load: &Load, a: &Figures, b: &Figures) -> String {
    let ratio = |a: f64, b: f64| if b > 0.0 { format!("{:5.2}", a / b) } else { "    -".to_owned() };
    let stalls = |f: &Figures| format!("{}, {}", f.stalled, f.failed);
    format!(
        "{:<22}{:8.1}{:7.1}  {}   {:8.3}{:7.3}  {}  {:8.4}{:8.4}  {}  {:8}{:7}  {:>8}  {:>5}",
        load.to_string(),
        a.first_picture_ms,
        b.first_picture_ms,
        ratio(a.first_picture_ms, b.first_picture_ms),
        a.cpu_per_gib,
        b.cpu_per_gib,
        ratio(a.cpu_per_gib, b.cpu_per_gib),
        a.cpu_per_minute,
        b.cpu_per_minute,
        ratio(a.cpu_per_minute, b.cpu_per_minute),
        a.kib_per_viewer,
        b.kib_per_viewer,
        stalls(a),
        stalls(b),
    )
}

/// "held" or "MISSED".
fn verdict(figure: f64, bar: f64) -> &'static str {
    if figure <= bar { "held" } else { "MISSED" }
}

/// Bytes asked of the origin and delivered when 100 viewers start together on a title that nobody played before.
fn cold(
    program: &std::path::Path,
    folder: &std::path::Path,
    media: &std::path::Path,
) -> anyhow::Result<(u64, u64, u64)> {
    let server = Server::millrace(program, folder, media)?;
    let report = measure::play(program, &server.url, &["--viewers", "100", "--full"])?;
    let delivered = report["bytes"].as_u64().unwrap_or_default();
    let origin = server.stop_and_count("cache.origin_bytes")?;
    Ok((origin, delivered, std::fs::metadata(media)?.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let options = parse(&["--viewers", "1,5", "--seconds", "3"]).expect("sound options");
        assert_eq!((options.viewers, options.seconds), (vec![1, 5], 3));
        assert_eq!(
            parse(&["--variant", "rtmpe"]).expect("a variant").variant,
            Some(variant::parse("rtmpe").expect("a variant"))
        );
        assert!(parse(&["--viewers", "many"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }
}
