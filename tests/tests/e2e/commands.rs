//! The commands of the control plane, beside a server that runs and without one.

use std::path::{Path, PathBuf};
use std::process::Command;

use millrace_tests::binary::millrace;
use millrace_tests::clients::rtmpdump_by_host;
use millrace_tests::media::{BOTH, Media};
use millrace_tests::process::{Finished, run, sooner_or_later};
use millrace_tests::server::ADMIN;
use millrace_tests::{Config, Frames, Server};

/// What `aws cloudfront get-cloud-front-origin-access-identity` printed in 2020.
const IDENTITY: &str = r#"{
    "ETag": "E2QWRUHEXAMPLE",
    "CloudFrontOriginAccessIdentity": {
        "Id": "E74FTE3AJFJ256A",
        "S3CanonicalUserId": "cd13868f797c227fbea2830611a26fe0a21ba1b826ab4bed9b7771c9a8e9c6e4f2f1c0d1b2a3948576a1b2c3d4e5f607",
        "CloudFrontOriginAccessIdentityConfig": {"CallerReference": "2012-02-29", "Comment": ""}
    }
}"#;

/// What `aws cloudfront get-streaming-distribution` printed.
const STREAMING: &str = r#"{
    "ETag": "E3QWRUHEXAMPLE",
    "StreamingDistribution": {
        "Id": "EDFDVBD6EXAMPLE",
        "ARN": "arn:aws:cloudfront::123456789012:streaming-distribution/EDFDVBD6EXAMPLE",
        "Status": "Deployed",
        "LastModifiedTime": "2012-05-19T19:37:58.000Z",
        "DomainName": "s5c39gqb8ow64r.cloudfront.net",
        "ActiveTrustedSigners": {"Enabled": false, "Quantity": 0},
        "StreamingDistributionConfig": {
            "CallerReference": "20120229090000",
            "S3Origin": {
                "DomainName": "films.s3.amazonaws.com",
                "OriginAccessIdentity": "origin-access-identity/cloudfront/E74FTE3AJFJ256A"
            },
            "Aliases": {"Quantity": 1, "Items": ["media.example.com"]},
            "Comment": "as it was",
            "Logging": {"Enabled": false, "Bucket": "", "Prefix": ""},
            "TrustedSigners": {"Enabled": false, "Quantity": 0},
            "PriceClass": "PriceClass_All",
            "Enabled": true
        }
    }
}"#;

/// Runs a command of `millrace` on the store of a configuration.
fn on(config: &Config, arguments: &[&str]) -> Finished {
    run(&mut command(&config.path(), arguments))
}

fn command(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(millrace());
    command.args(arguments).arg("--config").arg(config).env("NO_COLOR", "1");
    command
}

/// The same with something on its standard input.
fn with_input(config: &Config, arguments: &[&str], input: &str) -> Finished {
    let file = beside(config, "input.txt", input);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" < \"$INPUT\"", "sh"]).env("INPUT", file);
    shell.arg(millrace()).args(arguments).arg("--config").arg(config.path());
    run(&mut shell)
}

/// Writes a file beside the configuration.
fn beside(config: &Config, name: &str, text: &str) -> String {
    let path: PathBuf = config.folder().join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

fn film() -> Media {
    Media::make("film.mp4", &[BOTH, "-bf 2 -c:a aac -t 3"])
}

/// A server whose bucket `films` is the folder of a film.
fn config(film: &Media) -> Config {
    let folder = film.path().parent().expect("a film lies in a folder");
    Config::new().with(&format!("[[bucket]]\nname = \"films\"\nfolder = {folder:?}"))
}

#[test]
fn a_saved_account_comes_back_beside_a_running_server_and_its_old_host_names_play() {
    let film = film();
    let config = config(&film);
    let server = Server::serve(&config);
    let files = [beside(&config, "s.json", STREAMING), beside(&config, "i.json", IDENTITY)];
    let [streaming, identity] = files.each_ref().map(String::as_str);
    let alone = on(&config, &["import", streaming]);
    assert!(alone.err.contains("E74FTE3AJFJ256A") && !alone.status.success(), "{}", alone.err);
    let dry = on(&config, &["import", "--dry-run", streaming, identity]).ok().text();
    assert!(dry.contains("+ streaming distribution EDFDVBD6EXAMPLE") && dry.contains("2 to make"), "{dry}");
    let done = on(&config, &["import", streaming, identity]).ok().text();
    assert!(done.contains("2 made, 0 changed"), "{done}");
    let again = on(&config, &["import", streaming, identity]).ok().text();
    assert!(again.contains("0 made, 0 changed, 2 left"), "{again}");

    let saved = film.beside("saved.flv");
    for host in ["s5c39gqb8ow64r.cloudfront.net", "media.example.com"] {
        sooner_or_later(host, || {
            let dumped = rtmpdump_by_host(host, "cfx/st", &server, "mp4:film", &saved);
            matches!(dumped.status.code(), Some(0 | 2))
        });
        Frames::of_file(&saved).assert_same(&Frames::of_file(film.path()), host);
    }
}

/// What a page of this origin is answered, whose player opens a tunnel to `media.example.com`.
fn opening_from(origin: &str, server: &Server) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--data-binary", "x"]);
    curl.args(["--header", "Host: media.example.com", "--header", &format!("Origin: {origin}")]);
    run(curl.arg(format!("http://127.0.0.1:{}/open/1", server.port()))).ok().text()
}

