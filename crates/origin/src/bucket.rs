//! A bucket, asked by HTTP as viewers ask for it.

use crate::http::{HttpConfig, HttpUpstream, Trust};
use crate::object::OriginId;
use crate::refusal::Refusal;
use crate::s3::{S3Config, Signer};
use crate::upstream::{RequestBody, ResponseBody, Upstream};
use crate::{Error, Kind, key};
use async_trait::async_trait;
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Scheme, Uri};
use http::{Request, Response};
use millrace_model::web::{OriginProtocol, Signing};
use percent_encoding::percent_decode_str;
use std::fmt;
use std::time::Duration;

/// How long an idle connection is kept; S3 itself closes them after some 20 s.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What a signed request may say in its query; what else viewers say is left out. Our credentials may have rights that
/// viewers have not: `?acl`, `?policy` or `?delete` would use them.
const SIGNED_QUERY: [&str; 5] = ["versionId", "partNumber", "uploadId", "uploads", "x-id"];
/// And fields of a viewer that a signed request does not repeat: they copy from elsewhere, or let others in.
const NEVER_SIGNED: [&str; 3] = ["x-amz-copy-source", "x-amz-acl", "x-amz-grant-"];

/// How a distribution asks a bucket.
#[derive(Clone)]
pub struct BucketRules {
    /// What is put before each path: empty, or from a slash to no slash.
    pub path: String,
    /// What each request carries in place of the viewer's own fields of these names. Never shown: they are often secrets.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Which requests are signed.
    pub signing: Signing,
    /// How often a connection is tried, 1 to 3 times.
    pub attempts: u32,
    /// How long one try may take, TLS included.
    pub connect_timeout: Duration,
    /// How long the bucket may be silent before and within an answer.
    pub read_timeout: Duration,
    /// How long the whole of an answer may take; none: as long as it likes.
    pub completion_timeout: Option<Duration>,
    /// Which certificates are believed.
    pub trust: Trust,
}

impl fmt::Debug for BucketRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("BucketRules")
            .field("path", &self.path)
            .field("headers", &headers)
            .field("signing", &self.signing)
            .finish_non_exhaustive()
    }
}

/// A bucket, or what lies below a path of it.
///
/// The key is the path, decoded, and goes out encoded as S3 itself encodes keys: so a signature holds whichever way a
/// store reads it, and a plus is a plus. Paths with a segment `.` or `..`, which some stores resolve and so would leave
/// the path in front or the bucket, are answered as S3 answers for keys it has not.
///
/// A signed request carries nothing of the viewer's that could use our rights for more than to read, write or delete one
/// object: not the root, no subresources but those of uploads and versions, no copying.
pub struct BucketUpstream {
    http: HttpUpstream,
    /// The path of a URL up to the first byte of the key.
    base: String,
    prefix: String,
    path: String,
    signing: Signing,
    /// None signs nothing: there are no credentials.
    signer: Option<Signer>,
}

impl BucketUpstream {
    /// Prepares to ask; nothing is sent yet.
    ///
    /// # Errors
    /// [`Kind::Misconfigured`], with the reason, if the configuration cannot work.
    pub fn new(config: &S3Config, rules: BucketRules) -> Result<Self, Error> {
        let below = format!("{}{}", config.prefix, rules.path.trim_start_matches('/'));
        let id = S3Config { prefix: below, ..config.clone() }.id();
        let wrong = |words: String| Error::new(Kind::Misconfigured, &id, "").with_detail(words);
        let base: Uri = config.base().map_err(wrong)?.parse().map_err(|_| wrong("endpoint".into()))?;
        let signer = match rules.signing {
            Signing::Never => None,
            Signing::Always | Signing::UnlessAuthorized => Signer::new(config).map_err(wrong)?,
        };
        let (path, signing) = (rules.path.clone(), rules.signing);
        let http = HttpUpstream::new(http(&base, id.clone(), config.idle_connections, rules))?;
        let (base, prefix) = (base.path().to_owned(), config.prefix.clone());
        Ok(Self { http, base, prefix, path, signing, signer })
    }

    fn signer(&self, headers: &HeaderMap) -> Option<&Signer> {
        let spared = self.signing == Signing::UnlessAuthorized && headers.contains_key(AUTHORIZATION);
        self.signer.as_ref().filter(|_| !spared)
    }

