//! Chunks: what is cut is put together again, and what should not be cut is refused.

use bytes::{Bytes, BytesMut};
use millrace_rtmp::Error;
use millrace_rtmp::chunk::{Header, Limits, Reader, Writer};
use millrace_rtmp::message::{Message, kind};
use proptest::prelude::*;

fn read_all(reader: &mut Reader, bytes: &[u8], step: usize) -> Result<Vec<Message>, Error> {
    let mut input = BytesMut::new();
    let mut messages = Vec::new();
    for piece in bytes.chunks(step) {
        input.extend_from_slice(piece);
        while let Some(message) = reader.read(&mut input)? {
            messages.push(message);
        }
    }
    Ok(messages)
}

fn read(bytes: &[u8]) -> Result<Vec<Message>, Error> {
    read_all(&mut Reader::new(Limits::SERVER), bytes, usize::MAX)
}

fn message(time_ms: u32, kind: u8, body: Vec<u8>) -> Message {
    Message { time_ms, kind, stream: 1, body: body.into() }
}

prop_compose! {
    fn messages()(
        raw in proptest::collection::vec(
            (prop_oneof![0u32..5000, 0xff_fff0u32..0x100_0010, any::<u32>()],
             prop_oneof![Just(kind::AUDIO), Just(kind::VIDEO), Just(kind::DATA_AMF0)],
             proptest::collection::vec(any::<u8>(), 0..700)),
            1..12)
    ) -> Vec<Message> {
        raw.into_iter().map(|(time, kind, body)| message(time, kind, body)).collect()
    }
}

proptest! {
    #[test]
    fn messages_survive_any_chunk_size_and_any_cut(
        messages in messages(), chunk_size in 1u32..1000, step in 1usize..500, full in any::<bool>(),
    ) {
        let mut out = Vec::new();
        let mut writer = Writer::default();
        writer.message(&mut out, 2, &Message::control(kind::SET_CHUNK_SIZE, chunk_size));
        writer.set_chunk_size(chunk_size);
        for message in &messages {
            let chunk_stream = if message.kind == kind::VIDEO { 6 } else { 4 };
            if full {
                writer.message(&mut out, chunk_stream, message);
            } else {
                let header = Header { chunk_stream, time_ms: message.time_ms, kind: message.kind, stream: 1 };
                let (a, b) = message.body.split_at(message.body.len() / 3);
                writer.parts(&mut out, header, &[a, b]);
            }
        }
        let read = read_all(&mut Reader::new(Limits::SERVER), &out, step).unwrap();
        prop_assert_eq!(&read[1..], &messages[..]);
    }

    #[test]
    fn noise_is_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), step in 1usize..64) {
        let _ = read_all(&mut Reader::new(Limits::VIEWER), &bytes, step);
    }
}

#[test]
fn a_full_header_comes_first_and_deltas_after() {
    let mut out = Vec::new();
    let mut writer = Writer::new(4096);
    let header = |time_ms| Header { chunk_stream: 4, time_ms, kind: kind::AUDIO, stream: 1 };
    let placed = writer.parts(&mut out, header(1000), &[b"abc"]);
    assert_eq!(placed.full_header, Some(0));
    assert_eq!(out, b"\x04\x00\x03\xe8\x00\x00\x03\x08\x01\x00\x00\x00abc");
    out.clear();
    assert_eq!(writer.parts(&mut out, header(1023), &[b"xyz"]).full_header, None);
    assert_eq!(out, b"\x84\x00\x00\x17xyz", "same length: only the delta");
    out.clear();
    writer.parts(&mut out, header(1046), &[b"wxyz"]);
    assert_eq!(out, b"\x44\x00\x00\x17\x00\x00\x04\x08wxyz", "another length: said again");
    out.clear();
    assert_eq!(writer.parts(&mut out, header(500), &[b"q"]).full_header, Some(0), "time that runs back");
}

#[test]
fn the_extended_time_stands_on_every_chunk_of_its_message() {
    let mut out = Vec::new();
    let mut writer = Writer::new(128);
    writer.message(&mut out, 6, &message(0x0100_0000, kind::VIDEO, vec![7; 200]));
    assert_eq!(out[1..4], [0xff; 3]);
    assert_eq!(out[12..16], [1, 0, 0, 0]);
    assert_eq!(out[16 + 128..16 + 128 + 5], [0xc6, 1, 0, 0, 0]);
    assert_eq!(read(&out).unwrap(), [message(0x0100_0000, kind::VIDEO, vec![7; 200])]);
}

