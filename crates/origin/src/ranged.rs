//! What an upstream answers to one request, read by range.

use crate::Error;
use crate::object::{Answer, Body, Origin, OriginId, Read};
use crate::question::{Question, Tags};
use crate::upstream::{Upstream, no_body};
use async_trait::async_trait;
use futures::StreamExt;
use http::header::{
    CONTENT_LENGTH, HeaderMap, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    RANGE,
};
use http::{Extensions, Method, Request, Response, Uri};
use http_body_util::BodyExt;
use std::fmt;
use std::sync::Arc;

/// Reads the answer to one request in parts: the same request again, each time with another `Range`.
///
/// There is one for each thing that is read, so the key of a read says nothing and is ignored; errors name the path of
/// the request. A version is a strong ETag: an answer without one is [`Kind::NoVersion`](crate::Kind::NoVersion), and what is
/// [pinned](Read::pinned) goes into `If-Match`. A server that knows no ranges serves readers at the first byte, and
/// only if it tells the length.
pub struct RangedOrigin {
    upstream: Arc<dyn Upstream>,
    uri: Uri,
    headers: HeaderMap,
    extensions: Extensions,
}

impl RangedOrigin {
    /// Reads what `upstream` answers to a GET with the head of `request`. Conditions and ranges of its own are left out.
    pub fn new(upstream: Arc<dyn Upstream>, request: Request<()>) -> Self {
        let (mut parts, ()) = request.into_parts();
        for name in
            [RANGE, IF_RANGE, IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, CONTENT_LENGTH]
        {
            parts.headers.remove(name);
        }
        Self { upstream, uri: parts.uri, headers: parts.headers, extensions: parts.extensions }
    }

    async fn send(&self, fields: HeaderMap) -> Result<Response<Body>, Error> {
        let mut request = Request::new(no_body());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = self.extensions.clone();
        // Replaces what is there of the same name.
        request.headers_mut().extend(fields);
        let response = self.upstream.ask(request).await?;
        Ok(response.map(|body| body.into_data_stream().boxed()))
    }
}

#[async_trait]
impl Origin for RangedOrigin {
    fn id(&self) -> &OriginId {
        self.upstream.id()
    }

    async fn read(&self, _key: &str, request: Read) -> Result<Answer, Error> {
        let question = Question::new(self.id(), self.uri.path(), request, Tags::Strong)?;
        let mut response = self.send(question.fields()?).await?;
        if question.is_of_nothing(&response) {
            response = self.send(question.fields_for_whole()?).await?;
        }
        question.accept(response).await
    }
}

/// Shows neither the query nor the headers: both may hold secrets.
impl fmt::Debug for RangedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RangedOrigin")
            .field("id", self.id())
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}
