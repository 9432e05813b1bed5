//! Streams of HTTP/2 whose viewers take nothing.
//!
//! Below HTTP/1 it is the socket that is full then. A viewer of HTTP/2 can leave one stream's window shut and keep the
//! connection busy with others, so each stream has a clock of its own. It runs from the moment at which something was
//! given to hyper to the moment at which hyper asks for more: what hyper holds back is what the viewer does not take.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// What a stream's body has last heard of hyper while the stream was polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    /// hyper wants more: it is our turn.
    Asked,
    /// hyper has something to send: it is the viewer's turn.
    Given,
}

thread_local! {
    static HEARD: Cell<Heard> = const { Cell::new(Heard::Nothing) };
}

/// Notes that hyper wants more.
pub(super) fn asked() {
    HEARD.set(Heard::Asked);
}

/// Notes that hyper has something to send.
pub(super) fn given() {
    HEARD.set(Heard::Given);
}

pin_project! {
    /// A stream that ends when its viewer has taken nothing for so long. Dropped before its end it is reset, which tells
    /// the viewer that something is missing.
    struct Taken<F> {
        #[pin]
        stream: F,
        // Since when it is the viewer's turn; none while it is ours.
        since: Option<Instant>,
        patience: Duration,
        // Most streams end without ever needing one.
        alarm: Option<Pin<Box<Sleep>>>,
        running: Running,
    }
}

impl<F: Future> Future for Taken<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        HEARD.set(Heard::Nothing);
        if this.stream.poll(context).is_ready() {
            return Poll::Ready(());
        }
        match HEARD.get() {
            Heard::Nothing => {}
            Heard::Asked => *this.since = None,
            Heard::Given => *this.since = Some(Instant::now()),
        }
        let Some(since) = *this.since else { return Poll::Pending };
        let end = since + *this.patience;
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if alarm.deadline() != end {
            alarm.as_mut().reset(end);
        }
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(())
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
        let running = Running(Arc::clone(&self.running));
        tokio::spawn(Taken { stream, since: None, patience: self.patience, alarm: None, running });
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
