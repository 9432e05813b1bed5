//! AMF0 and AMF3 values to and from bytes, with depth, count and size bounds.
//!
//! Sources: Adobe "Action Message Format -- AMF 0" (2007) and "AMF 3" (2013). RTMP commands are a row of AMF0
//! values; a client that asked for `objectEncoding` 3 may put the marker `0x11` before one AMF3 value.
//!
//! Both encodings decode to the same plain [`Value`]: no classes are ever made, nothing is looked up by name.
//! Everything that is decoded is hostile: nothing is allocated from a declared count, nesting and the number of
//! values are bounded by [`Limits`], and copies made through AMF3's reference tables count as values too.

pub mod amf0;
pub mod amf3;
mod error;
mod input;
mod value;

pub use error::{Error, ErrorKind};
pub use input::Limits;
pub use value::{Object, Value};
