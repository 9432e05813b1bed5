//! One play stream: what its viewer asked for, and what it is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use millrace_amf::{Object, Value};
use millrace_rtmp::message::UserControl;
use millrace_rtmp::session::{Play, Server, Start};
use millrace_rtmp::status::{Status, code, play_status};

use super::play::{Delivery, Next, Playing};
use super::switch::Switch;
use super::work::{Access, Done, Opened, Work, locating};
use crate::EventKind;
use crate::outbox::Outbox;
use crate::pacing::Pace;
use crate::titles::PlayError;

/// After the end a viewer is pinged at these times: curl gets the end of a file out of its buffer only when its
/// socket becomes readable once more.
const PINGS_AFTER_END: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// One play stream of a connection.
pub(crate) struct Player {
    pub(crate) id: u32,
    pub(super) access: Access,
    buffer: Duration,
    audio: bool,
    video: bool,
    /// What plays after the present item.
    pub(super) playlist: VecDeque<Play>,
    pub(super) state: State,
    /// What the stream waits for.
    work: Option<Work>,
    /// A quality that is being prepared, and the work that does it.
    pub(super) switch: Option<Switch>,
    events: Vec<EventKind>,
}

pub(super) enum State {
    Idle,
    Opening(Opening),
    Playing { playing: Box<Playing>, mode: Mode },
}

/// A play whose title is not open yet, and what was asked since.
pub(super) struct Opening {
    play: Play,
    asked: Duration,
    paused: bool,
    seek_ms: Option<f64>,
    /// The stamp at which it begins, for an item of a playlist.
    follows_ms: Option<u64>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mode {
    /// Segments are sent as they fall due.
    Running,
    Paused,
    /// Paused, and one picture of the place that was sought is still to be sent.
    Showing,
    /// A seek is being looked up; the second says whether to stay paused then.
    Seeking {
        target_ms: u64,
        paused: bool,
    },
    /// Everything was sent at this time, and so many pings since.
    Ended {
        at: Duration,
        pings: usize,
    },
}

impl Player {
    pub(crate) fn new(id: u32, access: Access, buffer: Duration) -> Self {
        Self {
            id,
            access,
            buffer,
            audio: true,
            video: true,
            playlist: VecDeque::new(),
            state: State::Idle,
            work: None,
            switch: None,
            events: Vec::new(),
        }
    }

    /// Whether a viewer's silence is no idleness: something plays, or will.
    pub(crate) fn is_busy(&self) -> bool {
        match &self.state {
            State::Idle => false,
            State::Opening(_) => true,
            State::Playing { mode, .. } => !matches!(mode, Mode::Ended { .. }),
        }
    }

    /// What happened since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<EventKind> {
        std::mem::take(&mut self.events)
    }

    /// The work that is to be polled.
    pub(crate) fn work(&mut self) -> impl Iterator<Item = &mut Work> {
        self.work.iter_mut().chain(self.switch.as_mut().and_then(|switch| switch.work.as_mut()))
    }

    /// Whether there is such work.
    pub(crate) fn is_working(&self) -> bool {
        self.work.is_some() || self.switch.as_ref().is_some_and(|switch| switch.work.is_some())
    }

