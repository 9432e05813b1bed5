//! `cargo xtask bench rtmp --variant V`: what a variant costs beside plain RTMP, and beside what its encryption costs
//! by itself on the same core in the same run.

use std::path::Path;

use anyhow::{Context, ensure};
use millrace_model::Variant;

use super::measure::{Figures, Load};
use super::server::{Server, on_core};

/// How much more than plain RTMP a variant may cost.
enum Bar {
    /// So many times as much, with this many paced viewers.
    Times(f64, usize),
    /// So many times its encryption more.
    Encryption(f64),
}

/// A way for viewers to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Variant(Variant),
    /// As pages in browsers do.
    WebSocket,
}

/// Reads what the command line says.
pub(super) fn parse(text: &str) -> anyhow::Result<Way> {
    if text == Way::WebSocket.scheme() {
        return Ok(Way::WebSocket);
    }
    let variant = text.parse().map_err(anyhow::Error::msg).context("--variant")?;
    ensure!(variant != Variant::Rtmp, "--variant rtmp would be put beside itself");
    Ok(Way::Variant(variant))
}

impl Way {
    fn scheme(self) -> &'static str {
        match self {
            Self::Variant(variant) => variant.scheme(),
            Self::WebSocket => "ws",
        }
    }

    /// What encrypts it, as the program `raw` calls it.
    fn encryption(self) -> Option<&'static str> {
        match self {
            Self::Variant(Variant::Rtmpe | Variant::Rtmpte) => Some("rc4"),
            Self::Variant(Variant::Rtmps | Variant::Rtmpts) => Some("aes-gcm"),
            Self::Variant(Variant::Rtmp | Variant::Rtmpt) | Self::WebSocket => None,
        }
    }

    fn bar(self) -> Option<Bar> {
        match self {
            Self::Variant(Variant::Rtmpe) => Some(Bar::Encryption(1.25)),
            Self::Variant(Variant::Rtmps) => Some(Bar::Encryption(1.3)),
            Self::Variant(Variant::Rtmpt) => Some(Bar::Times(1.6, 500)),
            Self::WebSocket => Some(Bar::Times(1.15, 500)),
            Self::Variant(Variant::Rtmp | Variant::Rtmpte | Variant::Rtmpts) => None,
        }
    }
}

/// Measures every load with plain RTMP and with the variant, in turns on one server.
pub(super) fn run(
    way: Way,
    loads: &[Load],
    program: &Path,
    folder: &Path,
    media: &Path,
) -> anyhow::Result<bool> {
    let raw = way.encryption().map(|what| raw(program, what)).transpose()?;
    let server = Server::millrace(program, folder, media)?;
    let plain_url = server.url.clone();
    let other_url = plain_url.replacen("rtmp:", &format!("{}:", way.scheme()), 1);
    // The first play fills the cache and packs every segment, which is no part of either.
    let warm = Load::FullSpeed { connections: 1 };
    warm.run_on(program, &server, &plain_url)?;
    if let (Some(what), Some(raw)) = (way.encryption(), raw) {
        println!("{what} by itself on core 0: {raw:.3} CPU s/GiB");
        if what == "aes-gcm" {
            let shared = self::raw(program, "aes-gcm-of-shared")?;
            println!("with the copy that bytes need which others share: {shared:.3}");
        }
    }
    println!("\n{:<22}{:>12}{:>12}  {:>7}  {:>18}  ", "CPU s/GiB", "rtmp", way.scheme(), "ratio", "bar");
    let mut good = true;
    for load in loads {
        let plain = load.run_on(program, &server, &plain_url)?;
        let other = load.run_on(program, &server, &other_url)?;
        good &= plain.failed + other.failed == 0;
        println!("{}", row(way, load, &plain, &other, raw));
    }
    handshakes(way, program)?;
    Ok(good)
}

fn row(way: Way, load: &Load, plain: &Figures, other: &Figures, raw: Option<f64>) -> String {
    let (a, b) = (plain.cpu_per_gib, other.cpu_per_gib);
    let bar = match (way.bar(), raw, load) {
        (Some(Bar::Encryption(times)), Some(raw), _) => Some(a + times * raw),
        (Some(Bar::Times(times, at)), _, Load::Paced { viewers, .. }) if *viewers == at => Some(a * times),
        _ => None,
    };
    let verdict =
        bar.map_or_else(String::new, |bar| format!("{bar:.3} {}", if b <= bar { "held" } else { "MISSED" }));
    format!(
        "{:<22}{a:>12.3}{b:>12.3}  {:>7.2}  {verdict:>18}  first picture {:.1} and {:.1} ms; {} stalled, {} failed",
        load.to_string(),
        b / a.max(1e-9),
        plain.first_picture_ms,
        other.first_picture_ms,
        other.stalled,
        other.failed
    )
}

/// Handshakes that one core makes in a second.
fn handshakes(way: Way, program: &Path) -> anyhow::Result<()> {
    let what = match way.encryption() {
        Some("rc4") => "rtmpe-handshake",
        Some(_) => "tls-handshake",
        None => return Ok(()),
    };
    println!("\nhandshakes of one core in a second, the server's part: {:.0}", raw(program, what)?);
    Ok(())
}

/// What the program `raw` measures on core 0.
fn raw(program: &Path, what: &str) -> anyhow::Result<f64> {
    let output = on_core(0, &program.with_file_name("raw")).arg(what).output().context("raw can't be run")?;
    ensure!(output.status.success(), "raw {what}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    text.parse().with_context(|| format!("raw {what} says {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_but_the_plain_one_can_be_measured() {
        assert_eq!(parse("rtmpte").expect("a variant"), Way::Variant(Variant::Rtmpte));
        assert_eq!(parse("ws").expect("a WebSocket"), Way::WebSocket);
        assert!(parse("rtmp").is_err() && parse("rtmfp").is_err());
    }
}
