//! Chunks to messages.

use std::collections::HashMap;

use bytes::{Buf, Bytes, BytesMut};

use super::{DEFAULT_SIZE, EXTENDED, Limits};
use crate::Error;
use crate::message::{Message, kind};

/// Puts messages together. Set Chunk Size and Abort act here, at once, and are returned like all others.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    chunk_size: u32,
    streams: HashMap<u32, Stream>,
    /// Bytes held in partial messages.
    unfinished: usize,
    /// The chunk whose header was read and whose payload is not all in yet.
    current: Option<Chunk>,
}

/// What is remembered of a chunk stream.
#[derive(Debug, Default)]
struct Stream {
    time: u32,
    /// The number that a header without one repeats: the last delta, or after fmt 0 the absolute time itself
    /// (RTMP 1.0, section 5.3.1.2.4; librtmp counts on it).
    delta: u32,
    extended: bool,
    length: u32,
    kind: u8,
    message_stream: u32,
    /// The message under way.
    body: Option<BytesMut>,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    id: u32,
    payload_left: u32,
}

/// A header as it stands in the bytes.
struct Header {
    format: u8,
    id: u32,
    /// The 3-byte field.
    time: u32,
    length: u32,
    kind: u8,
    message_stream: u32,
    /// Bytes it takes without the extended time.
    size: usize,
}

