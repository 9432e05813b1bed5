//! A bare socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::Wanted;

/// Slices in one `writev`: a segment with its patches has at most seven.
const SLICES: usize = 16;

/// The first slices, as a `writev` wants them, given to `write`.
pub(super) fn gather<T>(slices: &VecDeque<Bytes>, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
    let mut buffers = [IoSlice::new(&[]); SLICES];
    let n = slices.len().min(SLICES);
    for (buffer, slice) in buffers.iter_mut().zip(slices) {
        *buffer = IoSlice::new(slice);
    }
    write(&buffers[..n])
}

/// Writes what the socket takes; zero when it is full.
pub(super) fn try_write(stream: &TcpStream, slices: &VecDeque<Bytes>) -> io::Result<usize> {
    match gather(slices, |buffers| stream.try_write_vectored(buffers)) {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}

/// Waits for the socket. True: it may be read.
pub(super) async fn ready(stream: &TcpStream, wanted: Wanted) -> io::Result<bool> {
    let interest = match (wanted.read, wanted.write) {
        (true, true) => Interest::READABLE | Interest::WRITABLE,
        (true, false) => Interest::READABLE,
        (false, true) => Interest::WRITABLE,
        (false, false) => Interest::ERROR,
    };
    Ok(stream.ready(interest).await?.is_readable())
}
