//! The chunk stream (RTMP 1.0, section 5.3): messages cut into chunks, so that several can be on the way at once.
//!
//! ```text
//! basic header   fmt << 6 | id        id 2..63
//!                fmt << 6 | 0, a      id a + 64
//!                fmt << 6 | 1, a, b   id a + 256 b + 64
//! fmt 0   time(3) length(3) type(1) stream(4, little-endian)      time is absolute
//! fmt 1   delta(3) length(3) type(1)
//! fmt 2   delta(3)
//! fmt 3   nothing: goes on with the message, or starts one like the last
//! a time or delta of FFFFFF: 4 more bytes with the real one follow, on fmt 3 chunks of that message too
//! ```

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::{Header, Placed, Writer};

/// The chunk size before anybody set another.
pub const DEFAULT_SIZE: u32 = 128;

/// The value of a 3-byte time field that says "4 more bytes follow".
const EXTENDED: u32 = 0xff_ffff;

/// Which chunk stream carries what, as Flash Media Server does it.
pub mod stream {
    /// Protocol control and user control messages.
    pub const CONTROL: u8 = 2;
    /// Commands on stream 0.
    pub const COMMAND: u8 = 3;
    /// Audio and data.
    pub const AUDIO: u8 = 4;
    /// Commands on a play stream.
    pub const STATUS: u8 = 5;
    /// Video.
    pub const VIDEO: u8 = 6;
    /// A client's commands on a play stream.
    pub const PLAY: u8 = 8;
}

/// Bounds for what a peer may make us hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The least chunk size taken, bytes: one-byte chunks burn CPU for nothing.
    pub least_chunk_size: u32,
    /// The most, bytes.
    pub most_chunk_size: u32,
    /// The longest message, bytes.
    pub message: u32,
    /// Chunk streams with state.
    pub streams: usize,
    /// Bytes of partial messages over all chunk streams.
    pub unfinished: usize,
}

impl Limits {
    /// For what players send: commands of a few hundred bytes on three chunk streams.
    pub const VIEWER: Self = Self {
        least_chunk_size: 128,
        most_chunk_size: 0xff_ffff,
        message: 64 << 10,
        streams: 32,
        unfinished: 256 << 10,
    };
    /// For what a server sends: media messages of any size.
    pub const SERVER: Self = Self {
        least_chunk_size: 1,
        most_chunk_size: 0x7fff_ffff,
        message: 0xff_ffff,
        streams: 64,
        unfinished: 32 << 20,
    };
}
