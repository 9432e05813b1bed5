//! Bytes of answers that the kernel sends itself, in place of bytes that hyper would write.
//!
//! hyper writes what it can see, so what it sees is a blank of the same length, and the socket below hyper knows what is
//! meant. hyper passes on the very memory that it was given, in order, so blanks are known by where they lie.
//!
//! ```text
//!   body ──blank of n bytes──▶ hyper ──head, blank of n bytes──▶ Patient ──head──────────▶ socket
//!     └──────the n bytes that are meant──▶ Handed ──────────────────┘  └──sendfile n bytes──▶ socket
//! ```
//!
//! That is for HTTP/1 without TLS only: everything else makes other bytes of what it is given.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use millrace_cache::Unsent;

/// The longest blank, bytes: what the cache hands over at once. Its memory is never looked at.
const LONGEST: usize = 2 << 20;

static BLANK: LazyLock<Bytes> = LazyLock::new(|| vec![0; LONGEST].into());

/// Whether this is memory of a blank.
pub(super) fn is_blank(buffer: &IoSlice<'_>) -> bool {
    BLANK.as_ptr_range().contains(&buffer.as_ptr())
}

/// What the kernel is to send on one connection, in order.
#[derive(Debug, Default)]
pub(crate) struct Handed(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    unsent: VecDeque<Unsent>,
    /// Whether some of the first is sent.
    begun: bool,
}

impl Handed {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over bytes; the result is the blank that stands for them. They come back if they are more than a blank has.
    pub(super) fn hand(&self, unsent: Unsent) -> Result<Bytes, Unsent> {
        match usize::try_from(unsent.length()) {
            Ok(length) if length <= LONGEST => {
                self.queue().unsent.push_back(unsent);
                Ok(BLANK.slice(..length))
            }
            _ => Err(unsent),
        }
    }

    /// Lets the kernel send what the socket takes, `most` bytes at most, of what was handed over first.
    ///
    /// # Errors
    /// The socket's; and where a blank has nothing that it stands for, which must never be sent as it is.
    pub(super) fn send(&self, socket: impl AsFd, most: usize) -> io::Result<usize> {
        let mut queue = self.queue();
        let first = queue.unsent.front_mut().ok_or(io::ErrorKind::InvalidData)?;
        let sent = first.send(socket, most)?;
        queue.begun = first.length() > 0;
        if !queue.begun {
            queue.unsent.pop_front();
        }
        Ok(sent)
    }

    /// Whether a blank is being written. Anything else that is written then says that hyper has cut the blank short; what
    /// is left of it would be sent in place of the next one.
    pub(super) fn is_amid(&self) -> bool {
        self.queue().begun
    }
}
