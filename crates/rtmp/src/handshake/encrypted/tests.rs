//! The recorded handshakes of real players, byte for byte, and what is refused.

use std::collections::HashMap;

use crypto_bigint::U1024;

use super::cipher::{Cipher, Ciphers};
use super::exchange::{Agreement, Exchange};
use super::group::{Element, Number, Private, PublicKey, SIZE};
use super::wrap::Wrap;
use crate::Error;
use crate::handshake::digest::{self, Digest, Scheme};
use crate::handshake::{Block, Kind, Random, Server};

const RECORDED: &str = include_str!("../../../tests/vectors/rtmpe.txt");
/// The one that failed.
const SHORTER: &str = "shorter-secret";

/// What was written down of one connection.
struct Record {
    name: &'static str,
    fields: HashMap<&'static str, &'static str>,
}

impl Record {
    fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for line in RECORDED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[') {
                all.push(Self { name: name.trim_end_matches(']'), fields: HashMap::new() });
                continue;
            }
            let (field, value) = line.split_once(' ').expect("a name and a value");
            all.last_mut().expect("a connection").fields.insert(field, value);
        }
        all
    }

    fn named(name: &str) -> Self {
        Self::all().into_iter().find(|record| record.name == name).expect("recorded")
    }

    /// Those of them that are encrypted.
    fn encrypted() -> impl Iterator<Item = Self> {
        Self::all().into_iter().filter(|record| record.has("private"))
    }

    fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    fn text(&self, field: &str) -> &'static str {
        self.fields.get(field).unwrap_or_else(|| panic!("{}: no {field}", self.name))
    }

    fn bytes(&self, field: &str) -> Vec<u8> {
        unhex(self.text(field))
    }

    fn array<const N: usize>(&self, field: &str) -> [u8; N] {
        self.bytes(field).try_into().unwrap_or_else(|_| panic!("{}: {field} has another length", self.name))
    }

    /// A field that says where something is, and what.
    fn placed(&self, field: &str) -> (usize, Vec<u8>) {
        let (place, value) = self.text(field).split_once(' ').expect("a place and a value");
        (place.parse().expect("a number"), unhex(value))
    }

    fn private(&self) -> Private<{ U1024::LIMBS }> {
        Private::new(U1024::from_be_slice(&self.bytes("private")))
    }

    /// What the server was asked, and that its own choices have to be the recorded ones: it once answered with other
    /// wraps and schemes than the client's, to see what clients do.
    fn exchange(&self, server: &mut Server) -> Exchange {
        let hello = [self.bytes("c0"), self.bytes("c1")].concat();
        let used = server.receive(&hello, &mut Vec::new(), &mut nothing()).expect("a right C1");
        assert_eq!(used, hello.len());
        let mut exchange = server.take_exchange().expect("a key exchange");
        exchange.wrap = Wrap::from_version(self.bytes("s0")[0]).expect("a version of RTMPE");
        exchange.scheme = digest::find(&self.array("s1"), digest::SERVER_KEY).expect("a digest").0;
        exchange
    }

    /// The random bytes of S1 and S2. The key, the digest and the signature are among them, and are written over.
    fn random(&self) -> Box<Random> {
        scripted([self.bytes("s1")[8..].to_vec(), self.bytes("s2")])
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hex digit") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Gives what is listed, in turn.
fn scripted(values: impl IntoIterator<Item = Vec<u8>, IntoIter: Send + 'static>) -> Box<Random> {
    let mut values = values.into_iter();
    Box::new(move |out: &mut [u8]| out.copy_from_slice(&values.next().expect("one more draw")))
}

/// Must not be asked.
fn nothing() -> Box<Random> {
    scripted([])
}

/// Exponents that the script lists, then noise.
fn exponents(first: &'static [U1024]) -> Box<Random> {
    let (mut first, mut state) = (first.iter(), 1u32);
    Box::new(move |out: &mut [u8]| match first.next() {
        Some(exponent) => out.copy_from_slice(&exponent.to_be_bytes()[SIZE - 32..]),
        None => out.fill_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }),
    })
}

/// What the bytes are under another's key stream.
fn through(mut cipher: Cipher, bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    cipher.apply(&mut out);
    out
}

/// A client's exchange with this key in it.
fn exchange(client_key: Number) -> Exchange {
    Exchange { wrap: Wrap::Plain, scheme: Scheme::Second, client_key, client_digest: [0; 32] }
}

