//! What we write is read back, whatever the messages, the chunk sizes and the cuts are.
#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use millrace_fuzz::wire::messages;
use millrace_rtmp::chunk::{Header, Limits, Writer, stream};
use millrace_rtmp::message::{Message, kind};

/// Writes what the input says; returns the bytes, and the messages that are in them.
fn write(input: &mut Unstructured<'_>) -> Result<(Vec<u8>, Vec<Message>)> {
    let mut writer = Writer::default();
    let (mut bytes, mut sent) = (Vec::new(), Vec::new());
    while !input.is_empty() && sent.len() < 200 {
        if input.ratio(1, 8)? {
            let size = input.int_in_range(1..=70_000)?;
            let message = Message::control(kind::SET_CHUNK_SIZE, size);
            writer.message(&mut bytes, stream::CONTROL, &message);
            writer.set_chunk_size(size);
            sent.push(message);
            continue;
        }
        // Times far apart, near each other, and around the border of the extended ones.
        let time_ms = match input.int_in_range(0..=2)? {
            0 => input.arbitrary()?,
            1 => 0x00ff_fff0 + u32::from(input.arbitrary::<u8>()?),
            _ => u32::from(input.arbitrary::<u16>()?),
        };
        let header = Header {
            chunk_stream: input.int_in_range(2..=15)?,
            time_ms,
            kind: *input.choose(&[kind::AUDIO, kind::VIDEO, kind::DATA_AMF0])?,
            stream: input.int_in_range(0..=3)?,
        };
        let body = vec![input.arbitrary()?; input.int_in_range(0..=3000)?];
        let (front, back) = body.split_at(input.int_in_range(0..=body.len())?);
        let before = bytes.len();
        let placed = writer.parts(&mut bytes, header, &[front, back]);
        assert!(placed.full_header.is_none_or(|at| at == before && bytes[at] >> 6 == 0));
        sent.push(Message { time_ms, kind: header.kind, stream: header.stream, body: body.into() });
    }
    Ok((bytes, sent))
}

fuzz_target!(|data: (Vec<u8>, &[u8])| {
    let (cuts, rest) = data;
    let Ok((bytes, sent)) = write(&mut Unstructured::new(rest)) else { return };
    assert_eq!(messages(&bytes, &cuts, Limits::SERVER), (sent, None));
});
