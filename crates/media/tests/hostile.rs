//! Files that are cut off, damaged or made to harm: nothing may panic, run without end, or allocate by promise.
#![allow(clippy::unwrap_used, reason = "a panic is a test's answer")]

mod common;

use bytes::Bytes;
use common::boxes::{Shape, TrackSpec, bx, file, full, steady, words};
use common::flv::Writer;
use futures::executor::block_on;
use millrace_media::source::Memory;
use millrace_media::{Capabilities, Error, Kind, Limits, Selection, Title, open};
use proptest::prelude::*;

/// Opens whatever it is and plays it: from the start, and from some places. Errors are fine.
fn play(bytes: Vec<u8>) -> Result<usize, Error> {
    let source = Memory(Bytes::from(bytes));
    let title = block_on(open(&source, &Limits::default()))?;
    let selection = title.select(&Capabilities::all())?;
    let _ = title.metadata(&selection);
    let _ = title.weight();
    for ms in [0, 700, 5000, u64::MAX] {
        let at = block_on(title.locate(&source, ms, selection))?;
        block_on(title.run(&source, at, selection))?;
    }
    walk(&title, &source, selection)
}

fn walk(title: &Title, source: &Memory, selection: Selection) -> Result<usize, Error> {
    let (mut next, mut count, mut runs) = (Some(title.start()), 0, 0);
    while let Some(at) = next {
        let run = block_on(title.run(source, at, selection))?;
        for sample in &run.samples {
            assert!(sample.body.len() <= 0xff_ffff);
            if let millrace_media::Body::File { range, .. } = &sample.body {
                assert!(range.start <= range.end && range.end <= source.0.len() as u64);
            }
        }
        count += run.samples.len();
        (next, runs) = (run.next, runs + 1);
        assert!(runs < 20_000, "the runs do not end");
    }
    Ok(count)
}

fn mp4() -> Vec<u8> {
    let mut video = TrackSpec::new(1, Kind::Video, 1000, steady(40, 40, 10));
    video.edits = vec![(40, -1), (1600, 10)];
    video.samples[3].cts = 80;
    let audio = TrackSpec::new(2, Kind::Audio, 44_100, steady(60, 1024, 1));
    file(&[video, audio], Shape::MoovInFront)
}

/// A small fragmented file with an index in front and one behind.
fn fragmented() -> Vec<u8> {
    fragmented_at([0, 400, 800, 1200])
}

/// The same, with fragments that say to start at these times.
fn fragmented_at(times: [u32; 4]) -> Vec<u8> {
    let track = TrackSpec::new(1, Kind::Video, 1000, Vec::new());
    let whole = file(&[track], Shape::MoovInFront);
    let trex = full(b"trex", 0, 0, &[&words(&[1, 1, 40, 0, 0x1_0000])]);
    let mvex = bx(b"mvex", &[&trex]);
    let at = whole.windows(4).position(|w| w == b"moov").unwrap() - 4;
    let end = whole.windows(4).rposition(|w| w == b"mdat").unwrap() - 4;
    let moov = bx(b"moov", &[&whole[at + 8..end], &mvex]);
    let mut bytes = [&whole[..at], &moov].concat();
    for (index, start) in (0..4u8).zip(times) {
        let tfhd = full(b"tfhd", 0, 0x2_0000, &[&words(&[1])]);
        let tfdt = full(b"tfdt", 0, 0, &[&words(&[start])]);
        let rows: Vec<u32> = (0..10).map(|n| 5 + n).collect();
        let trun = |offset: u32| full(b"trun", 0, 0x205, &[&words(&[10, offset, 0x200_0000]), &words(&rows)]);
        let moof = |offset| bx(b"moof", &[&bx(b"traf", &[&tfhd, &tfdt, &trun(offset)])]);
        let length = moof(0).len() as u32;
        bytes.extend(moof(length + 8));
        bytes.extend(bx(b"mdat", &[&vec![index; rows.iter().sum::<u32>() as usize]]));
    }
    bytes
}

fn flv() -> Vec<u8> {
    let mut writer = Writer::new();
    writer.metadata(millrace_amf::Object::new().with("duration", 2.0)).headers(0).media(0, 50);
    writer.0
}

fn mp3() -> Vec<u8> {
    let mut bytes = b"ID3\x03\0\0\0\0\0\x05hello".to_vec();
    for fill in 0..30u8 {
        bytes.extend_from_slice(&[0xff, 0xfb, 0x90, 0x64]);
        bytes.extend_from_slice(&[fill; 413]);
    }
    bytes.extend_from_slice(b"TAG");
    bytes.extend_from_slice(&[0; 125]);
    bytes
}

#[test]
fn the_files_are_sound_before_they_are_harmed() {
    assert_eq!(play(mp4()).unwrap(), 100);
    assert_eq!(play(fragmented()).unwrap(), 40);
    assert_eq!(play(flv()).unwrap(), 150);
    assert_eq!(play(mp3()).unwrap(), 30);
}

