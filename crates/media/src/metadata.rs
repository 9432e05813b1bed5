//! What `onMetaData` says of a title.
//!
//! The names are those of Adobe's Flash Media Server and of the FLV specification (E.5); FFmpeg reads the codec ids
//! as numbers, waits for a stream whose id is given, and takes nothing but an ECMA array. `rtmpdump --resume`
//! compares the whole message byte for byte, so nothing in here may depend on the viewer or the time.

use millrace_amf::{Object, Value};

use crate::title::{Container, Title};
use crate::track::{Codec, Selection, Track};

/// The most seek points that are listed: more would make a message larger than the media it precedes.
pub(crate) const SEEK_POINTS: usize = 256;

/// What only some containers know.
#[derive(Debug, Default)]
pub(crate) struct Details {
    /// Where the `moov` box stands.
    pub(crate) moov: Option<u64>,
    /// Milliseconds and place in the file of key frames.
    pub(crate) seek_points: Vec<(u32, u64)>,
    /// The file's own `onMetaData`, in FLV.
    pub(crate) own: Option<Object>,
}

/// Builds the ECMA array.
pub(crate) fn describe(title: &Title, selection: &Selection) -> Value {
    let track = |index: Option<usize>| index.and_then(|index| title.tracks().get(index));
    let (video, audio) = (track(selection.video()), track(selection.audio()));
    let details = title.details(selection);
    let mut all = Object::new();
    if title.duration_ms() > 0 {
        all.push("duration", title.duration_ms() as f64 / 1000.0);
    }
    if let Some(at) = details.moov {
        all.push("moovPosition", at as f64);
    }
    if let Some(video) = video {
        put_video(&mut all, video);
    }
    if let Some(audio) = audio {
        put_audio(&mut all, audio);
    }
    all.push("filesize", title.file_size() as f64);
    if title.container() == Container::Mp4 {
        let infos = [video, audio].into_iter().flatten().map(info).collect();
        all.push("trackinfo", Value::StrictArray(infos));
    }
    if !details.seek_points.is_empty() {
        all.push("seekpoints", Value::StrictArray(details.seek_points.iter().map(seek_point).collect()));
    }
    match details.own {
        Some(own) => Value::EcmaArray(rewritten(&own, all, video.is_some(), audio.is_some())),
        None => Value::EcmaArray(all),
    }
}

/// The file's own metadata with what is known better put in the place of what it says.
fn rewritten(own: &Object, known: Object, video: bool, audio: bool) -> Object {
    const OF_VIDEO: [&str; 6] =
        ["width", "height", "framerate", "videocodecid", "videodatarate", "videosize"];
    const OF_AUDIO: [&str; 6] =
        ["audiocodecid", "audiodatarate", "audiosamplerate", "audiosamplesize", "stereo", "audiochannels"];
    let absent = |name: &str| (!video && OF_VIDEO.contains(&name)) || (!audio && OF_AUDIO.contains(&name));
    // A duration that is not known would only repeat what the file says wrongly, or not at all.
    let kept = own.iter().filter(|(name, _)| !absent(name) && known.get(name).is_none());
    let known_first = known.iter().map(|(name, value)| (name.to_owned(), value.clone()));
    known_first.chain(kept.map(|(name, value)| (name.to_owned(), value.clone()))).collect()
}

fn put_video(all: &mut Object, video: &Track) {
    put(all, "width", f64::from(video.width));
    put(all, "height", f64::from(video.height));
    put(all, "videocodecid", video.codec.metadata_id().map_or(0.0, f64::from));
    put(all, "framerate", video.frame_rate);
    put(all, "videodatarate", kilobits(video));
    if video.codec == Codec::Avc {
        put(all, "avcprofile", f64::from(video.avc.0));
        put(all, "avclevel", f64::from(video.avc.1));
    }
}

fn put_audio(all: &mut Object, audio: &Track) {
    // 0 is a codec id of its own here (PCM), so it is always written.
    all.push("audiocodecid", audio.codec.metadata_id().map_or(0.0, f64::from));
    put(all, "audiodatarate", kilobits(audio));
    put(all, "audiosamplerate", f64::from(audio.sample_rate));
    all.push("audiosamplesize", 16.0);
    put(all, "audiochannels", f64::from(audio.channels));
    all.push("stereo", audio.channels > 1);
    put(all, "aacaot", f64::from(audio.aac_object));
}

/// Adds a number unless it is unknown, which is 0.
fn put(all: &mut Object, name: &str, number: f64) {
    if number > 0.0 {
        all.push(name, number);
    }
}

/// The bit rate of a track in kbit/s, to a thousandth; 0 if unknown.
fn kilobits(track: &Track) -> f64 {
    if track.ticks == 0 {
        return 0.0;
    }
    let seconds = track.ticks as f64 / f64::from(track.timescale);
    (track.bytes as f64 * 8.0 / seconds).round() / 1000.0
}

/// One entry of `trackinfo`, as Flash Media Server has it.
fn info(track: &Track) -> Value {
    let description = Object::new().with("sampletype", track.codec.name());
    Value::Object(
        Object::new()
            .with("length", track.ticks as f64)
            .with("timescale", track.timescale)
            .with("language", String::from_utf8_lossy(&track.language).into_owned())
            .with("sampledescription", Value::StrictArray(vec![Value::Object(description)])),
    )
}

fn seek_point(&(ms, offset): &(u32, u64)) -> Value {
    Value::Object(Object::new().with("time", f64::from(ms) / 1000.0).with("offset", offset as f64))
}
