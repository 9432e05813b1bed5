//! Where bytes come from: the one thing this crate asks of its caller.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::Error;

/// One immutable version of one media file, read by byte range.
///
/// The crate never holds a whole file: it asks for the ranges it needs, in few and large pieces, and the caller
/// decides where they come from. All ranges lie within `0..len()`.
pub trait Source: Send + Sync {
    /// The length of the file in bytes. It never changes.
    fn len(&self) -> u64;

    /// Whether the file has no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of `range`: all of them, or an error.
    fn read(&self, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send;
}

/// Why a [`Source`] could not give bytes.
///
/// Opaque here; [`SourceError::get_ref`] and [`std::error::Error::source`] give the caller its own error back.
#[derive(Debug, Clone)]
pub struct SourceError(Arc<dyn std::error::Error + Send + Sync>);

impl SourceError {
    /// Wraps the caller's own error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// The error that was wrapped, to be downcast.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "reading failed: {}", self.0)
    }
}

impl std::error::Error for SourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// A file that is wholly in memory. Its futures are ready at once, so any executor, also the smallest, runs them.
#[derive(Debug, Clone)]
pub struct Memory(pub Bytes);

impl Source for Memory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        if range.start > range.end || range.end > self.len() {
            return Err(SourceError::new(format!("bytes {range:?} of a file of {} bytes", self.len())));
        }
        Ok(self.0.slice(range.start as usize..range.end as usize))
    }
}

/// The piece of a file that reads are rounded up to: the block of the cache that usually stands behind a source,
/// so that what comes along costs nothing.
pub(crate) const BLOCK: u64 = 256 * 1024;

/// A reading head: keeps the last piece that was read, so that a parser may ask for a few bytes at a time.
pub(crate) struct Window<'a, S> {
    source: &'a S,
    at: u64,
    bytes: Bytes,
    /// How far reads are rounded up, in bytes; a multiple of [`BLOCK`].
    ahead: u64,
}

impl<'a, S: Source> Window<'a, S> {
    /// A head that reads to the end of the block in question.
    pub(crate) fn new(source: &'a S) -> Self {
        Self { source, at: 0, bytes: Bytes::new(), ahead: BLOCK }
    }

    /// A head for long forward scans, which reads `blocks` blocks at a time.
    pub(crate) fn scanning(source: &'a S, blocks: u64) -> Self {
        Self { ahead: BLOCK * blocks.max(1), ..Self::new(source) }
    }

    /// What is read from.
    pub(crate) fn source(&self) -> &'a S {
        self.source
    }

    /// The length of the file.
    pub(crate) fn len(&self) -> u64 {
        self.source.len()
    }

    /// How many bytes from `at` on are here without another read.
    pub(crate) fn held(&self, at: u64) -> u64 {
        let end = self.at + self.bytes.len() as u64;
        if at < self.at { 0 } else { end.saturating_sub(at) }
    }

    /// Reads exactly `range` and keeps it, whatever was kept before.
    pub(crate) async fn load(&mut self, range: Range<u64>) -> Result<(), Error> {
        let wanted = range.end - range.start;
        let bytes = self.source.read(range.clone()).await?;
        if bytes.len() as u64 != wanted {
            let what = format!("the source gave {} of {wanted} bytes at byte {}", bytes.len(), range.start);
            return Err(Error::Source(SourceError::new(what)));
        }
        self.at = range.start;
        self.bytes = bytes;
        Ok(())
    }

    /// Up to `length` bytes at `at`; fewer only where the file ends.
    pub(crate) async fn get(&mut self, at: u64, length: u64) -> Result<Bytes, Error> {
        let end = at.saturating_add(length).min(self.len());
        if at >= end {
            return Ok(Bytes::new());
        }
        if self.held(at) < end - at {
            let stop = end.div_ceil(self.ahead).saturating_mul(self.ahead).min(self.len());
            self.load(at..stop).await?;
        }
        let from = (at - self.at) as usize;
        Ok(self.bytes.slice(from..from + (end - at) as usize))
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn the_callers_error_comes_back() {
        let error = SourceError::new(std::io::Error::other("the bucket is gone"));
        assert!(error.get_ref().downcast_ref::<std::io::Error>().is_some());
        let wrapped = Error::from(error);
        let inner = std::error::Error::source(&wrapped).unwrap();
        assert!(inner.downcast_ref::<std::io::Error>().is_some());
    }

    #[test]
    fn memory_refuses_ranges_past_its_end() {
        let memory = Memory(Bytes::from_static(b"abc"));
        assert_eq!(block_on(memory.read(1..3)).unwrap(), &b"bc"[..]);
        assert!(block_on(memory.read(1..4)).is_err());
    }

    #[test]
    fn a_window_gives_less_only_at_the_end() {
        let memory = Memory(Bytes::from_static(b"abcdef"));
        let mut window = Window::new(&memory);
        assert_eq!(block_on(window.get(4, 8)).unwrap(), &b"ef"[..]);
        assert_eq!(block_on(window.get(0, 2)).unwrap(), &b"ab"[..]);
        assert_eq!(block_on(window.get(9, 2)).unwrap(), &b""[..]);
    }
}
