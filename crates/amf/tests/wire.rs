//! Bytes as they are on the wire, and bytes that nobody should send.

use millrace_amf::{Error, ErrorKind, Limits, Object, Value, amf0, amf3};

fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    result.expect_err("the bytes should be refused").kind
}

#[test]
fn a_connect_command_is_a_row_of_values() {
    let command = [
        Value::from("connect"),
        Value::from(1.0),
        Object::new().with("app", "cfx/st").with("fpad", false).into(),
    ];
    let bytes = amf0::encode_all(&command);
    let expected = b"\x02\x00\x07connect\x00\x3f\xf0\0\0\0\0\0\0\x03\x00\x03app\x02\x00\x06cfx/st\x00\x04fpad\x01\x00\0\0\x09";
    assert_eq!(bytes, expected);
    assert_eq!(amf0::decode_all(&bytes, Limits::COMMAND).unwrap(), command);
}

#[test]
fn the_count_of_an_ecma_array_is_only_a_hint() {
    let bytes = b"\x08\xff\xff\xff\xff\x00\x01a\x05\0\0\x09";
    let (value, _) = amf0::decode(bytes, Limits::COMMAND).unwrap();
    assert_eq!(value, Value::EcmaArray(Object::new().with("a", Value::Null)));
}

#[test]
fn a_declared_count_allocates_nothing() {
    assert_eq!(kind(amf0::decode(b"\x0a\xff\xff\xff\xff\x05", Limits::METADATA)), ErrorKind::Truncated);
    assert_eq!(kind(amf0::decode(b"\x0c\xff\xff\xff\xffabc", Limits::METADATA)), ErrorKind::Truncated);
    assert_eq!(kind(amf3::decode(b"\x0c\xff\xff\xff\xff", Limits::METADATA)), ErrorKind::Truncated);
}

#[test]
fn nesting_ends_at_the_limit() {
    let mut bytes = Vec::new();
    for _ in 0..1000 {
        bytes.extend_from_slice(b"\x03\x00\x01a");
    }
    let error = amf0::decode(&bytes, Limits::COMMAND).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooDeep);
    assert_eq!(error.offset, 16 * 4 + 1, "the first object that is too deep is named");
}

#[test]
fn the_number_of_values_ends_at_the_limit() {
    assert_eq!(kind(amf0::decode_all(&[0x05; 2000], Limits::COMMAND)), ErrorKind::TooMany);
}

#[test]
fn amf3_references_cannot_multiply_values() {
    // An array of one string and references to the array before it, each twice as large as the last.
    let mut bytes = vec![0x09, 0x7f, 0x01];
    bytes.extend_from_slice(&[0x09, 0x05, 0x01, 0x01, 0x01]);
    for index in 1u8..60 {
        bytes.extend_from_slice(&[0x09, 0x05, 0x01, 0x09, index << 1, 0x09, index << 1]);
    }
    assert_eq!(kind(amf3::decode(&bytes, Limits::COMMAND)), ErrorKind::TooMany);
}

#[test]
fn an_amf3_cycle_is_refused() {
    assert_eq!(
        kind(amf3::decode(&[0x09, 0x03, 0x01, 0x09, 0x00], Limits::COMMAND)),
        ErrorKind::BadReference(0)
    );
}

#[test]
fn amf3_tables_are_followed() {
    // {name: "a", other: "a"} with sealed traits, then the same class again by traits reference.
    let bytes = b"\x09\x05\x01\x0a\x23\x03C\x09name\x0bother\x06\x03a\x06\x06\x0a\x01\x06\x06\x06\x06";
    let (value, used) = amf3::decode(bytes, Limits::COMMAND).unwrap();
    assert_eq!(used, bytes.len());
    let object = Value::TypedObject("C".into(), Object::new().with("name", "a").with("other", "a"));
    assert_eq!(value, Value::StrictArray(vec![object.clone(), object]));
}

#[test]
fn amf3_integers_are_signed() {
    assert_eq!(
        amf3::decode(&[0x04, 0xff, 0xff, 0xff, 0xff], Limits::COMMAND).unwrap().0,
        Value::Number(-1.0)
    );
    assert_eq!(amf3::decode(&[0x04, 0x81, 0x00], Limits::COMMAND).unwrap().0, Value::Number(128.0));
}

#[test]
fn an_amf3_value_may_stand_among_amf0_values() {
    let bytes = b"\x11\x04\x05\x02\x00\x01x";
    let values = amf0::decode_all(bytes, Limits::COMMAND).unwrap();
    assert_eq!(values, [Value::Number(5.0), Value::from("x")]);
}

#[test]
fn reserved_markers_and_references_are_refused() {
    assert_eq!(kind(amf0::decode(&[0x04], Limits::COMMAND)), ErrorKind::UnknownMarker(4));
    assert_eq!(kind(amf0::decode(&[0x07, 0, 1], Limits::COMMAND)), ErrorKind::BadReference(1));
    assert_eq!(kind(amf3::decode(b"\x0a\x07\x03C", Limits::COMMAND)), ErrorKind::Externalizable);
    assert_eq!(kind(amf0::decode(b"\x03\x00\x01a\x05", Limits::COMMAND)), ErrorKind::NoEnd);
}
