//! `cargo xtask player`: the player for browsers, from TypeScript to the files that the server has in it.

use std::path::Path;
use std::process::Command;

use crate::step::Run;
use crate::tools::{cargo, must, root};

/// Builds it into `player/dist`; fails when a file grew over its budget.
pub(crate) fn build() -> anyhow::Result<()> {
    packages()?;
    must(npm().args(["run", "build"]))
}

/// Builds it, and runs the tests that need no browser.
pub(crate) fn test(run: &mut Run) {
    if run.step("player", "npm ci, npm run build, in player/", build) {
        run.command("player's types", npm().args(["run", "check"]));
        run.command("player's tests", npm().arg("test"));
    }
}

/// Plays in browsers what `program` serves, and compares it with what is in the files; then in old pages.
pub(crate) fn in_browsers(run: &mut Run, program: &Path) {
    for (name, script) in [("player in browsers", "test:browser"), ("old pages", "test:compat")] {
        run.command(name, npm().args(["run", script]).env("MILLRACE_BIN", program));
    }
}

/// Writes what the RTMP crate makes of bytes, for the player's tests to compare with.
pub(crate) fn transcripts() -> anyhow::Result<()> {
    let mut tests = cargo(["test", "--package", "millrace-rtmp", "--test", "transcripts"]);
    must(tests.env("MILLRACE_WRITE_TRANSCRIPTS", "1"))
}

fn packages() -> anyhow::Result<()> {
    must(npm().args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"]))
}

fn npm() -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(root().join("player"));
    npm
}
