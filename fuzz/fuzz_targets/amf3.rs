//! AMF3 of a stranger: no panic, and what is read is read again out of what we write of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_amf::{Limits, amf3};

fuzz_target!(|data: &[u8]| {
    let _ = amf3::decode(data, Limits::COMMAND);
    let Ok((value, used)) = amf3::decode(data, Limits::METADATA) else { return };
    assert!(used <= data.len());
    let write = |value| {
        let mut written = Vec::new();
        amf3::encode(value, &mut written);
        let limits = Limits { depth: 64, values: usize::MAX };
        let (back, used) = amf3::decode(&written, limits).expect("our own bytes");
        assert_eq!(used, written.len());
        back
    };
    let once = write(&value);
    // What AMF3 has no inline form for is lost once and not twice. As text, because no NaN equals another.
    assert_eq!(format!("{once:?}"), format!("{:?}", write(&once)));
});
