//! The JSON of a policy.

use super::{Policy, PolicyError, network, second};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// How much of serde's words is kept: they repeat names of fields, which may be long.
const LONGEST: usize = 200;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "Statement")]
    statement: Vec<Object<Statement>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Statement {
    #[serde(default, deserialize_with = "present")]
    resource: Option<String>,
    condition: Object<Condition>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Condition {
    date_less_than: Object<Time>,
    #[serde(default, deserialize_with = "present")]
    date_greater_than: Option<Object<Time>>,
    #[serde(default, deserialize_with = "present")]
    ip_address: Option<Object<Source>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    #[serde(rename = "AWS:EpochTime")]
    seconds: u64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(rename = "AWS:SourceIp")]
    network: String,
}

/// Braces with named fields. Serde would take brackets with the bare values as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Braces(PhantomData))
    }
}

struct Braces<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Braces<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object in braces")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A field that may be left out, but is not `null`: that would be read as no condition.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

pub(super) fn read(bytes: &[u8]) -> Result<Policy, PolicyError> {
    let Object(document) =
        serde_json::from_slice::<Object<Document>>(bytes).map_err(|error| words(&error))?;
    let count = document.statement.len();
    let Ok([Object(statement)]) = <[_; 1]>::try_from(document.statement) else {
        return Err(PolicyError::Statements(count));
    };
    let Object(condition) = statement.condition;
    let source = condition.ip_address.map(|Object(source)| source.network);
    let from = condition.date_greater_than.map(|Object(time)| second("DateGreaterThan", time.seconds));
    Ok(Policy {
        resource: statement.resource,
        expires: second("DateLessThan", condition.date_less_than.0.seconds)?,
        not_before: from.transpose()?,
        network: source.map(|text| network(&text).ok_or(PolicyError::Network(text))).transpose()?,
    })
}

fn words(error: &serde_json::Error) -> PolicyError {
    let text = error.to_string();
    let cut: String = text.chars().take(LONGEST).flat_map(shown).collect();
    PolicyError::Json(if text.chars().nth(LONGEST).is_some() { format!("{cut}…") } else { cut })
}

/// Quotes are part of serde's own words; what would break a line or a terminal is not.
fn shown(letter: char) -> impl Iterator<Item = char> {
    let escaped = letter.escape_debug();
    let is_plain = matches!(letter, '"' | '\'' | '\\');
    is_plain.then_some(letter).into_iter().chain(escaped.take(if is_plain { 0 } else { 12 }))
}

pub(super) fn write(policy: &Policy) -> String {
    let mut json = String::from(r#"{"Statement":[{"#);
    if let Some(resource) = &policy.resource {
        json.push_str(&format!(r#""Resource":{},"#, quoted(resource)));
    }
    json.push_str(&format!(r#""Condition":{{"DateLessThan":{{"AWS:EpochTime":{}}}"#, policy.expires));
    if let Some(network) = &policy.network {
        json.push_str(&format!(r#","IpAddress":{{"AWS:SourceIp":"{network}"}}"#));
    }
    if let Some(from) = policy.not_before {
        json.push_str(&format!(r#","DateGreaterThan":{{"AWS:EpochTime":{from}}}"#));
    }
    json.push_str("}}]}");
    json
}

/// A string of JSON as `JSON.stringify` writes it: only what has to be escaped is.
pub(in super::super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
