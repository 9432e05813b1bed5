//! A viewer's bytes in HTTP requests (RTMPT): one request at a time on one connection, as FFmpeg does it.

use std::fmt::Display;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use millrace_rtmp::tunnel::{Client, ClientRequest};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// How long after an empty answer the next request waits.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of one connection that are read in advance.
const BUFFER: usize = 64 << 10;

/// A tunnel.
pub(super) struct Tunnel {
    client: Client,
    sender: SendRequest<Full<Bytes>>,
    /// The task that moves the bytes.
    driver: JoinHandle<()>,
    host: HeaderValue,
    /// What is to be sent with the next requests.
    outgoing: Vec<u8>,
    state: State,
}

enum State {
    /// The next request can be made.
    Ready,
    /// The answer to one is on its way.
    Asked(BoxFuture<'static, Result<Bytes, String>>),
    /// There was nothing: not before this time again.
    Pausing(Pin<Box<tokio::time::Sleep>>),
}

impl Tunnel {
    /// A tunnel that begins with the first [`Tunnel::receive`].
    pub(super) async fn over<S>(stream: S, authority: &str) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let io = TokioIo::new(stream);
        let (sender, connection) =
            Builder::new().max_buf_size(BUFFER).handshake(io).await.map_err(|error| broke(&error))?;
        let driver = tokio::spawn(async move {
            // What went wrong is told to whoever waits for an answer.
            let _ = connection.await;
        });
        let host = HeaderValue::from_str(authority).map_err(|_| format!("{authority:?} is no host"))?;
        Ok(Self { client: Client::new(), sender, driver, host, outgoing: Vec::new(), state: State::Ready })
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
    }

    /// Asks until there are bytes, and puts them behind those in `input`. May be dropped at any time.
    pub(super) async fn receive(&mut self, input: &mut BytesMut) -> Result<usize, String> {
        loop {
            match &mut self.state {
                State::Ready => {
                    self.sender.ready().await.map_err(|error| broke(&error))?;
                    let request = self.client.next_request(&mut self.outgoing);
                    self.ask(request)?;
                }
                State::Asked(answer) => {
                    let body = answer.await;
                    self.state = State::Ready;
                    let bytes = self.client.answer(body?).map_err(|error| format!("the tunnel: {error}"))?;
                    if !bytes.is_empty() {
                        input.extend_from_slice(&bytes);
                        return Ok(bytes.len());
                    }
                    if self.outgoing.is_empty() {
                        self.state = State::Pausing(Box::pin(sleep_until(Instant::now() + PAUSE)));
                    }
                }
                State::Pausing(pause) => {
                    if self.outgoing.is_empty() {
                        pause.await;
                    }
                    self.state = State::Ready;
                }
            }
        }
    }

    /// Ends the session, once the answer that is on its way has come.
    pub(super) async fn close(&mut self) {
        if let State::Asked(answer) = &mut self.state {
            let _ = answer.await;
        }
        self.state = State::Ready;
        if let Some(request) = self.client.close()
            && self.sender.ready().await.is_ok()
            && self.ask(request).is_ok()
            && let State::Asked(answer) = &mut self.state
        {
            let _ = answer.await;
            self.state = State::Ready;
        }
    }

    fn ask(&mut self, request: ClientRequest) -> Result<(), String> {
        let request = Request::post(request.path)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/x-fcs")
            .header(CACHE_CONTROL, "no-cache")
            .header(USER_AGENT, concat!("millrace/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(request.body))
            .map_err(|error| broke(&error))?;
        self.state = State::Asked(Box::pin(body(self.sender.send_request(request))));
        Ok(())
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn body(answer: impl Future<Output = hyper::Result<Response<Incoming>>>) -> Result<Bytes, String> {
    let answer = answer.await.map_err(|error| broke(&error))?;
    if answer.status() != StatusCode::OK {
        return Err(format!("the tunnel: the server answers {}", answer.status()));
    }
    answer.into_body().collect().await.map(Collected::to_bytes).map_err(|error| broke(&error))
}

fn broke(error: &dyn Display) -> String {
    format!("the connection broke: {error}")
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    /// Reads one request; its path and body.
    async fn request(server: &mut DuplexStream) -> (String, Vec<u8>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(server.read_u8().await.expect("the head of a request"));
        }
        let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
        assert!(head.contains("host: media.example.com:8080\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-fcs\r\n"), "{head}");
        let (_, length) = head.split_once("content-length: ").expect("a length");
        let length = length.split_once("\r\n").expect("the end of a line").0.parse().expect("a number");
        let mut body = vec![0; length];
        server.read_exact(&mut body).await.expect("the body");
        let path = head.strip_prefix("post ").and_then(|rest| rest.split_once(' ')).expect("a POST").0;
        (path.to_owned(), body)
    }

    async fn answer(server: &mut DuplexStream, body: &[u8]) {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        server.write_all(head.as_bytes()).await.expect("the client reads");
        server.write_all(body).await.expect("the client reads");
    }

    #[tokio::test]
    async fn a_session_is_opened_filled_asked_and_closed() {
        let (client, mut server) = tokio::io::duplex(1 << 16);
        let served = tokio::spawn(async move {
            let mut seen = Vec::new();
            for body in [&b"abc\n"[..], b"\x01hello", b"\x01", b"\x03world", b"\0"] {
                seen.push(request(&mut server).await);
                answer(&mut server, body).await;
            }
            seen
        });
        let mut tunnel = Tunnel::over(client, "media.example.com:8080").await.expect("it begins");
        let mut input = BytesMut::new();
        tunnel.send(b"C0C1");
        assert_eq!(tunnel.receive(&mut input).await, Ok(5));
        assert_eq!(tunnel.receive(&mut input).await, Ok(5));
        assert_eq!(&input[..], b"helloworld");
        tunnel.close().await;
        let seen = served.await.expect("the server saw all of it");
        let paths: Vec<&str> = seen.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["/open/1", "/send/abc/0", "/idle/abc/1", "/idle/abc/2", "/close/abc/3"]);
        assert_eq!(seen[1].1, b"C0C1");
    }

    #[tokio::test]
    async fn waiting_may_be_given_up_at_any_time() {
        let (client, mut server) = tokio::io::duplex(1 << 16);
        let mut tunnel = Tunnel::over(client, "media.example.com:8080").await.expect("it begins");
        let mut input = BytesMut::new();
        let served = tokio::spawn(async move {
            for body in [&b"abc\n"[..], b"\x01", b"\x01x"] {
                let _ = request(&mut server).await;
                answer(&mut server, body).await;
            }
            server
        });
        while input.is_empty() {
            let _ = tokio::time::timeout(Duration::from_micros(50), tunnel.receive(&mut input)).await;
        }
        assert_eq!(&input[..], b"x");
        drop(served.await.expect("each request came once"));
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_its_status() {
        let (client, mut server) = tokio::io::duplex(1 << 16);
        let mut tunnel = Tunnel::over(client, "media.example.com:8080").await.expect("it begins");
        let served = tokio::spawn(async move {
            let _ = request(&mut server).await;
            let refusal = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
            server.write_all(refusal).await.expect("the client reads");
            server
        });
        let error = tunnel.receive(&mut BytesMut::new()).await.expect_err("there is no tunnel");
        assert!(error.contains("503"), "{error}");
        drop(served.await);
    }
}
