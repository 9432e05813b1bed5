//! Commands: a name, a transaction, and AMF values (RTMP 1.0, section 7.2; rules of use from what players send).

use bytes::Bytes;
use millrace_amf::{Limits, Value, amf0, amf3};

use crate::Error;
use crate::message::{Message, kind};

/// A command, request or reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// `connect`, `play`, `_result`, `onStatus` ...
    pub name: String,
    /// Ties a reply to its request; 0 means that no reply is wanted.
    pub transaction: f64,
    /// The command object (first value behind the transaction): an object or null.
    pub object: Value,
    /// The values after it.
    pub arguments: Vec<Value>,
}

impl Command {
    /// A command with a null command object.
    #[must_use]
    pub fn new(name: &str, transaction: f64, arguments: Vec<Value>) -> Self {
        Self { name: name.to_owned(), transaction, object: Value::Null, arguments }
    }

    /// Reads the body of a message of type 20 or 17.
    ///
    /// # Errors
    /// When the values can't be read or the first is no string. A missing transaction counts as 0.
    pub fn parse(message: &Message) -> Result<Self, Error> {
        let values = values(message)?;
        let mut values = values.into_iter();
        let Some(Value::String(name)) = values.next() else {
            return Err(Error::BadMessage { kind: message.kind, what: "a command without a name" });
        };
        let transaction = values.next().and_then(|value| value.as_number()).unwrap_or_default();
        let object = values.next().unwrap_or(Value::Null);
        Ok(Self { name, transaction, object, arguments: values.collect() })
    }

    /// The argument at `index`, or null.
    #[must_use]
    pub fn argument(&self, index: usize) -> &Value {
        self.arguments.get(index).unwrap_or(&Value::Null)
    }

    /// This command as a message on `stream`, in the encoding that the other side asked for.
    #[must_use]
    pub fn to_message(&self, stream: u32, encoding: Encoding) -> Message {
        let head = [Value::String(self.name.clone()), Value::Number(self.transaction), self.object.clone()];
        let values = head.iter().chain(&self.arguments);
        let mut body = Vec::with_capacity(256);
        if encoding == Encoding::Amf3 {
            body.push(0);
        }
        values.for_each(|value| encoding.encode(value, &mut body));
        let kind = match encoding {
            Encoding::Amf0 => kind::COMMAND_AMF0,
            Encoding::Amf3 => kind::COMMAND_AMF3,
        };
        Message { time_ms: 0, kind, stream, body: body.into() }
    }
}

/// The values of a command or data message of either encoding.
///
/// # Errors
/// When they can't be read.
pub fn values(message: &Message) -> Result<Vec<Value>, Error> {
    let body: Bytes = match message.kind {
        // The first byte tells the format; only 0 (AMF0, with AMF3 values behind marker 0x11) was ever defined.
        kind::COMMAND_AMF3 | kind::DATA_AMF3 if message.body.first() == Some(&0) => message.body.slice(1..),
        _ => message.body.clone(),
    };
    amf0::decode_all(&body, Limits::COMMAND).map_err(|source| Error::BadAmf { kind: message.kind, source })
}

/// A data message (type 18) for players: always AMF0, which every player reads whatever it asked for.
#[must_use]
pub fn data(stream: u32, time_ms: u32, values: &[Value]) -> Message {
    Message { time_ms, kind: kind::DATA_AMF0, stream, body: amf0::encode_all(values).into() }
}

/// The `objectEncoding` of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// 0: commands as type 20. FFmpeg reads nothing else.
    #[default]
    Amf0,
    /// 3: commands as type 17, objects and arrays as AMF3.
    Amf3,
}

impl Encoding {
    /// The number as in connect's `objectEncoding`.
    #[must_use]
    pub fn number(self) -> f64 {
        match self {
            Self::Amf0 => 0.0,
            Self::Amf3 => 3.0,
        }
    }

    fn encode(self, value: &Value, out: &mut Vec<u8>) {
        match (self, value) {
            (Self::Amf3, Value::Object(_) | Value::EcmaArray(_) | Value::StrictArray(_)) => {
                out.push(0x11);
                amf3::encode(value, out);
            }
            _ => amf0::encode(value, out),
        }
    }
}
