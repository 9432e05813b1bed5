//! The change feed: whenever the store has a new revision, edges get its picture.
//!
//! Commands on this machine and other machines write to the same store, so the store's revision is the truth, and it is
//! looked at regularly. What is told in between (by this process, or by PostgreSQL) only makes it sooner.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::deployment::HEARTBEAT;
use crate::{Error, Picture, Service};

/// How often the revision is looked at.
const POLL: Duration = Duration::from_millis(250);
/// The pause after the store could not be reached.
const PAUSE: Duration = Duration::from_secs(1);

impl Service {
    /// The edge in this process works from that revision now, and has obeyed the invalidations that came with it: what
    /// is asked for from here on is deployed, or completed.
    pub fn applied(&self, revision: i64) {
        self.deployment.applied(revision);
    }

    /// The edge in this process ends.
    pub async fn edge_ends(&self) {
        // The feed must not say once more that it lives.
        self.deployment.ends();
        if let Err(error) = self.store.edge_is_gone(&self.deployment.id).await {
            tracing::debug!("the store was not told that this edge ends: {error}");
        }
    }

    /// Sends each new picture, for ever.
    pub async fn feed(self: Arc<Self>, pictures: watch::Sender<Option<Picture>>) {
        let listener = tokio::spawn(listen(Arc::clone(&self)));
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = (Instant::now() - HEARTBEAT, None);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.deployment.changed.notified() => {}
                () = pictures.closed() => break,
            }
            let seen = pictures.borrow().as_ref().map(|picture| picture.revision);
            if let Err(error) = self.step(seen, &pictures, &mut told).await {
                tracing::warn!("the store can't be read; edges go on with what they know: {error}");
                sleep(PAUSE).await;
            }
        }
        listener.abort();
    }

    async fn step(
        &self,
        seen: Option<i64>,
        pictures: &watch::Sender<Option<Picture>>,
        told: &mut (Instant, Option<i64>),
    ) -> Result<(), Error> {
        if Some(self.store.revision().await?) != seen {
            let began = Instant::now();
            let picture = self.picture().await?;
            let picture_ms = began.elapsed().as_secs_f64() * 1000.0;
            tracing::debug!(revision = picture.revision, picture_ms, "a new picture was read");
            pictures.send_replace(Some(picture));
        }
        // Others want to know how far this edge is; after a change at once.
        let here = self.deployment.here();
        if let Some(revision) = here.filter(|_| here != told.1 || told.0.elapsed() >= HEARTBEAT) {
            self.store.edge_is_at(&self.deployment.id, revision).await?;
            *told = (Instant::now(), here);
        }
        Ok(())
    }
}

/// Hears what PostgreSQL tells of other machines' changes.
async fn listen(service: Arc<Service>) {
    let Some(url) = service.store.postgres_url() else { return };
    loop {
        let heard = async {
            let mut listener = PgListener::connect(url).await?;
            listener.listen("millrace").await?;
            loop {
                listener.recv().await?;
                service.deployment.changed.notify_one();
            }
        };
        let ended: Result<(), sqlx::Error> = heard.await;
        if let Err(error) = ended {
            tracing::debug!("PostgreSQL tells nothing at the moment: {error}");
        }
        sleep(PAUSE).await;
    }
}
