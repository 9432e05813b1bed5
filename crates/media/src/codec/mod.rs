//! What the configuration of each codec looks like in the file and on the wire.

pub(crate) mod aac;
pub(crate) mod avc;
pub(crate) mod mpeg;
pub(crate) mod wire;
