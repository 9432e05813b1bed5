//! RTMPE with strangers at both ends, whose digests are right so that their keys are looked at, and with each other.
#![no_main]

use std::time::Duration;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use millrace_fuzz::wire::{noise, pieces};
use millrace_rtmp::Error;
use millrace_rtmp::handshake::digest::{self, Scheme};
use millrace_rtmp::handshake::encrypted::{Cipher, Wrap};
use millrace_rtmp::handshake::{self, BLOCK, Block, Kind};
use millrace_rtmp::session::{Client, ClientEvent, ClientPlay, Event, Limits, Server};
use millrace_rtmp::status::Status;

struct Input<'a> {
    wrap: u8,
    second: bool,
    /// Whether a stranger's digest is right.
    signed: bool,
    /// How long the pieces are, in turn.
    cuts: [u8; 4],
    bytes: &'a [u8],
}

impl Input<'_> {
    fn wrap(&self) -> Wrap {
        [Wrap::Plain, Wrap::Xtea, Wrap::Blowfish][usize::from(self.wrap % 3)]
    }

    fn scheme(&self) -> Scheme {
        if self.second { Scheme::Second } else { Scheme::First }
    }

    fn offer(&self) -> Kind {
        Kind::Encrypted(self.wrap(), self.scheme())
    }

    /// A version byte and a block of the input's bytes, over and over: its key is any number.
    fn first(&self, key: &[u8]) -> Vec<u8> {
        let mut block: Block = [0; BLOCK];
        block.iter_mut().zip(self.bytes.iter().cycle()).for_each(|(to, from)| *to = *from);
        if self.signed {
            digest::sign(&mut block, self.scheme(), key);
        }
        [&[self.wrap().version()], &block[..]].concat()
    }
}

/// A stranger's C1 and C2.
fn server(input: &Input<'_>) {
    let mut server = handshake::Server::default();
    let (mut random, mut output) = (noise(), Vec::new());
    let hello = input.first(digest::CLIENT_KEY);
    let used = match server.receive(&hello, &mut output, &mut *random) {
        Ok(used) => used,
        Err(error) => {
            assert!(!input.signed && matches!(error, Error::NoDigest(_)), "{error}");
            return;
        }
    };
    assert!(used == hello.len() && output.is_empty());
    let exchange = server.take_exchange().expect("encryption was asked for");
    let Ok(agreement) = exchange.agree(&mut *random) else { return };
    server.agree(agreement, &mut output).expect("it was asked for");
    assert_eq!(output.len(), 1 + 2 * BLOCK);
    assert!(output[1..].chunks(BLOCK).all(|block| block.iter().any(|byte| *byte != 0)));
    let c2 = server.receive(&hello[1..], &mut output, &mut *random);
    assert_eq!(c2, Err(Error::Signature("C2")), "signed by nobody");
}

/// A stranger's S1 and S2.
fn client(input: &Input<'_>) {
    let mut client = handshake::Client::new(input.offer());
    let (mut random, mut output) = (noise(), Vec::new());
    client.hello(&mut output, &mut *random);
    let answer = input.first(digest::SERVER_KEY);
    match client.receive(&answer, &mut output, &mut *random) {
        Err(error) => assert!(!matches!(error, Error::Signature(_)), "before it was there: {error}"),
        Ok(used) => {
            assert!(input.signed && used == answer.len());
            let s2 = client.receive(&answer[1..], &mut output, &mut *random);
            assert_eq!(s2, Err(Error::Signature("S2")), "signed by nobody");
        }
    }
    assert!(!client.is_done() && client.take_ciphers().is_none());
}

/// Bytes that nobody made for this, through both sessions.
fn noise_behind_c0(input: &Input<'_>) {
    let now = Duration::from_secs(1);
    let mut server = Server::new(Limits::default(), now, noise());
    let mut play = ClientPlay::new("cfx/st", "rtmpe://h/cfx/st", "mp4:film");
    play.handshake = input.offer();
    let mut client = Client::new(play, noise());
    let (mut up, mut down) = (BytesMut::from(&[input.wrap().version()][..]), BytesMut::new());
    for piece in pieces(input.bytes, &input.cuts) {
        up.extend_from_slice(piece);
        down.extend_from_slice(piece);
        let good = (server.receive(&mut up, now).is_ok(), client.receive(&mut down).is_ok());
        if good == (false, false) {
            return;
        }
    }
}

/// Both of our ends, with everything cut to pieces.
struct Talk {
    server: Server,
    client: Client,
    up: BytesMut,
    down: BytesMut,
    cipher: Option<Cipher>,
    plays: bool,
}

impl Talk {
    const NOW: Duration = Duration::from_secs(1);

    fn new(kind: Kind) -> Self {
        let mut play = ClientPlay::new("cfx/st", "rtmpe://h/cfx/st", "mp4:film");
        play.handshake = kind;
        Self {
            server: Server::new(Limits::default(), Self::NOW, noise()),
            client: Client::new(play, noise()),
            up: BytesMut::new(),
            down: BytesMut::new(),
            cipher: None,
            plays: false,
        }
    }

    fn run(&mut self, input: &Input<'_>) {
        loop {
            let up = self.client.take_output();
            let mut down = self.server.take_output().to_vec();
            if let Some(cipher) = &mut self.cipher {
                cipher.apply(&mut down);
            }
            self.cipher = self.cipher.take().or_else(|| self.server.take_cipher());
            if up.is_empty() && down.is_empty() {
                return;
            }
            pieces(&up, &input.cuts).into_iter().for_each(|piece| self.tell_server(piece));
            for piece in pieces(&down, &input.cuts) {
                self.down.extend_from_slice(piece);
                self.client.receive(&mut self.down).expect("our server speaks RTMPE");
            }
        }
    }

    fn tell_server(&mut self, piece: &[u8]) {
        self.up.extend_from_slice(piece);
        self.server.receive(&mut self.up, Self::NOW).expect("our client speaks RTMPE");
        while let Some(event) = self.server.poll_event() {
            match event {
                Event::KeyExchange(exchange) => {
                    self.server.agree(exchange.agree(&mut *noise()).expect("our key is a right one"));
                }
                Event::Connect(connect) => self.server.accept(&connect, &[]),
                Event::Play { .. } => self.plays = true,
                _ => {}
            }
        }
    }
}

fn both(input: &Input<'_>) {
    let mut talk = Talk::new(input.offer());
    talk.run(input);
    assert!(talk.plays, "they did not come to a film");
    let word = String::from_utf8_lossy(input.bytes).into_owned();
    talk.server.status(1, &Status::ok("NetStream.Play.Start", word.clone()));
    talk.run(input);
    let mut told = std::iter::from_fn(|| talk.client.poll_event());
    assert!(
        told.any(|event| matches!(event, ClientEvent::Status { description, .. } if description == word)),
        "what was said is not what was heard"
    );
}

fuzz_target!(|data: (u8, u8, bool, bool, [u8; 4], &[u8])| {
    let (part, wrap, second, signed, cuts, bytes) = data;
    let input = Input { wrap, second, signed, cuts, bytes };
    match part % 4 {
        0 => server(&input),
        1 => client(&input),
        2 => noise_behind_c0(&input),
        _ => both(&input),
    }
});
