//! The S3 that misbehaves, for tests that are not asynchronous themselves.

use std::ops::Deref;

use millrace_s3_fake::S3Fake;
use tokio::runtime::Runtime;

use crate::config::Config;

/// An [`S3Fake`] with threads of its own.
pub struct Fake {
    // Dropped before the runtime that it runs on.
    fake: S3Fake,
    _runtime: Runtime,
}

impl Default for Fake {
    fn default() -> Self {
        Self::start()
    }
}

impl Deref for Fake {
    type Target = S3Fake;

    fn deref(&self) -> &S3Fake {
        &self.fake
    }
}

impl Fake {
    /// Starts it.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be started");
        let fake = runtime.block_on(S3Fake::start());
        Self { fake, _runtime: runtime }
    }

    /// A configuration that serves its bucket `films` to everybody.
    pub fn config(&self) -> Config {
        Config::new()
            .with_s3("films", "films", &self.endpoint(), ("key", "secret"))
            .with_distribution("E1", "s1.example.net", "films", "")
            .with_default("E1")
    }
}
