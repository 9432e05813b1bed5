//! Amazon's own clients: boto3 and the AWS CLI, from Debian and from their makers.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Server;
use crate::process::{Finished, run};
use crate::server::ADMIN;

/// Whose packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Debian's, some years old.
    Debian,
    /// The makers' own, which `MILLRACE_AWS` names the folder of.
    Newest,
}

/// Both.
pub const RELEASES: [Release; 2] = [Release::Debian, Release::Newest];

impl Release {
    /// The Python that knows boto3.
    pub fn python(self) -> PathBuf {
        self.program("python3")
    }

    /// The AWS CLI.
    pub fn aws(self) -> PathBuf {
        self.program("aws")
    }

    fn program(self, name: &str) -> PathBuf {
        match self {
            Self::Debian => Path::new("/usr/bin").join(name),
            Self::Newest => {
                let folder = std::env::var_os("MILLRACE_AWS").expect(
                    "MILLRACE_AWS should name the Python environment that `cargo xtask setup` makes for \
                     Amazon's clients under target/test-tools",
                );
                Path::new(&folder).join("bin").join(name)
            }
        }
    }
}

/// Who calls which server.
#[derive(Debug, Clone)]
pub struct Caller {
    endpoint: String,
    key: (String, String),
}

impl Caller {
    /// The administrator.
    pub fn admin(server: &Server) -> Self {
        Self::with_key(server, ADMIN)
    }

    /// Somebody with an access key.
    pub fn with_key(server: &Server, (id, secret): (&str, &str)) -> Self {
        Self { endpoint: server.api(), key: (id.to_owned(), secret.to_owned()) }
    }

    /// The same at another endpoint: a store of buckets.
    pub fn at(endpoint: &str, (id, secret): (&str, &str)) -> Self {
        Self { endpoint: endpoint.to_owned(), key: (id.to_owned(), secret.to_owned()) }
    }

    /// A script of the folder `clients`, as a command.
    pub fn script(&self, release: Release, name: &str) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name);
        let mut command = self.command(&release.python());
        // Nothing is written beside the sources.
        command.arg("-B").arg(script);
        command
    }

    /// The AWS CLI as a command: `aws cloudfront` and these arguments, answering JSON.
    pub fn cli(&self, release: Release, arguments: &[&str]) -> Command {
        self.cli_of(release, "cloudfront", arguments)
    }

    /// The same for another service: `aws s3` and the like.
    pub fn cli_of(&self, release: Release, service: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(&release.aws());
        // The environment would do for the newest.
        command.args(["--endpoint-url", &self.endpoint, "--output", "json", service]).args(arguments);
        command
    }

    /// Runs the AWS CLI to its end.
    pub fn aws(&self, release: Release, arguments: &[&str]) -> Finished {
        run(&mut self.cli(release, arguments))
    }

    /// The same, for calls that must be answered; the answer is what it printed.
    pub fn answer(&self, release: Release, arguments: &[&str]) -> serde_json::Value {
        let finished = self.aws(release, arguments);
        assert!(finished.status.success(), "{release:?}: aws {arguments:?}: {}", finished.err);
        if finished.out.trim_ascii().is_empty() {
            return serde_json::Value::Null;
        }
        let parsed = serde_json::from_slice(&finished.out);
        parsed.unwrap_or_else(|error| panic!("{error} in {}", finished.text()))
    }

    /// A client that sees this server and this key, and nothing of whoever runs the tests.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let foreign = std::env::vars_os().map(|(name, _)| name).filter(|name| {
            name.to_str().is_some_and(|name| name.starts_with("AWS_") || name.starts_with("PYTHON"))
        });
        foreign.for_each(|name| {
            command.env_remove(name);
        });
        for file in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"] {
            command.env(file, "/dev/null");
        }
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.key.0)
            .env("AWS_SECRET_ACCESS_KEY", &self.key.1)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .env("NO_PROXY", "*");
        command
    }
}
