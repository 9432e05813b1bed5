//! play2: other items, and other qualities of the same content.

use std::time::Duration;

use millrace_amf::Object;
use millrace_rtmp::session::{Play, Play2, Server, Start, Transition};
use millrace_rtmp::status::{Status, code, play_status};

use super::player::{Mode, Player, State};
use super::work::{Opened, Work};
use crate::outbox::Outbox;

/// How often another place is looked for when playback has passed the one that was found.
const TRIES: u32 = 5;

/// A quality that is to take over.
pub(super) struct Switch {
    pub(super) name: String,
    pub(super) work: Option<Work>,
    pub(super) ready: Option<Opened>,
    tries: u32,
}

impl Player {
    /// play2.
    pub(crate) fn play2(&mut self, play2: Play2, protocol: &mut Server, outbox: &mut Outbox, now: Duration) {
        let mut play = play2.play;
        match play2.transition {
            Transition::Stop => self.stop(protocol, outbox),
            Transition::Append => self.play(play, protocol, outbox, now),
            Transition::Resume => {
                play.start = play2.offset_ms.map_or(play.start, Start::At);
                self.play(play, protocol, outbox, now);
            }
            Transition::Swap => self.swap(play, play2.old_name.as_deref(), protocol),
            Transition::Switch => match &self.state {
                State::Playing { playing, mode } if !matches!(mode, Mode::Ended { .. }) => {
                    let (next_ms, base_ms) = (playing.next_ms(), playing.base_ms);
                    let from_ms = play2.offset_ms.map(|ms| (i64::from(ms) + base_ms).max(0) as u64);
                    if from_ms.is_some_and(|from_ms| from_ms < next_ms) {
                        let what = "the offset of the switch was sent already".to_owned();
                        return self.fail(code::PLAY_FAILED, &play.name, what, protocol);
                    }
                    self.prepare(play.name, from_ms.unwrap_or(next_ms), 0);
                }
                _ => self.play(play, protocol, outbox, now),
            },
            Transition::Reset => self.play(play, protocol, outbox, now),
        }
    }

    /// Another item takes the place of one that did not begin yet.
    fn swap(&mut self, play: Play, old_name: Option<&str>, protocol: &mut Server) {
        match self.playlist.iter_mut().find(|item| Some(item.name.as_str()) == old_name) {
            Some(item) => *item = play,
            None => {
                let what = "oldStreamName is not in the playlist, or plays already".to_owned();
                self.fail(code::PLAY_FAILED, &play.name, what, protocol);
            }
        }
    }

    fn prepare(&mut self, name: String, from_ms: u64, tries: u32) {
        let work = Some(self.access.preparing(name.clone(), from_ms));
        self.switch = Some(Switch { name, work, ready: None, tries });
    }

    /// The other quality is open. It takes over at its key frame, unless playback has passed that.
    pub(super) fn prepared(&mut self, opened: Opened, protocol: &mut Server) {
        let (Some(switch), State::Playing { playing, .. }) = (&mut self.switch, &self.state) else { return };
        switch.work = None;
        let (next_ms, at_ms) = (playing.next_ms(), opened.position.time_ms());
        if at_ms >= next_ms {
            switch.ready = Some(opened);
            let text = format!("Transition to {} at {at_ms} ms.", switch.name);
            let status = Status::ok(code::PLAY_TRANSITION, text).about(&switch.name);
            protocol.status(self.id, &status);
        } else if switch.tries < TRIES {
            let (name, tries) = (switch.name.clone(), switch.tries + 1);
            self.prepare(name, next_ms + 1000, tries);
        } else {
            let name = switch.name.clone();
            self.switch = None;
            let what = "playback stays ahead of every place where a switch could be made".to_owned();
            self.fail(code::PLAY_FAILED, &name, what, protocol);
        }
    }

    /// The old title was played up to the place of the switch: the new one goes on from there.
    pub(super) fn take_over(&mut self, protocol: &mut Server) {
        let (Some(switch), State::Playing { playing, .. }) = (self.switch.take(), &mut self.state) else {
            return;
        };
        let Some(opened) = switch.ready else { return };
        playing.change_title(switch.name.clone(), opened);
        let details = Object::new()
            .with("details", switch.name.as_str())
            .with("reason", "NetStream.Transition.Success");
        protocol.data(self.id, 0, &play_status(code::PLAY_TRANSITION_COMPLETE, details));
        let State::Playing { playing, .. } = &self.state else { return };
        self.describe(playing, protocol);
    }
}
