//! Two upstreams, of which the second is asked when the first fails.

use crate::upstream::{RequestBody, ResponseBody, Upstream, no_body};
use crate::{Error, OriginId};
use async_trait::async_trait;
use http::{Method, Request, Response};
use http_body::Body;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Asks a second upstream where the first fails, or answers with a status that counts as a failure. What the second says
/// is the answer then, whatever it is.
///
/// Only what reads (GET, HEAD, OPTIONS without a body) is asked twice; all else is asked of the first alone.
pub struct FailoverUpstream {
    id: OriginId,
    first: Arc<dyn Upstream>,
    second: Arc<dyn Upstream>,
    statuses: BTreeSet<u16>,
}

impl FailoverUpstream {
    /// `statuses` are those of the first that count as failures.
    pub fn new(first: Arc<dyn Upstream>, second: Arc<dyn Upstream>, statuses: BTreeSet<u16>) -> Self {
        let id = OriginId::new(format!("{}|{}", first.id(), second.id()));
        Self { id, first, second, statuses }
    }
}

#[async_trait]
impl Upstream for FailoverUpstream {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn ask(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, Error> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if !reads || !request.body().is_end_stream() {
            return self.first.ask(request).await;
        }
        let (parts, _) = request.into_parts();
        let first = self.first.ask(Request::from_parts(parts.clone(), no_body())).await;
        match first {
            Ok(response) if !self.statuses.contains(&response.status().as_u16()) => return Ok(response),
            // The transfer of a body that nobody reads stops here, not when the second has answered.
            failed => drop(failed),
        }
        self.second.ask(Request::from_parts(parts, no_body())).await
    }
}

impl fmt::Debug for FailoverUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailoverUpstream")
            .field("id", &self.id)
            .field("statuses", &self.statuses)
            .finish_non_exhaustive()
    }
}
