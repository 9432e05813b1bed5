//! HTTP/2, and who may speak it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use millrace_edge::Phase;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::support::*;

/// A client of HTTP/2 and what tells that its connection has ended.
struct Client {
    requests: SendRequest<Empty<Bytes>>,
    ended: tokio::task::JoinHandle<hyper::Result<()>>,
}

impl Client {
    async fn over(stream: BoxedStream) -> Self {
        let (requests, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("a handshake");
        Self { requests, ended: tokio::spawn(connection) }
    }

    async fn try_get(&mut self, url: &str) -> hyper::Result<Response<Bytes>> {
        let request = Request::get(url).body(Empty::new()).expect("a request");
        let (head, body) = self.requests.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }

    async fn get(&mut self, url: &str) -> Response<Bytes> {
        self.try_get(url).await.expect("an answer")
    }
}

/// A client of TLS that offers these protocols.
fn offering(keys: &Keys, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let mut config = ClientConfig::clone(&keys.client());
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

#[tokio::test]
async fn http_2_is_offered_where_a_web_distribution_has_it_and_nobody_else_hears_of_protocols() {
    let keys = Keys::new(&[HOST, WEB_HOST, OLD_WEB_HOST, "nobody.example"]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    for (host, offered, chosen) in [
        (WEB_HOST, both, Some(b"h2".as_slice())),
        (WEB_HOST, &[b"h2"], Some(b"h2")),
        (WEB_HOST, &[b"http/1.1"], None),
        (WEB_HOST, &[b"other"], None),
        (WEB_HOST, &[], None),
        (OLD_WEB_HOST, both, None),
        (HOST, both, None),
        ("nobody.example", both, None),
    ] {
        let stream = house.road().secure(&offering(&keys, offered), host).await.expect("a handshake");
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen, "{host} {offered:?}");
    }
}

#[tokio::test]
async fn a_browser_gets_pages_by_http_2_and_asks_others_hosts_again_by_http_1() {
    let keys = Keys::new(&[WEB_HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let stream = house.road().secure(&offering(&keys, &[b"h2"]), WEB_HOST).await.expect("a handshake");
    let mut client = Client::over(Box::new(stream)).await;
    let page = client.get(&format!("https://{WEB_HOST}/")).await;
    assert_ne!(page.status(), StatusCode::MISDIRECTED_REQUEST);
    for host in [HOST, OLD_WEB_HOST] {
        for path in ["/", "/open/1"] {
            let refused = client.get(&format!("https://{host}{path}")).await;
            assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST, "{host}");
        }
    }
    let unknown = client.get("https://nobody.example/").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert!(unknown.body().starts_with(b"DistributionNotFound: "));
}

#[tokio::test]
async fn who_knows_that_http_2_is_spoken_needs_no_tls() {
    let house = House::new().await;
    let mut client = Client::over(house.road().connect().await).await;
    let pages = futures::future::join_all((0..50).map(|number| {
        let request = Request::get(format!("http://nobody.example/{number}")).body(Empty::new());
        client.requests.send_request(request.expect("a request"))
    }));
    for page in pages.await {
        assert_eq!(page.expect("an answer").status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(house.edge.metrics().snapshot().http_requests, 50);
    client.get(&format!("http://{WEB_HOST}/")).await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused_in_http_2_as_well() {
    let house = House::new().await;
    let mut client = Client::over(house.road().connect().await).await;
    let long = |length| {
        let request = Request::get("http://nobody.example/").header("cookie", "x".repeat(length));
        request.body(Empty::<Bytes>::new()).expect("a request")
    };
    let fits = client.requests.send_request(long(20_000)).await.expect("an answer");
    assert_eq!(fits.status(), StatusCode::NOT_FOUND);
    let refused = client.requests.send_request(long(40_000)).await;
    let status = refused.map(|refused| refused.status());
    assert!(!matches!(status, Ok(StatusCode::NOT_FOUND)), "{status:?}");
}

#[tokio::test]
async fn who_begins_streams_only_to_reset_them_is_sent_away() {
    let house = House::new().await;
    let mut stream = house.road().connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("the edge reads");
    // GET http / with an authority that is nobody's, in HPACK without tables or Huffman's code.
    let head: &[u8] = b"\x82\x86\x84\x01\x01a";
    let mut flood = Vec::new();
    for id in (1..40_000_u32).step_by(2) {
        flood.extend([&[0, 0, head.len() as u8, 1, 5], &id.to_be_bytes()[..], head].concat());
        flood.extend([&[0, 0, 4, 3, 0], &id.to_be_bytes()[..], &8_u32.to_be_bytes()].concat());
    }
    // The edge closes before it has read all that.
    let _ = stream.write_all(&flood).await;
    let mut heard = Vec::new();
    let _ = timeout(Duration::from_secs(60), stream.read_to_end(&mut heard)).await.expect("the edge closes");
    assert!(house.edge.metrics().snapshot().http_requests < 20_000);
}

#[tokio::test]
async fn a_connection_ends_when_the_edge_drains_and_nothing_is_answered_on_it() {
    let mut house = House::new().await;
    let mut client = Client::over(house.road().connect().await).await;
    client.get("http://nobody.example/").await;
    house.edge.enter(Phase::Draining);
    client.ended.await.expect("no panic").expect("it ends well");
    (&mut house.running).await.expect("the listener ends");
}

#[tokio::test]
async fn who_asks_nothing_for_long_is_sent_away() {
    let house = House::with(|limits| limits.stalled = Duration::from_millis(300)).await;
    let mut client = Client::over(house.road().connect().await).await;
    client.get("http://nobody.example/").await;
    client.ended.await.expect("no panic").expect("it ends well");
}

#[tokio::test]
async fn a_web_host_has_no_tunnels() {
    let house = House::new().await;
    let mut http = house.http().await;
    http.write(
        format!("POST /open/1 HTTP/1.1\r\nHost: {WEB_HOST}\r\nContent-Length: 1\r\n\r\n\0").as_bytes(),
    )
    .await;
    http.answer().await.expect("an answer");
    assert_eq!(house.edge.metrics().snapshot().tunnels_opened, 0);
}
