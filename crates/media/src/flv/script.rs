//! The file's own `onMetaData`.

use millrace_amf::{Limits, Object, Value, amf0};

/// What is kept of it.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// The plain members.
    pub(crate) own: Object,
    /// The index: milliseconds and places of key frames, rising.
    pub(crate) index: Vec<(u32, u64)>,
}

/// The longest text that is sent on.
const TEXT: usize = 1024;
/// The most members that are sent on.
const MEMBERS: usize = 128;

/// Reads the body of an `onMetaData` tag. What can't be read is as good as absent: files with broken metadata play.
pub(crate) fn parse(body: &[u8]) -> Script {
    let Some(value) = decode(body) else { return Script::default() };
    let index = value.get("keyframes").map(index).unwrap_or_default();
    let Some(object) = value.as_object() else { return Script::default() };
    let plain = object.iter().filter(|(_, value)| is_plain(value)).take(MEMBERS);
    let own = plain.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    Script { own, index }
}

fn decode(body: &[u8]) -> Option<Value> {
    let (_, name) = amf0::decode(body, Limits::METADATA).ok()?;
    let (value, _) = amf0::decode(body.get(name..)?, Limits::METADATA).ok()?;
    Some(value)
}

/// Whether a member is worth sending: the index is rewritten, and cue points and the like can be very long.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Number(_) | Value::Boolean(_) | Value::Date(_) => true,
        Value::String(text) => text.len() <= TEXT,
        _ => false,
    }
}

/// `keyframes`, an object with `times` in seconds and `filepositions` in bytes, as yamdi, flvtool2 and FFmpeg write it.
fn index(keyframes: &Value) -> Vec<(u32, u64)> {
    let numbers = |name| keyframes.get(name).and_then(Value::as_array).unwrap_or_default().iter();
    let pairs = numbers("times").zip(numbers("filepositions"));
    let mut index: Vec<(u32, u64)> = pairs
        .filter_map(|(time, place)| {
            let (time, place) = (time.as_number()?, place.as_number()?);
            (time >= 0.0 && place >= 0.0).then_some(((time * 1000.0).round() as u32, place as u64))
        })
        .collect();
    index.sort_unstable();
    // FFmpeg lists the sequence header (at 0) beside the first key frame.
    index.dedup();
    index
}
