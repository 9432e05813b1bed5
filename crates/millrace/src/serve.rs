//! `millrace serve`: the distributions of a configuration file.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use millrace_cache::Cache;
use millrace_edge::{Edge, Entrance, Event};

use crate::config::Config;
use crate::logging;
use crate::server::{Asked, Server, Signals, raise_descriptor_limit, runtime};

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
    let edge = Edge::new(config.site()?, cache.clone(), config.limits(), Entrance::default(), Arc::new(log_event))?;
    let addresses: Vec<SocketAddr> = config.settings.listen.viewers.iter().map(|address| address.0).collect();
    let cure = format!("listen.viewers in {}", file.display());
    let server = Server::start(edge.clone(), cache.clone(), &addresses, &cure).await?;
    for address in &server.addresses {
        tracing::info!(%address, "viewers may connect");
    }
    while matches!(signals.next().await, Asked::Reload) {
        reload(file, &edge);
    }
    let deadline = config.settings.drain.deadline.0;
    tracing::info!(viewers = edge.viewers(), ?deadline, "stopping: no new viewers are taken");
    server.drain(deadline, &mut signals, |progress| tracing::info!("{progress}")).await;
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

/// Reads the file again. A fault in it changes nothing.
fn reload(file: &Path, edge: &Edge) {
    match Config::load(file).and_then(|config| Ok((config.site()?, config))) {
        Ok((site, config)) => {
            edge.replace(site);
            tracing::info!(config = %config.summary(), "distributions and buckets were read again");
        }
        Err(error) => tracing::error!("the old configuration stays in force: {error:#}"),
    }
}

fn log_event(event: &Event) {
    tracing::info!(target: "millrace::viewer", "{event}");
}
