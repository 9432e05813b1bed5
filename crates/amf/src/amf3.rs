//! AMF3 (Adobe, "AMF 3", January 2013).
//!
//! ```text
//! U29 = 1..4 bytes, 7 bits each, top bit "more"; a 4th byte gives 8 bits
//! 00 undefined | 01 null | 02 false | 03 true | 04 integer U29 | 05 double f64 | 06 string
//! 07 XML document | 08 date | 09 array | 0A object | 0B XML | 0C byte array
//! 0D..10 vectors (int, uint, double, object) | 11 dictionary
//! string, and every complex type: U29, low bit 0 = index << 1 into a table of those seen, low bit 1 = inline
//! ```

use crate::input::Input;
use crate::value::{Object, Value};
use crate::{Error, ErrorKind, Limits};

mod marker {
    pub(super) const UNDEFINED: u8 = 0x00;
    pub(super) const NULL: u8 = 0x01;
    pub(super) const FALSE: u8 = 0x02;
    pub(super) const TRUE: u8 = 0x03;
    pub(super) const INTEGER: u8 = 0x04;
    pub(super) const DOUBLE: u8 = 0x05;
    pub(super) const STRING: u8 = 0x06;
    pub(super) const XML_DOCUMENT: u8 = 0x07;
    pub(super) const DATE: u8 = 0x08;
    pub(super) const ARRAY: u8 = 0x09;
    pub(super) const OBJECT: u8 = 0x0a;
    pub(super) const XML: u8 = 0x0b;
    pub(super) const BYTE_ARRAY: u8 = 0x0c;
    pub(super) const VECTOR_INT: u8 = 0x0d;
    pub(super) const VECTOR_UINT: u8 = 0x0e;
    pub(super) const VECTOR_DOUBLE: u8 = 0x0f;
    pub(super) const VECTOR_OBJECT: u8 = 0x10;
    pub(super) const DICTIONARY: u8 = 0x11;
}

/// Decodes one value with fresh reference tables and says how many bytes it took.
///
/// # Errors
/// When the bytes are not one whole AMF3 value within `limits`.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<(Value, usize), Error> {
    let mut input = Input::new(bytes, limits);
    input.count(1)?;
    let value = value_with_fresh_tables(&mut input)?;
    Ok((value, input.offset()))
}

/// One value, its own tables. The caller has counted it.
pub(crate) fn value_with_fresh_tables(input: &mut Input<'_>) -> Result<Value, Error> {
    Tables::default().uncounted(input)
}

/// The layout of a class: what its objects have as sealed members.
#[derive(Clone)]
struct Traits {
    class: String,
    members: Vec<String>,
    dynamic: bool,
}

/// What was seen so far in this value, by order of appearance.
#[derive(Default)]
struct Tables {
    strings: Vec<String>,
    /// `None` while the object is being read: a reference to it would be a cycle.
    objects: Vec<Option<Value>>,
    traits: Vec<Traits>,
}

/// A complex value starts with a reference or with a number whose meaning its type defines.
enum Header {
    Seen(Value),
    Inline(u32),
}

impl Tables {
    fn value(&mut self, input: &mut Input<'_>) -> Result<Value, Error> {
        input.count(1)?;
        self.uncounted(input)
    }

    fn uncounted(&mut self, input: &mut Input<'_>) -> Result<Value, Error> {
        let at = input.offset();
        Ok(match input.u8()? {
            marker::UNDEFINED => Value::Undefined,
            marker::NULL => Value::Null,
            marker::FALSE => Value::Boolean(false),
            marker::TRUE => Value::Boolean(true),
            marker::INTEGER => Value::Number(f64::from(sign_extend(u29(input)?))),
            marker::DOUBLE => Value::Number(input.f64()?),
            marker::STRING => Value::String(self.text(input)?),
            kind @ (marker::XML_DOCUMENT | marker::XML | marker::DATE | marker::BYTE_ARRAY) => {
                self.object(input, |_, input, header| plain(kind, input, header))?
            }
            marker::ARRAY => self.object(input, Self::array)?,
            marker::OBJECT => self.object(input, Self::members)?,
            kind @ marker::VECTOR_INT..=marker::VECTOR_OBJECT => {
                self.object(input, |tables, input, count| tables.vector(kind, input, count))?
            }
            marker::DICTIONARY => self.object(input, Self::dictionary)?,
            other => return Err(Error { offset: at, kind: ErrorKind::UnknownMarker(other) }),
        })
    }

