//! HTTP/1.

use std::convert::Infallible;
use std::sync::Arc;

use futures::future::{Either, ready};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::patient::Patient;
use super::{Body, Connection, HEAD, LINES};

/// Serves it until it ends.
pub(super) async fn serve<T>(connection: Arc<Connection>, stream: Patient<T>) -> Option<hyper::Result<()>>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serving = Arc::clone(&connection);
    let service = service_fn(move |request| match serving.at_once(request) {
        Ok(response) => Either::Left(ready(Ok(response))),
        Err(request) => Either::Right(Box::pin(answer(Arc::clone(&serving), request))),
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(connection.shared.limits.tunnel_silence)
        .max_buf_size(HEAD)
        .max_headers(LINES)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream.framed()), service)
        .with_upgrades();
    connection.run(served, http1::UpgradeableConnection::graceful_shutdown, None).await
}

/// Answers what has to be waited for.
async fn answer(
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let signals = Arc::clone(&connection.signals);
    signals.note_answering(true);
    connection.note(&request);
    let response = connection.answer(request).await;
    if let Ok(StatusCode::SWITCHING_PROTOCOLS) = response.as_ref().map(Response::status) {
        signals.note_switched();
    }
    signals.note_answering(false);
    response
}
