//! Values without parts: text, numbers, booleans, moments.

use serde_json::{Number, Value};

use super::model::{Kind, Limits, Shape};
use super::path::quoted;

/// What is wrong with a value; where it is, the caller knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It can't be read as what it should be.
    Form(String),
    /// It can be read, but is not allowed.
    Value(String),
}

/// Reads a value as it is on the wire. Blanks around anything but text are the writer's layout.
pub(super) fn read(shape: &Shape, text: &str) -> Result<Value, Wrong> {
    let bare = text.trim_matches([' ', '\t', '\r', '\n']);
    let no = |what: &str| Wrong::Form(format!("{} is not {what}", quoted(text)));
    let value = match &shape.kind {
        Kind::String(_) => Value::from(text),
        Kind::Enum(_) => Value::from(bare),
        Kind::Integer(_) => Value::from(bare.parse::<i32>().map_err(|_| no("a whole number of 32 bits"))?),
        Kind::Long(_) => Value::from(bare.parse::<i64>().map_err(|_| no("a whole number of 64 bits"))?),
        Kind::Double(_) => {
            let number = bare.parse::<f64>().ok().and_then(Number::from_f64);
            Value::from(number.ok_or_else(|| no("a number"))?)
        }
        Kind::Boolean => match bare {
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => return Err(no("true or false")),
        },
        Kind::Timestamp => Value::from(moment(bare).ok_or_else(|| no(MOMENT))?),
        Kind::Structure(_) | Kind::List { .. } => return Err(no("what belongs here: it has parts")),
    };
    allow(shape, &value)?;
    Ok(value)
}

/// Sees that a JSON value is one of the shape, and gives it in the form in which [`read`] would have.
pub(super) fn checked(shape: &Shape, value: &Value) -> Result<Value, Wrong> {
    let no = |what: &str| {
        let hint = match value {
            Value::Number(_) | Value::Bool(_) => "; quotes around it would make it one",
            _ => "",
        };
        Wrong::Form(format!("{} is not {what}{}", shown(value), if what == "text" { hint } else { "" }))
    };
    let checked = match (&shape.kind, value) {
        (Kind::String(_) | Kind::Enum(_), Value::String(text)) => {
            if let Some(bad) = text.chars().find(|c| !is_xml(*c)) {
                return Err(Wrong::Value(format!(
                    "the character U+{:04X} can't be part of it",
                    u32::from(bad)
                )));
            }
            value.clone()
        }
        (Kind::String(_) | Kind::Enum(_), _) => return Err(no("text")),
        (Kind::Integer(_), _) => {
            let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
            Value::from(number.ok_or_else(|| no("a whole number of 32 bits"))?)
        }
        (Kind::Long(_), _) => Value::from(value.as_i64().ok_or_else(|| no("a whole number of 64 bits"))?),
        (Kind::Double(_), _) => Value::from(value.as_f64().ok_or_else(|| no("a number"))?),
        (Kind::Boolean, Value::Bool(_)) => value.clone(),
        (Kind::Boolean, _) => return Err(no("true or false")),
        (Kind::Timestamp, _) => Value::from(value.as_str().and_then(moment).ok_or_else(|| no(MOMENT))?),
        (Kind::Structure(_) | Kind::List { .. }, _) => return Err(no("what belongs here: it has parts")),
    };
    allow(shape, &checked)?;
    Ok(checked)
}

/// What a JSON value is, in a message.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// Whether limits are kept and words are known.
fn allow(shape: &Shape, value: &Value) -> Result<(), Wrong> {
    match (&shape.kind, value) {
        (Kind::Enum(words), Value::String(text)) if !words.contains(&text.as_str()) => {
            Err(Wrong::Value(format!("{} is none of {}", quoted(text), words.join(", "))))
        }
        (Kind::String(limits), Value::String(text)) => {
            within(*limits, text.chars().count() as f64, "characters")
        }
        (Kind::Integer(limits) | Kind::Long(limits) | Kind::Double(limits), Value::Number(number)) => {
            within(*limits, number.as_f64().unwrap_or(f64::NAN), "")
        }
        _ => Ok(()),
    }
}

/// Whether a number is within limits. `of` is what is counted; nothing where the number is the value itself.
pub(super) fn within(limits: Limits, number: f64, of: &str) -> Result<(), Wrong> {
    if limits.allow(number) {
        return Ok(());
    }
    let range = match (limits.least, limits.most) {
        (Some(least), Some(most)) if least == most => format!("{least}"),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (_, most) => format!("at most {}", most.unwrap_or_default()),
    };
    let subject = if of.is_empty() { format!("{number}") } else { format!("{number} {of}") };
    Err(Wrong::Value(format!("{subject} where {range} can be")))
}

