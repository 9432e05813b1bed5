//! `millrace serve`: the distributions of a configuration file.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use millrace_cache::Cache;
use millrace_edge::{Certificates, Edge, Entrance, Event};
use tokio::time::{MissedTickBehavior, interval};

use crate::config::Config;
use crate::control::Plane;
use crate::server::{Asked, Server, Signals, raise_descriptor_limit, runtime};
use crate::{logging, player};

/// Certificates are not looked at more often than this, whatever is asked for.
const LEAST_CHECK: Duration = Duration::from_millis(100);

/// Serves until a signal ends it.
pub(crate) fn run(file: &Path) -> anyhow::Result<()> {
    let config = Config::load(file)?;
    let log = &config.settings.log;
    logging::start(log.format, &log.level);
    raise_descriptor_limit();
    runtime()?.block_on(serve(file, config))
}

async fn serve(file: &Path, config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let cache = Cache::open(config.cache()).await.context("the cache can't be opened")?;
    let certificates = config.certificates()?;
    let plane = Plane::start(config.clone(), file).await.context("the control plane can't be started")?;
    let (countries, location) = (config.countries()?, &config.settings.web.location);
    let entrance = Entrance {
        player: player::files(),
        certificates: certificates.clone(),
        proxies: config.settings.listen.proxies.iter().map(|network| network.0).collect(),
        countries: countries.clone(),
        location: location.parse().with_context(|| {
            format!("web.location in {}: {location:?} is no value of a header", file.display())
        })?,
        http3_port: config.settings.listen.http3.first().map(|address| address.0.port()),
    };
    let edge = Edge::new(plane.site().await?, cache.clone(), config.limits(), entrance, Arc::new(log_event))?;
    let mut server = open(file, &config, &edge, &cache).await?;
    for address in &config.settings.listen.http3 {
        let cure = format!("listen.http3 in {}", file.display());
        let certificates = certificates.as_ref();
        let certificates = certificates
            .with_context(|| format!("listen.http3 needs a [[certificate]] in {}", file.display()))?;
        let address = server.listen_quic(address.0, &cure, certificates)?;
        tracing::info!(%address, "viewers may connect by HTTP/3");
    }
    for address in &server.addresses {
        tracing::info!(%address, "viewers may connect");
    }
    plane.follow(edge.clone());
    listen(file, &config, &plane, certificates.as_ref()).await?;
    let every = config.settings.tls.check_every.0;
    if let Some(certificates) = certificates.clone() {
        tokio::spawn(watch("certificates", every, move || Ok(certificates.reload()?)));
    }
    if let Some(countries) = countries {
        tokio::spawn(watch("countries", every, move || Ok(countries.reload()?)));
    }
    while matches!(signals.next().await, Asked::Reload) {
        reload(file, &edge, &plane, certificates.as_ref()).await;
    }
    let deadline = config.settings.drain.deadline.0;
    tracing::info!(viewers = edge.viewers(), ?deadline, "stopping: no new viewers are taken");
    server.drain(deadline, &mut signals, |progress| tracing::info!("{progress}")).await;
    plane.end().await;
    tracing::info!(target: "millrace::counted", "{}", counted(&edge, &cache));
    tracing::info!("stopped");
    Ok(())
}

/// Every counter with its value, for the last line of a log.
fn counted(edge: &Edge, cache: &Cache) -> String {
    let edge = edge.metrics().snapshot().named().into_iter().map(|(name, n)| format!("edge.{name}={n}"));
    let cache = cache.counters().named().into_iter().map(|(name, n)| format!("cache.{name}={n}"));
    edge.chain(cache).collect::<Vec<_>>().join(" ")
}

/// Opens the ports.
async fn open(file: &Path, config: &Config, edge: &Edge, cache: &Cache) -> anyhow::Result<Server> {
    let listen = &config.settings.listen;
    let setting = |name: &str| format!("{name} in {}", file.display());
    let (viewers, tls) = (setting("listen.viewers"), setting("listen.tls"));
    let ports: Vec<(SocketAddr, &str)> = listen
        .viewers
        .iter()
        .map(|address| (address.0, viewers.as_str()))
        .chain(listen.tls.value.iter().map(|address| (address.0, tls.as_str())))
        .collect();
    Server::start(edge.clone(), cache.clone(), &ports).await
}

/// Opens the ports of the API.
async fn listen(
    file: &Path,
    config: &Config,
    plane: &Plane,
    certificates: Option<&Certificates>,
) -> anyhow::Result<()> {
    let control = &config.settings.control;
    let addresses: Vec<SocketAddr> = control.listen.iter().map(|address| address.0).collect();
    let tls = match (control.tls, certificates) {
        (true, None) => anyhow::bail!("control.tls needs a [[certificate]] in {}", file.display()),
        (true, Some(certificates)) => Some(certificates.clone()),
        (false, _) => None,
    };
    let cure = format!("control.listen in {}", file.display());
    for address in plane.listen(&addresses, tls, &cure).await? {
        tracing::info!(%address, "the API listens");
    }
    Ok(())
}

/// Reads the file again. A fault in it, or in what it names, changes nothing.
async fn reload(file: &Path, edge: &Edge, plane: &Plane, certificates: Option<&Certificates>) {
    let read = || {
        let config = Config::load(file)?;
        // Checked before anything else changes.
        config.site()?;
        let files = config.certificate_files();
        match certificates {
            Some(certificates) if !files.is_empty() => certificates.replace(files)?,
            Some(_) => tracing::warn!("no certificate is listed any more: TLS ends at the next start only"),
            None if !files.is_empty() => {
                tracing::warn!("the first certificate was listed: TLS begins at the next start only");
            }
            None => {}
        }
        Ok::<_, anyhow::Error>(config)
    };
    match read() {
        Ok(config) => {
            tracing::info!(config = %config.summary(), "distributions, buckets and certificates were read again");
            plane.reload(edge, config).await;
        }
        Err(error) => tracing::error!("the old configuration stays in force: {error:#}"),
    }
}

/// Looks now and then whether files were renewed, and takes them if so.
async fn watch(
    what: &'static str,
    every: Duration,
    reload: impl Fn() -> anyhow::Result<bool> + Clone + Send + 'static,
) {
    let mut ticks = interval(every.max(LEAST_CHECK));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match tokio::task::spawn_blocking(reload.clone()).await {
            Ok(Ok(true)) => tracing::info!("renewed {what} are in force"),
            Ok(Err(error)) => tracing::error!("the old {what} stay in force: {error}"),
            Ok(Ok(false)) | Err(_) => {}
        }
    }
}

fn log_event(event: &Event) {
    tracing::info!(target: "millrace::viewer", "{event}");
}
