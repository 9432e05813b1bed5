//! The trait of everything that answers a web distribution's requests: asked as a browser would ask, whole.

use crate::{Error, OriginId};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};

/// The body of a request, as it comes from a viewer.
pub type RequestBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The body of a request that has none.
pub fn no_body() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// The body of a response as it arrives, and its trailers.
pub type ResponseBody = UnsyncBoxBody<Bytes, Error>;

/// By which protocol the viewer came who is asked for; in the extensions of a request, for origins that are asked by the
/// same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewerScheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

/// What answers requests: a web server, a bucket, a folder.
///
/// A request has a path and a query as its URI, percent-encoded, and the headers that are meant for the origin; what an
/// upstream adds is its own affair: the host, the path in front, headers of its configuration, signatures. It keeps no
/// hop-by-hop fields. A response is passed on as it is, whatever its status; interim ones are left out. A `101` carries
/// [`hyper::upgrade::OnUpgrade`] in its extensions, as the request did.
///
/// Dropping the future or the body stops the transfer.
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
    /// The name under which its counters and limits are kept.
    fn id(&self) -> &OriginId;

    /// Asks.
    ///
    /// # Errors
    /// When no head of a response came: [`Unavailable`](crate::Kind::Unavailable) when it can't be reached,
    /// [`Timeout`](crate::Kind::Timeout), [`Misconfigured`](crate::Kind::Misconfigured) when its name or its certificate
    /// is at fault. Bodies fail with [`Truncated`](crate::Kind::Truncated) and [`Timeout`](crate::Kind::Timeout).
    async fn ask(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, Error>;
}
