//! Real files: made by FFmpeg's encoders and muxers, and compared with what ffprobe finds in them.
#![allow(clippy::unwrap_used, reason = "a panic is a test's answer")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Counted, check_runs, runs_from, samples_of};
use futures::executor::block_on;
use millrace_amf::amf0;
use millrace_media::mux::flv;
use millrace_media::{
    Body, Capabilities, Codec, Container, Error, Kind, Limits, Sample, Selection, Title, open,
};
use serde_json::Value;

/// Ten seconds of moving picture and a tone, small enough to encode at once.
const PICTURE: &str = "testsrc2=size=320x180:rate=25:duration=10";
const TONE: &str = "sine=frequency=440:sample_rate=44100:duration=10";

struct Media {
    _folder: tempfile::TempDir,
    path: PathBuf,
    source: Counted,
    title: Title,
}

/// Runs FFmpeg with `arguments` (split at spaces) and opens what it wrote. `@` stands for the folder.
fn make(name: &str, arguments: &str) -> Media {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    ffmpeg(folder.path(), arguments, &path);
    opened(folder, path)
}

fn ffmpeg(folder: &Path, arguments: &str, path: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(path)
        .current_dir(folder)
        .output()
        .expect("these tests need ffmpeg");
    assert!(output.status.success(), "ffmpeg {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

fn opened(folder: tempfile::TempDir, path: PathBuf) -> Media {
    let source = Counted::new(std::fs::read(&path).unwrap());
    let title = block_on(open(&source, &Limits::default())).unwrap();
    Media { _folder: folder, path, source, title }
}

fn both(rest: &str) -> String {
    format!("-f lavfi -i {PICTURE} -f lavfi -i {TONE} -pix_fmt yuv420p -preset ultrafast {rest}")
}

fn video(rest: &str) -> String {
    format!("-f lavfi -i {PICTURE} -pix_fmt yuv420p {rest}")
}

fn audio(rest: &str) -> String {
    format!("-f lavfi -i {TONE} {rest}")
}

/// What ffprobe says of one packet.
#[derive(Debug)]
struct Packet {
    dts: f64,
    pts: f64,
    size: u64,
    at: Option<u64>,
    key: bool,
}

fn probe(path: &Path, kind: Kind) -> Vec<Packet> {
    let stream = if kind == Kind::Video { "v:0" } else { "a:0" };
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", stream, "-show_packets", "-of", "json"])
        .arg(path)
        .output()
        .expect("these tests need ffprobe");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |packet: &Value, name: &str| packet[name].as_str().and_then(|text| text.parse::<f64>().ok());
    let packets = answer["packets"].as_array().cloned().unwrap_or_default();
    packets
        .iter()
        .map(|packet| Packet {
            dts: number(packet, "dts_time").or_else(|| number(packet, "pts_time")).unwrap() * 1000.0,
            pts: number(packet, "pts_time").or_else(|| number(packet, "dts_time")).unwrap() * 1000.0,
            size: number(packet, "size").unwrap() as u64,
            at: number(packet, "pos").map(|at| at as u64),
            key: packet["flags"].as_str().unwrap().starts_with('K'),
        })
        .collect()
}

/// How many bytes of a tag body precede the codec's own data, and the composition time among them.
fn codec_header(source: &Counted, sample: &Sample) -> (u64, i32) {
    let body = common::body_of(&source.file.0, &sample.body);
    let cts = |at: usize| i32::from_be_bytes([body[at], body[at + 1], body[at + 2], 0]) >> 8;
    match (sample.kind, body[0]) {
        (Kind::Audio, b) if b >> 4 == 10 => (2, 0),
        (Kind::Audio, b) if b >> 4 == 9 => (5, 0),
        (Kind::Video, b) if b & 0x80 != 0 => match (b & 15, &body[1..5]) {
            (1, b"hvc1") => (8, cts(5)),
            _ => (5, 0),
        },
        (Kind::Video, b) if b & 15 == 7 => (5, cts(2)),
        (Kind::Video, b) if b & 15 == 4 => (2, 0),
        _ => (1, 0),
    }
}

/// Compares all samples with ffprobe's packets; times may differ by one constant for the whole file.
fn check(media: &Media) -> Selection {
    let (selection, samples) = samples_of(&media.title, &media.source).unwrap();
    let mut shift = None;
    for kind in [Kind::Video, Kind::Audio] {
        if kind == Kind::Video && media.title.container() == Container::Mp3 {
            // FFmpeg takes a cover for a film of one picture.
            continue;
        }
        let packets = probe(&media.path, kind);
        let ours: Vec<&Sample> = samples.iter().filter(|s| s.kind == kind && is_media(media, s)).collect();
        assert_eq!(ours.len(), packets.len(), "{kind:?} samples of {}", media.path.display());
        for (index, (sample, packet)) in ours.iter().zip(&packets).enumerate() {
            let (header, cts) = codec_header(&media.source, sample);
            assert_eq!(sample.body.len() - header, packet.size, "size of {kind:?} {index}");
            if let (Body::File { range, .. }, Some(at)) = (&sample.body, packet.at) {
                // In FLV the position is that of the tag.
                assert!(range.start == at || range.start == at + 11, "{kind:?} {index}: {range:?}, not {at}");
            }
            assert_eq!(sample.key, packet.key, "key flag of {kind:?} {index}");
            let shift = *shift.get_or_insert_with(|| f64::from(sample.time_ms) - packet.dts);
            let off = f64::from(sample.time_ms) - packet.dts - shift;
            assert!(off.abs() <= 1.01, "{kind:?} {index} is {off} ms off");
            let off = f64::from(cts) - (packet.pts - packet.dts);
            assert!(
                kind == Kind::Audio || off.abs() <= 1.01,
                "{kind:?} {index}: composition time {off} ms off"
            );
        }
    }
    let first = samples.first().unwrap().time_ms;
    assert!(first < 500, "the first sample is at {first} ms");
    check_runs(&media.title, &media.source);
    selection
}

/// Whether a sample is a frame, not a sequence header, an end of sequence or a command.
fn is_media(media: &Media, sample: &Sample) -> bool {
    let body = common::body_of(&media.source.file.0, &sample.body);
    match (sample.kind, body[0]) {
        (Kind::Video, b) if b & 0x80 != 0 => matches!(b & 15, 1 | 3),
        (Kind::Video, b) => b & 15 != 7 || body[1] == 1,
        (Kind::Audio, b) if b >> 4 == 9 => b & 15 == 1,
        (Kind::Audio, b) => b >> 4 != 10 || body[1] == 1,
        (Kind::Data, _) => false,
    }
}

fn codecs(media: &Media) -> Vec<Codec> {
    media.title.tracks().iter().map(|track| track.codec).collect()
}

#[test]
fn mp4_with_b_frames_moov_behind() {
    let media = make("a.mp4", &both("-c:v libx264 -preset fast -bf 2 -g 50 -c:a aac"));
    let reads = media.source.take_reads();
    assert!(reads.len() <= 2, "{reads:?}");
    check(&media);
    assert_eq!(codecs(&media), [Codec::Avc, Codec::Aac]);
    assert!((10_000..10_200).contains(&media.title.duration_ms()), "{}", media.title.duration_ms());
}

#[test]
fn mp4_moov_in_front() {
    let media = make("a.mp4", &both("-c:v libx264 -bf 2 -g 30 -c:a aac -movflags faststart"));
    assert!(media.source.take_reads().len() <= 2);
    check(&media);
    let selection = media.title.select(&Capabilities::classic()).unwrap();
    let run = block_on(media.title.run(&media.source, media.title.start(), selection)).unwrap();
    assert_eq!(run.headers.len(), 2);
    let header = common::body_of(&media.source.file.0, &run.headers[0].body);
    assert_eq!(header[..6], [0x17, 0, 0, 0, 0, 1]);
    let header = common::body_of(&media.source.file.0, &run.headers[1].body);
    assert_eq!(header[..4], [0xaf, 0, 0x12, 0x08]);
    assert_eq!(runs_from(&media.title, &media.source, media.title.start(), selection).unwrap().len() / 10, 1);
}

#[test]
fn quicktime_m4a_and_3gp() {
    check(&make("a.mov", &both("-c:v libx264 -bf 3 -g 25 -c:a aac")));
    let media = make("a.m4a", &audio("-c:a aac -ar 22050"));
    check(&media);
    assert_eq!(media.title.tracks()[0].sample_rate, 22_050);
    check(&make("a.3gp", &both("-c:v libx264 -bf 0 -g 10 -c:a aac -ac 1")));
    check(&make("a.mp4", &both("-an -c:v libx264 -bf 2")));
    check(&make("a.mp4", &both("-vf fps=30000/1001 -c:v libx264 -g 60 -c:a aac -ar 48000 -brand f4v")));
}

#[test]
fn mp3_in_mp4_and_mov() {
    let media = make("a.mp4", &audio("-c:a libmp3lame"));
    check(&media);
    assert_eq!(codecs(&media), [Codec::Mp3]);
    check(&make("a.mov", &audio("-c:a libmp3lame -ar 22050")));
}

#[test]
fn flv_with_and_without_an_index() {
    let media = make("a.flv", &both("-c:v libx264 -bf 2 -g 30 -c:a aac"));
    check(&media);
    assert_eq!(codecs(&media), [Codec::Avc, Codec::Aac]);
    assert_eq!((media.title.tracks()[0].width, media.title.tracks()[0].height), (320, 180));
    check(&make("a.flv", &both("-c:v libx264 -bf 2 -g 30 -c:a aac -flvflags add_keyframe_index")));
}

#[test]
fn an_flv_index_spares_the_scan() {
    let media = make(
        "a.flv",
        &both(
            "-c:v libx264 -b:v 4M -minrate 4M -maxrate 4M -bufsize 1M -g 25 -c:a aac -flvflags add_keyframe_index",
        ),
    );
    let selection = media.title.select(&Capabilities::classic()).unwrap();
    media.source.take_reads();
    let at = block_on(media.title.locate(&media.source, 8500, selection)).unwrap();
    assert!(at.time_ms() >= 7500);
    let read: u64 = media.source.take_reads().iter().map(|range| range.end - range.start).sum();
    assert!(read <= 3 * 256 * 1024, "{read} bytes read");
}

#[test]
fn flv_of_one_kind() {
    let media = make("a.flv", &both("-an -c:v flv"));
    check(&media);
    assert_eq!(codecs(&media), [Codec::Sorenson]);
    check(&make("a.flv", &audio("-c:a libmp3lame")));
    check(&make("a.flv", &audio("-c:a aac")));
}

#[test]
fn the_older_codecs_of_flv() {
    check(&make("a.flv", &both("-c:v flv -b:v 300k -g 20 -c:a libmp3lame -ar 22050")));
    check(&make("a.flv", &both("-c:v flashsv -r 5 -c:a adpcm_swf -ar 22050")));
    check(&make(
        "a.flv",
        &both("-c:v flashsv2 -vf scale=320:176 -r 5 -pix_fmt bgr24 -c:a nellymoser -ar 22050 -ac 1"),
    ));
    check(&make("a.flv", &audio("-c:a libspeex -ar 16000 -ac 1")));
    check(&make("a.flv", &audio("-c:a pcm_s16le -ar 44100")));
    check(&make("a.flv", &audio("-c:a pcm_mulaw -ar 8000 -ac 1")));
}

#[test]
fn mp3_of_one_bit_rate() {
    let media = make("a.mp3", &audio("-c:a libmp3lame -b:a 128k"));
    check(&media);
    assert!(media.title.duration_ms().abs_diff(10_050) < 60, "{}", media.title.duration_ms());
    check(&make("a.mp3", &audio("-c:a libmp3lame -b:a 96k -ac 2 -write_xing 0 -id3v2_version 0")));
    check(&make("a.mp3", &audio("-c:a libmp3lame -b:a 32k -ar 22050 -write_xing 0")));
    check(&make("a.mp3", &audio("-c:a libmp3lame -b:a 16k -ar 8000 -ac 1 -write_id3v1 1 -metadata title=x")));
    check(&make("a.mp3", &audio("-c:a libmp3lame -b:a 320k -ar 48000 -write_xing 0")));
}

#[test]
fn mp3_of_varying_bit_rate() {
    let noise = "-f lavfi -i sine=frequency=300:beep_factor=9:duration=10";
    let media = make("a.mp3", &format!("{noise} -c:a libmp3lame -q:a 4"));
    check(&media);
    check(&make("a.mp3", &format!("{noise} -c:a libmp3lame -q:a 2 -write_xing 0 -write_id3v1 1")));
}

#[test]
fn mp3_with_a_cover() {
    let folder = tempfile::tempdir().unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i nullsrc=s=700x700,geq=random(1)*255:128:128 -frames:v 1",
        &folder.path().join("c.png"),
    );
    let path = folder.path().join("a.mp3");
    let cover = folder.path().join("c.png");
    let arguments = format!(
        "-f lavfi -i {TONE} -i {} -map 0:a -map 1:v -c:v copy -c:a libmp3lame -id3v2_version 3 -disposition:v attached_pic",
        cover.display()
    );
    ffmpeg(folder.path(), &arguments, &path);
    let media = opened(folder, path);
    assert!(media.title.tracks()[0].offset > 256 * 1024);
    check(&media);
}

#[test]
fn fragments_with_and_without_indexes() {
    let encode = "-c:v libx264 -bf 2 -g 25 -c:a aac -movflags";
    for flags in [
        "frag_keyframe+empty_moov",
        "frag_keyframe+empty_moov+default_base_moof",
        "frag_keyframe+empty_moov+default_base_moof+delay_moov",
        "frag_keyframe+empty_moov+omit_tfhd_offset+separate_moof",
        "frag_keyframe+empty_moov+default_base_moof+global_sidx",
        "dash+frag_keyframe+skip_sidx",
        "frag_keyframe",
    ] {
        println!("{flags}");
        let media = make("a.mp4", &both(&format!("{encode} {flags}")));
        check(&media);
        assert!(media.title.duration_ms().abs_diff(10_050) < 150, "{flags}: {}", media.title.duration_ms());
    }
}

#[test]
fn fragments_by_time_and_of_one_kind() {
    check(&make("a.mp4", &both("-c:v libx264 -g 100 -c:a aac -movflags empty_moov -frag_duration 300000")));
    check(&make("a.m4a", &audio("-c:a aac -movflags empty_moov+default_base_moof -frag_duration 1000000")));
    check(&make("a.mp4", &both("-an -c:v libx264 -bf 2 -g 20 -movflags frag_keyframe+empty_moov")));
}

#[test]
fn a_fragmented_recording_that_was_cut_off() {
    let media = make(
        "a.mp4",
        &both("-c:v libx264 -g 25 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof"),
    );
    let whole = std::fs::read(&media.path).unwrap();
    for part in [3, 5, 9] {
        let cut = whole[..whole.len() * part / 10].to_vec();
        let (title, source) = common::open_bytes(cut).unwrap();
        let (_, samples) = samples_of(&title, &source).unwrap();
        let last = u64::from(samples.last().unwrap().time_ms);
        assert!(last.abs_diff(part as u64 * 1000) < 2000, "{last}");
        check_runs(&title, &source);
    }
}

#[test]
fn codecs_of_enhanced_rtmp() {
    for (codec, encode) in [
        (
            Codec::Hevc,
            video("-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=2:keyint=25"),
        ),
        (Codec::Hevc, video("-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1")),
        (Codec::Vp9, video("-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25")),
        (Codec::Av1, video("-t 2 -c:v libsvtav1 -preset 12 -g 25")),
        (Codec::Opus, audio("-c:a libopus -ar 48000 -strict -2")),
        (Codec::Ac3, audio("-c:a ac3")),
        (Codec::Eac3, audio("-c:a eac3")),
        (Codec::Flac, audio("-c:a flac -strict -2")),
    ] {
        println!("{codec:?}");
        let media = make("a.mp4", &encode);
        check(&media);
        assert_eq!(codecs(&media), [codec]);
        let error = media.title.select(&Capabilities::classic()).unwrap_err();
        assert!(matches!(&error, Error::NoSupportedTrack { refused } if refused[0].track == 1), "{error}");
        let code = codec.enhanced().unwrap();
        let selection = media.title.select(&Capabilities::classic().with(code)).unwrap();
        let run = block_on(media.title.run(&media.source, media.title.start(), selection)).unwrap();
        let body = common::body_of(&media.source.file.0, &run.samples[0].body);
        assert_eq!(body[1..5], code.0);
        for header in &run.headers {
            assert_eq!(
                common::body_of(&media.source.file.0, &header.body)[..5],
                [&[0x90][..], &code.0].concat()
            );
        }
    }
}

#[test]
fn what_ffmpeg_reads_back_of_the_flv_we_write() {
    let media = make("a.mp4", &both("-c:v libx264 -bf 2 -g 30 -c:a aac"));
    let (selection, samples) = samples_of(&media.title, &media.source).unwrap();
    let run = block_on(media.title.run(&media.source, media.title.start(), selection)).unwrap();
    let mut written = flv::header(true, true).to_vec();
    let mut metadata = Vec::new();
    amf0::encode(&"onMetaData".into(), &mut metadata);
    amf0::encode(&media.title.metadata(&selection), &mut metadata);
    written.extend_from_slice(&flv::tag(Kind::Data, 0, &metadata).unwrap());
    for sample in run.headers.iter().chain(&samples) {
        let body = common::body_of(&media.source.file.0, &sample.body);
        written.extend_from_slice(&flv::tag(sample.kind, sample.time_ms, &body).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.flv");
    std::fs::write(&path, written).unwrap();
    let again = opened(folder, path);
    check(&again);
    for kind in [Kind::Video, Kind::Audio] {
        let ours = probe(&again.path, kind);
        let theirs = probe(&media.path, kind);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!((ours.size, ours.key), (theirs.size, theirs.key));
        }
    }
}

#[test]
fn fragments_are_found_without_walking() {
    for flags in [
        "frag_keyframe+empty_moov+default_base_moof+global_sidx",
        "frag_keyframe+empty_moov+default_base_moof",
    ] {
        let media = make(
            "a.mp4",
            &both(&format!("-c:v libx264 -b:v 6M -minrate 6M -g 10 -c:a aac -movflags {flags}")),
        );
        let opening = media.source.take_reads();
        assert!(opening.len() <= 6, "{flags}: {opening:?}");
        let selection = media.title.select(&Capabilities::classic()).unwrap();
        let at = block_on(media.title.locate(&media.source, 8100, selection)).unwrap();
        assert!((8000..=8100).contains(&at.time_ms()), "{flags}: {}", at.time_ms());
        let reads = media.source.take_reads();
        assert!(reads.len() <= 5, "{flags}: {reads:?}");
    }
}

#[test]
fn parameter_sets_in_band_and_in_fragments() {
    let encode = "-an -c:v libx264 -g 25 -bsf:v dump_extra -tag:v avc3";
    let media =
        make("a.mp4", &both(&format!("{encode} -movflags frag_keyframe+empty_moov+default_base_moof")));
    assert_eq!(media.title.tracks()[0].codec, Codec::Avc);
    assert!((media.title.tracks()[0].frame_rate - 25.0).abs() < 0.1);
    check(&media);
}
