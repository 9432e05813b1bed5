//! What is said on a connection, from the first command to the last.

mod pair;

use std::time::Duration;

use millrace_amf::{Object, Value};
use millrace_rtmp::Error;
use millrace_rtmp::command::{Command, Encoding};
use millrace_rtmp::message::UserControl;
use millrace_rtmp::session::{
    ClientEvent, ClientPlay, Event, Limits, Play, Play2, Rejection, Start, Transition,
};
use millrace_rtmp::status::{Status, code};
use pair::Pair;

fn play() -> ClientPlay {
    ClientPlay::new("cfx/st", "rtmp://s1.example.net/cfx/st", "mp4:film")
}

fn asks(name: &str, arguments: Vec<Value>) -> Command {
    Command::new(name, 7.0, arguments)
}

#[test]
fn connect_create_stream_and_play_lead_to_a_play_event() {
    let pair = Pair::playing("mp4:film.mp4?Expires=1");
    let connect = pair.connect.as_ref().expect("a connect");
    assert_eq!((connect.app.as_str(), connect.tc_url.as_str()), ("cfx/st", "rtmp://s1.example.net/cfx/st"));
    let expected =
        Play { name: "mp4:film.mp4?Expires=1".to_owned(), start: Start::At(0), length_ms: None, reset: true };
    assert_eq!(pair.asked[0], Event::Play { stream: 1, play: expected });
    assert_eq!(pair.asked[1], Event::BufferLength { stream: 1, ms: 3000 });
}

#[test]
fn after_connect_comes_what_flvplayback_waits_for() {
    let pair = Pair::playing("x");
    assert_eq!(pair.told[0], ClientEvent::Control(UserControl::StreamBegin(0)));
    assert_eq!(pair.told[1], ClientEvent::Connected);
    assert_eq!(pair.replies()[0].name, "onBWDone");
}

#[test]
fn the_reply_to_connect_lists_codecs_only_for_those_who_asked() {
    let mut enhanced = play();
    enhanced.four_ccs = vec!["hvc1".to_owned(), "av01".to_owned()];
    let mut pair = Pair::new(enhanced);
    pair.talk().expect("both speak RTMP");
    assert_eq!(pair.connect.expect("a connect").four_ccs, ["hvc1", "av01"]);
}

#[test]
fn object_encoding_3_is_answered_in_kind_and_understood() {
    let mut amf3 = play();
    amf3.encoding = Encoding::Amf3;
    let mut pair = Pair::new(amf3);
    pair.talk().expect("both speak RTMP");
    assert_eq!(pair.connect.as_ref().expect("a connect").encoding, Encoding::Amf3);
    assert!(matches!(&pair.asked[0], Event::Play { play, .. } if play.name == "mp4:film"));
    pair.server.status(1, &Status::ok(code::PLAY_START, "Started.").about("mp4:film"));
    pair.talk().expect("both speak RTMP");
    assert_eq!(pair.codes(), [code::PLAY_START]);
}

#[test]
fn a_rejected_connect_is_told_in_cloudfronts_words_and_closed() {
    let mut pair = Pair::new(play());
    pair.accepts = false;
    pair.talk().expect("both speak RTMP");
    assert!(matches!(pair.asked[0], Event::Connect(_)));
    let reason = "DistributionNotFound".to_owned();
    pair.server.reject(&Rejection { reason, description: "nobody of that name".to_owned() });
    assert!(pair.server.is_closing());
    let refused = pair.talk().expect_err("the client is told");
    assert!(matches!(refused, Error::Refused { code, description }
        if code == code::CONNECT_REJECTED && description.contains("DistributionNotFound")));
}

#[test]
fn commands_before_connect_and_a_second_connect_end_the_connection() {
    let mut pair = Pair::playing("x");
    let second = Command { object: Object::new().with("app", "cfx/st").into(), ..asks("connect", vec![]) };
    pair.client.command(&second);
    assert!(matches!(pair.talk(), Err(Error::BadMessage { what: "a second connect", .. })));
}

#[test]
fn special_starts_come_scaled_by_a_thousand_or_bare() {
    let mut pair = Pair::playing("x");
    for (sent, start) in [
        (-2000.0, Start::Any),
        (-2.0, Start::Any),
        (-1000.0, Start::Live),
        (-1.0, Start::Live),
        (0.0, Start::At(0)),
        (12_500.7, Start::At(12_500)),
    ] {
        let asked = pair.command(&asks("play", vec!["x".into(), sent.into(), (-1000.0).into()]));
        assert!(matches!(&asked[0], Event::Play { play, .. } if play.start == start), "{sent}: {asked:?}");
    }
}

