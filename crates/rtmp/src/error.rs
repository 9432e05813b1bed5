//! Why a peer can't be talked to any further.

/// A fault of the peer that ends its connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The first byte is none of a handshake we speak.
    #[error("handshake: version 0x{0:02x} is not RTMP (0x03, encrypted 0x06, 0x08, 0x09)")]
    Version(u8),
    /// An encrypted handshake whose first block has no right digest, so there is no telling where its key is.
    #[error("handshake: version 0x{0:02x} asks for encryption, but the block behind it has no right digest")]
    NoDigest(u8),
    /// An encrypted handshake that can't come to a shared secret.
    #[error("handshake: key exchange: {0}")]
    KeyExchange(&'static str),
    /// C2 or S2 of an encrypted handshake is not signed as it has to be.
    #[error("handshake: the signature of {0} is wrong")]
    Signature(&'static str),
    /// The server answered an offer of encryption without any.
    #[error("handshake: the server does not encrypt")]
    NotEncrypted,
    /// The peer declared a chunk size outside of what [`crate::chunk::Limits`] allows.
    #[error("chunk size {size} is outside {least}..={most}")]
    ChunkSize {
        /// What was declared, in bytes.
        size: u32,
        /// The least that is taken.
        least: u32,
        /// The most that is taken.
        most: u32,
    },
    /// A message longer than allowed.
    #[error("message of {length} bytes on chunk stream {chunk_stream} is over the limit of {limit}")]
    MessageTooLong {
        /// The chunk stream it began on.
        chunk_stream: u32,
        /// Its declared length in bytes.
        length: u32,
        /// The limit in bytes.
        limit: u32,
    },
    /// More half-received messages, or more bytes in them, than allowed.
    #[error("too much unfinished: {streams} chunk streams, {bytes} bytes of partial messages")]
    TooMuchUnfinished {
        /// Chunk streams with state.
        streams: usize,
        /// Bytes of messages that are not whole yet.
        bytes: usize,
    },
    /// A chunk header that makes no sense where it stands.
    #[error("chunk stream {chunk_stream}: {what}")]
    BadChunk {
        /// The chunk stream.
        chunk_stream: u32,
        /// What is wrong.
        what: &'static str,
    },
    /// A message whose body is too short for its type or breaks a rule.
    #[error("message type {kind}: {what}")]
    BadMessage {
        /// The message type.
        kind: u8,
        /// What is wrong.
        what: &'static str,
    },
    /// A command or data message whose values can't be read.
    #[error("message type {kind}: {source}")]
    BadAmf {
        /// The message type.
        kind: u8,
        /// Where the AMF breaks.
        source: millrace_amf::Error,
    },
    /// The peer was too slow with what had to come next.
    #[error("no {0} in time")]
    Timeout(&'static str),
    /// The peer asks faster than any player does.
    #[error("more than {0} commands a second")]
    TooManyCommands(u32),
    /// The other end refused, in its own words.
    #[error("refused: {code}: {description}")]
    Refused {
        /// The status code, such as `NetConnection.Connect.Rejected`.
        code: String,
        /// The description that came with it.
        description: String,
    },
}
