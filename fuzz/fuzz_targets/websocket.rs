//! A WebSocket of a whole edge, over a real socket: any frames in any pieces, or any bytes in place of them. Whatever
//! comes, the edge's own frames are sound, and it ends.
#![no_main]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use millrace_cache::{Cache, Config};
use millrace_edge::{Edge, Entrance, Limits, Listener};
use millrace_fuzz::site::site;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

const REQUEST: &[u8] = b"GET /rtmp HTTP/1.1\r\nHost: films.example.net\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Against hangs only.
const LONG: Duration = Duration::from_secs(20);

/// What a client sends.
#[derive(Debug, Arbitrary)]
enum Piece<'a> {
    /// A frame as RFC 6455 §5.2 wants it, of whatever kind.
    Frame { first: u8, mask: [u8; 4], payload: &'a [u8] },
    /// The first two parts of RTMP's handshake, which no fuzzer would write.
    Hello,
    /// Something.
    Raw(&'a [u8]),
}

impl Piece<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Frame { first, mask, payload } => frame(*first, *mask, payload, out),
            Self::Hello => frame(0x82, [0; 4], &[&[3], &[0; 3072][..]].concat(), out),
            Self::Raw(bytes) => out.extend_from_slice(bytes),
        }
    }
}

fn frame(first: u8, mask: [u8; 4], payload: &[u8], out: &mut Vec<u8>) {
    out.push(first);
    match payload.len() {
        length @ ..126 => out.push(0x80 | length as u8),
        length => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

struct House {
    runtime: Runtime,
    edge: Edge,
    address: SocketAddr,
}

thread_local! {
    static HOUSE: House = House::new();
}

impl House {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (edge, address) = runtime.block_on(async {
            let cache = Cache::open(Config::default()).await.expect("a cache without a disk opens");
            let mut limits = Limits { linger: Duration::from_millis(5), ..Limits::default() };
            limits.accepts_per_second = u32::MAX;
            let entrance = Entrance::default();
            let edge = Edge::new(site(), cache, limits, entrance, Arc::new(|_| ())).expect("a thread");
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            let listener = Listener::bind(edge.clone(), any).await.expect("a port");
            let address = listener.local_addr().expect("a bound port");
            tokio::spawn(listener.run());
            (edge, address)
        });
        Self { runtime, edge, address }
    }

    async fn visit(&self, pieces: &[Piece<'_>]) {
        let mut stream = TcpStream::connect(self.address).await.expect("an open port");
        stream.write_all(REQUEST).await.expect("the edge reads");
        let mut said = Vec::new();
        pieces.iter().for_each(|piece| piece.write(&mut said));
        // Who is refused in the middle may find that nobody reads any more.
        let _ = stream.write_all(&said).await;
        let _ = stream.shutdown().await;
        let mut heard = Vec::new();
        let ended = timeout(LONG, stream.read_to_end(&mut heard)).await.expect("the edge ends it");
        check(&heard, ended.is_ok());
        let gone = async {
            while self.edge.viewers() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG, gone).await.expect("nobody is left");
    }
}

/// Whole frames, none of them masked, and nothing behind one that closes. What a reset cut off is not judged.
fn check(heard: &[u8], whole: bool) {
    let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") else {
        assert!(!whole, "no answer to the handshake");
        return;
    };
    assert!(heard.starts_with(b"HTTP/1.1 101 "), "not taken");
    let mut frames = &heard[end + 4..];
    while let [first, length, rest @ ..] = frames {
        assert!(matches!(first, 0x82 | 0x88 | 0x89 | 0x8a), "a frame that begins with {first:#x}");
        let (length, rest) = match (length, rest) {
            (0..126, rest) => (usize::from(*length), rest),
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (126, _) if !whole => return,
            other => panic!("a length of {:#x}", other.0),
        };
        let Some(rest) = rest.get(length..) else {
            assert!(!whole, "half a frame");
            return;
        };
        assert!(*first != 0x88 || rest.is_empty(), "something behind the end");
        frames = rest;
    }
    assert!(!whole || frames.is_empty(), "half a head");
}

fuzz_target!(|pieces: Vec<Piece<'_>>| {
    HOUSE.with(|house| house.runtime.block_on(house.visit(&pieces)));
});