#[test]
fn length_and_reset_have_their_odd_values() {
    let mut pair = Pair::playing("x");
    let mut ask = |length: f64, reset: Value| {
        let asked = pair.command(&asks("play", vec!["x".into(), 0.0.into(), length.into(), reset]));
        match &asked[..] {
            [Event::Play { play, .. }] => (play.length_ms, play.reset),
            other => panic!("no play: {other:?}"),
        }
    };
    assert_eq!(ask(-1000.0, true.into()), (None, true));
    assert_eq!(ask(0.0, false.into()), (Some(0), false));
    assert_eq!(ask(500.0, 0.0.into()), (Some(500), false));
    assert_eq!(ask(500.0, 3.0.into()), (Some(500), true));
    assert_eq!(ask(500.0, Value::Undefined), (Some(500), true));
}

#[test]
fn play_false_and_close_stream_stop() {
    let mut pair = Pair::playing("x");
    assert_eq!(pair.command(&asks("play", vec![false.into()])), [Event::Stop { stream: 1 }]);
    assert_eq!(pair.command(&asks("closeStream", vec![])), [Event::Stop { stream: 1 }]);
}

#[test]
fn pause_seek_and_the_receive_switches_become_events() {
    let mut pair = Pair::playing("x");
    let paused = pair.command(&asks("pauseRaw", vec![true.into(), 1500.0.into()]));
    assert_eq!(paused, [Event::Pause { stream: 1, pause: true, position_ms: 1500 }]);
    let sought = pair.command(&asks("seek", vec![9870.0.into()]));
    assert_eq!(sought, [Event::Seek { stream: 1, position_ms: 9870.0 }]);
    assert_eq!(
        pair.command(&asks("receiveAudio", vec![false.into()])),
        [Event::ReceiveAudio { stream: 1, on: false }]
    );
    assert_eq!(
        pair.command(&asks("receiveVideo", vec![25.0.into()])),
        [Event::ReceiveVideo { stream: 1, on: true }]
    );
}

#[test]
fn play2_carries_its_options() {
    let mut pair = Pair::playing("x");
    let options = Object::new()
        .with("streamName", "mp4:hd")
        .with("oldStreamName", "mp4:sd")
        .with("start", -2.0)
        .with("len", -1.0)
        .with("offset", 12.5)
        .with("transition", "switch");
    let asked = pair.command(&asks("play2", vec![options.into()]));
    let play = Play { name: "mp4:hd".to_owned(), start: Start::Any, length_ms: None, reset: true };
    let play2 = Play2 {
        play,
        old_name: Some("mp4:sd".to_owned()),
        offset_ms: Some(12_500),
        transition: Transition::Switch,
    };
    assert_eq!(asked, [Event::Play2 { stream: 1, play2 }]);
    assert!(pair.command(&asks("play2", vec![Value::Null])).is_empty());
    assert_eq!(pair.codes(), [code::PLAY_FAILED]);
}

#[test]
fn questions_about_bandwidth_are_answered() {
    let mut pair = Pair::playing("x");
    pair.command(&asks("_checkbw", vec![]));
    assert_eq!((pair.replies()[0].name.as_str(), pair.replies()[0].transaction), ("_result", 7.0));
    pair.command(&asks("checkBandwidth", vec![]));
    let names: Vec<_> = pair.replies().iter().map(|command| command.name.as_str()).collect();
    assert_eq!(names, ["_result", "onBWDone"]);
    assert_eq!(pair.replies()[1].arguments, vec![Value::Number(0.0); 4]);
}

#[test]
fn the_length_of_a_stream_is_asked_above_and_answered_behind_a_null() {
    let mut pair = Pair::playing("x");
    let asked = pair.command(&asks("getStreamLength", vec!["mp3:song".into()]));
    assert_eq!(asked, [Event::StreamLength { transaction: 7.0, name: "mp3:song".to_owned() }]);
    pair.server.stream_length(7.0, 12.5);
    pair.talk().expect("both speak RTMP");
    assert_eq!(pair.replies()[0].object, Value::Null);
    assert_eq!(pair.replies()[0].argument(0), &Value::Number(12.5));
}

#[test]
fn fcsubscribe_is_answered_as_jw_player_waits_for() {
    let mut pair = Pair::playing("x");
    pair.command(&asks("FCSubscribe", vec!["film".into()]));
    let replies = pair.replies();
    assert_eq!((replies[0].name.as_str(), replies[1].name.as_str()), ("_result", "onFCSubscribe"));
    assert_eq!(replies[1].argument(0).get("code"), Some(&code::PLAY_START.into()));
}