#[test]
fn a_missing_extended_time_on_a_continuation_is_taken_for_payload() {
    let mut bytes = b"\x06\xff\xff\xff\x00\x00\xc8\x09\x01\x00\x00\x00\x01\x00\x00\x00".to_vec();
    bytes.extend([7; 128]);
    bytes.push(0xc6);
    bytes.extend([7; 72]);
    assert_eq!(read(&bytes).unwrap(), [message(0x0100_0000, kind::VIDEO, vec![7; 200])]);
}

#[test]
fn librtmp_begins_messages_with_nothing_but_a_basic_header() {
    // Three pauses: fmt 1, then twice fmt 3, each time going on by the same delta.
    let read = read(b"\x48\x00\x00\x05\x00\x00\x02\x14ab\xc8cd\xc8ef").unwrap();
    let times: Vec<_> = read.iter().map(|message| (message.time_ms, &message.body[..])).collect();
    assert_eq!(times, [(5, &b"ab"[..]), (10, b"cd"), (15, b"ef")]);
}

#[test]
fn chunk_stream_ids_have_three_lengths() {
    let body = b"\x00\x00\x00\x00\x00\x01\x14\x00\x00\x00\x00!";
    for basic in [&[3][..], &[0, 10], &[1, 10, 0], &[1, 255, 255]] {
        assert_eq!(read(&[basic, body].concat()).unwrap()[0].body, Bytes::from_static(b"!"));
    }
}

#[test]
fn abort_drops_the_half_of_a_message() {
    let mut bytes = b"\x04\x00\x00\x00\x00\x01\x00\x08\x01\x00\x00\x00".to_vec();
    bytes.extend([1; 128]);
    bytes.extend(b"\x02\x00\x00\x00\x00\x00\x04\x02\x00\x00\x00\x00\x00\x00\x00\x04");
    bytes.extend(b"\x04\x00\x00\x00\x00\x00\x01\x08\x01\x00\x00\x00z");
    let read = read(&bytes).unwrap();
    assert_eq!((read.len(), &read[1].body[..]), (2, &b"z"[..]));
}

#[test]
fn a_new_header_in_the_middle_of_a_message_is_refused() {
    let mut bytes = b"\x04\x00\x00\x00\x00\x01\x00\x08\x01\x00\x00\x00".to_vec();
    bytes.extend([1; 128]);
    bytes.extend(b"\x44\x00\x00\x00\x00\xff\xff\x08");
    assert!(matches!(read(&bytes), Err(Error::BadChunk { chunk_stream: 4, .. })));
}

#[test]
fn a_first_header_without_a_length_is_refused() {
    assert!(matches!(read(b"\xc5"), Err(Error::BadChunk { chunk_stream: 5, .. })));
    assert!(matches!(read(b"\x85\x00\x00\x00"), Err(Error::BadChunk { chunk_stream: 5, .. })));
}

#[test]
fn a_viewer_can_make_us_hold_only_so_much() {
    let viewer = |bytes: &[u8]| read_all(&mut Reader::new(Limits::VIEWER), bytes, usize::MAX);
    let long = viewer(b"\x03\x00\x00\x00\xff\xff\xff\x14\x00\x00\x00\x00");
    assert!(matches!(long, Err(Error::MessageTooLong { length: 0xff_ffff, .. })));
    for size in [0u32, 1, 127, 0x0100_0000, 0xffff_ffff] {
        let mut bytes = b"\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00".to_vec();
        bytes.extend(size.to_be_bytes());
        assert!(matches!(viewer(&bytes), Err(Error::ChunkSize { .. })), "chunk size {size}");
    }
    let mut many = Vec::new();
    for id in 3u8..60 {
        many.extend([id, 0, 0, 0, 0, 1, 0, 0x14, 0, 0, 0, 0]);
        many.extend([0; 128]);
    }
    assert!(matches!(viewer(&many), Err(Error::TooMuchUnfinished { streams: 33, .. })));
    let mut heavy = Vec::new();
    for id in 3u8..20 {
        heavy.extend([id, 0, 0, 0, 0, 0xff, 0xff, 0x14, 0, 0, 0, 0]);
        heavy.extend([0; 128]);
        (0..240).for_each(|_| {
            heavy.push(0xc0 | id);
            heavy.extend([0; 128]);
        });
    }
    assert!(matches!(viewer(&heavy), Err(Error::TooMuchUnfinished { .. })));
}
