//! MP4 files that FFmpeg does not write, and what they must become.
#![allow(clippy::unwrap_used, reason = "a panic is a test's answer")]

mod common;

use common::boxes::{
    AVCC, SampleSpec, Shape, TrackSpec, avc1, bx, esds, file, full, mp4a, sound, steady, visual, words,
};
use common::{Counted, body_of, check_runs, open_bytes, samples_of};
use futures::executor::block_on;
use millrace_media::source::Memory;
use millrace_media::{Capabilities, Codec, Error, FourCc, Kind, Limits, Run, Title, open};

fn video(count: usize) -> TrackSpec {
    TrackSpec::new(1, Kind::Video, 1000, steady(count, 40, 25))
}

fn audio(count: usize) -> TrackSpec {
    TrackSpec::new(2, Kind::Audio, 44_100, steady(count, 1024, 1))
}

fn first_run(title: &Title, source: &Memory) -> Run {
    let selection = title.select(&Capabilities::all()).unwrap();
    block_on(title.run(source, title.start(), selection)).unwrap()
}

fn refused(tracks: &[TrackSpec]) -> String {
    let (title, _) = open_bytes(file(tracks, Shape::MoovInFront)).unwrap();
    title.select(&Capabilities::classic()).unwrap_err().to_string()
}

#[test]
fn a_second_description_sends_a_new_header_where_it_begins() {
    let mut other = AVCC;
    other[3] = 31;
    let mut track = video(60);
    track.entries = vec![avc1(b"avc1", &AVCC), avc1(b"avc1", &other)];
    for sample in &mut track.samples[30..] {
        sample.entry = 1;
    }
    let (title, source) = open_bytes(file(&[track], Shape::MoovInFront)).unwrap();
    let (selection, samples) = samples_of(&title, &source).unwrap();
    assert_eq!(samples.len(), 61);
    assert_eq!(body_of(&source.0, &samples[30].body), [&[0x17, 0, 0, 0, 0], &other[..]].concat());
    assert_eq!(samples[30].time_ms, 1200);
    let header = |ms| {
        let at = block_on(title.locate(&source, ms, selection)).unwrap();
        body_of(&source.0, &block_on(title.run(&source, at, selection)).unwrap().headers[0].body)[8]
    };
    assert_eq!((header(0), header(1100), header(2100)), (30, 30, 31));
    check_runs(&title, &source);
}

#[test]
fn parameter_sets_in_the_samples() {
    let mut track = video(30);
    // A record without sets, and a first sample that has them.
    track.entries = vec![avc1(b"avc3", &[1, 66, 0, 30, 0xff, 0xe0, 0])];
    track.samples[0].bytes =
        [&[0, 0, 0, 4, 0x67, 77, 0, 40][..], &[0, 0, 0, 2, 0x68, 0xce], &[0, 0, 0, 1, 0x65]].concat();
    let (title, source) = open_bytes(file(&[track], Shape::MoovBehind)).unwrap();
    let run = first_run(&title, &source);
    let wanted = [0x17, 0, 0, 0, 0, 1, 77, 0, 40, 0xff, 0xe1, 0, 4, 0x67, 77, 0, 40, 1, 0, 2, 0x68, 0xce];
    assert_eq!(body_of(&source.0, &run.headers[0].body), wanted);
    assert_eq!(title.tracks()[0].avc, (77, 40));
}

#[test]
fn sound_entries_of_quicktime() {
    let wave =
        bx(b"wave", &[&bx(b"frma", &[b"mp4a"]), &esds(0x40, &[0x12, 0x10]), &[0, 0, 0, 8, 0, 0, 0, 0]]);
    let mut entry = sound(b"mp4a", &[&[0; 16][..], &wave].concat());
    entry[17] = 1; // version 1 has 16 bytes more in front of its boxes
    let mut track = audio(20);
    track.entries = vec![entry];
    let (title, source) = open_bytes(file(&[track], Shape::MoovInFront)).unwrap();
    assert_eq!(title.tracks()[0].codec, Codec::Aac);
    assert_eq!(body_of(&source.0, &first_run(&title, &source).headers[0].body), [0xaf, 0, 0x12, 0x10]);
}

#[test]
fn mp3_by_object_type_and_by_entry() {
    for entry in [sound(b"mp4a", &esds(0x6b, &[])), sound(b"mp4a", &esds(0x69, &[])), sound(b".mp3", &[])] {
        let mut track = audio(20);
        track.entries = vec![entry];
        let (title, source) = open_bytes(file(&[track], Shape::MoovInFront)).unwrap();
        let run = first_run(&title, &source);
        assert!(run.headers.is_empty());
        assert_eq!(body_of(&source.0, &run.samples[0].body)[0], 0x2f);
    }
}

