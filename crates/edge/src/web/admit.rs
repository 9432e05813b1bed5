//! Who may come in: size, protocol, method, signature.

use std::sync::Arc;

use hyper::http::request::Parts;
use hyper::{Method, Version};
use millrace_model::web::{Behavior, Distribution, ViewerProtocol};

use super::refused::Refused;
use super::{Viewer, forward, private};
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

/// Whether the distribution is for the country where the viewer is.
pub(super) fn country(distribution: &Distribution, viewer: &Viewer) -> Result<(), Refused> {
    if distribution.geo.serves(viewer.country.as_deref()) { Ok(()) } else { Err(Refused::Country) }
}

/// Whether the viewer speaks what the behaviour wants.
pub(super) fn protocol(behavior: &Behavior, parts: &Parts, viewer: &Viewer) -> Result<(), Refused> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    match (behavior.viewer_protocol, &viewer.authority) {
        _ if viewer.tls => Ok(()),
        (ViewerProtocol::AllowAll, _) => Ok(()),
        // Nobody can be sent to a host that he did not name, and HTTP/1.0 knows of no redirect but for GET and HEAD.
        (ViewerProtocol::RedirectToHttps, Some(authority)) if reads || viewer.version > Version::HTTP_10 => {
            let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
            Err(Refused::ToTls { url: format!("https://{}{target}", authority.bare()), reads })
        }
        (ViewerProtocol::HttpsOnly | ViewerProtocol::RedirectToHttps, _) => Err(Refused::OnlyTls),
    }
}

/// Whether the behaviour takes the method, with a body or without.
pub(super) fn method(behavior: &Behavior, parts: &Parts, has_body: bool) -> Result<(), Refused> {
    if !behavior.methods.allow(parts.method.as_str()) {
        return Err(Refused::Method);
    }
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if reads && has_body { Err(Refused::Body) } else { Ok(()) }
}

/// Whether the viewer has a right, where one is needed.
pub(super) async fn signature(
    shared: &Arc<Shared>,
    site: &Site,
    behavior: &Behavior,
    parts: &Parts,
    viewer: &Viewer,
) -> Result<(), Refused> {
    let Some(trusted) = &behavior.trusted_keys else { return Ok(()) };
    let permitted = private::permit(shared, site, trusted, parts, viewer).await;
    permitted.inspect_err(|_| shared.metrics.refused.one()).map_err(Refused::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Authority;

    /// What becomes of a request without TLS.
    fn sent(policy: ViewerProtocol, method: &str, version: Version, host: &str) -> Result<(), (u16, String)> {
        let behavior = Behavior { viewer_protocol: policy, ..Behavior::of("origin") };
        let request = hyper::Request::builder().method(method).uri("/a%20b?c=d").body(()).expect("a request");
        let viewer = Viewer { version, authority: Authority::parse(host).ok(), ..Viewer::sample() };
        protocol(&behavior, &request.into_parts().0, &viewer).map_err(|refused| match &refused {
            Refused::ToTls { url, .. } => (refused.status().as_u16(), url.clone()),
            refused => (refused.status().as_u16(), String::new()),
        })
    }

    #[test]
    fn viewers_without_tls_are_sent_to_the_same_url_with_it() {
        let redirect = |method, host| sent(ViewerProtocol::RedirectToHttps, method, Version::HTTP_11, host);
        let url = "https://www.example.net/a%20b?c=d".to_owned();
        assert_eq!(redirect("GET", "WWW.example.net:8080"), Err((301, url.clone())));
        assert_eq!(redirect("HEAD", "www.example.net"), Err((301, url.clone())));
        assert_eq!(redirect("POST", "www.example.net"), Err((307, url)));
        assert_eq!(redirect("GET", "[::1]:80"), Err((301, "https://[::1]/a%20b?c=d".to_owned())));
    }

    #[test]
    fn who_can_not_be_sent_on_is_refused() {
        let refused = Err((403, String::new()));
        assert_eq!(sent(ViewerProtocol::HttpsOnly, "GET", Version::HTTP_11, "a"), refused);
        assert_eq!(sent(ViewerProtocol::RedirectToHttps, "GET", Version::HTTP_10, ""), refused);
        assert_eq!(sent(ViewerProtocol::RedirectToHttps, "POST", Version::HTTP_10, "a"), refused);
        assert_eq!(sent(ViewerProtocol::AllowAll, "GET", Version::HTTP_11, "a"), Ok(()));
    }
}
