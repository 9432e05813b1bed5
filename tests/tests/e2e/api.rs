//! CloudFront's API as Amazon's own clients see it: boto3, old and new, on each store.

mod command_line;
mod customer;
mod faults;
mod users;

use std::collections::BTreeSet;

use millrace_tests::aws::{Caller, RELEASES, Release};
use millrace_tests::postgres::postgres;
use millrace_tests::process::run;
use millrace_tests::{Config, Server};

/// Where a server keeps what is made with the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Sqlite,
    Postgres,
}

/// Both.
const STORES: [Kept; 2] = [Kept::Sqlite, Kept::Postgres];

/// Each call is a line in the log: too many to look through when something fails.
const QUIET: &str = "[log]\nlevel = \"info,millrace::api=warn\"";

impl Kept {
    /// A configuration whose store is empty.
    fn config(self) -> Config {
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
        let config = store.config().with(QUIET).with(section);
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

#[test]
fn what_is_refused_comes_as_the_exception_that_amazon_documents() {
    everywhere("faults.py", "");
    everywhere("conflicts.py", "");
}

#[test]
fn there_may_be_so_many_of_everything_and_no_more() {
    let quotas = [
        "streaming_distributions",
        "distributions",
        "aliases",
        "trusted_signers",
        "identities",
        "origins",
        "behaviors",
        "tags",
        "invalidation_paths",
        "public_keys",
        "keys_in_group",
        "policies",
    ];
    let quotas: String = quotas.iter().map(|quota| format!("{quota} = 2\n")).collect();
    everywhere("quotas.py", &format!("[quotas]\ncomment = 5\n{quotas}"));
}

#[test]
fn who_calls_is_known_by_the_signature_and_every_version_is_answered_in_its_namespace() {
    everywhere("signatures.py", "");
}

#[test]
fn of_many_writers_at_one_time_one_wins() {
    everywhere("writers.py", "");
}

#[test]
fn whatever_botocores_model_allows_comes_back() {
    let quotas = ["streaming_distributions", "distributions", "identities", "public_keys", "policies"];
    let quotas: String = quotas.iter().map(|quota| format!("{quota} = 1000\n")).collect();
    for store in STORES {
        let config = store.config().with(&format!("{QUIET}\n[quotas]\n{quotas}"));
        let server = Server::serve(&config);
        let mut script = Caller::admin(&server).script(Release::Newest, "properties.py");
        let finished = run(script.args(["20", "1"]));
        assert!(finished.status.success(), "{store:?}:\n{}\n{}", finished.text(), finished.err);
    }
}
