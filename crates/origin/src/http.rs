//! A web server, asked by HTTP/1.1 over connections that are kept.
//!
//! ```text
//! viewer's request ─▶ Address  its URL here, no hop-by-hop fields, our own headers
//!                  ─▶ Signer   for buckets
//!                  ─▶ Connector (DNS, TCP, TLS) or a kept connection
//!                  ─▶ head     at most 32 KiB and 128 fields, one length, in time
//!                  ─▶ body     piece by piece, each in time, or an error at its byte
//! ```

mod answer;
mod config;
mod connect;
mod request;
mod trust;

pub use config::HttpConfig;
pub use trust::{Trust, TrustError};

use crate::question::chain;
use crate::s3::Signer;
use crate::upstream::{RequestBody, ResponseBody, Upstream, no_body};
use crate::{Error, Kind, OriginId};
use answer::{Asked, Patience};
use async_trait::async_trait;
use connect::{Connector, Fault, Used, find};
use http::{Extensions, Method, Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use millrace_sign::sigv4::Payload;
use request::{Address, Sending, is_web_socket};
use std::fmt;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

/// The longest head of an answer.
const LONGEST_HEAD: usize = 32 * 1024;
/// The most fields in it.
const MOST_FIELDS: usize = 128;
/// How many kept connections may turn out to be dead, one after the other, in one question.
const DEAD: usize = 3;

/// A web server.
///
/// What reads only (GET, HEAD, OPTIONS without a body) is asked again where a kept connection turns out to be closed;
/// nothing else is ever sent twice. Redirects are answers like others. The answer of an HTTP/1.0 server may end at any
/// byte without that being seen, if it names no length.
pub struct HttpUpstream {
    id: OriginId,
    address: Address,
    client: Client<Connector, Sending>,
    read_timeout: Duration,
    completion_timeout: Option<Duration>,
}

impl HttpUpstream {
    /// Prepares to ask; nothing is sent yet.
    ///
    /// # Errors
    /// [`Kind::Misconfigured`], with the reason, if the configuration cannot work.
    pub fn new(config: HttpConfig) -> Result<Self, Error> {
        let wrong = |words| Error::new(Kind::Misconfigured, &config.id, "").with_detail(words);
        let address = Address::new(&config).map_err(wrong)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(config.keepalive)
            .pool_max_idle_per_host(config.idle_connections)
            .http1_max_buf_size(LONGEST_HEAD)
            .http1_max_headers(MOST_FIELDS)
            .build(Connector::new(&config));
        let HttpConfig { id, read_timeout, completion_timeout, .. } = config;
        Ok(Self { id, address, client, read_timeout, completion_timeout })
    }

    /// Asks as `key` would be asked for, signed if there is a signer.
    pub(crate) async fn ask_as(
        &self,
        key: &str,
        request: Request<RequestBody>,
        signer: Option<&Signer>,
    ) -> Result<Response<ResponseBody>, Error> {
        let asked = Asked { id: self.id.clone(), key: key.into() };
        let until = self.completion_timeout.map(|whole| Instant::now() + whole);
        let patience = Patience { read: self.read_timeout, until };
        let (head, body) = self.prepare(&asked, request, signer).await?;
        let web_socket = is_web_socket(head.method(), head.headers());
        let (response, connection) = self.send(&asked, head, body, patience).await?;
        let (mut parts, body) = response.into_parts();
        if let Err(words) = answer::head(&mut parts, web_socket) {
            if let Some(connected) = connection.connection_metadata().as_ref() {
                connected.poison();
            }
            return Err(asked.error(Kind::WrongLength, words));
        }
        Ok(answer::body(parts, body, asked, patience))
    }

    /// The head as it goes out.
    async fn prepare(
        &self,
        asked: &Asked,
        request: Request<RequestBody>,
        signer: Option<&Signer>,
    ) -> Result<(Request<()>, RequestBody), Error> {
        if *request.method() == Method::CONNECT {
            return Err(asked.error(Kind::BadKey, "origins are no proxies"));
        }
        let uri = self.address.uri(&request).map_err(|words| asked.error(Kind::BadKey, words))?;
        let (parts, body) = request.into_parts();
        let mut head = self.address.head(uri, parts, &body);
        if let Some(signer) = signer {
            let nothing = body.is_end_stream();
            let payload = if nothing { Payload::Bytes(b"") } else { Payload::Hash("UNSIGNED-PAYLOAD") };
            match timeout(self.read_timeout, signer.sign(&mut head, payload)).await {
                Ok(signed) => signed.map_err(|words| asked.error(Kind::Misconfigured, words))?,
                Err(_) => return Err(asked.error(Kind::Timeout, "the credentials did not come in time")),
            }
        }
        Ok((head, body))
    }

    /// Sends it, again where that is harmless and a kept connection was dead.
    async fn send(
        &self,
        asked: &Asked,
        head: Request<()>,
        body: RequestBody,
        patience: Patience,
    ) -> Result<(Response<Incoming>, CaptureConnection), Error> {
        let reads = matches!(*head.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let repeats = if reads && body.is_end_stream() { DEAD } else { 0 };
        for _ in 0..repeats {
            match self.send_once(asked, &head, no_body(), patience).await {
                Err(Failure { after_use: true, .. }) => {}
                settled => return settled.map_err(|failure| failure.error),
            }
        }
        self.send_once(asked, &head, body, patience).await.map_err(|failure| failure.error)
    }

    async fn send_once(
        &self,
        asked: &Asked,
        head: &Request<()>,
        body: RequestBody,
        patience: Patience,
    ) -> Result<(Response<Incoming>, CaptureConnection), Failure> {
        let (body, taken) = Sending::new(body);
        let mut request = head.clone().map(|()| body);
        let connection = capture_connection(&mut request);
        let answer = wait(self.client.request(request), connection.clone(), &taken, patience).await;
        match answer {
            Some(Ok(response)) => {
                response.extensions().get::<Used>().inspect(|used| used.set());
                Ok((response, connection))
            }
            Some(Err(error)) => {
                let error = failed(asked, &error);
                // A kept connection that is closed at any time says nothing of the server.
                let after_use = error.kind == Kind::Unavailable && was_used(&connection);
                Err(Failure { error, after_use })
            }
            None => {
                let error = asked.error(Kind::Timeout, patience.words("no answer came"));
                Err(Failure { error, after_use: false })
            }
        }
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn ask(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, Error> {
        let key = request.uri().path().to_owned();
        self.ask_as(&key, request, None).await
    }
}

impl fmt::Debug for HttpUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpUpstream").field("id", &self.id).finish_non_exhaustive()
    }
}

/// No head came.
struct Failure {
    error: Error,
    /// On a connection that had brought an answer before.
    after_use: bool,
}

/// Waits for the head: while there is no connection, for as long as the connector tries; then until there was silence
/// for too long. None when patience ended.
async fn wait(
    answer: legacy::ResponseFuture,
    mut connection: CaptureConnection,
    taken: &Notify,
    patience: Patience,
) -> Option<Result<Response<Incoming>, legacy::Error>> {
    let far = Instant::now() + Duration::from_secs(86_400 * 365);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => return Some(answer),
        _ = connection.wait_for_connection_metadata() => {}
        () = sleep_until(patience.until.unwrap_or(far)) => return None,
    }
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return Some(answer),
            () = taken.notified() => {}
            () = sleep_until(patience.end()) => return None,
        }
    }
}

