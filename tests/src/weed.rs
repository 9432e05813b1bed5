//! A real S3 server, one for all tests of a program.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use crate::leash::Leashed;
use crate::process::{DEADLINE, run};

/// Who may do everything.
pub const ADMIN: (&str, &str) = ("AKIAADMIN0000000001", "adminsecret");
/// Who may read the bucket [`BUCKET`] and those that customers make ([`CUSTOMERS`]), and nothing else.
pub const READER: (&str, &str) = ("AKIAREADER000000001", "readersecret");
/// Who may do nothing with that bucket.
pub const STRANGER: (&str, &str) = ("AKIASTRANGER0000001", "strangersecret");
/// Who may do nothing but what the policy of a bucket allows, in which it is called [`GUEST_ARN`].
pub const GUEST: (&str, &str) = ("AKIAGUEST0000000001", "guestsecret");
/// What policies call [`GUEST`].
pub const GUEST_ARN: &str = "arn:aws:iam::000000000000:user/guest";
/// The private bucket.
pub const BUCKET: &str = "media";
/// Buckets that are not there before somebody makes them.
pub const CUSTOMERS: [&str; 2] = ["customers-films", "customers-clips"];

/// SeaweedFS on loopback. It ends with the program that runs the tests, however that ends.
pub struct Weed {
    endpoint: String,
    leashed: Leashed,
}

/// The server; started when it is first asked for.
pub fn weed() -> &'static Weed {
    static WEED: OnceLock<Weed> = OnceLock::new();
    // Ports that were free just now may be taken by another program meanwhile; then it is tried again.
    WEED.get_or_init(|| (0..5).find_map(|_| Weed::start()).expect("SeaweedFS starts"))
}

/// Its program: what `MILLRACE_WEED` names, or else one that is in `PATH`.
fn program() -> PathBuf {
    std::env::var_os("MILLRACE_WEED").map_or_else(|| "weed".into(), PathBuf::from)
}

impl Weed {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder for the bucket").keep();
        std::fs::write(folder.join("s3.json"), identities()).expect("the keys can be written");
        let ports = free_ports();
        let mut command = Command::new(program());
        command.args(arguments(&folder, ports));
        let leashed = Leashed::start(folder, "KILL", &command);
        let weed = Self { endpoint: format!("http://127.0.0.1:{}", ports[0]), leashed };
        weed.comes_up().then_some(weed)
    }

    /// Waits until it takes a bucket. If it can't, the answer is no.
    fn comes_up(&self) -> bool {
        let began = Instant::now();
        while began.elapsed() < DEADLINE {
            if self.put(BUCKET, None) {
                return true;
            }
            let log = self.leashed.log();
            assert!(!log.contains("not found"), "`cargo xtask setup` installs SeaweedFS: {log}");
            if log.contains("address already in use") {
                return false;
            }
            Leashed::wait();
        }
        panic!("SeaweedFS does not come up: {}", self.leashed.log());
    }

    /// Its URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Uploads a file into the private bucket.
    ///
    /// # Panics
    /// When it can't be.
    pub fn upload(&self, file: &Path, key: &str) {
        assert!(self.put(&format!("{BUCKET}/{key}"), Some(file)), "{key} can't be uploaded");
    }

    /// A signed PUT of a file or of nothing.
    fn put(&self, path: &str, file: Option<&Path>) -> bool {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3"]);
        curl.args(["--user", &format!("{}:{}", ADMIN.0, ADMIN.1)]);
        match file {
            Some(file) => curl.args(["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-T"]).arg(file),
            None => curl.args(["--header", &format!("x-amz-content-sha256: {NOTHING}"), "-X", "PUT"]),
        };
        run(curl.arg(format!("{}/{path}", self.endpoint))).status.success()
    }
}

/// The SHA-256 of no bytes.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn arguments(folder: &Path, [s3, master, volume, filer]: [u16; 4]) -> Vec<String> {
    let folder = folder.display();
    [
        "server".to_owned(),
        "-ip=127.0.0.1".to_owned(),
        "-ip.bind=127.0.0.1".to_owned(),
        format!("-dir={folder}"),
        "-s3".to_owned(),
        format!("-s3.config={folder}/s3.json"),
        format!("-s3.port={s3}"),
        // Catalogues that nobody asks for would take fixed ports: of two servers at one time, one could not start.
        "-s3.port.iceberg=0".to_owned(),
        "-s3.port.lance=0".to_owned(),
        format!("-master.port={master}"),
        format!("-volume.port={volume}"),
        format!("-filer.port={filer}"),
        "-volume.max=60".to_owned(),
        "-master.volumeSizeLimitMB=64".to_owned(),
        // Without it nothing can be stored on a disk of which less than a hundredth is free, however much that is.
        "-volume.minFreeSpace=256MiB".to_owned(),
    ]
    .to_vec()
}

/// Four ports that are free, as are those 10,000 above, which the server takes for itself.
fn free_ports() -> [u16; 4] {
    let is_free = |port: &u16| {
        [*port, port + 10_000].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
    };
    // Where to begin differs from program to program, so that those at one time do not meet.
    let begin = 21_000 + (std::process::id() % 900) as u16 * 10;
    let found: Vec<u16> = (begin..).filter(is_free).take(4).collect();
    found.try_into().expect("four were taken")
}

fn identities() -> String {
    let identity = |name: &str, (key, secret): (&str, &str), actions: &str| {
        format!(
            r#"{{"name":"{name}","credentials":[{{"accessKey":"{key}","secretKey":"{secret}"}}],"actions":[{actions}]}}"#
        )
    };
    let all = [
        identity("admin", ADMIN, r#""Admin","Read","List","Tagging","Write""#),
        identity(
            "reader",
            READER,
            &[BUCKET, CUSTOMERS[0], CUSTOMERS[1]].map(|bucket| format!(r#""Read:{bucket}""#)).join(","),
        ),
        identity("stranger", STRANGER, r#""Read:other""#),
        identity("guest", GUEST, ""),
    ];
    format!(r#"{{"identities":[{}]}}"#, all.join(","))
}