#[test]
fn configuration_in_enhanced_form() {
    let dops = bx(b"dOps", &[&[0, 2, 0x01, 0x38, 0, 0, 0xbb, 0x80, 0xff, 0xfe, 0]]);
    let mut opus = audio(5);
    opus.entries = vec![sound(b"Opus", &dops)];
    let mut vp9 = video(5);
    let record = [1, 10, 0x82, 2, 2, 2, 0, 0];
    vp9.entries = vec![visual(b"vp09", &full(b"vpcC", 1, 0, &[&record]))];
    let (title, source) = open_bytes(file(&[vp9, opus], Shape::MoovInFront)).unwrap();
    let run = first_run(&title, &source);
    assert_eq!(body_of(&source.0, &run.headers[0].body), [&b"\x90vp09"[..], &record].concat());
    let head = b"\x90OpusOpusHead\x01\x02\x38\x01\x80\xbb\0\0\xfe\xff\0";
    assert_eq!(body_of(&source.0, &run.headers[1].body), head);
    assert_eq!(body_of(&source.0, &run.samples[0].body)[..5], *b"\x91Opus");
    // Who lists one of them gets that one.
    let selection = title.select(&Capabilities::classic().with(FourCc(*b"Opus"))).unwrap();
    assert_eq!((selection.video(), selection.audio()), (None, Some(1)));
}

#[test]
fn what_can_not_be_sent_is_named() {
    let mut locked = video(5);
    locked.entries = vec![visual(b"encv", &bx(b"avcC", &[&AVCC]))];
    let text = refused(&[locked.clone()]);
    assert!(
        text.contains("track 1 is encv") && text.contains("encrypted") && text.contains("byte "),
        "{text}"
    );
    let mut h263 = video(5);
    h263.entries = vec![visual(b"s263", &[])];
    assert!(refused(&[h263]).contains("s263"));
    assert!(refused(&[]).contains("no audio or video track"));
    assert!(refused(&[video(0)]).contains("no samples"));
    // The other kind plays all the same.
    let (title, _) = open_bytes(file(&[locked, audio(9)], Shape::MoovInFront)).unwrap();
    let selection = title.select(&Capabilities::classic()).unwrap();
    assert_eq!((selection.video(), selection.audio()), (None, Some(1)));
}

#[test]
fn the_first_enabled_track_is_chosen() {
    let mut silent = audio(9);
    (silent.id, silent.flags) = (7, 0);
    let (title, _) = open_bytes(file(&[silent.clone(), audio(9)], Shape::MoovInFront)).unwrap();
    assert_eq!(title.select(&Capabilities::classic()).unwrap().audio(), Some(1));
    let (title, _) = open_bytes(file(&[silent], Shape::MoovInFront)).unwrap();
    assert_eq!(title.select(&Capabilities::classic()).unwrap().audio(), Some(0));
}

#[test]
fn thousands_of_samples_at_one_time_still_end_runs() {
    let mut track = audio(10_000);
    for sample in &mut track.samples {
        sample.delta = 0;
    }
    let (title, source) = open_bytes(file(&[track], Shape::MoovInFront)).unwrap();
    assert_eq!(first_run(&title, &source).samples.len(), 4096);
    assert_eq!(samples_of(&title, &source).unwrap().1.len(), 10_000);
    check_runs(&title, &source);
}

#[test]
fn a_moment_larger_than_the_limit() {
    let limits = Limits { run_bytes: 1000, ..Limits::default() };
    let mut track = video(9);
    track.samples[3] = SampleSpec { bytes: vec![1; 2000], ..track.samples[3].clone() };
    let source = Memory(file(&[track], Shape::MoovInFront).into());
    let title = block_on(open(&source, &limits)).unwrap();
    let selection = title.select(&Capabilities::classic()).unwrap();
    let error = block_on(title.run(&source, title.start(), selection)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 1000, .. }));
}

#[test]
fn a_sample_past_the_end_of_the_file() {
    let mut bytes = file(&[video(30)], Shape::MoovInFront);
    bytes.truncate(bytes.len() - 1);
    let error = open_bytes(bytes).unwrap_err().to_string();
    assert!(error.contains("sample 30") && error.contains("past the end of the file"), "{error}");
}

/// A film of that many seconds whose samples are large enough that the file is about 3 MB.
fn film(shape: Shape, seconds: usize) -> Counted {
    let mut picture = video(seconds * 25);
    for sample in &mut picture.samples {
        sample.bytes = vec![7; 3_000_000 / (seconds * 25)];
    }
    Counted::new(file(&[picture, audio(seconds * 43)], shape))
}

