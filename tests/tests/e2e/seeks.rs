//! From places other than the start, at the pace of play, and on from where something broke off.

use millrace_tests::clients::{play, rtmpdump, rtmpdump_clip, start_playing};
use millrace_tests::frames::{Packet, same_content};
use millrace_tests::media::{BOTH, GROUP, Media, TONE};
use millrace_tests::{Frames, Server};

/// A film with a key frame each second, and its packets.
pub(crate) struct Film {
    pub(crate) media: Media,
    pub(crate) server: Server,
    /// Its stream name.
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) whole: Frames,
}

impl Film {
    fn of(file: &str, arguments: &[&str]) -> Self {
        let media = Media::make(file, arguments);
        let server = Server::demo_with(media.path());
        let name = format!("{}:{file}", &file[file.len() - 3..]);
        let (url, whole) = (server.url(&name), Frames::of_file(media.path()));
        Self { media, server, name, url, whole }
    }

    pub(crate) fn mp4() -> Self {
        Self::of("film.mp4", &[BOTH, "-bf 2 -c:a aac"])
    }

    pub(crate) fn flv() -> Self {
        Self::of("film.flv", &[BOTH, "-bf 2 -c:v libx264 -c:a aac -flvflags add_keyframe_index"])
    }

    fn flv_without_index() -> Self {
        Self::of("film.flv", &[BOTH, "-bf 2 -c:v libx264 -c:a aac"])
    }

    fn all() -> [Self; 3] {
        [Self::mp4(), Self::flv(), Self::flv_without_index()]
    }
}

/// The one place where `own` stands in `all`, without a gap.
fn place(own: &[Packet], all: &[Packet], what: &str) -> usize {
    let first = own.first().unwrap_or_else(|| panic!("{what}: nothing came"));
    let at = all.iter().position(|packet| packet.md5 == first.md5);
    let at = at.unwrap_or_else(|| panic!("{what}: the first packet is not in the file"));
    let end = (at + own.len()).min(all.len());
    same_content(own, &all[at..end], what);
    at
}

/// Played at its own pace by two clients at one time, it must arrive whole.
fn arrives_at_its_own_pace(film: &Film) {
    let saved = film.media.beside("paced.flv");
    let player = start_playing(&film.url, &["--output", &saved.to_string_lossy()]);
    Frames::of(&["-re"], &film.url).assert_same(&film.whole, "ffmpeg, paced");
    let _ = player.finish().ok();
    Frames::of_file(&saved).assert_same(&film.whole, "millrace play, paced");
}

#[test]
fn an_mp4_at_its_own_pace_arrives_whole() {
    arrives_at_its_own_pace(&Film::mp4());
}

#[test]
fn an_flv_at_its_own_pace_arrives_whole() {
    arrives_at_its_own_pace(&Film::flv());
}

#[test]
fn an_mp3_at_its_own_pace_arrives_whole() {
    arrives_at_its_own_pace(&Film::of("film.mp3", &[TONE, "-c:a libmp3lame -q:a 4"]));
}

fn ffmpeg_seeks_in(film: &Film) {
    ffmpeg_seeks(film, &film.url, &[("3.5", 75), ("8", 200), ("11.9", 275)]);
}

/// ffmpeg's seek to so many seconds must come to the key frame before, which is this frame, on the clock of the whole
/// film.
pub(crate) fn ffmpeg_seeks(film: &Film, url: &str, targets: &[(&str, usize)]) {
    let from_start = Frames::of_url(url, &[]);
    let shift = from_start.assert_tail_of(&film.whole, GROUP, "whole").0;
    let seek = |seconds: &str, frame: usize| {
        let what = format!("{url} from {seconds}");
        // At its own pace: who asks for everything at once may have got the end of the film before it seeks.
        let got = Frames::of(&["-ss", seconds], url);
        let (seek_shift, first) = got.assert_tail_of(&film.whole, GROUP, &what);
        // ffmpeg itself goes back a little for the sake of B-frames.
        assert!((first..=first + GROUP).contains(&frame), "{what}: begins with frame {first}");
        assert!((seek_shift - shift).abs() <= 2.0, "{what}: stamps move by {seek_shift} ms, not {shift}");
    };
    std::thread::scope(|scope| {
        for (seconds, frame) in targets {
            scope.spawn(|| seek(seconds, *frame));
        }
    });
}

