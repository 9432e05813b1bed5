//! A player of ours with a server that says anything.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use millrace_amf::{Object, Value};
use millrace_fuzz::wire::{Listener, noise, plain_handshake};
use millrace_rtmp::chunk::{Writer, stream};
use millrace_rtmp::command::{Command, Encoding};
use millrace_rtmp::handshake::BLOCK;
use millrace_rtmp::session::{Client, ClientPlay};

/// What an ordinary server sends before a stranger takes over.
fn introduction(connected: bool) -> Vec<u8> {
    let mut bytes = plain_handshake();
    if connected {
        let success = Object::new().with("code", "NetConnection.Connect.Success");
        for command in [
            Command::new("_result", 1.0, vec![success.into()]),
            Command::new("_result", 2.0, vec![Value::from(1)]),
        ] {
            let message = command.to_message(0, Encoding::Amf0);
            Writer::default().message(&mut bytes, stream::COMMAND, &message);
        }
    }
    bytes
}

fuzz_target!(|data: (u8, u16, bool, &[u8])| {
    let (start, piece, amf3, bytes) = data;
    let mut play = ClientPlay::new("cfx/st", "rtmp://h/cfx/st", "mp4:film");
    if amf3 {
        play.encoding = Encoding::Amf3;
    }
    let mut client = Client::new(play, noise());
    let mut listener = Listener::new(1 + 2 * BLOCK);
    let mut input = BytesMut::new();
    let before = match start % 3 {
        0 => Vec::new(),
        1 => introduction(false),
        _ => introduction(true),
    };
    for piece in [&before[..]].into_iter().chain(bytes.chunks(usize::from(piece).max(1))) {
        input.extend_from_slice(piece);
        let good = client.receive(&mut input).is_ok();
        while client.poll_event().is_some() {}
        client.seek(1000.0);
        client.pause(true, 5);
        let output = client.take_output();
        if start % 3 > 0 {
            listener.hear(&output);
            assert!(listener.is_between_messages(), "half a message");
        }
        if !good {
            return;
        }
    }
});
