//! Access identities: buckets with policies, which nobody reads but the identity, on a real S3 server.

use std::process::Command;

use millrace_tests::aws::{Caller, Release};
use millrace_tests::binary::millrace;
use millrace_tests::clients::{curl_page, rtmpdump_by_host};
use millrace_tests::media::{BOTH, Media};
use millrace_tests::process::{Finished, run, sooner_or_later};
use millrace_tests::signers::{Signer, Terms};
use millrace_tests::weed::{self, GUEST, GUEST_ARN, STRANGER, weed};
use millrace_tests::{Config, Frames, KeyPair, Server};
use serde_json::{Value, json};

use super::{KEY, now};

/// How the log calls a reader without identity.
const EVERYBODY: &str = "everybody";

/// A server whose distributions read a bucket with a policy of its own.
struct Archive {
    config: Config,
    server: Server,
    bucket: &'static str,
    film: Media,
    whole: Frames,
}

impl Archive {
    /// `readers` is whom the bucket's policy lets read, as policies say it.
    fn new(bucket: &'static str, readers: &Value) -> Self {
        let film = Media::make("film.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]);
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": readers,
            "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*")}]});
        let owner = Caller::at(weed().endpoint(), weed::ADMIN);
        let (file, policy) = (film.path().display().to_string(), policy.to_string());
        for arguments in [
            ["create-bucket", "--bucket", bucket].to_vec(),
            ["put-bucket-policy", "--bucket", bucket, "--policy", &policy].to_vec(),
            ["put-object", "--bucket", bucket, "--key", "film.mp4", "--body", &file].to_vec(),
        ] {
            let _ = run(&mut owner.cli_of(Release::Newest, "s3api", &arguments)).ok();
        }
        let config = Config::new().with(&format!("[s3]\nendpoint = {:?}", weed().endpoint()));
        let (server, whole) = (Server::serve(&config), Frames::of_file(film.path()));
        Self { config, server, bucket, film, whole }
    }

    fn aws(&self, arguments: &[&str]) -> Value {
        Caller::admin(&self.server).answer(Release::Newest, arguments)
    }

    /// An origin access identity that reads with a key.
    fn identity(&self, key: (&str, &str)) -> String {
        let config = format!("CallerReference={},Comment=", key.0);
        let command = "create-cloud-front-origin-access-identity";
        let made = self.aws(&[command, "--cloud-front-origin-access-identity-config", &config]);
        let id = made["CloudFrontOriginAccessIdentity"]["Id"].as_str().expect("an id").to_owned();
        self.map(&id, key);
        id
    }

    /// Gives an identity this key.
    fn map(&self, id: &str, key: (&str, &str)) {
        let mut set = Command::new("sh");
        set.args(["-c", "printf %s \"$SECRET\" | \"$@\"", "sh"]).env("SECRET", key.1).arg(millrace());
        set.args(["identity", "set", id, "--access-key-id", key.0, "--config"]).arg(self.config.path());
        let _ = run(&mut set).ok();
    }

    /// A distribution that reads as this identity, or as everybody; the answer is its host name.
    fn channel(&self, identity: Option<&str>, is_private: bool) -> String {
        let identity =
            identity.map(|id| format!("origin-access-identity/cloudfront/{id}")).unwrap_or_default();
        let signers = match is_private {
            true => json!({"Enabled": true, "Quantity": 1, "Items": ["self"]}),
            false => json!({"Enabled": false, "Quantity": 0}),
        };
        let domain = format!("{}.s3.amazonaws.com", self.bucket);
        let config = json!({
            "CallerReference": format!("{identity} {is_private}"),
            "S3Origin": {"DomainName": domain, "OriginAccessIdentity": identity},
            "Comment": "",
            "TrustedSigners": signers,
            "Enabled": true,
        });
        let config = config.to_string();
        let made = self.aws(&["create-streaming-distribution", "--streaming-distribution-config", &config]);
        made["StreamingDistribution"]["DomainName"].as_str().expect("a name").to_owned()
    }

    fn dump(&self, host: &str, name: &str) -> Finished {
        let saved = self.film.beside("saved.flv");
        rtmpdump_by_host(host, "cfx/st", &self.server, &format!("mp4:{name}"), &saved)
    }

    /// The film comes, sooner or later, and frame by frame.
    fn plays(&self, host: &str, name: &str) {
        sooner_or_later(&format!("{name} plays"), || {
            matches!(self.dump(host, name).status.code(), Some(0 | 2))
        });
        Frames::of_file(&self.film.beside("saved.flv")).assert_same(&self.whole, name);
    }

    /// Viewers are told that there is nothing, and the operator what S3 says to whoever reads there.
    fn is_closed(&mut self, host: &str, name: &str, reader: &str) {
        sooner_or_later("there is nothing to viewers", || {
            self.dump(host, name).err.contains("Closing connection: NetStream.Play.StreamNotFound")
        });
        let reader = format!("/{}#{reader}, key \"film.mp4\"", self.bucket);
        let log = self.server.wait_for_event(&reader);
        let told = log.lines().find(|line| line.contains(&reader)).unwrap_or_default();
        assert!(told.contains("can't play") && told.contains("HTTP 403 AccessDenied"), "{told}");
    }

    /// What `millrace doctor` finds out about the film by a host name.
    fn doctor(&self, host: &str) -> Finished {
        let mut doctor = Command::new(millrace());
        doctor.args(["doctor", &format!("rtmp://{host}/cfx/st/mp4:film.mp4"), "--config"]);
        run(doctor.arg(self.config.path()))
    }

    /// What everybody gets who asks S3 for the film.
    fn page(&self) -> String {
        let head = curl_page(&format!("{}/{}/film.mp4", weed().endpoint(), self.bucket));
        head.lines().next().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_bucket_that_only_an_identity_may_read_plays_through_that_identity_only() {
    let mut archive = Archive::new("for-one", &json!({"AWS": GUEST_ARN}));
    assert!(archive.page().contains(" 403 "), "{}", archive.page());

    let identity = archive.identity(GUEST);
    let reads = archive.channel(Some(&identity), false);
    archive.plays(&reads, "film.mp4");
    let healthy = archive.doctor(&reads).text();
    assert!(healthy.contains("ok    object        film.mp4"), "{healthy}");
    assert!(!healthy.contains("AccessDenied"), "{healthy}");

    let everybody = archive.channel(None, false);
    archive.is_closed(&everybody, "film.mp4", EVERYBODY);
    let other = archive.identity(STRANGER);
    let stranger = archive.channel(Some(&other), false);
    archive.is_closed(&stranger, "film.mp4", &other);
    let cures = [
        (&everybody, "the distribution has no origin access identity".to_owned()),
        (&stranger, format!("`millrace identity policy {other} for-one` prints the bucket policy")),
    ];
    for (host, cure) in cures {
        let ill = archive.doctor(host);
        let text = ill.text();
        assert_eq!(ill.status.code(), Some(1), "{text}");
        assert!(text.contains("FAULT origin") && text.contains("HTTP 403 AccessDenied"), "{text}");
        assert!(text.contains(&cure), "{text}");
    }
    archive.map(&other, GUEST);
    archive.plays(&stranger, "film.mp4");
}

#[test]
fn a_bucket_that_everybody_may_read_needs_no_identity() {
    let archive = Archive::new("for-all", &json!("*"));
    assert!(archive.page().contains(" 200 "), "{}", archive.page());
    archive.plays(&archive.channel(None, false), "film.mp4");
    let identity = archive.identity(GUEST);
    archive.plays(&archive.channel(Some(&identity), false), "film.mp4");
}

#[test]
fn private_content_is_a_bucket_for_the_identity_and_names_that_are_signed() {
    let mut archive = Archive::new("for-customers", &json!({"AWS": [GUEST_ARN]}));
    let key = KeyPair::rsa(KEY).imported(&archive.config);
    let signed = Signer::called("botocore, rsa").sign(&key, "film.mp4", &Terms::canned(now() + 3600));
    let identity = archive.identity(GUEST);
    let private = archive.channel(Some(&identity), true);
    archive.plays(&private, &signed);
    let unsigned = archive.dump(&private, "film.mp4");
    assert!(!unsigned.status.success() && unsigned.err.contains("nothing is signed"), "{}", unsigned.err);
    assert!(archive.page().contains(" 403 "), "{}", archive.page());
    // A signature is no key to the bucket.
    let everybody = archive.channel(None, true);
    archive.is_closed(&everybody, &signed, EVERYBODY);
}
