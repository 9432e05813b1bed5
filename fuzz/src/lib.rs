//! What the fuzz targets share: how input becomes cuts and numbers, what
//! must hold for every media file, and what an edge serves.

pub mod media;
pub mod site;
pub mod wire;
