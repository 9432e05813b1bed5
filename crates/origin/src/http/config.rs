//! How a web server is asked.

use super::Trust;
use crate::OriginId;
use http::header::{HeaderName, HeaderValue};
use millrace_model::web::OriginProtocol;
use std::fmt;
use std::time::Duration;

/// How a web server is asked.
#[derive(Clone)]
pub struct HttpConfig {
    /// Under what it is counted, and kept.
    pub id: OriginId,
    /// Its name or address, without a port.
    pub host: String,
    /// Its port for HTTP.
    pub http_port: u16,
    /// Its port for HTTPS.
    pub https_port: u16,
    /// Which of them is used.
    pub protocol: OriginProtocol,
    /// What is put before each path: empty, or from a slash to no slash.
    pub path: String,
    /// What each request carries in place of the viewer's own fields of these names. Never shown: they are often secrets.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How often a connection is tried, 1 to 3 times.
    pub attempts: u32,
    /// How long one try may take, TLS included.
    pub connect_timeout: Duration,
    /// How long it may be silent: before its answer and between the pieces of it. While a request's body is sent, each
    /// piece of that counts as well.
    pub read_timeout: Duration,
    /// How long an idle connection is kept.
    pub keepalive: Duration,
    /// How many of them are kept.
    pub idle_connections: usize,
    /// How long the whole of an answer may take, from the question on; none: as long as it likes.
    pub completion_timeout: Option<Duration>,
    /// Which certificates are believed.
    pub trust: Trust,
}

impl HttpConfig {
    /// Asks `host` by HTTPS, in the times that CloudFront has for origins nobody said more about.
    pub fn new(id: OriginId, host: impl Into<String>, trust: Trust) -> Self {
        Self {
            id,
            host: host.into(),
            http_port: 80,
            https_port: 443,
            protocol: OriginProtocol::HttpsOnly,
            path: String::new(),
            headers: Vec::new(),
            attempts: 3,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            keepalive: Duration::from_secs(5),
            idle_connections: 64,
            completion_timeout: None,
            trust,
        }
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HttpConfig")
            .field("id", &self.id)
            .field("host", &self.host)
            .field("ports", &(self.http_port, self.https_port))
            .field("protocol", &self.protocol)
            .field("path", &self.path)
            .field("headers", &headers)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
