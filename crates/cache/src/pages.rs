//! Bytes in the kernel's memory, which it sends to a socket without a copy by us.
//!
//! All of them lie in one file that has no name and no disk. Its places are given out once and never again, so that
//! nothing is ever written over bytes that a socket may still have to send; what is dropped is cut out of it, and the
//! kernel takes the memory back when the last socket is done with it.
//!
//! ```text
//!   0 ─ cut out ─┬─ stretch ─┬─ cut out ─┬─ stretch ─┬─ next ───────────▶ 2^63
//! ```

use bytes::Bytes;
use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, memfd_create, sendfile};
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What the kernel gives out at once, bytes.
const PAGE: u64 = 4096;

/// The file.
pub(crate) struct Pages {
    file: File,
    /// The first place that was never given out.
    next: AtomicU64,
}

impl Pages {
    /// An empty one.
    ///
    /// # Errors
    /// When the system has no such files, or does not let us make one.
    pub(crate) fn new() -> io::Result<Arc<Self>> {
        let file = memfd_create("millrace", MemfdFlags::CLOEXEC)?.into();
        Ok(Arc::new(Self { file, next: AtomicU64::new(0) }))
    }

    /// Copies blocks into it, one behind the other: what is read together is then sent together.
    ///
    /// # Errors
    /// When the kernel has no memory for them.
    pub(crate) fn put(self: &Arc<Self>, blocks: &[Bytes]) -> io::Result<Vec<Arc<Stretch>>> {
        let room = |block: &Bytes| (block.len() as u64).next_multiple_of(PAGE);
        let mut start = self.next.fetch_add(blocks.iter().map(room).sum(), Relaxed);
        let put = blocks.iter().map(|block| {
            // Made first, so that what was written of it is cut out when the rest fails.
            let stretch = Stretch { pages: Arc::clone(self), start, length: block.len() as u64 };
            self.file.write_all_at(block, start)?;
            start += room(block);
            Ok(Arc::new(stretch))
        });
        put.collect()
    }
}

/// Bytes in the kernel's memory; until the last handle is gone.
pub(crate) struct Stretch {
    pages: Arc<Pages>,
    /// Where they are in the file.
    start: u64,
    length: u64,
}

impl Stretch {
    /// All of them, in our memory again.
    ///
    /// # Errors
    /// When the kernel can't give them back: they were swapped out, and reading failed.
    pub(crate) fn bytes(&self) -> io::Result<Bytes> {
        let mut bytes = vec![0; usize::try_from(self.length).unwrap_or(usize::MAX)];
        self.pages.file.read_exact_at(&mut bytes, self.start)?;
        Ok(bytes.into())
    }
}

impl Drop for Stretch {
    fn drop(&mut self) {
        let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let length = self.length.next_multiple_of(PAGE);
        if let Err(error) = fallocate(&self.pages.file, how, self.start, length) {
            tracing::error!(%error, bytes = length, "the kernel keeps memory that is not needed any more");
        }
    }
}

impl fmt::Debug for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stretch").field("start", &self.start).field("length", &self.length).finish()
    }
}

/// Bytes that are still to be sent, in the order of their stretches.
#[derive(Debug, Default)]
pub struct Unsent {
    parts: VecDeque<Part>,
    length: u64,
}

/// A part of a stretch.
#[derive(Debug)]
struct Part {
    stretch: Arc<Stretch>,
    range: Range<u64>,
}

impl Part {
    /// Where it is in the file.
    fn place(&self) -> Range<u64> {
        self.stretch.start + self.range.start..self.stretch.start + self.range.end
    }
}

impl Unsent {
    /// Adds the part of `stretch` in `range`, which ends with it at the latest.
    pub(crate) fn push(&mut self, stretch: Arc<Stretch>, range: Range<u64>) {
        let end = range.end.min(stretch.length);
        let range = range.start.min(end)..end;
        self.length += range.end - range.start;
        self.parts.push_back(Part { stretch, range });
    }

