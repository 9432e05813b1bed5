//! Distributions made by the AWS CLI, and what curl gets of them: from a folder, from a closed bucket, and signed.

use std::path::Path;
use std::process::Command;

use millrace_tests::aws::{Caller, Release};
use millrace_tests::binary::millrace;
use millrace_tests::process::{run, sooner_or_later};
use millrace_tests::weed::{BUCKET, READER, weed};
use millrace_tests::{Config, KeyPair, Server};
use serde_json::json;

/// The key that may sign.
const KEY: &str = "APKAEIBAERJR2EXAMPLE";

/// A page that is worth compressing.
fn page() -> String {
    "<p>What was said once is said again.</p>\n".repeat(100)
}

/// A folder with that page in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.html"), page()).expect("the page is written");
    folder
}

fn of_folder(folder: &Path) -> Config {
    Config::new().with(&format!("[[bucket]]\nname = \"player\"\nfolder = {folder:?}")).with_certificate()
}

/// Makes a distribution; the answer is its host.
fn made(server: &Server, arguments: &[&str]) -> String {
    let made = Caller::admin(server).answer(Release::Newest, arguments);
    made["Distribution"]["DomainName"].as_str().expect("a host").to_owned()
}

/// A distribution of a bucket; what is not said is as the AWS CLI has it.
fn configured(server: &Server, bucket: &str, identity: &str, signers: &[&str]) -> String {
    let signers = match signers {
        [] => json!({"Enabled": false, "Quantity": 0}),
        some => json!({"Enabled": true, "Quantity": some.len(), "Items": some}),
    };
    let config = json!({
        "CallerReference": format!("{bucket} {identity} {signers}"),
        "Comment": "", "Enabled": true, "HttpVersion": "http2",
        "Origins": {"Quantity": 1, "Items": [{
            "Id": "bucket", "DomainName": format!("{bucket}.s3.amazonaws.com"),
            "S3OriginConfig": {"OriginAccessIdentity": identity},
        }]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "bucket", "ViewerProtocolPolicy": "allow-all", "MinTTL": 0, "Compress": true,
            "ForwardedValues": {"QueryString": false, "Cookies": {"Forward": "none"}},
            "TrustedSigners": signers,
        },
    });
    made(server, &["create-distribution", "--distribution-config", &config.to_string()])
}

/// Fetches a URL of a host that no name server knows.
fn text(url: &str, options: &[&str]) -> String {
    let host = url.split("//").nth(1).and_then(|rest| rest.split('/').next()).expect("a host");
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-i", "-k", "--max-time", "20", "--resolve", &format!("{host}:127.0.0.1")]);
    run(curl.args(options).arg(url)).ok().text()
}

#[test]
fn a_distribution_by_the_shortest_command_serves_a_folder() {
    let folder = folder();
    let config = of_folder(folder.path());
    let server = Server::serve(&config);
    let command =
        ["create-distribution", "--origin-domain-name", "player.s3.amazonaws.com", "--default-root-object"];
    let host = made(&server, &[&command[..], &["index.html"]].concat());
    let url = |scheme: &str| format!("{scheme}://{host}:{}/", server.port());
    sooner_or_later("it is served", || text(&url("http"), &[]).starts_with("HTTP/1.1 200"));
    let hit = text(&url("http"), &[]);
    assert!(hit.contains("X-Cache: Hit from cloudfront\r\n") && hit.ends_with(&page()), "{hit}");
    let part = text(&url("http"), &["-r", "3-12"]);
    assert!(part.starts_with("HTTP/1.1 206") && part.ends_with("\r\n\r\nWhat was s"), "{part}");
    let old = text(&url("http"), &["--http1.0"]);
    assert!(old.contains(" 200 OK\r\n") && old.ends_with(&page()), "{old}");
    let head = text(&url("http"), &["-I"]);
    assert!(head.contains(&format!("Content-Length: {}\r\n", page().len())), "{head}");
    let missing = text(&format!("{}nothing", url("http")), &[]);
    assert!(missing.starts_with("HTTP/1.1 404") && missing.contains("<Code>NoSuchKey</Code>"), "{missing}");
}

#[test]
fn http_2_is_spoken_where_the_distribution_says_so() {
    let folder = folder();
    let config = of_folder(folder.path());
    let server = Server::serve(&config);
    let plain = made(&server, &["create-distribution", "--origin-domain-name", "player.s3.amazonaws.com"]);
    let host = configured(&server, "player", "", &[]);
    let url = |scheme: &str, host: &str| format!("{scheme}://{host}:{}/index.html", server.port());
    sooner_or_later("both are served", || {
        [&plain, &host].iter().all(|host| text(&url("http", host), &[]).starts_with("HTTP/1.1 200"))
    });
    for (scheme, options) in [("http", "--http2-prior-knowledge"), ("https", "--http2")] {
        let answer = text(&url(scheme, &host), &[options]);
        assert!(answer.starts_with("HTTP/2 200") && answer.ends_with(&page()), "{options}: {answer}");
    }
    let not_offered = text(&url("https", &plain), &["--http2"]);
    assert!(not_offered.starts_with("HTTP/1.1 200") && not_offered.ends_with(&page()), "{not_offered}");
    let refused = text(&url("http", &plain), &["--http2-prior-knowledge"]);
    assert!(refused.starts_with("HTTP/2 421"), "{refused}");
}

