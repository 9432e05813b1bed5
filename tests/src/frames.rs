//! The yardstick: which packets there are, as `ffmpeg -c copy -f framemd5` lists them.

use std::path::Path;
use std::process::Command;

use crate::process::run;

/// Rounding to milliseconds on both sides, of time and composition offset each, can add up to this.
const TOLERANCE_MS: f64 = 1.0;

/// What a file or a stream holds.
#[derive(Debug, Clone, Default)]
pub struct Frames {
    /// The pictures, in the order of decoding.
    pub video: Vec<Packet>,
    /// The sound.
    pub audio: Vec<Packet>,
}

/// One packet.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// When it is decoded, in milliseconds.
    pub dts: f64,
    /// When it is shown.
    pub pts: f64,
    /// Its bytes.
    pub size: u64,
    /// And their digest.
    pub md5: String,
}

impl Frames {
    /// Those of a file.
    pub fn of_file(path: &Path) -> Self {
        Self::of(&[], &path.to_string_lossy())
    }

    /// Those that ffmpeg gets from a URL as fast as the server gives them, with more options for its input.
    pub fn of_url(url: &str, options: &[&str]) -> Self {
        Self::of(&[&["-rtmp_buffer", "36000000"], options].concat(), url)
    }

    /// Those of an input of ffmpeg.
    ///
    /// # Panics
    /// When ffmpeg can't read it, or complains.
    pub fn of(options: &[&str], input: &str) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-copyts"]).args(options);
        command.args(["-i", input, "-map", "0:v?", "-map", "0:a?", "-c", "copy", "-copyinkf"]);
        let finished = run(command.args(["-f", "framemd5", "-"])).ok();
        let frames = Self::parse(&finished.text());
        assert!(!frames.video.is_empty() || !frames.audio.is_empty(), "{input} is empty: {}", finished.err);
        frames
    }

    fn parse(text: &str) -> Self {
        let mut frames = Self::default();
        let (mut bases, mut kinds) = (Vec::new(), Vec::new());
        for line in text.lines() {
            if let Some(base) = line.strip_prefix("#tb ") {
                let (_, base) = base.split_once(": ").expect("`#tb 0: 1/1000`");
                let (over, under) = base.split_once('/').expect("a time base is a fraction");
                let number = |text: &str| text.trim().parse::<f64>().expect("of numbers");
                bases.push(1000.0 * number(over) / number(under));
            } else if let Some(kind) = line.strip_prefix("#media_type ") {
                kinds.push(kind.ends_with("video"));
            } else if !line.starts_with('#') {
                let fields: Vec<&str> = line.split(',').map(str::trim).collect();
                let stream: usize = fields[0].parse().expect("packets begin with the number of their stream");
                let time = |text: &str| text.parse::<f64>().map_or(f64::NAN, |ticks| ticks * bases[stream]);
                let size = fields[4].parse().expect("packets have a size");
                let packet =
                    Packet { dts: time(fields[1]), pts: time(fields[2]), size, md5: fields[5].to_owned() };
                if kinds[stream] { frames.video.push(packet) } else { frames.audio.push(packet) }
            }
        }
        frames
    }

    /// Both must hold the same packets in the same order, at the same times but for one constant.
    ///
    /// # Panics
    /// When they do not.
    pub fn assert_same(&self, whole: &Self, what: &str) {
        same_content(&self.video, &whole.video, &format!("{what}: video"));
        same_content(&self.audio, &whole.audio, &format!("{what}: audio"));
        self.assert_same_times(whole, 0, 0, what);
    }

    /// These must be the end of `whole`, from one of its key frames on (which stand `group` apart), at its times but
    /// for one constant. The answer is that constant and the frame that comes first.
    ///
    /// # Panics
    /// When they are not.
    pub fn assert_tail_of(&self, whole: &Self, group: usize, what: &str) -> (f64, usize) {
        let skipped = |own: &[Packet], all: &[Packet], kind: &str| {
            let skipped = all.len().checked_sub(own.len());
            let skipped = skipped.unwrap_or_else(|| panic!("{what}: more {kind} than there is"));
            same_content(own, &all[skipped..], &format!("{what}: {kind} behind {skipped} packets"));
            skipped
        };
        let (video, audio) =
            (skipped(&self.video, &whole.video, "video"), skipped(&self.audio, &whole.audio, "audio"));
        assert!(video.is_multiple_of(group), "{what}: begins with frame {video}, which is no key frame");
        (self.assert_same_times(whole, video, audio, what), video)
    }

    /// Compares times with those of `whole` behind so many packets; the answer is the difference.
    fn assert_same_times(&self, whole: &Self, video: usize, audio: usize, what: &str) -> f64 {
        let pairs =
            self.video.iter().zip(&whole.video[video..]).chain(self.audio.iter().zip(&whole.audio[audio..]));
        let shifts = pairs.flat_map(|(own, other)| [own.dts - other.dts, own.pts - other.pts]);
        let shifts: Vec<f64> = shifts.filter(|shift| !shift.is_nan()).collect();
        let (least, most) = shifts
            .iter()
            .fold((f64::MAX, f64::MIN), |(least, most), shift| (least.min(*shift), most.max(*shift)));
        assert!(most - least <= 2.0 * TOLERANCE_MS, "{what}: times are shifted by {least} to {most} ms");
        f64::midpoint(least, most)
    }
}

