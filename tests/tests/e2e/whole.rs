//! The yardstick: what a player gets is what is in the file, packet by packet, for media of every shape.
//!
//! Each file is played as fast as it comes by three clients of different makers: ffmpeg, rtmpdump and `millrace play`.

use std::path::Path;

use millrace_tests::clients::{play, rtmpdump_clip};
use millrace_tests::media::{BOTH, Media, PICTURE, SAMPLES, TONE, sample};
use millrace_tests::{Frames, Server};

/// Plays a file by all three clients.
fn arrives_whole(media: &Media) {
    arrives_as(media, &Frames::of_file(media.path()));
}

/// The same where the packets are known by other means.
fn arrives_as(media: &Media, whole: &Frames) {
    let prefix = match media.name().rsplit_once('.') {
        Some((_, "flv")) => "flv:",
        Some((_, "mp3")) => "mp3:",
        _ => "mp4:",
    };
    let server = Server::demo_with(media.path());
    let url = server.url(&format!("{prefix}{}", media.name()));
    arrives_at(&url, &media.beside("saved.flv"), whole);
}

fn arrives_at(url: &str, saved: &Path, whole: &Frames) {
    Frames::of_url(url, &[]).assert_same(whole, "ffmpeg");
    rtmpdump_clip(url, saved);
    Frames::of_file(saved).assert_same(whole, "rtmpdump");
    let _ = play(url, &["--output", &saved.to_string_lossy()]).ok();
    Frames::of_file(saved).assert_same(whole, "millrace play");
}

#[test]
fn the_samples_of_the_demo_arrive_whole() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    for (file, name) in SAMPLES {
        arrives_at(&server.url(name), &folder.path().join("saved.flv"), &Frames::of_file(&sample(file)));
    }
}

#[test]
fn an_mp4_with_its_index_behind_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac"]));
}

#[test]
fn an_mp4_with_its_index_in_front_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac -movflags +faststart"]));
}

#[test]
fn an_mp4_without_b_frames_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[BOTH, "-bf 0 -c:a aac"]));
}

#[test]
fn an_mp4_with_many_b_frames_in_a_pyramid_arrives_whole() {
    arrives_whole(&Media::make(
        "x.mp4",
        &[BOTH, "-bf 8 -b_strategy 0 -x264-params b-pyramid=normal -c:a aac"],
    ));
}

#[test]
fn a_fragmented_mp4_arrives_whole() {
    let flags = "-bf 2 -c:a aac -movflags +frag_keyframe+empty_moov+default_base_moof";
    arrives_whole(&Media::make("x.mp4", &[BOTH, flags]));
}

#[test]
fn an_mp4_of_short_fragments_behind_its_first_samples_arrives_whole() {
    arrives_whole(&Media::make(
        "x.mp4",
        &[BOTH, "-bf 2 -c:a aac -movflags +frag_keyframe -frag_duration 300000"],
    ));
}

#[test]
fn a_quicktime_file_arrives_whole() {
    arrives_whole(&Media::make("x.mov", &[BOTH, "-bf 2 -c:a aac"]));
}

#[test]
fn an_m4v_and_an_f4v_arrive_whole() {
    let media = Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac"]);
    arrives_whole(&media.remake("x.m4v", "-i @ -c copy -f mp4"));
    arrives_whole(&media.remake("x.f4v", "-i @ -c copy -f f4v"));
}

#[test]
fn an_m4a_arrives_whole() {
    arrives_whole(&Media::make("x.m4a", &[TONE, "-c:a aac -f ipod"]));
}

#[test]
fn a_3gp_arrives_whole() {
    arrives_whole(&Media::make("x.3gp", &[BOTH, "-c:v libx264 -bf 0 -c:a aac -ar 22050 -ac 1"]));
}

#[test]
fn mp3_inside_of_mp4_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[BOTH, "-bf 2 -c:a libmp3lame -b:a 96k"]));
}

