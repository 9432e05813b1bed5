//! A page's WebSocket, by a library that is not the edge's own framing.

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::viewer::PATIENCE;
use super::{BoxedStream, HOST};

/// A whole request for a WebSocket, by hand.
pub(crate) const WEBSOCKET: &str = "GET /rtmp HTTP/1.1\r\nHost: films.example.net\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A page that wants to play.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) path: &'static str,
    pub(crate) origin: Option<&'static str>,
    pub(crate) subprotocol: Option<&'static str>,
}

impl Default for Page {
    fn default() -> Self {
        Self { path: "/rtmp", origin: None, subprotocol: Some("rtmp") }
    }
}

impl Page {
    pub(crate) async fn open(&self, stream: BoxedStream) -> WebSocketStream<BoxedStream> {
        self.open_at(HOST, stream).await.expect("a WebSocket").0
    }

    /// By another host; with the edge's answer.
    pub(crate) async fn open_at(
        &self,
        host: &str,
        stream: BoxedStream,
    ) -> Result<(WebSocketStream<BoxedStream>, Response), Error> {
        let mut request = format!("ws://{host}{}", self.path).into_client_request()?;
        for (name, value) in [("Origin", self.origin), ("Sec-WebSocket-Protocol", self.subprotocol)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, HeaderValue::from_static(value));
            }
        }
        timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await.expect("an answer in time")
    }
}

/// Carries bytes between a WebSocket and a stream until one of them ends.
pub(super) async fn carry(mut websocket: WebSocketStream<BoxedStream>, mut stream: DuplexStream) {
    let mut output = BytesMut::new();
    loop {
        tokio::select! {
            message = websocket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if stream.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => break,
            },
            read = stream.read_buf(&mut output) => {
                if !matches!(read, Ok(1..)) || send(&mut websocket, output.split().freeze()).await.is_err() {
                    break;
                }
            }
        }
    }
    // Whoever went first, the other one is told.
    let _ = timeout(PATIENCE, websocket.close(None)).await;
}

async fn send(websocket: &mut WebSocketStream<BoxedStream>, mut bytes: Bytes) -> Result<(), Error> {
    // In pieces that have nothing to do with messages of RTMP.
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(1000));
        websocket.send(Message::Binary(piece)).await?;
    }
    Ok(())
}

/// What the edge closes a WebSocket with, whatever comes in front of it.
pub(crate) async fn closed_with(websocket: &mut WebSocketStream<BoxedStream>) -> CloseFrame {
    let closed = async {
        loop {
            match websocket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.expect("a code"),
                Some(Ok(_)) => {}
                other => panic!("not closed in words: {other:?}"),
            }
        }
    };
    timeout(PATIENCE, closed).await.expect("it closes in time")
}
