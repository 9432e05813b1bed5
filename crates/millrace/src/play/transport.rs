//! What carries a viewer's bytes: TCP, TLS, or HTTP or a WebSocket over one of them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use millrace_model::Variant;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::trust::Trust;
use super::tunnel::Tunnel;
use super::websocket::WebSocket;

/// How long the last words may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where viewers connect, and how.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) variant: Variant,
    pub(super) websocket: bool,
    pub(super) address: SocketAddr,
    /// Host and perhaps port, as the URL has them.
    pub(super) authority: String,
    /// For TLS.
    pub(super) trust: Option<Trust>,
}

/// A connection to a server.
pub(super) enum Transport {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Tunnel(Box<Tunnel>),
    WebSocket(Box<WebSocket>),
}

impl Target {
    /// Connects. The error is text for the report.
    pub(super) async fn connect(&self) -> Result<Transport, String> {
        let address = self.address;
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        let _ = stream.set_nodelay(true);
        let tunnelled = matches!(self.variant, Variant::Rtmpt | Variant::Rtmpte | Variant::Rtmpts);
        let Some(trust) = &self.trust else {
            if tunnelled || self.websocket {
                return self.through_http(stream).await;
            }
            return Ok(Transport::Tcp(stream));
        };
        let stream = trust.connect(stream).await?;
        if tunnelled || self.websocket {
            return self.through_http(stream).await;
        }
        Ok(Transport::Tls(Box::new(stream)))
    }

    async fn through_http<S>(&self, stream: S) -> Result<Transport, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        if self.websocket {
            return Ok(Transport::WebSocket(Box::new(WebSocket::over(stream, &self.authority).await?)));
        }
        Ok(Transport::Tunnel(Box::new(Tunnel::over(stream, &self.authority).await?)))
    }
}

impl Transport {
    /// Sends all of `bytes`; in a tunnel they leave with the next request, which [`Transport::receive`] makes.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match self {
            Self::Tcp(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            Self::Tunnel(tunnel) => {
                tunnel.send(bytes);
                Ok(())
            }
            Self::WebSocket(websocket) => websocket.send(bytes).await,
        }
    }

    /// Waits for bytes and puts them behind those in `input`; 0 at the end. Nothing is lost when this is dropped half
    /// way.
    pub(super) async fn receive(&mut self, input: &mut BytesMut) -> Result<usize, String> {
        let broke = |error: io::Error| format!("the connection broke: {error}");
        match self {
            Self::Tcp(stream) => stream.read_buf(input).await.map_err(broke),
            Self::Tls(stream) => match stream.read_buf(input).await {
                // A server that closes without a word of TLS has closed all the same.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                read => read.map_err(broke),
            },
            Self::Tunnel(tunnel) => tunnel.receive(input).await,
            Self::WebSocket(websocket) => websocket.receive(input).await,
        }
    }

    /// Says good-bye where the transport has a word for it.
    pub(super) async fn close(&mut self) {
        let farewell = async {
            match self {
                Self::Tcp(_) => {}
                Self::Tls(stream) => drop(stream.shutdown().await),
                Self::Tunnel(tunnel) => tunnel.close().await,
                Self::WebSocket(websocket) => websocket.close().await,
            }
        };
        // The report does not depend on it.
        let _ = timeout(FAREWELL, farewell).await;
    }
}