impl Reader {
    /// A reader for a connection whose handshake is done.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, chunk_size: DEFAULT_SIZE, streams: HashMap::new(), unfinished: 0, current: None }
    }

    /// Takes bytes from the front of `input` until a message is whole. `None` means that more are needed; everything
    /// that could be used has then been taken, so what stays in `input` is less than a header.
    ///
    /// # Errors
    /// When the bytes break the format or a bound. The connection is of no more use then.
    pub fn read(&mut self, input: &mut BytesMut) -> Result<Option<Message>, Error> {
        loop {
            let chunk = match self.current.take() {
                Some(chunk) => chunk,
                None => match self.begin_chunk(input)? {
                    Some(chunk) => chunk,
                    None => return Ok(None),
                },
            };
            if let Some(message) = self.take_payload(chunk, input)? {
                self.act(&message)?;
                return Ok(Some(message));
            }
            if self.current.is_some() {
                return Ok(None);
            }
        }
    }

    /// Reads a chunk's header. `None`: it is not all in.
    fn begin_chunk(&mut self, input: &mut BytesMut) -> Result<Option<Chunk>, Error> {
        let Some(header) = Header::parse(input) else { return Ok(None) };
        let known = self.streams.get(&header.id);
        let goes_on = known.is_some_and(|stream| stream.body.is_some());
        check_order(&header, known, goes_on)?;
        let expects_extended = match header.format {
            3 => known.is_some_and(|stream| stream.extended),
            _ => header.time == EXTENDED,
        };
        let extended = match (expects_extended, extended_time(&input[header.size..])) {
            (false, _) => None,
            (true, None) => return Ok(None),
            (true, some) => some,
        };
        let id = header.id;
        let limits = self.limits;
        let streams = self.streams.len();
        let stream = match self.streams.entry(id) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(_) if streams >= limits.streams => {
                return Err(Error::TooMuchUnfinished { streams: streams + 1, bytes: self.unfinished });
            }
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(Stream::default()),
        };
        let size = header.size + stream.continue_or_start(&header, extended, goes_on);
        if stream.length > limits.message {
            return Err(Error::MessageTooLong {
                chunk_stream: id,
                length: stream.length,
                limit: limits.message,
            });
        }
        input.advance(size);
        let have = stream.body.get_or_insert_default().len() as u32;
        Ok(Some(Chunk { id, payload_left: (stream.length - have).min(self.chunk_size) }))
    }

    /// Moves what is there of the chunk's payload to its message; returns the message when it is whole.
    fn take_payload(&mut self, mut chunk: Chunk, input: &mut BytesMut) -> Result<Option<Message>, Error> {
        let stream = self.streams.get_mut(&chunk.id).expect("begin_chunk made the stream");
        let body = stream.body.get_or_insert_default();
        let n = input.len().min(chunk.payload_left as usize);
        let whole_in_one = body.is_empty() && n == stream.length as usize;
        if whole_in_one {
            stream.body = None;
            return Ok(Some(stream.message(input.split_to(n).freeze())));
        }
        body.extend_from_slice(&input[..n]);
        input.advance(n);
        self.unfinished += n;
        chunk.payload_left -= n as u32;
        if body.len() == stream.length as usize {
            self.unfinished -= body.len();
            let body = stream.body.take().unwrap_or_default().freeze();
            return Ok(Some(stream.message(body)));
        }
        if self.unfinished > self.limits.unfinished {
            return Err(Error::TooMuchUnfinished { streams: self.streams.len(), bytes: self.unfinished });
        }
        self.current = (chunk.payload_left > 0).then_some(chunk);
        Ok(None)
    }

    /// Obeys the messages that are about chunks themselves.
    fn act(&mut self, message: &Message) -> Result<(), Error> {
        match message.kind {
            kind::SET_CHUNK_SIZE => {
                let size = message.number()?;
                let (least, most) = (self.limits.least_chunk_size, self.limits.most_chunk_size);
                if !(least..=most).contains(&size) {
                    return Err(Error::ChunkSize { size, least, most });
                }
                self.chunk_size = size;
            }
            kind::ABORT => {
                let id = message.number()?;
                if let Some(body) = self.streams.get_mut(&id).and_then(|stream| stream.body.take()) {
                    self.unfinished -= body.len();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Which headers may stand where.
fn check_order(header: &Header, known: Option<&Stream>, goes_on: bool) -> Result<(), Error> {
    let what = match (header.format, known, goes_on) {
        // A changed length on a half-read message was a heap overflow elsewhere (CVE-2016-10191).
        (0..=2, _, true) => "a new header in the middle of a message",
        // librtmp begins some streams with fmt 1, so only what says no length at all is refused.
        (2 | 3, None, _) => "the first header leaves out the length",
        _ => return Ok(()),
    };
    Err(Error::BadChunk { chunk_stream: header.id, what })
}

impl Stream {
    /// Takes over what the header says and returns how many bytes of extended time it used.
    fn continue_or_start(&mut self, header: &Header, extended: Option<u32>, goes_on: bool) -> usize {
        if goes_on {
            // Some old encoders leave the extended time out of continuation chunks: if the four bytes are not what
            // the message's first header said, they must be payload.
            return if extended.is_some_and(|said| said == self.delta || said == self.time) { 4 } else { 0 };
        }
        let time = extended.unwrap_or(header.time);
        match header.format {
            0 => {
                self.time = time;
                self.delta = time;
                self.message_stream = header.message_stream;
            }
            1 | 2 => {
                self.delta = time;
                self.time = self.time.wrapping_add(time);
            }
            _ => self.time = self.time.wrapping_add(self.delta),
        }
        if header.format < 2 {
            self.length = header.length;
            self.kind = header.kind;
        }
        if header.format < 3 {
            self.extended = extended.is_some();
        }
        if extended.is_some() { 4 } else { 0 }
    }

    fn message(&self, body: Bytes) -> Message {
        Message { time_ms: self.time, kind: self.kind, stream: self.message_stream, body }
    }
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        let (id, basic) = match first & 0x3f {
            0 => (u32::from(*bytes.get(1)?) + 64, 2),
            1 => (u32::from(*bytes.get(1)?) + 256 * u32::from(*bytes.get(2)?) + 64, 3),
            id => (u32::from(id), 1),
        };
        let format = first >> 6;
        let size = basic + [11, 7, 3, 0][usize::from(format)];
        let fields = bytes.get(basic..size)?;
        let u24 = |at: usize| match fields.get(at..at + 3) {
            Some(&[a, b, c]) => u32::from_be_bytes([0, a, b, c]),
            _ => 0,
        };
        let message_stream = match fields.get(7..11) {
            Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        };
        let kind = fields.get(6).copied().unwrap_or_default();
        Some(Self { format, id, time: u24(0), length: u24(3), kind, message_stream, size })
    }
}

fn extended_time(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
