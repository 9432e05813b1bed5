//! A web distribution, and an origin behind it that a test holds in its hands.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, Collected, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::CONTENT_LENGTH;
use hyper::{Request, Response};
use millrace_edge::{SigningKey, Site};
use millrace_model::{Snapshot, web};
use millrace_origin::{Error, Kind, OriginId, RequestBody, ResponseBody, Upstream};

use super::{House, WEB_HOST};

/// An origin that answers by the path: `/endless` never ends, `/cut` ends too early, and all others say who asked what.
pub(crate) struct Pages {
    id: OriginId,
    /// Bodies that somebody still takes.
    pub(crate) open: Arc<AtomicUsize>,
}

/// Puts a web distribution into a house, changed as the test wants it, with these origins and keys. Its default behaviour
/// asks the origin `pages`.
pub(crate) fn publish<'u>(
    house: &House,
    upstreams: impl IntoIterator<Item = (&'u str, Arc<dyn Upstream>)>,
    keys: impl IntoIterator<Item = (String, SigningKey)>,
    change: impl FnOnce(&mut web::Distribution),
) {
    let mut distribution = web::Distribution {
        id: "EPAGES".to_owned(),
        domain_name: WEB_HOST.to_owned(),
        aliases: Vec::new(),
        enabled: true,
        default_root_object: None,
        origins: Vec::new(),
        groups: Vec::new(),
        behaviors: Vec::new(),
        default_behavior: web::Behavior::of("pages"),
        errors: Vec::new(),
        geo: web::Geo::Anywhere,
        http2: true,
        http3: false,
        ipv6: false,
    };
    change(&mut distribution);
    let upstreams: HashMap<_, _> =
        upstreams.into_iter().map(|(name, upstream)| (name.to_owned(), upstream)).collect();
    house.edge.replace(Site {
        snapshot: Snapshot::default().with_web(vec![distribution], None),
        upstreams: [("EPAGES".to_owned(), upstreams)].into(),
        keys: keys.into_iter().collect(),
        ..Site::default()
    });
}

/// Counts a body that is taken, until it is dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Pages {
    /// Puts a distribution into the house, changed as the test wants it, with these keys.
    pub(crate) fn behind(
        house: &House,
        keys: impl IntoIterator<Item = (String, SigningKey)>,
        change: impl FnOnce(&mut web::Distribution),
    ) -> Arc<Self> {
        let pages = Arc::new(Self { id: OriginId::new("pages"), open: Arc::default() });
        let upstream: Arc<dyn Upstream> = Arc::<Self>::clone(&pages);
        publish(house, [("pages", upstream)], keys, |distribution| {
            distribution.default_behavior.methods = web::Methods::All;
            distribution.default_behavior.ttl = web::Ttl::ZERO;
            change(distribution);
        });
        pages
    }

    fn failing(&self) -> Error {
        Error::new(Kind::Truncated, &self.id, "cut")
    }
}

#[async_trait]
impl Upstream for Pages {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn ask(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, Error> {
        let (head, body) = request.into_parts();
        let mut length = None;
        let piece = || Ok(Frame::data(Bytes::from(vec![b'x'; 64 << 10])));
        let body = match head.uri.path() {
            "/endless" => {
                self.open.fetch_add(1, SeqCst);
                let open = Open(Arc::clone(&self.open));
                StreamBody::new(stream::repeat_with(move || {
                    let _ = &open;
                    piece()
                }))
                .boxed_unsync()
            }
            "/cut" => StreamBody::new(stream::iter([piece(), Err(self.failing())])).boxed_unsync(),
            _ => {
                let sent = body.collect().await.map_or_else(|_| Bytes::from("cut off"), Collected::to_bytes);
                let text = format!("{} {} {:?}\n{}", head.method, head.uri, head.headers, sent.len());
                length = Some(text.len());
                Full::from(text).map_err(|never| match never {}).boxed_unsync()
            }
        };
        let mut response = Response::new(body);
        if let Some(length) = length {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        Ok(response)
    }
}
