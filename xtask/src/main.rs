//! `cargo xtask`: what the people who build Millrace do besides building it.
//!
//! One file for each subcommand; a new one gets its file, its arm in [`run`] and its lines in [`HELP`].

mod bench;
mod fixtures;
mod fuzz;
mod player;
mod setup;
mod shapes;
mod step;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::bail;

const HELP: &str = "\
cargo xtask: chores of the Millrace project

Usage: cargo xtask COMMAND

Commands:
  test              Runs the whole suite: format, lints, unit, property and documentation tests,
                    the player for browsers, the cache's restart test at 2 GiB, end-to-end tests with real players against
                    the built program, a real S3 server, PostgreSQL and Amazon's own clients, and
                    the documentation. Installs what it needs first, and ends with counts and with
                    status 1 if anything failed.
    --quick         Only what needs neither network nor players: under two minutes when warm.
    --suite http-cache  Only the public tests for HTTP caches, against a web distribution, with a table of what
                    other caches pass.
  setup             Only installs what `test` needs: Debian packages by apt-get (through sudo
                    when not root), the S3 server and Amazon's newest clients by pip into
                    Python environments, and JavaScript's signers by npm, all under target/.
  player            Builds the player for browsers into player/dist, with npm; servers that are built behind that have
                    it in them. Fails when a file is larger than its budget.
  fixtures          Makes assets/sample.{mp4,flv,mp3} again, with ffmpeg.
  transcripts       Writes player/test/transcripts again: what the RTMP crate makes of bytes, for the player's tests.
  shapes            Makes crates/control/src/shape/shapes.txt again, from the newest botocore's model of
                    CloudFront's API; and records what botocore sends and reads.
  fuzz [TARGET...]  Runs the fuzz targets, all or those named, one after the other; starts from
                    fuzz/seeds/TARGET and keeps what it finds in target/fuzz-corpus/TARGET.
    --seconds N     How long each runs; 60 unless given.
  bench rtmp        Millrace beside Debian's nginx-rtmp in one run: first picture, CPU seconds per
                    GiB and per viewer-minute, memory per viewer, with ratios.
    --variant V     Puts rtmpe, rtmpt, rtmpte, rtmps, rtmpts or ws beside plain RTMP, in place of nginx-rtmp.
    --viewers LIST  How many watch at one time, one run each; 1,100,500,1000 unless given.
    --seconds N     How long each of those runs lasts; 20 unless given.
  bench control     How long calls of CloudFront's API take on an account with 200 streaming distributions and
                    10,000 tags, and how long until the edge works from a change; beside their bars.
    --store URL     A database of PostgreSQL, which is filled; a new file of SQLite unless given.
    --seconds N     How long each load lasts; 2 unless given.
  bench signatures  What a signed name costs the first time and again, and what a flood of bad signatures costs
                    viewers who play; beside the bars.
    --viewers N     How many watch at one time; 500 unless given.
    --seconds N     How long they do; 20 unless given.
  bench web         Web distributions beside Debian's nginx, Varnish and Traffic Server in one run: requests a second,
                    CPU for each and for a GiB, memory, with ratios and bars; and how soon a cold object comes.
    --only LIST     Of 1k, 100k, 10m, ranges, misses, http1, tls, http2 and cold; all unless given.
    --seconds N     How long each load lasts; 5 unless given.
  help              Prints this.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line asks for; the answer is whether all went well.
fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    match arguments {
        ["test"] => test::whole(),
        ["test", "--quick"] => test::quick(),
        ["test", "--suite", name] => test::suite(name),
        ["setup"] => setup::everything().map(|()| true),
        ["player"] => player::build().map(|()| true),
        ["fixtures"] => fixtures::make().map(|()| true),
        ["transcripts"] => player::transcripts().map(|()| true),
        ["shapes"] => shapes::make().map(|()| true),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["bench", "rtmp", rest @ ..] => bench::rtmp(rest),
        ["bench", "control", rest @ ..] => bench::control::run(rest),
        ["bench", "signatures", rest @ ..] => bench::signatures::run(rest),
        ["bench", "web", rest @ ..] => bench::web::run(rest),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(true)
        }
        other => bail!("there is no `{}`; `cargo xtask help` lists what there is", other.join(" ")),
    }
}
