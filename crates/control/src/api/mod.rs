//! The API on the wire: HTTP around the operations.
//!
//! ```text
//! connection ──▶ head (bounded) ──▶ who? (SigV4) ──▶ body (bounded) ──▶ signature ──▶ shape ──▶ Service::call
//!                                   nobody we know: the body is not even read
//! ```

mod answer;
mod connection;
mod own;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use millrace_sign::sigv4::{self, Authorization, Payload};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::auth::Principal;
use crate::shape::{self, model};
use crate::{Error, Service};
pub use connection::serve;

/// What may differ between the caller's clock and ours; AWS's own window.
const CLOCK_WINDOW: Duration = Duration::from_secs(15 * 60);
/// Bytes of a body. The largest configuration that quotas allow has a fraction of that.
const MOST_BODY: usize = 1 << 20;
/// Bytes of a body that is refused for its size, and yet read so that the refusal can be.
const MOST_FORGOTTEN: usize = 16 << 20;
/// Bytes of all headers.
const MOST_HEADERS: usize = 16 << 10;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(30);
/// The name in the scope of signatures.
const SERVICE: &str = "cloudfront";

/// The operations, as soon as the store could be opened.
pub type Source = watch::Receiver<Option<Arc<Service>>>;

/// The API's routes: CloudFront's paths, and our own below `/millrace`.
fn router(source: Source) -> Router {
    Router::new()
        .route("/millrace/key-pairs", axum::routing::any(own::key_pairs))
        .route("/millrace/key-pairs/{id}", axum::routing::any(own::key_pair))
        .fallback(cloudfront)
        .with_state(source)
}

/// A request of an SDK.
async fn cloudfront(State(source): State<Source>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let version = shape::version_in(parts.uri.path()).to_owned();
    let answered = operation(&source, &parts, body).await;
    answer::cloudfront(&parts, &version, answered)
}

async fn operation(source: &Source, parts: &Parts, body: Body) -> Result<(String, shape::Encoded), Error> {
    let (service, who, body) = admit(source, parts, body).await?;
    let routed =
        model().route(parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or_default())?;
    let call = model().decode(routed, &parts.headers, &body)?;
    let mut output = service.call(&who, call.operation.name, call.input).await?;
    if let Some(location) = output.get("Location").and_then(|location| location.as_str()) {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let scheme = if parts.extensions.get::<connection::Tls>().is_some() { "https" } else { "http" };
        output["Location"] = format!("{scheme}://{host}/{}/{location}", call.version).into();
    }
    Ok((who.name, model().encode(call.operation, &call.version, &output)))
}

/// Finds out who calls, and reads what they sent.
async fn admit(
    source: &Source,
    parts: &Parts,
    body: Body,
) -> Result<(Arc<Service>, Principal, Bytes), Error> {
    check_headers(&parts.headers)?;
    let authorization = Authorization::parse(&parts.headers)?;
    let service = source.borrow().clone().ok_or_else(Error::unavailable)?;
    let Some((who, secret)) = service.holder(&authorization.key_id).await? else {
        let what = format!("there is no access key {:?} here, or it is switched off", authorization.key_id);
        return Err(Error::new(403, "InvalidClientTokenId", what));
    };
    let body = read(body).await?;
    let request = sigv4::Request::new(parts, Payload::Bytes(&body));
    authorization.verify(&secret, &request, SERVICE, SystemTime::now(), CLOCK_WINDOW)?;
    Ok((service, who, body))
}

fn check_headers(headers: &HeaderMap) -> Result<(), Error> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes <= MOST_HEADERS {
        return Ok(());
    }
    let what = format!("the headers have {bytes} bytes; {MOST_HEADERS} are allowed");
    Err(Error::new(431, "RequestHeaderSectionTooLarge", what))
}

/// The whole body.
async fn read(body: Body) -> Result<Bytes, Error> {
    match timeout(BODY_TIME, collect(body)).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => {
            Err(Error::new(413, "RequestEntityTooLarge", format!("the body has more than {MOST_BODY} bytes")))
        }
        Ok(Err(_)) => Err(Error::bad("IncompleteBody", "the body broke off")),
        Err(_) => Err(Error::new(
            408,
            "RequestTimeout",
            format!("the body took longer than {} s", BODY_TIME.as_secs()),
        )),
    }
}

/// A body, or none if it is too large. Many clients send everything before they read: they would see a broken
/// connection in place of an answer, so what is too much is read for a while and forgotten.
async fn collect(mut body: Body) -> Result<Option<Bytes>, axum::Error> {
    let (mut kept, mut all) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        all += data.len();
        if all > MOST_FORGOTTEN {
            break;
        } else if all > MOST_BODY {
            kept = BytesMut::new();
        } else {
            kept.extend_from_slice(&data);
        }
    }
    Ok((all <= MOST_BODY).then(|| kept.freeze()))
}
