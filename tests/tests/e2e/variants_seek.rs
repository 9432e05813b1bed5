//! From places other than the start by every variant: seeks, parts, downloads that go on, at the pace of play.

use millrace_tests::Frames;
use millrace_tests::clients::{Played, mpv, play, rtmpdump, rtmpdump_clip, start_playing};
use millrace_tests::media::GROUP;
use millrace_tests::server::{VARIANTS, url_at};

use crate::seeks::{Film, end_of_a_tag, ffmpeg_seeks};
use crate::variants::{FFMPEG, at_one_time};

#[test]
fn rtmpdump_starts_in_the_middle_by_every_variant_as_by_rtmp() {
    let film = Film::mp4();
    let saved = film.media.beside("part.flv");
    let part_of = |url: &str| {
        // It never calls a part complete.
        let _ = rtmpdump(url, &saved, &["--start", "5"]);
        std::fs::read(&saved).expect("it was saved")
    };
    let part = part_of(&film.url);
    let (_, first) = Frames::of_file(&saved).assert_tail_of(&film.whole, GROUP, "rtmp from 5 s");
    assert!((100..=125).contains(&first), "begins with frame {first}");
    for port in &film.server.ports()[..2] {
        for variant in VARIANTS {
            let url = url_at(variant, *port, &film.name);
            assert!(part_of(&url) == part, "{url}: not the bytes that came by rtmp");
        }
    }
}

#[test]
fn a_download_that_broke_off_goes_on_by_every_variant() {
    let film = Film::mp4();
    let (whole, cut) = (film.media.beside("whole.flv"), film.media.beside("cut.flv"));
    rtmpdump_clip(&film.url, &whole);
    let bytes = std::fs::read(&whole).expect("it was saved");
    for port in &film.server.ports()[..2] {
        for variant in VARIANTS {
            let url = url_at(variant, *port, &film.name);
            std::fs::write(&cut, &bytes[..end_of_a_tag(&bytes, bytes.len() / 2)]).expect("it can be written");
            let finished = rtmpdump(&url, &cut, &["--resume"]);
            let resumed = std::fs::read(&cut).expect("it was saved");
            let lengths = (resumed.len(), bytes.len());
            assert!(resumed == bytes, "{url}: bytes {lengths:?}: {}", finished.err);
        }
    }
}

#[test]
fn ffmpeg_seeks_through_http_and_tls_to_the_key_frame_before() {
    let film = Film::mp4();
    at_one_time(FFMPEG, |variant| {
        ffmpeg_seeks(&film, &film.server.url_by(variant, &film.name), &[("3.5", 75), ("11.9", 275)]);
    });
}

#[test]
fn mpv_shows_frames_from_the_middle_through_http_and_tls() {
    let film = Film::mp4();
    at_one_time(FFMPEG, |variant| {
        let url = film.server.url_by(variant, &film.name);
        let finished = mpv(&url, &["--no-audio", "--frames=20", "--start=6.3"]).ok();
        let text = finished.text();
        assert!(!text.contains("rror") && !finished.err.contains("rror"), "{variant}: {text}");
    });
}

#[test]
fn at_its_own_pace_a_film_arrives_whole_by_every_variant_at_one_time() {
    let film = Film::mp4();
    let start = |variant: &'static str| {
        let saved = film.media.beside(&format!("{variant}.flv"));
        let url = film.server.url_by(variant, &film.name);
        (variant, start_playing(&url, &["--insecure", "--output", &saved.to_string_lossy()]), saved)
    };
    for (variant, player, saved) in VARIANTS.map(start) {
        let report = Played::of(player.finish()).ok().report;
        assert_eq!(report["stamps_backwards"], 0, "{variant}: {report:#}");
        Frames::of_file(&saved).assert_same(&film.whole, variant);
    }
}

#[test]
fn a_seek_while_it_plays_goes_on_from_there_by_every_variant() {
    let film = Film::flv();
    let start = |variant: &'static str| {
        let url = film.server.url_by(variant, &film.name);
        (
            variant,
            start_playing(&url, &["--insecure", "--seek", "9s@1s", "--seek", "2s@2s", "--duration", "4s"]),
        )
    };
    for (variant, player) in VARIANTS.map(start) {
        let report = Played::of(player.finish()).ok().report;
        assert_eq!(report["stamps_backwards"], 0, "{variant}: {report:#}");
        assert!(report["seek_ms"]["max"].is_number(), "{variant}: {report:#}");
    }
    // The seeks left nothing behind that would disturb who comes next.
    let _ = play(&film.server.url_by("rtmpt", &film.name), &[]).ok();
}
