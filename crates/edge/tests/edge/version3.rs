//! HTTP/3, by a client that is not our own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use h3::client::SendRequest;
use hyper::{Request, Response};
use millrace_edge::{Phase, QuicListener};
use quinn::crypto::rustls::QuicClientConfig;
use tokio::task::JoinHandle;

use crate::support::{House, Keys, Pages, WEB_HOST};

/// A client's connection, and what keeps it going.
struct Client {
    requests: SendRequest<h3_quinn::OpenStreams, Bytes>,
    connection: quinn::Connection,
    driver: JoinHandle<()>,
}

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Opens a port for QUIC in a house.
fn listen(house: &House, keys: &Keys) -> (SocketAddr, JoinHandle<()>) {
    let listener = QuicListener::bind(house.edge.clone(), anywhere(), &keys.certificates()).expect("a port");
    let address = listener.local_addr().expect("it has an address");
    (address, tokio::spawn(listener.run()))
}

impl Client {
    async fn new(address: SocketAddr, keys: &Keys) -> Self {
        let mut tls = (*keys.client()).clone();
        tls.alpn_protocols = vec![b"h3".to_vec()];
        let tls = QuicClientConfig::try_from(tls).expect("TLS that QUIC can use");
        let mut endpoint = quinn::Endpoint::client(anywhere()).expect("a port");
        endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(tls)));
        let connecting = endpoint.connect(address, WEB_HOST).expect("a sound name");
        let connection = connecting.await.expect("the edge is there");
        let quic = h3_quinn::Connection::new(connection.clone());
        let (mut driver, requests) = h3::client::new(quic).await.expect("HTTP/3 is spoken");
        let driver = tokio::spawn(async move {
            let _ = std::future::poll_fn(|context| driver.poll_close(context)).await;
        });
        Self { requests, connection, driver }
    }

    /// Sends a request with a body, if it is not empty.
    async fn ask(
        &mut self,
        method: &str,
        host: &str,
        path: &str,
        body: &'static [u8],
    ) -> (Response<()>, Bytes) {
        let request = Request::builder().method(method).uri(format!("https://{host}{path}"));
        let request = request.body(()).expect("a request");
        let mut stream = self.requests.send_request(request).await.expect("it is sent");
        if !body.is_empty() {
            stream.send_data(Bytes::from_static(body)).await.expect("it is taken");
        }
        stream.finish().await.expect("it is sent");
        let response = stream.recv_response().await.expect("an answer");
        let mut received = BytesMut::new();
        while let Some(mut piece) = stream.recv_data().await.expect("it comes whole") {
            received.extend_from_slice(&piece.copy_to_bytes(piece.remaining()));
        }
        (response, received.freeze())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.driver.abort();
        self.connection.close(0_u32.into(), b"");
    }
}

#[tokio::test]
async fn a_web_distribution_that_allows_it_is_served_by_http_3() {
    let keys = Keys::new(&[WEB_HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let _pages = Pages::behind(&house, [], |distribution| distribution.http3 = true);
    let (address, _) = listen(&house, &keys);
    let mut client = Client::new(address, &keys).await;
    let (response, body) = client.ask("GET", WEB_HOST, "/a?b=c", b"").await;
    assert_eq!(response.status(), 200, "{response:?}");
    assert_eq!(response.headers()["x-cache"], "Miss from cloudfront");
    assert_eq!(response.headers()["content-length"], body.len().to_string().as_str());
    assert!(body.starts_with(b"GET /a "), "{body:?}");
    let (response, body) = client.ask("POST", WEB_HOST, "/a", b"seven b").await;
    assert!(response.status() == 200 && body.ends_with(b"\n7"), "{body:?}");
    let (response, body) = client.ask("HEAD", WEB_HOST, "/a", b"").await;
    assert!(response.status() == 200 && body.is_empty(), "{body:?}");
    let (response, _) = client.ask("GET", WEB_HOST, "/a", b"a body").await;
    assert_eq!(response.status(), 403, "where no body belongs");
    let mut stream = client
        .requests
        .send_request(Request::get(format!("https://{WEB_HOST}/cut")).body(()).expect("a request"))
        .await
        .expect("it is sent");
    stream.finish().await.expect("it is sent");
    let cut = async {
        // A stream that is reset may lose what came before.
        stream.recv_response().await?;
        while let Some(piece) = stream.recv_data().await? {
            assert!(piece.has_remaining());
        }
        Ok::<_, h3::error::StreamError>(())
    };
    assert!(cut.await.is_err(), "an answer that breaks is not taken for the whole");
}

#[tokio::test]
async fn other_hosts_are_sent_elsewhere() {
    let keys = Keys::new(&[WEB_HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let (address, _) = listen(&house, &keys);
    let _pages = Pages::behind(&house, [], |_| {});
    let mut client = Client::new(address, &keys).await;
    for host in [WEB_HOST, "nobody.example.org"] {
        assert_eq!(client.ask("GET", host, "/", b"").await.0.status(), 421, "{host}");
    }
}

#[tokio::test]
async fn the_port_closes_when_the_edge_stops() {
    let keys = Keys::new(&[WEB_HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let _pages = Pages::behind(&house, [], |distribution| distribution.http3 = true);
    let (address, running) = listen(&house, &keys);
    let mut client = Client::new(address, &keys).await;
    assert_eq!(client.ask("GET", WEB_HOST, "/", b"").await.0.status(), 200);
    house.edge.enter(Phase::Draining);
    house.edge.enter(Phase::Stopping);
    running.await.expect("no panic");
    client.connection.closed().await;
}
