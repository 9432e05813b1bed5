//! S3 and what speaks like it: one signed, ranged GET per read.
//!
//! `object_store` supplies what is hard to get right: credentials in all the places AWS keeps them, and an HTTP
//! client. Its own `get` is not used: it normalises keys (`a//b` and a leading slash are lost or refused), hides
//! the store's error code behind retries, and does not hand on `Expires`. Signed is with the same code that
//! verifies signatures on the control API.

mod config;
mod signer;

pub(crate) use signer::Signer;

pub use config::{Credentials, S3Config};

use crate::object::{Answer, Body, Origin, OriginId, Read};
use crate::question::{Question, Tags, chain};
use crate::{Error, Kind, key};
use async_trait::async_trait;
use futures::StreamExt;
use http::Response;
use http::header::{HOST, HeaderMap};
use millrace_sign::sigv4::Payload;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponseBody,
};
use std::fmt;

/// A bucket, or what lies below one prefix of it.
pub struct S3Origin {
    id: OriginId,
    /// The URL up to the first byte of the encoded key.
    base: String,
    prefix: String,
    region: String,
    client: HttpClient,
    /// `None` sends unsigned requests.
    signer: Option<Signer>,
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
        let signer = Signer::new(config).map_err(wrong)?;
        let (prefix, region) = (config.prefix.clone(), config.region.clone());
        Ok(Self { base, prefix, region, client, signer, id })
    }

    async fn send(&self, question: &Question, fields: HeaderMap) -> Result<Response<Body>, Error> {
        let request = self.request(question, fields).await?;
        let response = self.client.execute(request).await.map_err(|error| question.transport(&error))?;
        let asked = question.clone();
        let pieces = |body: HttpResponseBody| {
            body.bytes_stream().map(move |piece| piece.map_err(|error| asked.cut(&error)))
        };
        Ok(response.map(|body| pieces(body).boxed()))
    }

    async fn request(&self, question: &Question, fields: HeaderMap) -> Result<HttpRequest, Error> {
        let url = format!("{}{}", self.base, key::encode(&format!("{}{}", self.prefix, question.key)));
        let request = http::Request::get(url).body(HttpRequestBody::empty());
        let mut request = request.map_err(|error| question.error(Kind::BadKey).with_detail(error))?;
        *request.headers_mut() = fields;
        if let Some(signer) = &self.signer {
            let wrong = |error| question.error(Kind::Misconfigured).with_detail(error);
            signer.sign(&mut request, Payload::Bytes(b"")).await.map_err(wrong)?;
            // The client writes the same host, and another one where a store sends it elsewhere.
            request.headers_mut().remove(HOST);
        }
        Ok(request)
    }
}

#[async_trait]
impl Origin for S3Origin {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn read(&self, key: &str, request: Read) -> Result<Answer, Error> {
        let question = Question::new(&self.id, key, request, Tags::Any)?;
        if let Some(fault) = key::fault(key).or_else(|| key::fault(&format!("{}{key}", self.prefix))) {
            return Err(question.error(Kind::BadKey).with_detail(fault));
        }
        let mut response = self.send(&question, question.fields()?).await?;
        if question.is_of_nothing(&response) {
            response = self.send(&question, question.fields_for_whole()?).await?;
        }
        question.accept(response).await
    }
}

impl Question {
    fn transport(&self, error: &HttpError) -> Error {
        self.broken(error, Kind::Unavailable)
    }

    /// The connection broke while the body came.
    fn cut(&self, error: &HttpError) -> Error {
        self.broken(error, Kind::Truncated)
    }

    fn broken(&self, error: &HttpError, kind: Kind) -> Error {
        let timeout = error.kind() == HttpErrorKind::Timeout;
        self.error(if timeout { Kind::Timeout } else { kind }).with_detail(chain(error))
    }
}
