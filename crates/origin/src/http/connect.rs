//! The way to a web server: its name, TCP, TLS, each try within its time.

use super::HttpConfig;
use crate::Kind;
use crate::question::chain;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower_service::Service;

/// Connects, as often as it may.
#[derive(Clone)]
pub(super) struct Connector {
    https: HttpsConnector<HttpConnector<Names>>,
    attempts: u32,
    timeout: Duration,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) words: String,
}

impl Connector {
    pub(super) fn new(config: &HttpConfig) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Names);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Shared out among the addresses of a name, so that one that is dead leaves time for the others.
        tcp.set_connect_timeout(Some(config.connect_timeout));
        Self {
            https: HttpsConnector::from((tcp, config.trust.tls.clone())),
            attempts: config.attempts.clamp(1, 3),
            timeout: config.connect_timeout,
        }
    }

    async fn connect(mut self, uri: Uri) -> Result<Stream, Fault> {
        let mut tried = 1;
        loop {
            let fault = match tokio::time::timeout(self.timeout, self.https.call(uri.clone())).await {
                Ok(Ok(stream)) => return Ok(Stream { stream, used: Used::default() }),
                Ok(Err(error)) => Fault::of(&*error),
                Err(_) => Fault::new(Kind::Timeout, format!("no connection within {:?}", self.timeout)),
            };
            // What is wrong with a certificate is wrong with it the next moment too.
            if tried >= self.attempts || fault.kind == Kind::Misconfigured {
                return Err(fault.after(tried));
            }
            tried += 1;
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Fault;
    type Future = BoxFuture<'static, Result<Stream, Fault>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.clone().connect(uri).boxed()
    }
}

impl Fault {
    fn new(kind: Kind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }

    fn of(error: &(dyn Error + 'static)) -> Self {
        if let Some(name) = find::<NameFault>(error) {
            return Self::new(Kind::Unavailable, name.to_string());
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::tls(tls);
        }
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::TimedOut) => Self::new(Kind::Timeout, "no connection in time"),
            Some(io::ErrorKind::ConnectionRefused) => {
                Self::new(Kind::Unavailable, "the connection was refused")
            }
            _ => Self::new(Kind::Unavailable, format!("no connection: {}", chain(error))),
        }
    }

    pub(super) fn tls(error: &rustls::Error) -> Self {
        Self::new(Kind::Misconfigured, format!("TLS failed: {error}"))
    }

    fn after(mut self, tried: u32) -> Self {
        if tried > 1 {
            self.words = format!("{}, tried {tried} times", self.words);
        }
        self
    }
}

/// The first cause of that type. Causes within an [`io::Error`] are not among its sources.
pub(super) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let inner = |error: &'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> {
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        within.map(|error| error as &(dyn Error + 'static)).or_else(|| error.source())
    };
    std::iter::successors(Some(error), |error| inner(*error)).find_map(|error| error.downcast_ref())
}

/// Looks names up as the machine does.
#[derive(Clone)]
struct Names;

/// A name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name {name} can't be resolved: {why}")]
struct NameFault {
    name: String,
    why: io::Error,
}

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NameFault;
    type Future = BoxFuture<'static, Result<Self::Response, NameFault>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NameFault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let addresses = async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map(|addresses| addresses.collect::<Vec<_>>().into_iter());
            found.map_err(|why| NameFault { name: name.to_string(), why })
        };
        addresses.boxed()
    }
}

/// Whether a connection has brought an answer before; all who know the connection know it.
#[derive(Clone, Default)]
pub(super) struct Used(Arc<AtomicBool>);

impl Used {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection that knows whether it has been of use.
pub(super) struct Stream {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    used: Used,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.used.clone())
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
