//! Segments cut, patched and stopped at every byte.

use millrace_media::Body;

use super::pieces::{GAP, extents};
use super::*;

pub(crate) const CHUNK: u32 = 40;

/// A sample with a body of its own.
pub(crate) fn sample(kind: Kind, time_ms: u32, length: usize) -> Sample {
    let body = Body::Inline(vec![time_ms as u8; length].into());
    Sample { kind, time_ms, key: kind != Kind::Data, body }
}

/// Every kind, lengths below and above a chunk, times that stay, grow and fall.
fn samples(from_ms: u32) -> Vec<Sample> {
    vec![
        sample(Kind::Video, from_ms, 100),
        sample(Kind::Audio, from_ms + 3, 7),
        sample(Kind::Data, from_ms + 3, 45),
        sample(Kind::Audio, from_ms + 23, 7),
        sample(Kind::Audio, from_ms + 43, 7),
        sample(Kind::Video, from_ms + 40, 0),
        sample(Kind::Video, from_ms + 80, CHUNK as usize),
        sample(Kind::Audio, from_ms + 30, 90),
    ]
}

pub(crate) fn segment(samples: &[Sample], base_ms: i64) -> Segment {
    let packed = pack(samples, &Pieces::default(), base_ms, CHUNK);
    Segment {
        bytes: packed.bytes.into(),
        patches: packed.patches,
        ends: packed.ends,
        headers: Vec::new(),
        first_ms: samples.first().map_or(0, |sample| sample.time_ms.into()),
        last_ms: samples.last().map_or(0, |sample| sample.time_ms.into()),
        has_key: true,
        next: None,
    }
}

/// What a player reads, which has to be whole messages.
pub(crate) fn read(bytes: &[u8]) -> Vec<Message> {
    let mut input = Vec::new();
    Writer::default().message(
        &mut input,
        chunk::stream::CONTROL,
        &Message::control(kind::SET_CHUNK_SIZE, CHUNK),
    );
    input.extend_from_slice(bytes);
    let (mut input, mut reader) = (BytesMut::from(&input[..]), Reader::new(chunk::Limits::SERVER));
    let mut all = Vec::new();
    while let Some(message) = reader.read(&mut input).expect("chunks") {
        all.push(message);
    }
    assert!(input.is_empty(), "half a header");
    all.split_off(1)
}

fn messages(samples: &[Sample], restamp: Restamp) -> Vec<Message> {
    let message = |sample: &Sample| {
        let Body::Inline(body) = sample.body.clone() else { panic!("inline samples only") };
        let time_ms = stamp(sample.time_ms.into(), restamp.base_ms);
        Message { time_ms, kind: sample.kind.message_type(), stream: restamp.stream, body }
    };
    samples.iter().map(message).collect()
}

fn bytes(segment: &Segment, range: Range<usize>, restamp: Restamp) -> Vec<u8> {
    let mut slices = VecDeque::new();
    segment.slices(range, restamp, &mut slices);
    assert!(slices.iter().all(|slice| !slice.is_empty()), "an empty slice");
    slices.into_iter().flatten().collect()
}

const VIEWERS: [Restamp; 4] = [
    PACKED,
    Restamp { stream: 3, base_ms: 0 },
    Restamp { stream: 1, base_ms: 600 },
    Restamp { stream: 0x0102_0304, base_ms: -5_000 },
];

#[test]
fn every_viewer_reads_its_own_stream_and_stamps() {
    let samples = samples(1_000);
    let segment = segment(&samples, 0);
    for viewer in VIEWERS {
        let got = read(&bytes(&segment, 0..segment.len(), viewer));
        assert_eq!(got, messages(&samples, viewer), "{viewer:?}");
    }
}

#[test]
fn slices_fit_together_wherever_they_are_cut() {
    let segment = segment(&samples(1_000), 0);
    for viewer in VIEWERS {
        let whole = bytes(&segment, 0..segment.len(), viewer);
        for from in 0..=segment.len() {
            for to in (from + 1..=segment.len()).step_by(5) {
                assert_eq!(bytes(&segment, from..to, viewer), whole[from..to], "{viewer:?} {from}..{to}");
            }
        }
    }
}

#[test]
fn what_is_common_is_shared_and_not_copied() {
    let segment = segment(&samples(1_000), 0);
    let mut slices = VecDeque::new();
    segment.slices(0..segment.len(), Restamp { stream: 2, base_ms: 0 }, &mut slices);
    let whole = segment.bytes.as_ptr_range();
    let own: usize = slices.iter().filter(|slice| !whole.contains(&slice.as_ptr())).map(Bytes::len).sum();
    // Of video, audio, and of each message whose time falls or whose type is another.
    assert_eq!(own, segment.patches.len() * FULL_HEADER);
    assert!(segment.patches.len() <= 4, "{:?}", segment.patches);
}

