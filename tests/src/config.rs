//! Configuration files for `millrace serve`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::binary::millrace;
use crate::media::Media;
use crate::process::run;

/// A configuration file in a folder of its own, where the server also may keep its cache.
pub struct Config {
    folder: TempDir,
    head: String,
    listen: String,
    control: String,
    tail: String,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// A server on a free port, with nothing to serve.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the configuration");
        let listen = "[listen]\nviewers = [\"127.0.0.1:0\"]\n".to_owned();
        let control = "[control]\nlisten = [\"127.0.0.1:0\"]\n".to_owned();
        Self { folder, head: String::new(), listen, control, tail: String::new() }
    }

    /// A server of one film to everybody, as `mp4:` and its name, by a distribution with some more of its own.
    pub fn of_film(film: &Media, distribution: &str) -> Self {
        let folder = film.path().parent().expect("a film lies in a folder");
        Self::new()
            .with(&format!("[[bucket]]\nname = \"films\"\nfolder = {folder:?}"))
            .with_distribution("E1", "s1.example.net", "films", distribution)
            .with_default("E1")
    }

    /// Adds a section or an entry of a list.
    #[must_use]
    pub fn with(mut self, section: &str) -> Self {
        self.add(section);
        self
    }

    /// Adds a section or an entry of a list, to be written with [`Config::path`].
    pub fn add(&mut self, section: &str) {
        writeln!(self.tail, "\n{section}").expect("strings take everything");
    }

    /// Adds a bucket at an S3 server, with a key.
    #[must_use]
    pub fn with_s3(self, name: &str, bucket: &str, endpoint: &str, key: (&str, &str)) -> Self {
        self.with(&format!(
            "[[bucket]]\nname = {name:?}\nbucket = {bucket:?}\nendpoint = {endpoint:?}\nregion = \"us-east-1\"\n\
             access_key_id = {:?}\nsecret_access_key = {:?}",
            key.0, key.1
        ))
    }

    /// Adds a distribution.
    #[must_use]
    pub fn with_distribution(mut self, id: &str, domain: &str, bucket: &str, more: &str) -> Self {
        self.add_distribution(id, domain, bucket, more);
        self
    }

    /// Adds a distribution, to be written with [`Config::path`].
    pub fn add_distribution(&mut self, id: &str, domain: &str, bucket: &str, more: &str) {
        self.add(&format!(
            "[[distribution]]\nid = {id:?}\ndomain_name = {domain:?}\nbucket = {bucket:?}\n{more}"
        ));
    }

    /// Lets this distribution answer to everybody.
    #[must_use]
    pub fn with_default(mut self, id: &str) -> Self {
        self.head = format!("default_distribution = {id:?}\n\n");
        self
    }

    /// Adds a line about the control plane.
    #[must_use]
    pub fn with_control(mut self, line: &str) -> Self {
        writeln!(self.control, "{line}").expect("strings take everything");
        self
    }

    /// Believes what proxies on this machine say about where viewers are.
    #[must_use]
    pub fn with_proxies(mut self) -> Self {
        self.listen += "proxies = [\"127.0.0.1\"]\n";
        self
    }

    /// Adds a certificate that the program makes itself, with which the port takes TLS as well.
    #[must_use]
    pub fn with_certificate(self) -> Self {
        self.renew_certificate();
        self.with("[[certificate]]\ncertificate = \"cert.pem\"\nkey = \"cert.key\"")
    }

    /// Makes another certificate in the place of the one that [`Config::with_certificate`] made, as tools that renew
    /// do it: each file at once. The answer is where the certificate is.
    pub fn renew_certificate(&self) -> PathBuf {
        let mut command = Command::new(millrace());
        command.args(["cert", "self-signed", "--certificate", "new.pem", "--key", "new.key"]);
        let _ = run(command.current_dir(self.folder())).ok();
        for ending in ["key", "pem"] {
            let new = self.folder().join(format!("new.{ending}"));
            std::fs::rename(new, self.folder().join(format!("cert.{ending}"))).expect("it takes the place");
        }
        self.folder().join("cert.pem")
    }

    /// Gives the cache a directory.
    #[must_use]
    pub fn with_disk(self, directory: &Path, more: &str) -> Self {
        self.with(&format!("[cache]\ndirectory = {directory:?}\n{more}"))
    }

    /// The folder of the file.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the file as it is now.
    pub fn path(&self) -> PathBuf {
        let path = self.folder.path().join("millrace.toml");
        std::fs::write(&path, format!("{}{}{}{}", self.head, self.listen, self.control, self.tail))
            .expect("the file can be written");
        path
    }
}
