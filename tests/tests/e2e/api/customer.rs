//! What a customer of CloudFront did from beginning to end, with the commands they did it with.

use std::path::Path;
use std::process::{Command, Stdio};

use millrace_tests::aws::{Caller, Release};
use millrace_tests::binary::millrace;
use millrace_tests::clients::rtmpdump_by_host;
use millrace_tests::media::{BOTH, Media};
use millrace_tests::process::{Finished, run, sooner_or_later};
use millrace_tests::weed::{ADMIN, CUSTOMERS, READER, weed};
use millrace_tests::{Config, Frames, Running, Server};
use serde_json::{Value, json};

use super::{Kept, QUIET};

/// The name that the customer's pages have always linked to.
const ALIAS: &str = "media.example.com";

/// A customer with a private bucket, and the server that is to read it.
struct Customer {
    config: Config,
    server: Server,
    caller: Caller,
    film: Media,
    bucket: &'static str,
    /// The film's name as players ask for it.
    name: String,
}

/// A distribution as the CLI's commands see it.
struct Distribution {
    /// `streaming-distribution` or `distribution`.
    command: &'static str,
    /// What it is called in answers.
    noun: &'static str,
    id: String,
    domain: String,
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {pointer} in {value:#}")).to_owned()
}

impl Customer {
    /// Makes a bucket that only [`READER`] may read, and puts the film and the player's page there.
    fn new(store: Kept, viewers: &str, bucket: &'static str, film: Media) -> Self {
        let key = format!("films/{}", film.name());
        let s3 = |arguments: &[&str]| {
            let customer = Caller::at(weed().endpoint(), ADMIN);
            let _ = run(&mut customer.cli_of(Release::Newest, "s3", arguments)).ok();
        };
        s3(&["mb", &format!("s3://{bucket}")]);
        let upload = |file: &Path, key: &str| {
            s3(&["cp", &file.display().to_string(), &format!("s3://{bucket}/{key}")]);
        };
        upload(film.path(), &key);
        let page = film.beside("index.html");
        std::fs::write(&page, "<video>").expect("a page");
        upload(&page, "player/index.html");
        let s3 = format!("[s3]\nendpoint = {:?}", weed().endpoint());
        let config = store.config().with_control(&format!("viewers = {viewers:?}")).with(&s3).with(QUIET);
        let server = Server::serve(&config);
        let caller = Caller::admin(&server);
        Self { caller, config, server, film, bucket, name: format!("mp4:{key}") }
    }

    fn aws(&self, arguments: &[&str]) -> Value {
        self.caller.answer(Release::Newest, arguments)
    }

    /// Makes an origin access identity that reads as [`READER`]; the answer is its id.
    fn identity(&self) -> String {
        let config = "CallerReference=player,Comment=reads the films";
        let config = ["--cloud-front-origin-access-identity-config", config];
        let made = self.aws(&[&["create-cloud-front-origin-access-identity"], &config[..]].concat());
        let id = text(&made, "/CloudFrontOriginAccessIdentity/Id");
        let mut set = Command::new("sh");
        set.args(["-c", "printf %s \"$SECRET\" | \"$@\"", "sh"]).env("SECRET", READER.1).arg(millrace());
        set.args(["identity", "set", &id, "--access-key-id", READER.0, "--config"]).arg(self.config.path());
        let _ = run(&mut set).ok();
        id
    }

    fn create(&self, command: &'static str, noun: &'static str, config: &Value) -> Distribution {
        let (verb, option) = (format!("create-{command}"), format!("--{command}-config"));
        let made = self.aws(&[&verb, &option, &config.to_string()]);
        let [id, domain] = ["Id", "DomainName"].map(|name| text(&made, &format!("/{noun}/{name}")));
        let made = Distribution { command, noun, id, domain };
        self.wait_for_deployment(&made);
        made
    }

    fn get(&self, distribution: &Distribution) -> Value {
        self.aws(&[&format!("get-{}", distribution.command), "--id", &distribution.id])
    }

    fn wait_for_deployment(&self, distribution: &Distribution) {
        let status = format!("/{}/Status", distribution.noun);
        sooner_or_later("Deployed", || text(&self.get(distribution), &status) == "Deployed");
    }

    /// Gets the configuration, changes it, sends it back.
    fn update(&self, distribution: &Distribution, change: impl FnOnce(&mut Value)) {
        let got = self.get(distribution);
        let mut config = got[distribution.noun][format!("{}Config", distribution.noun)].clone();
        change(&mut config);
        let (verb, option) =
            (format!("update-{}", distribution.command), format!("--{}-config", distribution.command));
        let (config, etag) = (config.to_string(), text(&got, "/ETag"));
        self.aws(&[&verb, "--id", &distribution.id, "--if-match", &etag, &option, &config]);
    }

    fn delete(&self, distribution: &Distribution) {
        self.wait_for_deployment(distribution);
        let etag = text(&self.get(distribution), "/ETag");
        let verb = format!("delete-{}", distribution.command);
        self.aws(&[&verb, "--id", &distribution.id, "--if-match", &etag]);
        let verb = format!("get-{}", distribution.command);
        let gone = self.caller.aws(Release::Newest, &[&verb, "--id", &distribution.id]);
        assert!(gone.err.contains(&format!("(NoSuch{})", distribution.noun)), "{}", gone.err);
    }

