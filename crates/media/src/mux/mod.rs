//! Writers: samples become files.

pub mod flv;
