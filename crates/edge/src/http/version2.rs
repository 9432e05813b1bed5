//! HTTP/2: by ALPN inside TLS, and by its preface without.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, ready};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::patient::Patient;
use super::taken::Streams;
use super::{Connection, HEAD};

/// Requests of one connection that are answered at one time.
const STREAMS: u32 = 100;
/// Streams that a viewer has begun and given up before we looked at them. With more the connection ends: who begins
/// streams only to reset them wants to keep us busy.
const GIVEN_UP: usize = 20;
/// Streams that we have reset for faults of the viewer's.
const FAULTY: usize = 100;
/// Bytes of a request's body that may come before we have taken any, and those of all bodies together.
const WINDOW: u32 = 256 << 10;
const WINDOWS: u32 = 1 << 20;
/// Bytes of an answer that hyper keeps for a viewer.
const BUFFER: usize = 128 << 10;
/// How often a viewer is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(30);
const PONG: Duration = Duration::from_secs(20);

/// Serves it until it ends.
pub(super) async fn serve<T>(connection: Arc<Connection>, stream: Patient<T>) -> Option<hyper::Result<()>>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let streams = Streams::new(connection.shared.limits.stalled);
    let serving = Arc::clone(&connection);
    let service = service_fn(move |request| match serving.at_once(request) {
        Either::Left(response) => Either::Left(ready(Ok(response))),
        Either::Right(request) => {
            let connection = Arc::clone(&serving);
            Either::Right(Box::pin(async move { connection.answer(request).await }))
        }
    });
    let served = http2::Builder::new(streams.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(GIVEN_UP)
        .max_local_error_reset_streams(FAULTY)
        .max_header_list_size(HEAD as u32)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOWS)
        .max_send_buf_size(BUFFER)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .serve_connection(TokioIo::new(stream), service);
    connection.run(served, http2::Connection::graceful_shutdown, Some(streams)).await
}
