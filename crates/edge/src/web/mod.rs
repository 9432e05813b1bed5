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
mod told;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{ALT_SVC, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, Version};
use millrace_model::web::Distribution;

use crate::edge::Shared;
use crate::http::{Authority, Body, BoxError};

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
    pub(crate) location: HeaderValue,
}

/// The body of a viewer's request, by whatever version of HTTP.
pub(crate) trait Sent:
    hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static
{
}

impl<B> Sent for B where B: hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static {}

/// Answers a viewer of a web distribution, if what he asks for is here and he needs no right.
pub(crate) fn at_once(
    shared: &Shared,
    distribution: &Distribution,
    request: &Parts,
    has_body: bool,
    viewer: &Viewer,
) -> Option<Response<Body>> {
    let response = serve::at_once(shared, distribution, request, has_body, viewer)?;
    Some(with_alternative(response, shared, distribution, viewer.tls))
}

/// Answers a viewer of a web distribution.
pub(crate) async fn serve(
    shared: &Arc<Shared>,
    distribution: &Arc<Distribution>,
    request: Request<impl Sent>,
    viewer: Viewer,
) -> Response<Body> {
    let tls = viewer.tls;
    let response = serve::answer(shared, distribution, request, viewer).await;
    with_alternative(response, shared, distribution, tls)
}

/// Tells who speaks TLS that the same is to be had by HTTP/3, where it is.
fn with_alternative(
    mut response: Response<Body>,
    shared: &Shared,
    distribution: &Distribution,
    tls: bool,
) -> Response<Body> {
    let port = shared.entrance.http3_port.filter(|_| distribution.http3 && tls);
    if let Some(value) = port.and_then(|port| HeaderValue::try_from(format!("h3=\":{port}\"; ma=86400")).ok())
    {
        response.headers_mut().insert(ALT_SVC, value);
    }
    response
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
            location: HeaderValue::from_static("MIL50-P1"),
        }
    }
}
