//! The body of a request, from a viewer who is not waited for endlessly.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::BoxError;

/// A body that fails when nothing more of it comes for some time.
pub(crate) struct Upload<B> {
    body: B,
    patience: Duration,
    /// Runs while nothing comes.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<B> Upload<B> {
    /// Waits so long for each piece.
    pub(crate) fn new(body: B, patience: Duration) -> Self {
        Self { body, patience, waiting: None }
    }
}

impl<B> Body for Upload<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_sends_a_piece_now_and_then_is_waited_for_and_who_stops_is_not() {
        let piece = |number: u32| async move {
            sleep(Duration::from_secs(if number < 3 { 9 } else { 11 })).await;
            Some((Ok::<_, io::Error>(Frame::data(Bytes::from_static(b"piece"))), number + 1))
        };
        let body = StreamBody::new(Box::pin(stream::unfold(0, piece)));
        let mut upload = Upload::new(body, Duration::from_secs(10));
        for _ in 0..3 {
            upload.frame().await.expect("there is more").expect("in time");
        }
        let late = upload.frame().await.expect("there is more").expect_err("too late");
        assert_eq!(late.downcast_ref::<io::Error>().map(io::Error::kind), Some(io::ErrorKind::TimedOut));
    }
}