/// Both must hold the same bytes in the same order.
///
/// # Panics
/// When they do not.
pub fn same_content(own: &[Packet], other: &[Packet], what: &str) {
    let content = |packets: &[Packet]| {
        packets.iter().map(|packet| (packet.size, packet.md5.clone())).collect::<Vec<_>>()
    };
    let (own, other) = (content(own), content(other));
    if own == other {
        return;
    }
    let differs = own.iter().zip(&other).position(|(own, other)| own != other);
    let number = own.len().min(other.len());
    panic!(
        "{what}: {} packets for {}, the first that differs is number {}",
        own.len(),
        other.len(),
        differs.unwrap_or(number)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ffmpeg prints for a picture with B-frames and a sound, shifted by some ticks.
    fn listing(shift: i64) -> String {
        let mut text = "#format: frame checksums\n#tb 0: 1/25\n#media_type 0: video\n#tb 1: 1/44100\n\
            #media_type 1: audio\n#stream#, dts,        pts, duration,     size, hash\n"
            .to_owned();
        for frame in 0..4_i64 {
            let (picture, sound) = (frame + shift, frame * 1024 + shift * 44_100 / 25);
            text += &format!("0, {picture}, {}, 1, 9{frame}, aa{frame}\n", picture + 1);
            text += &format!("1, {sound}, {sound}, 1024, 7{frame}, bb{frame}\n");
        }
        text
    }

    #[test]
    fn packets_are_read_with_their_times_in_milliseconds() {
        let frames = Frames::parse(&listing(0));
        assert_eq!((frames.video.len(), frames.audio.len()), (4, 4));
        let expected = Packet { dts: 80.0, pts: 120.0, size: 92, md5: "aa2".to_owned() };
        assert_eq!(frames.video[2], expected);
        assert!((frames.audio[1].dts - 23.22).abs() < 0.01);
    }

    #[test]
    fn a_constant_shift_is_no_difference() {
        Frames::parse(&listing(7)).assert_same(&Frames::parse(&listing(0)), "shifted");
    }

    #[test]
    #[should_panic(expected = "audio: 3 packets for 4, the first that differs is number 1")]
    fn a_missing_packet_is_a_difference() {
        let whole = Frames::parse(&listing(0));
        let mut own = whole.clone();
        own.audio.remove(1);
        own.assert_same(&whole, "cut");
    }

    #[test]
    #[should_panic(expected = "times are shifted by -3 to 0 ms")]
    fn sound_out_of_step_is_a_difference() {
        let whole = Frames::parse(&listing(0));
        let mut own = whole.clone();
        for packet in &mut own.audio {
            (packet.dts, packet.pts) = (packet.dts - 3.0, packet.pts - 3.0);
        }
        own.assert_same(&whole, "out of step");
    }

    #[test]
    fn a_tail_begins_at_a_key_frame() {
        let whole = Frames::parse(&listing(0));
        let tail = Frames { video: whole.video[2..].to_vec(), audio: whole.audio[3..].to_vec() };
        assert_eq!(tail.assert_tail_of(&whole, 2, "tail"), (0.0, 2));
    }

    #[test]
    #[should_panic(expected = "begins with frame 2, which is no key frame")]
    fn a_tail_from_elsewhere_is_told() {
        let whole = Frames::parse(&listing(0));
        let tail = Frames { video: whole.video[2..].to_vec(), audio: Vec::new() };
        tail.assert_tail_of(&whole, 3, "tail");
    }
}
