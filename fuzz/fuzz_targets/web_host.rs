//! A viewer who sends what he likes to a web distribution, and another one behind him who gets what he would have got
//! without the first: nothing of one is in what others are given.
#![no_main]

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use libfuzzer_sys::fuzz_target;
use millrace_cache::{Cache, Config};
use millrace_edge::{Edge, Entrance, Limits, Site};
use millrace_fuzz::wire::pieces;
use millrace_model::{Snapshot, web};
use millrace_origin::{Error, OriginId, RequestBody, ResponseBody, Upstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

/// Virtual: the clock stands while there is something to do, and jumps when there is not.
const LONG: Duration = Duration::from_secs(3600);

/// What the second viewer asks for.
const HONEST: [&str; 6] = [
    "GET /a HTTP/1.1\r\nHost: www.example.net\r\nConnection: close\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: www.example.net\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
    "GET /a?page=1 HTTP/1.1\r\nHost: www.example.net\r\nX-Version: 2\r\nConnection: close\r\n\r\n",
    "GET /own/a HTTP/1.1\r\nHost: www.example.net\r\nCookie: session=1\r\nConnection: close\r\n\r\n",
    "GET /device/a HTTP/1.1\r\nHost: www.example.net\r\nConnection: close\r\n\r\n",
    "HEAD /a HTTP/1.1\r\nHost: www.example.net\r\nConnection: close\r\n\r\n",
];

/// Says in its answer all that it was told and that no rule sends to every origin.
struct Gullible {
    id: OriginId,
}

/// What goes to origins whatever is configured, and tells no copies apart; and `Range`, by which the edge asks in its own
/// words.
const ALWAYS: [&str; 13] = [
    "cache-control",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "from",
    "max-forwards",
    "pragma",
    "range",
    "via",
    "warning",
    "x-forwarded-for",
];

#[async_trait]
impl Upstream for Gullible {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn ask(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, Error> {
        let (head, body) = request.into_parts();
        let _ = body.collect().await;
        let mut told: Vec<String> = head
            .headers
            .iter()
            .filter(|(name, _)| !ALWAYS.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        told.sort();
        let text = format!("{} {} {told:?}", head.method, head.uri);
        let body = if head.method == "HEAD" { String::new() } else { text.clone() };
        let mut response = Response::new(Full::from(body).map_err(|never| match never {}).boxed_unsync());
        let fields = response.headers_mut();
        fields.insert("etag", HeaderValue::from_static("\"1\""));
        // With it, what is kept already and what is still to come look the same.
        fields.insert("content-length", HeaderValue::from(text.len()));
        if head.uri.path().contains("vary") {
            fields.insert("vary", HeaderValue::from_static("X-Version, Accept-Language"));
        }
        Ok(response)
    }
}

struct House {
    runtime: Runtime,
    edge: Edge,
    resident: usize,
    /// What the honest get who come first.
    expected: RefCell<Vec<(String, Bytes)>>,
}

thread_local! {
    static HOUSE: House = House::new();
}

impl House {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let edge = runtime.block_on(async {
            let cache = Cache::open(Config::default()).await.expect("a cache without a disk opens");
            Edge::new(site(), cache, Limits::default(), Entrance::default(), Arc::new(|_| ()))
                .expect("a thread")
        });
        let resident = runtime.metrics().num_alive_tasks();
        let house = Self { runtime, edge, resident, expected: RefCell::default() };
        let expected = house.runtime.block_on(house.honest());
        assert!(expected.iter().all(|(status, _)| status == "200"), "{expected:?}");
        house.expected.replace(expected);
        house
    }

    async fn visit(&self, cuts: [u8; 4], bytes: &[u8]) {
        self.edge.invalidate_all();
        self.talk(bytes, &cuts, [198, 51, 100, 1]).await;
        let got = self.honest().await;
        for ((got, expected), asked) in got.iter().zip(self.expected.borrow().iter()).zip(HONEST) {
            assert_eq!(got, expected, "{asked}");
        }
        let empty = async {
            while self.runtime.metrics().num_alive_tasks() > self.resident {
                sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(LONG, empty).await.expect("nothing runs for ever");
    }

    /// Statuses and bodies.
    async fn honest(&self) -> Vec<(String, Bytes)> {
        let mut all = Vec::new();
        for request in HONEST {
            let answer = self.talk(request.as_bytes(), &[0], [192, 0, 2, 1]).await;
            let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of a head") + 4;
            let head = String::from_utf8_lossy(&answer[..end]);
            let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
            all.push((status, Bytes::copy_from_slice(&answer[end..])));
        }
        all
    }

    /// Everything that is answered to these bytes.
    async fn talk(&self, bytes: &[u8], cuts: &[u8], address: [u8; 4]) -> Vec<u8> {
        let (near, far) = duplex(64 << 10);
        let (mut reader, mut writer) = tokio::io::split(near);
        let saying = async {
            for piece in pieces(bytes, cuts) {
                if writer.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let mut answers = Vec::new();
        let hearing = async {
            let _ = reader.read_to_end(&mut answers).await;
        };
        let peer = SocketAddr::from((address, 1000));
        let serving = self.edge.serve_http(far, peer);
        let all = async { tokio::join!(saying, hearing, serving) };
        timeout(LONG, all).await.expect("every connection ends");
        answers
    }
}

/// One distribution: everything for everybody, but with two words that tell copies apart, one part for each session, and
/// one for each kind of device.
fn site() -> Site {
    let open = web::Behavior {
        methods: web::Methods::All,
        compress: true,
        key: web::KeyRules {
            query: web::Select::these(["page"]),
            headers: web::Select::these(["x-version"]),
            gzip: true,
            ..web::KeyRules::default()
        },
        ..web::Behavior::of("pages")
    };
    let key = web::KeyRules { cookies: web::Select::these(["session"]), ..web::KeyRules::default() };
    let own = web::Behavior { pattern: web::PathPattern::new("/own/*"), key, ..open.clone() };
    let headers = web::Select::these(["cloudfront-is-mobile-viewer"]);
    let key = web::KeyRules { headers, ..web::KeyRules::default() };
    let device = web::Behavior { pattern: web::PathPattern::new("/device/*"), key, ..open.clone() };
    let distribution = web::Distribution {
        id: "E".to_owned(),
        domain_name: "www.example.net".to_owned(),
        aliases: Vec::new(),
        enabled: true,
        default_root_object: Some("a".to_owned()),
        origins: Vec::new(),
        groups: Vec::new(),
        behaviors: vec![own, device],
        default_behavior: open,
        errors: Vec::new(),
        geo: web::Geo::Anywhere,
        http2: true,
        http3: false,
        ipv6: false,
    };
    let pages: Arc<dyn Upstream> = Arc::new(Gullible { id: OriginId::new("pages") });
    Site {
        snapshot: Snapshot::default().with_web(vec![distribution], None),
        upstreams: [("E".to_owned(), HashMap::from([("pages".to_owned(), pages)]))].into(),
        ..Site::default()
    }
}

fuzz_target!(|data: ([u8; 4], &[u8])| {
    let (cuts, bytes) = data;
    HOUSE.with(|house| house.runtime.block_on(house.visit(cuts, bytes)));
});
