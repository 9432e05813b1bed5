//! Arithmetic that costs, on a thread of its own: a flood of it takes that thread's share of the machine, and viewers
//! who play keep the rest.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// How much rather the system runs the other threads (`nice`).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// What may be made up for after nothing had to be done: timers are no finer than a millisecond.
const SLACK: Duration = Duration::from_millis(10);

/// The thread, and the line in front of it.
pub(crate) struct Workshop {
    orders: mpsc::UnboundedSender<Order>,
    line: Arc<Semaphore>,
}

/// A piece of work that waits for its turn.
struct Order {
    /// Closed when nobody waits for it any more.
    wanted: oneshot::Sender<()>,
    /// In the line. Given back at the turn: a client of TLS that is slow in its handshake keeps nobody waiting.
    place: OwnedSemaphorePermit,
    work: BoxFuture<'static, ()>,
}

/// The line is as long as it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overcrowded;

impl Workshop {
    /// Starts the thread, which begins so many pieces of work in a second while so many may wait.
    pub(crate) fn start(name: &str, per_second: u32, waiting: usize) -> std::io::Result<Self> {
        let (orders, queue) = mpsc::unbounded_channel();
        let pace = Duration::from_secs(1) / per_second.max(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            #[cfg(target_os = "linux")]
            // A thread's own value on Linux. Elsewhere it would be the process's, so it stays as it is.
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "this thread has the priority of everything else");
            }
            runtime.block_on(run(queue, pace));
        })?;
        Ok(Self { orders, line: Arc::new(Semaphore::new(waiting)) })
    }

    /// A place in the line.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Overcrowded> {
        Arc::clone(&self.line).try_acquire_owned().map_err(|_| Overcrowded)
    }

    /// Does `work` on that thread when it is its turn. Whoever stops waiting for it gives its turn back.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        place: OwnedSemaphorePermit,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Overcrowded> {
        let (wanted, _want) = oneshot::channel();
        let (mut done, result) = oneshot::channel();
        let work = Box::pin(async move {
            tokio::select! {
                result = work => drop(done.send(result)),
                () = done.closed() => {}
            }
        });
        // The thread lives as long as the sender, and work that panicked is none.
        let _ = self.orders.send(Order { wanted, place, work });
        result.await.map_err(|_| Overcrowded)
    }
}

/// Works until nobody is left who could bring more. One begins each `pace`; those whose viewers have gone are passed
/// over, or a crowd that only comes and goes would keep the others waiting.
async fn run(mut queue: mpsc::UnboundedReceiver<Order>, pace: Duration) {
    let mut turn = Instant::now();
    while let Some(Order { wanted, place, work }) = queue.recv().await {
        if wanted.is_closed() {
            continue;
        }
        turn = Instant::now().checked_sub(SLACK).map_or(turn, |earliest| turn.max(earliest));
        sleep_until(turn).await;
        if !wanted.is_closed() {
            tokio::spawn(work);
            turn += pace;
        }
        drop(place);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    /// Does something in a workshop.
    async fn run_in<T: Send + 'static>(
        workshop: &Workshop,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Overcrowded> {
        workshop.run(workshop.place()?, work).await
    }

    fn workshop() -> Workshop {
        Workshop::start("test", 500, 1000).expect("a thread can be started")
    }

    #[tokio::test]
    async fn work_is_done_on_another_thread() {
        let workshop = workshop();
        let other = run_in(&workshop, async { std::thread::current().id() }).await.expect("there is room");
        assert_ne!(other, std::thread::current().id());
    }

    #[tokio::test]
    async fn the_line_has_an_end_and_who_begins_or_goes_leaves_it() {
        let workshop = Workshop::start("test", 1, 1).expect("a thread can be started");
        let mut first = Box::pin(run_in(&workshop, std::future::pending::<()>()));
        assert!((&mut first).now_or_never().is_none());
        // Its place in the line is free as soon as it begins, however long it takes.
        while workshop.line.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut second = Box::pin(run_in(&workshop, async {}));
        assert!((&mut second).now_or_never().is_none());
        assert_eq!(run_in(&workshop, async {}).await, Err(Overcrowded));
        drop(second);
        while workshop.line.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(run_in(&workshop, async {}).await, Ok(()));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_is_dropped() {
        let workshop = workshop();
        let (here, gone) = oneshot::channel::<()>();
        let mut never = Box::pin(run_in(&workshop, async move {
            let _here = here;
            std::future::pending::<()>().await;
        }));
        assert!((&mut never).now_or_never().is_none());
        drop(never);
        assert!(gone.await.is_err());
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
            assert!(line.send(Order { wanted, place, work }).is_ok());
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
