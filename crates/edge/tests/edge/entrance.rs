//! Who comes, and from where: load balancers that tell it, those who pretend to be one, and protocols that nobody
//! speaks here.

use std::net::SocketAddr;

use millrace_edge::{Entrance, EventKind};
use millrace_model::Variant;
use millrace_rtmp::handshake::Kind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::*;

const VERSION_1: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935\r\n";

/// Version 2, with the signature, "PROXY", TCP over IPv4, twelve bytes of addresses and one more field.
fn version_2(address: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10".to_vec();
    header.extend(address);
    header.extend([198, 51, 100, 1, 0xdc, 4, 7, 143, 4, 0, 1, 9]);
    header
}

/// An edge behind a load balancer, which is where all tests come from, with TLS.
async fn behind_a_balancer(keys: &Keys) -> House {
    let proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    let house = House::with_entrance(Entrance { proxies, ..keys.entrance() }, |limits| {
        limits.connections_per_address = 1;
        limits.tunnels_per_address = 1;
    })
    .await;
    house.put("film.flv", &short_flv());
    house
}

async fn film_comes_whole(mut viewer: Viewer) {
    viewer.play("film");
    assert_same(&media_of(&viewer.hear_end().await), &Oracle::of(&short_flv()).await.whole().await);
}

/// Where the operator was told that a viewer of this variant is.
async fn peer_of(house: &House, variant: Variant) -> SocketAddr {
    let connected = house
        .told_of(|event| matches!(event, EventKind::Connected { variant: told, .. } if *told == variant))
        .await;
    connected.peer
}

#[tokio::test]
async fn a_balancer_tells_where_a_viewer_is_in_front_of_every_protocol() {
    let keys = Keys::new(&[HOST]);
    let viewer: SocketAddr = "192.0.2.7:56324".parse().expect("an address");
    for header in [VERSION_1.to_vec(), version_2([192, 0, 2, 7])] {
        let house = behind_a_balancer(&keys).await;
        let road = house.road().behind(&header);
        film_comes_whole(road.viewer(Kind::Plain).await).await;
        assert_eq!(peer_of(&house, Variant::Rtmp).await, viewer);
        house.ended("the viewer closed it").await;
        film_comes_whole(road.clone().tls(keys.client()).viewer(Kind::Plain).await).await;
        assert_eq!(peer_of(&house, Variant::Rtmps).await, viewer);
        house.empty().await;
        film_comes_whole(road.tunnelled(Kind::Plain).await).await;
        assert_eq!(peer_of(&house, Variant::Rtmpt).await, viewer);
    }
}

#[tokio::test]
async fn viewers_behind_a_balancer_count_for_their_own_addresses() {
    let keys = Keys::new(&[HOST]);
    let house = behind_a_balancer(&keys).await;
    let road = |last| house.road().behind(&version_2([192, 0, 2, last]));
    let _first = road(1).viewer(Kind::Plain).await;
    let _second = road(2).viewer(Kind::Plain).await;
    assert!(Viewer::try_over(road(2).connect().await, Kind::Plain).await.is_none());
    let refused = house.ended("too many connections of 192.0.2.2").await;
    assert_eq!(refused.peer.to_string(), "192.0.2.2:56324");
    house.counted(|counters| counters.refused_address == 1).await;
    assert_eq!(house.edge.viewers(), 2);
}

#[tokio::test]
async fn a_balancer_may_speak_for_itself_or_say_nothing() {
    let keys = Keys::new(&[HOST]);
    let mut local = version_2([192, 0, 2, 7]);
    local[12] = 0x20;
    for header in [b"PROXY UNKNOWN\r\n".to_vec(), local, Vec::new()] {
        let house = behind_a_balancer(&keys).await;
        film_comes_whole(house.road().behind(&header).viewer(Kind::Plain).await).await;
        assert!(peer_of(&house, Variant::Rtmp).await.ip().is_loopback());
    }
}

