//! Host names: one owner each, whatever its kind.

use millrace_control::service::Declared;
use serde_json::{Value, json};

use crate::account::{Account, listed, streaming, web};

fn aliases(names: &[&str]) -> Value {
    json!({"Aliases": listed(names)})
}

/// Both kinds refuse these names, and say why with this code and word.
async fn both_refuse(account: &Account, names: &[&str], code: &str, word: &str) {
    let input = json!({"StreamingDistributionConfig": streaming("new", aliases(names))});
    account.refused(code, word, "CreateStreamingDistribution", input).await;
    let input = json!({"DistributionConfig": web("new", aliases(names))});
    account.refused(code, word, "CreateDistribution", input).await;
}

#[tokio::test]
async fn an_alias_has_one_owner_of_either_kind_in_whatever_case() {
    let account = Account::new().await;
    account.stream("stream", aliases(&["media.example.com", "*.example.org"])).await;
    account.web("web", aliases(&["WWW.example.com"])).await;
    for taken in
        ["media.example.com", "MEDIA.Example.Com", "www.EXAMPLE.com", "*.example.org", "*.EXAMPLE.org"]
    {
        both_refuse(&account, &[taken], "CNAMEAlreadyExists", taken.to_ascii_lowercase().as_str()).await;
    }
    // A wildcard and a name that it covers are two.
    account.stream("other", aliases(&["a.example.org", "*.a.example.org"])).await;
}

#[tokio::test]
async fn an_alias_that_was_let_go_of_is_free() {
    let account = Account::new().await;
    let stream = account.stream("stream", aliases(&["a.example.com", "b.example.com"])).await;
    let stream = account.update(&stream, aliases(&["b.example.com"])).await;
    let web = account.web("web", aliases(&["a.example.com"])).await;
    let input = web.update_input(aliases(&["a.example.com", "B.example.com"]));
    account.refused("CNAMEAlreadyExists", &stream.id, "UpdateDistribution", input).await;
    account.end(&stream).await;
    let web = account.update(&web, aliases(&["B.example.com"])).await;
    account.stream("again", aliases(&["a.example.com"])).await;
    account.end(&web).await;
    account.stream("last", aliases(&["b.example.com"])).await;
}

#[tokio::test]
async fn names_that_are_none_or_not_the_customers_are_refused() {
    let account = Account::new().await;
    let long = format!("{}.example.com", "x".repeat(64));
    let none =
        ["localhost", "a..example.com", "exa mple.com", "*", "a.*.example.com", "ä.example.com", "", &long];
    for name in none {
        both_refuse(&account, &[name], "InvalidArgument", "no host name").await;
    }
    for ours in ["millrace.localhost", "d1.millrace.localhost", "*.Millrace.localhost"] {
        both_refuse(&account, &[ours], "InvalidArgument", "given by the server").await;
    }
    both_refuse(&account, &["a.example.com", "A.example.com"], "InvalidArgument", "twice").await;
    account.stream("fine", aliases(&["notmillrace.localhost"])).await;
}

#[tokio::test]
async fn a_name_of_the_file_is_taken() {
    let account = Account::new().await;
    account.service.declare(&[Declared {
        id: "file".into(),
        domain_name: "File.example.net".into(),
        aliases: vec!["Media.example.net".into()],
        bucket: "films".into(),
        trusted_signers: Vec::new(),
        enabled: true,
        file: "millrace.toml".into(),
    }]);
    for taken in ["media.example.net", "file.EXAMPLE.net"] {
        both_refuse(&account, &[taken], "CNAMEAlreadyExists", "configuration file").await;
    }
    account.service.declare(&[]);
    account.stream("now", aliases(&["media.example.net"])).await;
}
