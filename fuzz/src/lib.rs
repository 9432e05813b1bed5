//! What the fuzz targets share: how input becomes cuts and numbers, and what must hold for every media file.

pub mod media;
pub mod wire;
