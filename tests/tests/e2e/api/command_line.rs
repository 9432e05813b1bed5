//! The AWS CLI, Debian's and the newest: what people type and what scripts look for.

use std::collections::BTreeSet;

use millrace_tests::Server;
use millrace_tests::aws::{Caller, Release};
use millrace_tests::process::run;

use super::{Kept, QUIET, operations, words};

/// How the CLI calls an operation.
fn command(operation: &str) -> String {
    let mut command = String::new();
    for letter in operation.chars() {
        if letter.is_ascii_uppercase() && !command.is_empty() {
            command.push('-');
        }
        command.push(letter.to_ascii_lowercase());
    }
    command
}

/// A CLI can do everything on a store.
fn does_everything(release: Release, store: Kept) {
    let config = store.config().with(QUIET);
    let server = Server::serve(&config);
    let mut script = Caller::admin(&server).script(release, "command_line.py");
    let finished = run(script.arg(release.aws()));
    let printed = finished.text();
    assert!(finished.status.success(), "{release:?}, {store:?}:\n{printed}\n{}", finished.err);
    let done: BTreeSet<String> = words(&printed, "operations: ").into_iter().map(str::to_owned).collect();
    let all: BTreeSet<String> = operations().into_iter().map(command).collect();
    let missing: Vec<&String> = all.difference(&done).collect();
    assert!(missing.is_empty(), "{release:?}: {missing:?} were not tried");
}

#[test]
fn debians_command_line_does_everything() {
    does_everything(Release::Debian, Kept::Sqlite);
}

#[test]
fn the_newest_command_line_does_everything() {
    does_everything(Release::Newest, Kept::Postgres);
}
