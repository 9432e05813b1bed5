//! All tunnels of an edge, by their ids.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use millrace_rtmp::tunnel;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::{Answer, Arrival, Ask, End, Reply};
use crate::Limits;
use crate::census::{Census, Full, Place};

/// Requests on their way to one session: the one that is due, and those that may come early.
const ARRIVALS: usize = 8;
/// Random bytes of an id. Whoever knows an id owns the session, so it must not be guessed.
const ID: usize = 16;

/// All tunnels.
pub(crate) struct Tunnels {
    sessions: Mutex<HashMap<String, mpsc::Sender<Arrival>>>,
    census: Census,
    /// How many there are, for those who wait until there are none.
    count: watch::Sender<usize>,
}

/// A new session, as its own task needs it.
pub(crate) struct Opened {
    pub(crate) id: String,
    pub(crate) end: End,
    pub(crate) entry: Entry,
}

/// A session's entry in the table; leaves it when dropped.
pub(crate) struct Entry {
    tunnels: Arc<Tunnels>,
    id: String,
    _place: Place,
}

impl Tunnels {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            sessions: Mutex::default(),
            census: Census::new(limits.tunnels, limits.tunnels_per_address),
            count: watch::Sender::new(0),
        }
    }

    /// A new session for a viewer at `address`. `None` as an error: the system has no random bytes.
    pub(crate) fn open(
        self: &Arc<Self>,
        address: IpAddr,
        limits: &Limits,
        began: Instant,
    ) -> Result<Opened, Option<Full>> {
        let place = self.census.take(address).map_err(Some)?;
        let mut random = [0; ID];
        getrandom::fill(&mut random).map_err(|_| None)?;
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let (sender, arrivals) = mpsc::channel(ARRIVALS);
        self.lock().insert(id.clone(), sender);
        self.count.send_modify(|count| *count += 1);
        let entry = Entry { tunnels: Arc::clone(self), id: id.clone(), _place: place };
        Ok(Opened { id, end: End::new(arrivals, limits, began), entry })
    }

    /// The session with this id.
    pub(crate) fn find(&self, id: &str) -> Option<mpsc::Sender<Arrival>> {
        self.lock().get(id).cloned()
    }

    /// Waits until there is none.
    pub(crate) async fn emptied(&self) {
        // The sender lives as long as we do.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, mpsc::Sender<Arrival>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.tunnels.lock().remove(&self.id);
        self.tunnels.count.send_modify(|count| *count -= 1);
    }
}

/// Asks a session. `None`: it is over.
pub(crate) async fn ask(
    session: &mpsc::Sender<Arrival>,
    ask: impl FnOnce(Reply) -> Ask,
    pipelined: impl Future<Output = ()>,
) -> Option<Result<Answer, tunnel::Error>> {
    let (reply, mut answer) = oneshot::channel();
    session.send(Arrival::Ask(ask(reply))).await.ok()?;
    tokio::select! {
        answer = &mut answer => return answer.ok(),
        () = pipelined => {}
    }
    // The client said something more meanwhile, on the connection that waits for this answer.
    let _ = session.send(Arrival::Urge).await;
    answer.await.ok()
}
