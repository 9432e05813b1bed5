//! Sample entries: which codec a track has and how its decoder is configured (ISO/IEC 14496-12, 8.5.2; -14, 5.6;
//! -15, 5.4; the ISOBMFF bindings of VP8/VP9, AV1, Opus and FLAC; ETSI TS 102 366 annex F).

use bytes::{BufMut, Bytes, BytesMut};

use super::boxes::View;
use super::descriptor;
use crate::codec::wire::{Form, mp3_byte};
use crate::codec::{aac, avc};
use crate::input::Fields;
use crate::track::{Codec, FourCc, Track};
use crate::{Error, Kind};

/// One sample description.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) codec: Codec,
    /// How samples are wrapped; none if they can't be.
    pub(crate) form: Option<Form>,
    /// The codec's configuration, as it stands in the sequence header.
    pub(crate) config: Bytes,
    /// Where the entry stands in the file.
    pub(crate) offset: u64,
    /// For `avc3`, whose parameter sets are in the samples: the size of NAL unit lengths.
    pub(crate) in_band: Option<usize>,
}

impl Entry {
    fn new(codec: Codec, offset: u64) -> Self {
        Self { codec, form: None, config: Bytes::new(), offset, in_band: None }
    }

    /// The sequence header as an RTMP body; none for codecs without.
    pub(crate) fn header(&self) -> Option<Bytes> {
        match self.form? {
            // Nothing to configure: neither codec has a record in Enhanced RTMP.
            Form::Audio { .. } | Form::Video { .. } if self.config.is_empty() => None,
            form => form.header(&self.config),
        }
    }
}

/// Reads all entries of an `stsd` box; what they say of the track goes into `track`.
pub(crate) fn parse(stsd: &View<'_>, track: &mut Track) -> Result<Vec<Entry>, Error> {
    let (version, _, mut fields) = stsd.full()?;
    let declared = fields.u32().ok_or_else(|| stsd.cut())?;
    let mut entries = Vec::new();
    // From the last to the first, so that the first entry has the last word on the track.
    let views = stsd.children(8).take(usize::from(u8::MAX)).collect::<Result<Vec<_>, _>>()?;
    for view in views.iter().take(declared as usize).rev() {
        entries.push(entry(view, version, track)?);
    }
    entries.reverse();
    let first = entries.first().ok_or_else(|| stsd.fault("box describes no samples"))?;
    track.codec = first.codec;
    track.offset = first.offset;
    Ok(entries)
}

fn entry(view: &View<'_>, stsd: u8, track: &mut Track) -> Result<Entry, Error> {
    let mut entry = Entry::new(Codec::Other(FourCc(view.kind)), view.offset);
    if matches!(&view.kind, b"encv" | b"enca" | b"drmi" | b"drms") {
        entry.codec = Codec::Encrypted(FourCc(view.kind));
        return Ok(entry);
    }
    match track.kind {
        Kind::Video => visual(view, track, &mut entry)?,
        Kind::Audio => sound(view, stsd, track, &mut entry)?,
        Kind::Data => {}
    }
    Ok(entry)
}

/// A visual sample entry: 6 reserved, u16 data reference, 16 reserved, u16 width, u16 height, 50 more; then boxes.
fn visual(view: &View<'_>, track: &mut Track, entry: &mut Entry) -> Result<(), Error> {
    const FIXED: usize = 78;
    let mut fields = Fields::new(view.body);
    fields.take(24).ok_or_else(|| view.cut())?;
    track.width = u32::from(fields.u16().ok_or_else(|| view.cut())?);
    track.height = u32::from(fields.u16().ok_or_else(|| view.cut())?);
    let config = |kind: &[u8; 4]| view.children(FIXED).find(kind);
    let enhanced = |code: &[u8; 4], cts| Form::Video { code: FourCc(*code), cts };
    let (codec, form, record) = match &view.kind {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => return avc_entry(view, config(b"avcC")?, track, entry),
        b"hvc1" | b"hev1" => (Codec::Hevc, enhanced(b"hvc1", true), config(b"hvcC")?),
        b"av01" => (Codec::Av1, enhanced(b"av01", false), config(b"av1C")?),
        b"vp09" => (Codec::Vp9, enhanced(b"vp09", false), config(b"vpcC")?),
        b"vp08" => (Codec::Vp8, enhanced(b"vp08", false), config(b"vpcC")?),
        // QuickTime files hold FLV's own H.263 just as FLV does. The H.263 of 3GPP has another picture header.
        b"FLV1" => {
            entry.codec = Codec::Sorenson;
            entry.form = Some(Form::Classic(2));
            return Ok(());
        }
        _ => return Ok(()),
    };
    let record = record.ok_or_else(|| view.fault("sample entry has no configuration box"))?;
    // vpcC is a full box; Enhanced RTMP wants the VPCodecConfigurationRecord inside it.
    let skip = if &record.kind == b"vpcC" { 4 } else { 0 };
    entry.codec = codec;
    entry.form = Some(form);
    entry.config = Bytes::copy_from_slice(record.body.get(skip..).ok_or_else(|| record.cut())?);
    Ok(())
}

