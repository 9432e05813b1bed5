//! A request to the input of its operation.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::hint;
use super::model::{Kind, Member, Model, Place, Shape, ShapeId};
use super::path::{Path, quoted};
use super::scalar::{self, Wrong};
use super::xml::{self, Element};
use super::{Call, Fault, Routed};

impl Model {
    /// The whole input of a request.
    ///
    /// # Errors
    /// `MissingBody`, `MalformedXML` when the body is not of the operation's shape, `InvalidArgument` when a value is
    /// not one that can be, `InconsistentQuantities` when a list is not as long as it says. The message names the
    /// member.
    pub fn decode(&'static self, routed: Routed, headers: &HeaderMap, body: &[u8]) -> Result<Call, Fault> {
        let Routed { operation, version, labels, query } = routed;
        let mut input = Map::new();
        for bound in &operation.input {
            let member = &bound.member;
            let value = match bound.place {
                Place::Label => {
                    let label = labels.iter().find(|(name, _)| *name == member.wire);
                    label.map(|(_, text)| self.parameter(member, text)).transpose()?
                }
                Place::Query => {
                    single(&query, member)?.map(|text| self.parameter(member, text)).transpose()?
                }
                Place::Header => header(headers, member)?,
                Place::Body => self.body(member, body)?,
            };
            match value {
                Some(value) => _ = input.insert(member.name.to_owned(), value),
                None if member.required => {
                    return Err(Fault::argument(format!("{} is missing", member.name)));
                }
                None => {}
            }
        }
        Ok(Call { operation, input, version })
    }

    /// A value from the path or the query.
    fn parameter(&self, member: &Member, text: &str) -> Result<Value, Fault> {
        let refused = |why: String| Fault::argument(format!("{}: {why}", member.name));
        // A string in the model, for whatever reason.
        let is_count = member.name == "MaxItems";
        if is_count && !(text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u32>().is_ok()) {
            return Err(refused(format!("{} is not a number of items", quoted(text))));
        }
        // Else it could come back in no body.
        if let Some(bad) = text.chars().find(|c| !scalar::is_xml(*c)) {
            return Err(refused(format!("the character U+{:04X} can't be part of it", u32::from(bad))));
        }
        let (Wrong::Form(why) | Wrong::Value(why)) = match scalar::read(&self[member.of], text) {
            Ok(value) => return Ok(value),
            Err(wrong) => wrong,
        };
        Err(refused(why))
    }

    /// Reads a document of a shape, whatever its root element is called: what [`Model::document`] wrote.
    ///
    /// # Errors
    /// As [`Model::decode`].
    pub fn read(&self, shape: &str, document: &[u8]) -> Result<Value, Fault> {
        let of = self.id_of(shape).ok_or_else(|| Fault::argument(format!("there is no shape {shape}")))?;
        let root = xml::parse(document)?;
        let root = root.ok_or_else(|| Fault::new("MissingBody", format!("There has to be a {shape}")))?;
        self.element(of, &root, Path::root(shape))
    }

    fn body(&self, member: &Member, body: &[u8]) -> Result<Option<Value>, Fault> {
        let Some(root) = xml::parse(body)? else {
            return match member.required {
                true => Err(Fault::new("MissingBody", format!("The body has to be a {}", member.wire))),
                false => Ok(None),
            };
        };
        if root.name != member.wire {
            let (is, wanted) = (quoted(&root.name), member.wire);
            return Err(Fault::malformed(format!("The body's root element is {is}; it has to be {wanted}")));
        }
        self.element(member.of, &root, Path::root(member.name)).map(Some)
    }

    fn element(&self, of: ShapeId, element: &Element, path: Path<'_>) -> Result<Value, Fault> {
        let shape = &self[of];
        if shape.kind.is_compound() && !element.text.trim_ascii().is_empty() {
            let text = quoted(element.text.trim_ascii());
            return Err(Fault::malformed(format!("{path}: {text} stands where only elements can")));
        }
        match &shape.kind {
            Kind::Structure(members) => self.structure(shape, members, element, path),
            Kind::List { element: name, of, limits } => {
                let items = self.list(name, *of, element, path)?;
                let count = scalar::within(*limits, items.len() as f64, "items");
                count.map_err(|wrong| refused(path, wrong))?;
                Ok(Value::Array(items))
            }
            _ => match element.children.first() {
                Some(child) => {
                    let name = quoted(&child.name);
                    Err(Fault::malformed(format!(
                        "{path}: there is an element {name} where only text can be"
                    )))
                }
                None => scalar::read(shape, &element.text).map_err(|wrong| refused(path, wrong)),
            },
        }
    }

