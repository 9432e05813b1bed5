//! The control plane beside an edge, and the commands that work on its store.

pub(crate) mod place;
mod plane;

pub(crate) use plane::Plane;
