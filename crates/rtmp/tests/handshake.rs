//! Both ends of the handshake, and bytes cut anywhere.

use millrace_rtmp::Error;
use millrace_rtmp::handshake::digest::Scheme;
use millrace_rtmp::handshake::{Client, Kind, Server, VERSION, digest};

/// Repeatable noise.
fn noise(seed: u8) -> impl FnMut(&mut [u8]) + Send {
    let mut state = u32::from(seed) + 1;
    move |out: &mut [u8]| {
        for byte in out {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
    }
}

/// Runs both ends with `step` bytes at a time and says what each thinks they did.
fn shake(kind: Kind, step: usize) -> (Kind, Kind) {
    let (mut client, mut server) = (Client::new(kind), Server::default());
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let (mut server_has, mut client_has) = (Vec::new(), Vec::new());
    client.hello(&mut to_server, &mut noise(1));
    while !(client.is_done() && server.is_done()) {
        assert!(!to_server.is_empty() || !to_client.is_empty(), "one waits for the other for ever");
        let n = step.min(to_server.len());
        server_has.extend(to_server.drain(..n));
        let used =
            server.receive(&server_has, &mut to_client, &mut noise(2)).expect("the client speaks RTMP");
        server_has.drain(..used);
        let n = step.min(to_client.len());
        client_has.extend(to_client.drain(..n));
        let used =
            client.receive(&client_has, &mut to_server, &mut noise(3)).expect("the server speaks RTMP");
        client_has.drain(..used);
    }
    (client.kind(), server.kind())
}

#[test]
fn a_client_without_a_digest_gets_the_plain_form() {
    assert_eq!(shake(Kind::Plain, 4000), (Kind::Plain, Kind::Plain));
}

#[test]
fn a_digest_is_answered_in_its_own_scheme() {
    for scheme in [Scheme::First, Scheme::Second] {
        let kind = Kind::Digest(scheme);
        assert_eq!(shake(kind, 4000), (kind, kind));
    }
}

#[test]
fn it_works_one_byte_at_a_time() {
    let kind = Kind::Digest(Scheme::Second);
    assert_eq!(shake(kind, 1), (kind, kind));
}

#[test]
fn the_answer_is_sent_before_c2_is_there() {
    let mut hello = Vec::new();
    Client::new(Kind::Plain).hello(&mut hello, &mut noise(1));
    let mut answer = Vec::new();
    let used = Server::default().receive(&hello, &mut answer, &mut noise(2)).expect("a right C0 and C1");
    assert_eq!((used, answer.len()), (1537, 1 + 1536 + 1536), "S0, S1 and S2 together");
    assert_eq!(answer[1537..], hello[1..], "S2 of the plain form is C1 as it was");
}

#[test]
fn s1_and_s2_of_the_digest_form_carry_the_signatures_that_ffmpeg_checks() {
    let mut hello = Vec::new();
    Client::new(Kind::Digest(Scheme::First)).hello(&mut hello, &mut noise(1));
    let mut answer = Vec::new();
    Server::default().receive(&hello, &mut answer, &mut noise(2)).expect("a right C0 and C1");
    let s1 = answer[1..1537].try_into().expect("S1");
    let s2: [u8; 1536] = answer[1537..].try_into().expect("S2");
    assert!(matches!(digest::find(s1, digest::SERVER_KEY), Some((Scheme::First, _))));
    let c1 = hello[1..].try_into().expect("C1");
    let (_, client_digest) = digest::find(c1, digest::CLIENT_KEY).expect("the client signed");
    let mut expected = s2;
    digest::answer(&mut expected, &client_digest, digest::SERVER_ANSWER_KEY);
    assert_eq!(s2, expected);
}

#[test]
fn other_protocols_are_refused_at_their_first_byte() {
    for first in [b'G', 0x16, 2, 7, 10, 0, 0xff] {
        let refused = Server::default().receive(&[first], &mut Vec::new(), &mut noise(1));
        assert_eq!(refused, Err(Error::Version(first)));
    }
    assert_eq!(Server::default().receive(&[VERSION], &mut Vec::new(), &mut noise(1)), Ok(0));
}
