//! Writes MP4 files of any shape, also of those that no muxer makes.

use millrace_media::Kind;

/// A box.
pub fn bx(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body: Vec<u8> = parts.concat();
    let mut whole = (body.len() as u32 + 8).to_be_bytes().to_vec();
    whole.extend_from_slice(kind);
    whole.extend_from_slice(&body);
    whole
}

/// A full box.
pub fn full(kind: &[u8; 4], version: u8, flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    let head = (u32::from(version) << 24 | flags).to_be_bytes();
    bx(kind, &[&[&head[..]], parts].concat())
}

/// Numbers of 32 bits.
pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// A full box with a count and entries.
pub fn counted(kind: &[u8; 4], version: u8, count: usize, entries: &[u32]) -> Vec<u8> {
    full(kind, version, 0, &[&words(&[count as u32]), &words(entries)])
}

#[derive(Debug, Clone, PartialEq)]
pub struct SampleSpec {
    pub bytes: Vec<u8>,
    pub delta: u32,
    pub cts: i32,
    pub key: bool,
    /// Sample description, counted from 0.
    pub entry: u32,
}

#[derive(Debug, Clone)]
pub struct TrackSpec {
    pub id: u32,
    pub kind: Kind,
    pub scale: u32,
    pub samples: Vec<SampleSpec>,
    /// Samples in a chunk, repeated.
    pub chunks: Vec<usize>,
    pub wide: bool,
    /// 32: `stsz`; else `stz2`.
    pub size_bits: u8,
    /// Duration in movie ticks (1000 a second), media time.
    pub edits: Vec<(u32, i32)>,
    pub entries: Vec<Vec<u8>>,
    pub flags: u32,
}

impl TrackSpec {
    pub fn new(id: u32, kind: Kind, scale: u32, samples: Vec<SampleSpec>) -> Self {
        let entry = if kind == Kind::Video { avc1(b"avc1", &AVCC) } else { mp4a(&[0x12, 0x10]) };
        Self {
            id,
            kind,
            scale,
            samples,
            chunks: vec![3],
            wide: false,
            size_bits: 32,
            edits: Vec::new(),
            entries: vec![entry],
            flags: 3,
        }
    }

    /// Samples of each chunk. A chunk also ends where the description changes.
    fn layout(&self) -> Vec<(usize, usize)> {
        let (mut chunks, mut at, mut turn) = (Vec::new(), 0, 0);
        while at < self.samples.len() {
            let wanted = self.chunks[turn % self.chunks.len()].max(1);
            let entry = self.samples[at].entry;
            let count = self.samples[at..].iter().take(wanted).take_while(|s| s.entry == entry).count();
            chunks.push((at, count));
            (at, turn) = (at + count, turn + 1);
        }
        chunks
    }

    fn trak(&self, places: &[u64]) -> Vec<u8> {
        let total: u32 = self.samples.iter().map(|s| s.delta).sum();
        let tkhd = full(b"tkhd", 0, self.flags, &[&words(&[0, 0, self.id, 0, total]), &[0; 60]]);
        let mdhd = full(b"mdhd", 0, 0, &[&words(&[0, 0, self.scale, total]), &[0x55, 0xc4, 0, 0]]);
        let handler = if self.kind == Kind::Video { b"vide" } else { b"soun" };
        let hdlr = full(b"hdlr", 0, 0, &[&[0; 4], handler, &[0; 12], b"h\0"]);
        let header = if self.kind == Kind::Video {
            full(b"vmhd", 0, 1, &[&[0; 8]])
        } else {
            full(b"smhd", 0, 0, &[&[0; 4]])
        };
        let url = full(b"url ", 0, 1, &[]);
        let dinf = bx(b"dinf", &[&full(b"dref", 0, 0, &[&words(&[1]), &url])]);
        let minf = bx(b"minf", &[&header, &dinf, &self.stbl(places)]);
        let mdia = bx(b"mdia", &[&mdhd, &hdlr, &minf]);
        if self.edits.is_empty() {
            return bx(b"trak", &[&tkhd, &mdia]);
        }
        let edits: Vec<u32> = self.edits.iter().flat_map(|(d, t)| [*d, *t as u32, 0x1_0000]).collect();
        let elst = counted(b"elst", 0, self.edits.len(), &edits);
        bx(b"trak", &[&tkhd, &bx(b"edts", &[&elst]), &mdia])
    }