/// Found by fuzzing: such a fragment's times went out as they were, behind later ones.
#[test]
fn times_do_not_fall_where_a_fragment_says_to_be_earlier_than_the_one_before() {
    for times in [[0, 400, 0, 800], [800, 0, 400, 1200], [0, 400, 200, 600]] {
        let source = Memory(fragmented_at(times).into());
        let title = block_on(open(&source, &Limits::default())).unwrap();
        let selection = title.select(&Capabilities::all()).unwrap();
        for ms in [0, 300, 700, 2000] {
            let (mut next, mut last) = (block_on(title.locate(&source, ms, selection)).ok(), 0);
            while let Some(at) = next {
                let run = block_on(title.run(&source, at, selection)).unwrap();
                for sample in &run.samples {
                    assert!(sample.time_ms >= last, "{times:?} from {ms}: {last}, {}", sample.time_ms);
                    last = sample.time_ms;
                }
                next = run.next;
            }
        }
    }
}

#[test]
fn cut_off_at_every_byte() {
    for whole in [mp4(), fragmented(), flv(), mp3()] {
        for length in 0..whole.len() {
            let _ = play(whole[..length].to_vec());
        }
    }
}

#[test]
fn every_byte_of_the_index_changed() {
    for (whole, length) in [(mp4(), 2000), (fragmented(), 1200), (flv(), 400), (mp3(), 900)] {
        for at in 0..length.min(whole.len()) {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = play(bytes);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn many_bytes_changed(which in 0..4usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = [mp4, fragmented, flv, mp3][which]();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = play(bytes);
    }

    #[test]
    fn pieces_moved(which in 0..4usize, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), length in 0..300usize) {
        let mut bytes = [mp4, fragmented, flv, mp3][which]();
        let from = from.index(bytes.len());
        let piece = bytes[from..(from + length).min(bytes.len())].to_vec();
        let to = to.index(bytes.len());
        bytes.splice(to..to, piece);
        let _ = play(bytes);
    }

    #[test]
    fn noise_behind_a_head(head in prop::sample::select(vec![&b"\0\0\0\x18ftypisom"[..], b"FLV\x01\x05\0\0\0\x09\0\0\0\0", b"ID3\x04\0\0\0\0\0\x02", b"\xff\xfb\x90\x64"]), noise in prop::collection::vec(any::<u8>(), 0..3000)) {
        let _ = play([head, &noise].concat());
    }
}

/// The error of opening, as text.
fn refusal(bytes: Vec<u8>) -> String {
    play(bytes).expect_err("must be refused").to_string()
}

/// `mp4()` with the box of that kind changed.
fn changed(kind: &[u8; 4], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut bytes = mp4();
    let at = bytes.windows(4).position(|w| w == kind).unwrap();
    change(&mut bytes[at..]);
    bytes
}

#[test]
fn counts_without_the_bytes_for_them() {
    for kind in [b"stts", b"stsc", b"stsz", b"stco", b"stss", b"ctts"] {
        let at = if kind == b"stsz" { 12 } else { 8 };
        let text = refusal(changed(kind, |b| b[at..at + 4].copy_from_slice(&[0x70, 0, 0, 0])));
        let name = String::from_utf8_lossy(kind);
        // The count of samples has a limit of its own.
        assert!(text.contains(&*name) || text.contains("sample table"), "{text}");
    }
}

#[test]
fn sizes_of_zero_and_past_the_end() {
    let zero = changed(b"trak", |b| b[4..8].copy_from_slice(&[0; 4]));
    assert!(refusal(zero).contains("size of 0"));
    let text = refusal(changed(b"tkhd", |b| b[88..90].copy_from_slice(&[0xff, 0xff])));
    assert!(text.contains("runs past the box around it"), "{text}");
    let mut bytes = mp4();
    let moov = bytes.windows(4).position(|w| w == b"moov").unwrap();
    bytes[moov - 4] = 0x10;
    assert!(refusal(bytes).contains("'moov' box of"), "names the box");
}

#[test]
fn a_moov_larger_than_the_limit() {
    let limits = Limits { moov: 100, ..Limits::default() };
    let error = block_on(open(&Memory(mp4().into()), &limits)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 100, .. }), "{error}");
    let limits = Limits { samples: 50, ..Limits::default() };
    assert!(matches!(block_on(open(&Memory(mp4().into()), &limits)), Err(Error::TooLarge { size: 60, .. })));
    let limits = Limits { tracks: 1, ..Limits::default() };
    assert!(matches!(block_on(open(&Memory(mp4().into()), &limits)), Err(Error::TooLarge { size: 2, .. })));
}

#[test]
fn what_is_no_media() {
    for (bytes, wanted) in [
        (&b""[..], "nothing"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "89 50 4e 47"),
        (b"<html>", "3c 68 74 6d"),
        (b"\xff\xf1\x50\x80\x01\x1f\xfc\0\0\0\0\0\0\0\0\0", "ff f1"),
    ] {
        let text = refusal(bytes.to_vec());
        assert!(text.contains(wanted) && text.contains("neither"), "{text}");
    }
    assert!(refusal(b"\0\0\0\x18ftypisom\0\0\0\0isommp41".to_vec()).contains("no 'moov' box"));
}

#[test]
fn samples_that_promise_more_than_the_file_has() {
    // 4,000,000,000 samples in a fragment of a few bytes.
    let mut bytes = fragmented();
    let trun = bytes.windows(4).position(|w| w == b"trun").unwrap();
    bytes[trun + 6..trun + 8].copy_from_slice(&[0, 0x05]);
    bytes[trun + 8..trun + 12].copy_from_slice(&[0xee, 0, 0, 0]);
    assert!(refusal(bytes).contains("more than the file has"));
}