#[test]
fn a_message_ends_where_the_next_begins() {
    let samples = samples(0);
    let segment = segment(&samples, 0);
    let mut begins = 0;
    for (index, end) in segment.ends.iter().map(|end| *end as usize).enumerate() {
        for at in begins + 1..=end {
            assert_eq!(segment.message_end(at), end);
        }
        assert_eq!(read(&segment.bytes[..end]).len(), index + 1);
        begins = end;
    }
    assert_eq!(begins, segment.len());
    assert_eq!(segment.message_end(0), 0, "nothing was begun");
}

#[test]
fn a_rest_is_a_segment_that_can_follow_anything() {
    let samples = samples(2_000);
    let segment = segment(&samples, 0);
    for (sent, from) in std::iter::once(0).chain(segment.ends.iter().copied()).enumerate() {
        let rest = segment.rest(from as usize, CHUNK);
        for viewer in VIEWERS {
            let got = read(&bytes(&rest, 0..rest.len(), viewer));
            assert_eq!(got, messages(&samples[sent..], viewer), "{sent} sent, {viewer:?}");
        }
        // And a rest may be stopped as well.
        if let Some(end) = rest.ends.first() {
            let again = rest.rest(*end as usize, CHUNK);
            assert_eq!(read(&again.bytes), messages(&samples[sent + 1..], PACKED));
        }
    }
}

#[test]
fn stamps_are_right_on_both_sides_of_the_largest_of_three_bytes() {
    let border = i64::from(0xff_ffff_u32);
    let around = [0, 1_000, border - 60_001, border - 100, border - 40, border, border + 1, 5 * border];
    for from_ms in around {
        for base_ms in around.into_iter().filter(|base_ms| *base_ms <= from_ms).chain([-1_000, -border]) {
            for stream in [1, 2] {
                let viewer = Restamp { stream, base_ms };
                let samples = samples(from_ms as u32);
                let (packed_ms, restamp) = split_base(from_ms as u64, stream, base_ms);
                let segment = segment(&samples, packed_ms);
                let got = read(&bytes(&segment, 0..segment.len(), restamp));
                assert_eq!(got, messages(&samples, viewer), "{from_ms} from {base_ms} on {stream}");
                let rest = segment.rest(segment.ends[1] as usize, CHUNK);
                let got = read(&bytes(&rest, 0..rest.len(), restamp));
                assert_eq!(got, messages(&samples[2..], viewer), "rest of {from_ms} from {base_ms}");
            }
        }
    }
}

#[test]
fn far_from_that_border_all_viewers_share_one_segment() {
    for (from_ms, base_ms, stream) in
        [(0, 0, 1), (3_600_000, 0, 2), (3_600_000, 3_590_000, 1), (5_000, -7, 9)]
    {
        assert_eq!(split_base(from_ms, stream, base_ms), (0, Restamp { stream, base_ms }));
    }
}

#[test]
fn a_filter_leaves_out_what_a_viewer_does_not_want() {
    let all = || {
        vec![
            sample(Kind::Audio, 0, 1),
            Sample { key: false, ..sample(Kind::Video, 10, 1) },
            sample(Kind::Video, 20, 1),
            sample(Kind::Data, 20, 1),
            Sample { key: false, ..sample(Kind::Video, 30, 1) },
        ]
    };
    let times = |audio, video, one_picture| {
        let mut samples = all();
        Filter { audio, video, one_picture }.apply(&mut samples);
        samples.iter().map(|sample| sample.time_ms).collect::<Vec<_>>()
    };
    assert_eq!(times(true, Video::All, false), [0, 10, 20, 20, 30]);
    assert_eq!(times(false, Video::All, false), [10, 20, 20, 30]);
    assert_eq!(times(true, Video::FromKey, false), [0, 20, 20, 30]);
    assert_eq!(times(true, Video::None, false), [0, 20]);
    assert_eq!(times(true, Video::All, true), [20]);
    assert_eq!(times(true, Video::None, true), [0]);
}

#[test]
fn parts_of_a_file_that_are_near_each_other_are_read_as_one() {
    let at = |range: Range<u64>| {
        let body = Body::File { prefix: Default::default(), range };
        Sample { body, ..sample(Kind::Audio, 0, 0) }
    };
    let far = 3 * GAP;
    let samples = [at(far..far + 5), at(10..20), at(5..5), at(15..18), at(20..30), at(30 + GAP..31 + GAP)];
    assert_eq!(extents(&samples), [10..31 + GAP, far..far + 5]);
}
