//! What is being written to one viewer: a cursor over shared bytes, not a queue of messages.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::segment::{Restamp, Segment};

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

    /// What is to be written, from the front.
    pub(crate) fn slices(&self) -> &VecDeque<Bytes> {
        &self.slices
    }

    /// So many bytes of that were written.
    pub(crate) fn advance(&mut self, mut n: usize) {
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

#[cfg(test)]
mod tests {
    use millrace_media::{Kind, Sample};
    use millrace_rtmp::chunk::{self, Writer};
    use millrace_rtmp::message::{Message, UserControl};

    use super::*;
    use crate::segment::tests::{CHUNK, read, sample, segment};

    const VIEWER: Restamp = Restamp { stream: 2, base_ms: 40 };

    fn film() -> Vec<Sample> {
        vec![
            sample(Kind::Video, 1_000, 90),
            sample(Kind::Audio, 1_010, 9),
            sample(Kind::Audio, 1_030, 9),
            sample(Kind::Video, 1_040, 130),
            sample(Kind::Audio, 1_050, 60),
        ]
    }

    fn control(time: u32) -> Bytes {
        let mut bytes = Vec::new();
        let message = Message::user_control(UserControl::PingRequest(time));
        Writer::new(CHUNK).message(&mut bytes, chunk::stream::CONTROL, &message);
        bytes.into()
    }

    /// What a socket does that takes `n` bytes.
    fn take(outbox: &mut Outbox, n: usize) -> Vec<u8> {
        let taken: Vec<u8> = outbox.slices.iter().flatten().copied().take(n).collect();
        outbox.advance(taken.len());
        taken
    }

    /// A control message, a preface and a segment.
    fn full() -> (Outbox, usize) {
        let mut outbox = Outbox::default();
        outbox.push_control(control(1));
        outbox.push_control(control(2));
        outbox.push_segment(Arc::new(segment(&film(), 0)), VIEWER);
        let length = outbox.slices.iter().map(Bytes::len).sum();
        (outbox, length)
    }

    fn everything() -> Vec<Message> {
        let (mut outbox, length) = full();
        read(&take(&mut outbox, length))
    }

    #[test]
    fn a_segment_that_is_stopped_at_any_byte_leaves_whole_messages_and_the_rest_of_them() {
        let all = everything();
        assert_eq!(all.len(), 2 + film().len());
        let (_, length) = full();
        for written in 0..length {
            let (mut outbox, _) = full();
            let mut wire = take(&mut outbox, written);
            let rest = outbox.stop_segment(VIEWER.stream).expect("a segment on its way");
            assert!(outbox.stop_segment(VIEWER.stream).is_none(), "stopped twice");
            outbox.push_control(control(3));
            wire.extend(take(&mut outbox, usize::MAX));
            assert!(outbox.is_empty());
            let sent = read(&wire).len() - 1;
            assert_eq!(read(&wire)[..sent], all[..sent], "{written} bytes");
            outbox.push_segment(Arc::new(rest.segment.rest(rest.sent, CHUNK)), rest.restamp);
            wire.extend(take(&mut outbox, usize::MAX));
            assert_eq!(read(&wire)[sent + 1..], all[sent..], "{written} bytes");
        }
    }

    #[test]
    fn what_is_behind_a_stopped_segment_is_stopped_no_more() {
        let (mut outbox, length) = full();
        take(&mut outbox, length);
        assert!(outbox.stop_segment(VIEWER.stream).is_none());
    }

    #[test]
    fn the_segment_of_another_stream_is_left_alone() {
        let (mut outbox, length) = full();
        let mut wire = take(&mut outbox, length / 2);
        assert!(outbox.stop_segment(1).is_none());
        wire.extend(take(&mut outbox, usize::MAX));
        assert_eq!(read(&wire), everything());
    }
}