    /// Saves the film by a host name, as fast as it comes.
    fn dump(&self, host: &str, saved: &Path) -> Finished {
        rtmpdump_by_host(host, "cfx/st", &self.server, &self.name, saved)
    }

    /// The film comes by this host name, sooner or later, and frame by frame.
    fn plays_by(&self, host: &str) {
        let saved = self.film.beside("saved.flv");
        sooner_or_later(&format!("{host} plays"), || {
            matches!(self.dump(host, &saved).status.code(), Some(0 | 2))
        });
        Frames::of_file(&saved).assert_same(&Frames::of_file(self.film.path()), host);
    }

    /// Somebody who watches at the film's own pace; by now it plays.
    fn start_viewer(&mut self, saved: &Path) -> Running {
        let port = self.server.port();
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg
            .args(["-loglevel", "error", "-nostdin", "-y", "-re", "-rtmp_buffer", "1000"])
            .stdin(Stdio::null());
        ffmpeg.args(["-rtmp_app", "cfx/st", "-rtmp_playpath", &self.name]);
        ffmpeg.args(["-rtmp_tcurl", &format!("rtmp://{ALIAS}/cfx/st")]);
        ffmpeg.args(["-i", &format!("rtmp://127.0.0.1:{port}/cfx/st"), "-c", "copy", "-f", "flv"]).arg(saved);
        let viewer = Running::start(&mut ffmpeg);
        // What the tests before it played is in the log as well; a file that grows is a viewer who sees something.
        sooner_or_later("the film begins", || saved.metadata().is_ok_and(|file| file.len() > 0));
        viewer
    }

    /// From the first command to the last; what the viewer has got who watched while the film went away.
    fn walks_the_whole_way(&mut self) -> Frames {
        let reader = format!("origin-access-identity/cloudfront/{}", self.identity());
        let bucket = format!("{}.s3.amazonaws.com", self.bucket);
        let streaming = self.create(
            "streaming-distribution",
            "StreamingDistribution",
            &json!({
                "CallerReference": "films",
                "S3Origin": {"DomainName": bucket, "OriginAccessIdentity": reader},
                "Comment": "the films",
                "TrustedSigners": {"Enabled": false, "Quantity": 0},
                "Enabled": true,
            }),
        );
        let web = self.create("distribution", "Distribution", &player(&bucket, &reader));
        assert!(streaming.domain.starts_with('s') && web.domain.starts_with('d'), "{}", streaming.domain);

        self.plays_by(&streaming.domain);
        self.update(&streaming, |config| config["Aliases"] = json!({"Quantity": 1, "Items": [ALIAS]}));
        self.plays_by(ALIAS);

        let watched = self.film.beside("watched.flv");
        let viewer = self.start_viewer(&watched);
        self.update(&streaming, |config| config["Enabled"] = false.into());
        self.is_refused(ALIAS);
        self.is_refused(&streaming.domain);
        let _ = viewer.finish();
        self.delete(&streaming);
        self.is_refused(&streaming.domain);
        self.update(&web, |config| config["Enabled"] = false.into());
        self.delete(&web);
        Frames::of_file(&watched)
    }

    /// New viewers are told that there is nothing by this name, sooner or later.
    fn is_refused(&self, host: &str) {
        let saved = self.film.beside("refused.flv");
        sooner_or_later(&format!("{host} is refused"), || {
            let dumped = self.dump(host, &saved);
            dumped.err.contains("NetConnection.Connect.Rejected")
                && dumped.err.contains("DistributionNotFound")
        });
    }
}

/// The web distribution beside it, with the page that the films are seen on.
fn player(bucket: &str, reader: &str) -> Value {
    json!({
        "CallerReference": "player",
        "DefaultRootObject": "index.html",
        "Origins": {"Quantity": 1, "Items": [{
            "Id": "player",
            "DomainName": bucket,
            "OriginPath": "/player",
            "S3OriginConfig": {"OriginAccessIdentity": reader},
        }]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "player",
            "ViewerProtocolPolicy": "allow-all",
            "ForwardedValues": {"QueryString": false, "Cookies": {"Forward": "none"}},
            "TrustedSigners": {"Enabled": false, "Quantity": 0},
            "MinTTL": 0,
        },
        "Comment": "the player",
        "Enabled": true,
    })
}

#[test]
fn a_customer_walks_the_whole_way_and_who_watches_when_it_ends_sees_the_end() {
    let film = Media::make("short.mp4", &[BOTH, "-bf 2 -c:a aac -t 5"]);
    let mut customer = Customer::new(Kept::Sqlite, "finish", CUSTOMERS[0], film);
    let watched = customer.walks_the_whole_way();
    watched.assert_same(&Frames::of_file(customer.film.path()), "a viewer of a disabled distribution");
}

#[test]
fn a_customer_walks_the_whole_way_and_who_watches_when_it_ends_is_sent_away() {
    // So long that nobody gets to its end before somebody has typed two commands.
    let film = Media::make("short.mp4", &[BOTH, "-bf 0 -c:a aac"])
        .remake("long.mp4", "-stream_loop 19 -i @ -c copy");
    let mut customer = Customer::new(Kept::Postgres, "end", CUSTOMERS[1], film);
    let watched = customer.walks_the_whole_way();
    let (seen, all) = (watched.video.len(), Frames::of_file(customer.film.path()).video.len());
    assert!(seen < all, "{seen} of {all} pictures");
}
