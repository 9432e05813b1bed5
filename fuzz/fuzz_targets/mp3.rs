//! Hostile MP3 files: see `millrace_fuzz::media` for what must hold.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| millrace_fuzz::media::check(file));
