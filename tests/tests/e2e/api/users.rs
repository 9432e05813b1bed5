//! Users that `millrace user` makes, while the server runs.

use std::process::Command;

use millrace_tests::aws::{Caller, RELEASES, Release};
use millrace_tests::binary::millrace;
use millrace_tests::process::run;
use millrace_tests::{Config, Server};

use super::{QUIET, STORES};

/// A policy as IAM has them: everything with streaming distributions but tags, and nothing with one of them.
fn policy(forbidden: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "Allow", "Action": "cloudfront:*StreamingDistribution*", "Resource": "*"}},
            {{"Effect": "Deny", "Action": "*", "Resource": "arn:aws:cloudfront::123456789012:*/{forbidden}"}}]}}"#
    )
}

/// `millrace user …`; the answer is what it prints.
fn user(config: &Config, arguments: &[&str]) -> String {
    let mut command = Command::new(millrace());
    command.arg("user").args(arguments).arg("--config").arg(config.path());
    run(&mut command).ok().text()
}

/// A new user's key as ID=SECRET.
fn key_of_new(config: &Config, arguments: &[&str]) -> String {
    let printed = user(config, &[&["create"], arguments].concat());
    let line = |name: &str| {
        let value = printed.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("no {name} in {printed}"))
    };
    format!("{}={}", line("AWS_ACCESS_KEY_ID"), line("AWS_SECRET_ACCESS_KEY"))
}

/// A streaming distribution; the answer is its id.
fn distribution(caller: &Caller, reference: &str) -> String {
    let config = format!(
        r#"{{"CallerReference": "{reference}", "Comment": "", "Enabled": true,
            "S3Origin": {{"DomainName": "films.s3.amazonaws.com", "OriginAccessIdentity": ""}},
            "TrustedSigners": {{"Enabled": false, "Quantity": 0}}}}"#
    );
    let arguments = ["create-streaming-distribution", "--streaming-distribution-config", &config];
    let made = caller.answer(Release::Newest, &arguments);
    made["StreamingDistribution"]["Id"].as_str().expect("an id").to_owned()
}

#[test]
fn users_may_do_what_they_were_given_and_no_more_until_they_are_deleted() {
    for (release, store) in RELEASES.into_iter().zip(STORES) {
        let config = store.config().with(QUIET);
        let server = Server::serve(&config);
        let admin = Caller::admin(&server);
        let (mine, other) = (distribution(&admin, "mine"), distribution(&admin, "other"));
        let file = config.folder().join("policy.json");
        std::fs::write(&file, policy(&other)).expect("a file");
        let keys = [
            key_of_new(&config, &["dashboard", "--policy", "read-only"]),
            key_of_new(&config, &["shop", "--distribution", &mine]),
            key_of_new(&config, &["tool", "--policy", &file.display().to_string()]),
        ];
        let mut script = admin.script(release, "users.py");
        let _ = run(script.args([&mine, &other]).args(&keys)).ok();

        let (id, secret) = keys[0].split_once('=').expect("a key");
        let dashboard = Caller::with_key(&server, (id, secret));
        assert_ne!(dashboard.answer(release, &["list-streaming-distributions"]), serde_json::Value::Null);
        user(&config, &["delete", "dashboard"]);
        let refused = dashboard.aws(release, &["list-streaming-distributions"]);
        assert!(refused.err.contains("(InvalidClientTokenId)"), "{}", refused.err);
    }
}
