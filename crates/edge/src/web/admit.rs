//! Who may come in: size, protocol, method, signature.

use std::sync::Arc;

use hyper::Method;
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use millrace_model::web::{Behavior, Distribution, ViewerProtocol};

use super::refused::Refused;
use super::{Viewer, forward};
use crate::Site;
use crate::edge::Shared;
use crate::http::head_length;

/// CloudFront's bounds, bytes.
const HEAD: usize = 20_480;
const URL: usize = 8_192;

/// Whether a request is short enough, and does not go in circles.
pub(super) fn size(parts: &Parts) -> Result<(), Refused> {
    let url = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if url > URL || head_length(&parts.method, &parts.uri, &parts.headers) > HEAD {
        return Err(Refused::TooLarge);
    }
    if forward::goes_in_circles(&parts.headers) { Err(Refused::Circle) } else { Ok(()) }
}

/// Whether the behaviour can be obeyed.
pub(super) fn behavior(distribution: &Distribution, behavior: &Behavior) -> Result<(), Refused> {
    let Some(fault) = &behavior.fault else { return Ok(()) };
    tracing::warn!(id = %distribution.id, pattern = behavior.pattern.as_str(), "a behaviour serves nobody: {fault}");
    Err(Refused::Faulty(fault.clone()))
}

/// Whether the viewer speaks what the behaviour wants.
pub(super) fn protocol(behavior: &Behavior, parts: &Parts, viewer: &Viewer) -> Result<(), Refused> {
    match behavior.viewer_protocol {
        _ if viewer.tls => Ok(()),
        ViewerProtocol::AllowAll => Ok(()),
        ViewerProtocol::HttpsOnly => Err(Refused::OnlyTls),
        ViewerProtocol::RedirectToHttps => {
            let host = viewer.authority.as_ref().map_or("", |authority| authority.host.as_str());
            let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            Err(Refused::ToTls(format!("https://{host}{target}")))
        }
    }
}

/// Whether the behaviour takes the method, with a body or without.
pub(super) fn method(behavior: &Behavior, parts: &Parts, body: &Incoming) -> Result<(), Refused> {
    if !behavior.methods.allow(parts.method.as_str()) {
        return Err(Refused::Method);
    }
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if reads && !body.is_end_stream() { Err(Refused::Body) } else { Ok(()) }
}

/// Whether the viewer has a right, where one is needed.
pub(super) async fn signature(
    _shared: &Arc<Shared>,
    _site: &Site,
    behavior: &Behavior,
    _parts: &Parts,
    _viewer: &Viewer,
) -> Result<(), Refused> {
    match behavior.trusted_keys {
        None => Ok(()),
        Some(_) => Err(Refused::Faulty("signatures are not checked yet".to_owned())),
    }
}