#[test]
fn a_tag_tells_whose_pages_may_play_and_is_obeyed_at_once() {
    let config = Config::new();
    let server = Server::serve(&config);
    let text = "StreamingDistributionConfig:\n  CallerReference: ours\n  Comment: ''\n  Enabled: true\n  \
        S3Origin: {DomainName: films.s3.amazonaws.com, OriginAccessIdentity: ''}\n  \
        Aliases: {Quantity: 1, Items: [media.example.com]}\n  \
        TrustedSigners: {Enabled: false, Quantity: 0}\nTags: {Items: [TAG]}\n";
    let apply = |tag: &str| {
        let file = beside(&config, "site.yaml", &text.replace("TAG", tag));
        on(&config, &["apply", "-f", &file])
    };
    let _ = apply("").ok();
    sooner_or_later("every page", || opening_from("https://elsewhere.example", &server) == "200");
    let _ = apply("{Key: 'millrace:pages', Value: 'https://*.example.com null'}").ok();
    sooner_or_later("no page", || opening_from("https://elsewhere.example", &server) == "403");
    assert_eq!(opening_from("https://www.example.com", &server), "200");
    let wrong = apply("{Key: 'millrace:pages', Value: 'www.example.com'}");
    assert!(wrong.err.contains("site.yaml") && wrong.err.contains("no origin of pages"), "{}", wrong.err);
}

#[test]
fn documents_are_applied_once_told_before_and_written_back() {
    let config = Config::new();
    let text = "StreamingDistributionConfig:\n  CallerReference: ours\n  Comment: one\n  Enabled: true\n  \
        S3Origin: {DomainName: films.s3.amazonaws.com, OriginAccessIdentity: ''}\n  \
        TrustedSigners: {Enabled: false, Quantity: 0}\nTags:\n  Items: [{Key: team, Value: video}]\n---\n\
        CloudFrontOriginAccessIdentityConfig: {CallerReference: id, Comment: ''}\n";
    let file = beside(&config, "site.yaml", text);
    let changed = beside(&config, "changed.yaml", &text.replace("Comment: one", "Comment: two"));
    let file = file.as_str();
    assert_eq!(on(&config, &["diff", "-f", file]).status.code(), Some(1));
    let dry = on(&config, &["apply", "-f", file, "--dry-run"]).ok().text();
    assert!(dry.contains("2 to make"), "{dry}");
    assert_eq!(on(&config, &["export"]).ok().text(), "", "a dry run changes nothing");
    assert!(on(&config, &["apply", "-f", file]).ok().text().contains("2 made"), "the first time");
    assert!(
        on(&config, &["apply", "-f", file]).ok().text().contains("2 left as they are"),
        "the second time"
    );
    assert!(on(&config, &["diff", "-f", file]).ok().text().is_empty());

    let plan = on(&config, &["diff", "-f", &changed]);
    assert!(
        plan.text().contains("Comment: \"one\" → \"two\"") && plan.status.code() == Some(1),
        "{}",
        plan.text()
    );
    assert!(on(&config, &["apply", "-f", &changed]).ok().text().contains("1 changed, 1 left"));
    for format in ["yaml", "json"] {
        let exported = on(&config, &["export", "--format", format]).ok().text();
        assert!(exported.contains("two") && exported.contains("team"), "{exported}");
        let exported = beside(&config, &format!("all.{format}"), &exported);
        assert!(on(&config, &["diff", "-f", &exported]).ok().text().is_empty(), "{format}");
    }
}

