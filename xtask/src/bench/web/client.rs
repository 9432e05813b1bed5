//! A client for one request over HTTP/1.1: fills caches, checks what comes, and looks at the clock.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// The longest head that a server may send, bytes.
const HEAD: usize = 16 << 10;

/// What came.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Bytes of the body.
    pub(super) length: u64,
    /// From the question to the first byte of the body, and to the last.
    pub(super) first: Duration,
    pub(super) whole: Duration,
}

/// Asks for a path, with a range or without one.
pub(super) fn get(port: u16, path: &str, range: Option<&str>) -> anyhow::Result<Answer> {
    let range = range.map_or_else(String::new, |range| format!("Range: bytes={range}\r\n"));
    let began = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{range}Connection: close\r\n\r\n")?;
    let (head, mut length) = head(&mut stream)?;
    let mut buffer = vec![0; 256 << 10];
    let mut first = (length > 0).then(|| began.elapsed());
    loop {
        let read = stream.read(&mut buffer)? as u64;
        if read == 0 {
            break;
        }
        first.get_or_insert_with(|| began.elapsed());
        length += read;
    }
    let whole = began.elapsed();
    Ok(Answer { status: status(&head)?, length, first: first.unwrap_or(whole), whole })
}

/// The head, and how many bytes of the body came with it.
fn head(stream: &mut TcpStream) -> anyhow::Result<(String, u64)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer)?;
        ensure!(read > 0 && bytes.len() < HEAD, "an answer without an end of its head");
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
            return Ok((head, (bytes.len() - at - 4) as u64));
        }
    }
}

fn status(head: &str) -> anyhow::Result<u16> {
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.with_context(|| format!("no status in {head:?}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// What becomes of an answer that comes in these pieces.
    fn answered(pieces: &'static [&'static str]) -> anyhow::Result<(u16, u64)> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let server = std::thread::spawn(move || -> std::io::Result<()> {
            let (mut stream, _) = listener.accept()?;
            let _ = stream.read(&mut [0; 4096])?;
            pieces.iter().try_for_each(|piece| stream.write_all(piece.as_bytes()))
        });
        let answer = get(port, "/", None);
        server.join().expect("the server ends")?;
        answer.map(|answer| (answer.status, answer.length))
    }

    #[test]
    fn bytes_are_counted_wherever_an_answer_is_torn() {
        let (status, length) =
            answered(&["HTTP/1.1 206 Part\r\nA: b\r", "\n\r\nab", "cde"]).expect("an answer");
        assert_eq!((status, length), (206, 5));
    }

    #[test]
    fn what_is_no_answer_is_told() {
        assert!(answered(&["HTTP/1.1 200 OK\r\n"]).is_err());
        assert!(answered(&["nonsense\r\n\r\n"]).is_err());
    }
}
