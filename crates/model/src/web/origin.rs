//! Where the bytes of a web distribution come from.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// What behaviours and groups call it.
    pub id: String,
    /// The host, or the bucket as a host name of S3.
    pub domain_name: String,
    /// What is put before each path: empty, or from a slash to no slash.
    pub path: String,
    /// What is told to it with each request.
    pub headers: Vec<OriginHeader>,
    /// How often a connection is tried, 1 to 3 times.
    pub attempts: u32,
    /// How long one try may take.
    pub connect_timeout: Duration,
    /// How long it may be silent before and within an answer.
    pub read_timeout: Duration,
    /// How long the whole of an answer may take; none: as long as it likes.
    #[serde(default)]
    pub completion_timeout: Option<Duration>,
    /// How it is spoken to.
    pub kind: OriginKind,
}

/// A header that every request to an origin carries in place of the viewer's own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginHeader {
    /// Its name, as it was written.
    pub name: String,
    /// Its value. Often a secret, by which an origin knows that it is asked by nobody else.
    pub value: String,
}

impl fmt::Debug for OriginHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginHeader").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How an origin is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// A bucket.
    S3(Bucket),
    /// A web server.
    Custom(Custom),
}

/// As whom a bucket is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The id of an origin access identity or of an origin access control; none: anybody may read it.
    #[serde(default)]
    pub reader: Option<String>,
    /// Which requests are signed.
    #[serde(default)]
    pub signing: Signing,
}

/// Which requests to a bucket are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    /// None.
    #[default]
    Never,
    /// All.
    Always,
    /// Those whose viewers sent no `Authorization`; that of the others is passed on.
    UnlessAuthorized,
}

/// A web server that is no bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custom {
    /// Its port for HTTP.
    pub http_port: u16,
    /// Its port for HTTPS.
    pub https_port: u16,
    /// Which of them is used.
    pub protocol: OriginProtocol,
    /// How long an idle connection is kept.
    pub keepalive: Duration,
}

/// By which protocol an origin is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginProtocol {
    /// HTTP.
    HttpOnly,
    /// The viewer's. A copy serves viewers of both all the same.
    MatchViewer,
    /// HTTPS.
    HttpsOnly,
}

/// Two origins, of which the second is asked when the first fails. Only requests to read (GET, HEAD, OPTIONS) are asked
/// twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginGroup {
    /// What behaviours call it.
    pub id: String,
    /// The origin that is asked first.
    pub primary: String,
    /// The one that is asked then.
    pub secondary: String,
    /// Answers of the first that count as failures. So do silence and refused connections.
    pub status_codes: BTreeSet<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_origin_is_told_in_secret_is_not_shown() {
        let header = OriginHeader { name: "X-Verify".to_owned(), value: "hunter2".to_owned() };
        let shown = format!("{header:?}");
        assert!(shown.contains("X-Verify") && !shown.contains("hunter2"), "{shown}");
    }
}
