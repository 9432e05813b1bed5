//! What this crate makes of bytes, written down for the player in pages, which has an implementation of its own: its
//! tests read the same bytes, whole and cut at every place, and have to come to the same.
//!
//! The files are in `player/test/transcripts`. `cargo xtask transcripts` writes them again; otherwise they are compared.

mod pair;

use std::path::PathBuf;

use bytes::BytesMut;
use millrace_amf::{Object, Value, amf0};
use millrace_rtmp::chunk::{self, Header, Reader, Writer};
use millrace_rtmp::message::{Message, UserControl, kind};
use millrace_rtmp::session::{ClientEvent, ClientPlay, Limits};
use millrace_rtmp::status::{Status, code};
use pair::Pair;
use serde_json::{Value as Json, json};

/// Set by who wants the files written.
const WRITE: &str = "MILLRACE_WRITE_TRANSCRIPTS";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares with what is written down, or writes it.
#[track_caller]
fn keep(name: &str, cases: &[Json]) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../player/test/transcripts").join(name);
    let lines: Vec<String> = cases.iter().map(|case| format!("  {case}")).collect();
    let now = format!("[\n{}\n]\n", lines.join(",\n"));
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&file, &now).expect("the file can be written");
    }
    let before = std::fs::read_to_string(&file).expect("a transcript is there");
    assert!(before == now, "{name} is not what is made today: `cargo xtask transcripts` writes it again");
}

