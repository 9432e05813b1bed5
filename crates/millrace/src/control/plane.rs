//! The control plane beside an edge: whatever changes in the store, the edge works from it a moment later.
//!
//! ```text
//! API ──▶ Service ──▶ store ──▶ feed ──▶ picture ──┬──▶ site ──▶ Edge::replace ──▶ "this edge has revision n"
//! commands, other machines ──▶ store ──┘           └──▶ snapshot.json, for a start while the store is away
//! ```

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use millrace_control::auth::{Principal, Seal};
use millrace_control::service::{Change, Outcome};
use millrace_control::{Picture, Service, Settings, Store, StoreError, api};
use millrace_edge::{Certificates, Edge, Site};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

use super::place::SEAL;
use super::shown::Shown;
use crate::config::{Config, Leaving};
use crate::out::say;
use crate::ports;

/// The last picture, in the control plane's folder.
const SNAPSHOT: &str = "snapshot.json";
/// The name of this machine's edge, beside it.
const EDGE: &str = "edge-name";
/// The pause before a store that could not be opened is tried again.
const AGAIN: Duration = Duration::from_secs(2);
/// The administrator's key, for containers and tests.
const ADMIN_ID: &str = "MILLRACE_ADMIN_ACCESS_KEY_ID";
const ADMIN_SECRET: &str = "MILLRACE_ADMIN_SECRET_ACCESS_KEY";

/// The control plane of a running server.
pub(crate) struct Plane {
    seal: Arc<Seal>,
    file: PathBuf,
    service: watch::Sender<Option<Arc<Service>>>,
    shown: Mutex<Shown>,
    snapshot: PathBuf,
}

impl Plane {
    /// Opens the store, and makes the site that the edge begins with. A database that is away is no reason not to
    /// serve what was known last.
    pub(crate) async fn start(config: Config, file: &Path) -> anyhow::Result<Arc<Self>> {
        let folder = config.control_folder();
        let seal = Arc::new(Seal::open(&folder.join(SEAL))?);
        let snapshot = folder.join(SNAPSHOT);
        let place = config.store();
        let shown = Shown::new(config, Picture::default());
        let plane = Arc::new(Self {
            seal,
            file: file.to_owned(),
            service: watch::Sender::new(None),
            shown: Mutex::new(shown),
            snapshot,
        });
        match plane.open(&place).await {
            Ok(picture) => {
                plane.keep(&picture);
                plane.shown.lock().await.picture = picture;
            }
            Err(Fault::Away(error)) => {
                tracing::error!("the last snapshot is served, since the store is away: {error}");
                match last_picture(&folder) {
                    Ok(picture) => plane.shown.lock().await.picture = picture,
                    // Containers start in any order: what the file declares plays already.
                    Err(error) => {
                        tracing::error!("only what the configuration declares is served: {error:#}");
                    }
                }
                if plane.shown.lock().await.picture.signers.is_unknown() {
                    tracing::error!(
                        "no signer's key is known: what may need a signature plays when the store is back"
                    );
                }
            }
            Err(Fault::Wrong(error)) => return Err(error),
        }
        Ok(plane)
    }

    async fn open(&self, place: &str) -> Result<Picture, Fault> {
        let store = Store::open(place).await?;
        let (settings, declared) = {
            let shown = self.shown.lock().await;
            let edge = edge_name(&shown.config.control_folder());
            let edge = edge.context("the edge can't be given a name").map_err(Fault::Wrong)?;
            let settings = Settings { edge: Some(edge), ..shown.config.control() };
            (settings, shown.config.declared(&self.file))
        };
        let wrong = |error: millrace_control::Error| Fault::Wrong(error.into());
        let service = Service::new(store, Arc::clone(&self.seal), settings).map_err(wrong)?;
        service.declare(&declared);
        service.check_seal().await.map_err(wrong)?;
        greet(&service).await.map_err(wrong)?;
        let picture = service.picture().await.map_err(wrong)?;
        self.service.send_replace(Some(service));
        Ok(picture)
    }

    /// What an edge begins with.
    pub(crate) async fn site(&self) -> anyhow::Result<Site> {
        self.shown.lock().await.site(&self.seal)
    }

    /// Makes what these documents say and what is not there yet; the answer is their ids, and the picture with them in it.
    pub(crate) async fn furnish(
        &self,
        documents: &[(String, serde_json::Value)],
    ) -> anyhow::Result<(Vec<String>, Picture)> {
        let service = self.service.borrow().clone().context("the store is away")?;
        let mut ids = Vec::new();
        for document in documents {
            let one = std::slice::from_ref(document);
            let planned = service.plan(one).await?.into_iter().find(|one| one.change != Change::Create);
            match planned {
                Some(there) => ids.extend(there.id),
                None => {
                    let made = |made: &Outcome| ids.extend(made.id.clone());
                    service.apply(&Principal::operator(), one, made).await?;
                }
            }
        }
        let picture = service.picture().await?;
        self.keep(&picture);
        self.shown.lock().await.picture = picture.clone();
        Ok((ids, picture))
    }

    /// Follows the store from now on.
    pub(crate) fn follow(self: &Arc<Self>, edge: Edge) {
        tokio::spawn(Arc::clone(self).run(edge));
    }

