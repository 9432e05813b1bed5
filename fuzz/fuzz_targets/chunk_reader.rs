//! Chunks of a stranger: no panic, bounded memory, and the same messages however the bytes are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_fuzz::wire::messages;
use millrace_rtmp::Error;
use millrace_rtmp::chunk::Limits;

fuzz_target!(|data: (Vec<u8>, &[u8])| {
    let (cuts, bytes) = data;
    for limits in [Limits::VIEWER, Limits::SERVER] {
        let (whole, error) = messages(bytes, &[], limits);
        let (cut, cut_error) = messages(bytes, &cuts, limits);
        // A message that is there at once never counts as unfinished; one that comes in pieces may be one too many.
        if matches!(cut_error, Some(Error::TooMuchUnfinished { .. })) {
            assert_eq!(whole[..cut.len()], cut);
        } else {
            assert_eq!((whole, error), (cut, cut_error));
        }
    }
});
