//! How bytes get to the edge: a socket, TLS over it, HTTP requests over either.

use std::net::SocketAddr;
use std::sync::Arc;

use millrace_rtmp::handshake::Kind;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tunnel::{self, Requests};
use super::{HOST, Page, TC_URL, Viewer, websocket};

/// Anything that carries bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(crate) type BoxedStream = Box<dyn Stream>;

/// How a connection is made.
#[derive(Clone)]
pub(crate) struct Road {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    narrow: bool,
    /// What a load balancer says in front of everything.
    preface: Vec<u8>,
}

impl Road {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, tls: None, narrow: false, preface: Vec::new() }
    }

    /// With a small receive buffer.
    pub(crate) fn narrow(mut self) -> Self {
        self.narrow = true;
        self
    }

    /// Inside TLS, to the host of the distribution that works.
    pub(crate) fn tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Behind a PROXY header.
    pub(crate) fn behind(mut self, header: &[u8]) -> Self {
        self.preface = header.to_vec();
        self
    }

    pub(crate) async fn connect(&self) -> BoxedStream {
        match &self.tls {
            None => Box::new(self.socket().await),
            Some(config) => Box::new(self.secure(config, HOST).await.expect("a handshake of TLS")),
        }
    }

    /// A connection inside TLS to the server of this name.
    pub(crate) async fn secure(
        &self,
        config: &Arc<ClientConfig>,
        name: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(name.to_owned()).expect("a name of a server");
        TlsConnector::from(Arc::clone(config)).connect(name, self.socket().await).await
    }

    pub(crate) async fn socket(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        if self.narrow {
            socket.set_recv_buffer_size(8 << 10).expect("a small buffer");
        }
        let mut stream = socket.connect(self.address).await.expect("an open port");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream.write_all(&self.preface).await.expect("an open port takes bytes");
        stream
    }

    /// A stream through a tunnel.
    pub(crate) fn tunnel(&self, requests: Requests) -> BoxedStream {
        // What a slow player leaves in here is not asked for again.
        let (near, far) = tokio::io::duplex(if self.narrow { 4 << 10 } else { 256 << 10 });
        tokio::spawn(tunnel::carry(self.clone(), far, requests));
        Box::new(near)
    }

    /// A stream in a WebSocket.
    pub(crate) async fn websocket(&self, page: &Page) -> BoxedStream {
        self.websocket_at(HOST, page).await
    }

    /// The same by another host.
    pub(crate) async fn websocket_at(&self, host: &str, page: &Page) -> BoxedStream {
        let opened = page.open_at(host, self.connect().await).await;
        let (websocket, _) = opened.expect("a WebSocket");
        let (near, far) = tokio::io::duplex(if self.narrow { 4 << 10 } else { 256 << 10 });
        tokio::spawn(websocket::carry(websocket, far));
        Box::new(near)
    }

    /// A viewer who has a stream.
    pub(crate) async fn viewer(&self, kind: Kind) -> Viewer {
        Viewer::over(self.connect().await, kind).await.settled(TC_URL).await
    }

    /// The same through a tunnel.
    pub(crate) async fn tunnelled(&self, kind: Kind) -> Viewer {
        Viewer::over(self.tunnel(Requests::OneConnection), kind).await.settled(TC_URL).await
    }
}
