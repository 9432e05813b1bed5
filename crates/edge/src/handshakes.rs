//! Handshakes that cost arithmetic, RTMPE's and TLS's, on a thread of their own: a flood of them takes that thread's
//! share of the machine, and viewers who play keep the rest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::Limits;

/// How much rather the system runs the other threads (`nice`).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// The thread, and the line in front of it.
pub(crate) struct Handshakes {
    work: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    line: Arc<Semaphore>,
    rate: Mutex<Rate>,
}

/// Why a handshake is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Crowded {
    #[error("too many handshakes wait")]
    Line,
    #[error("too many handshakes from this address")]
    Address,
}

/// When the next one may begin, and who began how many in this second.
struct Rate {
    pace: Duration,
    next: Instant,
    per_address: u32,
    second: Instant,
    begun: HashMap<IpAddr, u32>,
}

impl Handshakes {
    /// Starts the thread.
    pub(crate) fn start(limits: &Limits) -> std::io::Result<Self> {
        let (work, queue) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("handshakes".to_owned()).spawn(move || {
            #[cfg(target_os = "linux")]
            // A thread's own value on Linux. Elsewhere it would be the process's, so it stays as it is.
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "handshakes have the priority of everything else");
            }
            runtime.block_on(run(queue));
        })?;
        let now = Instant::now();
        Ok(Self {
            work,
            line: Arc::new(Semaphore::new(limits.handshakes_waiting)),
            rate: Mutex::new(Rate {
                pace: Duration::from_secs(1) / limits.handshakes_per_second.max(1),
                next: now,
                per_address: limits.handshakes_per_address,
                second: now,
                begun: HashMap::new(),
            }),
        })
    }

    /// Does `work` on that thread when it is its turn. Whoever stops waiting for it gives its turn back.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        address: IpAddr,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Crowded> {
        let place = Arc::clone(&self.line).try_acquire_owned().map_err(|_| Crowded::Line)?;
        let turn = self.rate.lock().unwrap_or_else(PoisonError::into_inner).turn(address)?;
        sleep_until(turn).await;
        let (mut done, result) = oneshot::channel();
        let work = Box::pin(async move {
            tokio::select! {
                result = work => drop(done.send(result)),
                () = done.closed() => {}
            }
            drop(place);
        });
        // The thread lives as long as the sender, and a handshake that panicked is none.
        let _ = self.work.send(work);
        result.await.map_err(|_| Crowded::Line)
    }
}

/// Works until nobody is left who could bring more.
async fn run(mut queue: mpsc::UnboundedReceiver<BoxFuture<'static, ()>>) {
    while let Some(work) = queue.recv().await {
        tokio::spawn(work);
    }
}

impl Rate {
    /// When the next handshake of this address may begin.
    fn turn(&mut self, address: IpAddr) -> Result<Instant, Crowded> {
        let now = Instant::now();
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            (self.second, self.begun) = (now, HashMap::new());
        }
        let begun = self.begun.entry(address.to_canonical()).or_default();
        if *begun >= self.per_address {
            return Err(Crowded::Address);
        }
        *begun += 1;
        let turn = self.next.max(now);
        self.next = turn + self.pace;
        Ok(turn)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn handshakes(change: impl FnOnce(&mut Limits)) -> Handshakes {
        let mut limits = Limits::default();
        change(&mut limits);
        Handshakes::start(&limits).expect("a thread can be started")
    }

    #[tokio::test]
    async fn work_is_done_on_another_thread() {
        let handshakes = handshakes(|_| {});
        let other = handshakes.run(A, async { std::thread::current().id() }).await.expect("there is room");
        assert_ne!(other, std::thread::current().id());
    }

    #[tokio::test]
    async fn the_line_has_an_end_and_places_are_given_back() {
        let handshakes = handshakes(|limits| limits.handshakes_waiting = 1);
        let (release, held) = oneshot::channel::<()>();
        let mut first = Box::pin(handshakes.run(A, held));
        assert!((&mut first).now_or_never().is_none());
        assert_eq!(handshakes.run(A, async {}).await, Err(Crowded::Line));
        release.send(()).expect("the first waits for it");
        assert!(first.await.is_ok());
        while handshakes.line.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(handshakes.run(A, async {}).await, Ok(()));
    }

    #[tokio::test]
    async fn who_goes_away_gives_its_place_back() {
        let handshakes = handshakes(|limits| limits.handshakes_waiting = 1);
        let mut never = Box::pin(handshakes.run(A, std::future::pending::<()>()));
        assert!((&mut never).now_or_never().is_none());
        drop(never);
        while handshakes.line.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_begins_so_many_in_a_second() {
        let mut rate = Rate {
            pace: Duration::from_millis(10),
            next: Instant::now(),
            per_address: 2,
            second: Instant::now(),
            begun: HashMap::new(),
        };
        let first = rate.turn(A).expect("the first");
        assert_eq!(rate.turn(A), Ok(first + Duration::from_millis(10)), "one after the other");
        assert_eq!(rate.turn(A), Err(Crowded::Address));
        assert!(rate.turn(IpAddr::from([10, 0, 0, 1])).is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(rate.turn(A).is_ok());
    }
}
