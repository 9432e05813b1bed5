//! A viewer's bytes in a WebSocket, as a page in a browser sends them.

use std::io;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Anything that a WebSocket can be in.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Bytes that are read at a time: the library fills as many with zeros first, each time, which with its usual 128 KiB
/// costs hundreds of viewers more than the media.
const READ: usize = 16 << 10;

/// A WebSocket.
pub(super) struct WebSocket(WebSocketStream<Box<dyn Stream>>);

impl WebSocket {
    /// Asks the server at the other end for one.
    pub(super) async fn over<S>(stream: S, authority: &str) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let broke = |error: Error| format!("the WebSocket: {error}");
        let mut request = format!("ws://{authority}/rtmp").into_client_request().map_err(broke)?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("rtmp"));
        let stream: Box<dyn Stream> = Box::new(stream);
        let config = WebSocketConfig::default().read_buffer_size(READ);
        let opened = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
        let (websocket, _) = opened.map_err(broke)?;
        Ok(Self(websocket))
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.send(Message::Binary(Bytes::copy_from_slice(bytes))).await.map_err(io::Error::other)
    }

    /// Waits for bytes, and puts them behind those in `input`; 0 at the end. May be dropped at any time.
    pub(super) async fn receive(&mut self, input: &mut BytesMut) -> Result<usize, String> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(bytes))) if bytes.is_empty() => {}
                Some(Ok(Message::Binary(bytes))) => {
                    input.extend_from_slice(&bytes);
                    return Ok(bytes.len());
                }
                Some(Ok(Message::Close(Some(close)))) if !close.reason.is_empty() => {
                    return Err(format!("the server closed the WebSocket: {}", close.reason));
                }
                Some(Ok(Message::Close(_))) | None => return Ok(0),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(format!("the WebSocket broke: {error}")),
            }
        }
    }

    /// Says goodbye.
    pub(super) async fn close(&mut self) {
        let _ = self.0.close(None).await;
    }
}
