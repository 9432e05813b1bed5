//! The value that both encodings share.

/// An ActionScript value as data.
///
/// AMF3's integer and double are both [`Value::Number`]; its typed vectors are [`Value::StrictArray`]; its
/// arrays are strict when they have no named part and ECMA arrays otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Every number: ActionScript's `Number`, `int` and `uint`.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// Text of any length.
    String(String),
    /// An anonymous object.
    Object(Object),
    /// `null`.
    Null,
    /// `undefined`.
    Undefined,
    /// An array with names for keys, as `onMetaData` has it.
    EcmaArray(Object),
    /// An array with indices for keys.
    StrictArray(Vec<Self>),
    /// Milliseconds since 1970-01-01 UTC. The time zone field is reserved in both encodings and not kept.
    Date(f64),
    /// An XML document as text.
    Xml(String),
    /// An object with a class name, which is never looked up.
    TypedObject(String, Object),
    /// AMF0's "unsupported" marker.
    Unsupported,
    /// AMF3's `ByteArray`.
    Bytes(Vec<u8>),
    /// AMF3's `Dictionary`: any value may be a key.
    Dictionary(Vec<(Self, Self)>),
}

impl Value {
    /// The number, if this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The named members of an object, typed object or ECMA array.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) | Self::EcmaArray(object) | Self::TypedObject(_, object) => Some(object),
            _ => None,
        }
    }

    /// The elements of a strict array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::StrictArray(items) => Some(items),
            _ => None,
        }
    }

    /// The member `name` of an object of any kind.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// How many values this is, itself and all below it.
    pub(crate) fn size(&self) -> usize {
        1 + match self {
            Self::Object(o) | Self::EcmaArray(o) | Self::TypedObject(_, o) => {
                o.iter().map(|(_, value)| value.size()).sum()
            }
            Self::StrictArray(items) => items.iter().map(Self::size).sum(),
            Self::Dictionary(pairs) => pairs.iter().map(|(k, v)| k.size() + v.size()).sum(),
            // Long text and byte arrays can be multiplied by reference as well: 64 bytes weigh a value.
            Self::String(text) | Self::Xml(text) => text.len() / 64,
            Self::Bytes(bytes) => bytes.len() / 64,
            _ => 0,
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

/// Named members in the order they were sent. Names are few, so a list is searched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This object with one member more; for building replies in one expression.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.push(name, value);
        self
    }

    /// Adds a member at the end. A name that is there already is kept too; [`Object::get`] finds the first.
    pub fn push(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// The first member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Removes every member of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}
