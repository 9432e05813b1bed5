//! The API when things go wrong: callers that mean no good, a server that dies.

use std::path::Path;
use std::process::Command;

use millrace_tests::aws::{Caller, Release};
use millrace_tests::process::run;
use millrace_tests::{Running, Server};

use super::{Kept, QUIET};

fn journal(server: &Server, what: &str, file: &Path) -> Command {
    let mut command = Caller::admin(server).script(Release::Newest, "journal.py");
    command.arg(what).arg(file);
    command
}

/// Kills the server while it is written to, early and late, and starts it again.
fn survives(store: Kept) {
    for count in [5, 40, 75, 110] {
        let config = store.config().with(&format!("{QUIET}\n[quotas]\nstreaming_distributions = 10_000"));
        let file = config.folder().join("journal");
        let server = Server::serve(&config);
        let mut writer = Running::start(journal(&server, "write", &file).arg(count.to_string()));
        writer.wait_for_out("enough");
        server.kill();
        let _ = writer.finish().ok();
        let server = Server::serve(&config);
        let _ = run(&mut journal(&server, "verify", &file)).ok();
    }
}

#[test]
fn what_was_acknowledged_outlives_a_kill_on_sqlite() {
    survives(Kept::Sqlite);
}

#[test]
fn what_was_acknowledged_outlives_a_kill_on_postgresql() {
    survives(Kept::Postgres);
}

#[test]
fn requests_that_mean_no_good_are_refused_and_others_are_served() {
    let config = Kept::Sqlite.config().with(QUIET);
    let server = Server::serve(&config);
    let _ = run(&mut Caller::admin(&server).script(Release::Newest, "hostile.py")).ok();
}
