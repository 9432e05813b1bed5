//! What must hold for every file that opens, however broken it is.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use millrace_media::source::Memory;
use millrace_media::{Body, Capabilities, Container, Kind, Limits, Position, Run, Selection, Title};

/// Runs that are looked at from one place on: a small file may claim very many.
const RUNS: usize = 300;

/// The value of a future that never waits, which all are over a file in memory.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("reading memory has nothing to wait for"),
    }
}

/// Opens the file, and if that goes well, reads it from the start and from some times that its own bytes select.
pub fn check(file: &[u8]) {
    let source = Memory(Bytes::copy_from_slice(file));
    let Ok(title) = now(millrace_media::open(&source, &Limits::default())) else { return };
    assert_eq!(title.file_size(), file.len() as u64);
    assert!(!format!("{:?}", title.tracks()).is_empty());
    for capabilities in [Capabilities::classic(), Capabilities::all()] {
        let Ok(selection) = title.select(&capabilities) else { continue };
        let _ = title.metadata(&selection);
        let _ = title.weight();
        read_on(&title, &source, title.start(), selection);
        for ms in times(&title, file) {
            let Ok(at) = now(title.locate(&source, ms, selection)) else { continue };
            assert!(at.time_ms() <= ms || at == title.start(), "{} for {ms}", at.time_ms());
            let again = now(title.locate(&source, ms, selection)).ok();
            // Fragments out of order are looked at in another order once some of them are known.
            let fixed = title.container() != Container::Mp4;
            assert!(again == Some(at) || (!fixed && again.is_some()), "{at:?} moves to {again:?}");
            read_on(&title, &source, at, selection);
        }
    }
}

fn times(title: &Title, file: &[u8]) -> [u64; 5] {
    let tail = file.last_chunk().map_or(0, |bytes| u64::from(u32::from_be_bytes(*bytes)));
    let duration = title.duration_ms();
    [0, duration / 2, duration.saturating_add(1), tail % duration.max(1), u64::from(u32::MAX)]
}

/// Follows the runs from a place.
fn read_on(title: &Title, source: &Memory, mut at: Position, selection: Selection) {
    let mut last = [0; 3];
    for _ in 0..RUNS {
        let Ok(run) = now(title.run(source, at, selection)) else { return };
        check_run(&run, source.0.len() as u64, &mut last);
        let Some(next) = run.next else { return };
        assert_ne!(next, at, "a run that leads to itself");
        // The tags of an FLV file are sent in their order, and each kind has a clock: one may lead by far.
        let falls = next.time_ms() < at.time_ms() && title.container() != Container::Flv;
        assert!(!falls, "from {} back to {}", at.time_ms(), next.time_ms());
        at = next;
    }
}

fn check_run(run: &Run, length: u64, last: &mut [u32; 3]) {
    for sample in run.headers.iter().chain(&run.samples) {
        assert!(sample.body.len() <= 0x00ff_ffff, "a message that is too long");
        if let Body::File { range, .. } = &sample.body {
            assert!(range.start <= range.end && range.end <= length, "{range:?} of {length}");
        }
    }
    for sample in &run.samples {
        let last = match sample.kind {
            Kind::Audio => &mut last[0],
            Kind::Video => &mut last[1],
            Kind::Data => &mut last[2],
        };
        assert!(sample.time_ms >= *last, "{:?} goes back from {last} to {}", sample.kind, sample.time_ms);
        *last = sample.time_ms;
    }
}