fn was_used(connection: &CaptureConnection) -> bool {
    let mut extras = Extensions::new();
    if let Some(connected) = connection.connection_metadata().as_ref() {
        connected.get_extras(&mut extras);
    }
    extras.get::<Used>().is_some_and(Used::get)
}

/// Why no head came.
fn failed(asked: &Asked, error: &legacy::Error) -> Error {
    if let Some(fault) = find::<Fault>(error) {
        return asked.error(fault.kind, &fault.words);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return asked.error(Kind::Misconfigured, Fault::tls(tls));
    }
    match find::<hyper::Error>(error) {
        Some(hyper) if hyper.is_parse_too_large() => asked.error(
            Kind::WrongLength,
            format!("the head of the answer has more than {LONGEST_HEAD} bytes or {MOST_FIELDS} fields"),
        ),
        Some(hyper) if hyper.is_parse() => {
            asked.error(Kind::WrongLength, format!("what came is no answer: {}", chain(hyper)))
        }
        Some(hyper) if hyper.is_user() => {
            asked.error(Kind::Truncated, format!("the request's own body broke: {}", chain(hyper)))
        }
        Some(hyper) if hyper.is_incomplete_message() => {
            asked.error(Kind::Unavailable, "the connection was closed before an answer came")
        }
        _ if reset(error) => asked.error(Kind::Unavailable, "the connection was reset before an answer came"),
        _ => asked.error(Kind::Unavailable, chain(error)),
    }
}

fn reset(error: &legacy::Error) -> bool {
    use std::io::{Error, ErrorKind};
    let kind = find::<Error>(error).map(Error::kind);
    matches!(kind, Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted))
}
