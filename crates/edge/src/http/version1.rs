//! HTTP/1.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use futures::future::{Either, ready};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::handed::Handed;
use super::interim::Hints;
use super::patient::Patient;
use super::{Body, Connection, HEAD, LINES};

/// Serves it until it ends.
pub(super) async fn serve<T>(connection: Arc<Connection>, stream: Patient<T>) -> Option<hyper::Result<()>>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serving = Arc::clone(&connection);
    let handed = stream.handed();
    let service = service_fn(move |request| match serving.at_once(request) {
        Either::Left(response) => {
            Either::Left(ready(Ok::<_, Infallible>(by_kernel(response, handed.as_ref()))))
        }
        Either::Right(request) => {
            // Before hyper reads on: whether it may see the end of what comes depends on it.
            serving.signals.note_answering(true);
            serving.note(&request);
            let (connection, handed) = (Arc::clone(&serving), handed.clone());
            Either::Right(Box::pin(async move {
                Ok(by_kernel(answer(connection, request).await?, handed.as_ref()))
            }))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(connection.shared.limits.tunnel_silence)
        .max_buf_size(HEAD)
        .max_headers(LINES)
        .title_case_headers(true)
        // As it is by default where the stream can do it. Blanks for what the kernel sends depend on it.
        .writev(true)
        .serve_connection(TokioIo::new(stream.framed()), service)
        .with_upgrades();
    connection.run(served, http1::UpgradeableConnection::graceful_shutdown, None).await
}

/// Answers what has to be waited for. What the origin says before its answer wakes the connection, which writes it.
async fn answer(
    connection: Arc<Connection>,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let signals = Arc::clone(&connection.signals);
    if request.version() == Version::HTTP_11 {
        signals.interim.open();
        request.extensions_mut().insert(Hints::to(&signals));
    }
    let mut answered = pin!(connection.answer(request));
    let response = loop {
        tokio::select! {
            biased;
            response = &mut answered => break response,
            () = signals.interim.came() => {}
        }
    };
    signals.interim.close().await;
    if let Ok(StatusCode::SWITCHING_PROTOCOLS) = response.as_ref().map(Response::status) {
        signals.note_switched();
    }
    signals.note_answering(false);
    response
}

/// The same answer, of whose body the kernel sends what it has, where it can.
fn by_kernel(response: Response<Body>, handed: Option<&Arc<Handed>>) -> Response<Body> {
    match handed {
        Some(handed) => response.map(|body| body.handed(handed)),
        None => response,
    }
}