/// What the reader makes of bytes: messages, and whether it gives up behind them.
fn read(name: &str, bytes: &[u8]) -> Json {
    let mut reader = Reader::new(chunk::Limits::SERVER);
    let (mut input, mut messages) = (BytesMut::from(bytes), Vec::new());
    let fails = loop {
        match reader.read(&mut input) {
            Ok(Some(Message { kind, time_ms, stream, body })) => {
                messages.push(json!({ "kind": kind, "time": time_ms, "stream": stream, "body": hex(&body) }));
            }
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    json!({ "name": name, "bytes": hex(bytes), "messages": messages, "fails": fails })
}

/// A chunk by hand: its basic header, what follows that, and a payload.
fn by_hand(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// The fields of a full header behind its basic header.
fn full(time: u32, length: usize, kind: u8, stream: u32) -> Vec<u8> {
    let (time, length) = (time.to_be_bytes(), (length as u32).to_be_bytes());
    [&time[1..], &length[1..], &[kind], &stream.to_le_bytes()].concat()
}

fn written(chunk_size: u32, messages: &[(u8, u32, u8, usize)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(chunk_size);
    for (chunk_stream, time_ms, kind, length) in messages {
        let header = Header { chunk_stream: *chunk_stream, time_ms: *time_ms, kind: *kind, stream: 1 };
        let body: Vec<u8> = (0..*length).map(|at| at as u8).collect();
        writer.parts(&mut out, header, &[&body]);
    }
    out
}

#[test]
fn chunks() {
    let set_size = |size: u32| by_hand(&[&[2], &full(0, 4, kind::SET_CHUNK_SIZE, 0), &size.to_be_bytes()]);
    let ten = [7; 10];
    let first = by_hand(&[&[4], &full(1000, 10, kind::AUDIO, 1), &ten]);
    let cases = [
        read("a full header", &first),
        read(
            "deltas of every kind",
            &written(128, &[(4, 0, 8, 9), (4, 23, 8, 9), (4, 46, 8, 12), (4, 46, 8, 12)]),
        ),
        read("two tracks in pieces", &written(128, &[(6, 40, 9, 300), (4, 41, 8, 10), (6, 80, 9, 129)])),
        read("a message without a body", &by_hand(&[&[4], &full(5, 0, 8, 1), &first])),
        read(
            "a time that needs four bytes",
            &written(128, &[(6, 0xff_ffff, 9, 300), (6, 0x100_0010, 9, 300)]),
        ),
        read("a time beyond 2^31", &written(128, &[(6, 0x8000_0001, 9, 200), (6, 0x8000_0020, 9, 20)])),
        read("a time that runs over", &written(128, &[(6, 0xffff_fff0, 9, 20), (6, 0x0000_0010, 9, 20)])),
        read("a message like the last one", &by_hand(&[&first, &[0xc4], &ten, &[0xc4], &ten])),
        read("a message like the last one, behind a delta", &{
            by_hand(&[&first, &[0x84, 0, 0, 23], &ten, &[0xc4], &ten, &[0xc4], &ten])
        }),
        read("a message that continues without its extended time", &{
            let body: Vec<u8> = (0..=199).collect();
            let head = by_hand(&[&[6], &full(0xff_ffff, 200, 9, 1), &0x0123_4567_u32.to_be_bytes()]);
            by_hand(&[&head, &body[..128], &[0xc6], &body[128..]])
        }),
        read("chunk streams of two and three bytes", &{
            let two = by_hand(&[&[0, 10], &full(1, 10, 8, 1), &ten]);
            by_hand(&[&two, &[1, 10, 1], &full(2, 10, 8, 1), &ten])
        }),
        read("a chunk size that grows and shrinks", &{
            let long = written(4096, &[(6, 0, 9, 5000)]);
            by_hand(&[&set_size(4096), &long, &set_size(128), &written(128, &[(5, 9, 18, 300)])])
        }),
        read("an abort in the middle", &{
            let half = &written(128, &[(6, 0, 9, 300)])[..140];
            let abort = by_hand(&[&[2], &full(0, 4, kind::ABORT, 0), &6_u32.to_be_bytes()]);
            by_hand(&[half, &abort, &written(128, &[(6, 40, 9, 10)])])
        }),
        read("control in the middle of a message", &{
            let whole = written(128, &[(6, 0, 9, 300)]);
            let window = by_hand(&[&[2], &full(0, 4, kind::WINDOW_SIZE, 0), &2_500_000_u32.to_be_bytes()]);
            by_hand(&[&whole[..140], &window, &whole[140..]])
        }),
        read("a message that begins in the middle of another one", &{
            let half = &written(128, &[(6, 0, 9, 300)])[..140];
            by_hand(&[half, &[6], &full(40, 10, 9, 1), &ten])
        }),
        read("nothing to go on with", &[0xc4, 1, 2, 3]),
        read("a delta to nothing", &by_hand(&[&[0x44, 0, 0, 1, 0, 0, 10, 8], &ten])),
        read("a chunk size of nothing", &by_hand(&[&set_size(0), &first])),
        read("the highest bit of a chunk size", &by_hand(&[&set_size(0x8000_0080), &first])),
    ];
    keep("chunks.json", &cases);
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Number(number) if number.is_finite() => json!({ "number": number }),
        Value::Number(number) => json!({ "number": number.to_string() }),
        Value::Boolean(boolean) => json!({ "boolean": boolean }),
        Value::String(text) => json!({ "string": text }),
        Value::Null => json!({ "null": true }),
        Value::Object(object) | Value::EcmaArray(object) => {
            let members: Vec<Json> =
                object.iter().map(|(name, value)| json!([name, as_json(value)])).collect();
            json!({ "object": members })
        }
        Value::StrictArray(values) => json!({ "array": values.iter().map(as_json).collect::<Vec<_>>() }),
        _ => json!({ "other": true }),
    }
}

fn decoded(name: &str, bytes: &[u8]) -> Json {
    match amf0::decode_all(bytes, millrace_amf::Limits::default()) {
        Ok(values) => {
            let values: Vec<Json> = values.iter().map(as_json).collect();
            json!({ "name": name, "bytes": hex(bytes), "values": values, "fails": false })
        }
        Err(_) => json!({ "name": name, "bytes": hex(bytes), "fails": true }),
    }
}

fn encoded(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|value| amf0::encode(value, &mut out));
    out
}

#[test]
fn values() {
    let object = Object::new().with("code", "NetStream.Play.Start").with("empty", "").with("ü", 1.5);
    let list = Value::StrictArray(vec![Value::Null, true.into(), object.clone().into()]);
    let deep = |levels| (0..levels).fold(Value::Null, |inner, _| Object::new().with("a", inner).into());
    let cases = [
        decoded(
            "what commands are made of",
            &encoded(&["onStatus".into(), 0.0.into(), Value::Null, object.clone().into()]),
        ),
        decoded("arrays of both kinds", &encoded(&[Value::EcmaArray(object.clone()), list])),
        decoded(
            "numbers at the edges",
            &encoded(&[f64::MAX.into(), f64::MIN_POSITIVE.into(), (-0.5).into()]),
        ),
        decoded("what is no number", &encoded(&[f64::NAN.into(), f64::INFINITY.into()])),
        decoded("a long string", b"\x0c\0\0\0\x05hello"),
        decoded("an object in objects", &encoded(&[deep(8)])),
        decoded("objects without end", &encoded(&[deep(200)])),
        decoded("undefined", &[6]),
        decoded("a string that is cut off", &[2, 0, 9, b'a']),
        decoded("an object that never ends", &[3, 0, 1, b'a', 5]),
        decoded("an array that says more than it has", &[10, 0xff, 0xff, 0xff, 0xff, 5]),
        decoded("a name that is no UTF-8", &[2, 0, 2, 0xc3, 0x28]),
        decoded("a marker that nobody knows", &[0x20]),
        decoded("nothing", &[]),
    ];
    keep("amf0.json", &cases);
}

/// What the player has to tell of a message from the server.
fn told(event: &ClientEvent) -> Option<Json> {
    match event {
        ClientEvent::Status { code, level, description } => {
            Some(json!({ "status": { "code": code, "level": level, "description": description } }))
        }
        ClientEvent::Media(message) => {
            let Message { kind, time_ms, body, .. } = message;
            Some(json!({ "media": { "kind": kind, "time": time_ms, "body": hex(body) } }))
        }
        ClientEvent::Data { time_ms, values, .. } => {
            let name = values.first().and_then(Value::as_str);
            Some(json!({ "data": { "time": time_ms, "name": name, "value": values.get(1).map(as_json) } }))
        }
        _ => None,
    }
}

/// A server that talks to a player; everything that it says is kept.
struct Talk {
    pair: Pair,
    said: Vec<u8>,
}

impl Talk {
    /// Lets both say what they have to, until they are silent.
    fn go_on(&mut self) {
        loop {
            let up = self.pair.client.take_output();
            self.pair.tell_server(&up).expect("the client speaks RTMP");
            let down = self.pair.said_by_server();
            if up.is_empty() && down.is_empty() {
                return;
            }
            self.say(&down);
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.pair.tell_client(bytes).expect("the server speaks RTMP");
        self.said.extend_from_slice(bytes);
    }
}

/// Everything that a server says from the handshake to the end of a short film with a seek in it.
#[test]
fn a_conversation() {
    let play = ClientPlay::new("cfx/st", "rtmp://h/cfx/st", "mp4:film");
    let limits = Limits { chunk_size: 4096, ..Limits::default() };
    let chunk_size = limits.chunk_size;
    let mut talk = Talk { pair: Pair::with_limits(play, limits), said: Vec::new() };
    talk.go_on();
    let metadata = Object::new().with("duration", 2.5).with("videocodecid", 7.0).with("audiocodecid", 10.0);
    let server = &mut talk.pair.server;
    server.user_control(UserControl::StreamBegin(1));
    server.status(1, &Status::ok(code::PLAY_RESET, "Playing and resetting mp4:film.").about("mp4:film"));
    server.status(1, &Status::ok(code::PLAY_START, "Started playing mp4:film.").about("mp4:film"));
    server.data(1, 0, &["onMetaData".into(), metadata.into()]);
    talk.go_on();
    talk.say(&written(chunk_size, &[(6, 0, 9, 400), (4, 0, 8, 30), (4, 23, 8, 31), (6, 40, 9, 90)]));
    let server = &mut talk.pair.server;
    server.user_control(UserControl::StreamEof(1));
    server.status(1, &Status::ok(code::SEEK_NOTIFY, "Seeking 1000.").about("mp4:film"));
    server.status(1, &Status::ok(code::PLAY_START, "Started playing mp4:film.").about("mp4:film"));
    talk.go_on();
    talk.say(&written(chunk_size, &[(6, 960, 9, 9000), (4, 975, 8, 30)]));
    talk.pair.server.status(1, &Status::error(code::PLAY_STREAM_NOT_FOUND, "No such stream.").about("other"));
    talk.go_on();
    let told: Vec<Json> = talk.pair.told.iter().filter_map(told).collect();
    assert_eq!(told.len(), 12, "{told:#?}");
    keep("conversation.json", &[json!({ "server": hex(&talk.said), "told": told })]);
}
