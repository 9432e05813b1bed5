//! A proxy that makes it hard for sessions of RTMPT, within what HTTP allows.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::JoinHandle;

/// Connections to the server for each one of a client.
const CONNECTIONS: usize = 3;
/// Each so many requests, one is repeated.
const REPEAT: usize = 5;

/// A proxy that sends the requests of each client over several connections in turns. Now and then it loses an answer,
/// and asks again on another connection. It ends with this value.
pub struct Juggler {
    port: u16,
    state: Arc<State>,
    taking: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    server: u16,
    ends: AtomicBool,
    repeated: AtomicUsize,
}

impl Juggler {
    /// In front of the server at this port.
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it has an address").port();
        let state = Arc::new(State { server, ..State::default() });
        let own = Arc::clone(&state);
        let taking = std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok).take_while(|_| !own.ends.load(SeqCst)) {
                let state = Arc::clone(&own);
                // A connection that breaks is the client's to tell.
                std::thread::spawn(move || drop(state.serve(client)));
            }
        });
        Self { port, state, taking: Some(taking) }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many requests it has repeated so far.
    pub fn repeated(&self) -> usize {
        self.state.repeated.load(SeqCst)
    }
}

impl Drop for Juggler {
    fn drop(&mut self) {
        self.state.ends.store(true, SeqCst);
        // Wakes it, so that it sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.taking.take().map(JoinHandle::join);
    }
}

impl State {
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let mut requests = BufReader::new(client.try_clone()?);
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(BufReader::new(TcpStream::connect(("127.0.0.1", self.server))?));
        }
        for number in 1.. {
            let Some(request) = message(&mut requests)? else { break };
            let mut answer = exchange(&mut connections[number % CONNECTIONS], &request)?;
            let numbered = request.starts_with(b"POST /send/") || request.starts_with(b"POST /idle/");
            if numbered && number.is_multiple_of(REPEAT) {
                answer = exchange(&mut connections[(number + 1) % CONNECTIONS], &request)?;
                self.repeated.fetch_add(1, SeqCst);
            }
            client.write_all(&answer)?;
        }
        Ok(())
    }
}

/// Sends a request; its answer.
fn exchange(connection: &mut BufReader<TcpStream>, request: &[u8]) -> io::Result<Vec<u8>> {
    connection.get_mut().write_all(request)?;
    message(connection)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// The next request or answer, head and body. `None`: there are no more.
fn message(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut length = 0;
    loop {
        let begin = bytes.len();
        if from.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&bytes[begin..]).to_ascii_lowercase();
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    from.take(length).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
