//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::control::{backup, documents, history, identity, keys, user};
use crate::out::say;
use crate::{cert, config, demo, doctor, logging, play, serve, sign, swf};

/// Streams media from S3 buckets to RTMP players, through an edge cache.
///
/// What Amazon CloudFront's RTMP distributions did until December 2020: media files stay in a bucket, players connect
/// to rtmp://HOST/cfx/st and play them by name, and every byte is fetched from the bucket once.
#[derive(Debug, Parser)]
#[command(name = "millrace", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_long_help = "\
Exit status:
  0  it went well      1  it did not; standard error tells why      2  the command line is wrong
  3  `play`: everything came, but a viewer would have seen the picture stand still

Start here:
  millrace demo")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(Demo),
    Serve(Serve),
    Play(Box<play::Play>),
    /// Prints or checks configuration files.
    ///
    /// A configuration is one TOML file. Settings that it does not have keep their defaults; names that do not exist
    /// are faults, and so are references to buckets or distributions that are not there.
    #[command(subcommand)]
    Config(Config),
    #[command(subcommand)]
    Cert(cert::Cert),
    Swf(swf::Files),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Identity(identity::Identity),
    Import(documents::Import),
    Apply(documents::Apply),
    Diff(documents::Diff),
    Export(documents::Export),
    Backup(backup::Backup),
    Restore(backup::Restore),
    History(history::History),
    Doctor(doctor::Doctor),
    Sign(Box<sign::Sign>),
}

/// Starts everything on this machine with sample media, to try it out.
///
/// Puts sample media into a folder that stands for a bucket, serves it to anybody who connects, and prints lines to
/// paste into a shell. Files dropped into the folder can be played at once. Each port takes every protocol; there are
/// three because players look for RTMP, HTTP and TLS at different ones. Ctrl-C ends it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Files:
  DIR/buckets/media  the bucket folder; what is put there plays under its name
  DIR/cache          blocks of it, kept from run to run; may be deleted at any time
  DIR/tls            a certificate for this machine, made at the first start
  DIR/control.db     what is made with the API; DIR/seal.key opens the secrets in it

Examples:
  millrace demo
  millrace demo --rtmp-port 0 --http-port 0 --tls-port 0 --api-port 0
  millrace demo --bind 0.0.0.0 --rtmp-port 1936 --data-dir /tmp/millrace")]
pub(crate) struct Demo {
    /// Where the bucket folder and the cache are kept.
    #[arg(long, value_name = "DIR", default_value = "millrace-data")]
    pub(crate) data_dir: PathBuf,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,
    /// The port for RTMP; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 1935)]
    pub(crate) rtmp_port: u16,
    /// The port for RTMP in HTTP (RTMPT); 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub(crate) http_port: u16,
    /// The port for RTMP in TLS (RTMPS); 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    pub(crate) tls_port: u16,
    /// The port for CloudFront's API; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 8090)]
    pub(crate) api_port: u16,
}

/// Serves the distributions of a configuration file.
///
/// SIGHUP reads the file again and replaces distributions, buckets and certificates; viewers who are connected notice
/// nothing, and a file with a fault changes nothing. Certificates that are renewed in place need no signal. SIGTERM and Ctrl-C take no more viewers and end when the last one has finished,
/// or after `drain.deadline`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Environment:
  MILLRACE_CONFIG  the configuration file, if --config does not name one
  MILLRACE_LOG     overrides log.level, such as info,millrace_edge=debug
  AWS_...          credentials of buckets that have none in the file

Examples:
  millrace config default > millrace.toml
  millrace config check millrace.toml
  millrace serve --config millrace.toml")]
pub(crate) struct Serve {
    /// The configuration file; `millrace config default` prints one to start from.
    #[arg(long, short, value_name = "FILE", env = "MILLRACE_CONFIG", default_value = "millrace.toml")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Config {
    /// Prints a configuration file with every setting, its meaning and its default.
    Default,
    /// Checks a configuration file, and the certificates and players that it names, and says what is wrong where.
    Check {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

impl Cli {
    /// Does what was asked for; the result is the process's exit status.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Demo(demo) => demo::run(&demo)?,
            Command::Serve(serve) => serve::run(&serve.config)?,
            Command::Play(options) => return play::run(*options),
            Command::Config(Config::Default) => say(&config::Config::default_file()),
            Command::Config(Config::Check { file }) => {
                logging::start(logging::Format::Text, "warn");
                let config = config::Config::load(&file)?;
                config.certificates()?;
                say(&format!("{}: {}\n", file.display(), config.summary()));
            }
            Command::Cert(command) => cert::run(&command)?,
            Command::Swf(files) => swf::run(&files)?,
            Command::User(command) => user::run(command)?,
            Command::Keys(command) => keys::run(command)?,
            Command::Identity(command) => identity::run(command)?,
            Command::Import(command) => documents::import(&command)?,
            Command::Apply(command) => documents::apply(&command)?,
            Command::Diff(command) if documents::diff(&command)? => return Ok(ExitCode::FAILURE),
            Command::Diff(_) => {}
            Command::Export(command) => documents::export(&command)?,
            Command::Backup(command) => backup::backup(&command)?,
            Command::Restore(command) => backup::restore(&command)?,
            Command::Doctor(command) if !doctor::run(&command)? => return Ok(ExitCode::FAILURE),
            Command::Doctor(_) => {}
            Command::Sign(command) if !sign::run(&command)? => return Ok(ExitCode::FAILURE),
            Command::Sign(_) => {}
            Command::History(command) => history::run(&command)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