    /// When [`Player::next`] wants to be called, if nothing else happens.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match &self.state {
            State::Playing { playing, mode: Mode::Running | Mode::Showing } if self.work.is_none() => {
                Some(playing.due())
            }
            State::Playing { mode: Mode::Ended { at, pings }, .. } => {
                PINGS_AFTER_END.get(*pings).map(|after| *at + *after)
            }
            _ => None,
        }
    }

    /// play.
    pub(crate) fn play(&mut self, play: Play, protocol: &mut Server, outbox: &mut Outbox, now: Duration) {
        if !play.reset && self.is_busy() {
            return self.append(play, protocol);
        }
        self.halt(outbox);
        self.playlist.clear();
        self.open(play, None, now);
    }

    fn append(&mut self, play: Play, protocol: &mut Server) {
        if self.playlist.len() >= self.access.shared.limits.playlist {
            let what = format!("the playlist holds {} items already", self.playlist.len());
            return self.fail(code::PLAY_FAILED, &play.name, what, protocol);
        }
        self.playlist.push_back(play);
    }

    fn open(&mut self, play: Play, follows_ms: Option<u64>, now: Duration) {
        let start_ms = match play.start {
            Start::Any | Start::Live => 0,
            Start::At(ms) => u64::from(ms),
        };
        self.work = Some(self.access.opening(play.name.clone(), start_ms));
        self.state = State::Opening(Opening { play, asked: now, paused: false, seek_ms: None, follows_ms });
    }

    /// play(false), closeStream, or the end of the stream.
    pub(crate) fn stop(&mut self, protocol: &mut Server, outbox: &mut Outbox) {
        self.playlist.clear();
        if self.is_busy() {
            self.halt(outbox);
            protocol.status(self.id, &Status::ok(code::PLAY_STOP, "Stopped."));
        }
        self.state = State::Idle;
    }

    /// Stops whatever is on the way, telling the operator.
    pub(crate) fn halt(&mut self, outbox: &mut Outbox) {
        outbox.stop_segment(self.id);
        (self.work, self.switch) = (None, None);
        let before = std::mem::replace(&mut self.state, State::Idle);
        if let State::Playing { playing, mode } = before
            && !matches!(mode, Mode::Ended { .. })
        {
            self.stopped(&playing, false);
        }
    }

    fn stopped(&mut self, playing: &Playing, complete: bool) {
        self.events.push(EventKind::Stopped {
            name: playing.name.clone(),
            complete,
            bytes: playing.bytes,
            position_ms: playing.sent_ms,
        });
    }

    /// seek. The newest wins: an older one that is still looked up is forgotten.
    pub(crate) fn seek(&mut self, target_ms: f64, protocol: &mut Server, outbox: &mut Outbox) {
        if !target_ms.is_finite() || target_ms < 0.0 {
            let status = Status::error(code::SEEK_FAILED, format!("{target_ms} is no place to seek to."));
            return protocol.status(self.id, &status);
        }
        match &mut self.state {
            State::Idle => {
                let status = Status::error(code::SEEK_FAILED, "Nothing plays that could be sought in.");
                protocol.status(self.id, &status);
            }
            State::Opening(opening) => opening.seek_ms = Some(target_ms),
            State::Playing { playing, mode } => {
                // Whoever may not seek stays where it is.
                if let Err(denied) = self.access.may_seek(playing.grant.as_deref()) {
                    let name = playing.name.clone();
                    return self.refuse(&name, &denied.into(), protocol);
                }
                outbox.stop_segment(self.id);
                let paused =
                    matches!(mode, Mode::Paused | Mode::Showing | Mode::Seeking { paused: true, .. });
                let target_ms = target_ms as u64;
                *mode = Mode::Seeking { target_ms, paused };
                let within = target_ms.min(playing.title.title.duration_ms());
                self.work = Some(locating(Arc::clone(&playing.title), within, playing.selection()));
                self.switch = None;
            }
        }
    }

    /// pause.
    pub(crate) fn pause(&mut self, position_ms: u32, protocol: &mut Server, outbox: &mut Outbox) {
        let name = match &mut self.state {
            State::Idle => return,
            State::Opening(opening) => {
                opening.paused = true;
                opening.play.name.clone()
            }
            State::Playing { playing, mode } => {
                match mode {
                    Mode::Running => {
                        if let Some(rest) = outbox.stop_segment(self.id) {
                            playing.hold(rest);
                        }
                        self.work = None;
                        *mode = Mode::Paused;
                    }
                    Mode::Seeking { paused, .. } => *paused = true,
                    Mode::Paused | Mode::Showing | Mode::Ended { .. } => {}
                }
                playing.name.clone()
            }
        };
        protocol.status(self.id, &Status::ok(code::PAUSE_NOTIFY, format!("Pausing {name}.")).about(&name));
        protocol.user_control(UserControl::StreamEof(self.id));
        self.events.push(EventKind::Paused { position_ms });
    }

    /// pause(false).
    pub(crate) fn unpause(&mut self, position_ms: u32, protocol: &mut Server, now: Duration) {
        let name = match &mut self.state {
            State::Idle => return,
            State::Opening(opening) => {
                opening.paused = false;
                opening.play.name.clone()
            }
            State::Playing { playing, mode } => {
                let media_ms = (i64::from(position_ms) + playing.base_ms).max(0) as u64;
                match mode {
                    Mode::Paused | Mode::Showing => {
                        self.work = resume(playing, media_ms, self.buffer, now);
                        *mode = Mode::Running;
                    }
                    Mode::Seeking { paused, .. } => *paused = false,
                    Mode::Running | Mode::Ended { .. } => {}
                }
                playing.name.clone()
            }
        };
        protocol.user_control(UserControl::StreamIsRecorded(self.id));
        protocol.user_control(UserControl::StreamBegin(self.id));
        protocol
            .status(self.id, &Status::ok(code::UNPAUSE_NOTIFY, format!("Unpausing {name}.")).about(&name));
        self.events.push(EventKind::Unpaused { position_ms });
    }

    /// receiveAudio and receiveVideo.
    pub(crate) fn receive(&mut self, audio: Option<bool>, video: Option<bool>) {
        self.audio = audio.unwrap_or(self.audio);
        self.video = video.unwrap_or(self.video);
        if let State::Playing { playing, .. } = &mut self.state {
            // Work goes on: it may be the way back of an unpause, and a segment for nothing is asked for no more.
            playing.receive(self.audio, self.video);
        }
    }

    /// SetBufferLength.
    pub(crate) fn set_buffer(&mut self, buffer: Duration) {
        self.buffer = buffer;
        if let State::Playing { playing, .. } = &mut self.state {
            playing.pace.set_buffer(buffer);
        }
    }

    /// Takes what work brought.
    pub(crate) fn complete(&mut self, done: Done, protocol: &mut Server, outbox: &mut Outbox, now: Duration) {
        if !matches!(done, Done::Prepared(_)) {
            self.work = None;
        }
        match done {
            Done::Opened(Ok(opened)) => self.opened(opened, protocol, outbox, now),
            Done::Located(Ok(position)) => self.located(position, protocol, now),
            Done::Built(Ok((key, segment))) => {
                if let State::Playing { playing, .. } = &mut self.state {
                    playing.keep(key, segment);
                }
            }
            Done::Prepared(Ok(opened)) => self.prepared(opened, protocol),
            Done::Prepared(Err(error)) => {
                let name = self.switch.take().map(|switch| switch.name).unwrap_or_default();
                self.refuse(&name, &error, protocol);
            }
            Done::Opened(Err(error)) | Done::Located(Err(error)) | Done::Built(Err(error)) => {
                let name = match &self.state {
                    State::Opening(opening) => opening.play.name.clone(),
                    State::Playing { playing, .. } => playing.name.clone(),
                    State::Idle => return,
                };
                self.halt(outbox);
                self.playlist.clear();
                self.refuse(&name, &error, protocol);
            }
        }
    }

    fn opened(&mut self, opened: Opened, protocol: &mut Server, outbox: &mut Outbox, now: Duration) {
        let State::Opening(opening) = std::mem::replace(&mut self.state, State::Idle) else { return };
        let Opening { play, asked, paused, seek_ms, follows_ms } = opening;
        let start_ms = opened.position.time_ms();
        self.access.shared.metrics.plays.one();
        self.events.push(EventKind::Playing {
            name: play.name.clone(),
            key: opened.title.key.clone(),
            start_ms,
            waited_ms: (now - asked).as_millis() as u64,
        });
        let length_ms = play.length_ms.map(u64::from);
        let mut playing = Playing::new(play.name.clone(), opened, length_ms, now, self.buffer);
        if let Some(at_ms) = follows_ms {
            playing.base_ms = start_ms as i64 - at_ms as i64;
        }
        let mode = if paused { Mode::Showing } else { Mode::Running };
        playing.receive(self.audio, self.video);
        if paused || play.length_ms == Some(0) {
            playing.show_one();
        }
        if play.length_ms == Some(0) {
            playing.until_ms = None;
        }
        protocol.user_control(UserControl::StreamIsRecorded(self.id));
        protocol.user_control(UserControl::StreamBegin(self.id));
        let name = play.name.as_str();
        if play.reset && follows_ms.is_none() {
            let text = format!("Playing and resetting {name}.");
            protocol.status(self.id, &Status::ok(code::PLAY_RESET, text).about(name));
        }
        self.announce(&playing, protocol);
        self.state = State::Playing { playing: Box::new(playing), mode };
        if let Some(target_ms) = seek_ms {
            self.seek(target_ms, protocol, outbox);
        }
    }

    /// Play.Start and what players want to know before the first picture.
    fn announce(&self, playing: &Playing, protocol: &mut Server) {
        let name = playing.name.as_str();
        protocol
            .status(self.id, &Status::ok(code::PLAY_START, format!("Started playing {name}.")).about(name));
        self.describe(playing, protocol);
    }

    pub(super) fn describe(&self, playing: &Playing, protocol: &mut Server) {
        let stamp = (playing.next_ms() as i64 - playing.base_ms).max(0) as u32;
        let access: [Value; 3] = ["|RtmpSampleAccess".into(), true.into(), true.into()];
        let start = Object::new().with("code", code::DATA_START);
        protocol.data(self.id, stamp, &access);
        protocol.data(self.id, stamp, &["onStatus".into(), start.into()]);
        protocol.data(self.id, stamp, &*playing.title.description(playing.selection()));
    }

    fn located(&mut self, position: millrace_media::Position, protocol: &mut Server, now: Duration) {
        let State::Playing { playing, mode } = &mut self.state else { return };
        let Mode::Seeking { target_ms, paused } = *mode else {
            // Not a seek: an unpause that went back to what the player no longer has.
            playing.jump(position, now, self.buffer);
            return;
        };
        playing.base_ms = 0;
        playing.jump(position, now, self.buffer);
        if paused {
            playing.show_one();
        }
        if target_ms > playing.title.title.duration_ms() {
            playing.exhaust();
        }
        *mode = if paused { Mode::Showing } else { Mode::Running };
        self.access.shared.metrics.seeks.one();
        self.events.push(EventKind::Sought { target_ms, landed_ms: position.time_ms() });
        protocol.user_control(UserControl::StreamEof(self.id));
        protocol.user_control(UserControl::StreamIsRecorded(self.id));
        protocol.user_control(UserControl::StreamBegin(self.id));
        let State::Playing { playing, .. } = &self.state else { return };
        let text = format!("Seeking {target_ms} (stream ID: {}).", self.id);
        protocol.status(self.id, &Status::ok(code::SEEK_NOTIFY, text).about(&playing.name));
        self.announce(playing, protocol);
    }

    /// The segment that is due, if one is. Speaks to the viewer where that has to be done first.
    pub(crate) fn next(&mut self, protocol: &mut Server, now: Duration) -> Option<Delivery> {
        self.ping_after_end(protocol, now);
        let shared = Arc::clone(&self.access.shared);
        loop {
            let State::Playing { playing, mode: Mode::Running | Mode::Showing } = &mut self.state else {
                return None;
            };
            if self.work.is_some() {
                return None;
            }
            let ready = self.switch.as_ref().and_then(|switch| switch.ready.as_ref());
            let switch_ms = ready.map(|opened| opened.position.time_ms());
            let end_ms = playing.until_ms;
            playing.until_ms = [switch_ms, end_ms].into_iter().flatten().min();
            let next = playing.next(&shared, self.id, now);
            playing.until_ms = end_ms;
            match next {
                Next::Send(delivery) => return Some(delivery),
                Next::Wait(work) => {
                    self.work = Some(work);
                    return None;
                }
                Next::Nothing => return None,
                Next::End if switch_ms.is_some() => self.take_over(protocol),
                Next::End => {
                    self.end(protocol, now);
                    return None;
                }
            }
        }
    }

    /// Everything of the title was handed out: the next item, or the end.
    fn end(&mut self, protocol: &mut Server, now: Duration) {
        let State::Playing { playing, mode } = &mut self.state else { return };
        if *mode == Mode::Showing {
            *mode = Mode::Paused;
            return;
        }
        let stamp = (playing.sent_ms as i64 - playing.base_ms).max(0) as u64;
        *mode = Mode::Ended { at: now, pings: 0 };
        let details = Object::new()
            .with("duration", playing.title.title.duration_ms() as f64 / 1000.0)
            .with("bytes", playing.bytes as f64);
        let (name, bytes, position_ms) = (playing.name.clone(), playing.bytes, playing.sent_ms);
        self.events.push(EventKind::Stopped { name: name.clone(), complete: true, bytes, position_ms });
        if let Some(item) = self.playlist.pop_front() {
            protocol.data(self.id, stamp as u32, &play_status(code::PLAY_SWITCH, details));
            // A frame's time after the last stamp, so that no two frames share one.
            return self.open(item, Some(stamp + 40), now);
        }
        protocol.data(self.id, stamp as u32, &play_status(code::PLAY_COMPLETE, details));
        let text = format!("Stopped playing {name}.");
        protocol.status(self.id, &Status::ok(code::PLAY_STOP, text).about(&name));
        protocol.user_control(UserControl::StreamEof(self.id));
    }

    fn ping_after_end(&mut self, protocol: &mut Server, now: Duration) {
        if let State::Playing { mode: Mode::Ended { at, pings }, .. } = &mut self.state
            && PINGS_AFTER_END.get(*pings).is_some_and(|after| now >= *at + *after)
        {
            *pings += 1;
            protocol.ping(now);
        }
    }

    fn refuse(&mut self, name: &str, error: &PlayError, protocol: &mut Server) {
        let (code, description) = error.for_viewer();
        protocol.status(self.id, &Status::error(code, description).about(name));
        self.events.push(match error {
            PlayError::Denied(denied) => {
                self.access.shared.metrics.refused.one();
                denied.event(name)
            }
            error => {
                self.access.shared.metrics.plays_failed.one();
                EventKind::PlayFailed { name: name.to_owned(), code, reason: error.to_string() }
            }
        });
    }

    pub(super) fn fail(&mut self, code: &'static str, name: &str, what: String, protocol: &mut Server) {
        protocol.status(self.id, &Status::error(code, what.as_str()).about(name));
        self.events.push(EventKind::PlayFailed { name: name.to_owned(), code, reason: what });
    }
}

/// Goes on after a pause. A player keeps its buffer, so sending goes on where it stopped; only one whose place lies
/// before everything it can still hold is taken back there.
fn resume(playing: &mut Playing, media_ms: u64, buffer: Duration, now: Duration) -> Option<Work> {
    // Behind a seek the position may still be the one before it: the two can cross on the wire.
    if playing.show_all() {
        playing.pace = Pace::new(playing.next_ms(), now, buffer);
        return None;
    }
    let held_ms = buffer.as_millis() as u64 + 2000;
    if media_ms + held_ms >= playing.sent_ms {
        playing.pace = Pace::new(media_ms.min(playing.sent_ms), now, buffer);
        return None;
    }
    Some(locating(Arc::clone(&playing.title), media_ms, playing.selection()))
}
