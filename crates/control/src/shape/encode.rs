//! The output of an operation to its answer.

use serde_json::{Map, Value};

use super::model::{Kind, Model, Operation, Place, ShapeId};
use super::scalar::is_xml;

/// An answer that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The HTTP status.
    pub status: u16,
    /// The headers that the output has, and `Content-Type` where there is a body. Values are visible ASCII.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty where there is none.
    pub body: String,
}

/// What all bodies begin with.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

impl Model {
    /// The answer that carries an output: `{"StreamingDistribution": {…}, "Location": "…", "ETag": "…"}`.
    ///
    /// Members are written in the model's order. What is null or of another type than the model's, or no member at
    /// all, is left out.
    #[must_use]
    pub fn encode(&self, operation: &Operation, version: &str, output: &Map<String, Value>) -> Encoded {
        let mut encoded = Encoded { status: operation.status, headers: Vec::new(), body: String::new() };
        for bound in &operation.output {
            let member = &bound.member;
            match (bound.place, output.get(member.name)) {
                (Place::Body, Some(value)) => {
                    encoded.headers.push(("Content-Type", "text/xml".to_owned()));
                    encoded.body = self.document(member.wire, member.of, version, value);
                }
                (Place::Header, Some(Value::String(text))) => {
                    let visible = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
                    encoded.headers.push((member.wire, text.chars().map(visible).collect()));
                }
                _ => {}
            }
        }
        encoded
    }

    /// A value as a whole document with this root element, as clients send it and servers answer it.
    #[must_use]
    pub fn document(&self, root: &str, of: ShapeId, version: &str, value: &Value) -> String {
        let mut out = String::with_capacity(1024);
        out.push_str(DECLARATION);
        let attribute = format!(" xmlns=\"{}\"", escaped(&namespace(version)));
        self.write(&mut out, root, &attribute, of, value);
        out
    }

    fn write(&self, out: &mut String, name: &str, attribute: &str, of: ShapeId, value: &Value) {
        let begin = |out: &mut String| out.extend(["<", name, attribute, ">"]);
        match (&self[of].kind, value) {
            (Kind::Structure(members), Value::Object(object)) => {
                begin(out);
                for member in members {
                    if let Some(value) = object.get(member.name) {
                        self.write(out, member.wire, "", member.of, value);
                    }
                }
            }
            (Kind::List { element, of, .. }, Value::Array(items)) => {
                begin(out);
                items.iter().for_each(|item| self.write(out, element, "", *of, item));
            }
            (Kind::Structure(_) | Kind::List { .. }, _) => return,
            (_, Value::String(text)) => {
                begin(out);
                escape(text, out);
            }
            (_, Value::Number(_) | Value::Bool(_)) => {
                begin(out);
                out.push_str(&value.to_string());
            }
            _ => return,
        }
        out.extend(["</", name, ">"]);
    }
}

/// The body of an answer that refuses, or that says that the server failed.
#[must_use]
pub fn encode_error(version: &str, status: u16, code: &str, message: &str, request_id: &str) -> String {
    let side = if (400..500).contains(&status) { "Sender" } else { "Receiver" };
    let namespace = namespace(version);
    let [namespace, code, message, request_id] = [&namespace, code, message, request_id].map(escaped);
    format!(
        "{DECLARATION}<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
}

fn namespace(version: &str) -> String {
    format!("http://cloudfront.amazonaws.com/doc/{version}/")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, &mut out);
    out
}

/// Appends text that any parser reads back as it was. What XML can't carry at all becomes the replacement character:
/// a name that somebody once got into the store must not make a whole list unreadable.
fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    // What needs nothing is most of it, and goes as a whole.
    while let Some(at) = rest.find(|c| matches!(c, '<' | '>' | '&' | '"' | '\r') || !is_xml(c)) {
        out.push_str(&rest[..at]);
        let mut others = rest[at..].chars();
        out.push_str(match others.next() {
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('&') => "&amp;",
            Some('"') => "&quot;",
            // A bare one would be read as a line feed.
            Some('\r') => "&#13;",
            _ => "\u{fffd}",
        });
        rest = others.as_str();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{VERSION, model};
    use serde_json::json;

    fn document(shape: &str, value: &Value) -> String {
        let document = model().document(shape, model().id_of(shape).unwrap(), VERSION, value);
        let root =
            format!("{DECLARATION}<{shape} xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">");
        document.strip_prefix(&root).unwrap().to_owned()
    }

    #[test]
    fn an_output_becomes_status_headers_and_a_body() {
        let output = json!({
            "CloudFrontOriginAccessIdentity": {
                "CloudFrontOriginAccessIdentityConfig": { "Comment": "", "CallerReference": "c" },
                "S3CanonicalUserId": "a<b", "Id": "E1", "Unknown": 1,
            },
            "Location": "https://a/é\r\nx: y", "ETag": "E2",
        });
        let operation = model().operation("CreateCloudFrontOriginAccessIdentity").unwrap();
        let encoded = model().encode(operation, "2012-05-05", output.as_object().unwrap());
        assert_eq!(encoded.status, 201);
        let headers = [("Content-Type", "text/xml"), ("Location", "https://a/???x: y"), ("ETag", "E2")];
        let sent: Vec<_> = encoded.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(sent, headers);
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CloudFrontOriginAccessIdentity \
            xmlns=\"http://cloudfront.amazonaws.com/doc/2012-05-05/\"><Id>E1</Id><S3CanonicalUserId>a&lt;b\
            </S3CanonicalUserId><CloudFrontOriginAccessIdentityConfig><CallerReference>c</CallerReference><Comment>\
            </Comment></CloudFrontOriginAccessIdentityConfig></CloudFrontOriginAccessIdentity>";
        assert_eq!(encoded.body, body);
    }

    #[test]
    fn what_was_deleted_has_no_body() {
        let operation = model().operation("DeleteDistribution").unwrap();
        let encoded = model().encode(operation, VERSION, &Map::new());
        assert_eq!(encoded, Encoded { status: 204, headers: Vec::new(), body: String::new() });
    }

    #[test]
    fn what_is_null_absent_or_of_another_type_is_left_out() {
        assert_eq!(
            document("Aliases", &json!({ "Quantity": null, "Items": [] })),
            "<Items></Items></Aliases>"
        );
        assert_eq!(document("Aliases", &json!({ "Items": "a", "Quantity": [1] })), "</Aliases>");
        let items = "<Quantity>2</Quantity><Items><CNAME>a</CNAME><CNAME>b</CNAME></Items></Aliases>";
        assert_eq!(document("Aliases", &json!({ "Items": ["a", null, "b", {}], "Quantity": 2 })), items);
    }

    #[test]
    fn no_text_breaks_an_answer() {
        let text = "]]>\r\n\u{0}\u{b}\u{fffe}&\"'";
        let escaped = "<Key>]]&gt;&#13;\n\u{fffd}\u{fffd}\u{fffd}&amp;&quot;'</Key></Tag>";
        assert_eq!(document("Tag", &json!({ "Key": text })), escaped);
    }

    #[test]
    fn errors_say_whose_fault_they_are() {
        let body = encode_error(VERSION, 412, "PreconditionFailed", "<&\u{1}>", "r-1");
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse \
            xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error><Type>Sender</Type><Code>\
            PreconditionFailed</Code><Message>&lt;&amp;\u{fffd}&gt;</Message></Error><RequestId>r-1</RequestId>\
            </ErrorResponse>";
        assert_eq!(body, expected);
        assert!(encode_error(VERSION, 503, "ServiceUnavailable", "", "").contains("<Type>Receiver</Type>"));
    }
}
