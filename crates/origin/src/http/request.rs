//! What a viewer's request becomes on its way to a web server.

use crate::upstream::{RequestBody, ViewerScheme};
use bytes::Bytes;
use http::header::{
    self, CONNECTION, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Uri, Version, request};
use hyper::body::{Body, Frame, SizeHint};
use millrace_model::web::OriginProtocol;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Notify;

/// Fields that say where a message ends. No configuration may.
const FRAMING: [HeaderName; 6] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE, TE, TRAILER];

/// What all requests to one web server have in common.
pub(super) struct Address {
    http: Authority,
    https: Authority,
    protocol: OriginProtocol,
    path: String,
    headers: HeaderMap,
}

impl Address {
    /// # Errors
    /// What is wrong with the configuration.
    pub(super) fn new(config: &super::HttpConfig) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            if FRAMING.contains(name) {
                return Err(format!("{name} can't be a header of its own"));
            }
            let mut value = value.clone();
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(Self {
            http: authority(&config.host, config.http_port, 80)?,
            https: authority(&config.host, config.https_port, 443)?,
            protocol: config.protocol,
            path: path(&config.path)?,
            headers,
        })
    }

    /// Where the request goes.
    ///
    /// # Errors
    /// When it names no path.
    pub(super) fn uri<B>(&self, request: &Request<B>) -> Result<Uri, String> {
        let asked = request.uri().path_and_query().filter(|asked| asked.as_str().starts_with('/'));
        let asked = asked.ok_or("the request names no path")?;
        let path: PathAndQuery =
            format!("{}{asked}", self.path).parse().map_err(|error| format!("the path: {error}"))?;
        let https = match self.protocol {
            OriginProtocol::HttpOnly => false,
            OriginProtocol::HttpsOnly => true,
            OriginProtocol::MatchViewer => {
                request.extensions().get::<ViewerScheme>() == Some(&ViewerScheme::Https)
            }
        };
        let (scheme, authority) =
            if https { (Scheme::HTTPS, &self.https) } else { (Scheme::HTTP, &self.http) };
        let uri = Uri::builder().scheme(scheme).authority(authority.clone()).path_and_query(path);
        uri.build().map_err(|error| error.to_string())
    }

    /// The head of the request as it is sent, but for what a signature adds.
    ///
    /// What the viewer says of the connection is taken off before anything is added: it may name fields to be taken off.
    pub(super) fn head(&self, uri: Uri, parts: request::Parts, body: &RequestBody) -> Request<()> {
        let mut headers = parts.headers;
        let (web_socket, trailers) = (is_web_socket(&parts.method, &headers), takes_trailers(&headers));
        millrace_web::remove_hop_by_hop(&mut headers);
        // It has been answered; and the body comes in any case.
        headers.remove(EXPECT);
        // Replaces those of the same name.
        headers.extend(self.headers.clone());
        frame(&parts.method, &mut headers, body);
        if web_socket {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        } else if trailers {
            headers.insert(CONNECTION, HeaderValue::from_static("te"));
            headers.insert(TE, HeaderValue::from_static("trailers"));
        }
        let mut request = Request::new(());
        *request.method_mut() = parts.method;
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = headers;
        // Who wants to hear what is said before the answer is in there.
        *request.extensions_mut() = parts.extensions;
        request
    }
}

/// Whether the request asks for a WebSocket. No other protocol is let through: by `h2c` anything could be asked of an
/// origin, unseen.
pub(super) fn is_web_socket(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: HeaderName, word: &str| headers.get(name).is_some_and(|value| has_word(value, word));
    method == Method::GET && is(UPGRADE, "websocket") && is(CONNECTION, "upgrade")
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    headers.get_all(TE).iter().any(|value| has_word(value, "trailers"))
}

fn has_word(value: &HeaderValue, word: &str) -> bool {
    let words = value.to_str().unwrap_or_default().split(',');
    words.map(str::trim).any(|candidate| candidate.eq_ignore_ascii_case(word))
}

/// Lets `Content-Length` say what is sent, or nothing. One that says more than the body has would make the next request
/// on that connection a part of this one.
fn frame(method: &Method, headers: &mut HeaderMap, body: &RequestBody) {
    let said = length(headers);
    headers.remove(CONTENT_LENGTH);
    let length = match body.size_hint().exact() {
        _ if body.is_end_stream() => {
            matches!(*method, Method::POST | Method::PUT | Method::PATCH).then_some(0)
        }
        Some(exact) => Some(exact),
        None => said.ok().flatten(),
    };
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// What `Content-Length` says, if it says one thing.
///
/// # Errors
/// When it says several, or nothing that is a length.
pub(super) fn length(headers: &HeaderMap) -> Result<Option<u64>, ()> {
    let mut length = None;
    for value in &headers.get_all(header::CONTENT_LENGTH) {
        for word in value.to_str().map_err(|_| ())?.split(',').map(str::trim) {
            let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
            let word = digits.then(|| word.parse::<u64>().ok()).flatten().ok_or(())?;
            if length.is_some_and(|length| length != word) {
                return Err(());
            }
            length = Some(word);
        }
    }
    Ok(length)
}

fn authority(host: &str, port: u16, own: u16) -> Result<Authority, String> {
    let text = if port == own { host.to_owned() } else { format!("{host}:{port}") };
    let authority: Authority = text.parse().map_err(|error| format!("the host {host:?}: {error}"))?;
    match authority.host() == host && !host.is_empty() {
        true => Ok(authority),
        false => Err(format!("{host:?} is no name of a host")),
    }
}

/// The path in front, with what no URL can hold encoded.
fn path(path: &str) -> Result<String, String> {
    use percent_encoding::{CONTROLS, utf8_percent_encode};
    const NEVER: &percent_encoding::AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'#').add(b'?');
    let path = utf8_percent_encode(path.trim_end_matches('/'), NEVER).to_string();
    match path.is_empty() || path.starts_with('/') {
        true => Ok(path),
        false => Err(format!("the path {path:?} does not start with a slash")),
    }
}

/// A request's body that tells whenever a piece of it is taken.
pub(super) struct Sending {
    body: RequestBody,
    taken: Arc<Notify>,
}

impl Sending {
    pub(super) fn new(body: RequestBody) -> (Self, Arc<Notify>) {
        let taken = Arc::new(Notify::new());
        (Self { body, taken: taken.clone() }, taken)
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.taken.notify_one();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
