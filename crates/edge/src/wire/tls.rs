//! TLS over a socket, by rustls without a stream around it: what is read and written is asked for by readiness, as
//! with a bare socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};

use bytes::{BufMut, Bytes};
use rustls::ServerConnection;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Wanted, tcp};

/// Bytes encrypted at a time for a client that takes everything at once: about what is due at a time.
const MOST: usize = 512 << 10;
/// For one that does not: what is encrypted waits in memory, and is nobody else's.
const LEAST: usize = 32 << 10;

/// A TLS connection whose handshake is done.
pub(crate) struct Tls {
    stream: TcpStream,
    connection: ServerConnection,
    /// Decrypted bytes that wait in the connection.
    waiting: usize,
    /// Bytes encrypted at a time.
    room: usize,
}

fn garbled(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// A socket that is never waited for.
struct Socket<'a>(&'a TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(buffers)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tls {
    /// Takes over from a handshake. What was decrypted behind it already is not lost.
    pub(crate) fn new(stream: TcpStream, mut connection: ServerConnection) -> io::Result<Self> {
        let state = connection.process_new_packets().map_err(garbled)?;
        connection.set_buffer_limit(Some(LEAST));
        Ok(Self { stream, connection, waiting: state.plaintext_bytes_to_read(), room: LEAST })
    }

    /// Whether encrypted bytes wait for the socket.
    pub(super) fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Writes encrypted bytes until the socket is full.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut Socket(&self.stream)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Encrypts what there is room for, at most `most` bytes, and writes it. Zero while older bytes wait.
    pub(super) fn try_write(&mut self, slices: &VecDeque<Bytes>, most: usize) -> io::Result<usize> {
        if self.connection.wants_write() {
            return Ok(0);
        }
        let taken = tcp::gather(slices, most, |buffers| self.connection.writer().write_vectored(buffers))?;
        self.flush()?;
        let room = if self.connection.wants_write() { LEAST } else { (2 * self.room).min(MOST) };
        if room != self.room {
            self.room = room;
            self.connection.set_buffer_limit(Some(room));
        }
        Ok(taken)
    }

    /// Appends decrypted bytes, at most `most`.
    pub(super) fn read(&mut self, input: &mut impl BufMut, most: usize) -> io::Result<usize> {
        if self.waiting == 0 {
            let read = self.connection.read_tls(&mut Socket(&self.stream))?;
            let state = self.connection.process_new_packets().map_err(garbled)?;
            self.waiting = state.plaintext_bytes_to_read();
            // An alert or a change of keys may have to be answered.
            self.flush()?;
            if self.waiting == 0 {
                let ended = read == 0 || state.peer_has_closed();
                return if ended { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
            }
        }
        let room = most.min(self.waiting) as u64;
        let read = io::copy(&mut self.connection.reader().take(room), &mut input.writer())? as usize;
        self.waiting -= read;
        Ok(read)
    }

    /// Waits for the socket, unless decrypted bytes are there already. True: there may be something to read.
    pub(super) async fn ready(&mut self, wanted: Wanted) -> io::Result<bool> {
        if wanted.read && self.waiting > 0 {
            return Ok(true);
        }
        let write = wanted.write || self.connection.wants_write();
        tcp::ready(&self.stream, Wanted { write, ..wanted }).await
    }

    /// Says goodbye as TLS wants it, so that nobody can pretend that there was no more.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.connection.send_close_notify();
        self.flush()?;
        while self.connection.wants_write() {
            self.stream.writable().await?;
            self.flush()?;
        }
        self.stream.shutdown().await
    }
}
