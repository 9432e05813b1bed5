//! Values that come as JSON or YAML: what `aws cloudfront get-…-config` prints, and what people write by hand.

use serde_json::{Map, Value, json};

use super::Fault;
use super::decode::agree_on_quantity;
use super::model::{Kind, Member, Model, Shape, ShapeId};
use super::path::Path;
use super::scalar::{self, Wrong};

impl Model {
    /// Checks a value of a shape, as strictly as a request's body, and gives it as [`Model::decode`] would have.
    ///
    /// By hand some things may be left out: what is null counts as absent, a missing `Quantity` is counted from the
    /// `Items`, and where there is nothing but these two, a list can stand for both.
    ///
    /// # Errors
    /// `InvalidArgument` or `InconsistentQuantities`; the message names the member. Members that do not exist are
    /// refused: here they are typing errors.
    pub fn check(&self, shape: &str, value: &Value) -> Result<Value, Fault> {
        let id = self.id_of(shape);
        let id = id.ok_or_else(|| Fault::argument(format!("there is no shape {shape}")))?;
        self.checked(id, value, Path::root(shape))
    }

    fn checked(&self, of: ShapeId, value: &Value, path: Path<'_>) -> Result<Value, Fault> {
        let shape = &self[of];
        match (&shape.kind, value) {
            (Kind::Structure(members), Value::Object(object)) => {
                self.checked_structure(shape, members, object, path)
            }
            (Kind::Structure(members), Value::Array(items)) if is_bare_list(members) => {
                let object = Map::from_iter([("Items".to_owned(), json!(items))]);
                self.checked_structure(shape, members, &object, path)
            }
            (Kind::List { of, limits, .. }, Value::Array(items)) => {
                let item = |(index, value)| self.checked(*of, value, path.item(index));
                let items: Vec<Value> = items.iter().enumerate().map(item).collect::<Result<_, _>>()?;
                let count = scalar::within(*limits, items.len() as f64, "items");
                count.map_err(|wrong| refused(path, wrong))?;
                Ok(Value::Array(items))
            }
            (Kind::Structure(_), _) => {
                Err(Fault::argument(format!("{path}: {} is not an object", scalar::shown(value))))
            }
            (Kind::List { .. }, _) => {
                Err(Fault::argument(format!("{path}: {} is not a list", scalar::shown(value))))
            }
            _ => scalar::checked(shape, value).map_err(|wrong| refused(path, wrong)),
        }
    }

    fn checked_structure(
        &self,
        shape: &Shape,
        members: &[Member],
        object: &Map<String, Value>,
        path: Path<'_>,
    ) -> Result<Value, Fault> {
        if let Some(name) = object.keys().find(|name| !members.iter().any(|member| member.name == **name)) {
            let known: Vec<_> = members.iter().map(|member| member.name).collect();
            let (here, known) = (path.member(name), known.join(", "));
            return Err(Fault::argument(format!("{here} does not exist; {} has {known}", shape.name)));
        }
        let mut checked = Map::new();
        for member in members {
            let here = path.member(member.name);
            let value = match object.get(member.name).filter(|value| !value.is_null()) {
                Some(value) => self.checked(member.of, value, here)?,
                None if is_countable(members, member) => json!(count(object)),
                None if member.required => return Err(Fault::argument(format!("{here} is missing"))),
                None => continue,
            };
            checked.insert(member.name.to_owned(), value);
        }
        agree_on_quantity(&checked, path)?;
        Ok(Value::Object(checked))
    }
}

fn has(members: &[Member], name: &str) -> bool {
    members.iter().any(|member| member.name == name)
}

/// Whether a structure is a list that says how long it is, and nothing more.
fn is_bare_list(members: &[Member]) -> bool {
    members.len() == 2 && has(members, "Quantity") && has(members, "Items")
}

/// Whether a member says how many others there are.
fn is_countable(members: &[Member], member: &Member) -> bool {
    member.name == "Quantity" && member.required && has(members, "Items")
}

fn count(object: &Map<String, Value>) -> usize {
    object.get("Items").and_then(Value::as_array).map_or(0, Vec::len)
}

/// Nobody who writes JSON or YAML wants to hear of XML.
fn refused(path: Path<'_>, wrong: Wrong) -> Fault {
    let (Wrong::Form(why) | Wrong::Value(why)) = wrong;
    Fault::argument(format!("{path}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::model;

    #[test]
    fn what_can_be_left_out_by_hand_is_filled_in() {
        let known = [
            ("Aliases", json!(["a", "b"]), json!({ "Quantity": 2, "Items": ["a", "b"] })),
            ("Aliases", json!({ "Items": ["a"] }), json!({ "Quantity": 1, "Items": ["a"] })),
            ("Aliases", json!({}), json!({ "Quantity": 0 })),
            ("Aliases", json!({ "Quantity": 0, "Items": null }), json!({ "Quantity": 0 })),
            ("TrustedSigners", json!({ "Enabled": false }), json!({ "Enabled": false, "Quantity": 0 })),
            ("Paths", json!({ "Quantity": 1, "Items": ["/*"] }), json!({ "Quantity": 1, "Items": ["/*"] })),
            ("Tags", json!({ "Items": [{ "Key": "k" }] }), json!({ "Items": [{ "Key": "k" }] })),
        ];
        for (shape, given, checked) in known {
            assert_eq!(model().check(shape, &given), Ok(checked), "{given}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let known = [
            (
                "Aliases",
                json!({ "Quantity": 2, "Items": ["a"] }),
                ": Quantity is 2, but the number of Items is 1",
            ),
            (
                "Aliases",
                json!({ "Items": [1] }),
                ".Items[0]: 1 is not text; quotes around it would make it one",
            ),
            ("Aliases", json!({ "items": ["a"] }), ".items does not exist; Aliases has Quantity, Items"),
            ("Aliases", json!("a"), ": \"a\" is not an object"),
            ("Aliases", json!({ "Items": "a" }), ".Items: \"a\" is not a list"),
            ("S3Origin", json!({ "OriginAccessIdentity": "" }), ".DomainName is missing"),
            ("S3Origin", json!({ "DomainName": null }), ".DomainName is missing"),
            ("TrustedSigners", json!(["self"]), ": a list is not an object"),
            ("Origins", json!([]), ".Items: 0 items where at least 1 can be"),
            ("StreamingDistributionConfig", json!({ "PriceClass": 1 }), ".CallerReference is missing"),
        ];
        for (shape, given, why) in known {
            let fault = model().check(shape, &given).unwrap_err();
            assert_eq!(fault.message.strip_prefix(shape), Some(why));
            let code =
                if why.contains("number of Items") { "InconsistentQuantities" } else { "InvalidArgument" };
            assert_eq!(fault.code, code);
        }
        assert!(model().check("Nothing", &json!({})).is_err());
    }
}
