//! AMF0 (Adobe, "Action Message Format -- AMF 0").
//!
//! ```text
//! 00 number f64 | 01 boolean u8 | 02 string u16 text | 03 object {u16 name, value}* 00 00 09 | 05 null | 06 undefined
//! 07 reference u16 | 08 ECMA array u32 hint, then as object | 0A strict array u32 count, values
//! 0B date f64, s16 zone | 0C long string u32 text | 0D unsupported | 0F XML u32 text
//! 10 typed object u16 class, then as object | 11 one AMF3 value follows
//! ```

use crate::input::Input;
use crate::value::{Object, Value};
use crate::{Error, ErrorKind, Limits, amf3};

pub(crate) mod marker {
    pub(crate) const NUMBER: u8 = 0x00;
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const STRING: u8 = 0x02;
    pub(crate) const OBJECT: u8 = 0x03;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const UNDEFINED: u8 = 0x06;
    pub(crate) const REFERENCE: u8 = 0x07;
    pub(crate) const ECMA_ARRAY: u8 = 0x08;
    pub(crate) const OBJECT_END: u8 = 0x09;
    pub(crate) const STRICT_ARRAY: u8 = 0x0a;
    pub(crate) const DATE: u8 = 0x0b;
    pub(crate) const LONG_STRING: u8 = 0x0c;
    pub(crate) const UNSUPPORTED: u8 = 0x0d;
    pub(crate) const XML: u8 = 0x0f;
    pub(crate) const TYPED_OBJECT: u8 = 0x10;
    pub(crate) const AMF3: u8 = 0x11;
}

/// Decodes one value and says how many bytes it took.
///
/// # Errors
/// When the bytes are not one whole AMF0 value within `limits`.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<(Value, usize), Error> {
    let mut input = Input::new(bytes, limits);
    let value = value(&mut input)?;
    Ok((value, input.offset()))
}

/// Decodes values until the bytes end, as the body of a command or data message.
///
/// # Errors
/// When the bytes are not a row of whole AMF0 values within `limits`.
pub fn decode_all(bytes: &[u8], limits: Limits) -> Result<Vec<Value>, Error> {
    let mut input = Input::new(bytes, limits);
    let mut values = Vec::new();
    while !input.is_empty() {
        values.push(value(&mut input)?);
    }
    Ok(values)
}

fn value(input: &mut Input<'_>) -> Result<Value, Error> {
    input.count(1)?;
    let at = input.offset();
    Ok(match input.u8()? {
        marker::NUMBER => Value::Number(input.f64()?),
        marker::BOOLEAN => Value::Boolean(input.u8()? != 0),
        marker::STRING => Value::String(short_text(input)?),
        marker::OBJECT => Value::Object(input.nested(members)?),
        marker::NULL => Value::Null,
        marker::UNDEFINED => Value::Undefined,
        // A command never needs one, and resolving it would let a few bytes stand for many values.
        marker::REFERENCE => {
            let index = input.u16()?;
            return Err(Error { offset: at, kind: ErrorKind::BadReference(u32::from(index)) });
        }
        marker::ECMA_ARRAY => {
            // The count is only a hint: encoders write 0 or leave it unpatched.
            input.u32()?;
            Value::EcmaArray(input.nested(members)?)
        }
        marker::STRICT_ARRAY => Value::StrictArray(input.nested(items)?),
        marker::DATE => {
            let ms = input.f64()?;
            input.u16()?;
            Value::Date(ms)
        }
        marker::LONG_STRING => Value::String(long_text(input)?),
        marker::UNSUPPORTED => Value::Unsupported,
        marker::XML => Value::Xml(long_text(input)?),
        marker::TYPED_OBJECT => {
            let class = short_text(input)?;
            Value::TypedObject(class, input.nested(members)?)
        }
        marker::AMF3 => input.nested(amf3::value_with_fresh_tables)?,
        other => return Err(Error { offset: at, kind: ErrorKind::UnknownMarker(other) }),
    })
}

fn short_text(input: &mut Input<'_>) -> Result<String, Error> {
    let length = usize::from(input.u16()?);
    input.text(length)
}

fn long_text(input: &mut Input<'_>) -> Result<String, Error> {
    let length = input.u32()? as usize;
    input.text(length)
}

fn members(input: &mut Input<'_>) -> Result<Object, Error> {
    let mut object = Object::new();
    while !input.skip_if(&[0, 0, marker::OBJECT_END]) {
        if input.is_empty() {
            return input.fail(ErrorKind::NoEnd);
        }
        let name = short_text(input)?;
        let member = value(input)?;
        object.push(&name, member);
    }
    Ok(object)
}

fn items(input: &mut Input<'_>) -> Result<Vec<Value>, Error> {
    let count = input.u32()?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(value(input)?);
    }
    Ok(items)
}

/// Appends `value` to `out`.
///
/// AMF0 has no form for [`Value::Bytes`] and [`Value::Dictionary`]: they are written as one AMF3 value behind
/// marker 0x11. Names longer than 65,535 bytes are cut, at a character.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) => {
            out.push(marker::NUMBER);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Boolean(boolean) => out.extend_from_slice(&[marker::BOOLEAN, u8::from(*boolean)]),
        Value::String(text) => encode_text(text, out),
        Value::Object(object) => {
            out.push(marker::OBJECT);
            encode_members(object, out);
        }
        Value::Null => out.push(marker::NULL),
        Value::Undefined => out.push(marker::UNDEFINED),
        Value::EcmaArray(object) => {
            out.push(marker::ECMA_ARRAY);
            out.extend_from_slice(&(object.len() as u32).to_be_bytes());
            encode_members(object, out);
        }
        Value::StrictArray(items) => {
            out.push(marker::STRICT_ARRAY);
            out.extend_from_slice(&(items.len() as u32).to_be_bytes());
            items.iter().for_each(|item| encode(item, out));
        }
        Value::Date(ms) => {
            out.push(marker::DATE);
            out.extend_from_slice(&ms.to_be_bytes());
            out.extend_from_slice(&[0, 0]);
        }
        Value::Xml(text) => encode_long(marker::XML, text, out),
        Value::TypedObject(class, object) => {
            out.push(marker::TYPED_OBJECT);
            encode_name(class, out);
            encode_members(object, out);
        }
        Value::Unsupported => out.push(marker::UNSUPPORTED),
        Value::Bytes(_) | Value::Dictionary(_) => {
            out.push(marker::AMF3);
            amf3::encode(value, out);
        }
    }
}

/// The values one after the other, as the body of a message.
#[must_use]
pub fn encode_all(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    values.iter().for_each(|value| encode(value, &mut out));
    out
}

fn encode_text(text: &str, out: &mut Vec<u8>) {
    match u16::try_from(text.len()) {
        Ok(_) => {
            out.push(marker::STRING);
            encode_name(text, out);
        }
        Err(_) => encode_long(marker::LONG_STRING, text, out),
    }
}

fn encode_long(marker: u8, text: &str, out: &mut Vec<u8>) {
    out.push(marker);
    out.extend_from_slice(&(text.len() as u32).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn encode_name(name: &str, out: &mut Vec<u8>) {
    let mut end = name.len().min(usize::from(u16::MAX));
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    out.extend_from_slice(&(end as u16).to_be_bytes());
    out.extend_from_slice(&name.as_bytes()[..end]);
}

fn encode_members(object: &Object, out: &mut Vec<u8>) {
    for (name, value) in object.iter() {
        encode_name(name, out);
        encode(value, out);
    }
    out.extend_from_slice(&[0, 0, marker::OBJECT_END]);
}
