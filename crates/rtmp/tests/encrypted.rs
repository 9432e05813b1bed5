//! Whole connections over RTMPE, and SWF verification. The recorded handshakes of real players are repeated beside the
//! code of the handshake.

mod pair;

use std::time::Duration;

use bytes::BytesMut;
use millrace_rtmp::Error;
use millrace_rtmp::handshake::digest::{self, Scheme};
use millrace_rtmp::handshake::encrypted::{Exchange, Wrap};
use millrace_rtmp::handshake::{self, BLOCK, Kind};
use millrace_rtmp::message::{Message, UserControl, kind};
use millrace_rtmp::session::{ClientEvent, ClientPlay, Event, Swf};
use millrace_rtmp::status::{Status, code};
use pair::{Pair, noise, raw};

const WRAPS: [Wrap; 3] = [Wrap::Plain, Wrap::Xtea, Wrap::Blowfish];

fn offer(wrap: Wrap, scheme: Scheme) -> ClientPlay {
    let mut play = ClientPlay::new("cfx/st", "rtmpe://s1.example.net/cfx/st", "mp4:film");
    play.handshake = Kind::Encrypted(wrap, scheme);
    play
}

fn pair() -> Pair {
    Pair::new(offer(Wrap::Plain, Scheme::Second))
}

/// A pair that has come to an end of its handshake.
fn playing() -> Pair {
    let mut pair = pair();
    pair.talk().expect("both speak RTMPE");
    pair
}

/// Whether both ends talked as far as a film that begins, over the cipher in both directions.
fn assert_plays(pair: &mut Pair, what: &str) {
    assert!(matches!(&pair.asked[0], Event::Play { play, .. } if play.name == "mp4:film"), "{what}");
    pair.server.status(1, &Status::ok(code::PLAY_START, "Started."));
    pair.talk().expect("both speak RTMPE");
    assert_eq!(pair.codes(), [code::PLAY_START], "{what}");
}

/// C0 and C1 with a right digest and any public key.
fn hello_with(key: &[u8]) -> Vec<u8> {
    let mut c1 = [0; BLOCK];
    // Zeros select the first place there is.
    c1[8..8 + key.len()].copy_from_slice(key);
    digest::sign(&mut c1, Scheme::Second, digest::CLIENT_KEY);
    [&[6], &c1[..]].concat()
}

/// The exchange that a client asks for with this key.
fn exchange_with(key: &[u8]) -> Exchange {
    let mut server = handshake::Server::default();
    server.receive(&hello_with(key), &mut Vec::new(), &mut *noise()).expect("a right digest");
    server.take_exchange().expect("a key exchange")
}

/// A public key that is fit: 4.
fn four() -> [u8; 128] {
    let mut key = [0; 128];
    key[127] = 4;
    key
}

#[test]
fn a_film_begins_over_all_three_types_and_both_schemes() {
    for wrap in WRAPS {
        for scheme in [Scheme::First, Scheme::Second] {
            let mut pair = Pair::new(offer(wrap, scheme));
            pair.talk().expect("both speak RTMPE");
            let kind = Kind::Encrypted(wrap, scheme);
            assert_eq!((pair.client.handshake(), pair.server.handshake()), (kind, kind));
            assert!(pair.server.is_encrypted());
            assert_plays(&mut pair, &format!("{kind:?}"));
        }
    }
}

#[test]
fn nothing_behind_the_handshake_can_be_read_on_the_way() {
    let mut pair = pair();
    let hello = pair.client.take_output();
    pair.tell_server(&hello).expect("C0 and C1");
    let answer = pair.said_by_server();
    assert_eq!(answer.len(), 1 + 2 * BLOCK, "S0, S1 and S2, as they are");
    pair.tell_client(&answer).expect("S0, S1 and S2");
    let last = pair.client.take_output();
    let hidden = |bytes: &[u8], word: &[u8]| !bytes.windows(word.len()).any(|window| window == word);
    assert!(hidden(&last[BLOCK..], b"connect") && hidden(&last[BLOCK..], b"cfx/st"));
    pair.tell_server(&last).expect("C2 and connect");
    assert!(pair.connect.is_some());
    let reply = pair.said_by_server();
    assert!(!reply.is_empty() && hidden(&reply, b"_result") && hidden(&reply, b"NetConnection"));
}

#[test]
fn pieces_of_any_length_are_the_same_connection() {
    for step in (1..20).chain([127, 128, 129, 1535, 1536, 1537, 1538, 3072, 3073]) {
        let mut pair = Pair::new(offer(WRAPS[step % 3], Scheme::First));
        pair.talk_by(step).expect("both speak RTMPE");
        assert_plays(&mut pair, &format!("{step} bytes at a time"));
    }
}

