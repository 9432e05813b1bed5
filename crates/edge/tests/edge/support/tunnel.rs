//! A player's tunnel, and the raw HTTP/1.1 below it: what is sent and what comes is what the test says and sees.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::FutureExt;
use millrace_rtmp::tunnel::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;

use super::viewer::PATIENCE;
use super::{BoxedStream, HOST, Road};

/// A connection that speaks HTTP.
pub(crate) struct Http {
    stream: BoxedStream,
    input: BytesMut,
}

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Everything up to the empty line, with it.
    pub(crate) head: String,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line")
    }

    /// The value of a header, whose name is looked for in the spelling that is meant.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1);
        lines.filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Whether both say the same, at whatever second.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let undated = |answer: &Self| {
            let lines = answer.head.lines().filter(|line| !line.starts_with("Date: "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        undated(self) == undated(other) && self.body == other.body
    }

    /// The number in front of the content.
    pub(crate) fn interval(&self) -> u8 {
        *self.body.first().expect("an interval byte")
    }
}

impl Http {
    pub(crate) async fn to(road: &Road) -> Self {
        Self::over(road.connect().await)
    }

    pub(crate) fn over(stream: BoxedStream) -> Self {
        Self { stream, input: BytesMut::new() }
    }

    /// Sends bytes, whatever they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the edge reads");
        self.stream.flush().await.expect("the edge reads");
    }

    /// The next answer; `None` once the edge has closed.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        self.answer_to("POST").await
    }

    async fn answer_to(&mut self, method: &str) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.input.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.read().await == 0 {
                assert!(self.input.is_empty(), "the edge closed within an answer: {:?}", self.input);
                return None;
            }
        };
        let head = String::from_utf8(self.input.split_to(end).to_vec()).expect("a head is text");
        let mut answer = Answer { head, body: Bytes::new() };
        let length = answer.header("Content-Length").and_then(|length| length.parse().ok());
        let length = if method == "HEAD" { 0 } else { length.unwrap_or_default() };
        while self.input.len() < length {
            assert!(self.read().await > 0, "the edge closed within a body");
        }
        answer.body = self.input.split_to(length).freeze();
        Some(answer)
    }

    /// So many answers.
    pub(crate) async fn answers(&mut self, n: usize) -> Vec<Answer> {
        let mut answers = Vec::new();
        for _ in 0..n {
            answers.push(self.answer().await.expect("an answer to each request"));
        }
        answers
    }

    async fn read(&mut self) -> usize {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.input)).await;
        read.expect("the edge goes on").unwrap_or_default()
    }

    /// A request without a body, and its answer.
    pub(crate) async fn ask(&mut self, method: &str, path: &str) -> Answer {
        self.write(format!("{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).await;
        self.answer_to(method).await.expect("an answer")
    }

    /// A request of a tunnel, and its answer.
    pub(crate) async fn post(&mut self, path: &str, body: &[u8]) -> Answer {
        self.write(&post(path, body)).await;
        self.answer().await.expect("an answer")
    }

    /// A new session.
    pub(crate) async fn open(&mut self) -> String {
        let answer = self.post("/open/1", &[0]).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        String::from_utf8(answer.body.to_vec()).expect("an id is text").trim_end().to_owned()
    }

    /// Sends bytes, if the edge still takes them within some time.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        matches!(timeout(Duration::from_secs(2), sent).await, Ok(Ok(())))
    }

    /// Everything that comes until the edge closes.
    pub(crate) async fn rest(&mut self) -> Bytes {
        while self.read().await > 0 {}
        self.input.split().freeze()
    }

    /// Whether the edge closes without a word.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.answer().await.is_none()
    }
}

/// A session whose requests are told one by one.
pub(crate) struct Tunnel {
    pub(crate) http: Http,
    pub(crate) id: String,
    number: u32,
}

impl Tunnel {
    pub(crate) async fn to(road: &Road) -> Self {
        let mut http = Http::to(road).await;
        let id = http.open().await;
        Self { http, id, number: 0 }
    }

    /// The next request's path.
    pub(crate) fn path(&mut self, kind: &str) -> String {
        self.number += 1;
        format!("/{kind}/{}/{}", self.id, self.number - 1)
    }

    pub(crate) async fn send(&mut self, body: &[u8]) -> Answer {
        let path = self.path("send");
        self.http.post(&path, body).await
    }

    pub(crate) async fn idle(&mut self) -> Answer {
        let path = self.path("idle");
        self.http.post(&path, &[0]).await
    }

    pub(crate) async fn close(&mut self) -> Answer {
        let path = self.path("close");
        self.http.post(&path, &[0]).await
    }
}

/// C0 and C1 of a plain handshake.
pub(crate) fn hello() -> Vec<u8> {
    let mut hello = vec![0; 1537];
    hello[0] = 3;
    hello
}

/// A request of a tunnel as librtmp writes it.
pub(crate) fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\nUser-Agent: Shockwave Flash\r\n\
         Connection: Keep-Alive\r\nCache-Control: no-cache\r\nContent-type: application/x-fcs\r\n\
         Content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// How requests travel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requests {
    /// All on one connection, as FFmpeg does it.
    OneConnection,
    /// Each on a new one, as through a proxy.
    NewConnections,
    /// Each sent twice, by a proxy that did not wait long enough.
    Twice,
    /// Each sent twice, the first time on a connection that is gone before the answer comes.
    CutOff,
}

/// Carries a stream through a tunnel until one of both ends is gone.
pub(super) async fn carry(road: Road, mut stream: DuplexStream, requests: Requests) {
    let (mut client, mut outgoing) = (Client::new(), Vec::new());
    let mut http = Http::to(&road).await;
    loop {
        // What the player has said meanwhile goes with the next request.
        let left = loop {
            match stream.read_buf(&mut outgoing).now_or_never() {
                None => break false,
                Some(Ok(n)) if n > 0 => {}
                Some(_) => break true,
            }
        };
        let request = if left { client.close() } else { Some(client.next_request(&mut outgoing)) };
        let Some(request) = request else { return };
        // A second session is no retry.
        let again = request.path != "/open/1";
        if requests == Requests::CutOff && again {
            Http::to(&road).await.write(&post(&request.path, &request.body)).await;
        }
        if requests == Requests::NewConnections || requests == Requests::CutOff {
            http = Http::to(&road).await;
        }
        let answer = http.post(&request.path, &request.body).await;
        if requests == Requests::Twice && again && !left {
            let second = http.post(&request.path, &request.body).await;
            assert!(second.is_same(&answer), "the second answer is another");
        }
        if left || answer.status() != 200 {
            return;
        }
        let Ok(content) = client.answer(answer.body) else { return };
        let mut content = content.as_ref();
        while content.has_remaining() {
            match stream.write(content).await {
                Ok(n) => content.advance(n),
                Err(_) => break,
            }
        }
    }
}
