//! Players that people use, each run as its users would.

use std::process::Command;

use millrace_tests::clients::{curl, gstreamer, mpv, play, rtmpdump, rtmpdump_command};
use millrace_tests::media::{BOTH, Media, SAMPLES, sample};
use millrace_tests::process::{Running, run};
use millrace_tests::{Frames, Server};

#[test]
fn rtmpdump_saves_every_sample_and_says_that_it_is_complete() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    for (file, name) in SAMPLES {
        let saved = folder.path().join("saved.flv");
        let finished = rtmpdump(&server.url(name), &saved, &[]).ok();
        assert!(finished.err.contains("Download complete"), "{file}: {}", finished.err);
    }
}

#[test]
fn the_other_ways_to_call_rtmpdump_bring_the_same_file() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved.flv");
    let whole = Frames::of_file(&sample("sample.mp4"));
    let ways: [&[&str]; 4] =
        [&["--live"], &["--live", "--subscribe", "x"], &["--hashes"], &["-C", "B:1", "-C", "S:x"]];
    for options in ways {
        let _ = rtmpdump(&server.url("mp4:sample.mp4"), &saved, options).ok();
        Frames::of_file(&saved).assert_same(&whole, &format!("{options:?}"));
    }
}

#[test]
fn ffplay_plays_to_the_end_and_leaves() {
    let media = Media::make("x.mp4", &[BOTH, "-t 3 -bf 2 -c:a aac"]);
    let server = Server::demo_with(media.path());
    let mut ffplay = Command::new("ffplay");
    ffplay.args(["-loglevel", "error", "-autoexit", &server.url("mp4:x.mp4")]);
    let finished = run(ffplay.env("SDL_VIDEODRIVER", "dummy").env("SDL_AUDIODRIVER", "dummy")).ok();
    assert!(!finished.err.contains("rror"), "{}", finished.err);
}

#[test]
fn curl_saves_every_sample_and_ends() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    for (file, name) in SAMPLES {
        let saved = folder.path().join("saved.flv");
        let _ = curl(&server.url(name), &saved).ok();
        Frames::of_file(&saved).assert_same(&Frames::of_file(&sample(file)), file);
    }
}

#[test]
fn gstreamer_saves_a_film_and_ends() {
    for (name, arguments) in [
        ("x.mp4", "-t 4 -bf 2 -c:a aac"),
        ("x.flv", "-t 4 -c:v flv1 -c:a libmp3lame"),
        ("sound.mp4", "-t 4 -vn -c:a aac"),
        ("sound.mp3", "-t 4 -vn -c:a libmp3lame"),
    ] {
        let media = Media::make(name, &[BOTH, arguments]);
        let server = Server::demo_with(media.path());
        let saved = media.beside("saved.flv");
        let prefix = &name[name.len() - 3..];
        let _ = gstreamer(&server.url(&format!("{prefix}:{name}")), &saved).ok();
        Frames::of_file(&saved).assert_same(&Frames::of_file(media.path()), name);
    }
}

#[test]
fn mpv_plays_every_sample_to_its_end() {
    let server = Server::demo();
    for (file, name) in SAMPLES {
        let finished = mpv(&server.url(name), &["--start=25"]).ok();
        assert!(finished.text().contains("End of file"), "{file}: {}", finished.text());
    }
}

#[test]
fn mpv_shows_frames_from_the_start_and_from_the_middle() {
    let server = Server::demo();
    for (file, name) in &SAMPLES[..2] {
        for start in ["0", "12.3"] {
            let finished =
                mpv(&server.url(name), &["--no-audio", "--frames=20", &format!("--start={start}")]).ok();
            let text = finished.text();
            assert!(!text.contains("rror") && !finished.err.contains("rror"), "{file} from {start}: {text}");
        }
    }
}

