//! `signature-load URL KEY-FILE KEY-PAIR-ID MODE CONNECTIONS SECONDS [everywhere]`: asks for the length of a stream over
//! and over, which needs the same right as playing it and costs nothing else, and prints how often it was told.
//!
//! ```text
//! public   the name with a query of the same length that means nothing
//! known    the name with one signature
//! first    the name with another good signature each time
//! bad      the name with another signature each time that is none
//! ```
//!
//! With `everywhere` each connection comes from a loopback address of its own, as a crowd would; otherwise all come
//! from one, which a server can hold to its share.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use bytes::BytesMut;
use millrace_rtmp::command::Command;
use millrace_rtmp::session::{Client, ClientEvent, ClientPlay};
use millrace_sign::{Hash, Offer, Policy, PrivateKey, Signer, Spelling};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// An RSA-2048 signature in base64, without its padding.
const SIGNATURE: usize = 342;
/// How many names are signed beforehand, of which each is asked for once.
const FIRST: usize = 5000;
const HOUR: u64 = 3600;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Public,
    Known,
    First,
    Bad,
}

/// What is to be done.
struct Load {
    server: SocketAddr,
    app_url: String,
    mode: Mode,
    /// The name without a signature.
    name: String,
    key_id: String,
    /// Names that are signed, for the modes that need good ones.
    names: Vec<String>,
    next: AtomicU64,
    until: Instant,
}

/// How often it was told, and how often not.
#[derive(Default)]
struct Told {
    lengths: u64,
    refused: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ([url, key_file, key_id, mode, connections, seconds], rest) = arguments
        .split_first_chunk::<6>()
        .context("signature-load wants URL KEY-FILE KEY-PAIR-ID MODE CONNECTIONS SECONDS [everywhere]")?;
    let everywhere = rest.iter().any(|word| word == "everywhere");
    let connections: u32 = connections.parse().context("CONNECTIONS is a number")?;
    let seconds = Duration::from_secs(seconds.parse().context("SECONDS is a number")?);
    let key = std::fs::read_to_string(key_file).with_context(|| key_file.clone())?;
    let load = Arc::new(Load::new(url, &key, key_id, self::mode(mode)?, seconds)?);
    let mut tasks = JoinSet::new();
    for number in 0..connections {
        let from = if everywhere { Ipv4Addr::from_bits(0x7f01_0001 + number) } else { Ipv4Addr::LOCALHOST };
        tasks.spawn(Arc::clone(&load).run(from.into()));
    }
    let (mut all, mut broken) = (Told::default(), 0u32);
    while let Some(result) = tasks.join_next().await {
        match result? {
            Ok(told) => (all.lengths, all.refused) = (all.lengths + told.lengths, all.refused + told.refused),
            Err(error) => {
                broken += 1;
                eprintln!("{error:#}");
            }
        }
    }
    println!("{}", json!({"lengths": all.lengths, "refused": all.refused, "broken": broken}));
    Ok(())
}

fn mode(text: &str) -> anyhow::Result<Mode> {
    Ok(match text {
        "public" => Mode::Public,
        "known" => Mode::Known,
        "first" => Mode::First,
        "bad" => Mode::Bad,
        _ => bail!("MODE is public, known, first or bad, not {text:?}"),
    })
}

impl Load {
    fn new(url: &str, key: &str, key_id: &str, mode: Mode, seconds: Duration) -> anyhow::Result<Self> {
        let (app_url, name) = url.split_once("/mp4:").context("URL ends in mp4:NAME")?;
        let authority = app_url.trim_start_matches("rtmp://").split('/').next().unwrap_or_default();
        let signer = Signer { key_id: key_id.to_owned(), key: PrivateKey::parse(key)?, hash: Hash::Sha1 };
        let count = match mode {
            Mode::Known => 1,
            Mode::First => FIRST,
            Mode::Public | Mode::Bad => 0,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let signed = |number: u64| {
            let expires = now + HOUR + number;
            let policy = Policy { resource: None, expires, not_before: None, network: None };
            Ok(signer.stream_name(&format!("mp4:{name}"), &Offer::Policy(policy), Spelling::Plain)?)
        };
        Ok(Self {
            server: authority.parse().context("URL has an address and a port")?,
            app_url: app_url.to_owned(),
            mode,
            name: name.to_owned(),
            key_id: key_id.to_owned(),
            names: (0..count as u64).map(signed).collect::<anyhow::Result<_>>()?,
            next: AtomicU64::new(0),
            // Signing comes before.
            until: Instant::now() + seconds,
        })
    }

    /// One connection.
    async fn run(self: Arc<Self>, from: IpAddr) -> anyhow::Result<Told> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let mut stream = socket.connect(self.server).await?;
        let play = ClientPlay::new("cfx/st", &self.app_url, "nothing");
        let random = Box::new(|bytes: &mut [u8]| {
            let _ = getrandom::fill(bytes);
        });
        let mut client = Client::new(play, random);
        let (mut input, mut told, mut begun) = (BytesMut::new(), Told::default(), false);
        while Instant::now() < self.until {
            exchange(&mut client, &mut stream, &mut input).await?;
            while let Some(event) = client.poll_event() {
                match event {
                    // The first play only shows that the stream is there.
                    ClientEvent::Status { .. } if !begun => begun = true,
                    ClientEvent::Command(command) if command.name == "_result" => {
                        let seconds = command.argument(0).as_number().unwrap_or_default();
                        let good = seconds > 0.0;
                        ensure!(good != (self.mode == Mode::Bad), "{:?} was told {seconds} s", self.mode);
                        (told.lengths, told.refused) =
                            (told.lengths + u64::from(good), told.refused + u64::from(!good));
                    }
                    _ => continue,
                }
                let Some(name) = self.name()? else { return Ok(told) };
                client.command(&Command::new("getStreamLength", 9.0, vec![name.as_str().into()]));
            }
        }
        Ok(told)
    }

    /// The next name to ask for, if one is left.
    fn name(&self) -> anyhow::Result<Option<String>> {
        let next = self.next.fetch_add(1, Relaxed) as usize;
        Ok(match self.mode {
            Mode::Public => Some(format!("mp4:{}?{}", self.name, "x".repeat(SIGNATURE + 80))),
            Mode::Known => self.names.first().cloned(),
            Mode::First => self.names.get(next).cloned(),
            Mode::Bad => Some(self.signed_badly()?),
        })
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
        Ok(format!("mp4:{name}?Expires=4000000000&Signature={signature}__&Key-Pair-Id={key_id}"))
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
