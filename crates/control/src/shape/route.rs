//! Which operation a request means.
//!
//! ```text
//! /2020-05-31/distribution/E1/config ?WithTags
//!  version    literal      label literal
//! ```
//!
//! The version is a label: all versions mean the same operations. Clients of the last fifteen years write theirs.

use percent_encoding::percent_decode_str;

use super::model::{Model, Operation, Segment};
use super::path::quoted;
use super::{Fault, VERSION};

/// A request whose operation is known; its input is not yet.
#[derive(Debug, Clone)]
pub struct Routed {
    /// What is asked for.
    pub operation: &'static Operation,
    /// The date in the path.
    pub version: String,
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) query: Vec<(String, String)>,
}

/// The version in a path, or else [`VERSION`]: what to answer in, whatever becomes of the request.
#[must_use]
pub fn version_in(path: &str) -> &str {
    split(path).map_or(VERSION, |(version, _)| version)
}

/// The version and what follows it.
fn split(path: &str) -> Option<(&str, &str)> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    is_date(version).then_some((version, rest))
}

fn is_date(text: &str) -> bool {
    let within = |part: &str, most: u8| part.parse::<u8>().is_ok_and(|number| (1..=most).contains(&number));
    let form = |(index, byte): (usize, u8)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10
        && text.bytes().enumerate().all(form)
        && within(&text[5..7], 12)
        && within(&text[8..], 31)
}

impl Model {
    /// Which operation a request means, from its method, its path as it was on the wire, and its query without the
    /// question mark. The body is not looked at.
    ///
    /// # Errors
    /// `UnknownOperation` when there is nothing at the path, `MethodNotAllowed` when the path knows other methods only,
    /// `InvalidArgument` when the query is not one that an operation at the path takes.
    pub fn route(&'static self, method: &str, path: &str, query: &str) -> Result<Routed, Fault> {
        let asked = || format!("{} {}", quoted(method), quoted(path));
        let Some((version, rest)) = split(path) else {
            let why = format!("{}: paths begin with a version, such as /{VERSION}/distribution", asked());
            return Err(Fault::new("UnknownOperation", why));
        };
        let segments: Vec<&str> = rest.split('/').collect();
        let there: Vec<&'static Operation> =
            self.operations().iter().filter(|operation| leads_to(operation, &segments)).collect();
        if there.is_empty() {
            let why = format!("{}: there is no operation at this path", asked());
            return Err(Fault::new("UnknownOperation", why));
        }
        let candidates: Vec<_> = there.iter().filter(|operation| operation.method == method).collect();
        if candidates.is_empty() {
            let mut known: Vec<_> = there.iter().map(|operation| operation.method).collect();
            known.sort_unstable();
            known.dedup();
            let why = format!("{}: this path takes {}", asked(), known.join(", "));
            return Err(Fault::new("MethodNotAllowed", why));
        }
        let query = parameters(query)?;
        // What wants more of the query comes first: `?WithTags` is another operation than none.
        let fitting = candidates.iter().filter(|operation| is_asked_by(operation, &query));
        let Some(operation) = fitting.max_by_key(|operation| operation.query.len()) else {
            let wanted: Vec<_> = candidates.iter().map(|operation| wanted(operation)).collect();
            return Err(Fault::argument(format!("{}: the query lacks {}", asked(), wanted.join(" or "))));
        };
        let labels = labels(operation, &segments)?;
        Ok(Routed { operation, version: version.to_owned(), labels, query })
    }
}

fn leads_to(operation: &Operation, segments: &[&str]) -> bool {
    operation.path.len() == segments.len()
        && operation.path.iter().zip(segments).all(|(expected, segment)| match expected {
            Segment::Literal(word) => word == segment,
            Segment::Label(_) => !segment.is_empty(),
        })
}

fn is_asked_by(operation: &Operation, query: &[(String, String)]) -> bool {
    operation
        .query
        .iter()
        .all(|(key, value)| query.iter().any(|(k, v)| k == key && value.is_none_or(|value| value == v)))
}

/// The query an operation needs, as one would write it.
fn wanted(operation: &Operation) -> String {
    let parameter = |(key, value): &(&str, Option<&str>)| match value {
        Some(value) => format!("{key}={value}"),
        None => (*key).to_owned(),
    };
    operation.query.iter().map(parameter).collect::<Vec<_>>().join("&")
}

fn labels(operation: &Operation, segments: &[&str]) -> Result<Vec<(&'static str, String)>, Fault> {
    let mut labels = Vec::new();
    for (expected, segment) in operation.path.iter().zip(segments) {
        if let Segment::Label(name) = expected {
            labels.push((*name, decoded(segment)?));
        }
    }
    Ok(labels)
}

