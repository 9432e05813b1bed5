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
            return Err(Fault::argument(format!("{here}: a {} has no such member, but {known}", shape.name)));
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