#[test]
fn an_mp4_without_sound_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[PICTURE, "-bf 2"]));
}

#[test]
fn an_mp4_without_picture_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[TONE, "-c:a aac"]));
}

#[test]
fn sound_of_48_khz_in_stereo_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac -ar 48000 -ac 2"]));
}

#[test]
fn a_frame_rate_that_no_millisecond_fits_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac -r 30000/1001"]));
}

#[test]
fn a_group_of_pictures_as_long_as_the_film_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[BOTH, "-bf 2 -g 10000 -keyint_min 10000 -c:a aac"]));
}

#[test]
fn a_film_of_key_frames_only_arrives_whole() {
    arrives_whole(&Media::make("x.mp4", &[BOTH, "-bf 0 -g 1 -keyint_min 1 -c:a aac"]));
}

#[test]
fn sound_that_begins_later_than_the_picture_arrives_in_step() {
    let media = Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac"]);
    arrives_whole(&media.remake("late.mp4", "-i @ -itsoffset 1.3 -i @ -map 0:v -map 1:a -c copy"));
}

#[test]
fn a_picture_that_begins_later_than_the_sound_arrives_in_step() {
    let media = Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac"]);
    arrives_whole(&media.remake("late.mp4", "-itsoffset 0.7 -i @ -i @ -map 0:v -map 1:a -c copy"));
}

#[test]
fn a_cut_film_whose_edit_list_hides_its_beginning_arrives_in_step() {
    let media = Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac"]);
    arrives_whole(&media.remake("cut.mp4", "-ss 3.4 -i @ -c copy"));
}

#[test]
fn two_sound_tracks_arrive_as_the_first() {
    let media = Media::make("x.mp4", &[BOTH, "-bf 2 -c:a aac"]);
    let two =
        media.remake("two.mp4", "-i @ -map 0:v -map 0:a -map 0:a -c:v copy -c:a:0 copy -c:a:1 aac -ar 22050");
    arrives_as(&two, &Frames::of_file(media.path()));
}

#[test]
fn an_flv_with_h264_and_aac_arrives_whole() {
    arrives_whole(&Media::make("x.flv", &[BOTH, "-bf 2 -c:v libx264 -c:a aac"]));
}

#[test]
fn an_flv_with_an_index_arrives_whole() {
    arrives_whole(&Media::make("x.flv", &[BOTH, "-bf 2 -c:v libx264 -c:a aac -flvflags add_keyframe_index"]));
}

#[test]
fn an_flv_with_sorenson_video_and_mp3_arrives_whole() {
    arrives_whole(&Media::make("x.flv", &[BOTH, "-c:v flv1 -b:v 300k -c:a libmp3lame -b:a 64k"]));
}

#[test]
fn an_flv_without_sound_arrives_whole() {
    arrives_whole(&Media::make("x.flv", &[PICTURE, "-c:v libx264 -bf 2"]));
}

#[test]
fn an_flv_without_picture_arrives_whole() {
    arrives_whole(&Media::make("x.flv", &[TONE, "-c:a libmp3lame"]));
}

#[test]
fn an_flv_with_speex_arrives_whole() {
    arrives_whole(&Media::make("x.flv", &[TONE, "-c:a libspeex -ar 16000 -ac 1"]));
}

#[test]
fn an_mp3_of_constant_rate_arrives_whole() {
    arrives_whole(&Media::make("x.mp3", &[TONE, "-c:a libmp3lame -b:a 128k"]));
}

#[test]
fn an_mp3_of_variable_rate_arrives_whole() {
    arrives_whole(&Media::make("x.mp3", &[TONE, "-c:a libmp3lame -q:a 4 -metadata title=Tone"]));
}

#[test]
fn an_mp3_of_22_khz_without_tags_arrives_whole() {
    let raw = "-c:a libmp3lame -b:a 32k -ar 22050 -ac 1 -write_xing 0 -id3v2_version 0";
    arrives_whole(&Media::make("x.mp3", &[TONE, raw]));
}