    /// A string: by table, or inline and then remembered. The empty string is never in the table.
    fn text(&mut self, input: &mut Input<'_>) -> Result<String, Error> {
        let header = u29(input)?;
        let number = header >> 1;
        if header & 1 == 0 {
            let Some(text) = self.strings.get(number as usize) else {
                return input.fail(ErrorKind::BadReference(number));
            };
            let text = text.clone();
            input.count(text.len() / 64)?;
            return Ok(text);
        }
        let text = input.text(number as usize)?;
        if !text.is_empty() {
            self.strings.push(text.clone());
        }
        Ok(text)
    }

    /// Reads a value of a type that goes into the object table.
    fn object(
        &mut self,
        input: &mut Input<'_>,
        read: impl FnOnce(&mut Self, &mut Input<'_>, u32) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        let number = match self.header(input)? {
            Header::Seen(value) => return Ok(value),
            Header::Inline(number) => number,
        };
        let index = self.objects.len();
        self.objects.push(None);
        let value = input.nested(|input| read(self, input, number))?;
        self.objects[index] = Some(value.clone());
        Ok(value)
    }

    fn header(&self, input: &mut Input<'_>) -> Result<Header, Error> {
        let header = u29(input)?;
        let number = header >> 1;
        if header & 1 == 1 {
            return Ok(Header::Inline(number));
        }
        match self.objects.get(number as usize) {
            Some(Some(value)) => {
                let value = value.clone();
                input.count(value.size())?;
                Ok(Header::Seen(value))
            }
            _ => input.fail(ErrorKind::BadReference(number)),
        }
    }

    /// Named pairs up to an empty name.
    fn pairs(&mut self, input: &mut Input<'_>, object: &mut Object) -> Result<(), Error> {
        loop {
            let name = self.text(input)?;
            if name.is_empty() {
                return Ok(());
            }
            let value = self.value(input)?;
            object.push(&name, value);
        }
    }

    fn array(&mut self, input: &mut Input<'_>, dense: u32) -> Result<Value, Error> {
        let mut named = Object::new();
        self.pairs(input, &mut named)?;
        let mut items = Vec::new();
        for _ in 0..dense {
            items.push(self.value(input)?);
        }
        if named.is_empty() {
            return Ok(Value::StrictArray(items));
        }
        for (index, item) in items.into_iter().enumerate() {
            named.push(&index.to_string(), item);
        }
        Ok(Value::EcmaArray(named))
    }

    /// `number`: bit 0 set = traits inline; then bit 1 = externalizable, bit 2 = dynamic, the rest = member count.
    fn members(&mut self, input: &mut Input<'_>, number: u32) -> Result<Value, Error> {
        let traits = self.traits(input, number)?;
        let mut object = Object::new();
        for name in &traits.members {
            let value = self.value(input)?;
            object.push(name, value);
        }
        if traits.dynamic {
            self.pairs(input, &mut object)?;
        }
        Ok(match traits.class.as_str() {
            "" => Value::Object(object),
            class => Value::TypedObject(class.to_owned(), object),
        })
    }

    fn traits(&mut self, input: &mut Input<'_>, number: u32) -> Result<Traits, Error> {
        if number & 1 == 0 {
            let index = number >> 1;
            return match self.traits.get(index as usize).cloned() {
                Some(traits) => {
                    input.count(traits.members.len())?;
                    Ok(traits)
                }
                None => input.fail(ErrorKind::BadReference(index)),
            };
        }
        if number & 0b10 != 0 {
            return input.fail(ErrorKind::Externalizable);
        }
        let class = self.text(input)?;
        let mut members = Vec::new();
        for _ in 0..number >> 3 {
            input.count(1)?;
            members.push(self.text(input)?);
        }
        let traits = Traits { class, members, dynamic: number & 0b100 != 0 };
        self.traits.push(traits.clone());
        Ok(traits)
    }

    fn vector(&mut self, kind: u8, input: &mut Input<'_>, count: u32) -> Result<Value, Error> {
        input.u8()?; // "fixed length": of no use to a reader
        if kind == marker::VECTOR_OBJECT {
            self.text(input)?; // the class of the elements
        }
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(match kind {
                marker::VECTOR_OBJECT => self.value(input)?,
                _ => scalar(kind, input)?,
            });
        }
        Ok(Value::StrictArray(items))
    }

    fn dictionary(&mut self, input: &mut Input<'_>, count: u32) -> Result<Value, Error> {
        input.u8()?; // "weak keys"
        let mut pairs = Vec::new();
        for _ in 0..count {
            let key = self.value(input)?;
            pairs.push((key, self.value(input)?));
        }
        Ok(Value::Dictionary(pairs))
    }
}

/// A value that is in the object table but holds no other values.
fn plain(kind: u8, input: &mut Input<'_>, number: u32) -> Result<Value, Error> {
    Ok(match kind {
        marker::DATE => Value::Date(input.f64()?),
        marker::BYTE_ARRAY => Value::Bytes(input.take(number as usize)?.to_vec()),
        _ => Value::Xml(input.text(number as usize)?),
    })
}

