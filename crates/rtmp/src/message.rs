//! Messages: what chunks carry, and the control messages among them.

use bytes::Bytes;

use crate::Error;

/// Message type ids (RTMP 1.0, sections 5.4, 6.2 and 7.1).
pub mod kind {
    /// Set Chunk Size: u32.
    pub const SET_CHUNK_SIZE: u8 = 1;
    /// Abort: u32 chunk stream id whose partial message is dropped.
    pub const ABORT: u8 = 2;
    /// Acknowledgement: u32 bytes received so far.
    pub const ACKNOWLEDGEMENT: u8 = 3;
    /// User Control: u16 event, then its data.
    pub const USER_CONTROL: u8 = 4;
    /// Window Acknowledgement Size: u32.
    pub const WINDOW_SIZE: u8 = 5;
    /// Set Peer Bandwidth: u32 window, u8 limit type.
    pub const PEER_BANDWIDTH: u8 = 6;
    /// Audio: an FLV audio tag's body.
    pub const AUDIO: u8 = 8;
    /// Video: an FLV video tag's body.
    pub const VIDEO: u8 = 9;
    /// Data, a format byte and then values.
    pub const DATA_AMF3: u8 = 15;
    /// A command, a format byte and then values.
    pub const COMMAND_AMF3: u8 = 17;
    /// Data as AMF0 values.
    pub const DATA_AMF0: u8 = 18;
    /// A command as AMF0 values.
    pub const COMMAND_AMF0: u8 = 20;
    /// A run of FLV tags in one message.
    pub const AGGREGATE: u8 = 22;
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Milliseconds, modulo 2^32.
    pub time_ms: u32,
    /// The message type, see [`kind`].
    pub kind: u8,
    /// The message stream: 0 for the connection, or an id that createStream gave.
    pub stream: u32,
    /// What it carries.
    pub body: Bytes,
}

impl Message {
    /// A protocol control message with one 32-bit number, on stream 0.
    #[must_use]
    pub fn control(kind: u8, number: u32) -> Self {
        Self { time_ms: 0, kind, stream: 0, body: Bytes::copy_from_slice(&number.to_be_bytes()) }
    }

    /// Set Peer Bandwidth with limit type "dynamic", as Flash Media Server sends it.
    #[must_use]
    pub fn peer_bandwidth(window: u32) -> Self {
        let mut body = window.to_be_bytes().to_vec();
        body.push(2);
        Self { time_ms: 0, kind: kind::PEER_BANDWIDTH, stream: 0, body: body.into() }
    }

    /// A user control message.
    #[must_use]
    pub fn user_control(event: UserControl) -> Self {
        Self { time_ms: 0, kind: kind::USER_CONTROL, stream: 0, body: event.to_bytes().into() }
    }

    /// The 32-bit number of a protocol control message.
    ///
    /// # Errors
    /// When the body is shorter than 4 bytes.
    pub fn number(&self) -> Result<u32, Error> {
        match self.body.first_chunk() {
            Some(bytes) => Ok(u32::from_be_bytes(*bytes)),
            None => Err(Error::BadMessage { kind: self.kind, what: "shorter than its 4-byte number" }),
        }
    }
}

/// User control events (RTMP 1.0, section 7.1.7; 26 and 27 are Flash Media Server's own).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserControl {
    /// 0: the stream is usable now.
    StreamBegin(u32),
    /// 1: no more data on the stream.
    StreamEof(u32),
    /// 3: how much the client wants to hold in advance.
    SetBufferLength {
        /// The stream; 0 for those to come.
        stream: u32,
        /// Milliseconds.
        ms: u32,
    },
    /// 4: the stream is a recorded one, so seeking makes sense.
    StreamIsRecorded(u32),
    /// 6: answer with 7 and the same number.
    PingRequest(u32),
    /// 7: the answer to 6.
    PingResponse(u32),
    /// 26: the player is to show that it knows the hash of its own file.
    SwfRequest,
    /// 27: the answer to 26.
    SwfResponse {
        /// Bytes in the uncompressed file.
        size: u32,
        /// The file's hash under the last 32 bytes of S1.
        digest: [u8; 32],
    },
    /// Any other event; ignored.
    Other(u16),
}

impl UserControl {
    /// Reads the body of a type 4 message.
    ///
    /// # Errors
    /// When it is shorter than its event needs.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let short = Error::BadMessage { kind: kind::USER_CONTROL, what: "shorter than its event needs" };
        let (event, data) = body.split_first_chunk().ok_or_else(|| short.clone())?;
        let number = |at: usize| match data.get(at..at + 4) {
            Some(&[a, b, c, d]) => Ok(u32::from_be_bytes([a, b, c, d])),
            _ => Err(short.clone()),
        };
        Ok(match u16::from_be_bytes(*event) {
            0 => Self::StreamBegin(number(0)?),
            1 => Self::StreamEof(number(0)?),
            3 => Self::SetBufferLength { stream: number(0)?, ms: number(4)? },
            4 => Self::StreamIsRecorded(number(0)?),
            6 => Self::PingRequest(number(0)?),
            7 => Self::PingResponse(number(0)?),
            26 => Self::SwfRequest,
            27 => swf_response(data)?,
            other => Self::Other(other),
        })
    }

    fn to_bytes(self) -> Vec<u8> {
        let bytes = |event: u16, numbers: &[u32]| {
            let mut bytes = event.to_be_bytes().to_vec();
            bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
            bytes
        };
        match self {
            Self::StreamBegin(stream) => bytes(0, &[stream]),
            Self::StreamEof(stream) => bytes(1, &[stream]),
            Self::SetBufferLength { stream, ms } => bytes(3, &[stream, ms]),
            Self::StreamIsRecorded(stream) => bytes(4, &[stream]),
            Self::PingRequest(time) => bytes(6, &[time]),
            Self::PingResponse(time) => bytes(7, &[time]),
            Self::SwfRequest => bytes(26, &[]),
            Self::SwfResponse { size, digest } => {
                let size = size.to_be_bytes();
                [&[0, 27, 1, 1][..], &size, &size, &digest].concat()
            }
            Self::Other(event) => bytes(event, &[]),
        }
    }
}

/// ```text
/// event 27   | 01 01 | size (4) | the same size (4) | digest (32) |
/// ```
fn swf_response(data: &[u8]) -> Result<UserControl, Error> {
    let wrong = |what| Error::BadMessage { kind: kind::USER_CONTROL, what };
    let data: &[u8; 42] = data.try_into().map_err(|_| wrong("an answer to SWF verification has 44 bytes"))?;
    let [1, 1, a, b, c, d, e, f, g, h, digest @ ..] = *data else {
        return Err(wrong("an answer to SWF verification of another kind than 1"));
    };
    if [a, b, c, d] != [e, f, g, h] {
        return Err(wrong("an answer to SWF verification with two sizes"));
    }
    Ok(UserControl::SwfResponse { size: u32::from_be_bytes([a, b, c, d]), digest })
}
