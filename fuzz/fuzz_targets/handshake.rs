//! The handshake of a stranger at both ends, and both ends with each other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_fuzz::wire::noise;
use millrace_rtmp::handshake::digest::Scheme;
use millrace_rtmp::handshake::{BLOCK, Client, Kind, Server};

/// Feeds one end with pieces of the input; returns what it answers.
fn feed(
    bytes: &[u8],
    piece: usize,
    mut receive: impl FnMut(&[u8], &mut Vec<u8>) -> Option<usize>,
) -> Vec<u8> {
    let (mut output, mut waiting) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        waiting.extend_from_slice(piece);
        let Some(used) = receive(&waiting, &mut output) else { break };
        waiting.drain(..used);
    }
    output
}

fuzz_target!(|data: (u16, u8, &[u8])| {
    let (piece, offer, bytes) = data;
    let mut random = noise();
    let offer = match offer % 3 {
        0 => Kind::Plain,
        1 => Kind::Digest(Scheme::First),
        _ => Kind::Digest(Scheme::Second),
    };
    let mut server = Server::default();
    let said = feed(bytes, piece.into(), |input, output| server.receive(input, output, &mut *random).ok());
    assert!(said.is_empty() || said.len() == 1 + 2 * BLOCK);
    let mut client = Client::new(offer);
    let said = feed(bytes, piece.into(), |input, output| client.receive(input, output, &mut *random).ok());
    assert!(said.is_empty() || said.len() == BLOCK);

    // The input as the random bytes of both: digests are found wherever they lead.
    let (bytes, mut at) = (bytes.to_vec(), 0);
    let mut random = move |out: &mut [u8]| {
        for byte in out {
            *byte = bytes.get(at % bytes.len().max(1)).copied().unwrap_or(0);
            at += 1;
        }
    };
    let (mut client, mut server) = (Client::new(offer), Server::default());
    let (mut up, mut down) = (Vec::new(), Vec::new());
    client.hello(&mut up, &mut random);
    let used = server.receive(&up, &mut down, &mut random).expect("C0 and C1");
    up.drain(..used);
    assert_eq!(client.receive(&down, &mut up, &mut random).expect("S0, S1 and S2"), down.len());
    assert_eq!(server.receive(&up, &mut down, &mut random).expect("C2"), BLOCK);
    assert!(client.is_done() && server.is_done());
    // Random bytes may pass for a digest once in 2^256 times.
    assert_eq!((client.kind(), server.kind()), (offer, offer));
});