fn avc_entry(
    view: &View<'_>,
    record: Option<View<'_>>,
    track: &mut Track,
    entry: &mut Entry,
) -> Result<(), Error> {
    entry.codec = Codec::Avc;
    entry.form = Some(Form::Avc);
    let Some(record) = record else {
        if matches!(&view.kind, b"avc3" | b"avc4") {
            entry.in_band = Some(4);
            return Ok(());
        }
        return Err(view.fault("sample entry has no 'avcC' box"));
    };
    let parsed = avc::Record::parse(record.body).ok_or_else(|| record.cut())?;
    track.avc = (parsed.profile, parsed.level);
    if parsed.sps.is_empty() {
        entry.in_band = Some(parsed.length_size);
    }
    entry.config = Bytes::copy_from_slice(record.body);
    Ok(())
}

/// A sound sample entry.
///
/// ```text
/// 6 reserved | u16 data reference | u16 version | 6 reserved | u16 channels | u16 bits | 4 reserved | u32 rate 16.16
/// version 1 (QuickTime): + 16 bytes    version 2: + 36 bytes, with f64 rate and u32 channels; then boxes
/// ```
fn sound(view: &View<'_>, stsd: u8, track: &mut Track, entry: &mut Entry) -> Result<(), Error> {
    let mut fields = Fields::new(view.body);
    let mut read = || {
        fields.take(8)?;
        let version = fields.u16()?;
        fields.take(6)?;
        let channels = u32::from(fields.u16()?);
        fields.take(6)?;
        Some((version, channels, fields.u32()? >> 16))
    };
    let (version, channels, rate) = read().ok_or_else(|| view.cut())?;
    (track.channels, track.sample_rate) = (channels, rate);
    let fixed = match version {
        // ISO files have a version 1 of their own, without these fields, and say so in the box around.
        1 if stsd == 0 => 44,
        2 => {
            fields.take(4).ok_or_else(|| view.cut())?;
            let bits = fields.u64().ok_or_else(|| view.cut())?;
            track.sample_rate = f64::from_bits(bits) as u32;
            track.channels = fields.u32().ok_or_else(|| view.cut())?;
            64
        }
        _ => 28,
    };
    match &view.kind {
        b"mp4a" => mp4a(view, fixed, track, entry),
        b".mp3" | b"ms\0\x55" => {
            entry.codec = Codec::Mp3;
            entry.form = Some(Form::Sound(mp3_byte(track.sample_rate, track.channels)));
            Ok(())
        }
        _ => enhanced_sound(view, fixed, track, entry),
    }
}