#[test]
fn opening_reads_little_wherever_the_index_stands() {
    for (shape, seconds, most) in [
        (Shape::MoovInFront, 20, 1),
        (Shape::MoovInFront, 1200, 2),
        (Shape::MoovBehind, 20, 2),
        (Shape::MoovBehind, 1200, 2),
        (Shape::WideMdat, 1200, 2),
    ] {
        let source = film(shape, seconds);
        let title = block_on(open(&source, &Limits::default())).unwrap();
        let reads = source.take_reads();
        assert!(reads.len() <= most, "{shape:?}, {seconds} s: {reads:?}");
        let bytes: u64 = reads.iter().map(|range| range.end - range.start).sum();
        assert!(bytes < 1_200_000, "{shape:?}: {bytes} bytes");
        let selection = title.select(&Capabilities::classic()).unwrap();
        block_on(title.locate(&source, 9000, selection)).unwrap();
        block_on(title.run(&source, title.start(), selection)).unwrap();
        assert_eq!(source.take_reads(), [], "the index is all that is needed");
    }
}

#[test]
fn the_index_weighs_what_its_tables_weigh() {
    let source = film(Shape::MoovInFront, 1200);
    let moov = source.file.0.windows(4).position(|w| w == b"mdat").unwrap();
    let title = block_on(open(&source, &Limits::default())).unwrap();
    println!("{} bytes of index for a moov of {moov} bytes", title.weight());
    assert!(title.weight() < moov + moov / 10, "{} for {moov}", title.weight());
}

#[test]
fn metadata_is_an_ecma_array_of_known_values() {
    let (title, _) = open_bytes(file(&[video(50), audio(86)], Shape::MoovInFront)).unwrap();
    let selection = title.select(&Capabilities::classic()).unwrap();
    let metadata = title.metadata(&selection);
    assert!(matches!(metadata, millrace_amf::Value::EcmaArray(_)));
    let number = |name| metadata.get(name).and_then(millrace_amf::Value::as_number);
    for (name, wanted) in [
        ("duration", 2.0),
        ("width", 320.0),
        ("height", 180.0),
        ("videocodecid", 7.0),
        ("framerate", 25.0),
        ("avcprofile", 66.0),
        ("avclevel", 30.0),
        ("audiocodecid", 10.0),
        ("audiosamplerate", 44_100.0),
        ("audiochannels", 2.0),
        ("audiosamplesize", 16.0),
        ("aacaot", 2.0),
    ] {
        assert_eq!(number(name), Some(wanted), "{name}");
    }
    assert_eq!(metadata.get("stereo").and_then(millrace_amf::Value::as_bool), Some(true));
    assert_eq!(metadata.get("seekpoints").unwrap().as_array().unwrap().len(), 2);
    let (encode, mut bytes) = (millrace_amf::amf0::encode, [Vec::new(), Vec::new()]);
    bytes.iter_mut().for_each(|out| encode(&title.metadata(&selection), out));
    assert_eq!(bytes[0], bytes[1]);
    // What does not exist is not mentioned: FFmpeg would wait for it.
    let (title, _) = open_bytes(file(&[video(50)], Shape::MoovInFront)).unwrap();
    let metadata = title.metadata(&title.select(&Capabilities::classic()).unwrap());
    assert!(metadata.get("audiocodecid").is_none() && metadata.get("stereo").is_none());
}

#[test]
fn he_aac_keeps_its_configuration() {
    let mut track = audio(20);
    track.entries = vec![mp4a(&[0x13, 0x10, 0x56, 0xe5, 0x98])];
    let (title, source) = open_bytes(file(&[track], Shape::MoovInFront)).unwrap();
    assert_eq!((title.tracks()[0].sample_rate, title.tracks()[0].aac_object), (48_000, 5));
    let header = body_of(&source.0, &first_run(&title, &source).headers[0].body);
    assert_eq!(header, [0xaf, 0, 0x13, 0x10, 0x56, 0xe5, 0x98]);
}

#[test]
fn offsets_that_are_negative_in_a_box_that_says_unsigned() {
    let mut track = video(30);
    for sample in &mut track.samples {
        sample.cts = -40;
    }
    let mut bytes = file(&[track], Shape::MoovInFront);
    let ctts = bytes.windows(4).position(|w| w == b"ctts").unwrap();
    bytes[ctts + 4] = 0;
    let (title, source) = open_bytes(bytes).unwrap();
    let run = first_run(&title, &source);
    assert_eq!(body_of(&source.0, &run.samples[1].body)[..5], [0x27, 1, 0xff, 0xff, 0xd8]);
}

#[test]
fn boxes_of_other_kinds_are_passed_over() {
    let free = bx(b"free", &[&words(&[1, 2, 3])]);
    let uuid = bx(b"uuid", &[&[9; 40]]);
    let whole = file(&[video(30)], Shape::MoovBehind);
    let moov = whole.windows(4).rposition(|w| w == b"moov").unwrap() - 4;
    let bytes = [&whole[..moov], &free, &uuid, &whole[moov..]].concat();
    let (title, source) = open_bytes(bytes).unwrap();
    assert_eq!(samples_of(&title, &source).unwrap().1.len(), 30);
}
