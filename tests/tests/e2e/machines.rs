//! Several machines over one PostgreSQL, and one that is left alone by it.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use millrace_tests::binary::millrace;
use millrace_tests::clients::{curl_page, rtmpdump_by_host};
use millrace_tests::media::{BOTH, Media};
use millrace_tests::postgres::postgres;
use millrace_tests::process::{run, sooner_or_later};
use millrace_tests::{Config, Frames, Server};
use rustix::process::Signal;

const HOST: &str = "s5c39gqb8ow64r.cloudfront.net";

fn film() -> Media {
    Media::make("film.mp4", &[BOTH, "-bf 2 -c:a aac -t 3"])
}

/// A machine with the folder of a film as the bucket `films`.
fn machine(film: &Media, store: &str) -> Config {
    let folder = film.path().parent().expect("a film lies in a folder");
    let config = Config::new().with_control(&format!("store = {store:?}"));
    config.with(&format!("[[bucket]]\nname = \"films\"\nfolder = {folder:?}"))
}

/// Makes the distribution so on a machine's store.
fn apply(config: &Config, enabled: bool) {
    let document = format!(
        r#"{{"StreamingDistribution": {{"Id": "EDFDVBD6EXAMPLE", "DomainName": {HOST:?},
        "StreamingDistributionConfig": {{"CallerReference": "x", "Comment": "", "Enabled": {enabled},
        "S3Origin": {{"DomainName": "films.s3.amazonaws.com", "OriginAccessIdentity": ""}},
        "TrustedSigners": {{"Enabled": false, "Quantity": 0}}}}}}}}"#
    );
    let file = config.folder().join("site.json");
    std::fs::write(&file, document).expect("a file");
    let mut command = Command::new(millrace());
    let _ = run(command.args(["apply", "-f"]).arg(file).arg("--config").arg(config.path())).ok();
}

fn plays(server: &Server, saved: &Path) -> bool {
    let dumped = rtmpdump_by_host(HOST, "cfx/st", server, "mp4:film", saved);
    matches!(dumped.status.code(), Some(0 | 2))
}

#[test]
fn what_is_made_on_one_machine_plays_on_all_of_them_and_ends_on_all_of_them() {
    let film = film();
    let store = postgres().database();
    let (one, two) = (machine(&film, &store), machine(&film, &store));
    let first = Server::serve(&one);
    let stranger = run(Command::new(millrace()).args(["user", "list", "--config"]).arg(two.path()));
    assert!(stranger.err.contains("copy seal.key"), "{}", stranger.err);
    let key = "millrace-data/seal.key";
    std::fs::copy(one.folder().join(key), two.folder().join(key)).expect("the key is copied");
    let servers = [first, Server::serve(&two)];
    let saved = film.beside("saved.flv");
    assert!(!plays(&servers[1], &saved));
    apply(&one, true);
    for server in &servers {
        sooner_or_later("it plays", || plays(server, &saved));
        Frames::of_file(&saved).assert_same(&Frames::of_file(film.path()), HOST);
    }
    apply(&two, false);
    for server in &servers {
        sooner_or_later("it is disabled", || !plays(server, &saved));
    }
}

#[test]
fn a_machine_serves_what_it_knew_last_while_the_store_is_away_and_follows_when_it_is_back() {
    let film = film();
    let home = tempfile::tempdir().expect("a folder");
    let link = home.path().join("socket");
    let store = postgres().database();
    let (url, folder) = store.split_once("?host=").expect("the database is at a socket");
    symlink(folder, &link).expect("a way to the socket");
    let config = machine(&film, &format!("{url}?host={}", link.display()));
    apply(&config, true);
    let saved = film.beside("saved.flv");
    assert!(Server::serve(&config).stop(Signal::TERM).status.success());

    std::fs::remove_file(&link).expect("the way is cut");
    let mut server = Server::serve(&config);
    server.process().wait_for_err("the last snapshot is served");
    assert!(plays(&server, &saved), "as it was known");
    Frames::of_file(&saved).assert_same(&Frames::of_file(film.path()), "from the snapshot");
    // The API is there and says that it can't do anything now.
    let unsigned = curl_page(&format!("{}/2020-05-31/streaming-distribution", server.api()));
    assert!(unsigned.contains("<Code>MissingAuthenticationToken</Code>"), "{unsigned}");

    symlink(folder, &link).expect("the way is there again");
    server.process().wait_for_err("the store is back");
    apply(&config, false);
    sooner_or_later("it is disabled", || !plays(&server, &saved));
}
