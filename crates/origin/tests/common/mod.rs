//! A web server that says, byte for byte, what a test wants it to.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use millrace_model::web::OriginProtocol;
use millrace_origin::{Error, HttpConfig, HttpUpstream, OriginId, RequestBody, Trust, Upstream, no_body};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What is done on a connection, in order. After the last step it is closed.
#[derive(Clone)]
pub(crate) enum Step {
    /// Reads a request, with its body.
    Read,
    /// Says this.
    Write(Vec<u8>),
    /// Says this again and again.
    Forever(Vec<u8>, Duration),
    /// Says nothing for 300 ms.
    Pause,
    /// Says back what comes.
    Echo,
    /// Waits until the client hangs up.
    Hang,
    /// Closes with a TCP reset.
    Reset,
}

/// Reads a request and says this.
pub(crate) fn answer(text: &str) -> Vec<Step> {
    vec![Step::Read, Step::Write(text.replace('\n', "\r\n").into_bytes())]
}

/// A server whose first connection does the first list of steps, and so on; further ones are closed at once.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _task: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<String>>,
    opened: watch::Sender<usize>,
    closed: watch::Sender<usize>,
}

impl Server {
    pub(crate) async fn start(script: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::new(Shared::default()));
        let (mut task, own) = (JoinSet::new(), shared.clone());
        task.spawn(async move {
            let (mut script, mut connections) = (script.into_iter(), JoinSet::new());
            while let Ok((stream, _)) = listener.accept().await {
                own.opened.send_modify(|opened| *opened += 1);
                connections.spawn(serve(stream, script.next().unwrap_or_default(), own.clone()));
            }
        });
        Self { address, shared, _task: task }
    }

    /// All requests, as they came, whatever the connection.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.shared.opened.borrow()
    }

    /// Waits until so many connections are closed.
    pub(crate) async fn closed(&self, connections: usize) {
        let mut closed = self.shared.closed.subscribe();
        closed.wait_for(|closed| *closed >= connections).await.unwrap();
    }
}

async fn serve(mut stream: TcpStream, steps: Vec<Step>, shared: Arc<Shared>) {
    for step in steps {
        if !act(&mut stream, &step, &shared.seen).await {
            break;
        }
    }
    drop(stream);
    shared.closed.send_modify(|closed| *closed += 1);
}

async fn act(stream: &mut TcpStream, step: &Step, seen: &Mutex<Vec<String>>) -> bool {
    match step {
        Step::Read => match request(stream).await {
            Some(request) => seen.lock().unwrap().push(request),
            None => return false,
        },
        Step::Write(bytes) => return stream.write_all(bytes).await.is_ok(),
        Step::Forever(bytes, pause) => loop {
            if stream.write_all(bytes).await.is_err() {
                return false;
            }
            tokio::time::sleep(*pause).await;
        },
        Step::Pause => tokio::time::sleep(Duration::from_millis(300)).await,
        Step::Echo => {
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        }
        Step::Hang => while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {},
        Step::Reset => stream.set_zero_linger().unwrap(),
    }
    true
}

/// A request as it came, with its body. `None` when the client has hung up.
pub(crate) async fn request(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&text).to_ascii_lowercase();
    let length: Option<usize> =
        head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
    let body = text.len();
    if let Some(length) = length {
        text.resize(body + length, 0);
        stream.read_exact(&mut text[body..]).await.ok()?;
    } else if head.contains("transfer-encoding: chunked") {
        while !text[body - 2..].ends_with(b"\r\n0\r\n\r\n") {
            text.push(stream.read_u8().await.ok()?);
        }
    }
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// How `server` is asked in tests.
pub(crate) fn config(address: SocketAddr) -> HttpConfig {
    HttpConfig {
        http_port: address.port(),
        https_port: address.port(),
        protocol: OriginProtocol::HttpOnly,
        attempts: 1,
        connect_timeout: Duration::from_secs(20),
        read_timeout: Duration::from_secs(20),
        ..HttpConfig::new(OriginId::new("web"), "127.0.0.1", Trust::native().unwrap())
    }
}

pub(crate) fn upstream(server: &Server) -> HttpUpstream {
    HttpUpstream::new(config(server.address)).unwrap()
}

/// An upstream that gives up soon, for servers that are silent.
pub(crate) fn impatient(server: &Server) -> HttpUpstream {
    let config = HttpConfig { read_timeout: Duration::from_secs(1), ..config(server.address) };
    HttpUpstream::new(config).unwrap()
}

pub(crate) fn get(path: &str) -> Request<RequestBody> {
    Request::get(path).body(no_body()).unwrap()
}

pub(crate) fn with_body(method: &str, path: &str, body: &'static str) -> Request<RequestBody> {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    Request::builder().method(method).uri(path).body(body).unwrap()
}

/// An answer that is all there.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) trailers: Option<HeaderMap>,
}

pub(crate) async fn ask(upstream: &dyn Upstream, request: Request<RequestBody>) -> Result<Whole, Error> {
    let (parts, body) = upstream.ask(request).await?.into_parts();
    let body = body.collect().await?;
    let trailers = body.trailers().cloned();
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(Whole { status: parts.status.as_u16(), headers: parts.headers, body, trailers })
}
