//! Answers that are the same for everybody.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use millrace_model::{PageOrigin, StreamingDistribution};
use millrace_rtmp::tunnel::CONTENT_TYPE;

use super::body::Body;

/// How long a browser may remember what it may do here, in seconds.
const PREFLIGHT_AGE: &str = "7200";

/// The answer to a request of a tunnel.
pub(super) fn tunnel(parts: impl IntoIterator<Item = Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::new(parts));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Keep-Alive"));
    response
}

/// A request of a tunnel that can't be answered; the body stays empty, for clients that would take it for the stream.
pub(super) fn refused(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    response
}

/// The answer to a browser that asks whether a script of another site may speak RTMPT.
pub(super) fn preflight() -> Response<Body> {
    let mut response = refused(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_AGE));
    response
}

/// Lets scripts of the pages that may play read the answer, of every page where all may: there are no cookies here that
/// would give them more than anybody gets.
pub(super) fn open_to(
    mut response: Response<Body>,
    distribution: Option<&Arc<StreamingDistribution>>,
    page: Option<&str>,
) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    let open = match distribution.filter(|distribution| !distribution.pages.is_empty()) {
        None => Some(HeaderValue::from_static("*")),
        Some(distribution) => {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
            page.filter(|page| distribution.takes_page(page)).and_then(|page| page.parse().ok())
        }
    };
    if let Some(open) = open {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, open);
    }
    response
}

/// Some text.
pub(super) fn text(status: StatusCode, text: String) -> Response<Body> {
    with_type(status, "text/plain; charset=utf-8", text.into())
}

/// A method that makes no sense here.
pub(super) fn wrong_method(allowed: &'static str) -> Response<Body> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("what can be done here: {allowed}\n"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// A host name without a distribution.
pub(super) fn unknown_host(host: &str) -> Response<Body> {
    text(
        StatusCode::NOT_FOUND,
        format!("DistributionNotFound: no distribution answers to the host {host:?}\n"),
    )
}

/// A host that HTTP/2 is not for: a browser asks again by HTTP/1.1 then, on a connection of its own.
pub(super) fn misdirected() -> Response<Body> {
    text(StatusCode::MISDIRECTED_REQUEST, "this host does not speak HTTP/2: use HTTP/1.1\n".to_owned())
}

/// Flash's policy file: which sites' content may use this host. Every one's, as CloudFront had it for every RTMP
/// distribution, unless the distribution is for some pages only.
pub(super) fn policy(distribution: &StreamingDistribution) -> Response<Body> {
    let pages = distribution.pages.iter().filter_map(PageOrigin::host);
    let pages: Vec<_> = if distribution.pages.is_empty() { vec![("*", false)] } else { pages.collect() };
    let mut policy = "<?xml version=\"1.0\"?>\n\
        <!DOCTYPE cross-domain-policy SYSTEM \"http://www.adobe.com/xml/dtds/cross-domain-policy.dtd\">\n\
        <cross-domain-policy>\n\
        \x20 <site-control permitted-cross-domain-policies=\"all\"/>\n"
        .to_owned();
    for (host, secure) in pages {
        let host = escaped(host);
        policy += &format!(
            "  <allow-access-from domain=\"{host}\" secure=\"{secure}\"/>\n\
             \x20 <allow-http-request-headers-from domain=\"{host}\" headers=\"*\" secure=\"{secure}\"/>\n"
        );
    }
    policy += "</cross-domain-policy>\n";
    with_type(StatusCode::OK, "text/x-cross-domain-policy", policy.into())
}

/// What is told to who comes to a WebSocket's place without asking for one properly.
pub(super) fn upgrade_required(why: &str) -> Response<Body> {
    let why = format!("RTMP in a WebSocket is here, for players in pages: {why}\n");
    let mut response = text(StatusCode::UPGRADE_REQUIRED, why);
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

/// What a person sees who opens the host in a browser. `authority` is with its port, since every port plays; `player` is
/// the whole address of the player, if there is one.
pub(super) fn welcome(authority: &str, player: Option<&str>) -> Response<Body> {
    let host = escaped(authority);
    let in_pages = match player {
        Some(player) => format!(
            "<p>In a page, for every browser of today:</p>\n<pre>{}</pre>\n",
            escaped(&format!(
                "<script src=\"{player}\"></script>\n\
                 <millrace-video src=\"rtmp://{authority}/cfx/st/mp4:NAME.mp4\" controls></millrace-video>"
            ))
        ),
        None => "<p>This server was built without its player for pages.</p>\n".to_owned(),
    };
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{host}</title>\n\
         <h1>{host} plays streams</h1>\n\
         <p>This is a streaming host: media is played from it by RTMP. Give a player, or a command, the name of a \
         file behind <code>rtmp://{host}/cfx/st/</code>:</p>\n\
         <pre>ffplay rtmp://{host}/cfx/st/mp4:NAME.mp4\n\
         rtmpdump -r rtmp://{host}/cfx/st/mp4:NAME.mp4 -o NAME.flv\n\
         vlc rtmp://{host}/cfx/st/mp4:NAME.mp4</pre>\n\
         {in_pages}\
         <p>Where only web traffic passes, <code>rtmpt://</code> goes through HTTP. <code>rtmps://</code> is protected \
         by TLS.</p>\n</html>\n"
    );
    with_type(StatusCode::OK, "text/html; charset=utf-8", page.into())
}

pub(super) fn with_type(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::new([body]));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_can_bring_nothing_into_the_page() {
        assert_eq!(escaped("<script>&"), "&lt;script&gt;&amp;");
    }
}
