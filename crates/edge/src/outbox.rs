//! What is being written to one viewer: a cursor over shared bytes, not a queue of messages.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::net::TcpStream;

use crate::segment::{Restamp, Segment};

/// Slices in one `writev`: a segment with its patches has at most seven.
const SLICES: usize = 16;

/// Bytes that wait for the socket: control messages, then at most one segment.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    slices: VecDeque<Bytes>,
    /// The segment whose slices are at the end of the queue.
    segment: Option<InFlight>,
}

#[derive(Debug)]
struct InFlight {
    segment: Arc<Segment>,
    restamp: Restamp,
    /// Bytes of it that are not written yet.
    left: usize,
}

/// A segment that was stopped at the end of a message: what of it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    pub(crate) segment: Arc<Segment>,
    /// Bytes that went out; the rest begins with a message.
    pub(crate) sent: usize,
    pub(crate) restamp: Restamp,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// Adds whole messages.
    pub(crate) fn push_control(&mut self, bytes: Bytes) {
        debug_assert!(self.segment.is_none(), "control messages go between segments");
        if !bytes.is_empty() {
            self.slices.push_back(bytes);
        }
    }

    /// Adds a segment.
    pub(crate) fn push_segment(&mut self, segment: Arc<Segment>, restamp: Restamp) {
        debug_assert!(self.segment.is_none(), "one segment at a time");
        let left = segment.len();
        segment.slices(0..left, restamp, &mut self.slices);
        self.segment = (left > 0).then_some(InFlight { segment, restamp, left });
    }

    /// Writes until the socket takes no more. Returns the bytes written; zero while the socket is full.
    pub(crate) fn write(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let mut written = 0;
        while !self.slices.is_empty() {
            let mut buffers = [IoSlice::new(&[]); SLICES];
            let n = self.slices.len().min(SLICES);
            for (buffer, slice) in buffers.iter_mut().zip(&self.slices) {
                *buffer = IoSlice::new(slice);
            }
            match stream.try_write_vectored(&buffers[..n]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    written += n;
                    self.advance(n);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    fn advance(&mut self, mut n: usize) {
        while n > 0 {
            let Some(front) = self.slices.front_mut() else { break };
            let step = n.min(front.len());
            front.advance(step);
            n -= step;
            if front.is_empty() {
                self.slices.pop_front();
            }
        }
        let waiting: usize = self.slices.iter().map(Bytes::len).sum();
        if let Some(in_flight) = &mut self.segment {
            in_flight.left = in_flight.left.min(waiting);
            if in_flight.left == 0 {
                self.segment = None;
            }
        }
    }

    /// Takes back everything of the segment on the way but the message that is half written, if it is one of
    /// `stream`. Returns what was not sent, for a viewer who only pauses.
    pub(crate) fn stop_segment(&mut self, stream: u32) -> Option<Rest> {
        self.segment.as_ref().filter(|in_flight| in_flight.restamp.stream == stream)?;
        let InFlight { segment, restamp, left } = self.segment.take()?;
        let written = segment.len() - left;
        let sent = segment.message_end(written);
        let mut control_left = self.slices.iter().map(Bytes::len).sum::<usize>() - left;
        let mut kept = VecDeque::new();
        while control_left > 0 {
            let Some(slice) = self.slices.pop_front() else { break };
            control_left -= slice.len();
            kept.push_back(slice);
        }
        segment.slices(written..sent, restamp, &mut kept);
        self.slices = kept;
        // What is left is the end of one message. Nothing can stop that, so it counts as control from here on.
        Some(Rest { segment, sent, restamp })
    }
}
