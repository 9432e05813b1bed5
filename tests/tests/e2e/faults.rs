//! An S3 that misbehaves, and what a viewer sees of it.

use std::time::Duration;

use millrace_s3_fake::{Fault, Rule};
use millrace_tests::clients::{Played, play, start_playing};
use millrace_tests::fake::Fake;
use millrace_tests::media::{BOTH, Media};
use millrace_tests::{Config, Frames, Server};

/// The key of the film in its bucket, and the two together.
const KEY: &str = "film.mp4";
const PATH: &str = "films/film.mp4";

/// A film at the fake.
struct Stage {
    fake: Fake,
    media: Media,
    whole: Frames,
}

impl Stage {
    /// A film of several blocks.
    fn new() -> Self {
        Self::with(Media::make(KEY, &[BOTH, "-bf 2 -b:v 2M -c:a aac"]))
    }

    fn with(media: Media) -> Self {
        let fake = Fake::start();
        fake.put("films", KEY, media.bytes());
        let whole = Frames::of_file(media.path());
        Self { fake, media, whole }
    }

    /// Short waits, so that tests need not wait long for what never comes.
    fn impatient(&self) -> Config {
        self.fake.config().with(
            "[origin]\nanswer_timeout = \"2s\"\nstall_timeout = \"1s\"\nblock_timeout = \"20s\"\nretry = \"20s\"",
        )
    }

    /// Plays the film through a new server while the fake misbehaves; it must arrive whole.
    fn survives(&self, rule: Rule, fault: Fault) {
        let what = format!("{fault:?}, {rule:?}");
        let before = self.fake.requests().len();
        self.fake.inject(rule, fault);
        let server = Server::serve(&self.impatient());
        let saved = self.media.beside("saved.flv");
        let played = play(&server.url("mp4:film.mp4"), &["--output", &saved.to_string_lossy()]);
        self.fake.heal();
        assert_eq!(played.report["failed"], 0, "{what}: {:#}", played.report);
        Frames::of_file(&saved).assert_same(&self.whole, &what);
        assert!(self.fake.requests().len() > before, "{what}: nothing was asked");
    }

    /// Plays the film while the fake misbehaves for good; the failure must name this code. The answer is the
    /// server, after the fake has been healed.
    fn fails_with(&self, fault: Fault, code: &str) -> Server {
        let what = format!("{fault:?}");
        self.fake.inject(Rule::any(), fault);
        let config = self
            .fake
            .config()
            .with("[origin]\nanswer_timeout = \"1s\"\nstall_timeout = \"1s\"\nretry = \"2s\"");
        let server = Server::serve(&config);
        let failures = play(&server.url("mp4:film.mp4"), &[]).failures();
        self.fake.heal();
        assert!(failures.contains(code), "{what}: {failures}");
        server
    }
}

#[test]
fn errors_for_a_while_are_not_seen() {
    let stage = Stage::new();
    for fault in [Fault::internal_error(), Fault::slow_down()] {
        stage.survives(Rule::any().times(3), fault.clone());
        stage.survives(Rule::any().after(2).times(3), fault);
    }
}

#[test]
fn bodies_that_are_cut_or_reset_are_not_seen() {
    let stage = Stage::new();
    for after in [0, 1, 100_000, 300_000] {
        stage.survives(Rule::any().times(3), Fault::Cut { after });
        stage.survives(Rule::any().after(1).times(3), Fault::Reset { after });
    }
}

#[test]
fn answers_of_wrong_lengths_and_places_are_refused_and_never_shown() {
    let stage = Stage::new();
    let faults = [
        Fault::LongLength { extra: 1000 },
        Fault::LongBody { extra: 1000 },
        Fault::ShiftedRange { by: 10 },
        Fault::NoTag,
    ];
    for fault in faults {
        // Asking again would bring the same: something between us and the bucket is broken.
        let mut server = stage.fails_with(fault.clone(), "NetStream.Play.Failed");
        let log = server.wait_for_event("can't play");
        assert!(log.contains("film.mp4"), "{fault:?}: {log}");
        let saved = stage.media.beside("saved.flv");
        let _ = play(&server.url("mp4:film.mp4"), &["--output", &saved.to_string_lossy()]).ok();
        Frames::of_file(&saved).assert_same(&stage.whole, &format!("after {fault:?}"));
    }
}

#[test]
fn a_store_that_knows_no_ranges_is_refused() {
    let stage = Stage::new();
    let _ = stage.fails_with(Fault::IgnoreRange, "NetStream.Play.Failed");
}

#[test]
fn answers_that_stand_still_or_never_come_are_not_seen() {
    let stage = Stage::new();
    stage.survives(Rule::any().after(1).times(1), Fault::Stall { after: 70_000 });
    stage.survives(Rule::any().times(1), Fault::Silent);
}

#[test]
fn slow_bytes_arrive_whole() {
    let stage = Stage::new();
    stage.survives(Rule::any(), Fault::Trickle { piece: 8192, pause: Duration::from_millis(2) });
}

#[test]
fn errors_without_end_are_told_as_a_failure() {
    let stage = Stage::new();
    let _ = stage.fails_with(Fault::internal_error(), "NetStream.Play.Failed");
    let _ = stage.fails_with(Fault::slow_down(), "NetStream.Play.Failed");
    let _ = stage.fails_with(Fault::Silent, "NetStream.Play.Failed");
}

