//! `signature-flood URL KEY-PAIR-ID CONNECTIONS SECONDS [everywhere]`: plays a name with signatures that are none, each
//! another one, as fast as the server answers, and prints how many were refused.
//!
//! With `everywhere` each connection comes from a loopback address of its own, as a crowd would; otherwise all come
//! from one, which a server can hold to its share.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::BytesMut;
use millrace_rtmp::command::Command;
use millrace_rtmp::session::{Client, ClientEvent, ClientPlay};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// An RSA-2048 signature in base64, without its padding.
const SIGNATURE: usize = 342;
/// The end of the rights that nobody gave: far away.
const EXPIRES: u64 = 4_000_000_000;

/// What is to be done.
#[derive(Clone)]
struct Flood {
    server: SocketAddr,
    app_url: String,
    name: String,
    key_id: String,
    until: Instant,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, key_id, connections, seconds, everywhere) = match arguments.as_slice() {
        [url, key_id, connections, seconds] => (url, key_id, connections, seconds, false),
        [url, key_id, connections, seconds, word] if word == "everywhere" => {
            (url, key_id, connections, seconds, true)
        }
        _ => bail!("signature-flood wants URL KEY-PAIR-ID CONNECTIONS SECONDS [everywhere]"),
    };
    let connections: u32 = connections.parse().context("CONNECTIONS is a number")?;
    let (app_url, name) = url.split_once("/mp4:").context("URL ends in mp4:NAME")?;
    let authority = app_url.trim_start_matches("rtmp://").split('/').next().unwrap_or_default();
    let seconds = Duration::from_secs(seconds.parse().context("SECONDS is a number")?);
    let flood = Flood {
        server: authority.parse().context("URL has an address and a port")?,
        app_url: app_url.to_owned(),
        name: name.to_owned(),
        key_id: key_id.clone(),
        until: Instant::now() + seconds,
    };
    let mut tasks = JoinSet::new();
    for number in 0..connections {
        let from = if everywhere { Ipv4Addr::from_bits(0x7f01_0001 + number) } else { Ipv4Addr::LOCALHOST };
        tasks.spawn(flood.clone().run(from.into()));
    }
    let (mut refused, mut broken) = (0, 0u32);
    while let Some(result) = tasks.join_next().await {
        match result? {
            Ok(number) => refused += number,
            Err(error) => {
                broken += 1;
                eprintln!("{error:#}");
            }
        }
    }
    let per_second = refused as f64 / seconds.as_secs_f64();
    println!("{}", json!({"refused": refused, "per_second": per_second, "broken": broken}));
    Ok(())
}

impl Flood {
    /// One connection; the answer is how often it was refused.
    async fn run(self, from: IpAddr) -> anyhow::Result<u64> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let mut stream = socket.connect(self.server).await?;
        let play = ClientPlay::new("cfx/st", &self.app_url, &self.signed_badly()?);
        let random = Box::new(|bytes: &mut [u8]| {
            let _ = getrandom::fill(bytes);
        });
        let mut client = Client::new(play, random);
        let (mut input, mut refused) = (BytesMut::new(), 0);
        while Instant::now() < self.until {
            exchange(&mut client, &mut stream, &mut input).await?;
            while let Some(event) = client.poll_event() {
                let ClientEvent::Status { code, .. } = event else { continue };
                anyhow::ensure!(code == "NetStream.Failed", "{code} came for a bad signature");
                refused += 1;
                let arguments = vec![self.signed_badly()?.as_str().into(), 0.0.into(), (-1000.0).into()];
                client.command(&Command::new("play", 0.0, arguments));
            }
        }
        Ok(refused)
    }

    /// The name with a signature that is none.
    fn signed_badly(&self) -> anyhow::Result<String> {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~";
        let mut random = [0; SIGNATURE];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        let mut signature: String =
            random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect();
        // The number has to be less than the modulus, or nothing is computed; the last letter has two bits that count.
        signature.replace_range(..1, "A");
        signature.replace_range(SIGNATURE - 1.., "A");
        let Self { name, key_id, .. } = self;
        Ok(format!("mp4:{name}?Expires={EXPIRES}&Signature={signature}__&Key-Pair-Id={key_id}"))
    }
}

/// Sends what is to be sent, and takes what comes.
async fn exchange(client: &mut Client, stream: &mut TcpStream, input: &mut BytesMut) -> anyhow::Result<()> {
    stream.write_all(&client.take_output()).await?;
    if stream.read_buf(input).await? == 0 {
        bail!("the server closed the connection");
    }
    Ok(client.receive(input)?)
}