    fn stbl(&self, places: &[u64]) -> Vec<u8> {
        let entries = self.entries.concat();
        let stsd = full(b"stsd", 0, 0, &[&words(&[self.entries.len() as u32]), &entries]);
        let stts = pairs(self.samples.iter().map(|s| s.delta));
        let stts = counted(b"stts", 0, stts.len() / 2, &stts);
        let ctts = pairs(self.samples.iter().map(|s| s.cts as u32));
        let signed = u8::from(self.samples.iter().any(|s| s.cts < 0));
        let ctts = counted(b"ctts", signed, ctts.len() / 2, &ctts);
        let mut stsc = Vec::new();
        for (index, (at, count)) in self.layout().into_iter().enumerate() {
            let row = [count as u32, self.samples[at].entry + 1];
            if stsc.len() < 3 || stsc[stsc.len() - 2..] != row {
                stsc.extend_from_slice(&[index as u32 + 1, row[0], row[1]]);
            }
        }
        let stsc = counted(b"stsc", 0, stsc.len() / 3, &stsc);
        let mut all = [stsd, stts, stsc, self.sizes(), self.places(places)].concat();
        if self.samples.iter().any(|s| s.cts != 0) {
            all.extend(ctts);
        }
        if self.samples.iter().any(|s| !s.key) {
            let keys: Vec<u32> = (1..).zip(&self.samples).filter(|(_, s)| s.key).map(|(n, _)| n).collect();
            all.extend(counted(b"stss", 0, keys.len(), &keys));
        }
        bx(b"stbl", &[&all])
    }

    fn sizes(&self) -> Vec<u8> {
        let sizes: Vec<u32> = self.samples.iter().map(|s| s.bytes.len() as u32).collect();
        let count = sizes.len() as u32;
        if self.size_bits != 32 {
            let mut packed = Vec::new();
            match self.size_bits {
                4 => packed.extend(sizes.chunks(2).map(|p| (p[0] << 4 | p.get(1).unwrap_or(&0)) as u8)),
                8 => packed.extend(sizes.iter().map(|s| *s as u8)),
                _ => packed.extend(sizes.iter().flat_map(|s| (*s as u16).to_be_bytes())),
            }
            return full(b"stz2", 0, 0, &[&words(&[u32::from(self.size_bits), count]), &packed]);
        }
        match sizes.first() {
            Some(first) if *first > 0 && sizes.iter().all(|s| s == first) => {
                full(b"stsz", 0, 0, &[&words(&[*first, count])])
            }
            _ => full(b"stsz", 0, 0, &[&words(&[0, count]), &words(&sizes)]),
        }
    }

    fn places(&self, places: &[u64]) -> Vec<u8> {
        if self.wide {
            let all: Vec<u8> = places.iter().flat_map(|p| p.to_be_bytes()).collect();
            return full(b"co64", 0, 0, &[&words(&[places.len() as u32]), &all]);
        }
        counted(b"stco", 0, places.len(), &places.iter().map(|p| *p as u32).collect::<Vec<_>>())
    }
}

/// Run lengths.
fn pairs(values: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut pairs: Vec<u32> = Vec::new();
    for value in values {
        match pairs.len() {
            n if n > 1 && pairs[n - 1] == value => pairs[n - 2] += 1,
            _ => pairs.extend_from_slice(&[1, value]),
        }
    }
    pairs
}

/// How the boxes of a file are put together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    MoovInFront,
    MoovBehind,
    /// `moov` behind an `mdat` with a size of 64 bits.
    WideMdat,
    /// `mdat` last, with a size of 0: to the end of the file.
    OpenMdat,
}

