//! The way of a request of a viewer's through a distribution.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use millrace_model::web::Distribution;

use super::Viewer;
use crate::edge::Shared;
use crate::http::Body;

/// Answers.
pub(super) async fn answer(
    _shared: &Arc<Shared>,
    _distribution: &Arc<Distribution>,
    _request: Request<Incoming>,
    _viewer: Viewer,
) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from_static(b"not delivered yet\n")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
