//! Web distributions over HTTP.

mod admit;
mod content;
mod finish;
mod forward;
mod key;
mod path;
mod refused;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response, Version};
use millrace_model::web::Distribution;

use crate::edge::Shared;
use crate::http::{Authority, Body};

/// Who asks, and how.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// Where the connection comes from.
    pub(crate) peer: SocketAddr,
    /// Whether TLS is spoken.
    pub(crate) tls: bool,
    /// Which version of HTTP.
    pub(crate) version: Version,
    /// Whom it asks; a viewer of HTTP/1.0 may name nobody.
    pub(crate) authority: Option<Authority>,
}

/// Answers a viewer of a web distribution.
pub(crate) async fn serve(
    shared: &Arc<Shared>,
    distribution: &Arc<Distribution>,
    request: Request<Incoming>,
    viewer: Viewer,
) -> Response<Body> {
    serve::answer(shared, distribution, request, viewer).await
}
