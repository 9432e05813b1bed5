//! The shapes of the API: which members a structure has, in which order, under which names; and the codec that works
//! from them.
//!
//! ```text
//! method, path, query ──route──▶ Routed ──decode──▶ Call { operation, input }        all of it JSON values, with
//! status, headers, body ◀──encode── output                                           the names that SDKs know
//! ```
//!
//! Everything about single operations and structures is in `shapes.txt`. What comes in is hostile: nesting and the
//! number of elements are bounded, nothing is allocated because something was declared, and there are no entities.

mod check;
mod decode;
mod encode;
mod fault;
mod hint;
mod model;
mod path;
mod route;
mod scalar;
mod text;
mod xml;

use serde_json::{Map, Value};

pub use encode::{Encoded, encode_error};
pub use fault::Fault;
pub use model::{Bound, Kind, Limits, Member, Model, Operation, Place, Segment, Shape, ShapeId, model};
pub use route::{Routed, version_in};
pub use xml::{MAX_DEPTH, MAX_ELEMENTS};

/// The version of the API that `shapes.txt` describes, and that is answered in where a request names none.
pub const VERSION: &str = "2020-05-31";

/// A request that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What it asks for.
    pub operation: &'static Operation,
    /// Its whole input as SDKs see it: `{"Id": "E…", "IfMatch": "E2…", "StreamingDistributionConfig": {…}}`.
    pub input: Map<String, Value>,
    /// The date in its path; the answer is written in this version's namespace.
    pub version: String,
}
