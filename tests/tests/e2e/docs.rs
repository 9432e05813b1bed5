//! What the pages of the documentation say to paste, pasted.

mod private;
mod web;

use std::path::Path;
use std::process::Command;

use millrace_tests::Running;
use millrace_tests::aws::Release;
use millrace_tests::binary::millrace;
use millrace_tests::media::sample;
use millrace_tests::server::ADMIN;
use millrace_tests::snippets::Step;

/// A server knows of everything that the commands before have changed. People need the second that it takes to read on.
const READY: &str = "millrace doctor | grep -q '^ok    snapshot'";

/// A shell at home in a folder, in the folder of the sources, with the programs that are tested.
fn bash(home: &Path) -> Command {
    let folder_of =
        |program: &Path| program.parent().expect("a program lies in a folder").display().to_string();
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = [folder_of(millrace()), folder_of(&Release::Newest.aws()), path].join(":");
    let assets = sample("sample.mp4");
    let sources = assets.ancestors().nth(2).expect("samples lie in a folder of the sources");
    let mut command = Command::new("bash");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("AWS_") || name.starts_with("MILLRACE_")) {
            command.env_remove(name);
        }
    }
    command.current_dir(sources).env("PATH", path).env("HOME", home).env("NO_COLOR", "1");
    command.env("AWS_ACCESS_KEY_ID", ADMIN.0).env("AWS_SECRET_ACCESS_KEY", ADMIN.1);
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_PAGER", "").env("NO_PROXY", "*");
    command
}

/// Starts the server as the page says; the result has its ports, of viewers and of the API, each with its colon.
fn serve(home: &Path, step: &Step) -> (Running, String, String) {
    let mut command = bash(home);
    command.args(["-c", &format!("exec {}", step.script)]);
    command.env("MILLRACE_ADMIN_ACCESS_KEY_ID", ADMIN.0).env("MILLRACE_ADMIN_SECRET_ACCESS_KEY", ADMIN.1);
    let mut server = Running::start(&mut command);
    let log = server.wait_for_err("the API listens");
    let port = |message: &str| {
        let (_, behind) = log.split_once(message).expect("the log names its ports");
        let (_, digits) = behind.split_once("127.0.0.1").expect("it listens on this machine");
        digits.chars().take_while(|letter| *letter == ':' || letter.is_ascii_digit()).collect()
    };
    let ports = (port("viewers may connect"), port("the API listens"));
    (server, ports.0, ports.1)
}
