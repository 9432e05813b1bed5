//! Streams of HTTP/2 whose viewers take nothing.
//!
//! Below HTTP/1 it is the socket that is full then. A viewer of HTTP/2 can leave one stream's window shut and keep the
//! connection busy with others, so each stream has a clock of its own. It runs from the moment at which something was
//! given to hyper to the moment at which hyper asks for more: what hyper holds back is what the viewer does not take.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

tokio::task_local! {
    /// Since when it is the viewer's turn; none while it is ours.
    static GIVEN: Cell<Option<Instant>>;
}

/// Notes that hyper wants more.
pub(super) fn asked() {
    let _ = GIVEN.try_with(|given| given.set(None));
}

/// Notes that hyper has something to send.
pub(super) fn given() {
    let _ = GIVEN.try_with(|given| given.set(Some(Instant::now())));
}

/// Waits until the viewer of this stream has taken nothing for so long.
async fn untaken(patience: Duration) {
    loop {
        match GIVEN.with(Cell::get).map(|given| given + patience) {
            Some(end) if end <= Instant::now() => return,
            Some(end) => sleep_until(end).await,
            None => sleep(patience).await,
        }
    }
}

/// Runs the streams of a connection, each in a task of its own, and counts them.
#[derive(Clone)]
pub(super) struct Streams {
    running: Arc<AtomicUsize>,
    patience: Duration,
}

impl Streams {
    /// Ends those whose viewer takes nothing for `patience`.
    pub(super) fn new(patience: Duration) -> Self {
        Self { running: Arc::default(), patience }
    }

    /// Waits until there was no stream for so long.
    pub(super) async fn idle(&self, patience: Duration) {
        const LOOKS: u32 = 8;
        let mut quiet = 0;
        while quiet < LOOKS {
            sleep(patience / LOOKS).await;
            quiet = if self.running.load(Relaxed) == 0 { quiet + 1 } else { 0 };
        }
    }
}

/// Counts a stream until it ends, however it does.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        self.running.fetch_add(1, Relaxed);
        let (running, patience) = (Running(Arc::clone(&self.running)), self.patience);
        tokio::spawn(GIVEN.scope(Cell::new(None), async move {
            tokio::select! {
                _ = stream => {}
                // Dropped before its end it is reset, which tells the viewer that something is missing.
                () = untaken(patience) => {}
            }
            drop(running);
        }));
    }
}

#[cfg(test)]
mod tests {
    use hyper::rt::Executor;
    use tokio::sync::oneshot;
    use tokio::time::advance;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// A stream that does so once it runs and then never ends; what comes back ends with it.
    fn stream(streams: &Streams, begin: fn()) -> oneshot::Receiver<()> {
        let (held, ended) = oneshot::channel::<()>();
        streams.execute(async move {
            begin();
            let _held = held;
            std::future::pending::<()>().await;
        });
        ended
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_viewer_takes_nothing_but_not_while_its_origin_is_slow() {
        let streams = Streams::new(PATIENCE);
        let untaken = stream(&streams, given);
        let mut slow = stream(&streams, || {
            given();
            asked();
        });
        untaken.await.expect_err("it is dropped");
        advance(10 * PATIENCE).await;
        assert_eq!(slow.try_recv(), Err(oneshot::error::TryRecvError::Empty), "the origin may be slow");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_when_no_stream_was_there_for_some_time() {
        let streams = Streams::new(PATIENCE);
        let began = Instant::now();
        let _untaken = stream(&streams, given);
        streams.idle(PATIENCE).await;
        assert!(began.elapsed() >= 2 * PATIENCE, "{:?}", began.elapsed());
    }
}
