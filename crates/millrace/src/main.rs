//! Millrace: media from S3 buckets to RTMP players, through an edge cache.

mod cert;
mod cli;
mod config;
mod control;
mod demo;
mod doctor;
mod findings;
mod logging;
mod out;
mod play;
mod player;
mod ports;
mod serve;
mod server;
mod sign;
mod stream;
mod swf;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Answers are many small allocations: this one makes them for less than the system's does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("millrace: {error:#}");
            ExitCode::FAILURE
        }
    }
}