#[test]
fn what_is_missing_or_forbidden_is_not_found() {
    let stage = Stage::new();
    let _ = stage.fails_with(Fault::no_such_key(), "NetStream.Play.StreamNotFound");
    let _ = stage.fails_with(Fault::access_denied(), "NetStream.Play.StreamNotFound");
}

#[test]
fn what_is_no_film_is_told_as_such() {
    let fake = Fake::start();
    fake.put("films", "text.mp4", "This is no film. ".repeat(1000));
    fake.put("films", "empty.mp4", "");
    let server = Server::serve(&fake.config());
    for name in ["mp4:text.mp4", "mp4:empty.mp4"] {
        let failures = play(&server.url(name), &[]).failures();
        assert!(failures.contains("NetStream.Play.FileStructureInvalid"), "{name}: {failures}");
    }
}

#[test]
fn errors_in_the_middle_of_a_film_that_does_not_end_tell_the_viewer_so() {
    let stage = Stage::new();
    // The head and the index are read before; what comes behind fails for good.
    stage.fake.inject(Rule::key(PATH).after(2), Fault::internal_error());
    let config = stage.fake.config().with("[origin]\nread_ahead = \"256 KiB\"\nretry = \"2s\"");
    let server = Server::serve(&config);
    let saved = stage.media.beside("saved.flv");
    let played = play(&server.url("mp4:film.mp4"), &["--output", &saved.to_string_lossy()]);
    assert!(played.failures().contains("NetStream.Play.Failed"), "{}", played.failures());
}

#[test]
fn a_film_that_is_replaced_while_it_plays_is_never_mixed_with_the_new_one() {
    let stage = Stage::with(Media::make(KEY, &[BOTH, "-bf 2 -b:v 8M -c:a aac -movflags +faststart"]));
    let other = Media::make(KEY, &[BOTH, "-bf 2 -b:v 8M -c:a aac -movflags +faststart -vf hflip"]);
    // Little is read ahead and little is kept, so that most of the film is asked for after the change.
    let config =
        stage.fake.config().with("[origin]\nread_ahead = \"256 KiB\"").with("[cache]\nmemory = \"2 MiB\"");
    let mut server = Server::serve(&config);
    let saved = stage.media.beside("saved.flv");
    let viewer = start_playing(&server.url("mp4:film.mp4"), &["--output", &saved.to_string_lossy()]);
    server.wait_for_event("plays \"mp4:film.mp4\"");
    stage.fake.put("films", KEY, other.bytes());
    let played = Played::of(viewer.finish());
    let got = Frames::of_file(&saved);
    let old = &stage.whole.video[..got.video.len()];
    millrace_tests::frames::same_content(&got.video, old, "the viewer who played");
    let whole = got.video.len() == stage.whole.video.len();
    assert!(whole || played.failures().contains("NetStream.Play.Failed"), "{}", played.failures());
    Frames::of_url(&server.url("mp4:film.mp4"), &[])
        .assert_same(&Frames::of_file(other.path()), "a new viewer");
}

#[test]
fn a_hundred_viewers_of_a_cold_film_cost_its_bytes_once() {
    let stage = Stage::new();
    let server = Server::serve(&stage.fake.config());
    stage.fake.set_latency(Duration::from_millis(30));
    let _ = play(&server.url("mp4:film.mp4"), &["--viewers", "100"]).ok();
    let (bytes, length) = (stage.fake.bytes(), stage.media.bytes().len() as u64);
    assert!(bytes * 100 <= length * 105, "{bytes} bytes were read of a film of {length}");
}

/// How many requests the first picture costs.
fn requests_to_open(media: Media) -> Vec<millrace_s3_fake::Seen> {
    let stage = Stage::with(media);
    // What is read ahead is not needed for the first picture.
    let server = Server::serve(&stage.fake.config().with("[origin]\nread_ahead = \"0 B\""));
    let _ = play(&server.url("mp4:film.mp4"), &["--length", "40ms"]).ok();
    stage.fake.requests()
}

#[test]
fn the_first_picture_costs_three_requests_wherever_the_index_stands() {
    for flags in ["", "-movflags +faststart"] {
        let requests = requests_to_open(Media::make(KEY, &[BOTH, "-bf 2 -b:v 4M -c:a aac", flags]));
        assert!(requests.len() <= 3, "{flags:?}: {requests:#?}");
    }
}

#[test]
fn the_first_picture_of_a_film_of_hours_costs_three_requests_as_well() {
    // Two hours of next to nothing: an index of megabytes.
    let hours = "-f lavfi -i color=size=32x32:rate=25:duration=7200 -f lavfi -i anullsrc=r=44100:cl=mono -t 7200 \
        -c:v libx264 -preset ultrafast -bf 2 -g 250 -threads 1 -c:a libmp3lame -b:a 32k";
    let behind = Media::make(KEY, &[hours]);
    let front = behind.remake(KEY, "-i @ -c copy -movflags +faststart");
    for media in [behind, front] {
        let requests = requests_to_open(media);
        assert!(requests.len() <= 3, "{requests:#?}");
    }
}