#[test]
fn unknown_commands_get_an_error_only_if_they_want_an_answer() {
    let mut pair = Pair::playing("x");
    pair.command(&asks("brewCoffee", vec![]));
    assert_eq!((pair.replies()[0].name.as_str(), pair.replies()[0].transaction), ("_error", 7.0));
    pair.command(&Command::new("brewCoffee", 0.0, vec![]));
    assert!(pair.replies().is_empty());
}

#[test]
fn publish_is_refused() {
    let mut pair = Pair::playing("x");
    assert!(pair.command(&asks("publish", vec!["x".into(), "live".into()])).is_empty());
    assert_eq!(pair.codes(), [code::PUBLISH_DENIED]);
}

#[test]
fn streams_are_numbered_from_one_reused_and_bounded() {
    let mut pair = Pair::playing("x");
    for id in 2..=8u32 {
        pair.command(&asks("createStream", vec![]));
        assert_eq!(pair.replies()[0].argument(0), &Value::from(id));
    }
    pair.command(&asks("createStream", vec![]));
    assert_eq!(pair.replies()[0].name, "_error");
    assert_eq!(pair.command(&asks("deleteStream", vec![3.0.into()])), [Event::Delete { stream: 3 }]);
    pair.command(&asks("createStream", vec![]));
    assert_eq!(pair.replies()[0].argument(0), &Value::from(3));
}

#[test]
fn a_name_over_the_limit_is_not_found() {
    let mut pair = Pair::playing("x");
    let asked = pair.command(&asks("play", vec!["x".repeat(4097).into(), 0.0.into()]));
    assert!(asked.is_empty());
    assert_eq!(pair.codes(), [code::PLAY_STREAM_NOT_FOUND]);
}

#[test]
fn more_commands_than_any_player_sends_end_the_connection() {
    let mut pair = Pair::playing("x");
    for _ in 0..101 {
        pair.client.seek(1000.0);
    }
    assert_eq!(pair.talk(), Err(Error::TooManyCommands(100)));
}

#[test]
fn a_silent_peer_is_given_only_so_long_for_each_step() {
    let mut pair = Pair::new(play());
    assert_eq!(pair.wait(Duration::from_secs(200)), Err(Error::Timeout("handshake")));
    assert_eq!(pair.now, Duration::from_secs(110));

    let mut pair = Pair::new(play());
    pair.accepts = false;
    pair.talk().expect("both speak RTMP");
    let mut quiet = Pair::playing("x");
    assert_eq!(quiet.wait(Duration::from_secs(300)), Err(Error::Timeout("command")));
    assert_eq!(quiet.now, Duration::from_secs(160), "60 s after its last command");
}

#[test]
fn a_viewer_who_plays_is_pinged_and_dropped_if_it_does_not_answer() {
    let mut pair = Pair::playing("x");
    pair.server.set_playing(true, pair.now);
    pair.wait(Duration::from_secs(165)).expect("a ping after 60 s of silence");
    pair.talk().expect("the client answers");
    pair.wait(Duration::from_secs(224)).expect("the answer counts as a sign of life");
    assert_eq!(pair.wait(Duration::from_secs(400)), Err(Error::Timeout("answer to a ping")));
    assert_eq!(pair.now, Duration::from_secs(165 + 60 + 30));
}

#[test]
fn a_viewer_is_acknowledged_when_its_window_is_full() {
    let mut pair = Pair::playing("x");
    let window = millrace_rtmp::message::Message::control(5, 10_000);
    let mut input = bytes::BytesMut::from(&pair::raw(&window)[..]);
    pair.server.receive(&mut input, pair.now).expect("a window size");
    let big = Command::new("x", 0.0, vec!["y".repeat(60_000).into()]).to_message(0, Encoding::Amf0);
    let mut input = bytes::BytesMut::from(&pair::raw(&big)[..]);
    pair.server.receive(&mut input, pair.now).expect("a large command");
    let answer = pair.server.take_output();
    assert_eq!(answer[7], 3, "an acknowledgement: {answer:?}");
}

#[test]
fn a_server_that_stops_says_so() {
    let mut pair = Pair::playing("x");
    pair.told.clear();
    pair.server.shut_down();
    pair.talk().expect("both speak RTMP");
    assert!(pair.server.is_closing());
    assert_eq!(pair.replies()[0].name, "close");
}

#[test]
fn limits_can_be_set() {
    let limits = Limits { streams: 1, ..Limits::default() };
    let mut pair = Pair::with_limits(play(), limits);
    pair.talk().expect("both speak RTMP");
    pair.command(&asks("createStream", vec![]));
    assert_eq!(pair.replies()[0].name, "_error");
}
