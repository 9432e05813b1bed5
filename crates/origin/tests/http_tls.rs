//! A web server behind TLS.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod common;

use common::{Server, Step, answer, ask, config, get, request};
use millrace_model::web::OriginProtocol;
use millrace_origin::{HttpConfig, HttpUpstream, Kind, Trust, ViewerScheme};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};

/// Says `text` to each request, and closes as it is told to.
struct Secure {
    address: SocketAddr,
    pem: String,
    _task: JoinSet<()>,
}

impl Secure {
    async fn start(name: &str, text: &'static str, close: bool) -> Self {
        let own = rcgen::generate_simple_self_signed(vec![name.into()]).unwrap();
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let server = server.with_single_cert(vec![own.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                while request(&mut stream).await.is_some() {
                    stream.write_all(text.as_bytes()).await.unwrap();
                    stream.flush().await.unwrap();
                    if close {
                        break;
                    }
                }
            }
        });
        Self { address, pem: own.cert.pem(), _task: task }
    }

    fn config(&self) -> HttpConfig {
        let trust = Trust::native_and(self.pem.as_bytes()).unwrap();
        let protocol = OriginProtocol::HttpsOnly;
        HttpConfig { host: "localhost".into(), protocol, trust, attempts: 3, ..config(self.address) }
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn who_is_vouched_for_is_asked() {
    let server = Secure::start("localhost", OK, false).await;
    let upstream = HttpUpstream::new(server.config()).unwrap();
    for _ in 0..2 {
        assert_eq!(ask(&upstream, get("/")).await.unwrap().body, "ok");
    }
}

#[tokio::test]
async fn who_is_not_is_told_to_the_operator_with_the_reason() {
    let server = Secure::start("localhost", OK, false).await;
    let unknown = HttpConfig { trust: Trust::native().unwrap(), ..server.config() };
    let other = Secure::start("other.example", OK, false).await;
    for (config, reason) in [(unknown, "UnknownIssuer"), (other.config(), "not valid for name")] {
        let error = ask(&HttpUpstream::new(config).unwrap(), get("/a?b=hush")).await.unwrap_err();
        assert_eq!((error.kind, error.retry_helps()), (Kind::Misconfigured, false), "{error}");
        let text = error.to_string();
        assert!(text.contains(reason) && !text.contains("tried") && !text.contains("hush"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_misconfigured() {
    let plain = vec![Step::Write(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Step::Hang];
    let server = Server::start(vec![plain]).await;
    let config = HttpConfig { protocol: OriginProtocol::HttpsOnly, ..config(server.address) };
    let error = ask(&HttpUpstream::new(config).unwrap(), get("/")).await.unwrap_err();
    assert!(error.kind == Kind::Misconfigured && error.to_string().contains("TLS failed"), "{error}");
}

#[tokio::test]
async fn a_handshake_that_is_not_answered_is_a_timeout_each_time() {
    let server = Server::start(vec![vec![Step::Hang], vec![Step::Hang]]).await;
    let config = HttpConfig {
        protocol: OriginProtocol::HttpsOnly,
        connect_timeout: Duration::from_millis(200),
        attempts: 2,
        ..config(server.address)
    };
    let error = ask(&HttpUpstream::new(config).unwrap(), get("/")).await.unwrap_err();
    assert_eq!((error.kind, server.connections()), (Kind::Timeout, 2));
    assert!(error.to_string().contains("no connection within 200ms, tried 2 times"), "{error}");
}

#[tokio::test]
async fn a_viewers_own_protocol_is_used_where_that_is_wanted() {
    let secure = Secure::start("localhost", OK, false).await;
    let plain = Server::start(vec![answer("HTTP/1.1 200 OK\nContent-Length: 5\n\nplain")]).await;
    let config = HttpConfig {
        protocol: OriginProtocol::MatchViewer,
        http_port: plain.address.port(),
        ..secure.config()
    };
    let upstream = HttpUpstream::new(config).unwrap();
    for (scheme, body) in [(ViewerScheme::Http, "plain"), (ViewerScheme::Https, "ok")] {
        let mut request = get("/");
        request.extensions_mut().insert(scheme);
        assert_eq!(ask(&upstream, request).await.unwrap().body, body);
    }
}

#[tokio::test]
async fn an_end_that_tls_does_not_vouch_for_is_a_cut() {
    let server = Secure::start("localhost", "HTTP/1.0 200 OK\r\n\r\nhalf", true).await;
    let error = ask(&HttpUpstream::new(server.config()).unwrap(), get("/")).await.unwrap_err();
    assert_eq!((error.kind, error.offset), (Kind::Truncated, Some(4)), "{error}");
}