/// The parameters of a query. A plus sign is a blank, as it is where the signature is checked.
fn parameters(query: &str) -> Result<Vec<(String, String)>, Fault> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decoded(&key.replace('+', " "))?, decoded(&value.replace('+', " "))?))
        })
        .collect()
}

fn decoded(text: &str) -> Result<String, Fault> {
    let decoded = percent_decode_str(text).decode_utf8();
    let wrong = |_| Fault::argument(format!("{}, percent-decoded, is not UTF-8", quoted(text)));
    decoded.map(std::borrow::Cow::into_owned).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::model;

    fn name(method: &str, path: &str, query: &str) -> &'static str {
        model().route(method, path, query).unwrap().operation.name
    }

    fn fault(method: &str, path: &str, query: &str) -> Fault {
        model().route(method, path, query).unwrap_err()
    }

    #[test]
    fn method_path_and_query_say_what_is_meant() {
        let known = [
            ("POST", "/2020-05-31/distribution", "", "CreateDistribution"),
            ("GET", "/2020-05-31/distribution", "Marker=a&MaxItems=1", "ListDistributions"),
            ("POST", "/2020-05-31/distribution", "WithTags", "CreateDistributionWithTags"),
            ("POST", "/2020-05-31/distribution", "WithTags=", "CreateDistributionWithTags"),
            ("POST", "/2016-08-01/streaming-distribution", "WithTags", "CreateStreamingDistributionWithTags"),
            ("GET", "/2010-07-15/streaming-distribution/E1", "", "GetStreamingDistribution"),
            ("PUT", "/2020-05-31/key-group/K1", "", "UpdateKeyGroup"),
            ("PUT", "/2020-05-31/public-key/K1/config", "", "UpdatePublicKey"),
            ("GET", "/2020-05-31/distribution/E1/invalidation/I1", "", "GetInvalidation"),
            ("POST", "/2020-05-31/tagging", "Operation=Tag&Resource=arn%3Aaws", "TagResource"),
            ("POST", "/2020-05-31/tagging", "Resource=a&Operation=Untag", "UntagResource"),
            ("GET", "/2020-05-31/tagging", "Resource=a", "ListTagsForResource"),
        ];
        for (method, path, query, operation) in known {
            assert_eq!(name(method, path, query), operation, "{method} {path}?{query}");
        }
    }

    #[test]
    fn parameters_and_labels_are_decoded_once() {
        let routed = model().route("GET", "/2020-05-31/distribution/E%2F1%2520", "a%26=%2B+%20&b").unwrap();
        assert_eq!(routed.labels, [("Id", "E/1%20".to_owned())]);
        let pairs = [("a&", "+  "), ("b", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(routed.query, pairs);
    }

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        for path in
            ["", "/", "/distribution", "/2020-13-01/distribution", "/2020-5-31/distribution", "/2020-05-31"]
        {
            assert_eq!(fault("GET", path, "").code, "UnknownOperation", "{path}");
        }
        for rest in
            ["", "function", "distribution/", "distribution//config", "Distribution", "key-group/K/config/x"]
        {
            let fault = fault("GET", &format!("/2020-05-31/{rest}"), "");
            assert_eq!((fault.code, fault.status()), ("UnknownOperation", 404), "{rest}");
            assert!(fault.message.contains("\"GET\"") && fault.message.contains(rest), "{fault}");
        }
        let wrong = fault("PATCH", "/2020-05-31/distribution/E1", "");
        assert_eq!((wrong.code, wrong.status()), ("MethodNotAllowed", 405));
        assert!(wrong.message.ends_with("DELETE, GET"), "{wrong}");
        let wrong = fault("POST", "/2020-05-31/tagging", "Operation=tag");
        assert_eq!(wrong.code, "InvalidArgument");
        assert!(wrong.message.ends_with("the query lacks Operation=Tag or Operation=Untag"), "{wrong}");
        assert_eq!(fault("GET", "/2020-05-31/distribution/%ff", "").code, "InvalidArgument");
    }

    #[test]
    fn the_version_of_any_path_is_known() {
        assert_eq!(version_in("/2012-05-05/anything"), "2012-05-05");
        for path in ["/x/2012-05-05/", "2012-05-05/a", "/2012-05-0ä/", "/+012-05-05/"] {
            assert_eq!(version_in(path), VERSION, "{path}");
        }
    }
}
