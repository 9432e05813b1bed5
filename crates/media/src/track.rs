//! What a title consists of, and what a client can take.

use crate::Kind;

/// A four-character code: a box type, a sample entry, or a codec of Enhanced RTMP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// The code as the number that Enhanced RTMP puts into `onMetaData`.
    #[must_use]
    pub const fn number(self) -> u32 {
        u32::from_be_bytes(self.0)
    }
}

impl std::fmt::Display for FourCc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "'{}'", self.0.escape_ascii())
    }
}

impl std::fmt::Debug for FourCc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// A codec, or what stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// H.264.
    Avc,
    /// H.265.
    Hevc,
    /// AV1.
    Av1,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// Sorenson Spark, FLV's own dialect of H.263.
    Sorenson,
    /// Screen video.
    Screen,
    /// Screen video, second version.
    Screen2,
    /// On2 VP6.
    Vp6,
    /// On2 VP6 with an alpha channel.
    Vp6Alpha,
    /// AAC of any profile.
    Aac,
    /// MPEG audio layer III.
    Mp3,
    /// Opus.
    Opus,
    /// AC-3.
    Ac3,
    /// Enhanced AC-3.
    Eac3,
    /// FLAC.
    Flac,
    /// An audio format of FLV that is neither MP3 nor AAC, by its number: PCM, ADPCM, Nellymoser, G.711, Speex.
    FlvAudio(u8),
    /// A sample entry that says the track is encrypted.
    Encrypted(FourCc),
    /// Something else, by its sample entry or FourCC.
    Other(FourCc),
    /// A video codec or audio format that the FLV specification does not know, by its number.
    Unknown(u8),
}

impl Codec {
    /// The FourCC that a client must have listed before this may be sent; none for what every client plays.
    #[must_use]
    pub fn enhanced(self) -> Option<FourCc> {
        let code = match self {
            Self::Hevc => b"hvc1",
            Self::Av1 => b"av01",
            Self::Vp8 => b"vp08",
            Self::Vp9 => b"vp09",
            Self::Opus => b"Opus",
            Self::Ac3 => b"ac-3",
            Self::Eac3 => b"ec-3",
            Self::Flac => b"fLaC",
            _ => return None,
        };
        Some(FourCc(*code))
    }

    /// The codec id that `onMetaData` and FLV headers give: the classic number, or the FourCC's.
    #[must_use]
    pub fn metadata_id(self) -> Option<u32> {
        Some(match self {
            Self::Sorenson => 2,
            Self::Screen => 3,
            Self::Vp6 => 4,
            Self::Vp6Alpha => 5,
            Self::Screen2 => 6,
            Self::Avc => 7,
            Self::Mp3 => 2,
            Self::Aac => 10,
            Self::FlvAudio(format) => u32::from(format),
            other => other.enhanced()?.number(),
        })
    }

    /// The name for `trackinfo` and for messages.
    #[must_use]
    pub fn name(self) -> String {
        let name = match self {
            Self::Avc => "avc1",
            Self::Sorenson => "Sorenson H.263",
            Self::Screen => "screen video",
            Self::Screen2 => "screen video 2",
            Self::Vp6 => "VP6",
            Self::Vp6Alpha => "VP6 with alpha",
            Self::Aac => "mp4a",
            Self::Mp3 => ".mp3",
            Self::FlvAudio(format) => return format!("FLV audio format {format}"),
            Self::Encrypted(code) | Self::Other(code) => return code.0.escape_ascii().to_string(),
            Self::Unknown(number) => return format!("codec number {number}"),
            other => return other.enhanced().map_or_else(String::new, |c| c.0.escape_ascii().to_string()),
        };
        name.to_owned()
    }

    /// Why this can't be sent to a client with these capabilities; none if it can.
    pub(crate) fn refusal(self, caps: &Capabilities) -> Option<&'static str> {
        match self {
            Self::Encrypted(_) => Some("which is encrypted"),
            Self::Other(_) | Self::Unknown(_) => Some("which RTMP can't carry"),
            other => match other.enhanced() {
                Some(code) if !caps.accepts(code) => Some("which the client did not list as playable"),
                _ => None,
            },
        }
    }
}