    fn structure(
        &self,
        shape: &Shape,
        members: &[Member],
        element: &Element,
        path: Path<'_>,
    ) -> Result<Value, Fault> {
        let mut object = Map::new();
        for child in &element.children {
            let Some(member) = members.iter().find(|member| member.wire == child.name) else {
                self.pass_over(shape, members, child, path)?;
                continue;
            };
            let here = path.member(member.name);
            let value = self.element(member.of, child, here)?;
            if object.insert(member.name.to_owned(), value).is_some() {
                return Err(Fault::malformed(format!("{here} is there more than once")));
            }
        }
        let missing = |member: &&Member| member.required && !object.contains_key(member.name);
        if let Some(member) = members.iter().find(missing) {
            return Err(Fault::malformed(format!("{} is missing", path.member(member.name))));
        }
        agree_on_quantity(&object, path)?;
        Ok(Value::Object(object))
    }

    /// Clients may be newer than this server, so what is not known is no fault, unless it is known from earlier.
    fn pass_over(
        &self,
        shape: &Shape,
        members: &[Member],
        child: &Element,
        path: Path<'_>,
    ) -> Result<(), Fault> {
        let here = path.member(&child.name);
        if let Some(to) = hint::moved(shape.name, &child.name) {
            return Err(Fault::malformed(format!("{here}: since version 2012-05-05 this goes into {to}")));
        }
        for member in members {
            match self[member.of].kind {
                Kind::List { element, .. } if element == child.name => {
                    return Err(Fault::malformed(format!(
                        "{here} has to be in {}",
                        path.member(member.wire)
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Nothing unknown is passed over in a list: its items are all there is in it.
    fn list(&self, name: &str, of: ShapeId, list: &Element, path: Path<'_>) -> Result<Vec<Value>, Fault> {
        let item = |(index, child): (usize, &Element)| {
            if child.name == name {
                return self.element(of, child, path.item(index));
            }
            let is = quoted(&child.name);
            Err(Fault::malformed(format!("{path}: each element of it has to be {name}, and one is {is}")))
        };
        list.children.iter().enumerate().map(item).collect()
    }
}

/// The only parameter of a name.
fn single<'q>(query: &'q [(String, String)], member: &Member) -> Result<Option<&'q str>, Fault> {
    let mut values = query.iter().filter(|(key, _)| key == member.wire).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Fault::argument(format!("{} is in the query more than once", member.wire))),
        (value, None) => Ok(value),
    }
}

/// The only header that goes into a call is If-Match, whose garbled values have a code of their own.
fn header(headers: &HeaderMap, member: &Member) -> Result<Option<Value>, Fault> {
    let Some(value) = headers.get(member.wire) else { return Ok(None) };
    let text = value.to_str().map_err(|_| {
        Fault::new("InvalidIfMatchVersion", format!("The header {} has to be plain ASCII", member.wire))
    })?;
    Ok(Some(Value::from(text.trim())))
}

pub(super) fn refused(path: Path<'_>, wrong: Wrong) -> Fault {
    match wrong {
        Wrong::Form(why) => Fault::malformed(format!("{path}: {why}")),
        Wrong::Value(why) => Fault::argument(format!("{path}: {why}")),
    }
}

/// Where a list says how long it is, it has to be as long.
pub(super) fn agree_on_quantity(object: &Map<String, Value>, path: Path<'_>) -> Result<(), Fault> {
    let Some(quantity) = object.get("Quantity").and_then(Value::as_i64) else { return Ok(()) };
    let items = object.get("Items").and_then(Value::as_array).map_or(0, Vec::len);
    if usize::try_from(quantity) == Ok(items) {
        return Ok(());
    }
    let why = format!("{path}: Quantity is {quantity}, but the number of Items is {items}");
    Err(Fault::new("InconsistentQuantities", why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::model;
    use serde_json::json;

    const GOOD: &str = "<StreamingDistributionConfig><CallerReference>c</CallerReference><S3Origin><DomainName>\
        b.s3.amazonaws.com</DomainName><OriginAccessIdentity/></S3Origin><Comment/><TrustedSigners><Enabled>true\
        </Enabled><Quantity>1</Quantity><Items><AwsAccountNumber>self</AwsAccountNumber></Items></TrustedSigners>\
        <Enabled>true</Enabled></StreamingDistributionConfig>";

    fn call(method: &str, target: &str, headers: &[(&'static str, &str)], body: &str) -> Result<Call, Fault> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let routed = model().route(method, &format!("/2020-05-31/{path}"), query)?;
        let header = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        model().decode(routed, &headers.iter().map(header).collect(), body.as_bytes())
    }

    fn create(body: &str) -> Result<Call, Fault> {
        call("POST", "streaming-distribution", &[], body)
    }

    /// What is said of a good body in which something was put in another's place.
    fn wrong(from: &str, to: &str) -> (&'static str, String) {
        assert!(GOOD.contains(from), "{from}");
        let Fault { code, message } = create(&GOOD.replace(from, to)).unwrap_err();
        (code, message)
    }

    #[test]
    fn a_body_becomes_a_member_of_the_input() {
        let config = json!({
            "CallerReference": "c",
            "S3Origin": { "DomainName": "b.s3.amazonaws.com", "OriginAccessIdentity": "" },
            "Comment": "",
            "TrustedSigners": { "Enabled": true, "Quantity": 1, "Items": ["self"] },
            "Enabled": true,
        });
        assert_eq!(
            Value::Object(create(GOOD).unwrap().input),
            json!({ "StreamingDistributionConfig": config })
        );
    }

    #[test]
    fn path_query_and_headers_become_members_too() {
        let update = call("DELETE", "distribution/E%201", &[("if-match", " E2Q ")], "").unwrap();
        assert_eq!(Value::Object(update.input), json!({ "Id": "E 1", "IfMatch": "E2Q" }));
        let list = call("GET", "cache-policy?Type=custom&MaxItems=5&Marker=a%2Fb&x=y", &[], "").unwrap();
        let input = json!({ "Type": "custom", "MaxItems": "5", "Marker": "a/b" });
        assert_eq!(Value::Object(list.input), input);
    }

    #[test]
    fn parameters_that_can_not_be_are_refused() {
        let wrong = [
            ("distribution?MaxItems=ten", "MaxItems: \"ten\" is not a number of items"),
            ("distribution?MaxItems=", "MaxItems: \"\" is not a number of items"),
            ("distribution?MaxItems=%2B5", "MaxItems: \"+5\" is not a number of items"),
            ("distribution?MaxItems=99999999999", "MaxItems: \"99999999999\" is not a number of items"),
            ("distribution?Marker=a&Marker=b", "Marker is in the query more than once"),
            ("distribution?Marker=%00", "Marker: the character U+0000 can't be part of it"),
            ("cache-policy?Type=mine", "Type: \"mine\" is none of managed, custom"),
            ("tagging", "Resource is missing"),
        ];
        for (target, why) in wrong {
            let fault = call("GET", target, &[], "").unwrap_err();
            assert_eq!((fault.code, fault.message.as_str()), ("InvalidArgument", why));
        }
        let fault = call("DELETE", "distribution/E1", &[("if-match", "é")], "").unwrap_err();
        assert_eq!(fault.code, "InvalidIfMatchVersion");
    }

    #[test]
    fn what_is_missing_is_named() {
        let path = "StreamingDistributionConfig.S3Origin.DomainName is missing".to_owned();
        assert_eq!(wrong("<DomainName>b.s3.amazonaws.com</DomainName>", ""), ("MalformedXML", path));
        let path = "StreamingDistributionConfig.TrustedSigners.Quantity is missing".to_owned();
        assert_eq!(wrong("<Quantity>1</Quantity>", ""), ("MalformedXML", path));
        let (code, message) = wrong("<Enabled>true</Enabled></Str", "</Str");
        assert_eq!(
            (code, message.as_str()),
            ("MalformedXML", "StreamingDistributionConfig.Enabled is missing")
        );
        for empty in ["", "\n", "\u{feff}"] {
            let Fault { code, message } = create(empty).unwrap_err();
            let why = "The body has to be a StreamingDistributionConfig";
            assert_eq!((code, message.as_str()), ("MissingBody", why));
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let known = [
            ("<Comment/>", "<Comment/><Comment/>", "Comment is there more than once"),
            (
                "<Comment/>",
                "<Comment><b/></Comment>",
                "Comment: there is an element \"b\" where only text can be",
            ),
            ("<Comment/>", "<Comment/>oh", ": \"oh\" stands where only elements can"),
            (">true</Enabled></Str", ">yes</Enabled></Str", "Enabled: \"yes\" is not true or false"),
            (
                "<AwsAccountNumber>self</AwsAccountNumber>",
                "<member>self</member>",
                "TrustedSigners.Items: each element of it has to be AwsAccountNumber, and one is \"member\"",
            ),
        ];
        for (from, to, why) in known {
            let (code, message) = wrong(from, to);
            assert_eq!(code, "MalformedXML");
            let message = message.strip_prefix("StreamingDistributionConfig").unwrap();
            assert_eq!(message.trim_start_matches('.'), why);
        }
        let (_, message) = wrong("StreamingDistributionConfig>", "DistributionConfig>");
        assert!(
            message.ends_with("is \"DistributionConfig\"; it has to be StreamingDistributionConfig"),
            "{message}"
        );
    }

    #[test]
    fn values_that_can_not_be_are_another_matter() {
        let (code, message) = wrong("<Comment/>", "<Comment/><PriceClass>cheap</PriceClass>");
        assert_eq!(code, "InvalidArgument");
        let why = "StreamingDistributionConfig.PriceClass: \"cheap\" is none of PriceClass_100,";
        assert!(message.starts_with(why), "{message}");
    }

    #[test]
    fn a_list_is_as_long_as_it_says() {
        for (quantity, more) in [(2, ""), (-1, ""), (1, "<AwsAccountNumber/>")] {
            let to = format!("<Quantity>{quantity}</Quantity><Items>{more}");
            let (code, message) = wrong("<Quantity>1</Quantity><Items>", &to);
            let items = if more.is_empty() { 1 } else { 2 };
            let why = format!("Quantity is {quantity}, but the number of Items is {items}");
            assert_eq!(code, "InconsistentQuantities");
            assert_eq!(message, format!("StreamingDistributionConfig.TrustedSigners: {why}"));
        }
    }

    #[test]
    fn what_is_new_is_passed_over_and_what_is_old_is_explained() {
        assert_eq!(create(&GOOD.replace("<Comment/>", "<Comment/><New><x>y</x></New>")), create(GOOD));
        let known = [
            (
                "DomainName>",
                "DNSName>",
                "S3Origin.DNSName: since version 2012-05-05 this goes into DomainName",
            ),
            (
                "<Comment/>",
                "<Comment/><CNAME>a</CNAME>",
                "CNAME: since version 2012-05-05 this goes into Aliases",
            ),
            (
                "<Quantity>1",
                "<Self/><Quantity>1",
                "TrustedSigners.Self: since version 2012-05-05 this goes into",
            ),
            (
                "<Comment/>",
                "<Comment/><Aliases><Quantity>1</Quantity><CNAME>a</CNAME></Aliases>",
                "Aliases.CNAME has to be in StreamingDistributionConfig.Aliases.Items",
            ),
        ];
        for (from, to, why) in known {
            let (code, message) = wrong(from, to);
            assert_eq!(code, "MalformedXML");
            assert!(message.starts_with(&format!("StreamingDistributionConfig.{why}")), "{message}");
        }
    }

    #[test]
    fn bodies_that_nobody_asked_for_are_not_read() {
        assert!(call("GET", "distribution/E1", &[], "<not xml").is_ok());
    }
}
