//! Web distributions over HTTP.

mod admit;
mod content;
mod errors;
mod finish;
mod forward;
mod geo;
mod key;
mod path;
mod policy;
mod private;
mod refused;
mod serve;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response, Version};
use millrace_model::web::Distribution;

use crate::edge::Shared;
use crate::http::{Authority, Body};

pub use self::geo::{Countries, CountriesError};

/// Who asks, and how.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// Where he is: where the connection comes from, or where a load balancer says.
    pub(crate) peer: SocketAddr,
    /// Whether TLS is spoken.
    pub(crate) tls: bool,
    /// Which version of HTTP.
    pub(crate) version: Version,
    /// Whom it asks; a viewer of HTTP/1.0 may name nobody.
    pub(crate) authority: Option<Authority>,
    /// In which country he is, if anybody knows.
    pub(crate) country: Option<String>,
    /// What the edge that he came to calls its place.
    pub(crate) location: Arc<str>,
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

#[cfg(test)]
impl Viewer {
    /// Somebody without TLS, for tests.
    fn sample() -> Self {
        Self {
            peer: ([192, 0, 2, 7], 1000).into(),
            tls: false,
            version: Version::HTTP_11,
            authority: Authority::parse("www.example.net").ok(),
            country: None,
            location: "MIL50-P1".into(),
        }
    }
}