/// `mp4a`: the `esds` box says what it really is. QuickTime puts that box into a `wave` box.
fn mp4a(view: &View<'_>, fixed: usize, track: &mut Track, entry: &mut Entry) -> Result<(), Error> {
    let wave = view.children(fixed).find(b"wave")?;
    let esds = match view.children(fixed).find(b"esds")? {
        Some(esds) => Some(esds),
        None => wave.map(|wave| wave.child(b"esds")).transpose()?.flatten(),
    };
    let esds = esds.ok_or_else(|| view.fault("sample entry has no 'esds' box"))?;
    let (_, _, fields) = esds.full()?;
    let stream = descriptor::parse(fields.rest()).ok_or_else(|| esds.cut())?;
    match stream.object_type {
        // MPEG-4 audio, and MPEG-2 AAC main, LC and SSR.
        0x40 | 0x66..=0x68 => aac_entry(&esds, stream.config, track, entry),
        // MPEG-2 and MPEG-1 audio; layer III in practice.
        0x69 | 0x6b => {
            entry.codec = Codec::Mp3;
            entry.form = Some(Form::Sound(mp3_byte(track.sample_rate, track.channels)));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn aac_entry(esds: &View<'_>, config: &[u8], track: &mut Track, entry: &mut Entry) -> Result<(), Error> {
    let parsed = aac::parse(config).ok_or_else(|| esds.fault("box has no valid AudioSpecificConfig"))?;
    // 32 and above are MP3 on MP4, ALS and others that an FLV player would take for AAC; 42 (xHE-AAC) is AAC.
    if (32..42).contains(&parsed.object) {
        return Ok(());
    }
    track.aac_object = parsed.object;
    track.sample_rate = parsed.rate;
    if parsed.channels > 0 {
        track.channels = parsed.channels;
    }
    entry.codec = Codec::Aac;
    entry.form = Some(Form::Aac);
    entry.config = Bytes::copy_from_slice(config);
    Ok(())
}

/// Opus, FLAC, AC-3 and E-AC-3, which only Enhanced RTMP carries.
fn enhanced_sound(view: &View<'_>, fixed: usize, track: &mut Track, entry: &mut Entry) -> Result<(), Error> {
    let (codec, config) = match &view.kind {
        b"Opus" => {
            let dops = view.children(fixed).find(b"dOps")?;
            let dops = dops.ok_or_else(|| view.fault("sample entry has no 'dOps' box"))?;
            let head = opus_head(dops.body).ok_or_else(|| dops.cut())?;
            track.channels = u32::from(head[9]);
            (Codec::Opus, head)
        }
        b"fLaC" => {
            let dfla = view.children(fixed).find(b"dfLa")?;
            let dfla = dfla.ok_or_else(|| view.fault("sample entry has no 'dfLa' box"))?;
            let info = stream_info(dfla.body).ok_or_else(|| dfla.fault("box has no STREAMINFO"))?;
            track.sample_rate = u32::from_be_bytes([0, info[18], info[19], info[20]]) >> 4;
            (Codec::Flac, info)
        }
        b"ac-3" => (Codec::Ac3, Bytes::new()),
        b"ec-3" => (Codec::Eac3, Bytes::new()),
        _ => return Ok(()),
    };
    entry.codec = codec;
    entry.form = codec.enhanced().map(|code| Form::Audio { code });
    entry.config = config;
    Ok(())
}

/// Turns the `dOps` box (big-endian, version 0) into the OpusHead that Enhanced RTMP wants (RFC 7845, 5.1).
///
/// ```text
/// dOps      version 0 | channels | pre-skip u16 BE | rate u32 BE | gain i16 BE | family | [mapping …]
/// OpusHead  "OpusHead" version 1 | channels | pre-skip u16 LE | rate u32 LE | gain i16 LE | family | [mapping …]
/// ```
fn opus_head(dops: &[u8]) -> Option<Bytes> {
    let mut fields = Fields::new(dops);
    fields.u8()?;
    let mut head = BytesMut::with_capacity(dops.len() + 8);
    head.put_slice(b"OpusHead\x01");
    head.put_u8(fields.u8()?);
    head.put_u16_le(fields.u16()?);
    head.put_u32_le(fields.u32()?);
    head.put_u16_le(fields.u16()?);
    head.put_u8(fields.u8()?);
    head.put_slice(fields.rest());
    Some(head.freeze())
}

/// "fLaC" and the STREAMINFO block of a `dfLa` box (4 bytes of full box, then metadata blocks: u8 last | type,
/// u24 length, data). STREAMINFO is always the first.
fn stream_info(dfla: &[u8]) -> Option<Bytes> {
    let block = dfla.get(4..4 + 4 + 34)?;
    if block[0] & 0x7f != 0 {
        return None;
    }
    let mut info = BytesMut::with_capacity(42);
    info.put_slice(b"fLaC");
    // It is the only block here, so it is also the last one.
    info.put_u8(0x80);
    info.put_slice(&block[1..]);
    Some(info.freeze())
}