fn server_key(agreement: &Agreement) -> Number {
    let s1: &Block = agreement.answer[1..].first_chunk().expect("S1");
    *Scheme::Second.public_key(s1)
}

#[test]
fn digests_and_keys_are_where_players_put_them() {
    for record in Record::all() {
        for (block, key) in [("c1", digest::CLIENT_KEY), ("s1", digest::SERVER_KEY)] {
            let bytes: Block = record.array(block);
            let (scheme, digest) = digest::find(&bytes, key).expect("a digest");
            let (place, recorded) = record.placed(&format!("{block}-digest"));
            assert_eq!((scheme.offset(&bytes), &digest[..]), (place, &recorded[..]), "{}", record.name);
            if record.has("private") {
                let (place, recorded) = record.placed(&format!("{block}-key"));
                assert_eq!(scheme.key_offset(&bytes), place, "{}", record.name);
                assert_eq!(scheme.public_key(&bytes)[..], recorded, "{}", record.name);
            }
        }
    }
}

#[test]
fn signatures_are_the_recorded_ones_bare_and_wrapped() {
    for record in Record::all() {
        let (c1_digest, s1_digest) = (record.placed("c1-digest").1, record.placed("s1-digest").1);
        for (block, digest, key) in
            [("s2", c1_digest, digest::SERVER_ANSWER_KEY), ("c2", s1_digest, digest::CLIENT_ANSWER_KEY)]
        {
            let bytes: Block = record.array(block);
            let key = digest::answer_key(&digest.try_into().expect("32 bytes"), key);
            let mut signature = digest::signature(&bytes, &key);
            assert_eq!(signature, record.array::<32>(&format!("{block}-bare")), "{}", record.name);
            if let Some(wrap) = Wrap::from_version(record.bytes("s0")[0]) {
                wrap.seal(&mut signature, &key);
            }
            assert_eq!(signature, digest::end(&bytes), "{} {block}", record.name);
        }
    }
}

#[test]
fn secrets_and_key_streams_are_the_recorded_ones() {
    for record in Record::encrypted() {
        let client_key: Number = record.placed("c1-key").1.try_into().expect("128 bytes");
        let theirs = PublicKey::check(&client_key).expect("a right key");
        let (private, secret) = (record.private(), record.array("secret"));
        assert_eq!(private.public()[..], record.placed("s1-key").1, "{}", record.name);
        assert_eq!(private.secret(&theirs), secret, "{}", record.name);
        for (direction, public) in [("up", private.public()), ("down", client_key)] {
            let key: [u8; 16] = record.array(&format!("{direction}-key"));
            assert_eq!(Cipher::key(&secret, &public), key, "{}", record.name);
            let stream = record.bytes(&format!("{direction}-stream"));
            assert_eq!(through(Cipher::new(&secret, &public), &[0; 32]), stream, "{}", record.name);
        }
    }
}

#[test]
fn every_recorded_connection_is_repeated_to_the_byte() {
    for record in Record::encrypted().filter(|record| record.name != SHORTER) {
        let mut server = Server::default();
        let exchange = record.exchange(&mut server);
        let private = record.private();
        let secret = private.secret(&PublicKey::check(&exchange.client_key).expect("a right key"));
        let agreement = exchange.conclude(&private.public(), &secret, &mut *record.random());
        let mut output = Vec::new();
        let Ciphers { inbound, outbound } = server.agree(agreement, &mut output).expect("it was asked");
        let sent = [record.bytes("s0"), record.bytes("s1"), record.bytes("s2")].concat();
        assert!(output == sent, "{}: another S0, S1 or S2", record.name);
        assert!(!server.is_done());
        assert_eq!(server.receive(&record.bytes("c2"), &mut output, &mut nothing()), Ok(1536));
        assert!(server.is_done());
        assert_eq!(through(inbound, &record.bytes("up")), record.bytes("up-plain"), "{}", record.name);
        assert_eq!(through(outbound, &record.bytes("down-plain")), record.bytes("down"), "{}", record.name);
    }
}

