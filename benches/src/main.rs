//! `raw WHAT`: what a part of a connection costs by itself, on the core that it runs on.
//!
//! `raw rc4`, `raw aes-gcm` and `raw aes-gcm-of-shared` print CPU seconds for a GiB; `raw rtmpe-handshake` and `raw tls-handshake` print how
//! many a second of CPU makes, counting the server's part only. `cargo xtask bench rtmp --variant` puts them beside
//! what a server takes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use millrace_rtmp::handshake::digest::Scheme;
use millrace_rtmp::handshake::encrypted::Wrap;
use millrace_rtmp::handshake::{Client, Kind, Server};
use rc4::{KeyInit, Rc4, StreamCipher};
use rustix::time::{ClockId, clock_gettime};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// CPU time that each measurement takes.
const ENOUGH: Duration = Duration::from_secs(2);
/// What is encrypted at a time with RC4: what the edge does at a time.
const BUFFER: usize = 64 << 10;
/// A record of TLS.
const RECORD: usize = 16 << 10;
/// What viewers share: more than fits into a cache.
const FILM: usize = 256 << 20;
const GIB: f64 = (1 << 30) as f64;

fn main() -> anyhow::Result<()> {
    let what = std::env::args().nth(1).unwrap_or_default();
    let figure = match what.as_str() {
        "rc4" => rc4(),
        "aes-gcm" => aes_gcm()?,
        "aes-gcm-of-shared" => aes_gcm_of_shared()?,
        "rtmpe-handshake" => rtmpe_handshakes()?,
        "tls-handshake" => tls_handshakes()?,
        _ => bail!("raw wants one of rc4, aes-gcm, aes-gcm-of-shared, rtmpe-handshake, tls-handshake"),
    };
    println!("{figure:.3}");
    Ok(())
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// CPU seconds for a GiB, when `work` does so many bytes.
fn per_gib(bytes: usize, mut work: impl FnMut()) -> f64 {
    let (began, mut times) = (cpu(), 0u64);
    while cpu() - began < ENOUGH {
        (0..64).for_each(|_| work());
        times += 64;
    }
    (cpu() - began).as_secs_f64() / (times as f64 * bytes as f64 / GIB)
}

fn rc4() -> f64 {
    let mut cipher = Rc4::new_from_slice(&[7; 16]).expect("a key of 16 bytes is one");
    let mut buffer = vec![0; BUFFER];
    per_gib(BUFFER, || cipher.apply_keystream(&mut buffer))
}

/// The key of the cipher suite that rustls prefers.
fn key() -> anyhow::Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).ok().context("a key of 32 bytes")?;
    Ok(LessSafeKey::new(key))
}

fn seal(key: &LessSafeKey, record: &mut [u8]) {
    let nonce = Nonce::assume_unique_for_key([1; 12]);
    let sealed = key.seal_in_place_separate_tag(nonce, Aad::empty(), record);
    let _tag = sealed.expect("a record can be sealed");
}

/// A record over and over, in place and in the core's own cache: nothing is faster.
fn aes_gcm() -> anyhow::Result<f64> {
    let (key, mut record) = (key()?, vec![0; RECORD]);
    Ok(per_gib(RECORD, || seal(&key, &mut record)))
}

/// The same out of bytes that others share, which have to be copied first, and come out of memory.
fn aes_gcm_of_shared() -> anyhow::Result<f64> {
    let (key, mut record) = (key()?, vec![0; RECORD]);
    let film = vec![7; FILM];
    let mut records = film.chunks_exact(RECORD).cycle();
    Ok(per_gib(RECORD, || {
        record.copy_from_slice(records.next().expect("a film has records"));
        seal(&key, &mut record);
    }))
}

/// Runs handshakes; `server` tells the CPU time of its part of one.
fn per_second(mut server: impl FnMut() -> anyhow::Result<Duration>) -> anyhow::Result<f64> {
    let (mut spent, mut times) = (Duration::ZERO, 0u32);
    while spent < ENOUGH {
        spent += server()?;
        times += 1;
    }
    Ok(f64::from(times) / spent.as_secs_f64())
}

fn rtmpe_handshakes() -> anyhow::Result<f64> {
    let mut random = |bytes: &mut [u8]| {
        let _ = getrandom::fill(bytes);
    };
    per_second(|| {
        let mut hello = Vec::new();
        Client::new(Kind::Encrypted(Wrap::Plain, Scheme::Second)).hello(&mut hello, &mut random);
        let (mut server, mut answer) = (Server::default(), Vec::new());
        let began = cpu();
        server.receive(&hello, &mut answer, &mut random)?;
        let exchange = server.take_exchange().context("the client offers a key")?;
        server.agree(exchange.agree(&mut random)?, &mut answer);
        Ok(cpu() - began)
    })
}

fn tls_handshakes() -> anyhow::Result<f64> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone())?;
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    server.send_tls13_tickets = 0;
    let (client, server) = (Arc::new(client), Arc::new(server));
    per_second(|| {
        let mut one = ClientConnection::new(Arc::clone(&client), ServerName::try_from("localhost")?)?;
        let mut other = ServerConnection::new(Arc::clone(&server))?;
        let mut spent = Duration::ZERO;
        while one.is_handshaking() || other.is_handshaking() {
            let mut wire = Vec::new();
            while one.wants_write() {
                one.write_tls(&mut wire)?;
            }
            let began = cpu();
            let mut reading = wire.as_slice();
            while !reading.is_empty() {
                other.read_tls(&mut reading)?;
                other.process_new_packets()?;
            }
            let mut answer = Vec::new();
            while other.wants_write() {
                other.write_tls(&mut answer)?;
            }
            spent += cpu() - began;
            let mut reading = answer.as_slice();
            while !reading.is_empty() {
                one.read_tls(&mut reading)?;
                one.process_new_packets()?;
            }
        }
        Ok(spent)
    })
}
