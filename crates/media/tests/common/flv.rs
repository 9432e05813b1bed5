//! Writes FLV files tag by tag.

use millrace_amf::{Object, Value, amf0};
use millrace_media::Kind;
use millrace_media::mux::flv;

pub const AVC_HEADER: [u8; 24] =
    [0x17, 0, 0, 0, 0, 1, 66, 0, 30, 0xff, 0xe1, 0, 4, 0x67, 66, 0, 30, 1, 0, 4, 0x68, 0xce, 0x38, 0x80];
pub const AAC_HEADER: [u8; 4] = [0xaf, 0, 0x12, 0x10];

/// A file that grows.
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn new() -> Self {
        Self(flv::header(true, true).to_vec())
    }

    pub fn tag(&mut self, kind: Kind, ms: i32, body: &[u8]) -> &mut Self {
        self.0.extend_from_slice(&flv::tag(kind, ms as u32, body).unwrap());
        self
    }

    pub fn headers(&mut self, ms: i32) -> &mut Self {
        self.tag(Kind::Video, ms, &AVC_HEADER).tag(Kind::Audio, ms, &AAC_HEADER)
    }

    pub fn metadata(&mut self, members: Object) -> &mut Self {
        let body = amf0::encode_all(&["onMetaData".into(), Value::EcmaArray(members)]);
        self.tag(Kind::Data, 0, &body)
    }

    pub fn picture(&mut self, ms: i32, key: bool, fill: u8) -> &mut Self {
        let first = if key { 0x17 } else { 0x27 };
        self.tag(Kind::Video, ms, &[&[first, 1, 0, 0, 0], &[fill; 40][..]].concat())
    }

    pub fn sound(&mut self, ms: i32, fill: u8) -> &mut Self {
        self.tag(Kind::Audio, ms, &[&[0xaf, 1], &[fill; 20][..]].concat())
    }

    /// Pictures each 40 ms with a key frame each 12, sound each 20 ms.
    pub fn media(&mut self, from: i32, count: i32) -> &mut Self {
        for index in 0..count {
            let ms = from + index * 40;
            self.sound(ms, index as u8).picture(ms, index % 12 == 0, index as u8).sound(ms + 20, index as u8);
        }
        self
    }
}