/// A whole file.
pub fn file(tracks: &[TrackSpec], shape: Shape) -> Vec<u8> {
    let ftyp = bx(b"ftyp", &[b"isom\0\0\x02\0isomiso2avc1mp41"]);
    let (data, places) = data(tracks);
    let moov = |base: u64| {
        let mvhd =
            full(b"mvhd", 0, 0, &[&words(&[0, 0, 1000, 0, 0x1_0000]), &[1, 0], &[0; 70], &words(&[9])]);
        let traks: Vec<u8> = tracks
            .iter()
            .zip(&places)
            .flat_map(|(track, places)| track.trak(&places.iter().map(|p| p + base).collect::<Vec<_>>()))
            .collect();
        bx(b"moov", &[&mvhd, &traks])
    };
    let start = ftyp.len() as u64;
    match shape {
        Shape::MoovInFront => {
            let base = start + moov(0).len() as u64 + 8;
            [ftyp, moov(base), bx(b"mdat", &[&data])].concat()
        }
        Shape::OpenMdat => {
            let base = start + moov(0).len() as u64 + 8;
            [ftyp, moov(base), b"\0\0\0\0mdat".to_vec(), data].concat()
        }
        Shape::MoovBehind => [ftyp, bx(b"mdat", &[&data]), moov(start + 8)].concat(),
        Shape::WideMdat => {
            let size = (data.len() as u64 + 16).to_be_bytes();
            [ftyp, b"\0\0\0\x01mdat".to_vec(), size.to_vec(), data, moov(start + 16)].concat()
        }
    }
}

/// The chunks of all tracks in turn, and where each stands from the start of the data.
fn data(tracks: &[TrackSpec]) -> (Vec<u8>, Vec<Vec<u64>>) {
    let layouts: Vec<_> = tracks.iter().map(TrackSpec::layout).collect();
    let (mut data, mut places) = (Vec::new(), vec![Vec::new(); tracks.len()]);
    for turn in 0..layouts.iter().map(Vec::len).max().unwrap_or(0) {
        for (index, layout) in layouts.iter().enumerate() {
            let Some((at, count)) = layout.get(turn).copied() else { continue };
            places[index].push(data.len() as u64);
            data.extend(tracks[index].samples[at..at + count].iter().flat_map(|s| s.bytes.iter().copied()));
        }
    }
    (data, places)
}

/// A record of a baseline stream with one (made up) SPS and PPS.
pub const AVCC: [u8; 19] = [1, 66, 0, 30, 0xff, 0xe1, 0, 4, 0x67, 66, 0, 30, 1, 0, 4, 0x68, 0xce, 0x38, 0x80];

/// A visual sample entry.
pub fn visual(kind: &[u8; 4], boxes: &[u8]) -> Vec<u8> {
    let size = [320u16.to_be_bytes(), 180u16.to_be_bytes()].concat();
    let resolution = words(&[0x48_0000, 0x48_0000, 0]);
    bx(
        kind,
        &[
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[0; 16],
            &size,
            &resolution,
            &[0, 1],
            &[0; 32],
            &[0, 24, 0xff, 0xff],
            boxes,
        ],
    )
}

pub fn avc1(kind: &[u8; 4], record: &[u8]) -> Vec<u8> {
    visual(kind, &bx(b"avcC", &[record]))
}

/// A sound sample entry of version 0: stereo, 16 bit, 44.1 kHz.
pub fn sound(kind: &[u8; 4], boxes: &[u8]) -> Vec<u8> {
    let fixed = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 0, 0xac, 0x44, 0, 0];
    bx(kind, &[&fixed, boxes])
}

/// `esds` for an object type and its configuration.
pub fn esds(object: u8, config: &[u8]) -> Vec<u8> {
    let specific = [&[5, config.len() as u8], config].concat();
    let decoder = [&[object, 0x15], &[0; 11][..], &specific].concat();
    let decoder = [&[4, decoder.len() as u8], &decoder[..]].concat();
    let stream = [&[0, 1, 0], &decoder[..], &[6, 1, 2]].concat();
    full(b"esds", 0, 0, &[&[3, stream.len() as u8], &stream])
}

pub fn mp4a(config: &[u8]) -> Vec<u8> {
    sound(b"mp4a", &esds(0x40, config))
}

/// `count` samples of `delta` ticks, a key frame each `group`.
pub fn steady(count: usize, delta: u32, group: usize) -> Vec<SampleSpec> {
    let bytes = |index: usize| vec![index as u8; index % 13 + 1];
    (0..count)
        .map(|index| SampleSpec { bytes: bytes(index), delta, cts: 0, key: index % group == 0, entry: 0 })
        .collect()
}
