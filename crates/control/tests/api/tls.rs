//! The API in TLS.

use std::sync::Arc;

use http::Method;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::plane::{Plane, config, exchange};

/// Both sides.
fn pair() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(default_provider());
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let client = client.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
    (Arc::new(server.unwrap()), Arc::new(client.with_no_client_auth()))
}

#[tokio::test]
async fn the_place_of_what_was_made_begins_with_https() {
    let (server, client) = pair();
    let plane = Plane::start(Some(server)).await;
    plane.opened();
    let stream = TcpStream::connect(plane.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(client).connect(name, stream).await.unwrap();
    let path = "/2020-05-31/streaming-distribution";
    let made = exchange(&mut stream, plane.signed(Method::POST, path, &config("one"))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let place = format!("https://{}{path}/{}", plane.address, made.element("Id"));
    assert_eq!(made.header("location"), place);
}