fn scalar(kind: u8, input: &mut Input<'_>) -> Result<Value, Error> {
    input.count(1)?;
    Ok(Value::Number(match kind {
        marker::VECTOR_INT => f64::from(input.u32()? as i32),
        marker::VECTOR_UINT => f64::from(input.u32()?),
        marker::VECTOR_DOUBLE => input.f64()?,
        other => return input.fail(ErrorKind::UnknownMarker(other)),
    }))
}

fn u29(input: &mut Input<'_>) -> Result<u32, Error> {
    let mut number = 0;
    for _ in 0..3 {
        let byte = u32::from(input.u8()?);
        number = number << 7 | byte & 0x7f;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Ok(number << 8 | u32::from(input.u8()?))
}

/// The 29 bits of an AMF3 integer as a signed number.
fn sign_extend(number: u32) -> i32 {
    (number << 3) as i32 >> 3
}

/// Appends `value` to `out`, without using references: replies are small, and every reader takes inline values.
///
/// Whole numbers of up to 29 bits become integers, as ActionScript itself writes them. AMF3 has no
/// "unsupported" value; it is written as undefined.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) => encode_number(*number, out),
        Value::Boolean(boolean) => out.push(if *boolean { marker::TRUE } else { marker::FALSE }),
        Value::String(text) => {
            out.push(marker::STRING);
            encode_text(text, out);
        }
        Value::Null => out.push(marker::NULL),
        Value::Undefined | Value::Unsupported => out.push(marker::UNDEFINED),
        Value::Object(object) => encode_object("", object, out),
        Value::TypedObject(class, object) => encode_object(class, object, out),
        Value::EcmaArray(object) => {
            out.extend_from_slice(&[marker::ARRAY, 0x01]);
            encode_pairs(object, out);
        }
        Value::StrictArray(items) => {
            out.push(marker::ARRAY);
            encode_length(items.len(), out);
            encode_text("", out);
            items.iter().for_each(|item| encode(item, out));
        }
        Value::Date(ms) => {
            out.extend_from_slice(&[marker::DATE, 0x01]);
            out.extend_from_slice(&ms.to_be_bytes());
        }
        Value::Xml(text) => {
            out.push(marker::XML);
            encode_text(text, out);
        }
        Value::Bytes(bytes) => {
            out.push(marker::BYTE_ARRAY);
            encode_length(bytes.len(), out);
            out.extend_from_slice(bytes);
        }
        Value::Dictionary(pairs) => {
            out.push(marker::DICTIONARY);
            encode_length(pairs.len(), out);
            out.push(0);
            for (key, value) in pairs {
                encode(key, out);
                encode(value, out);
            }
        }
    }
}

const INTEGERS: std::ops::RangeInclusive<f64> = -268_435_456.0..=268_435_455.0;

fn encode_number(number: f64, out: &mut Vec<u8>) {
    let negative_zero = number == 0.0 && number.is_sign_negative();
    if number.fract() == 0.0 && INTEGERS.contains(&number) && !negative_zero {
        out.push(marker::INTEGER);
        encode_u29(number as i32 as u32 & 0x1fff_ffff, out);
    } else {
        out.push(marker::DOUBLE);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// An anonymous or typed object without sealed members: everything is dynamic.
fn encode_object(class: &str, object: &Object, out: &mut Vec<u8>) {
    out.extend_from_slice(&[marker::OBJECT, 0b1011]);
    encode_text(class, out);
    encode_pairs(object, out);
}

/// The empty name ends the list, so a member of that name can't be written and is left out.
fn encode_pairs(object: &Object, out: &mut Vec<u8>) {
    for (name, value) in object.iter().filter(|(name, _)| !name.is_empty()) {
        encode_text(name, out);
        encode(value, out);
    }
    encode_text("", out);
}

fn encode_text(text: &str, out: &mut Vec<u8>) {
    encode_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// A length or count with the "inline" bit.
fn encode_length(length: usize, out: &mut Vec<u8>) {
    encode_u29((length as u32) << 1 | 1, out);
}

fn encode_u29(number: u32, out: &mut Vec<u8>) {
    match number {
        0..0x80 => out.push(number as u8),
        0x80..0x4000 => out.extend_from_slice(&[(number >> 7) as u8 | 0x80, number as u8 & 0x7f]),
        0x4000..0x20_0000 => out.extend_from_slice(&[
            (number >> 14) as u8 | 0x80,
            (number >> 7) as u8 | 0x80,
            number as u8 & 0x7f,
        ]),
        _ => out.extend_from_slice(&[
            (number >> 22) as u8 | 0x80,
            (number >> 15) as u8 | 0x80,
            (number >> 8) as u8 | 0x80,
            number as u8,
        ]),
    }
}