#[test]
fn connect_may_come_with_c2_and_be_cut_anywhere() {
    let whole = connect_flight(&mut pair()).len();
    assert!(whole > BLOCK + 100, "C2 and connect at once");
    for cut in [1, 2, BLOCK / 2].into_iter().chain(BLOCK - 2..whole) {
        let mut pair = pair();
        let flight = connect_flight(&mut pair);
        pair.tell_server(&flight[..cut]).expect("a part");
        assert!(pair.connect.is_none(), "before it was there");
        pair.tell_server(&flight[cut..]).expect("the rest");
        let connect = pair.connect.as_ref().expect("a connect");
        assert_eq!(connect.tc_url, "rtmpe://s1.example.net/cfx/st", "cut at {cut}");
    }
}

/// What the client says after S2.
fn connect_flight(pair: &mut Pair) -> bytes::Bytes {
    let hello = pair.client.take_output();
    pair.tell_server(&hello).expect("C0 and C1");
    let answer = pair.said_by_server();
    pair.tell_client(&answer).expect("S0, S1 and S2");
    pair.client.take_output()
}

#[test]
fn the_type_in_s0_decides_about_the_signatures_of_both() {
    let mut pair = pair();
    let mut hello = pair.client.take_output().to_vec();
    // C0 is not signed: this server has an opinion of its own.
    hello[0] = 9;
    pair.tell_server(&hello).expect("C0 and C1");
    pair.talk().expect("the client obeys");
    assert_eq!(pair.client.handshake(), Kind::Encrypted(Wrap::Blowfish, Scheme::Second));
    assert_plays(&mut pair, "9 for 6");
}

#[test]
fn nothing_is_taken_or_sent_while_an_agreement_is_awaited() {
    let mut pair = pair();
    pair.accepts = false;
    let hello = pair.client.take_output();
    pair.tell_server(&hello).expect("C0 and C1");
    pair.tell_server(&[0; 40]).expect("more than there should be");
    assert!(pair.server.take_output().is_empty() && pair.server.take_cipher().is_none());
    assert!(matches!(pair.asked[..], [Event::KeyExchange(_)]), "once: {:?}", pair.asked);
    assert_eq!(pair.wait(Duration::from_secs(200)), Err(Error::Timeout("handshake")));
    assert_eq!(pair.now, Duration::from_secs(110));
}

#[test]
fn the_cipher_is_given_once_and_behind_s2_only() {
    let mut pair = pair();
    pair.accepts = false;
    let hello = pair.client.take_output();
    pair.tell_server(&hello).expect("C0 and C1");
    let Some(Event::KeyExchange(exchange)) = pair.asked.pop() else { panic!("no exchange") };
    pair.server.agree(exchange.agree(&mut *noise()).expect("a right key"));
    assert!(pair.server.take_cipher().is_none(), "S0, S1 and S2 would be encrypted");
    let answer = pair.server.take_output();
    assert_eq!(answer.len(), 1 + 2 * BLOCK);
    // What is written before the cipher is asked for is behind S2 all the same.
    pair.tell_client(&answer).expect("S0, S1 and S2");
    let flight = pair.client.take_output();
    pair.tell_server(&flight).expect("C2 and connect");
    let Some(Event::Connect(connect)) = pair.asked.pop() else { panic!("no connect") };
    pair.server.accept(&connect, &[]);
    let mut cipher = pair.server.take_cipher().expect("the cipher");
    assert!(pair.server.take_cipher().is_none());
    let mut wire = pair.server.take_output().to_vec();
    cipher.apply(&mut wire);
    pair.tell_client(&wire).expect("it is what the client decrypts");
    assert!(pair.told.contains(&ClientEvent::Connected));
}

#[test]
fn there_is_no_cipher_without_encryption() {
    for kind in [Kind::Plain, Kind::Digest(Scheme::First)] {
        let mut play = offer(Wrap::Plain, Scheme::First);
        play.handshake = kind;
        let mut pair = Pair::new(play);
        pair.talk().expect("both speak RTMP");
        assert_eq!(pair.server.handshake(), kind);
        assert!(!pair.server.is_encrypted() && pair.server.take_cipher().is_none());
    }
}

#[test]
fn a_wrong_signature_of_c2_ends_the_connection() {
    for at in [0, 700, BLOCK - 1] {
        let mut pair = pair();
        let mut flight = connect_flight(&mut pair).to_vec();
        flight[at] ^= 1;
        assert_eq!(pair.tell_server(&flight), Err(Error::Signature("C2")));
        assert!(pair.connect.is_none());
    }
}

#[test]
fn a_wrong_signature_of_s2_ends_the_connection() {
    for wrap in WRAPS {
        let mut pair = Pair::new(offer(wrap, Scheme::First));
        let hello = pair.client.take_output();
        pair.tell_server(&hello).expect("C0 and C1");
        let mut answer = pair.said_by_server();
        *answer.last_mut().expect("S2") ^= 0x80;
        assert_eq!(pair.tell_client(&answer), Err(Error::Signature("S2")));
    }
}

#[test]
fn encryption_without_a_digest_is_refused() {
    for version in [6, 8, 9] {
        let mut hello = hello_with(&four());
        (hello[0], hello[500]) = (version, 1);
        assert_eq!(pair().tell_server(&hello), Err(Error::NoDigest(version)));
    }
}

