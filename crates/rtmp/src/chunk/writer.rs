//! Messages to chunks.

use super::{DEFAULT_SIZE, EXTENDED};
use crate::message::Message;

/// The chunk streams that a writer uses are all below this.
const STREAMS: usize = 16;

/// What a message's first chunk says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The chunk stream, 2..16; see [`super::stream`].
    pub chunk_stream: u8,
    /// Absolute time in ms.
    pub time_ms: u32,
    /// The message type.
    pub kind: u8,
    /// The message stream.
    pub stream: u32,
}

/// Where a message was put in the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Offset of the first byte of its full header (fmt 0), if it got one: the time is 1 byte behind it, the
    /// message stream id 8 bytes.
    pub full_header: Option<usize>,
}

/// Writes chunks. The first message on a chunk stream gets a full header (fmt 0), later ones deltas (fmt 1 and 2)
/// as long as time does not run backwards and the message stream stays.
///
/// Messages never begin with fmt 3: what its time would be is the oddest corner of the format.
#[derive(Debug, Clone)]
pub struct Writer {
    chunk_size: u32,
    last: [Option<Last>; STREAMS],
}

#[derive(Debug, Clone, Copy)]
struct Last {
    header: Header,
    length: u32,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new(DEFAULT_SIZE)
    }
}

impl Writer {
    /// A writer that cuts messages into chunks of `chunk_size` bytes.
    #[must_use]
    pub fn new(chunk_size: u32) -> Self {
        Self { chunk_size: chunk_size.max(1), last: [None; STREAMS] }
    }

    /// Cuts by `chunk_size` from the next message on: for right after a Set Chunk Size was written.
    pub fn set_chunk_size(&mut self, chunk_size: u32) {
        self.chunk_size = chunk_size.max(1);
    }

    /// Makes the next message on each chunk stream begin with a full header.
    pub fn forget(&mut self) {
        self.last = [None; STREAMS];
    }

    /// Writes a message with a full header whatever came before, for control and commands.
    pub fn message(&mut self, out: &mut Vec<u8>, chunk_stream: u8, message: &Message) {
        let header =
            Header { chunk_stream, time_ms: message.time_ms, kind: message.kind, stream: message.stream };
        self.last[usize::from(chunk_stream) % STREAMS] = None;
        self.parts(out, header, &[&message.body]);
    }

    /// Writes a message whose body is the `parts` one after the other.
    pub fn parts(&mut self, out: &mut Vec<u8>, header: Header, parts: &[&[u8]]) -> Placed {
        let length = parts.iter().map(|part| part.len() as u32).sum();
        let (full_header, extended) = self.header(out, header, length);
        let mut room = self.chunk_size as usize;
        for part in parts {
            let mut rest = *part;
            while !rest.is_empty() {
                if room == 0 {
                    out.push(3 << 6 | header.chunk_stream);
                    // Required by Flash, FFmpeg and librtmp whenever the message's own header had it.
                    out.extend(extended.iter().flat_map(|time| time.to_be_bytes()));
                    room = self.chunk_size as usize;
                }
                let (now, later) = rest.split_at(rest.len().min(room));
                out.extend_from_slice(now);
                room -= now.len();
                rest = later;
            }
        }
        Placed { full_header }
    }

    /// Writes the first chunk's header; returns its place if it is a full one, and the extended time if there is one.
    fn header(&mut self, out: &mut Vec<u8>, header: Header, length: u32) -> (Option<usize>, Option<u32>) {
        let last = self.last[usize::from(header.chunk_stream) % STREAMS].replace(Last { header, length });
        let delta = last
            .filter(|last| last.header.stream == header.stream)
            .and_then(|last| header.time_ms.checked_sub(last.header.time_ms));
        let (format, time) = match (last, delta) {
            (Some(last), Some(delta)) if last.length == length && last.header.kind == header.kind => {
                (2, delta)
            }
            (Some(_), Some(delta)) => (1, delta),
            _ => (0, header.time_ms),
        };
        let at = out.len();
        out.push(format << 6 | header.chunk_stream);
        out.extend_from_slice(&time.min(EXTENDED).to_be_bytes()[1..]);
        if format < 2 {
            out.extend_from_slice(&length.to_be_bytes()[1..]);
            out.push(header.kind);
        }
        if format == 0 {
            out.extend_from_slice(&header.stream.to_le_bytes());
        }
        let extended = (time >= EXTENDED).then_some(time);
        out.extend(extended.iter().flat_map(|time| time.to_be_bytes()));
        ((format == 0).then_some(at), extended)
    }
}