#[test]
fn ffprobe_finds_what_is_in_the_samples() {
    let server = Server::demo();
    for (file, name) in SAMPLES {
        let ask = |input: &str| {
            let mut ffprobe = Command::new("ffprobe");
            ffprobe.args(["-v", "error", "-of", "csv=p=0", "-show_entries"]);
            ffprobe.arg("stream=codec_name,profile,width,height,sample_rate,channels");
            let text = run(ffprobe.arg(input)).ok().text();
            // Flash's own data messages look like a stream of their own to ffprobe.
            let media = text.lines().filter(|line| !line.starts_with("unknown"));
            let mut lines: Vec<String> = media.map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(ask(&server.url(name)), ask(&sample(file).to_string_lossy()), "{file}");
    }
}

#[test]
fn ffprobe_is_told_the_duration_of_what_it_plays() {
    let server = Server::demo();
    for (file, name) in SAMPLES {
        let mut ffprobe = Command::new("ffprobe");
        ffprobe.args(["-v", "error", "-of", "csv=p=0", "-show_entries", "format=duration"]);
        let text = run(ffprobe.arg(server.url(name))).ok().text();
        let seconds: f64 = text.trim().parse().unwrap_or_else(|error| panic!("{file}: {text:?}: {error}"));
        assert!((29.9..30.2).contains(&seconds), "{file}: {seconds} s");
    }
}

#[test]
fn a_decoder_finds_no_fault_in_what_comes() {
    let server = Server::demo();
    for (file, name) in SAMPLES {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "warning", "-nostdin", "-rtmp_buffer", "36000000", "-i", &server.url(name)]);
        let finished = run(ffmpeg.args(["-f", "null", "-"])).ok();
        let complaints: Vec<&str> =
            finished.err.lines().filter(|line| line.contains("rror") || line.contains("nvalid")).collect();
        assert!(complaints.is_empty(), "{file}: {complaints:?}");
    }
}

#[test]
fn two_downloads_of_one_film_and_a_third_of_another_do_not_disturb_each_other() {
    let server = Server::demo();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |number: usize| folder.path().join(format!("{number}.flv"));
    let names = [SAMPLES[0], SAMPLES[0], SAMPLES[1]];
    let start = |(number, (_, name)): (usize, &(&str, &str))| {
        Running::start(&mut rtmpdump_command(&server.url(name), &path(number), &[]))
    };
    let running: Vec<Running> = names.iter().enumerate().map(start).collect();
    running.into_iter().for_each(|process| drop(process.finish().ok()));
    for (number, (file, _)) in names.iter().enumerate() {
        Frames::of_file(&path(number)).assert_same(&Frames::of_file(&sample(file)), file);
    }
}

#[test]
fn fifty_players_at_one_time_all_get_everything() {
    let server = Server::demo();
    let report = play(&server.url("mp4:sample.mp4"), &["--viewers", "50"]).ok().report;
    assert_eq!(report["stamps_backwards"], 0, "{report:#}");
}

#[test]
fn what_speaks_no_protocol_that_is_spoken_here_does_no_harm() {
    use std::io::{Read, Write};
    let mut server = Server::demo();
    let nonsense: [(&str, &[u8]); 6] = [
        ("a zero byte", b"\0\0\0\0nothing begins so"),
        ("letters", b"hello?\r\n"),
        ("a TLS hello that is cut off", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03cut"),
        ("a TLS record of nonsense", b"\x16\x03\x01\x00\x05xxxxx"),
        ("half of an HTTP head", b"POST /send/0123/1 HTTP/1.1\r\nContent-Le"),
        ("a handshake that is cut off", b"\x03\0\0\0\0\0\0\0\0half"),
    ];
    for (what, bytes) in nonsense {
        for port in server.ports() {
            let mut socket = std::net::TcpStream::connect(("127.0.0.1", *port)).expect("it listens");
            socket.set_read_timeout(Some(millrace_tests::process::DEADLINE)).expect("a timeout can be set");
            socket.write_all(bytes).expect("it takes bytes");
            // What is cut off may still be waited for: the end of it is said.
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            // Closed with or without a reset: both are an end.
            let ended = socket.read_to_end(&mut answer);
            let hangs = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
            assert!(!hangs, "{what}: the connection stays open");
        }
    }
    assert!(server.process().is_running());
    let _ = play(&server.url("mp4:sample.mp4"), &[]).ok();
}
