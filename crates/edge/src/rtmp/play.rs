//! A title that is being played: where it stands and which segment comes next.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millrace_media::{Position, Selection};
use millrace_sign::Grant;

use super::work::{self, Opened, Work};
use crate::edge::Shared;
use crate::outbox::Rest;
use crate::pacing::Pace;
use crate::segment::{Filter, Key, Restamp, Segment, Video, pack_headers, split_base};
use crate::titles::OpenTitle;

/// What comes next.
pub(crate) enum Next {
    /// Send this.
    Send(Delivery),
    /// Do this first; it ends in a segment.
    Wait(Work),
    /// Nothing is due.
    Nothing,
    /// Everything was sent.
    End,
}

/// A segment for one viewer.
pub(crate) struct Delivery {
    /// Sequence headers, for a viewer who starts here.
    pub(crate) preface: Bytes,
    pub(crate) segment: Arc<Segment>,
    pub(crate) restamp: Restamp,
}

/// A title and a cursor in it.
pub(crate) struct Playing {
    pub(crate) name: String,
    pub(crate) title: Arc<OpenTitle>,
    /// The right to it, for seeks.
    pub(crate) grant: Option<Arc<Grant>>,
    /// All that this viewer could get of it.
    selection: Selection,
    next: Option<Position>,
    /// The segment that was waited for: the cache may be too full, or too small, to have kept it.
    built: Option<(Key, Arc<Segment>)>,
    /// What of a segment a pause held back.
    rest: Option<Rest>,
    /// Media time from which on nothing is sent, ms.
    pub(crate) until_ms: Option<u64>,
    /// Media time minus this is the stamp, ms.
    pub(crate) base_ms: i64,
    pub(crate) pace: Pace,
    filter: Filter,
    /// Where the single picture that is shown while paused stands: playback goes on from there.
    shown: Option<Position>,
    needs_headers: bool,
    /// The last media time sent, ms.
    pub(crate) sent_ms: u64,
    /// Bytes of media sent.
    pub(crate) bytes: u64,
}

impl Playing {
    /// Plays what was opened, with stamps that count from its first key frame.
    pub(crate) fn new(
        name: String,
        opened: Opened,
        length_ms: Option<u64>,
        now: Duration,
        buffer: Duration,
    ) -> Self {
        let Opened { title, selection, position, grant } = opened;
        let start_ms = position.time_ms();
        Self {
            name,
            title,
            grant,
            selection,
            next: Some(position),
            built: None,
            rest: None,
            until_ms: length_ms.map(|length| start_ms + length),
            base_ms: start_ms as i64,
            pace: Pace::new(start_ms, now, buffer),
            filter: Filter::EVERYTHING,
            shown: None,
            needs_headers: true,
            sent_ms: start_ms,
            bytes: 0,
        }
    }

    pub(crate) fn selection(&self) -> Selection {
        self.selection
    }

    /// The media time that comes next, ms; where there is none, the last.
    pub(crate) fn next_ms(&self) -> u64 {
        self.next.map_or(self.sent_ms, |next| next.time_ms())
    }

    /// Goes on at another place.
    pub(crate) fn jump(&mut self, to: Position, now: Duration, buffer: Duration) {
        self.next = Some(to);
        self.rest = None;
        self.filter.one_picture = false;
        self.settle_video();
        self.shown = None;
        self.needs_headers = true;
        self.sent_ms = to.time_ms();
        self.pace = Pace::new(to.time_ms(), now, buffer);
    }

    /// Goes on in another title, at the place that was opened; stamps and pace go on as they are.
    pub(crate) fn change_title(&mut self, name: String, opened: Opened) {
        self.name = name;
        self.title = opened.title;
        self.grant = opened.grant;
        self.selection = opened.selection;
        self.next = Some(opened.position);
        self.rest = None;
        self.settle_video();
        self.needs_headers = true;
    }

    /// At a key frame nothing has to be left out any more.
    fn settle_video(&mut self) {
        if self.filter.video == Video::FromKey {
            self.filter.video = Video::All;
        }
    }

    /// Only the picture that comes next is wanted for now.
    pub(crate) fn show_one(&mut self) {
        self.filter.one_picture = true;
        self.shown = self.next;
    }

