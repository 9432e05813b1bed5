//! A web server on a port of its own that says, byte for byte, what a test wants it to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use millrace_model::web::OriginProtocol;
use millrace_origin::{HttpConfig, HttpUpstream, OriginId, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// What is done with a request, in order. Afterwards the next one is read.
#[derive(Clone)]
pub(crate) enum Do {
    /// Says this.
    Say(Vec<u8>),
    /// Says this again and again.
    Repeat(Vec<u8>),
    /// Goes on once the test has allowed it.
    Wait(Arc<Semaphore>),
    /// Says nothing until the edge hangs up.
    Hang,
    /// Closes.
    Close,
    /// Closes with a TCP reset.
    Reset,
    /// Says back what comes, until the edge hangs up.
    Echo,
}

/// An answer whose lines end as they should; `body` is sent as it is.
pub(crate) fn said(head: &str, body: impl AsRef<[u8]>) -> Do {
    let mut bytes = format!("{head}\n\n").replace('\n', "\r\n").into_bytes();
    bytes.extend_from_slice(body.as_ref());
    Do::Say(bytes)
}

/// 200 with these lines, and a body whose length is told.
pub(crate) fn page(lines: &str, body: impl AsRef<[u8]>) -> Vec<Do> {
    let lines = if lines.is_empty() { String::new() } else { format!("\n{lines}") };
    vec![said(&format!("HTTP/1.1 200 OK\nContent-Length: {}{lines}", body.as_ref().len()), body)]
}

type Answers = dyn Fn(&str, usize) -> Vec<Do> + Send + Sync;

/// The server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: watch::Sender<usize>,
    /// Connections that came, and that are gone.
    connections: watch::Sender<(usize, usize)>,
    requests: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Server {
    /// Does for each request what `answers` says; it gets the request as it came, and its number from 0 on.
    pub(crate) async fn start(answers: impl Fn(&str, usize) -> Vec<Do> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the system has a port");
        let address = listener.local_addr().expect("a bound port");
        let (seen, requests) = (watch::Sender::new(0), Arc::<Mutex<Vec<String>>>::default());
        let (answers, mut task): (Arc<Answers>, _) = (Arc::new(answers), JoinSet::new());
        let (noted, counted) = (Arc::clone(&requests), seen.clone());
        let connected = watch::Sender::new((0, 0));
        let open = connected.clone();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.send_modify(|(came, _)| *came += 1);
                let (answers, noted) = (Arc::clone(&answers), Arc::clone(&noted));
                let (counted, open) = (counted.clone(), open.clone());
                connections.spawn(async move {
                    serve(stream, answers, noted, counted).await;
                    open.send_modify(|(_, gone)| *gone += 1);
                });
            }
        });
        Self { address, seen, connections: connected, requests, _task: task }
    }

    /// All requests, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many there were.
    pub(crate) fn asked(&self) -> usize {
        self.requests().len()
    }

    /// Waits until there were so many.
    pub(crate) async fn until_asked(&self, times: usize) {
        let mut seen = self.seen.subscribe();
        seen.wait_for(|seen| *seen >= times).await.expect("the server is there");
    }

    /// Connections that came up to now.
    pub(crate) fn connections(&self) -> usize {
        self.connections.borrow().0
    }

    /// Waits until so many of them are gone.
    pub(crate) async fn until_closed(&self, connections: usize) {
        let mut closed = self.connections.subscribe();
        closed.wait_for(|(_, gone)| *gone >= connections).await.expect("the server is there");
    }

    /// How it is asked.
    pub(crate) fn config(&self) -> HttpConfig {
        config(self.address)
    }

    pub(crate) fn upstream(&self) -> HttpUpstream {
        HttpUpstream::new(self.config()).expect("a sound configuration")
    }
}

/// How a server at this address is asked.
pub(crate) fn config(address: SocketAddr) -> HttpConfig {
    HttpConfig {
        http_port: address.port(),
        https_port: address.port(),
        protocol: OriginProtocol::HttpOnly,
        attempts: 1,
        read_timeout: Duration::from_secs(60),
        ..HttpConfig::new(OriginId::new("server"), "127.0.0.1", Trust::native().expect("TLS"))
    }
}

async fn serve(
    mut stream: TcpStream,
    answers: Arc<Answers>,
    requests: Arc<Mutex<Vec<String>>>,
    seen: watch::Sender<usize>,
) {
    while let Some(request) = read(&mut stream).await {
        let number = {
            let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(request.clone());
            requests.len() - 1
        };
        seen.send_replace(number + 1);
        for step in answers(&request, number) {
            if !act(&mut stream, step).await {
                return;
            }
        }
    }
}

/// Whether the connection goes on.
async fn act(stream: &mut TcpStream, step: Do) -> bool {
    match step {
        Do::Say(bytes) => return stream.write_all(&bytes).await.is_ok(),
        Do::Repeat(bytes) => while stream.write_all(&bytes).await.is_ok() {},
        Do::Wait(allowed) => {
            allowed.acquire().await.expect("the test is there").forget();
            return true;
        }
        Do::Hang => while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {},
        Do::Close => {}
        Do::Reset => stream.set_zero_linger().expect("a socket"),
        Do::Echo => {
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        }
    }
    false
}

/// A request as it came, with its body; none when the edge has hung up.
async fn read(stream: &mut TcpStream) -> Option<String> {
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
