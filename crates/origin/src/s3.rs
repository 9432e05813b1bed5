//! S3 and what speaks like it: one signed, ranged GET per read.
//!
//! `object_store` supplies what is hard to get right: credentials in all the places AWS keeps them, and an HTTP
//! client. Its own `get` is not used: it normalises keys (`a//b` and a leading slash are lost or refused), hides
//! the store's error code behind retries, and does not hand on `Expires`. Signed is with the same code that
//! verifies signatures on the control API.

mod answer;
mod config;

pub use config::{Credentials, S3Config};

use crate::object::{Answer, Origin, OriginId, Read};
use crate::{Error, Kind, key};
use answer::Question;
use async_trait::async_trait;
use http::header::{HOST, HeaderValue, IF_MATCH, RANGE};
use millrace_sign::sigv4::{self, Key, Payload};
use object_store::aws::AwsCredentialProvider;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
};
use std::fmt;
use std::time::SystemTime;

/// A bucket, or what lies below one prefix of it.
pub struct S3Origin {
    id: OriginId,
    /// The URL up to the first byte of the encoded key.
    base: String,
    prefix: String,
    region: String,
    client: HttpClient,
    /// `None` sends unsigned requests.
    credentials: Option<AwsCredentialProvider>,
}

impl fmt::Debug for S3Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Origin").field("id", &self.id).field("region", &self.region).finish_non_exhaustive()
    }
}

impl S3Origin {
    /// Prepares to read from a bucket; nothing is sent yet.
    ///
    /// # Errors
    /// [`Kind::Misconfigured`], with the reason, if the configuration cannot work.
    pub fn new(config: &S3Config) -> Result<Self, Error> {
        let id = config.id();
        let wrong = |detail: String| Error::new(Kind::Misconfigured, &id, "").with_detail(detail);
        let base = config.base().map_err(wrong)?;
        let client = config.client().map_err(wrong)?;
        let credentials = config.provider().map_err(wrong)?;
        let (prefix, region) = (config.prefix.clone(), config.region.clone());
        Ok(Self { base, prefix, region, client, credentials, id })
    }

    async fn send(&self, question: &Question, range: Option<String>) -> Result<HttpResponse, Error> {
        let request = self.request(question, range).await?;
        self.client.execute(request).await.map_err(|error| question.transport(&error))
    }

    async fn request(&self, question: &Question, range: Option<String>) -> Result<HttpRequest, Error> {
        let bad = |error: &dyn fmt::Display| question.error(Kind::BadKey).with_detail(error);
        let header = |text: &str| HeaderValue::from_str(text).map_err(|error| bad(&error));
        let url = format!("{}{}", self.base, key::encode(&format!("{}{}", self.prefix, question.key)));
        let mut request =
            http::Request::get(url).body(HttpRequestBody::empty()).map_err(|error| bad(&error))?;
        if let Some(range) = range {
            request.headers_mut().insert(RANGE, header(&range)?);
        }
        // A weak ETag never matches in `If-Match` (RFC 9110 section 13.1.1); the answer's own is compared anyway.
        if let Some(pinned) = question.pinned.as_ref().filter(|version| !version.as_str().starts_with("W/")) {
            request.headers_mut().insert(IF_MATCH, header(pinned.as_str())?);
        }
        self.sign(question, &mut request).await?;
        Ok(request)
    }

    async fn sign(&self, question: &Question, request: &mut HttpRequest) -> Result<(), Error> {
        let Some(provider) = &self.credentials else { return Ok(()) };
        let wrong = |error: &dyn fmt::Display| question.error(Kind::Misconfigured).with_detail(error);
        let credential = provider.get_credential().await.map_err(|error| wrong(&error))?;
        let (id, secret) = (credential.key_id.as_str(), credential.secret_key.as_str());
        let key = Key { id, secret, token: credential.token.as_deref() };
        sigv4::sign(request, Payload::Bytes(b""), &key, &self.region, "s3", SystemTime::now())
            .map_err(|error| wrong(&error))?;
        // The client writes the same host, and another one where a store sends it elsewhere.
        request.headers_mut().remove(HOST);
        Ok(())
    }
}

#[async_trait]
impl Origin for S3Origin {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn read(&self, key: &str, request: Read) -> Result<Answer, Error> {
        let question =
            Question { id: self.id.clone(), key: key.into(), range: request.range, pinned: request.pinned };
        if let Some(fault) = key::fault(key).or_else(|| key::fault(&format!("{}{key}", self.prefix))) {
            return Err(question.error(Kind::BadKey).with_detail(fault));
        }
        if question.range.is_empty() {
            return Err(question.error(Kind::Internal).with_detail("an empty range was asked"));
        }
        let last = question.range.end - 1;
        let response = self.send(&question, Some(format!("bytes={}-{last}", question.range.start))).await?;
        if question.is_empty_object(&response) {
            // No range of an empty object exists, and the refusal carries no version: ask without a range.
            let response = self.send(&question, None).await?;
            return question.accept(response).await;
        }
        question.accept(response).await
    }
}

impl Question {
    fn transport(&self, error: &HttpError) -> Error {
        let timeout = error.kind() == HttpErrorKind::Timeout;
        let kind = if timeout { Kind::Timeout } else { Kind::Unavailable };
        self.error(kind).with_detail(answer::chain(error))
    }
}
