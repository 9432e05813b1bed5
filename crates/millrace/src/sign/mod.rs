//! `millrace sign`: stream names, URLs and cookies that let viewers see what is private; and what is wrong with one.

mod check;
mod examination;
mod key_id;
mod make;
mod spelling;
mod when;

use clap::{Args, Subcommand};

use check::Check;
pub(crate) use examination::{Examination, Trust};
use make::Make;
pub(crate) use when::now;

/// Signs a stream name, a URL or cookies, as the tools of CloudFront do.
///
/// One thing is printed on standard output, for scripts: the signed name (or URL, or cookies). For a stream only its
/// name is signed, without prefix, host and application. It is looked at when playback begins and when a viewer seeks:
/// whoever began in time may play on to the end.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_long_help = "\
WHEN is how long from now (2h, 30d), a time (2030-01-31T18:00:00Z, with any offset), or seconds since 1970.

Examples:
  millrace sign --key pk-APKAEIBAERJR2EXAMPLE.pem --stream mp4:films/summer.mp4 --expires 2h
  millrace sign --key signing.pem --url rtmp://media.example.com/cfx/st/mp4:films/summer.mp4 --expires 2h
  millrace sign --key signing.pem --stream films/summer --expires 30d --ip 192.0.2.0/24 --escape
  millrace sign --key signing.pem --url 'https://d111111abcdef8.example.net/films/*' --expires 8h --cookie
  millrace sign check 'rtmp://media.example.com/cfx/st/mp4:films/summer.mp4?Expires=1893456000&Signature=...'")]
pub(crate) struct Sign {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    make: Make,
}

#[derive(Debug, Subcommand)]
enum Other {
    Check(Check),
}

/// Does what was asked for; the answer is whether everything was well.
pub(crate) fn run(command: &Sign) -> anyhow::Result<bool> {
    match &command.other {
        Some(Other::Check(check)) => check::run(check),
        None => make::run(&command.make).map(|()| true),
    }
}
