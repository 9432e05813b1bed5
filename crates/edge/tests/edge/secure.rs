//! TLS, as clients see it that speak RTMP inside.

use millrace_rtmp::handshake::Kind;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::support::*;

/// The certificate that was shown.
fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().expect("servers show a certificate")[0].clone().into_owned()
}

#[tokio::test]
async fn no_tickets_come_which_rtmpdump_takes_for_an_error() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let mut stream = house.road().secure(&keys.client(), HOST).await.expect("a handshake");
    assert_eq!(stream.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    stream.write_all(&hello()).await.expect("the edge reads");
    let mut answer = vec![0; 3073];
    stream.read_exact(&mut answer).await.expect("the edge answers");
    assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
}

#[tokio::test]
async fn a_client_gets_the_certificate_of_the_name_it_asks_for() {
    let mut keys = Keys::new(&[]);
    let (films, music) = (keys.issue("films.example.net"), keys.issue("music.example.net"));
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    for (name, certificate) in [("music.example.net", music), ("films.example.net", films)] {
        let stream = house.road().secure(&keys.client(), name).await.expect("a certificate for the name");
        assert_eq!(shown(&stream), certificate, "{name}");
    }
    house
        .road()
        .secure(&keys.client(), "other.example.net")
        .await
        .expect_err("a certificate for no such name");
}

#[tokio::test]
async fn a_client_that_asks_for_an_address_gets_the_certificate_of_the_address() {
    let mut keys = Keys::new(&["films.example.net"]);
    let own = keys.issue("127.0.0.1");
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let stream =
        house.road().secure(&keys.client(), "127.0.0.1").await.expect("a certificate for the address");
    assert_eq!(shown(&stream), own);
}

#[tokio::test]
async fn a_renewed_certificate_reaches_the_next_handshake_and_disturbs_nobody() {
    let mut keys = Keys::new(&[HOST]);
    let entrance = keys.entrance();
    let certificates = entrance.certificates.clone().expect("there are certificates");
    let house = House::with_entrance(entrance, |_| {}).await;
    house.put("film.flv", &short_flv());
    let mut watching = house.road().tls(keys.client()).viewer(Kind::Plain).await;
    watching.buffer(1, 2000).play("film");
    let mut heard = watching.hear(|heard| matches!(heard, Heard::Media { .. })).await;
    let renewed = keys.issue(HOST);
    assert!(certificates.reload().expect("sound files"));
    let next = house.road().secure(&keys.client(), HOST).await.expect("a handshake");
    assert_eq!(shown(&next), renewed);
    watching.buffer(1, ALL_AT_ONCE);
    heard.extend(watching.hear_end().await);
    assert_same(&media_of(&heard), &Oracle::of(&short_flv()).await.whole().await);
}

#[tokio::test]
async fn tls_1_2_is_spoken_too() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    house.put("film.flv", &short_flv());
    let mut viewer = house.road().tls(keys.client_of(&rustls::version::TLS12)).viewer(Kind::Plain).await;
    viewer.play("film");
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&short_flv()).await.whole().await);
}

#[tokio::test]
async fn the_first_bytes_may_come_with_the_end_of_the_handshake() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    // Written at once, so that the first byte that is decrypted is not the last one there is.
    let mut stream = house.road().secure(&keys.client(), HOST).await.expect("a handshake");
    let mut both = hello();
    both.extend([0; 1536]);
    stream.write_all(&both).await.expect("the edge reads");
    let mut answer = vec![0; 3073];
    stream.read_exact(&mut answer).await.expect("the edge answers");
    assert_eq!(answer[0], 3);
}

#[tokio::test]
async fn who_speaks_tls_badly_or_something_unknown_inside_is_closed_with_the_reason() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let mut socket = house.road().behind(&[0x16; 200]).socket().await;
    let mut alert = Vec::new();
    let _ = socket.read_to_end(&mut alert).await;
    house.ended("TLS: ").await;
    // TLS in TLS, and a policy, are things that nobody asks for.
    for first in [0x16, b'<', 0xff] {
        let mut stream = house.road().secure(&keys.client(), HOST).await.expect("a handshake");
        stream.write_all(&[first; 40]).await.expect("the edge reads");
        assert_eq!(stream.read(&mut [0; 10]).await.unwrap_or_default(), 0);
        house.ended(&format!("the first byte is 0x{first:02x}")).await;
    }
    let counters = house.edge.metrics().snapshot();
    assert_eq!((counters.protocol_errors, counters.tls_handshakes), (4, 3));
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_certificate_goes_away() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let stranger = Keys::new(&[HOST]);
    house.road().secure(&stranger.client(), HOST).await.expect_err("a certificate of nobody's");
    house.ended("TLS: ").await;
    assert_eq!(house.edge.viewers(), 0);
}

#[tokio::test]
async fn a_connection_is_ended_as_tls_wants_it() {
    let keys = Keys::new(&[HOST]);
    let house = House::with_entrance(keys.entrance(), |_| {}).await;
    let mut viewer = Viewer::over(house.road().tls(keys.client()).connect().await, Kind::Plain).await;
    viewer.connect("cfx/st", "rtmps://nobody.example.org/cfx/st", &[]).await;
    viewer.hear_all().await;
    // Without a goodbye of TLS this would be an error: anybody on the way could have cut the end off.
    assert_eq!(viewer.socket.read(&mut [0; 10]).await.expect("an end that was said"), 0);
}
