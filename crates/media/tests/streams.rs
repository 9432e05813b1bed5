//! FLV and MP3 files that are out of order.
#![allow(clippy::unwrap_used, reason = "a panic is a test's answer")]

mod common;

use common::flv::{AAC_HEADER, AVC_HEADER, Writer};
use common::{Counted, body_of, check_runs, open_bytes, runs_from, samples_of};
use futures::executor::block_on;
use millrace_amf::{Object, Value};
use millrace_media::{Capabilities, Container, FourCc, Kind, Limits, Sample, open};
use proptest::prelude::*;

fn times(samples: &[Sample], kind: Kind) -> Vec<u32> {
    samples.iter().filter(|s| s.kind == kind).map(|s| s.time_ms).collect()
}

#[test]
fn stamps_start_at_zero_and_go_on_over_a_splice() {
    let mut writer = Writer::new();
    writer.headers(50_000).media(50_000, 50).media(3000, 50);
    let (title, source) = open_bytes(writer.0).unwrap();
    let (_, samples) = samples_of(&title, &source).unwrap();
    let video = times(&samples, Kind::Video);
    assert_eq!((video[0], video[1], video.len()), (0, 40, 100));
    assert!(video.is_sorted());
    assert!((1960..2040).contains(&video[50]), "{}", video[50]);
    let audio = times(&samples, Kind::Audio);
    assert!(audio.is_sorted() && audio[100].abs_diff(video[50]) <= 40, "{} {}", audio[100], video[50]);
    check_runs(&title, &source);
}

#[test]
fn headers_are_sent_once_and_found_after_a_seek() {
    let mut other = AVC_HEADER;
    other[8] = 31;
    let mut writer = Writer::new();
    writer.headers(0).media(0, 48).headers(1920).media(1920, 48);
    writer.tag(Kind::Video, 3840, &other).media(3840, 48);
    let (title, source) = open_bytes(writer.0).unwrap();
    let (selection, samples) = samples_of(&title, &source).unwrap();
    let inline: Vec<_> = samples.iter().filter(|s| body_of(&source.0, &s.body)[1] == 0).collect();
    assert_eq!(inline.len(), 1);
    assert_eq!(body_of(&source.0, &inline[0].body), other);
    let runs = runs_from(&title, &source, title.start(), selection).unwrap();
    let headers: Vec<_> = runs[0].1.headers.iter().map(|h| body_of(&source.0, &h.body)).collect();
    assert_eq!(headers, [AVC_HEADER.to_vec(), AAC_HEADER.to_vec()]);
    let at = block_on(title.locate(&source, 4500, selection)).unwrap();
    let run = block_on(title.run(&source, at, selection)).unwrap();
    assert_eq!(body_of(&source.0, &run.headers[0].body), other);
    check_runs(&title, &source);
}

fn indexed(lie: bool) -> Vec<u8> {
    // The index has a fixed length, so its numbers can be filled in afterwards.
    let build = |places: &[f64]| {
        let times = (0..10).map(|n| Value::Number(f64::from(n) * 0.48)).collect();
        let places = places.iter().map(|p| Value::Number(*p)).collect();
        let frames = Object::new()
            .with("times", Value::StrictArray(times))
            .with("filepositions", Value::StrictArray(places));
        let mut writer = Writer::new();
        writer.metadata(
            Object::new()
                .with("duration", 99.0)
                .with("keyframes", Value::Object(frames))
                .with("creator", "me"),
        );
        writer.headers(0).media(0, 120);
        writer.0
    };
    let bytes = build(&[0.0; 10]);
    let key = [&[0x17, 1, 0, 0, 0][..]].concat();
    let found = bytes.windows(5).enumerate().filter(|(_, w)| *w == key).map(|(at, _)| at as f64 - 11.0);
    let found: Vec<f64> = found.map(|at| if lie { at + 1.0 } else { at }).collect();
    assert_eq!(found.len(), 10);
    build(&found)
}

#[test]
fn an_index_is_used_only_if_it_is_true() {
    for lie in [false, true] {
        let (title, source) = open_bytes(indexed(lie)).unwrap();
        let selection = title.select(&Capabilities::classic()).unwrap();
        assert_eq!(block_on(title.locate(&source, 2000, selection)).unwrap().time_ms(), 1920);
        check_runs(&title, &source);
    }
}

