//! What botocore sends is understood as it was meant, and what we answer is what botocore was seen to read.
//!
//! `cargo xtask shapes` records the corpus; see `corpus/record.py`.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use std::path::PathBuf;

use http::{HeaderMap, HeaderName, HeaderValue};
use millrace_control::shape::{VERSION, model};
use serde_json::{Map, Value, json};

fn corpus(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

fn rows(name: &str) -> Vec<Map<String, Value>> {
    let text = std::fs::read_to_string(corpus(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn headers(of: &Value) -> HeaderMap {
    let header = |(name, value): (&String, &Value)| {
        let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
        (name.parse::<HeaderName>().unwrap(), value)
    };
    of.as_object().unwrap().iter().map(header).collect()
}

#[test]
fn every_request_of_botocore_is_understood() {
    let rows = rows("requests.jsonl");
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap();
        let routed = model().route(text("method"), text("path"), text("query")).unwrap();
        assert_eq!(routed.operation.name, text("operation"));
        let call = model().decode(routed, &headers(&row["headers"]), text("body").as_bytes());
        let call = call.unwrap_or_else(|fault| panic!("{}: {fault}", text("operation")));
        assert_eq!(Value::Object(call.input), row["input"], "{}", text("operation"));
        assert_eq!(call.version, VERSION);
    }
    for operation in model().operations() {
        assert_eq!(
            rows.iter().filter(|row| row["operation"] == operation.name).count(),
            2,
            "{}",
            operation.name
        );
    }
}

/// botocore read these very answers, so they may not change unseen. `MILLRACE_RECORD` writes those of today.
#[test]
fn every_answer_is_one_that_botocore_has_read() {
    let rows = rows("answers.jsonl");
    let answered = rows.iter().map(|row| {
        let (name, output) = (row["operation"].as_str().unwrap(), row["output"].as_object().unwrap());
        let encoded = model().encode(model().operation(name).unwrap(), VERSION, output);
        let headers: Vec<_> = encoded.headers.iter().map(|(name, value)| json!([name, value])).collect();
        json!({ "operation": name, "output": output, "status": encoded.status, "headers": headers,
                "body": encoded.body })
    });
    if std::env::var_os("MILLRACE_RECORD").is_some() {
        let text: String = answered.map(|answer| format!("{answer}\n")).collect();
        return std::fs::write(corpus("answers.jsonl"), text).unwrap();
    }
    for (answer, row) in answered.zip(&rows) {
        assert_eq!(answer, Value::Object(row.clone()), "{}", row["operation"]);
    }
    let answering = model().operations().iter().filter(|operation| !operation.output.is_empty());
    assert_eq!(rows.len(), 2 * answering.count());
}

/// Configurations come from `aws cloudfront get-…` and go into files and back.
#[test]
fn every_body_of_botocore_is_fine_as_json_too() {
    for row in rows("requests.jsonl") {
        let operation = model().operation(row["operation"].as_str().unwrap()).unwrap();
        let Some(member) = operation.body() else { continue };
        let (shape, value) = (model()[member.of].name, &row["input"][member.name]);
        assert_eq!(model().check(shape, value).as_ref(), Ok(value));
    }
}
