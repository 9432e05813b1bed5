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
