//! Reading what the shapes have made sure of.

use std::time::Duration;

use serde_json::Value;

/// The value at a path such as `S3Origin.DomainName`; null if it is not there.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// The text there, or none.
pub(crate) fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    at(value, path).as_str().unwrap_or_default()
}

/// Whether it is there and true.
pub(crate) fn flag(value: &Value, path: &str) -> bool {
    at(value, path).as_bool().unwrap_or(false)
}

/// The whole number there.
pub(crate) fn number(value: &Value, path: &str) -> Option<i64> {
    at(value, path).as_i64()
}

/// So many seconds; a negative number is none at all.
pub(crate) fn seconds(value: &Value, path: &str) -> Option<Duration> {
    number(value, path).map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

/// The items of a list with its quantity.
pub(crate) fn items<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    at(value, path).get("Items").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of such a list.
pub(crate) fn texts<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v str> {
    items(value, path).iter().filter_map(Value::as_str)
}

/// Puts `from` wherever `into` has nothing, all the way down. Lists are taken or left as a whole.
pub(crate) fn fill(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match into.get_mut(name) {
                    Some(there) if !there.is_null() => fill(there, value),
                    _ => {
                        into.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (into, from) if into.is_null() => *into = from.clone(),
        _ => {}
    }
}