    /// After [`Playing::show_one`]: everything is wanted again, beginning with that picture. False: none was shown.
    pub(crate) fn show_all(&mut self) -> bool {
        let Some(shown) = self.shown.take() else { return false };
        self.next = Some(shown);
        self.filter.one_picture = false;
        self.needs_headers = true;
        true
    }

    /// There is nothing more to send, unless something is sought.
    pub(crate) fn exhaust(&mut self) {
        self.next = None;
        self.shown = None;
        self.rest = None;
    }

    /// Sends or leaves out audio and video from the next segment on; video comes back with its next key frame.
    pub(crate) fn receive(&mut self, audio: bool, video: bool) {
        self.filter.audio = audio;
        self.filter.video = match (video, self.filter.video) {
            (false, _) => Video::None,
            (true, Video::None) => Video::FromKey,
            (true, before) => before,
        };
        self.needs_headers |= self.filter.video == Video::FromKey;
    }

    /// Keeps what was built for the next call of [`Playing::next`].
    pub(crate) fn keep(&mut self, key: Key, segment: Arc<Segment>) {
        self.built = Some((key, segment));
    }

    /// Keeps what a pause took back.
    pub(crate) fn hold(&mut self, rest: Rest) {
        if rest.sent < rest.segment.len() {
            self.rest = Some(rest);
        }
    }

    /// When [`Playing::next`] has something to say again.
    pub(crate) fn due(&self) -> Duration {
        match (&self.rest, self.next) {
            (None, Some(next)) => self.pace.due(next.time_ms()),
            _ => Duration::ZERO,
        }
    }

    /// What comes next on `stream`.
    pub(crate) fn next(&mut self, shared: &Arc<Shared>, stream: u32, now: Duration) -> Next {
        if let Some(Rest { segment, sent, restamp }) = self.rest.take() {
            let segment = Arc::new(segment.rest(sent, shared.limits.session.chunk_size));
            return Next::Send(Delivery { preface: Bytes::new(), segment, restamp });
        }
        let Some(next) = self.next.filter(|next| self.until_ms.is_none_or(|until| next.time_ms() < until))
        else {
            return Next::End;
        };
        if self.pace.due(next.time_ms()) > now {
            return Next::Nothing;
        }
        let (key, restamp) = self.key(next, stream);
        let built = self.built.take().filter(|(built, _)| *built == key).map(|(_, segment)| segment);
        match built.or_else(|| shared.segments.peek(&key)) {
            Some(segment) => Next::Send(self.deliver(shared, segment, restamp, stream)),
            None => Next::Wait(work::building(Arc::clone(shared), Arc::clone(&self.title), key)),
        }
    }

    fn key(&self, from: Position, stream: u32) -> (Key, Restamp) {
        let (base_ms, restamp) = split_base(from.time_ms(), stream, self.base_ms);
        // Only the segment that holds the end is cut there; the others are everybody's.
        let longest = from.time_ms() + 2 * Segment::USUAL_MS;
        let until_ms = self.until_ms.filter(|until| *until < longest);
        let object = self.title.object.id();
        let (selection, filter) = (self.selection, self.filter);
        (Key { object, selection, from, until_ms, filter, base_ms }, restamp)
    }

    fn deliver(
        &mut self,
        shared: &Arc<Shared>,
        segment: Arc<Segment>,
        restamp: Restamp,
        stream: u32,
    ) -> Delivery {
        let mut preface = Bytes::new();
        if std::mem::take(&mut self.needs_headers) {
            let at = Restamp { stream, base_ms: self.base_ms };
            let chunk_size = shared.limits.session.chunk_size;
            preface = pack_headers(&segment.headers, segment.first_ms, at, chunk_size);
        }
        if segment.has_key {
            self.settle_video();
        }
        self.next = segment.next;
        self.sent_ms = segment.last_ms;
        self.bytes += segment.len() as u64;
        shared.metrics.segments_sent.one();
        if let Some(next) = self.next {
            let (ahead, _) = self.key(next, stream);
            work::build_ahead(shared, &self.title, ahead);
        }
        Delivery { preface, segment, restamp }
    }
}