#[test]
fn what_is_worth_it_comes_compressed_to_who_takes_it() {
    let folder = folder();
    let config = of_folder(folder.path());
    let server = Server::serve(&config);
    let host = configured(&server, "player", "", &[]);
    let url = format!("http://{host}:{}/index.html", server.port());
    sooner_or_later("it is served", || text(&url, &[]).starts_with("HTTP/1.1 200"));
    for _ in 0..2 {
        let packed = text(&url, &["--compressed"]);
        assert!(packed.to_ascii_lowercase().contains("\r\ncontent-encoding: "), "{packed}");
        assert!(packed.ends_with(&page()), "{packed}");
        let plain = text(&url, &[]);
        assert!(
            !plain.to_ascii_lowercase().contains("content-encoding") && plain.ends_with(&page()),
            "{plain}"
        );
    }
}

#[test]
fn a_closed_bucket_is_read_by_its_identity_only() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), page()).expect("it is written");
    weed().upload(file.path(), "web/page.html");
    let config = Config::new().with(&format!("[s3]\nendpoint = {:?}", weed().endpoint()));
    let server = Server::serve(&config);
    let identity = Caller::admin(&server).answer(
        Release::Newest,
        &[
            "create-cloud-front-origin-access-identity",
            "--cloud-front-origin-access-identity-config",
            "CallerReference=web,Comment=",
        ],
    );
    let identity = identity["CloudFrontOriginAccessIdentity"]["Id"].as_str().expect("an id").to_owned();
    let mut set = Command::new("sh");
    set.args(["-c", "printf %s \"$SECRET\" | \"$@\"", "sh"]).env("SECRET", READER.1).arg(millrace());
    set.args(["identity", "set", &identity, "--access-key-id", READER.0, "--config"]).arg(config.path());
    let _ = run(&mut set).ok();
    let open = configured(&server, BUCKET, &format!("origin-access-identity/cloudfront/{identity}"), &[]);
    let closed = configured(&server, BUCKET, "", &[]);
    let url = |host: &str| format!("http://{host}:{}/web/page.html", server.port());
    sooner_or_later("the identity reads it", || text(&url(&open), &[]).ends_with(&page()));
    sooner_or_later("nobody else does", || {
        let refused = text(&url(&closed), &[]);
        refused.starts_with("HTTP/1.1 403") && refused.contains("<Code>AccessDenied</Code>")
    });
}

#[test]
fn signed_urls_and_cookies_let_viewers_in_and_others_are_told_why_not() {
    let folder = folder();
    let config = of_folder(folder.path());
    let key = KeyPair::rsa(KEY).imported(&config);
    let server = Server::serve(&config);
    let host = configured(&server, "player", "", &["self"]);
    let url = format!("http://{host}:{}/index.html", server.port());
    sooner_or_later("the key is known", || text(&url, &[]).contains("<Code>MissingKey</Code>"));
    let mut sign =
        Caller::admin(&server).cli(Release::Newest, &["sign", "--url", &url, "--key-pair-id", KEY]);
    let file = format!("file://{}", key.private().display());
    let signed = run(sign.args(["--private-key", &file, "--date-less-than", "2100-01-01"])).ok().text();
    let signed = signed.trim().trim_matches('"');
    assert!(text(signed, &[]).ends_with(&page()), "{signed}");
    let other = signed.replace("index.html", "other.html");
    let refused = text(&other, &[]);
    assert!(
        refused.starts_with("HTTP/1.1 403") && refused.contains("<Code>AccessDenied</Code>"),
        "{refused}"
    );

    let mut cookies = Command::new(millrace());
    cookies.args(["sign", "--key"]).arg(key.private()).args(["--key-pair-id", KEY, "--url", &url]);
    let cookies = run(cookies.args(["--expires", "2h", "--cookie"])).ok().text();
    let value = |name: &str| {
        let found = cookies.lines().find_map(|line| line.split_once(&format!("{name}=")));
        let (_, value) = found.unwrap_or_else(|| panic!("no {name} in {cookies}"));
        format!("{name}={}", value.split(';').next().unwrap_or_default().trim())
    };
    let names = ["CloudFront-Expires", "CloudFront-Signature", "CloudFront-Key-Pair-Id"];
    let cookie = names.map(value).join("; ");
    assert!(text(&url, &["-H", &format!("Cookie: {cookie}")]).ends_with(&page()), "{cookies}");
}