#[test]
fn recorded_digest_handshakes_are_repeated_too_and_swf_verification_with_them() {
    let mut answers = 0;
    for record in Record::all().into_iter().filter(|record| !record.has("private")) {
        let (mut server, mut output) = (Server::default(), Vec::new());
        let hello = [record.bytes("c0"), record.bytes("c1"), record.bytes("c2")].concat();
        let used = server.receive(&hello, &mut output, &mut *record.random()).expect("RTMP");
        assert_eq!((used, server.is_done(), server.kind()), (3073, true, Kind::Digest(Scheme::First)));
        let sent = [record.bytes("s0"), record.bytes("s1"), record.bytes("s2")].concat();
        assert!(output == sent, "{}: another S0, S1 or S2", record.name);
        if record.has("swf-hash") {
            let digest: Digest = digest::swf_answer(server.s1_end(), &record.array("swf-hash"));
            let size = record.text("swf-size").parse::<u32>().expect("a number").to_be_bytes();
            let answer = [&[0, 27, 1, 1][..], &size, &size, &digest].concat();
            assert_eq!(answer, record.bytes("swf-answer"));
            answers += 1;
        }
    }
    assert_eq!(answers, 1);
}

#[test]
fn ffmpeg_with_gmp_moves_a_shorter_secret_to_the_front() {
    let record = Record::named(SHORTER);
    let exchange = record.exchange(&mut Server::default());
    let private = record.private();
    let secret = private.secret(&PublicKey::check(&exchange.client_key).expect("a right key"));
    assert_eq!(secret[0], 0);
    let heard = |secret: &Number| through(Cipher::new(secret, &private.public()), &record.bytes("up"));
    let connect = unhex("030000000000c41400000000020007636f6e6e656374");
    assert!(!heard(&secret).starts_with(&connect[..1]), "as the number is written everywhere else");
    let mut moved = secret;
    moved.rotate_left(1);
    assert!(heard(&moved).starts_with(&connect));
}

#[test]
fn a_key_or_a_secret_that_begins_with_zero_is_never_used() {
    /// 2 to the power of the first begins with a zero byte; the recorded client's key to that of the second does.
    const BAD: [U1024; 2] = [
        U1024::ONE.shl_vartime(255).wrapping_add(&U1024::from_u32(1649)),
        U1024::ONE.shl_vartime(255).wrapping_add(&U1024::from_u32(57)),
    ];
    let client_key = Record::named(SHORTER).placed("c1-key").1.try_into().expect("128 bytes");
    let theirs = PublicKey::check(&client_key).expect("a right key");
    let [first, second] = BAD.map(Private::new);
    assert_eq!((first.public()[0], second.secret(&theirs)[0]), (0, 0));
    assert_ne!(second.public()[0], 0);

    let agreement = exchange(client_key).agree(&mut *exponents(&BAD)).expect("a third exponent is drawn");
    let key = server_key(&agreement);
    assert!(key[0] != 0 && key != second.public());
    let only_the_third = exchange(client_key).agree(&mut *exponents(&[])).expect("a good exponent");
    assert_eq!(server_key(&only_the_third), key, "and it is the one that is used");
}

#[test]
fn a_random_source_that_never_gives_anything_usable_ends_the_connection() {
    let client_key = Record::named(SHORTER).placed("c1-key").1.try_into().expect("128 bytes");
    let refused = exchange(client_key).agree(&mut |out: &mut [u8]| out.fill(0));
    assert!(matches!(refused, Err(Error::KeyExchange(what)) if what.contains("random")));
}

#[test]
fn keys_that_are_not_of_the_group_are_refused() {
    let small = |number: u32| U1024::from(number);
    let p = |less: u32| Element::MODULUS.wrapping_sub(&small(less));
    let agree = |number: U1024| exchange(number.to_be_bytes().into()).agree(&mut *exponents(&[]));
    // -1 is no square modulo p, so neither is -2 nor -4, because 2 and 4 are.
    for number in [small(0), small(1), p(1), p(0), p(2), p(4), U1024::MAX, p(0).wrapping_add(&small(2))] {
        let refused = agree(number);
        assert!(matches!(refused, Err(Error::KeyExchange(what)) if what.contains("group")), "{number}");
    }
    for number in [small(2), small(4)] {
        assert!(agree(number).is_ok(), "{number}");
    }
}

#[test]
fn nothing_of_a_key_is_shown_by_debug() {
    let client_key = Record::named(SHORTER).placed("c1-key").1.try_into().expect("128 bytes");
    let agreement = exchange(client_key).agree(&mut *exponents(&[])).expect("a right key");
    assert_eq!(format!("{:?}", agreement.ciphers.inbound), "Cipher { .. }");
    assert_eq!(format!("{:?}", exchange(client_key)), "Exchange { wrap: Plain, scheme: Second, .. }");
}