#[test]
fn ffmpeg_seeks_in_an_mp4_to_the_key_frame_before() {
    ffmpeg_seeks_in(&Film::mp4());
}

#[test]
fn ffmpeg_seeks_in_an_flv_to_the_key_frame_before() {
    ffmpeg_seeks_in(&Film::flv());
}

#[test]
fn ffmpeg_seeks_in_an_flv_without_index_to_the_key_frame_before() {
    ffmpeg_seeks_in(&Film::flv_without_index());
}

#[test]
fn rtmpdump_gets_what_lies_between_two_times() {
    for film in Film::all() {
        let saved = film.media.beside("part.flv");
        let _ = rtmpdump(&film.url, &saved, &["--start", "5", "--stop", "9"]);
        let part = Frames::of_file(&saved);
        let first = place(&part.video, &film.whole.video, "video between 5 and 9 s");
        place(&part.audio, &film.whole.audio, "audio between 5 and 9 s");
        assert!(first.is_multiple_of(GROUP) && (100..=125).contains(&first), "begins with frame {first}");
        let last = first + part.video.len();
        assert!((215..=250).contains(&last), "ends with frame {last}");
    }
}

/// The end of the tag that holds byte `at` of an FLV file: rtmpdump writes whole tags only.
pub(crate) fn end_of_a_tag(flv: &[u8], at: usize) -> usize {
    let mut end = 13;
    while end < at {
        let size =
            usize::from(flv[end + 1]) << 16 | usize::from(flv[end + 2]) << 8 | usize::from(flv[end + 3]);
        end += 11 + size + 4;
    }
    end
}

#[test]
fn a_download_that_broke_off_goes_on_to_the_same_bytes() {
    for film in Film::all() {
        let (whole, cut) = (film.media.beside("whole.flv"), film.media.beside("cut.flv"));
        rtmpdump_clip(&film.url, &whole);
        let bytes = std::fs::read(&whole).expect("it was saved");
        for share in [3, 2] {
            std::fs::write(&cut, &bytes[..end_of_a_tag(&bytes, bytes.len() / share)])
                .expect("it can be written");
            let finished = rtmpdump(&film.url, &cut, &["--resume"]);
            let resumed = std::fs::read(&cut).expect("it was saved");
            let what = format!("{} from 1/{share}", film.media.name());
            assert!(
                resumed == bytes,
                "{what}: {} bytes for {}: {}",
                resumed.len(),
                bytes.len(),
                finished.err
            );
        }
    }
}

#[test]
fn millrace_play_starts_in_the_middle_and_stops_in_time() {
    let film = Film::mp4();
    let saved = film.media.beside("part.flv");
    let _ = play(&film.url, &["--start", "4s", "--length", "3s", "--output", &saved.to_string_lossy()]).ok();
    let part = Frames::of_file(&saved);
    let first = place(&part.video, &film.whole.video, "three seconds from 4 s");
    assert!((75..=100).contains(&first), "begins with frame {first}");
    assert!((70..=100).contains(&part.video.len()), "{} frames came", part.video.len());
}

#[test]
fn a_seek_while_it_plays_goes_on_from_there_to_the_end() {
    let film = Film::mp4();
    let player = start_playing(&film.url, &["--seek", "9s@1s"]).finish();
    let report = millrace_tests::clients::Played::of(player).ok().report;
    assert_eq!(report["stamps_backwards"], 0, "{report:#}");
    assert!(report["seek_ms"]["max"].is_number(), "{report:#}");
    drop(film.server);
}

#[test]
fn an_mp3_is_sought_in_as_well() {
    let media = Media::make("tone.mp3", &[TONE, "-c:a libmp3lame -q:a 4"]);
    let server = Server::demo_with(media.path());
    let whole = Frames::of_file(media.path());
    let got = Frames::of(&["-ss", "6"], &server.url("mp3:tone"));
    let first = place(&got.audio, &whole.audio, "an MP3 from 6 s");
    assert_eq!(first + got.audio.len(), whole.audio.len(), "it goes on to the end");
    assert!((215..=235).contains(&first), "begins with frame {first}");
}