#[test]
fn a_document_with_a_fault_is_told_by_file_and_member_and_nothing_is_written() {
    let config = Config::new();
    let good =
        beside(&config, "a.yaml", "CloudFrontOriginAccessIdentityConfig: {CallerReference: id, Comment: ''}");
    for (text, told) in [
        ("StreamingDistributionConfig: {CallerReference: x}", "StreamingDistributionConfig.S3Origin"),
        ("PublicKeyConfig: {CallerReference: x, Name: n, EncodedKey: nonsense}", "EncodedKey"),
        ("Something: {}", "StreamingDistribution"),
        ("a: [", "b.yaml"),
    ] {
        let bad = beside(&config, "b.yaml", text);
        let refused = on(&config, &["apply", "-f", &good, "-f", &bad]);
        assert!(!refused.status.success() && refused.err.contains("b.yaml"), "{text}: {}", refused.err);
        assert!(refused.err.contains(told), "{text}: {}", refused.err);
    }
    assert_eq!(on(&config, &["export"]).ok().text(), "");
}

#[test]
fn the_first_start_shows_a_key_once_and_no_secret_is_in_logs_or_in_the_store() {
    let config = Config::new();
    let start = || {
        let mut serve = command(&config.path(), &["serve"]);
        let mut server = millrace_tests::Running::start(&mut serve);
        server.wait_for_err("the API listens");
        server.signal(rustix::process::Signal::TERM);
        server.finish().ok()
    };
    let first = start();
    let secret = first.text();
    let secret = secret.lines().find_map(|line| line.trim().strip_prefix("AWS_SECRET_ACCESS_KEY="));
    let secret = secret.expect("the first start shows the key").to_owned();
    assert!(!start().text().contains("SECRET"), "the second start shows none");
    assert!(!first.err.contains(&secret));
    let place = config.folder().join("millrace-data");
    for entry in std::fs::read_dir(&place).expect("the folder") {
        let entry = entry.expect("an entry");
        let bytes = std::fs::read(entry.path()).expect("a file");
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{} has the secret in it", entry.path().display());
    }
    let listed = on(&config, &["user", "list"]).ok().text();
    assert!(listed.starts_with("admin\n") && !listed.contains(&secret), "{listed}");
}

#[test]
fn users_and_their_keys_are_made_listed_and_deleted() {
    let config = Config::new();
    let made = on(&config, &["user", "create", "dashboard", "--policy", "read-only"]).ok().text();
    assert!(made.contains("AWS_ACCESS_KEY_ID=AKIA"), "{made}");
    let known = ["user", "create", "old", "--distribution", "E1", "--access-key-id", ADMIN.0];
    let known = with_input(&config, &known, "a secret of old\n").ok().text();
    assert!(known.contains(ADMIN.0), "{known}");
    let list = || on(&config, &["user", "list"]).ok().text();
    assert!(list().contains("cloudfront:Get*") && list().contains("distribution/E1"), "{}", list());
    let _ = on(&config, &["user", "delete-key", ADMIN.0]).ok();
    assert!(!list().contains(ADMIN.0));
    let _ = on(&config, &["user", "delete", "dashboard"]).ok();
    assert!(!list().contains("dashboard"));
    let again = on(&config, &["user", "delete", "dashboard"]);
    assert!(again.err.contains("dashboard") && !again.status.success(), "{}", again.err);
    let wrong = on(&config, &["user", "create", "x", "--policy", "no-such-file"]);
    assert!(wrong.err.contains("no-such-file") && wrong.err.contains("read-only"), "{}", wrong.err);
    let history = on(&config, &["history"]).ok().text();
    assert!(history.contains("operator  DeleteUser  user dashboard"), "{history}");
}

