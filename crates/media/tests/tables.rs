//! The sample index against mp4-atom, which expands the same tables into lists, for tables of every shape.
#![allow(clippy::unwrap_used, reason = "a panic is a test's answer")]

mod common;

use common::boxes::{SampleSpec, Shape, TrackSpec, file};
use common::{check_runs, open_bytes, samples_of};
use millrace_media::{Body, Kind, Sample};
use mp4_atom::{Atom, Buf, Decode, DecodeAtom, Header, Moov, StszSamples, Trak};
use proptest::prelude::*;

/// One sample as mp4-atom's tables have it.
#[derive(Debug, PartialEq)]
struct Expanded {
    dts: i64,
    cts: i64,
    size: u64,
    offset: u64,
    key: bool,
}

fn moov_of(bytes: &[u8]) -> Moov {
    let mut rest = bytes;
    loop {
        let header = Header::decode(&mut rest).unwrap();
        if header.kind == Moov::KIND {
            return Moov::decode_atom(&header, &mut rest).unwrap();
        }
        rest.advance(header.size.unwrap_or_else(|| rest.remaining()));
    }
}

/// Expands the tables of a track as the standard tells to (ISO/IEC 14496-12, 8.6 and 8.7).
fn expand(trak: &Trak) -> Vec<Expanded> {
    let stbl = &trak.mdia.minf.stbl;
    let sizes = match &stbl.stsz.samples {
        StszSamples::Identical { count, size } => vec![*size; *count as usize],
        StszSamples::Different { sizes } => sizes.clone(),
    };
    let deltas =
        stbl.stts.entries.iter().flat_map(|e| std::iter::repeat_n(e.sample_delta, e.sample_count as usize));
    let mut offsets: Vec<i64> = stbl
        .ctts
        .iter()
        .flat_map(|ctts| &ctts.entries)
        .flat_map(|e| std::iter::repeat_n(e.sample_offset, e.sample_count as usize))
        .collect();
    offsets.resize(sizes.len(), 0);
    let chunks: Vec<u64> = match (&stbl.stco, &stbl.co64) {
        (Some(stco), _) => stco.entries.iter().map(|e| u64::from(*e)).collect(),
        (None, Some(co64)) => co64.entries.clone(),
        (None, None) => Vec::new(),
    };
    let mut places = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        let entry = stbl.stsc.entries.iter().rev().find(|e| e.first_chunk as usize <= index + 1).unwrap();
        let mut at = *chunk;
        for _ in 0..entry.samples_per_chunk {
            if let Some(size) = sizes.get(places.len()) {
                places.push(at);
                at += u64::from(*size);
            }
        }
    }
    let (mut dts, mut all) = (0, Vec::new());
    for (index, delta) in deltas.take(sizes.len()).enumerate() {
        let key = stbl.stss.as_ref().is_none_or(|stss| stss.entries.contains(&(index as u32 + 1)));
        let (size, offset) = (u64::from(sizes[index]), places[index]);
        all.push(Expanded { dts, cts: offsets[index], size, offset, key });
        dts += i64::from(delta);
    }
    all
}

fn ms(ticks: i64, scale: u32) -> i64 {
    (ticks as f64 * 1000.0 / f64::from(scale) + 0.5).floor() as i64
}

/// What the edit list adds, in ticks of the track.
fn edit(spec: &TrackSpec) -> i64 {
    let mut delay = 0;
    for (duration, time) in &spec.edits {
        if *time >= 0 {
            return delay * i64::from(spec.scale) / 1000 - i64::from(*time);
        }
        delay += i64::from(*duration);
    }
    0
}

fn compare(specs: &[TrackSpec], shape: Shape) {
    let bytes = file(specs, shape);
    // mp4-atom knows no stz2; the same track with stsz has the same samples.
    let plain: Vec<_> = specs.iter().map(|s| TrackSpec { size_bits: 32, ..s.clone() }).collect();
    let moov = moov_of(&file(&plain, shape));
    let grown = bytes.len() as i64 - file(&plain, shape).len() as i64;
    let in_front = matches!(shape, Shape::MoovInFront | Shape::OpenMdat);
    let (title, source) = open_bytes(bytes).unwrap();
    let (_, samples) = samples_of(&title, &source).unwrap();
    let shift = specs.iter().map(|s| ms(edit(s), s.scale)).min().map_or(0, |first| (-first).max(0));
    for (spec, trak) in specs.iter().zip(&moov.trak) {
        let ours: Vec<&Sample> = samples.iter().filter(|s| s.kind == spec.kind).collect();
        let theirs = expand(trak);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let Body::File { prefix, range } = &ours.body else { panic!("no new headers here") };
            let moved = if in_front { grown } else { 0 };
            assert_eq!(
                (range.start as i64, range.end - range.start),
                (theirs.offset as i64 + moved, theirs.size)
            );
            let start = ms(theirs.dts + edit(spec), spec.scale);
            assert_eq!(i64::from(ours.time_ms), start + shift);
            assert_eq!(ours.key, theirs.key || spec.kind == Kind::Audio);
            if spec.kind == Kind::Video {
                let cts = i32::from_be_bytes([prefix[2], prefix[3], prefix[4], 0]) >> 8;
                assert_eq!(i64::from(cts), ms(theirs.dts + edit(spec) + theirs.cts, spec.scale) - start);
            }
        }
    }
    check_runs(&title, &source);
}

