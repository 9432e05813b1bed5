//! Millrace: media from S3 buckets to RTMP players, through an edge cache.

mod cli;
mod config;
mod demo;
mod logging;
mod play;
mod ports;
mod serve;
mod server;

use std::process::ExitCode;

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
