//! A connection that speaks HTTP, or something like it, to a whole edge: any bytes in any pieces, also for a session
//! that is there. `@@` stands for its id, which nobody could guess.
#![no_main]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use millrace_cache::{Cache, Config};
use millrace_edge::{Edge, Entrance, Limits};
use millrace_fuzz::site::site;
use millrace_fuzz::wire::pieces;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

/// Virtual: the clock stands while there is something to do, and jumps when there is not.
const LONG: Duration = Duration::from_secs(600);

struct House {
    runtime: Runtime,
    edge: Edge,
    /// Tasks that are there without anybody else.
    resident: usize,
}

thread_local! {
    static HOUSE: House = House::new();
}

impl House {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let edge = runtime.block_on(async {
            let cache = Cache::open(Config::default()).await.expect("a cache without a disk opens");
            let limits = Limits { tunnels: 4, tunnel_request: 4096, ..Limits::default() };
            Edge::new(site(), cache, limits, Entrance::default(), Arc::new(|_| ())).expect("a thread")
        });
        let resident = runtime.metrics().num_alive_tasks();
        Self { runtime, edge, resident }
    }

    fn run(&self, input: &Input<'_>) {
        self.runtime.block_on(self.visit(input));
    }

    async fn visit(&self, input: &Input<'_>) {
        let bytes = match input.bytes.windows(2).any(|two| two == b"@@") {
            true => fill_in(input.bytes, &self.open().await),
            false => input.bytes.to_vec(),
        };
        let answers = self.talk(&bytes, input).await;
        check(&answers, !contains(&bytes, b"HEAD"));
        // Sessions that nobody asks any more end by themselves.
        let empty = async {
            while self.runtime.metrics().num_alive_tasks() > self.resident {
                sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(LONG, empty).await.expect("nothing runs for ever");
        assert_eq!(self.edge.viewers(), 0, "somebody is left");
    }

    /// A session of an honest client.
    async fn open(&self) -> String {
        let open = b"POST /open/1 HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\n\0";
        let answers = self.talk(open, &Input { cuts: [0; 4], stays: true, bytes: open }).await;
        let id = answers.rsplit(|byte| *byte == b'\n').nth(1).unwrap_or_default();
        String::from_utf8(id.to_vec()).expect("an id is text")
    }

    /// Everything that is answered to these bytes.
    async fn talk(&self, bytes: &[u8], input: &Input<'_>) -> Vec<u8> {
        let (near, far) = duplex(64 << 10);
        let (mut reader, mut writer) = tokio::io::split(near);
        let saying = async {
            for piece in pieces(bytes, &input.cuts) {
                if writer.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            if !input.stays {
                let _ = writer.shutdown().await;
            }
        };
        let mut answers = Vec::new();
        let hearing = async { reader.read_to_end(&mut answers).await };
        let serving = self.edge.serve_http(far, SocketAddr::from(([127, 0, 0, 1], 1935)));
        let all = async { tokio::join!(saying, hearing, serving) };
        timeout(LONG, all).await.expect("a connection ends").1.expect("a pipe does not break");
        answers
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn fill_in(mut bytes: &[u8], id: &str) -> Vec<u8> {
    let mut filled = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        bytes = match bytes.strip_prefix(b"@@") {
            Some(rest) => {
                filled.extend_from_slice(id.as_bytes());
                rest
            }
            None => {
                filled.push(*first);
                rest
            }
        };
    }
    filled
}

/// Answers follow each other without a byte between them. To HEAD there are bodies that do not come.
fn check(mut answers: &[u8], whole: bool) {
    while !answers.is_empty() {
        let text = String::from_utf8_lossy(&answers[..answers.len().min(200)]).into_owned();
        assert!(answers.starts_with(b"HTTP/1.1 ") || answers.starts_with(b"HTTP/1.0 "), "{text:?}");
        let end = answers.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of a head") + 4;
        let head = String::from_utf8_lossy(&answers[..end]).into_owned();
        assert!(!head.contains("Transfer-Encoding"), "{head}");
        if !whole {
            return;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length = length.map_or(0, |length| length.parse().expect("a number"));
        answers = answers[end..].get(length..).expect("a whole body");
    }
}

struct Input<'a> {
    /// How long the pieces are, in turn.
    cuts: [u8; 4],
    /// Whether the client waits for the edge to end it.
    stays: bool,
    bytes: &'a [u8],
}

fuzz_target!(|data: ([u8; 4], bool, &[u8])| {
    let (cuts, stays, bytes) = data;
    HOUSE.with(|house| house.run(&Input { cuts, stays, bytes }));
});
