//! What the README says to paste, pasted.

use std::process::Command;

use millrace_tests::aws::Release;
use millrace_tests::process::run;
use millrace_tests::server::ADMIN;
use millrace_tests::{Frames, Server, media::sample};

/// The first block of shell under a heading of the README.
fn block(heading: &str) -> &'static str {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).expect("the README has that heading");
    let (_, block) = section.split_once("\n```sh\n").expect("there is something to paste");
    block.split_once("\n```\n").expect("it has an end").0
}

#[test]
fn the_lines_about_the_aws_cli_work_as_pasted() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder to paste in");
    // Only the ports are others: the demo's own may be in use.
    let lines = block("Manage it with the AWS CLI")
        .replace("http://127.0.0.1:8090", &server.api())
        .replace("127.0.0.1:1935", &format!("127.0.0.1:{}", server.port()));
    let programs = Release::Newest.aws();
    let programs = programs.parent().expect("a program lies in a folder").display();
    let path = std::env::var("PATH").expect("there is a PATH");
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &lines]).current_dir(folder.path());
    shell.env("PATH", format!("{programs}:{path}")).env("HOME", folder.path());
    shell.env("AWS_ACCESS_KEY_ID", ADMIN.0).env("AWS_SECRET_ACCESS_KEY", ADMIN.1);
    let _ = run(&mut shell).ok();
    let saved = Frames::of_file(&folder.path().join("films.flv"));
    saved.assert_same(&Frames::of_file(&sample("sample.mp4")), "what the README saves");
}
