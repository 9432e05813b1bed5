//! Whether a file can be played.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use millrace_amf::Value;
use millrace_cache::{Cache, Object};
use millrace_media::{Capabilities, Source, SourceError, Title, Track};
use millrace_origin::Origin;

use crate::config::Config;
use crate::findings::Findings;

/// Key frames further apart than this make seeking coarse and starts slow.
const FAR_APART: f64 = 10.0;

struct Opened(Object);

impl Source for Opened {
    fn len(&self) -> u64 {
        self.0.length()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        self.0.read_contiguous(range).await.map_err(SourceError::new)
    }
}

/// Opens the file as the edge does, with a cache of its own in memory.
pub(super) async fn examine(config: &Config, origin: &Arc<dyn Origin>, key: &str, findings: &mut Findings) {
    let opened = async {
        let settings = millrace_cache::Config { disk: None, ..config.cache() };
        let cache = Cache::open(settings).await.map_err(|error| error.to_string())?;
        let object = cache.object(origin, key).await.map_err(|error| error.to_string())?;
        let title = millrace_media::open(&Opened(object), &config.limits().media).await;
        title.map_err(|error| error.to_string())
    };
    match opened.await {
        Ok(title) => tell(&title, findings),
        Err(error) => {
            let cure = "make the file again: `ffmpeg -i FILE -c copy -movflags +faststart NEW.mp4`";
            findings.fault("media", &format!("{key}: {error}"), cure);
        }
    }
}

fn tell(title: &Title, findings: &mut Findings) {
    let tracks: Vec<String> = title.tracks().iter().map(describe).collect();
    let seconds = title.duration_ms() as f64 / 1000.0;
    findings.ok("media", &format!("{:?}, {seconds:.1} s: {}", title.container(), tracks.join("; ")));
    match title.select(&Capabilities::classic()) {
        Err(error) => {
            let cure = "encode it as H.264 and AAC; players with Enhanced RTMP may take it as it is";
            findings.fault("codecs", &error.to_string(), cure);
        }
        Ok(selection) => {
            findings.ok("codecs", "every player takes them");
            let times = key_frames(&title.metadata(&selection));
            let apart = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
            match times.len() {
                0 | 1 => {}
                _ if apart > FAR_APART => findings.note(
                    "key frames",
                    &format!(
                        "up to {apart:.1} s apart: seeks are as coarse, and starts in the middle as slow"
                    ),
                ),
                _ => findings.ok("key frames", &format!("at most {apart:.1} s apart")),
            }
        }
    }
}

fn describe(track: &Track) -> String {
    let codec = track.codec.name();
    match (track.width, track.sample_rate) {
        (0, 0) => codec.to_string(),
        (0, rate) => format!("{codec}, {rate} Hz, {} channels", track.channels),
        (width, _) => format!("{codec}, {width}×{}", track.height),
    }
}

/// The times of key frames, as players are told them: seek points of MP4, the index of FLV.
fn key_frames(metadata: &Value) -> Vec<f64> {
    let seek_points = metadata.get("seekpoints").and_then(Value::as_array);
    let index = metadata.get("keyframes").and_then(|index| index.get("times")).and_then(Value::as_array);
    let times = seek_points.or(index).unwrap_or_default().iter();
    times.filter_map(|point| point.get("time").unwrap_or(point).as_number()).collect()
}
