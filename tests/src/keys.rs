//! Key pairs that sign, made by openssl as people made theirs, and registered with `millrace keys`.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::binary::millrace;
use crate::config::Config;
use crate::process::{Finished, run};

/// A key pair in a folder of its own.
pub struct KeyPair {
    id: String,
    folder: TempDir,
}

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// RSA with so many bits.
    Rsa(u32),
    /// ECDSA on P-256.
    P256,
}

impl KeyPair {
    /// Makes one that is to be known by this id.
    pub fn make(id: &str, kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the key");
        let pair = Self { id: id.to_owned(), folder };
        let private = pair.private();
        let mut openssl = Command::new("openssl");
        match kind {
            // Amazon gave keys away in the traditional form, and Python's `rsa` reads no other.
            Kind::Rsa(bits) => {
                openssl.args(["genrsa", "-traditional", "-out"]).arg(&private).arg(bits.to_string())
            }
            Kind::P256 => {
                let curve = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"];
                openssl.args(curve).arg(&private)
            }
        };
        let _ = run(&mut openssl).ok();
        let mut public = Command::new("openssl");
        public.args(["pkey", "-pubout", "-in"]).arg(&private).arg("-out").arg(pair.public());
        let _ = run(&mut public).ok();
        pair
    }

    /// An RSA key as every signer knows it.
    pub fn rsa(id: &str) -> Self {
        Self::make(id, Kind::Rsa(2048))
    }

    /// The id that URLs name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same by another id: that of a public key is made with it.
    #[must_use]
    pub fn called(self, id: &str) -> Self {
        let called = Self { id: id.to_owned(), folder: self.folder };
        for (from, to) in [("pk", called.private()), ("rsa", called.public())] {
            let from = called.folder.path().join(format!("{from}-{}.pem", self.id));
            std::fs::rename(from, to).expect("it takes the name");
        }
        called
    }

    /// The private half, as people called it.
    pub fn private(&self) -> PathBuf {
        self.folder.path().join(format!("pk-{}.pem", self.id))
    }

    /// The public half.
    pub fn public(&self) -> PathBuf {
        self.folder.path().join(format!("rsa-{}.pem", self.id))
    }

    /// The public half as text.
    pub fn public_text(&self) -> String {
        std::fs::read_to_string(self.public()).expect("it was made")
    }

    /// Registers it for an account.
    pub fn import(&self, config: &Config, account: &str) -> Finished {
        let public = self.public().display().to_string();
        keys(config, &["import", "--id", &self.id, "--account", account, &public])
    }

    /// The same for those who have one of these keys for their own account.
    #[must_use]
    pub fn imported(self, config: &Config) -> Self {
        let _ = self.import(config, "self").ok();
        self
    }

    /// Signs these bytes with openssl; the answer is in CloudFront's base64.
    pub fn signature(&self, hash: &str, message: &[u8]) -> String {
        let [unsigned, signed] = ["message", "signature"].map(|name| self.folder.path().join(name));
        std::fs::write(&unsigned, message).expect("the message can be written");
        let mut openssl = Command::new("openssl");
        openssl.args(["dgst", &format!("-{hash}"), "-sign"]).arg(self.private());
        let _ = run(openssl.arg("-out").arg(&signed).arg(&unsigned)).ok();
        base64(&signed)
    }

    /// These bytes in CloudFront's base64.
    pub fn encoded(&self, message: &[u8]) -> String {
        let file = self.folder.path().join("encoded");
        std::fs::write(&file, message).expect("the message can be written");
        base64(&file)
    }
}

/// A file in CloudFront's base64, by openssl.
fn base64(file: &Path) -> String {
    let plain = run(Command::new("openssl").args(["base64", "-A", "-in"]).arg(file)).ok().text();
    plain.trim_end().replace('+', "-").replace('=', "_").replace('/', "~")
}

/// `millrace keys …` with a server's configuration.
pub fn keys(config: &Config, arguments: &[&str]) -> Finished {
    run(Command::new(millrace()).arg("keys").args(arguments).arg("--config").arg(config.path()))
}