#[test]
fn metadata_is_rewritten() {
    let (title, _) = open_bytes(indexed(false)).unwrap();
    let metadata = title.metadata(&title.select(&Capabilities::classic()).unwrap());
    let number = |name| metadata.get(name).and_then(Value::as_number);
    // The file said 99 seconds.
    assert_eq!(number("duration"), Some(4.78));
    assert_eq!((number("videocodecid"), number("audiocodecid")), (Some(7.0), Some(10.0)));
    assert!(metadata.get("keyframes").is_none());
    assert_eq!(metadata.get("creator").and_then(Value::as_str), Some("me"));
}

#[test]
fn script_tags_pass_but_not_the_metadata() {
    let mut writer = Writer::new();
    let cue = millrace_amf::amf0::encode_all(&["onCuePoint".into(), Value::Null]);
    writer.metadata(Object::new()).headers(0).media(0, 20).tag(Kind::Data, 700, &cue).media(800, 20);
    let (title, source) = open_bytes(writer.0).unwrap();
    let (_, samples) = samples_of(&title, &source).unwrap();
    let data: Vec<_> = samples.iter().filter(|s| s.kind == Kind::Data).collect();
    assert_eq!(data.len(), 1);
    assert_eq!((body_of(&source.0, &data[0].body), data[0].time_ms), (cue, 700));
}

#[test]
fn encrypted_tags_are_refused() {
    let mut writer = Writer::new();
    writer.headers(0);
    writer.0[13] |= 0x20;
    assert!(open_bytes(writer.0).unwrap_err().to_string().contains("track 1 is encrypted (byte 13)"));
}

