//! CloudFront's API as Amazon's own clients see it: boto3, old and new, on each store.

use std::collections::BTreeSet;

use millrace_tests::aws::{Caller, RELEASES, Release};
use millrace_tests::postgres::postgres;
use millrace_tests::process::run;
use millrace_tests::{Config, Server};

/// Where a server keeps what is made with the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Sqlite,
    Postgres,
}

/// Both.
pub(crate) const STORES: [Kept; 2] = [Kept::Sqlite, Kept::Postgres];

impl Kept {
    /// A configuration whose store is empty.
    pub(crate) fn config(self) -> Config {
        match self {
            Self::Sqlite => Config::new(),
            Self::Postgres => Config::new().with_control(&format!("store = {:?}", postgres().database())),
        }
    }
}

/// Runs a script against servers of their own, with each boto3 on each store; the answer is what they printed.
fn everywhere(script: &str, section: &str) -> Vec<(Release, Kept, String)> {
    let both = STORES.iter().flat_map(|store| RELEASES.map(|release| (release, *store)));
    let runs = both.map(|(release, store)| {
        // Each call is a line in the log: too many to look through.
        let config = store.config().with("[log]\nlevel = \"info,millrace::api=warn\"").with(section);
        let server = Server::serve(&config);
        let finished = run(&mut Caller::admin(&server).script(release, script));
        assert!(
            finished.status.success(),
            "{script}, boto3 of {release:?}, {store:?}:\n{}\n{}",
            finished.text(),
            finished.err
        );
        (release, store, finished.text())
    });
    runs.collect()
}

/// The words behind a title in what a script printed.
fn words<'t>(printed: &'t str, title: &str) -> BTreeSet<&'t str> {
    let line = printed.lines().find_map(|line| line.strip_prefix(title));
    line.unwrap_or_else(|| panic!("no {title:?} in {printed}")).split_whitespace().collect()
}

/// The operations that the server knows.
fn operations() -> BTreeSet<&'static str> {
    let shapes = include_str!("../../../crates/control/src/shape/shapes.txt");
    let lines = shapes.lines().filter_map(|line| line.strip_prefix("operation "));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

#[test]
fn every_operation_succeeds_and_answers_what_was_sent() {
    for (release, store, printed) in everywhere("operations.py", "") {
        let (done, all) = (words(&printed, "operations: "), operations());
        let missing: Vec<_> = all.difference(&done).collect();
        assert!(missing.is_empty(), "{release:?}, {store:?}: {missing:?} were not tried");
    }
}

#[test]
fn lists_come_in_pages_and_waiters_see_the_end() {
    everywhere("lists.py", "");
}
