//! Films, small and of every shape that a test wants.

use bytes::Bytes;
use millrace_amf::{Object, Value, amf0};
use millrace_media::Kind;
use millrace_media::mux::flv;

const AVC_HEADER: [u8; 24] =
    [0x17, 0, 0, 0, 0, 1, 66, 0, 30, 0xff, 0xe1, 0, 4, 0x67, 66, 0, 30, 1, 0, 4, 0x68, 0xce, 0x38, 0x80];
const AAC_HEADER: [u8; 4] = [0xaf, 0, 0x12, 0x10];

/// Encoder output, as it ships: 20 s or so of each.
pub(crate) fn sample_mp4() -> Bytes {
    Bytes::from_static(include_bytes!("../../../../../assets/sample.mp4"))
}

pub(crate) fn sample_flv() -> Bytes {
    Bytes::from_static(include_bytes!("../../../../../assets/sample.flv"))
}

pub(crate) fn sample_mp3() -> Bytes {
    Bytes::from_static(include_bytes!("../../../../../assets/sample.mp3"))
}

/// An FLV file that grows tag by tag.
pub(crate) struct Flv(Vec<u8>);

impl Flv {
    pub(crate) fn new() -> Self {
        Self(flv::header(true, true).to_vec())
    }

    pub(crate) fn tag(&mut self, kind: Kind, ms: u32, body: &[u8]) -> &mut Self {
        self.0.extend_from_slice(&flv::tag(kind, ms, body).expect("a tag of a usual size"));
        self
    }

    pub(crate) fn headers(&mut self, ms: u32) -> &mut Self {
        self.tag(Kind::Video, ms, &AVC_HEADER).tag(Kind::Audio, ms, &AAC_HEADER)
    }

    /// A script message that is none of the usual.
    pub(crate) fn cue(&mut self, ms: u32, name: &str) -> &mut Self {
        let body = amf0::encode_all(&[name.into(), Value::EcmaArray(Object::new().with("at", ms))]);
        self.tag(Kind::Data, ms, &body)
    }

    pub(crate) fn picture(&mut self, ms: u32, key: bool, fill: u8, size: usize) -> &mut Self {
        let first = if key { 0x17 } else { 0x27 };
        self.tag(Kind::Video, ms, &[&[first, 1, 0, 0, 0], &vec![fill; size][..]].concat())
    }

    pub(crate) fn sound(&mut self, ms: u32, fill: u8) -> &mut Self {
        self.tag(Kind::Audio, ms, &[&[0xaf, 1], &[fill; 60][..]].concat())
    }

    pub(crate) fn done(&mut self) -> Bytes {
        std::mem::take(&mut self.0).into()
    }
}

/// What a made-up film looks like.
#[derive(Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) seconds: u32,
    /// Pictures from one key frame to the next; there are ten in a second.
    pub(crate) group: u32,
    pub(crate) picture: usize,
    /// Told apart by it.
    pub(crate) fill: u8,
}

/// Ten pictures and twenty sounds a second, a key frame each second, six seconds.
pub(crate) fn short_flv() -> Bytes {
    short_flv_of(Spec { seconds: 6, group: 10, picture: 400, fill: 0 })
}

pub(crate) fn short_flv_of(spec: Spec) -> Bytes {
    let mut film = Flv::new();
    film.headers(0);
    for index in 0..spec.seconds * 10 {
        let (ms, fill) = (index * 100, spec.fill.wrapping_add(index as u8));
        film.picture(ms, index % spec.group == 0, fill, spec.picture + index as usize % 7);
        film.sound(ms, fill).sound(ms + 50, fill);
    }
    film.done()
}

/// Times as in a recording of many hours: from 0, then on from `jump_ms`.
pub(crate) fn long_flv(jump_ms: u32) -> Bytes {
    let mut film = Flv::new();
    film.headers(0);
    for (index, from) in [0, jump_ms].into_iter().enumerate() {
        for step in 0..40 {
            let ms = from + step * 100;
            film.picture(ms, step % 10 == 0, index as u8, 300).sound(ms + 20, step as u8);
        }
    }
    film.done()
}

/// Frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz: 417 bytes and 26 ms each.
pub(crate) fn mp3(frames: usize) -> Bytes {
    let frame = |index: usize| {
        let mut frame = vec![index as u8; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x64]);
        frame
    };
    (0..frames).flat_map(frame).collect::<Vec<_>>().into()
}

/// One track, video, with a sample description of this kind: `avc1` can be sent, others perhaps.
pub(crate) fn mp4(kind: &[u8; 4], configuration: &[u8; 4], record: &[u8]) -> Bytes {
    let sizes: Vec<u32> = (0..30).map(|index| 20 + index % 5).collect();
    let data: Vec<u8> = sizes.iter().flat_map(|size| vec![*size as u8; *size as usize]).collect();
    let ftyp = bx(b"ftyp", &[b"isom\0\0\x02\0isomiso2avc1mp41"]);
    let moov = |place: u32| {
        let entry = visual(kind, &bx(configuration, &[record]));
        let stsd = full(b"stsd", 0, &[&words(&[1]), &entry]);
        let stts = full(b"stts", 0, &[&words(&[1, 30, 100])]);
        let stsc = full(b"stsc", 0, &[&words(&[1, 1, 30, 1])]);
        let stsz = full(b"stsz", 0, &[&words(&[0, 30]), &words(&sizes)]);
        let stss = full(b"stss", 0, &[&words(&[3, 1, 11, 21])]);
        let stco = full(b"stco", 0, &[&words(&[1, place])]);
        let stbl = bx(b"stbl", &[&stsd, &stts, &stsc, &stsz, &stss, &stco]);
        let dinf = bx(b"dinf", &[&full(b"dref", 0, &[&words(&[1]), &full(b"url ", 1, &[])])]);
        let minf = bx(b"minf", &[&full(b"vmhd", 1, &[&[0; 8]]), &dinf, &stbl]);
        let mdhd = full(b"mdhd", 0, &[&words(&[0, 0, 1000, 3000]), &[0x55, 0xc4, 0, 0]]);
        let hdlr = full(b"hdlr", 0, &[&[0; 4], b"vide", &[0; 12], b"h\0"]);
        let tkhd = full(b"tkhd", 3, &[&words(&[0, 0, 1, 0, 3000]), &[0; 60]]);
        let trak = bx(b"trak", &[&tkhd, &bx(b"mdia", &[&mdhd, &hdlr, &minf])]);
        let mvhd =
            full(b"mvhd", 0, &[&words(&[0, 0, 1000, 3000, 0x1_0000]), &[1, 0], &[0; 70], &words(&[2])]);
        bx(b"moov", &[&mvhd, &trak])
    };
    let place = ftyp.len() + moov(0).len() + 8;
    [ftyp, moov(place as u32), bx(b"mdat", &[&data])].concat().into()
}

fn bx(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32 + 8).to_be_bytes(), &kind[..], &body].concat()
}

fn full(kind: &[u8; 4], flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    bx(kind, &[&flags.to_be_bytes()[..], &parts.concat()])
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn visual(kind: &[u8; 4], configuration: &[u8]) -> Vec<u8> {
    let size = [1, 64, 0, 180];
    let resolution = words(&[0x48_0000, 0x48_0000, 0]);
    let tail = [0, 24, 0xff, 0xff];
    bx(
        kind,
        &[&[0, 0, 0, 0, 0, 0, 0, 1], &[0; 16], &size, &resolution, &[0, 1], &[0; 32], &tail, configuration],
    )
}
