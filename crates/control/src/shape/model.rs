//! The API as data.

use std::collections::HashMap;
use std::ops::Index;
use std::sync::LazyLock;

use super::text;

/// The shapes of the API.
///
/// # Panics
/// Never: the text is part of the program, and a test reads it.
#[must_use]
pub fn model() -> &'static Model {
    static MODEL: LazyLock<Model> =
        LazyLock::new(|| text::read(include_str!("shapes.txt")).expect("a test reads the same text"));
    &MODEL
}

/// All operations, all shapes they reach, all codes they fail with.
#[derive(Debug)]
pub struct Model {
    pub(super) operations: Vec<Operation>,
    pub(super) shapes: Vec<Shape>,
    pub(super) errors: HashMap<&'static str, u16>,
}

/// One thing the API does.
#[derive(Debug, PartialEq)]
pub struct Operation {
    /// Its name, which is also what policies allow: `CreateStreamingDistribution`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path behind the version.
    pub path: Vec<Segment>,
    /// What the query has to hold: a key, and its value where that matters.
    pub query: Vec<(&'static str, Option<&'static str>)>,
    /// The HTTP status when it went well.
    pub status: u16,
    /// What goes in.
    pub input: Vec<Bound>,
    /// What comes out.
    pub output: Vec<Bound>,
    /// The codes it fails with, as far as the service model says.
    pub errors: Vec<&'static str>,
}

/// A part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// It is this word.
    Literal(&'static str),
    /// It is the value of this member.
    Label(&'static str),
}

/// A member of an input or output, and where in the request or answer it travels.
#[derive(Debug, PartialEq, Eq)]
pub struct Bound {
    /// Where.
    pub place: Place,
    /// What.
    pub member: Member,
}

/// Where a member travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A part of the path.
    Label,
    /// A parameter of the query.
    Query,
    /// A header.
    Header,
    /// The body's root element.
    Body,
}

/// A named part of a structure.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// What SDKs call it.
    pub name: &'static str,
    /// What the element, header or parameter is called.
    pub wire: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What it is.
    pub of: ShapeId,
}

/// Names a shape of [`model`]: `&model()[id]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShapeId(pub(super) usize);

/// What a value can be.
#[derive(Debug, PartialEq)]
pub struct Shape {
    /// Its name; plain types are called `string`, `integer` and so on.
    pub name: &'static str,
    /// What it is made of.
    pub kind: Kind,
}

/// How many characters, items, or which numbers there may be.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Not less than this.
    pub least: Option<f64>,
    /// Not more than this.
    pub most: Option<f64>,
}

/// The kinds of shape.
#[derive(Debug, PartialEq)]
pub enum Kind {
    /// Named members, in the order in which they are written.
    Structure(Vec<Member>),
    /// Any number of one thing.
    List {
        /// The name of each item's element.
        element: &'static str,
        /// What an item is.
        of: ShapeId,
        /// How many there may be.
        limits: Limits,
    },
    /// One of a few words.
    Enum(Vec<&'static str>),
    /// Text, of so many characters.
    String(Limits),
    /// A whole number of 32 bits.
    Integer(Limits),
    /// A whole number of 64 bits.
    Long(Limits),
    /// A number.
    Double(Limits),
    /// `true` or `false`.
    Boolean,
    /// A moment, in UTC, to the millisecond.
    Timestamp,
}

impl Limits {
    /// Whether a number lies within them.
    #[must_use]
    pub fn allow(self, number: f64) -> bool {
        self.least.is_none_or(|least| number >= least) && self.most.is_none_or(|most| number <= most)
    }
}

impl Kind {
    /// Whether a value has parts.
    #[must_use]
    pub const fn is_compound(&self) -> bool {
        matches!(self, Self::Structure(_) | Self::List { .. })
    }
}

impl Operation {
    /// The member that is the request's body.
    #[must_use]
    pub fn body(&self) -> Option<&Member> {
        self.input.iter().find(|bound| bound.place == Place::Body).map(|bound| &bound.member)
    }
}

impl Index<ShapeId> for Model {
    type Output = Shape;

    fn index(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0]
    }
}

impl Model {
    /// All operations.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of this name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// All shapes.
    #[must_use]
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The shape of this name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.iter().find(|shape| shape.name == name)
    }

    /// The number of the shape of this name.
    #[must_use]
    pub fn id_of(&self, name: &str) -> Option<ShapeId> {
        self.shapes.iter().position(|shape| shape.name == name).map(ShapeId)
    }

    /// The HTTP status of a code that an operation fails with.
    #[must_use]
    pub fn error_status(&self, code: &str) -> Option<u16> {
        self.errors.get(code).copied()
    }
}
