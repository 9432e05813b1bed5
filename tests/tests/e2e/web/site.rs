//! A web distribution of a folder, with a part of it from an origin that tells what it was asked.

use std::path::{Path, PathBuf};
use std::process::Command;

use millrace_tests::binary::millrace;
use millrace_tests::process::run;
use millrace_tests::{Config, Finished, Running, Server};
use tempfile::TempDir;

/// The distribution's host.
pub(super) const HOST: &str = "www.example.net";

/// What runs, and the folder with the content. `/api/*` takes all methods and is the origin's, uncached; `/local/*` is the
/// origin's too, and kept for each country, kind of device and protocol.
pub(super) struct Site {
    pub(super) server: Server,
    pub(super) origin: Running,
    origin_port: u16,
    content: TempDir,
    config: Config,
}

impl Site {
    /// With this configuration, and more lines in the distribution.
    pub(super) fn new(config: Config, more: &str) -> Self {
        let content = tempfile::tempdir().expect("a folder");
        let config = config.with(&format!("[[bucket]]\nname = \"site\"\nfolder = {:?}", content.path()));
        let (origin, origin_port) = origin();
        let file = config.folder().join("site.yaml");
        std::fs::write(&file, distribution(origin_port, more)).expect("the document is written");
        let mut apply = Command::new(millrace());
        let _ = run(apply.args(["apply", "-f"]).arg(&file).arg("--config").arg(config.path())).ok();
        let server = Server::serve(&config);
        Self { server, origin, origin_port, content, config }
    }

    /// Puts a file into the folder; the answer is where it is.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.content.path().join(name);
        std::fs::write(&file, bytes).expect("it is written");
        file
    }

    /// A file beside the configuration.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.config.folder().join(name)
    }

    /// The URL of a path by the host's name, which only those know who are told its address.
    pub(super) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{HOST}:{}{path}", self.server.port())
    }

    /// Lets curl fetch a path over HTTP/1.1; the answer is its head and the body.
    pub(super) fn fetch(&self, path: &str, options: &[&str]) -> Finished {
        run(curl(options).arg("-i").arg(self.url("http", path))).ok()
    }

    /// Lets the origin answer what it holds back.
    pub(super) fn release(&self) {
        let url = format!("http://127.0.0.1:{}/release", self.origin_port);
        let _ = run(Command::new("curl").args(["-sS", "--max-time", "110", &url])).ok();
    }
}

/// curl as a command: the host is on this machine, at every port.
pub(super) fn curl(options: &[&str]) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-k", "--max-time", "110", "--connect-to", &format!("{HOST}::127.0.0.1:")])
        .args(options);
    curl
}

/// A script of the folder `clients` by the Python that has the tools for the web.
pub(super) fn script(name: &str) -> Command {
    let folder = std::env::var_os("MILLRACE_WEB_TOOLS").expect(
        "MILLRACE_WEB_TOOLS should name the Python environment that `cargo xtask setup` makes for tests of the web \
         under target/test-tools",
    );
    let mut command = Command::new(Path::new(&folder).join("bin/python3"));
    // Nothing is written beside the sources.
    command.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name));
    command
}

fn origin() -> (Running, u16) {
    let mut running = Running::start(&mut script("origin.py"));
    let text = running.wait_for_out("port ");
    let port = text.trim().trim_start_matches("port ").parse();
    (running, port.unwrap_or_else(|error| panic!("{error} in {text:?}")))
}

fn distribution(port: u16, more: &str) -> String {
    format!(
        "Distribution:
  Id: EWEBSITETESTS0
  DomainName: {HOST}
  DistributionConfig:
    CallerReference: site
    Comment: ''
    Enabled: true
    HttpVersion: http2
    Origins:
      Quantity: 2
      Items:
      - {{Id: bucket, DomainName: site.s3.amazonaws.com, S3OriginConfig: {{OriginAccessIdentity: ''}}}}
      - Id: origin
        DomainName: localhost
        CustomOriginConfig: {{HTTPPort: {port}, HTTPSPort: 443, OriginProtocolPolicy: http-only}}
    DefaultCacheBehavior:
      TargetOriginId: bucket
      ViewerProtocolPolicy: allow-all
      CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6   # Managed-CachingOptimized
    CacheBehaviors:
      Quantity: 2
      Items:
      - PathPattern: api/*
        TargetOriginId: origin
        ViewerProtocolPolicy: allow-all
        CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad          # Managed-CachingDisabled
        OriginRequestPolicyId: 33f36d7e-f396-46d9-90e0-52428a34d9dc  # Managed-AllViewerAndCloudFrontHeaders-2022-06
        AllowedMethods:
          Quantity: 7
          Items: [GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE]
          CachedMethods: {{Quantity: 2, Items: [GET, HEAD]}}
      - PathPattern: local/*
        TargetOriginId: origin
        ViewerProtocolPolicy: allow-all
        MinTTL: 60
        ForwardedValues:
          QueryString: false
          Cookies: {{Forward: none}}
          Headers:
            Quantity: 3
            Items: [CloudFront-Viewer-Country, CloudFront-Is-Mobile-Viewer, CloudFront-Forwarded-Proto]
{more}"
    )
}
