//! Configuration files for `millrace serve`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A configuration file in a folder of its own, where the server also may keep its cache.
pub struct Config {
    folder: TempDir,
    head: String,
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
        let tail = "[listen]\nviewers = [\"127.0.0.1:0\"]\n".to_owned();
        Self { folder, head: String::new(), tail }
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
        std::fs::write(&path, format!("{}{}", self.head, self.tail)).expect("the file can be written");
        path
    }
}
