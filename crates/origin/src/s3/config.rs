//! How a bucket is reached.

use crate::OriginId;
use object_store::aws::{AmazonS3Builder, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpConnector, ReqwestConnector};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use std::fmt;
use std::time::Duration;

/// How a bucket is reached.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// `https://host[:port]` or, for a store in the same network, `http://…`. `None` means AWS in `region`.
    pub endpoint: Option<String>,
    /// The region requests are signed for, such as `eu-west-1`.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// Put before every key as it is (end it with `/` if it is meant to be a folder); empty for the whole bucket.
    pub prefix: String,
    /// `https://host/bucket/key` instead of `https://bucket.host/key`. Most stores that are not AWS want it.
    pub path_style: bool,
    /// Who asks.
    pub credentials: Credentials,
    /// Readers with different names share nothing that is cached: not all may read the same.
    pub reader: Option<String>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for the answer and then for each next piece of its body.
    pub read_timeout: Duration,
    /// Idle connections kept open.
    pub idle_connections: usize,
}

impl S3Config {
    /// A bucket at AWS with the credentials of the environment.
    pub fn new(region: impl Into<String>, bucket: impl Into<String>) -> Self {
        Self {
            endpoint: None,
            region: region.into(),
            bucket: bucket.into(),
            prefix: String::new(),
            path_style: false,
            credentials: Credentials::Environment,
            reader: None,
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(5),
            idle_connections: 64,
        }
    }

    /// The URL of the service, without a slash at its end.
    fn endpoint(&self) -> String {
        let china = if self.region.starts_with("cn-") { ".cn" } else { "" };
        let aws = || format!("https://s3.{}.amazonaws.com{china}", self.region);
        self.endpoint.as_ref().map_or_else(aws, |endpoint| endpoint.trim_end_matches('/').into())
    }

    pub(crate) fn id(&self) -> OriginId {
        let endpoint = self.endpoint();
        let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host);
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("/{}", self.prefix) };
        let reader = self.reader.iter().map(|reader| format!("#{reader}")).collect::<String>();
        OriginId::new(format!("s3://{host}/{}{prefix}{reader}", self.bucket))
    }

    /// The URL up to the first byte of the key.
    pub(crate) fn base(&self) -> Result<String, String> {
        let endpoint = self.endpoint();
        let (scheme, host) = match endpoint.split_once("://") {
            Some((scheme @ ("http" | "https"), host)) if !host.is_empty() => (scheme, host),
            _ => return Err(format!("the endpoint {endpoint:?} does not start with http:// or https://")),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if self.bucket.is_empty() || !self.bucket.bytes().all(plain) {
            return Err(format!("{:?} is no name of a bucket", self.bucket));
        }
        if host.contains('@') {
            return Err("the endpoint must not hold a user name or password".into());
        }
        let base = match self.path_style {
            true => format!("{scheme}://{host}/{}/", self.bucket),
            false => format!("{scheme}://{}.{host}/", self.bucket),
        };
        base.parse::<http::Uri>().map(|_| base).map_err(|error| format!("endpoint: {error}"))
    }

    pub(super) fn client(&self) -> Result<HttpClient, String> {
        let options = ClientOptions::new()
            .with_allow_http(true)
            .with_http1_only()
            .with_connect_timeout(self.connect_timeout)
            .with_read_timeout(self.read_timeout)
            // A body may rightly take as long as a film; the read timeout watches each piece of it.
            .with_timeout_disabled()
            .with_pool_max_idle_per_host(self.idle_connections);
        ReqwestConnector::default().connect(&options).map_err(|error| error.to_string())
    }

    /// Builds a store only for the credentials it finds.
    pub(super) fn provider(&self) -> Result<Option<AwsCredentialProvider>, String> {
        let builder = match &self.credentials {
            Credentials::Anonymous => return Ok(None),
            Credentials::Environment => AmazonS3Builder::from_env(),
            Credentials::Static { key_id, secret, token } => {
                let builder =
                    AmazonS3Builder::new().with_access_key_id(key_id).with_secret_access_key(secret.as_str());
                token.iter().fold(builder, AmazonS3Builder::with_token)
            }
        };
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: 2,
            retry_timeout: Duration::from_secs(3),
        };
        let store =
            builder.with_bucket_name(&self.bucket).with_region(&self.region).with_retry(retry).build();
        store.map(|store| Some(store.credentials().clone())).map_err(|error| error.to_string())
    }
}

/// Who asks. Secrets do not appear in the `Debug` text.
#[derive(Clone)]
pub enum Credentials {
    /// An access key given in the configuration.
    Static {
        /// The public half, `AKIA…`.
        key_id: String,
        /// The secret half.
        secret: String,
        /// The session token of temporary credentials.
        token: Option<String>,
    },
    /// What the machine has: `AWS_…` variables, web identity, container or instance roles.
    Environment,
    /// Nobody: unsigned requests, for public buckets.
    Anonymous,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static { key_id, .. } => {
                f.debug_struct("Static").field("key_id", key_id).finish_non_exhaustive()
            }
            Self::Environment => f.write_str("Environment"),
            Self::Anonymous => f.write_str("Anonymous"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> S3Config {
        S3Config::new("eu-west-1", "films")
    }

    #[test]
    fn urls_of_aws_and_others_in_both_styles() {
        assert_eq!(config().base().unwrap(), "https://films.s3.eu-west-1.amazonaws.com/");
        let other =
            S3Config { endpoint: Some("http://127.0.0.1:9000/".into()), path_style: true, ..config() };
        assert_eq!(other.base().unwrap(), "http://127.0.0.1:9000/films/");
        assert_eq!(S3Config { prefix: "a/".into(), ..other }.id().as_str(), "s3://127.0.0.1:9000/films/a/");
        let china = S3Config { region: "cn-north-1".into(), ..config() };
        assert_eq!(china.base().unwrap(), "https://films.s3.cn-north-1.amazonaws.com.cn/");
    }

    #[test]
    fn impossible_endpoints_and_buckets_are_named() {
        for endpoint in ["ftp://x", "host:9000", "https://", "https://me:pw@host", "http://a b"] {
            assert!(S3Config { endpoint: Some(endpoint.into()), ..config() }.base().is_err(), "{endpoint}");
        }
        assert!(S3Config { bucket: "a/b".into(), ..config() }.base().is_err());
        assert!(S3Config { bucket: String::new(), ..config() }.base().is_err());
    }

    #[test]
    fn secrets_are_not_printed() {
        let credentials = Credentials::Static {
            key_id: "AKIAEXAMPLE".into(),
            secret: "hush-secret".into(),
            token: Some("hush-token".into()),
        };
        let text = format!("{:?}", S3Config { credentials, ..config() });
        assert!(text.contains("AKIAEXAMPLE") && !text.contains("hush"), "{text}");
    }
}