    /// The key that is meant.
    ///
    /// # Errors
    /// What is answered to who means none.
    fn key(&self, path: &str, signed: bool) -> Result<String, Refusal> {
        let key = key::of_path(&format!("{}{path}", self.path)).ok_or(Refusal::NO_SUCH_KEY)?;
        let key = format!("{}{key}", self.prefix);
        match key::fault(&key) {
            None => Ok(key),
            // The bucket itself. Who may list it is asked of nobody we sign for.
            Some(_) if key.is_empty() && signed => Err(Refusal::ACCESS_DENIED),
            Some(_) if key.is_empty() => Ok(key),
            Some(_) => Err(Refusal::NO_SUCH_KEY),
        }
    }

    fn uri(&self, key: &str, query: Option<&str>, signed: bool) -> Result<Uri, Error> {
        let query = query.map(|query| if signed { may_be_signed(query) } else { query.into() });
        let query =
            query.filter(|query| !query.is_empty()).map_or_else(String::new, |query| format!("?{query}"));
        let uri = format!("{}{}{query}", self.base, key::encode(key));
        uri.parse().map_err(|error| Error::new(Kind::BadKey, self.id(), key).with_detail(error))
    }
}

#[async_trait]
impl Upstream for BucketUpstream {
    fn id(&self) -> &OriginId {
        self.http.id()
    }

    async fn ask(&self, mut request: Request<RequestBody>) -> Result<Response<ResponseBody>, Error> {
        let asked = request.uri().clone();
        let signer = self.signer(request.headers());
        let key = match self.key(asked.path(), signer.is_some()) {
            Ok(key) => key,
            Err(refusal) => return Ok(refusal.answer(request.method(), None)),
        };
        *request.uri_mut() = self.uri(&key, asked.query(), signer.is_some())?;
        request.headers_mut().remove(HOST);
        if signer.is_some() {
            strip(request.headers_mut());
        }
        self.http.ask_as(asked.path(), request, signer).await
    }
}

impl fmt::Debug for BucketUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketUpstream")
            .field("id", self.id())
            .field("signing", &self.signing)
            .finish_non_exhaustive()
    }
}

fn http(base: &Uri, id: OriginId, idle_connections: usize, rules: BucketRules) -> HttpConfig {
    let BucketRules { headers, attempts, connect_timeout, read_timeout, completion_timeout, trust, .. } =
        rules;
    let secure = base.scheme() == Some(&Scheme::HTTPS);
    let protocol = if secure { OriginProtocol::HttpsOnly } else { OriginProtocol::HttpOnly };
    let port = base.port_u16();
    HttpConfig {
        http_port: port.unwrap_or(80),
        https_port: port.unwrap_or(443),
        protocol,
        headers,
        attempts,
        connect_timeout,
        read_timeout,
        keepalive: KEEPALIVE,
        idle_connections,
        completion_timeout,
        ..HttpConfig::new(id, base.host().unwrap_or_default(), trust)
    }
}

/// The parts of a query that a signature may stand for, as they came.
fn may_be_signed(query: &str) -> String {
    let allowed = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        let name = percent_decode_str(name).decode_utf8_lossy();
        SIGNED_QUERY.contains(&&*name) || name.starts_with("response-")
    };
    query.split('&').filter(allowed).collect::<Vec<_>>().join("&")
}

fn strip(headers: &mut HeaderMap) {
    let never = |name: &&HeaderName| NEVER_SIGNED.iter().any(|never| name.as_str().starts_with(never));
    for name in headers.keys().filter(never).cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_stands_for_nothing_that_reaches_beyond_an_object() {
        for (query, signed) in [
            ("acl", ""),
            ("versionId=a%2Bb&acl&x=1", "versionId=a%2Bb"),
            ("%61cl&%76ersionId=1", "%76ersionId=1"),
            ("partNumber=1&uploadId=x", "partNumber=1&uploadId=x"),
            ("response-content-type=a%2Fb", "response-content-type=a%2Fb"),
            ("X-Amz-Signature=1&list-type=2&delete&policy", ""),
        ] {
            assert_eq!(may_be_signed(query), signed, "{query}");
        }
        let mut headers = HeaderMap::new();
        for name in
            ["x-amz-copy-source", "x-amz-copy-source-range", "x-amz-grant-read", "x-amz-acl", "x-amz-meta-a"]
        {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        strip(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-amz-meta-a"]);
    }
}
