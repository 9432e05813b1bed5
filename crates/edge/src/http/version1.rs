//! HTTP/1.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::patient::Patient;
use super::{Connection, HEAD, LINES};

/// Serves it until it ends.
pub(super) async fn serve<T>(connection: Arc<Connection>, stream: Patient<T>) -> Option<hyper::Result<()>>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serving = Arc::clone(&connection);
    let service = service_fn(move |request| {
        let (connection, signals) = (Arc::clone(&serving), Arc::clone(&serving.signals));
        signals.note_answering(true);
        connection.note(&request);
        async move {
            let response = connection.answer(request).await;
            if let Ok(StatusCode::SWITCHING_PROTOCOLS) = response.as_ref().map(hyper::Response::status) {
                signals.note_switched();
            }
            signals.note_answering(false);
            response
        }
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
