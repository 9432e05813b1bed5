//! A socket, bare or with TLS over it: what links that frame their bytes have below them too.

use std::collections::VecDeque;
use std::io;

use bytes::{BufMut, Bytes};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Tls, Wanted, tcp};

/// A socket that is never waited for while it is written to or read.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Tls(Box<Tls>),
}

impl Socket {
    /// Whether bytes that it took wait to be sent.
    pub(super) fn wants_write(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            Self::Tls(tls) => tls.wants_write(),
        }
    }

    /// Sends what it took before, as far as that can be done at once.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(_) => Ok(()),
            Self::Tls(tls) => tls.flush(),
        }
    }

    /// Takes the first bytes of `slices`, at most `most`; zero while it is full.
    pub(super) fn try_write(&mut self, slices: &VecDeque<Bytes>, most: usize) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => tcp::try_write(stream, slices, most),
            Self::Tls(tls) => tls.try_write(slices, most),
        }
    }

    /// Appends what is there, about `most` bytes and never more than there is room for; zero at the end of everything.
    pub(super) fn read(&mut self, input: &mut impl BufMut, most: usize) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => tcp::read(stream, input),
            Self::Tls(tls) => tls.read(input, most),
        }
    }

    /// Waits for what is wanted. True: there may be something to read. Cancel-safe.
    pub(super) async fn ready(&mut self, wanted: Wanted) -> io::Result<bool> {
        match self {
            Self::Tcp(stream) => tcp::ready(stream, wanted).await,
            Self::Tls(tls) => tls.ready(wanted).await,
        }
    }

    /// Tells the other side that nothing more comes.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown().await,
            Self::Tls(tls) => tls.shutdown().await,
        }
    }
}