prop_compose! {
    fn sample(longest: usize, delta: u32)(
        length in 0..longest,
        delta in prop_oneof![4 => Just(delta), 1 => 0..delta * 3],
        cts in prop_oneof![2 => Just(0), 1 => -400..900i32],
        key in prop::bool::weighted(0.15),
        fill in any::<u8>(),
    ) -> SampleSpec {
        SampleSpec { bytes: vec![fill; length], delta, cts, key, entry: 0 }
    }
}

prop_compose! {
    fn track(id: u32, kind: Kind)(
        scale in prop_oneof![Just(90_000u32), Just(1000), Just(44_100), Just(30_000)],
        size_bits in prop_oneof![3 => Just(32u8), 1 => Just(4), 1 => Just(8), 1 => Just(16)],
        edits in prop_oneof![
            2 => Just(Vec::new()),
            1 => Just(vec![(5000, 100)]),
            1 => Just(vec![(120, -1), (5000, 0)]),
            1 => Just(vec![(40, -1), (30, -1), (5000, 77), (1, 3)]),
        ],
        chunks in prop::collection::vec(1usize..9, 1..5),
        wide in any::<bool>(),
    )(
        samples in prop::collection::vec(sample(if size_bits == 4 { 15 } else { 200 }, scale / 25), 1..180),
        scale in Just(scale), size_bits in Just(size_bits), edits in Just(edits), chunks in Just(chunks), wide in Just(wide),
    ) -> TrackSpec {
        let mut track = TrackSpec::new(id, kind, scale, samples);
        if kind == Kind::Audio {
            for sample in &mut track.samples {
                (sample.key, sample.cts) = (true, 0);
            }
        } else {
            track.samples[0].key = true;
        }
        TrackSpec { size_bits, edits, chunks, wide, ..track }
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::MoovInFront),
        Just(Shape::MoovBehind),
        Just(Shape::WideMdat),
        Just(Shape::OpenMdat)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_index_is_what_the_tables_say(
        video in track(1, Kind::Video), audio in track(2, Kind::Audio), shape in shape(),
        only in prop_oneof![3 => Just(None), 1 => Just(Some(Kind::Video)), 1 => Just(Some(Kind::Audio))],
    ) {
        let specs: Vec<_> = [video, audio].into_iter().filter(|s| only.is_none_or(|kind| kind == s.kind)).collect();
        compare(&specs, shape);
    }
}

#[test]
fn of_several_key_frames_at_one_millisecond_a_seek_finds_the_first() {
    let mut video = TrackSpec::new(1, Kind::Video, 44_100, common::boxes::steady(200, 1764, 10));
    for (index, sample) in video.samples.iter_mut().enumerate() {
        sample.key = index % 10 < 3;
        sample.delta = if sample.key { 11 } else { 2000 };
    }
    let audio = TrackSpec::new(2, Kind::Audio, 44_100, common::boxes::steady(300, 1024, 1));
    compare(&[video, audio], Shape::MoovInFront);
}

#[test]
fn tables_longer_than_the_distance_of_marks() {
    let mut video = TrackSpec::new(1, Kind::Video, 90_000, common::boxes::steady(5000, 3003, 250));
    for (index, sample) in video.samples.iter_mut().enumerate() {
        sample.cts = [0, 6006, 3003][index % 3];
        sample.delta += (index % 7 == 0) as u32;
    }
    video.chunks = vec![7, 1, 30];
    let mut audio = TrackSpec::new(2, Kind::Audio, 44_100, common::boxes::steady(7000, 1024, 1));
    audio.chunks = vec![11, 10];
    compare(&[video, audio], Shape::MoovInFront);
}
