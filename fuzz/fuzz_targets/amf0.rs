//! AMF0 of a stranger: no panic, and what is read is read again out of what we write of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_amf::{Limits, amf0};

/// The marker in front of an AMF3 value.
const AMF3: u8 = 0x11;

fuzz_target!(|data: &[u8]| {
    let _ = amf0::decode_all(data, Limits::COMMAND);
    let Ok(values) = amf0::decode_all(data, Limits::METADATA) else { return };
    let write = |values| {
        let limits = Limits { depth: 64, values: usize::MAX };
        amf0::decode_all(&amf0::encode_all(values), limits).expect("our own bytes")
    };
    let once = write(&values);
    // As text, because no NaN equals another. An AMF3 value in it may lose what AMF3 has no inline form for, once.
    assert_eq!(format!("{once:?}"), format!("{:?}", write(&once)));
    if !data.contains(&AMF3) {
        assert_eq!(format!("{values:?}"), format!("{once:?}"));
    }
});