#[test]
fn key_pairs_are_made_registered_and_disabled() {
    let config = Config::new();
    let private = config.folder().join("private.pem");
    let file = private.display().to_string();
    let made = on(&config, &["keys", "create", "--private-key", &file]).ok().text();
    assert!(made.starts_with("APKA") && made.contains("active"), "{made}");
    let public = config.folder().join("public.pem");
    let openssl = ["pkey", "-pubout", "-in", &file, "-out", &public.display().to_string()];
    let _ = run(Command::new("openssl").args(openssl)).ok();
    let import = |id: &str, account: &str| {
        on(&config, &["keys", "import", "--id", id, "--account", account, &public.display().to_string()])
    };
    let _ = import("APKAEIBAERJR2EXAMPLE", "self").ok();
    let _ = import("APKA9ONS7QCOWEXAMPLE", "210987654321").ok();
    let third = import("APKA3APKA3", "self");
    assert!(third.err.contains("TooManyKeyPairs"), "{}", third.err);
    let _ = on(&config, &["keys", "disable", "APKAEIBAERJR2EXAMPLE"]).ok();
    assert!(import("APKA3APKA3", "self").status.success(), "a disabled one makes room");
    let listed = on(&config, &["keys", "list"]).ok().text();
    assert!(listed.contains("APKA9ONS7QCOWEXAMPLE  account 210987654321  active"), "{listed}");
    assert!(listed.contains("APKAEIBAERJR2EXAMPLE  account 123456789012  disabled"), "{listed}");
    let wrong = on(&config, &["keys", "import", &file]);
    assert!(wrong.err.contains("PRIVATE KEY") && wrong.err.contains("pubout"), "{}", wrong.err);
}

#[test]
fn a_backup_brings_everything_back_with_its_secrets() {
    let film = film();
    let old = config(&film);
    let identity = beside(&old, "i.json", IDENTITY);
    let _ = on(&old, &["import", &identity, &beside(&old, "s.json", STREAMING)]).ok();
    let set = ["identity", "set", "E74FTE3AJFJ256A", "--access-key-id", "AKIAREADER"];
    let _ = with_input(&old, &set, "hush hush hush").ok();
    let backup = old.folder().join("backup.jsonl").display().to_string();
    let said = on(&old, &["backup", &backup]).ok().text();
    assert!(said.contains("rows"), "{said}");
    assert!(!std::fs::read_to_string(&backup).expect("the backup").contains("hush hush"));

    let new = config(&film);
    std::fs::create_dir_all(new.folder().join("millrace-data")).expect("a folder");
    let key = "millrace-data/seal.key";
    std::fs::copy(old.folder().join(key), new.folder().join(key)).expect("the key goes with it");
    let _ = on(&new, &["restore", &backup]).ok();
    assert!(on(&new, &["restore", &backup]).err.contains("not empty"), "a second time");
    assert_eq!(on(&new, &["export"]).ok().text(), on(&old, &["export"]).ok().text());
    let identities = on(&new, &["identity", "list"]).ok().text();
    assert!(identities.contains("reads with AKIAREADER"), "{identities}");
    let policy = on(&new, &["identity", "policy", "E74FTE3AJFJ256A", "films"]).ok().text();
    assert!(
        policy.contains("\"CanonicalUser\": \"cd13868f") && policy.contains("arn:aws:s3:::films/*"),
        "{policy}"
    );
    let server = Server::serve(&new);
    let saved = film.beside("saved.flv");
    let dumped = rtmpdump_by_host("media.example.com", "cfx/st", &server, "mp4:film", &saved);
    assert!(matches!(dumped.status.code(), Some(0 | 2)), "{}", dumped.err);
}

#[test]
fn the_doctor_walks_from_the_store_to_the_film_and_says_what_is_wrong_where() {
    let film = film();
    let config = config(&film).with_distribution("E1", "localhost", "films", "").with_distribution(
        "E2",
        "nowhere.invalid",
        "films",
        "enabled = false",
    );
    let _server = Server::serve(&config);
    let well = on(&config, &["doctor", "rtmp://localhost/cfx/st/mp4:film.mp4"]).ok().text();
    for step in
        ["store", "snapshot", "DNS", "origin", "ranges", "versions", "media", "codecs", "key frames", "cache"]
    {
        assert!(well.lines().any(|line| line.starts_with(&format!("ok    {step} "))), "{step}: {well}");
    }
    assert!(well.contains("avc1, 320×180") && well.ends_with("everything is well\n"), "{well}");
    std::fs::write(film.beside("broken.mp4"), b"no film").expect("a file");
    for (target, fault) in [
        ("rtmp://localhost/cfx/st/mp4:other", "FAULT object"),
        ("rtmp://localhost/cfx/st/mp4:broken", "FAULT media"),
        ("E2", "FAULT DNS"),
        ("E3", "FAULT distribution"),
    ] {
        let found = on(&config, &["doctor", target]);
        assert!(found.text().contains(fault) && found.status.code() == Some(1), "{target}: {}", found.text());
    }
}
