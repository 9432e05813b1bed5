//! Where the store is, for commands.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use millrace_control::auth::Seal;
use millrace_control::{Picture, Service, Store};

use crate::config::Config;

/// The file that seals secrets, in the control plane's folder.
pub(super) const SEAL: &str = "seal.key";

/// Which store a command works on.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The configuration file of the server.
    #[arg(long, short, value_name = "FILE", env = "MILLRACE_CONFIG", default_value = "millrace.toml")]
    config: PathBuf,
    /// The data folder of a demo, instead of a configuration file.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data_dir: Option<PathBuf>,
}

impl Place {
    /// The configuration that says where.
    pub(crate) fn load(&self) -> anyhow::Result<Config> {
        match &self.data_dir {
            Some(folder) => Config::of_folder(folder),
            None => Config::load(&self.config),
        }
    }

    /// What opens the secrets in the store.
    pub(crate) fn seal(&self) -> anyhow::Result<Arc<Seal>> {
        Ok(Arc::new(Seal::open(&self.load()?.control_folder().join(SEAL))?))
    }

    /// The picture that the server on this machine has kept.
    pub(crate) fn last_picture(&self) -> anyhow::Result<Picture> {
        super::plane::last_picture(&self.load()?.control_folder())
    }

    /// The operations on the store.
    pub(crate) async fn open(&self) -> anyhow::Result<Arc<Service>> {
        let config = self.load()?;
        let seal = self.seal()?;
        let service = Service::new(Store::open(&config.store()).await?, seal, config.control())?;
        service.declare(&config.declared(&self.config));
        service.check_seal().await?;
        Ok(service)
    }

    /// Does something with the operations.
    pub(crate) fn with<T>(
        &self,
        work: impl AsyncFnOnce(Arc<Service>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        crate::server::runtime()?.block_on(async {
            let service = self.open().await.context("the store can't be opened")?;
            let done = work(Arc::clone(&service)).await;
            service.store().close().await;
            done
        })
    }
}
