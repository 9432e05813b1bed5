//! Connections to the API: bounded in number, in time, and in the size of what they send in front of a body.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::{Source, router};

/// Connections at one time; more wait to be accepted.
const MOST: usize = 1024;
/// How long a request's head may take, and how long a connection may be idle.
const HEAD_TIME: Duration = Duration::from_secs(20);
/// How long the handshake of TLS may take.
const TLS_TIME: Duration = Duration::from_secs(10);
/// Bytes of a head that are read at all; what is allowed is less, and refused in words.
const MOST_HEAD: usize = 64 << 10;
/// The pause after a connection could not be accepted, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Marks requests that came through TLS.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tls;

/// Serves the API for ever.
pub async fn serve(listener: TcpListener, tls: Option<Arc<rustls::ServerConfig>>, source: Source) {
    let acceptor = tls.map(TlsAcceptor::from);
    let room = Arc::new(Semaphore::new(MOST));
    let router = router(source);
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("the API can't take a connection: {error}");
                sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let served = match acceptor {
                None => requests(stream, router, false).await,
                Some(acceptor) => match timeout(TLS_TIME, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => requests(stream, router, true).await,
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err(io::ErrorKind::TimedOut.into()),
                },
            };
            if let Err(error) = served {
                tracing::debug!("a connection to the API ended: {error}");
            }
            drop(permit);
        });
    }
}

async fn requests(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router, tls: bool) -> io::Result<()> {
    let router = if tls { router.layer(axum::Extension(Tls)) } else { router };
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await
        .map_err(io::Error::other)
}