/// One track of a title.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Track {
    /// The id the file gives it (`tkhd`); in FLV 1 for video and 2 for audio, in MP3 1.
    pub id: u32,
    /// Audio or video.
    pub kind: Kind,
    /// The codec of its first sample description.
    pub codec: Codec,
    /// Whether the file says that it plays by default (`tkhd` flag 1); others are passed over while one is.
    pub enabled: bool,
    /// Where the codec is named: the offset in bytes of the sample entry, or of the first tag or frame.
    pub offset: u64,
    /// Width in pixels; 0 for audio and when unknown.
    pub width: u32,
    /// Height in pixels; 0 for audio and when unknown.
    pub height: u32,
    /// Audio samples per second; 0 for video.
    pub sample_rate: u32,
    /// Audio channels; 0 for video.
    pub channels: u32,
    /// Pictures per second on average; 0 for audio and when unknown.
    pub frame_rate: f64,
    /// Bytes of all samples; 0 when unknown.
    pub bytes: u64,
    /// Ticks per second of the track's own clock; 1000 in FLV.
    pub timescale: u32,
    /// The length in ticks of `timescale`; 0 when unknown.
    pub ticks: u64,
    /// The ISO 639-2 code of three letters, "und" when the file does not say.
    pub language: [u8; 3],
    /// H.264 profile and level as in the configuration record; 0 for others.
    pub avc: (u8, u8),
    /// AAC's audio object type; 0 for others.
    pub aac_object: u8,
    /// The FourCC with which an FLV file wraps it in the extended form; a client must have listed it.
    pub extended: Option<FourCc>,
}

impl Track {
    /// A track of which only the essentials are known.
    pub(crate) fn new(id: u32, kind: Kind, codec: Codec, offset: u64) -> Self {
        Self {
            id,
            kind,
            codec,
            enabled: true,
            offset,
            width: 0,
            height: 0,
            sample_rate: 0,
            channels: 0,
            frame_rate: 0.0,
            bytes: 0,
            timescale: 1000,
            ticks: 0,
            language: *b"und",
            avc: (0, 0),
            aac_object: 0,
            extended: None,
        }
    }
}

/// Which codecs of Enhanced RTMP a client said it can play (`fourCcList` and the FourCC maps of its `connect`).
///
/// H.264, AAC, MP3 and the other codecs of classic FLV are always sent, and always in the classic form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    all: bool,
    listed: Vec<FourCc>,
}

impl Capabilities {
    /// A client that listed nothing.
    #[must_use]
    pub fn classic() -> Self {
        Self::default()
    }

    /// A client that listed `*`.
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, listed: Vec::new() }
    }

    /// Adds one code.
    #[must_use]
    pub fn with(mut self, code: FourCc) -> Self {
        self.listed.push(code);
        self
    }

    /// Whether the client plays this codec.
    #[must_use]
    pub fn accepts(&self, code: FourCc) -> bool {
        self.all || self.listed.contains(&code)
    }
}

impl FromIterator<FourCc> for Capabilities {
    fn from_iter<I: IntoIterator<Item = FourCc>>(codes: I) -> Self {
        Self { all: false, listed: codes.into_iter().collect() }
    }
}

/// Which tracks are sent: places in [`crate::Title::tracks`]. Made by [`crate::Title::select`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Selection {
    pub(crate) video: Option<u8>,
    pub(crate) audio: Option<u8>,
}

impl Selection {
    /// The place of the video track in [`crate::Title::tracks`], if one is sent.
    #[must_use]
    pub fn video(self) -> Option<usize> {
        self.video.map(usize::from)
    }

    /// The place of the audio track in [`crate::Title::tracks`], if one is sent.
    #[must_use]
    pub fn audio(self) -> Option<usize> {
        self.audio.map(usize::from)
    }

    /// Whether samples of this kind are sent. Data goes along with whatever is sent.
    pub(crate) fn takes(self, kind: Kind) -> bool {
        match kind {
            Kind::Video => self.video.is_some(),
            Kind::Audio => self.audio.is_some(),
            Kind::Data => true,
        }
    }
}
