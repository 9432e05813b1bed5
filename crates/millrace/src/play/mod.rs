//! `millrace play`: one player or a thousand, for saving a stream and for measuring a server.

mod address;
mod player;
mod report;
mod transport;
mod trust;
mod tunnel;
mod viewer;
mod websocket;

use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use millrace_rtmp::handshake::{Kind, digest::Scheme, encrypted::Wrap};
use millrace_rtmp::session::{ClientPlay, Swf};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::out::say;
use crate::server::{raise_descriptor_limit, runtime};
use address::StreamUrl;
use report::{Live, Report};
use transport::Target;
use trust::Trust;
use viewer::{Orders, Outcome, SeekOrder};

/// Plays an RTMP stream: saves it, or measures how it is served.
///
/// Each viewer is a model player: it starts when `--prebuffer` of media is there, runs with the clock, and stalls where
/// the media ends before the clock does. Ends with status 0 if every viewer got all it asked for without a stall, 3 if
/// one stalled, 1 if one failed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Times are written with a unit: 500ms, 10s, 5m, 1h 30m.

Examples:
  millrace play rtmp://127.0.0.1/cfx/st/mp4:sample.mp4 --full -o sample.flv
  millrace play rtmp://127.0.0.1/cfx/st/mp4:film.mp4 --viewers 500 --ramp 5s --duration 1m --json
  millrace play rtmp://127.0.0.1/cfx/st/mp4:film.mp4 --seek 5m@10s --seek 1m@20s --duration 30s
  millrace play rtmps://media.example.com/cfx/st/mp4:film.mp4 --ca cert.pem")]
pub(crate) struct Play {
    /// `rtmp://HOST/APP/NAME`, or rtmpe, rtmpt, rtmpte, rtmps or rtmpts. The port is 1935, for tunnels (t) 80, with
    /// TLS (s) 443, or HOST:PORT names it; for Millrace and CloudFront the app is cfx/st.
    #[arg(value_name = "URL")]
    url: StreamUrl,
    /// How many play at one time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    viewers: usize,
    /// Over how long they arrive.
    #[arg(long, value_name = "TIME", default_value = "0s")]
    ramp: humantime::Duration,
    /// How long each plays; without it, to the end.
    #[arg(long, value_name = "TIME")]
    duration: Option<humantime::Duration>,
    /// Where to begin.
    #[arg(long, value_name = "TIME", default_value = "0s")]
    start: humantime::Duration,
    /// How much to play, in media time.
    #[arg(long, value_name = "TIME")]
    length: Option<humantime::Duration>,
    /// Seeks to TARGET after playing for AT, such as 5m@10s. May be given several times.
    #[arg(long, value_name = "TARGET@AT")]
    seek: Vec<SeekOrder>,
    /// How much the server is asked to send in advance.
    #[arg(long, value_name = "TIME", default_value = "3s")]
    buffer: humantime::Duration,
    /// Asks for everything as fast as it comes.
    #[arg(long)]
    full: bool,
    /// How much media a viewer waits for before it starts.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    prebuffer: humantime::Duration,
    /// Lists codecs of Enhanced RTMP as playable, such as hvc1,av01; * stands for all.
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    codecs: Vec<String>,
    /// The kind of RTMPE: 6 as FFmpeg and rtmpdump, 8 as Flash Player 10, 9.
    #[arg(long, value_name = "6|8|9", default_value = "6", value_parser = rtmpe_type)]
    rtmpe_type: Wrap,
    /// Trusts the certificates in a PEM file besides the system's authorities.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Takes whatever certificate the server has.
    #[arg(long)]
    insecure: bool,
    /// Passes for the player (SWF file) with this hash, which `millrace swf` prints.
    #[arg(long, value_name = "HEX", requires = "swf_size", value_parser = swf_hash)]
    swf_hash: Option<[u8; 32]>,
    /// The size of that player, uncompressed.
    #[arg(long, value_name = "N", requires = "swf_hash")]
    swf_size: Option<u32>,
    /// Saves what the first viewer gets as an FLV file.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Prints the summary as JSON.
    #[arg(long)]
    json: bool,
    /// Leaves out the progress line.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the viewers and prints what came of them.
pub(crate) fn run(options: Play) -> anyhow::Result<ExitCode> {
    raise_descriptor_limit();
    let report = runtime()?.block_on(play(&options))?;
    if options.json {
        say(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    } else {
        say(&report.to_string());
    }
    Ok(ExitCode::from(report.exit_status()))
}

async fn play(options: &Play) -> anyhow::Result<Report> {
    anyhow::ensure!(options.viewers > 0, "--viewers must be at least 1");
    let mut output = match &options.output {
        Some(path) => {
            Some(File::create(path).with_context(|| format!("{} can't be written", path.display()))?)
        }
        None => None,
    };
    let orders = Arc::new(orders(options).await?);
    let live = Arc::new(Live::default());
    let began = Instant::now();
    let mut viewers = JoinSet::new();
    for number in 0..options.viewers {
        let arrives = began + options.ramp.mul_f64(number as f64 / options.viewers as f64);
        let (orders, live, output) = (Arc::clone(&orders), Arc::clone(&live), output.take());
        viewers.spawn(async move {
            sleep_until(arrives).await;
            viewer::play(&orders, output, &live).await
        });
    }
    let outcomes = gather(viewers, options, &live, began).await;
    // Reports are kept and passed on; who has a signature may use it until it ends.
    let url = options.url.to_string();
    Ok(Report::new(&millrace_sign::redacted(&url), &outcomes, began.elapsed()))
}

async fn orders(options: &Play) -> anyhow::Result<Orders> {
    Ok(Orders {
        target: target(options).await?,
        play: request(options),
        duration: options.duration.map(|duration| *duration),
        seeks: options.seek.clone(),
        prebuffer: *options.prebuffer,
    })
}

async fn target(options: &Play) -> anyhow::Result<Target> {
    let Play { url, ca, insecure, .. } = options;
    let trust = url.is_tls().then(|| Trust::new(url.host(), ca.as_deref(), *insecure)).transpose()?;
    let address = url.resolve().await?;
    Ok(Target {
        variant: url.variant,
        websocket: url.websocket,
        address,
        authority: url.authority.clone(),
        trust,
    })
}

/// What each viewer asks for.
fn request(options: &Play) -> ClientPlay {
    let buffer = if options.full { Duration::from_secs(36_000) } else { *options.buffer };
    let mut play = ClientPlay::new(&options.url.app, &options.url.tc_url(), &options.url.name);
    play.start_ms = options.start.as_millis() as f64;
    // As players in pages do, whose browsers push nothing back.
    play.ack_gate = options.url.websocket;
    play.length_ms = options.length.map_or(-1000.0, |length| length.as_millis() as f64);
    play.buffer_ms = u32::try_from(buffer.as_millis()).unwrap_or(u32::MAX);
    play.four_ccs.clone_from(&options.codecs);
    play.swf = options.swf_hash.zip(options.swf_size).map(|(hash, size)| Swf { hash, size });
    play.handshake = if options.url.is_encrypted() {
        Kind::Encrypted(options.rtmpe_type, Scheme::Second)
    } else if play.swf.is_some() {
        // Players that can be verified sign their handshake, and the server's part of it is the key.
        Kind::Digest(Scheme::Second)
    } else {
        Kind::Plain
    };
    play
}

fn rtmpe_type(text: &str) -> Result<Wrap, String> {
    let found = text.parse().ok().and_then(Wrap::from_version);
    found.ok_or_else(|| "RTMPE has the types 6, 8 and 9".to_owned())
}

fn swf_hash(text: &str) -> Result<[u8; 32], String> {
    let wants = || "a hash is 64 hex digits; `millrace swf FILE` prints it".to_owned();
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wants());
    }
    let mut hash = [0; 32];
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wants())?;
    }
    Ok(hash)
}