#[test]
fn a_key_that_is_none_is_refused() {
    let mut one = [0; 128];
    one[127] = 1;
    for key in [[0; 128], one, [0xff; 128]] {
        assert!(matches!(exchange_with(&key).agree(&mut *noise()), Err(Error::KeyExchange(_))));
    }
    exchange_with(&four()).agree(&mut *noise()).expect("4 is a key");
}

#[test]
fn an_offer_of_encryption_is_not_talked_out_of_it() {
    let refused = |answer: &[u8]| {
        let mut pair = pair();
        pair.client.take_output();
        pair.tell_client(answer).expect_err("it was to be encrypted")
    };
    assert_eq!(refused(&[3]), Error::NotEncrypted);
    assert_eq!(refused(&[4]), Error::Version(4));
    let plain = [&[6], &[0; 2 * BLOCK][..]].concat();
    assert_eq!(refused(&plain), Error::NoDigest(6));
    let mut s1 = [0; BLOCK];
    digest::sign(&mut s1, Scheme::First, digest::SERVER_KEY);
    let keyless = [&[8], &s1[..], &s1].concat();
    assert!(matches!(refused(&keyless), Error::KeyExchange(_)));
}

#[test]
fn a_client_that_wants_no_encryption_gets_none() {
    let mut play = offer(Wrap::Plain, Scheme::First);
    play.handshake = Kind::Digest(Scheme::First);
    assert_eq!(Pair::new(play).tell_client(&[6]), Err(Error::Version(6)));
}

#[test]
fn an_agreement_that_nobody_waits_for_is_ignored() {
    let agreement = || exchange_with(&four()).agree(&mut *noise()).expect("a right key");
    let mut unasked = pair();
    unasked.server.agree(agreement());
    assert!(unasked.server.take_output().is_empty() && unasked.server.take_cipher().is_none());
    let mut late = playing();
    late.server.agree(agreement());
    assert!(late.server.take_output().is_empty() && late.server.take_cipher().is_none());
}

#[test]
fn a_server_that_stops_in_the_middle_of_a_handshake_says_nothing() {
    let mut pair = pair();
    pair.accepts = false;
    let hello = pair.client.take_output();
    pair.tell_server(&hello).expect("C0 and C1");
    pair.server.shut_down();
    assert!(pair.server.is_closing() && pair.server.take_output().is_empty());
    pair.server.agree(exchange_with(&four()).agree(&mut *noise()).expect("a right key"));
    assert!(pair.server.take_output().is_empty(), "it is too late");
}

#[test]
fn a_player_shows_that_it_knows_the_hash_of_its_file() {
    let hash = digest::swf_hash(b"FWS\x0a the rest of it");
    assert_eq!(hash[..8], [0xe3, 0xb5, 0x71, 0x2b, 0xcc, 0x11, 0x32, 0x56]);
    let answered =
        [Kind::Encrypted(Wrap::Xtea, Scheme::First), Kind::Digest(Scheme::Second)].map(|handshake| {
            let mut play = offer(Wrap::Plain, Scheme::First);
            (play.handshake, play.swf) = (handshake, Some(Swf { hash, size: 12_345 }));
            let mut pair = Pair::new(play);
            pair.talk().expect("both speak RTMP");
            pair.asked.clear();
            pair.server.request_swf_verification();
            pair.talk().expect("both speak RTMP");
            let digest = pair.server.swf_digest(&hash);
            assert_eq!(pair.asked, [Event::SwfAnswer { size: 12_345, digest }]);
            assert_ne!(pair.server.swf_digest(&[0; 32]), digest, "another file");
            digest
        });
    assert_ne!(answered[0], answered[1], "another connection");
}

#[test]
fn a_player_without_a_hash_only_hears_of_it() {
    let mut pair = playing();
    pair.asked.clear();
    pair.server.request_swf_verification();
    pair.talk().expect("both speak RTMPE");
    assert!(pair.asked.is_empty());
    assert!(pair.told.contains(&ClientEvent::Control(UserControl::SwfRequest)));
}

#[test]
fn malformed_answers_to_swf_verification_end_the_connection() {
    let right = Message::user_control(UserControl::SwfResponse { size: 5, digest: [7; 32] });
    assert_eq!(right.body.len(), 44);
    let answer = |body: &[u8]| {
        let message = Message { time_ms: 0, kind: kind::USER_CONTROL, stream: 0, body: body.to_vec().into() };
        let mut pair = Pair::playing("x");
        pair.asked.clear();
        let mut input = BytesMut::from(&raw(&message)[..]);
        pair.server.receive(&mut input, pair.now).map(|()| pair.server.poll_event())
    };
    assert_eq!(answer(&right.body), Ok(Some(Event::SwfAnswer { size: 5, digest: [7; 32] })));
    let mut two_sizes = right.body.to_vec();
    two_sizes[11] = 6;
    let mut other_kind = right.body.to_vec();
    other_kind[3] = 2;
    for wrong in
        [&right.body[..43], &[&right.body[..], &[0]].concat(), &right.body[..2], &two_sizes, &other_kind]
    {
        assert!(matches!(answer(wrong), Err(Error::BadMessage { kind: 4, .. })), "{wrong:?}");
    }
}