#[test]
fn back_pointers_do_not_matter() {
    let mut writer = Writer::new();
    writer.headers(0).media(0, 60);
    let mut bytes = writer.0.clone();
    let mut at = 13;
    while at < bytes.len() {
        let size = u32::from_be_bytes([0, bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
        at += 11 + size;
        bytes[at..at + 4].copy_from_slice(&[0xde, 0xad, 0xbe, 0xef]);
        at += 4;
    }
    let (title, source) = open_bytes(bytes).unwrap();
    assert_eq!(samples_of(&title, &source).unwrap().1.len(), 180);
    check_runs(&title, &source);
}

#[test]
fn a_scan_goes_over_the_file_once() {
    let mut writer = Writer::new();
    writer.headers(0).media(0, 25_000);
    let source = Counted::new(writer.0);
    let title = block_on(open(&source, &Limits::default())).unwrap();
    let selection = title.select(&Capabilities::classic()).unwrap();
    source.take_reads();
    assert_eq!(block_on(title.locate(&source, 999_999, selection)).unwrap().time_ms(), 999_840);
    let first: u64 = source.take_reads().iter().map(|r| r.end - r.start).sum();
    // A tag that lies across the border of two reads is read twice.
    assert!(first <= source.file.0.len() as u64 + 64 * 1024, "{first}");
    block_on(title.locate(&source, 500_000, selection)).unwrap();
    block_on(title.locate(&source, 999_999, selection)).unwrap();
    let second = source.take_reads();
    assert!(second.len() <= 2, "{second:?}");
}

/// Frames of 128 kbit/s at 44.1 kHz, of which every one has a number.
fn frames(count: usize) -> Vec<u8> {
    let frame = |n: usize| [&[0xff, 0xfb, 0x90, 0x64][..], &[n as u8 & 0x7f; 413]].concat();
    (0..count).flat_map(frame).collect()
}

#[test]
fn frames_without_padding_are_found_by_arithmetic() {
    let source = Counted::new(frames(4000));
    let title = block_on(open(&source, &Limits::default())).unwrap();
    assert_eq!(title.duration_ms(), 104_490);
    let selection = title.select(&Capabilities::classic()).unwrap();
    source.take_reads();
    let at = block_on(title.locate(&source, 60_000, selection)).unwrap();
    assert_eq!(at.time_ms(), 59_977);
    assert!(source.take_reads().len() <= 1);
    check_runs(&title, &source);
}

#[test]
fn garbage_between_frames_is_passed_over() {
    let mut bytes = vec![0x20; 700];
    bytes.extend(frames(50));
    bytes.extend_from_slice(&[0xff, 0xe0, 0x11, 0x22].repeat(100));
    bytes.extend(frames(60));
    let (title, source) = open_bytes(bytes).unwrap();
    assert_eq!(title.container(), Container::Mp3);
    assert_eq!(samples_of(&title, &source).unwrap().1.len(), 110);
}

#[test]
fn tags_on_both_sides() {
    let mut bytes = b"ID3\x04\0\x10\0\0\0\x04abcd3DI\x04\0\x10\0\0\0\x04".to_vec();
    bytes.extend_from_slice(b"ID3\x03\0\0\0\0\x01\x00");
    bytes.extend_from_slice(&[0xff; 128]);
    bytes.extend(frames(40));
    let mut footer = b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    footer.resize(32, 0);
    bytes.extend(footer);
    bytes.extend_from_slice(b"TAG");
    bytes.extend_from_slice(&[0; 125]);
    let (title, source) = open_bytes(bytes).unwrap();
    assert_eq!(title.tracks()[0].offset, 24 + 138);
    assert_eq!(samples_of(&title, &source).unwrap().1.len(), 40);
    assert_eq!(title.duration_ms(), 1045);
}

#[test]
fn a_vbri_frame_is_not_sent_but_counted_by() {
    let mut head = frames(1);
    head[36..40].copy_from_slice(b"VBRI");
    head[4..36].fill(0);
    head[50..54].copy_from_slice(&40u32.to_be_bytes());
    head.extend(frames(40));
    let (title, source) = open_bytes(head).unwrap();
    assert_eq!(samples_of(&title, &source).unwrap().1.len(), 40);
    assert_eq!(title.duration_ms(), 1045);
    check_runs(&title, &source);
}

#[test]
fn free_format_is_refused() {
    let frame = [&[0xff, 0xfb, 0x00, 0x64][..], &[0; 413]].concat();
    assert!(open_bytes(frame.repeat(5)).unwrap_err().to_string().contains("free format"));
}

#[test]
fn metadata_of_sound_alone() {
    let (title, _) = open_bytes(frames(40)).unwrap();
    let metadata = title.metadata(&title.select(&Capabilities::classic()).unwrap());
    let number = |name| metadata.get(name).and_then(Value::as_number);
    assert_eq!((number("audiocodecid"), number("duration")), (Some(2.0), Some(1.045)));
    assert_eq!((number("videocodecid"), number("width")), (None, None));
}

#[test]
fn extended_tags_pass_only_to_those_who_listed_them() {
    let mut writer = Writer::new();
    writer.tag(Kind::Video, 0, b"\x90hvc1config").tag(Kind::Audio, 0, &AAC_HEADER);
    for index in 0..60 {
        let first = if index % 12 == 0 { 0x91 } else { 0xa3 };
        writer
            .tag(Kind::Video, index * 40, &[&[first], &b"hvc1\0\0\0picture"[..]].concat())
            .sound(index * 40, 1);
    }
    let (title, source) = open_bytes(writer.0).unwrap();
    let selection = title.select(&Capabilities::classic()).unwrap();
    assert_eq!(selection.video(), None);
    let selection = title.select(&Capabilities::classic().with(FourCc(*b"hvc1"))).unwrap();
    let run = block_on(title.run(&source, title.start(), selection)).unwrap();
    assert_eq!(body_of(&source.0, &run.headers[0].body), b"\x90hvc1config");
    assert_eq!(title.metadata(&selection).get("videocodecid").unwrap().as_number(), Some(1_752_589_105.0));
    check_runs(&title, &source);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Sound may stand up to half a second away from its picture, as encoders write it.
    #[test]
    fn flv_runs_chain(
        group in 1..40i32, count in 10..200i32, lag in 0..12i32, from in 0..100_000i32, step in 15..80i32, two in any::<bool>(),
    ) {
        let mut writer = Writer::new();
        writer.headers(from);
        for index in 0..count {
            writer.picture(from + index * step, index % group == 0, index as u8);
            if index >= lag && two {
                writer.sound(from + (index - lag) * step, index as u8);
            }
        }
        let (title, source) = open_bytes(writer.0).unwrap();
        prop_assert_eq!(samples_of(&title, &source).unwrap().1.len() as i32, count + if two { (count - lag).max(0) } else { 0 });
        check_runs(&title, &source);
    }

    #[test]
    fn mp3_runs_chain(bitrates in prop::collection::vec(1..14u8, 1..6), count in 10..400usize, garbage in 0..300usize) {
        let mut bytes = Vec::new();
        for index in 0..count {
            let rate = bitrates[index * 7 % bitrates.len()];
            let kbps = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256][usize::from(rate)];
            bytes.extend_from_slice(&[0xff, 0xfb, rate << 4, 0x64]);
            bytes.extend(std::iter::repeat_n(0x11, 144_000 * kbps / 44_100 - 4));
            if index == count / 2 {
                bytes.extend(std::iter::repeat_n(0x22, garbage));
            }
        }
        let (title, source) = open_bytes(bytes).unwrap();
        prop_assert_eq!(samples_of(&title, &source).unwrap().1.len(), count);
        if garbage == 0 || bitrates.iter().any(|rate| *rate != bitrates[0]) {
            check_runs(&title, &source);
        }
    }
}
