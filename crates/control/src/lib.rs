//! CloudFront's REST/XML API over a transactional store; publishes what edges serve.

pub mod shape;