    async fn run(self: Arc<Self>, edge: Edge) {
        let place = self.shown.lock().await.config.store();
        while self.service.borrow().is_none() {
            sleep(AGAIN).await;
            match self.open(&place).await {
                Ok(_) => tracing::info!("the store is back"),
                Err(Fault::Away(error) | Fault::Wrong(error)) => {
                    tracing::warn!("the store is still away: {error:#}");
                }
            }
        }
        let Some(service) = self.service.borrow().clone() else { return };
        service.applied(self.shown.lock().await.picture.revision);
        let (sender, mut pictures) = watch::channel(None);
        tokio::spawn(Arc::clone(&service).feed(sender));
        while pictures.changed().await.is_ok() {
            let Some(picture) = pictures.borrow_and_update().clone() else { continue };
            let revision = picture.revision;
            let before = self.shown.lock().await.picture.revision;
            let invalidations = picture.invalidations.clone();
            self.show(&edge, |shown| shown.picture = picture).await;
            // Whoever made them is told that they are done once every edge has said that it has this revision.
            match invalidations.after(before) {
                Some(list) => list.iter().for_each(|invalidation| edge.invalidate(invalidation)),
                None => edge.invalidate_all(),
            }
            service.applied(revision);
        }
    }

    /// Changes what is shown, and lets the edge work from it.
    async fn show(&self, edge: &Edge, change: impl FnOnce(&mut Shown)) {
        let mut shown = self.shown.lock().await;
        change(&mut shown);
        let began = Instant::now();
        match shown.site(&self.seal) {
            Ok(site) => {
                edge.replace(site);
                let site_ms = began.elapsed().as_secs_f64() * 1000.0;
                tracing::debug!(revision = shown.picture.revision, site_ms, "the edge has a new site");
                if shown.config.settings.control.viewers == Leaving::End {
                    edge.dismiss();
                }
            }
            Err(error) => tracing::error!("the edge goes on with what it knows: {error:#}"),
        }
        self.keep(&shown.picture);
    }

    /// Keeps a picture for a start while the store is away.
    fn keep(&self, picture: &Picture) {
        if let Err(error) = write(&self.snapshot, picture) {
            tracing::warn!("the snapshot {} can't be written: {error}", self.snapshot.display());
        }
    }

    /// The configuration file was read again.
    pub(crate) async fn reload(&self, edge: &Edge, config: Config) {
        if let Some(service) = self.service.borrow().clone() {
            service.declare(&config.declared(&self.file));
        }
        self.show(edge, |shown| shown.configure(config)).await;
    }

    /// Serves the API; the result is where it listens.
    pub(crate) async fn listen(
        &self,
        addresses: &[SocketAddr],
        tls: Option<Certificates>,
        cure: &str,
    ) -> anyhow::Result<Vec<SocketAddr>> {
        let mut bound = Vec::new();
        for address in addresses {
            let listener = TcpListener::bind(address).await;
            let listener = listener.map_err(|error| ports::explain(*address, &error, cure))?;
            let local = listener.local_addr()?;
            let tls = tls.as_ref().map(|certificates| certificates.server_config_at(local.ip()));
            tokio::spawn(api::serve(listener, tls, self.service.subscribe()));
            bound.push(local);
        }
        Ok(bound)
    }

    /// Says that this edge ends.
    pub(crate) async fn end(&self) {
        let service = self.service.borrow().clone();
        if let Some(service) = service {
            let told = timeout(AGAIN, async {
                service.edge_ends().await;
                service.store().close().await;
            });
            let _ = told.await;
        }
    }
}

/// What this machine's edge is called in the store, for as long as its folder is there.
fn edge_name(folder: &Path) -> std::io::Result<String> {
    let file = folder.join(EDGE);
    match std::fs::read_to_string(&file) {
        Ok(name) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
        _ => {
            let mut random = [0; 16];
            getrandom::fill(&mut random).map_err(std::io::Error::other)?;
            let name = crate::swf::hex(&random);
            std::fs::write(&file, &name)?;
            Ok(name)
        }
    }
}

/// The picture of an earlier run.
pub(super) fn last_picture(folder: &Path) -> anyhow::Result<Picture> {
    let file = folder.join(SNAPSHOT);
    let text = std::fs::read(&file)
        .with_context(|| format!("there is no snapshot {} to go on with", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("the snapshot {}", file.display()))
}

/// Why a store was not opened.
enum Fault {
    /// It can't be reached: it may be back soon.
    Away(anyhow::Error),
    /// It won't get better by waiting.
    Wrong(anyhow::Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        if error.is_away() { Self::Away(error.into()) } else { Self::Wrong(error.into()) }
    }
}

/// Writes the picture: whole, or not at all. Secrets in it are sealed.
fn write(path: &Path, picture: &Picture) -> std::io::Result<()> {
    let unfinished = path.with_extension("new");
    let _ = std::fs::remove_file(&unfinished);
    // Headers for custom origins are often secrets that nobody sealed.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(&serde_json::to_vec(picture)?)?;
    std::fs::rename(&unfinished, path)
}

/// Makes the administrator of a new store, and shows the key: nobody can have it again.
async fn greet(service: &Service) -> Result<(), millrace_control::Error> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let given = set(ADMIN_ID).zip(set(ADMIN_SECRET));
    let known = given.is_some();
    if let Some((id, secret)) = service.first_admin(given).await?.filter(|_| !known) {
        say(&format!(
            "The user \"admin\" was made, with this key. The secret is shown this once:\n  \
             AWS_ACCESS_KEY_ID={id}\n  AWS_SECRET_ACCESS_KEY={secret}\n"
        ));
    }
    Ok(())
}