/// Waits for all viewers, telling once a second how they do. Ctrl-C ends them and still gives a summary.
async fn gather(mut viewers: JoinSet<Outcome>, options: &Play, live: &Live, began: Instant) -> Vec<Outcome> {
    let show = !options.quiet && std::io::stderr().is_terminal();
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut bytes_before = 0;
    let mut outcomes = Vec::new();
    loop {
        tokio::select! {
            next = viewers.join_next() => match next {
                Some(Ok(outcome)) => outcomes.push(outcome),
                Some(Err(error)) => outcomes.push(Outcome::failed(format!("a viewer died: {error}"))),
                None => break,
            },
            _ = second.tick() => if show {
                let bytes = live.bytes.load(Relaxed);
                let mbit_s = (bytes - bytes_before) as f64 * 8e-6;
                bytes_before = bytes;
                eprint!("\r{:4} s: {live}, {mbit_s:.1} Mbit/s   ", began.elapsed().as_secs());
            },
            _ = tokio::signal::ctrl_c() => live.leave.store(true, Relaxed),
        }
    }
    if show {
        eprintln!();
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_rtmpe_are_three() {
        assert_eq!(rtmpe_type("9"), Ok(Wrap::Blowfish));
        for text in ["3", "7", "", "x"] {
            assert!(rtmpe_type(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_hash_is_64_hex_digits() {
        assert_eq!(swf_hash(&"0aFF".repeat(16)).map(|hash| (hash[0], hash[1])), Ok((0x0a, 0xff)));
        for text in ["0a", &"0a".repeat(33), &"+1".repeat(32), &"zz".repeat(32), &"é".repeat(32)] {
            assert!(swf_hash(text).is_err(), "{text:?}");
        }
    }
}