const MOMENT: &str = "a moment in UTC such as 2012-05-19T19:37:58.000Z";

/// A moment as ISO 8601 has it, in UTC, to the millisecond.
fn moment(text: &str) -> Option<String> {
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"))?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let is_form = seconds.len() == 19
        && seconds.bytes().zip(*b"0000-00-00T00:00:00").all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        });
    if !digits || !is_form {
        return None;
    }
    let part = |range: std::ops::Range<usize>| seconds[range].parse::<u32>().unwrap_or(u32::MAX);
    let days = days(part(0..4), part(5..7));
    let is_there =
        (1..=days).contains(&part(8..10)) && part(11..13) < 24 && part(14..16) < 60 && part(17..19) < 60;
    let millis: String = fraction.chars().chain("00".chars()).take(3).collect();
    is_there.then(|| format!("{seconds}.{millis}Z"))
}

/// How many days a month has; none if it is none.
const fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// Whether XML 1.0 can carry a character.
pub(super) const fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::model;
    use serde_json::json;

    fn shape(name: &str) -> &'static Shape {
        model().shape(name).unwrap()
    }

    #[test]
    fn text_is_read_as_what_it_should_be() {
        let known = [
            ("string", " a\n", json!(" a\n")),
            ("PriceClass", "\n PriceClass_All\t", json!("PriceClass_All")),
            ("integer", " -7 ", json!(-7)),
            ("long", "9223372036854775807", json!(i64::MAX)),
            ("double", "1e2", json!(100.0)),
            ("boolean", " true", json!(true)),
            ("timestamp", "2012-05-19T19:37:58Z", json!("2012-05-19T19:37:58.000Z")),
            ("timestamp", "2024-02-29T00:00:00.123456+00:00", json!("2024-02-29T00:00:00.123Z")),
            ("TagKey", "k", json!("k")),
            ("SamplingRate", "100", json!(100.0)),
        ];
        for (name, text, value) in known {
            assert_eq!(read(shape(name), text), Ok(value.clone()), "{name} {text:?}");
            assert_eq!(checked(shape(name), &value), Ok(value), "{name}");
        }
    }

    #[test]
    fn what_can_not_be_read_is_told_from_what_is_not_allowed() {
        let unreadable = [
            ("integer", "2147483648"),
            ("integer", ""),
            ("integer", "1.0"),
            ("long", "9223372036854775808"),
            ("double", "NaN"),
            ("double", "inf"),
            ("boolean", "True"),
            ("timestamp", "2023-02-29T00:00:00Z"),
            ("timestamp", "2023-02-28T24:00:00Z"),
            ("timestamp", "2023-02-28T00:00:00."),
            ("timestamp", "1700000000"),
            ("Aliases", "a"),
        ];
        for (name, text) in unreadable {
            assert!(matches!(read(shape(name), text), Err(Wrong::Form(_))), "{name} {text:?}");
            assert!(checked(shape(name), &json!(text)).is_err(), "{name} {text:?}");
        }
        let forbidden = [
            ("PriceClass", "all", "\"all\" is none of PriceClass_100, PriceClass_200, PriceClass_All, None"),
            ("TagKey", "", "0 characters where 1 to 128 can be"),
            ("SamplingRate", "100.5", "100.5 where 0 to 100 can be"),
        ];
        for (name, text, why) in forbidden {
            assert_eq!(read(shape(name), text), Err(Wrong::Value(why.to_owned())), "{name} {text:?}");
        }
    }

    #[test]
    fn json_has_to_be_of_the_right_type() {
        let wrong = [
            ("string", json!(123), "123 is not text; quotes around it would make it one"),
            ("string", json!([1]), "a list is not text"),
            ("integer", json!(1.5), "1.5 is not a whole number of 32 bits"),
            ("integer", json!("1"), "\"1\" is not a whole number of 32 bits"),
            ("boolean", json!("true"), "\"true\" is not true or false"),
        ];
        for (name, value, why) in wrong {
            assert_eq!(checked(shape(name), &value), Err(Wrong::Form(why.to_owned())));
        }
        let why = "the character U+0001 can't be part of it".to_owned();
        assert_eq!(checked(shape("string"), &json!("a\u{1}")), Err(Wrong::Value(why)));
        assert_eq!(checked(shape("double"), &json!(5)), Ok(json!(5.0)));
    }
}
