//! A bare socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{BufMut, Bytes};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::Wanted;

/// Slices in one `writev`: a segment with its patches has at most seven.
const SLICES: usize = 16;

/// The first slices, at most `most` bytes, as a `writev` wants them, given to `write`.
pub(super) fn gather<T>(slices: &VecDeque<Bytes>, most: usize, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
    let mut buffers = [IoSlice::new(&[]); SLICES];
    let (mut n, mut left) = (0, most);
    for (buffer, slice) in buffers.iter_mut().zip(slices) {
        if left == 0 {
            break;
        }
        let piece = &slice[..left.min(slice.len())];
        *buffer = IoSlice::new(piece);
        left -= piece.len();
        n += 1;
    }
    write(&buffers[..n])
}

/// Writes what the socket takes, at most `most` bytes; zero when it is full.
pub(super) fn try_write(stream: &TcpStream, slices: &VecDeque<Bytes>, most: usize) -> io::Result<usize> {
    match gather(slices, most, |buffers| stream.try_write_vectored(buffers)) {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}

/// Appends what is there, as far as there is room; zero at the end of everything.
///
/// Less than there is room for is all that there is (epoll(7), on edges): whoever asks again is told so by the
/// runtime, without a system call. What comes meanwhile is told by another event.
pub(super) fn read(stream: &TcpStream, input: &mut impl BufMut) -> io::Result<usize> {
    let mut all = 0;
    let outcome = stream.try_io(Interest::READABLE, || {
        let room = input.chunk_mut().len();
        let read = stream.try_read_buf(input)?;
        if 0 < read && read < room {
            all = read;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(read)
    });
    if all > 0 { Ok(all) } else { outcome }
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
