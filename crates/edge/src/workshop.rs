//! Handshakes that cost arithmetic, RTMPE's and TLS's, on a thread of their own: a flood of them takes that thread's
//! share of the machine, and viewers who play keep the rest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::Limits;
use crate::census::household;

/// How much rather the system runs the other threads (`nice`).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// The thread, and the line in front of it.
pub(crate) struct Handshakes {
    work: mpsc::UnboundedSender<Handshake>,
    line: Arc<Semaphore>,
    rate: Mutex<Rate>,
}

/// One that waits for its turn.
struct Handshake {
    /// Closed when nobody waits for it any more.
    wanted: oneshot::Sender<()>,
    /// In the line. Given back at the turn: a client of TLS that is slow in its handshake keeps nobody waiting.
    place: OwnedSemaphorePermit,
    work: BoxFuture<'static, ()>,
}

/// Why a handshake is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Crowded {
    #[error("too many handshakes wait")]
    Line,
    #[error("too many handshakes from this address")]
    Address,
}

/// Who began how many in this second.
struct Rate {
    per_address: u32,
    second: Instant,
    begun: HashMap<IpAddr, u32>,
}

impl Handshakes {
    /// Starts the thread.
    pub(crate) fn start(limits: &Limits) -> std::io::Result<Self> {
        let (work, queue) = mpsc::unbounded_channel();
        let pace = Duration::from_secs(1) / limits.handshakes_per_second.max(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("handshakes".to_owned()).spawn(move || {
            #[cfg(target_os = "linux")]
            // A thread's own value on Linux. Elsewhere it would be the process's, so it stays as it is.
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "handshakes have the priority of everything else");
            }
            runtime.block_on(run(queue, pace));
        })?;
        let now = Instant::now();
        Ok(Self {
            work,
            line: Arc::new(Semaphore::new(limits.handshakes_waiting)),
            rate: Mutex::new(Rate {
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
        self.rate.lock().unwrap_or_else(PoisonError::into_inner).count(address)?;
        let (wanted, _want) = oneshot::channel();
        let (mut done, result) = oneshot::channel();
        let work = Box::pin(async move {
            tokio::select! {
                result = work => drop(done.send(result)),
                () = done.closed() => {}
            }
        });
        // The thread lives as long as the sender, and a handshake that panicked is none.
        let _ = self.work.send(Handshake { wanted, place, work });
        result.await.map_err(|_| Crowded::Line)
    }
}

/// Works until nobody is left who could bring more. One begins each `pace`; those whose viewers have gone are passed
/// over, or a crowd that only comes and goes would keep the others waiting.
async fn run(mut queue: mpsc::UnboundedReceiver<Handshake>, pace: Duration) {
    let mut turn = Instant::now();
    while let Some(Handshake { wanted, place, work }) = queue.recv().await {
        if wanted.is_closed() {
            continue;
        }
        turn = turn.max(Instant::now());
        sleep_until(turn).await;
        if !wanted.is_closed() {
            tokio::spawn(work);
            turn += pace;
        }
        drop(place);
    }
}

impl Rate {
    /// One more of this address, if it may.
    fn count(&mut self, address: IpAddr) -> Result<(), Crowded> {
        let now = Instant::now();
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            (self.second, self.begun) = (now, HashMap::new());
        }
        let begun = self.begun.entry(household(address)).or_default();
        if *begun >= self.per_address {
            return Err(Crowded::Address);
        }
        *begun += 1;
        Ok(())
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
    async fn the_line_has_an_end_and_who_begins_or_goes_leaves_it() {
        let handshakes = handshakes(|limits| {
            limits.handshakes_waiting = 1;
            limits.handshakes_per_second = 1;
        });
        let mut first = Box::pin(handshakes.run(A, std::future::pending::<()>()));
        assert!((&mut first).now_or_never().is_none());
        // Its place in the line is free as soon as it begins, however long it takes.
        while handshakes.line.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut second = Box::pin(handshakes.run(A, async {}));
        assert!((&mut second).now_or_never().is_none());
        assert_eq!(handshakes.run(A, async {}).await, Err(Crowded::Line));
        drop(second);
        while handshakes.line.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(handshakes.run(A, async {}).await, Ok(()));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_is_dropped() {
        let handshakes = handshakes(|_| {});
        let (here, gone) = oneshot::channel::<()>();
        let mut never = Box::pin(handshakes.run(A, async move {
            let _here = here;
            std::future::pending::<()>().await;
        }));
        assert!((&mut never).now_or_never().is_none());
        drop(never);
        assert!(gone.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_begins_so_many_in_a_second() {
        let mut rate = Rate { per_address: 2, second: Instant::now(), begun: HashMap::new() };
        assert_eq!([rate.count(A), rate.count(A)], [Ok(()), Ok(())]);
        assert_eq!(rate.count(A), Err(Crowded::Address));
        assert!(rate.count(IpAddr::from([10, 0, 0, 1])).is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(rate.count(A).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn they_begin_one_after_the_other_and_who_has_gone_is_passed_over() {
        let (begun, mut order) = mpsc::unbounded_channel();
        let (line, queue) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(100));
        let mut waiting = Vec::new();
        for number in 0..100 {
            let (wanted, want) = oneshot::channel();
            let begun = begun.clone();
            let work = Box::pin(async move { _ = begun.send((number, Instant::now())) });
            let place = Arc::clone(&places).try_acquire_owned().expect("there is room");
            assert!(line.send(Handshake { wanted, place, work }).is_ok());
            // All but three lose patience while they wait.
            waiting.extend([0, 50, 99].contains(&number).then_some(want));
        }
        let (pace, from) = (Duration::from_secs(10), Instant::now());
        drop((line, begun));
        run(queue, pace).await;
        for (number, after) in [(0, 0), (50, 10), (99, 20)] {
            assert_eq!(order.recv().await, Some((number, from + Duration::from_secs(after))));
        }
        assert_eq!(order.recv().await, None);
        assert_eq!(places.available_permits(), 100);
    }
}