#[tokio::test]
async fn a_header_may_come_in_pieces() {
    let keys = Keys::new(&[HOST]);
    for header in [VERSION_1.to_vec(), version_2([192, 0, 2, 7])] {
        for cut in [1, 7, header.len() - 1] {
            let house = behind_a_balancer(&keys).await;
            let mut socket = house.road().socket().await;
            for part in [&header[..cut], &header[cut..]] {
                socket.write_all(part).await.expect("an open port takes bytes");
                // So that the parts are read one by one.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            film_comes_whole(Viewer::over(Box::new(socket), Kind::Plain).await.settled(TC_URL).await).await;
            assert_eq!(peer_of(&house, Variant::Rtmp).await.to_string(), "192.0.2.7:56324");
        }
    }
}

#[tokio::test]
async fn a_broken_header_is_refused() {
    let keys = Keys::new(&[HOST]);
    let mut endless = version_2([192, 0, 2, 7]);
    endless[14..16].copy_from_slice(&[0xff, 0xff]);
    endless.resize(5000, 0);
    for header in [b"PROXY TCP4 here there 1 2\r\n".to_vec(), b"PROXY ".repeat(50), endless] {
        let house = behind_a_balancer(&keys).await;
        let mut socket = house.road().behind(&header).socket().await;
        assert_eq!(socket.read(&mut [0; 10]).await.unwrap_or_default(), 0);
        house.ended("a broken PROXY header").await;
        assert_eq!(house.edge.metrics().snapshot().protocol_errors, 1);
    }
}

#[tokio::test]
async fn nobody_else_can_say_that_it_is_somebody_else() {
    let proxies = vec!["192.0.2.0/24".parse().expect("a network")];
    for entrance in [Entrance::default(), Entrance { proxies, ..Entrance::default() }] {
        let house = House::with_entrance(entrance, |_| {}).await;
        let hello = hello();
        let mut text = house.http().await;
        text.write(&[VERSION_1, &hello].concat()).await;
        assert!(text.answer().await.is_none_or(|answer| answer.status() == 400));
        let mut bytes = house.road().behind(&version_2([192, 0, 2, 7])).socket().await;
        assert_eq!(bytes.read(&mut [0; 10]).await.unwrap_or_default(), 0);
        house.ended("the first byte is 0x0d, which none of our protocols begins with").await;
        assert_eq!(house.edge.viewers(), 0);
        assert!(house.whole_events().iter().all(|event| event.peer.ip().is_loopback()));
    }
}

/// Opens a tunnel with a header of a balancer, and asks its session to end, so that the operator hears of it.
async fn opened_from(house: &House, header: &str) -> (u16, Option<SocketAddr>) {
    let mut http = house.http().await;
    let head = format!("POST /open/1 HTTP/1.1\r\nHost: {HOST}\r\n{header}\r\nContent-Length: 1\r\n\r\n\0");
    http.write(head.as_bytes()).await;
    let opened = http.answer().await.expect("an answer");
    let Ok(id) = str::from_utf8(&opened.body[..opened.body.len().min(32)]) else { return (0, None) };
    if opened.status() != 200 {
        return (opened.status(), None);
    }
    http.post(&format!("/close/{id}/0"), &[0]).await;
    (200, Some(house.ended("the viewer closed it").await.peer))
}

#[tokio::test]
async fn what_a_balancer_says_in_a_head_is_believed_and_from_nobody_else() {
    let keys = Keys::new(&[HOST]);
    for (header, address) in [
        ("X-Forwarded-For: 192.0.2.7", "192.0.2.7"),
        // What stands in front of the last one the viewer may have written itself.
        ("X-Forwarded-For: 10.1.1.1, 192.0.2.8", "192.0.2.8"),
        ("X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-For: 192.0.2.9", "192.0.2.9"),
        ("X-Forwarded-For: 2001:db8::7", "2001:db8::7"),
        ("X-Forwarded-For: nonsense", "127.0.0.1"),
    ] {
        let house = behind_a_balancer(&keys).await;
        let (status, peer) = opened_from(&house, header).await;
        assert_eq!(
            (status, peer.map(|peer| peer.ip().to_string()).as_deref()),
            (200, Some(address)),
            "{header}"
        );
        let house = House::new().await;
        let (_, peer) = opened_from(&house, header).await;
        assert_eq!(peer.map(|peer| peer.ip().is_loopback()), Some(true), "{header}");
    }
}

#[tokio::test]
async fn tunnels_through_a_balancer_count_for_their_own_addresses() {
    let keys = Keys::new(&[HOST]);
    let house = behind_a_balancer(&keys).await;
    // One connection is all that the balancer has, as far as it speaks for itself.
    let mut http = house.http().await;
    let mut open = async |address: &str| {
        let head =
            format!("POST /open/1 HTTP/1.1\r\nX-Forwarded-For: {address}\r\nContent-Length: 1\r\n\r\n\0");
        http.write(head.as_bytes()).await;
        http.answer().await.expect("an answer").status()
    };
    let opened = [open("192.0.2.1").await, open("192.0.2.2").await, open("192.0.2.2").await];
    assert_eq!(opened, [200, 200, 503]);
}

#[tokio::test]
async fn what_begins_like_nothing_we_speak_is_closed_without_an_answer_and_counted() {
    let house = House::new().await;
    for first in [0, 1, 2, 4, 5, 7, 0x0a, 0x15, 0x17, b'a', b'{', 0x80, 0xff] {
        let mut socket = house.road().behind(&[first; 40]).socket().await;
        assert_eq!(socket.read(&mut [0; 10]).await.unwrap_or_default(), 0, "{first:#x}");
        house.ended(&format!("the first byte is 0x{first:02x}, which none")).await;
    }
    assert_eq!(house.edge.metrics().snapshot().protocol_errors, 13);
}

#[tokio::test]
async fn who_goes_before_the_first_byte_is_told_of_and_is_no_error() {
    let house = House::new().await;
    drop(house.road().socket().await);
    house.ended("the viewer closed it").await;
    let counters = house.edge.metrics().snapshot();
    assert_eq!((counters.accepted, counters.protocol_errors, counters.timeouts), (1, 0, 0));
}

#[tokio::test]
async fn tls_without_a_certificate_is_closed_with_the_reason() {
    let house = House::new().await;
    let keys = Keys::new(&[HOST]);
    house.road().secure(&keys.client(), HOST).await.expect_err("nobody speaks TLS here");
    house.ended("TLS is asked for, and no certificate is configured").await;
    assert_eq!(house.edge.metrics().snapshot().protocol_errors, 1);
}