    /// Bytes that are left.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Lets the kernel send what the socket takes of the first `most` bytes; the result is how many it took.
    ///
    /// # Errors
    /// The socket's: [`WouldBlock`](io::ErrorKind::WouldBlock) when it is full.
    pub fn send(&mut self, socket: impl AsFd, most: usize) -> io::Result<usize> {
        let Some(first) = self.parts.front() else { return Ok(0) };
        let Range { start: mut place, mut end } = first.place();
        // What lies together is sent together.
        for next in self.parts.iter().skip(1).map(Part::place) {
            if next.start != end {
                break;
            }
            end = next.end;
        }
        let most = usize::try_from(end - place).unwrap_or(usize::MAX).min(most);
        let sent = sendfile(socket, &first.stretch.pages.file, Some(&mut place), most)?;
        self.advance(sent as u64);
        Ok(sent)
    }

    fn advance(&mut self, mut sent: u64) {
        self.length = self.length.saturating_sub(sent);
        while let Some(first) = self.parts.front_mut() {
            let step = sent.min(first.range.end - first.range.start);
            first.range.start += step;
            sent -= step;
            if !first.range.is_empty() {
                return;
            }
            self.parts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    /// Bytes of memory that the file has.
    fn held(pages: &Pages) -> u64 {
        use std::os::unix::fs::MetadataExt;
        pages.file.metadata().expect("it is open").blocks() * 512
    }

    fn put(pages: &Arc<Pages>, bytes: &[u8]) -> Arc<Stretch> {
        pages.put(&[Bytes::copy_from_slice(bytes)]).expect("room").remove(0)
    }

    /// What comes out at the other end when so many bytes at most are sent at a time.
    fn sent(mut unsent: Unsent, most: usize) -> Vec<u8> {
        let (socket, mut end) = UnixStream::pair().expect("sockets");
        let mut left = unsent.length();
        while left > 0 {
            left -= unsent.send(&socket, most).expect("there is room") as u64;
            assert_eq!(unsent.length(), left);
        }
        drop(socket);
        let mut heard = Vec::new();
        end.read_to_end(&mut heard).expect("it ends");
        heard
    }

    #[test]
    fn what_was_put_is_sent_in_parts_and_comes_back() {
        let pages = Pages::new().expect("the system has such files");
        let bytes: Vec<u8> = (0..10_000u32).map(|number| number as u8).collect();
        let (_other, stretch) = (put(&pages, b"other"), put(&pages, &bytes));
        assert_eq!(stretch.bytes().expect("they are there"), bytes);
        let mut unsent = Unsent::default();
        unsent.push(stretch, 3..99_999);
        assert_eq!(sent(unsent, 5000), bytes[3..]);
    }

    #[test]
    fn what_was_put_together_is_sent_together_and_what_was_not_in_its_order() {
        let pages = Pages::new().expect("the system has such files");
        let blocks = [vec![1; 8192], vec![2; 4096], vec![3; 100]].map(Bytes::from);
        let together = pages.put(&blocks).expect("room");
        let apart = put(&pages, &[4; 50]);
        let mut unsent = Unsent::default();
        for stretch in together.iter().chain([&apart, &together[0]]) {
            unsent.push(Arc::clone(stretch), 10..99_999);
        }
        let expected = [vec![1; 8182], vec![2; 4086], vec![3; 90], vec![4; 40], vec![1; 8182]].concat();
        assert_eq!(sent(unsent, usize::MAX), expected);
        let mut whole = Unsent::default();
        together.iter().for_each(|stretch| whole.push(Arc::clone(stretch), 0..99_999));
        let (socket, _end) = UnixStream::pair().expect("sockets");
        assert_eq!(whole.send(&socket, usize::MAX).expect("there is room"), 8192 + 4096 + 100);
    }

    #[test]
    fn the_kernel_gets_back_what_is_dropped_but_not_what_a_socket_has_still_to_send() {
        let pages = Pages::new().expect("the system has such files");
        let (socket, mut end) = UnixStream::pair().expect("sockets");
        let mut unsent = Unsent::default();
        unsent.push(put(&pages, &[7; 8192]), 0..8192);
        assert_eq!(held(&pages), 8192);
        assert_eq!(unsent.send(&socket, 8192).expect("there is room"), 8192);
        drop(unsent);
        assert_eq!(held(&pages), 0);
        let _next = put(&pages, &[8; 8192]);
        drop(socket);
        let mut heard = Vec::new();
        end.read_to_end(&mut heard).expect("it ends");
        assert_eq!(heard, [7; 8192]);
    }
}
