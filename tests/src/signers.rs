//! Everybody's signers of stream names, behind one door: Amazon's own that can be installed here, the others by the forms
//! in which they write policies and names.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::aws::{Caller, Release};
use crate::binary::millrace;
use crate::keys::KeyPair;
use crate::process::run;

mod forms;

pub use forms::Form;

/// Somebody's program that signs.
#[derive(Debug, Clone, Copy)]
pub struct Signer {
    /// What people call it.
    pub name: &'static str,
    by: By,
}

/// How it is called.
#[derive(Debug, Clone, Copy)]
enum By {
    /// botocore of a release with a library for RSA.
    Botocore(Release, &'static str),
    /// The AWS CLI of a release.
    Cli(Release),
    /// A library for JavaScript.
    Node(&'static str),
    /// Written as a program does it that is not here, and signed by openssl.
    Form(Form),
    /// `millrace sign` with a digest.
    Millrace(&'static str),
}

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms<'a> {
    /// The second in which the right ends.
    pub end: u64,
    /// What makes a policy of its own necessary; the canned one without.
    pub custom: Option<Conditions<'a>>,
}

/// The other conditions of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions<'a> {
    /// The last second before the right begins.
    pub begin: u64,
    /// Where the viewer is.
    pub network: &'a str,
}

/// All of them.
pub const SIGNERS: [Signer; 17] = [
    signer("botocore, rsa", By::Botocore(Release::Newest, "rsa")),
    signer("botocore, cryptography", By::Botocore(Release::Newest, "cryptography")),
    signer("botocore of Debian, cryptography", By::Botocore(Release::Debian, "cryptography")),
    signer("aws cloudfront sign 1", By::Cli(Release::Newest)),
    signer("aws cloudfront sign 2, Debian", By::Cli(Release::Debian)),
    signer("@aws-sdk/cloudfront-signer", By::Node("cloudfront-signer")),
    signer("@aws-sdk/cloudfront-signer, SHA256", By::Node("cloudfront-signer-sha256")),
    signer("aws-sdk 2, JavaScript", By::Node("aws-sdk")),
    signer("aws-cloudfront-sign", By::Node("aws-cloudfront-sign")),
    signer("form of Java and .NET", By::Form(Form::Java)),
    signer("form of Ruby", By::Form(Form::Ruby)),
    signer("form of Go 1", By::Form(Form::Go)),
    signer("form of PHP 3", By::Form(Form::Php)),
    signer("form of Amazon's Perl sample", By::Form(Form::Perl)),
    signer("form of a policy for everything", By::Form(Form::Star)),
    signer("millrace sign", By::Millrace("sha1")),
    signer("millrace sign, SHA-256", By::Millrace("sha256")),
];

const fn signer(name: &'static str, by: By) -> Signer {
    Signer { name, by }
}

impl Terms<'_> {
    /// The canned policy.
    pub fn canned(end: u64) -> Self {
        Self { end, custom: None }
    }

    /// As programs take them: the end and, if there is more, the beginning and the place.
    fn arguments(&self) -> Vec<String> {
        let custom = self.custom.map(|custom| [custom.begin.to_string(), custom.network.to_owned()]);
        std::iter::once(self.end.to_string()).chain(custom.into_iter().flatten()).collect()
    }
}

impl Signer {
    /// The one with this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn called(name: &str) -> Self {
        SIGNERS.into_iter().find(|signer| signer.name == name).unwrap_or_else(|| panic!("no {name:?}"))
    }

    /// Signs the name of a stream; the answer is the name as a player is given it, without `mp4:` and the like.
    pub fn sign(&self, key: &KeyPair, name: &str, terms: &Terms<'_>) -> String {
        let file = key.private().display().to_string();
        let arguments = [vec![key.id().to_owned(), file, name.to_owned()], terms.arguments()].concat();
        let mut command = match self.by {
            By::Form(form) => return form.sign(key, name, terms),
            By::Botocore(release, library) => {
                let mut script = nobody().script(release, "sign.py");
                script.arg(library).args(arguments);
                script
            }
            By::Node(library) => {
                let mut script = node();
                script.arg(library).args(arguments);
                script
            }
            By::Cli(release) => cli(release, key, name, terms),
            By::Millrace(hash) => millrace_sign(hash, key, name, terms),
        };
        run(&mut command).ok().text().trim_end().to_owned()
    }
}

/// Who signs calls nobody.
fn nobody() -> Caller {
    Caller::at("http://127.0.0.1:9", ("AKIANOBODY000000001", "nothing"))
}

/// Node with the script, and the libraries that `MILLRACE_SIGNERS` names the folder of.
fn node() -> Command {
    let folder = std::env::var_os("MILLRACE_SIGNERS").map(PathBuf::from).expect(
        "MILLRACE_SIGNERS should name the folder that `cargo xtask setup` makes for JavaScript's signers under \
         target/test-tools",
    );
    let mut command = Command::new("node");
    // Old libraries are called deprecated, which is no news.
    command.arg("--no-deprecation").env("NODE_PATH", folder.join("node_modules"));
    command.env("AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE", "1");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/sign.js"));
    command
}

fn cli(release: Release, key: &KeyPair, name: &str, terms: &Terms<'_>) -> Command {
    let (file, end) = (format!("file://{}", key.private().display()), terms.end.to_string());
    let whose = ["--key-pair-id", key.id(), "--private-key", &file];
    let mut command =
        nobody().cli(release, &[&["sign", "--url", name, "--date-less-than", &end], &whose[..]].concat());
    if let Some(custom) = terms.custom {
        command.args(["--date-greater-than", &custom.begin.to_string(), "--ip-address", custom.network]);
    }
    command
}

fn millrace_sign(hash: &str, key: &KeyPair, name: &str, terms: &Terms<'_>) -> Command {
    let mut command = Command::new(millrace());
    command.args(["sign", "--algorithm", hash, "--key-pair-id", key.id(), "--key"]).arg(key.private());
    command.args(["--stream", name, "--expires", &terms.end.to_string()]);
    if let Some(custom) = terms.custom {
        command.args(["--not-before", &custom.begin.to_string(), "--ip", custom.network]);
    }
    command
}
