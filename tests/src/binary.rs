//! The program under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The built `millrace`: the one that `MILLRACE_BIN` names, or else one built now for development.
pub fn millrace() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| match std::env::var_os("MILLRACE_BIN") {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["build", "--quiet", "--package", "millrace"]).status();
    assert!(status.expect("cargo can be run").success(), "millrace can't be built");
    // The tests lie in TARGET/debug/deps.
    let own = std::env::current_exe().expect("a test knows its own path");
    let target = own.ancestors().nth(3).expect("tests lie in the target folder");
    target.join("debug/millrace")
}
