//! One viewer: what it asks on its connection, and what it is answered.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use futures::FutureExt;
use futures::future::BoxFuture;
use millrace_media::{Capabilities, FourCc};
use millrace_model::{Address, StreamingDistribution};
use millrace_rtmp::Error;
use millrace_rtmp::session::{Connect, Event as Request, Rejection, Server};

use super::player::Player;
use super::work::{Access, Done};
use crate::edge::Shared;
use crate::outbox::Outbox;
use crate::{Event, EventKind};

/// Questions about lengths that are looked up at one time; more are answered with "not known".
const QUERIES: usize = 4;

/// The codecs that are sent to players which list them (Enhanced RTMP).
const ENHANCED: [&str; 8] = ["hvc1", "av01", "vp09", "vp08", "Opus", "ac-3", "ec-3", "fLaC"];

/// A viewer's side of the story.
pub(crate) struct Session {
    shared: Arc<Shared>,
    viewer: u64,
    peer: SocketAddr,
    protocol: Server,
    access: Option<Access>,
    players: Vec<Player>,
    /// The buffer for streams to come.
    buffer: Duration,
    queries: Vec<BoxFuture<'static, Finished>>,
}

/// Work that is done, and whose it was.
pub(crate) enum Finished {
    Player { stream: u32, done: Done },
    Length { transaction: f64, seconds: f64 },
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, viewer: u64, peer: SocketAddr, now: Duration) -> Self {
        let random = Box::new(|bytes: &mut [u8]| {
            // The handshake's random bytes protect nothing; a system without any still serves films.
            let _ = getrandom::fill(bytes);
        });
        let protocol = Server::new(shared.limits.session, now, random);
        let buffer = shared.limits.least_buffer;
        Self {
            shared,
            viewer,
            peer,
            protocol,
            access: None,
            players: Vec::new(),
            buffer,
            queries: Vec::new(),
        }
    }

    pub(crate) fn viewer(&self) -> u64 {
        self.viewer
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.players.iter().any(Player::is_busy)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.protocol.is_closing()
    }

    /// Bytes of replies that are not in the outbox yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.protocol.output_len()
    }

    /// Takes what the viewer sent.
    pub(crate) fn receive(
        &mut self,
        input: &mut BytesMut,
        outbox: &mut Outbox,
        now: Duration,
    ) -> Result<(), Error> {
        let received = self.protocol.receive(input, now);
        while let Some(request) = self.protocol.poll_event() {
            self.handle(request, outbox, now);
        }
        self.note(now);
        received
    }

    /// Puts into an empty outbox what is to be sent now. False: there is nothing, or something is there still. So a
    /// viewer who takes nothing holds one helping, whatever it asks for.
    pub(crate) fn fill(&mut self, outbox: &mut Outbox, now: Duration) -> bool {
        if !outbox.is_empty() {
            return false;
        }
        let mut delivery = None;
        for player in &mut self.players {
            if let Some(next) = player.next(&mut self.protocol, now) {
                delivery = Some(next);
                break;
            }
        }
        // Whoever was served goes to the end, so that streams of one connection take turns.
        if self.players.len() > 1 && delivery.is_some() {
            self.players.rotate_left(1);
        }
        self.note(now);
        self.fill_control(outbox);
        if let Some(next) = delivery {
            outbox.push_control(next.preface);
            outbox.push_segment(next.segment, next.restamp);
        }
        !outbox.is_empty()
    }

    /// Puts replies into the outbox, and no media.
    pub(crate) fn fill_control(&mut self, outbox: &mut Outbox) {
        if outbox.is_empty() {
            outbox.push_control(self.protocol.take_output());
        }
    }

    /// When [`Session::handle_timeout`] wants to be called, if nothing else happens.
    pub(crate) fn deadline(&self) -> Duration {
        let players = self.players.iter().filter_map(Player::deadline);
        players.fold(self.protocol.poll_timeout(), Duration::min)
    }

    /// Acts on what is due. Media is not sent here: that is for [`Session::fill`].
    pub(crate) fn handle_timeout(&mut self, now: Duration) -> Result<(), Error> {
        self.protocol.handle_timeout(now)
    }

    /// Waits for the next piece of work to be done. Cancel-safe: what is not done stays where it is.
    pub(crate) async fn work(&mut self) -> Finished {
        poll_fn(|context| {
            for player in &mut self.players {
                let stream = player.id;
                for work in player.work() {
                    if let Poll::Ready(done) = work.poll_unpin(context) {
                        return Poll::Ready(Finished::Player { stream, done });
                    }
                }
            }
            for index in 0..self.queries.len() {
                if let Poll::Ready(finished) = self.queries[index].poll_unpin(context) {
                    drop(self.queries.swap_remove(index));
                    return Poll::Ready(finished);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Takes what [`Session::work`] brought.
    pub(crate) fn complete(&mut self, finished: Finished, outbox: &mut Outbox, now: Duration) {
        match finished {
            Finished::Length { transaction, seconds } => self.protocol.stream_length(transaction, seconds),
            Finished::Player { stream, done } => {
                if let Some(player) = self.players.iter_mut().find(|player| player.id == stream) {
                    player.complete(done, &mut self.protocol, outbox, now);
                }
            }
        }
        self.note(now);
    }

    /// Sends the viewer away.
    pub(crate) fn shut_down(&mut self) {
        if !self.protocol.is_closing() {
            self.protocol.shut_down();
        }
    }

    /// The connection is gone: every stream ends.
    pub(crate) fn close(&mut self) {
        let mut nowhere = Outbox::default();
        self.players.iter_mut().for_each(|player| player.halt(&mut nowhere));
        self.note(Duration::MAX);
        self.players.clear();
    }

    fn handle(&mut self, request: Request, outbox: &mut Outbox, now: Duration) {
        match request {
            Request::Connect(connect) => self.connect(&connect),
            Request::StreamLength { transaction, name } => self.stream_length(transaction, name),
            Request::BufferLength { stream, ms } => self.buffer_length(stream, ms),
            Request::Delete { stream } => {
                self.on_player(stream, |player, _| player.halt(outbox));
                self.note(now);
                self.players.retain(|player| player.id != stream);
            }
            Request::Play { stream, play } => {
                self.on_player(stream, |player, protocol| player.play(play, protocol, outbox, now));
            }
            Request::Play2 { stream, play2 } => {
                self.on_player(stream, |player, protocol| player.play2(play2, protocol, outbox, now));
            }
            Request::Pause { stream, pause: true, position_ms } => {
                self.on_player(stream, |player, protocol| player.pause(position_ms, protocol, outbox));
            }
            Request::Pause { stream, pause: false, position_ms } => {
                self.on_player(stream, |player, protocol| player.unpause(position_ms, protocol, now));
            }
            Request::Seek { stream, position_ms } => {
                self.on_player(stream, |player, protocol| player.seek(position_ms, protocol, outbox));
            }
            Request::ReceiveAudio { stream, on } => {
                self.on_player(stream, |player, _| player.receive(Some(on), None));
            }
            Request::ReceiveVideo { stream, on } => {
                self.on_player(stream, |player, _| player.receive(None, Some(on)));
            }
            Request::Stop { stream } => {
                self.on_player(stream, |player, protocol| player.stop(protocol, outbox));
            }
            Request::KeyExchange(_) | Request::SwfAnswer { .. } => {}
        }
    }

    /// Does something with the player of a stream, which is made when it is first needed.
    fn on_player(&mut self, stream: u32, act: impl FnOnce(&mut Player, &mut Server)) {
        let Some(access) = &self.access else { return };
        let index = self.players.iter().position(|player| player.id == stream).unwrap_or_else(|| {
            self.players.push(Player::new(stream, access.clone(), self.buffer));
            self.players.len() - 1
        });
        act(&mut self.players[index], &mut self.protocol);
    }

    fn buffer_length(&mut self, stream: u32, ms: u32) {
        let limits = &self.shared.limits;
        let buffer = Duration::from_millis(u64::from(ms)).clamp(limits.least_buffer, limits.most_buffer);
        match self.players.iter_mut().find(|player| player.id == stream) {
            Some(player) => player.set_buffer(buffer),
            None => self.buffer = buffer,
        }
    }

    fn connect(&mut self, connect: &Connect) {
        let chosen =
            Address::parse(&connect.tc_url, &connect.app).map_err(|error| (error.to_string(), "".into()));
        let chosen = chosen.and_then(|address| {
            let site = self.shared.site.load();
            let distribution = site.snapshot.streaming(&address.host);
            match distribution {
                Ok(distribution) => Ok((Arc::clone(distribution), address)),
                Err(error) => Err((error.to_string(), address.host)),
            }
        });
        match chosen {
            Ok((distribution, address)) => self.accept(connect, &distribution, address),
            Err((reason, host)) => self.reject(connect, &reason, &host),
        }
    }

    fn accept(&mut self, connect: &Connect, distribution: &StreamingDistribution, address: Address) {
        let origin = self.shared.site.load().origins.get(&distribution.origin).cloned();
        self.access = Some(Access {
            shared: Arc::clone(&self.shared),
            origin,
            origin_name: distribution.origin.clone(),
            path: address.path,
            capabilities: Arc::new(capabilities(&connect.four_ccs)),
        });
        self.protocol.accept(connect, &ENHANCED);
        self.tell(EventKind::Connected {
            distribution: distribution.id.clone(),
            tc_url: connect.tc_url.clone(),
            flash_version: connect.flash_version.clone(),
        });
    }

    fn reject(&mut self, connect: &Connect, reason: &str, host: &str) {
        let description = match reason {
            "DistributionNotFound" => format!("no distribution answers to the host {host:?}"),
            "InvalidInstance" => "the instance must be `st`: connect to rtmp://HOST/cfx/st".to_owned(),
            _ => "connect to rtmp://HOST/cfx/st".to_owned(),
        };
        self.shared.metrics.rejected.one();
        self.protocol.reject(&Rejection { reason: reason.to_owned(), description });
        self.tell(EventKind::Rejected {
            reason: reason.to_owned(),
            tc_url: connect.tc_url.clone(),
            app: connect.app.clone(),
        });
    }

    fn stream_length(&mut self, transaction: f64, name: String) {
        match &self.access {
            Some(access) if self.queries.len() < QUERIES => {
                let access = access.clone();
                self.queries.push(Box::pin(async move {
                    let title = access.open(&name).await;
                    let seconds = title.map_or(0.0, |title| title.title.duration_ms() as f64 / 1000.0);
                    Finished::Length { transaction, seconds }
                }));
            }
            _ => self.protocol.stream_length(transaction, 0.0),
        }
    }

    /// Passes on what happened, and tells the protocol whether anything plays.
    fn note(&mut self, now: Duration) {
        let mut happened = Vec::new();
        for player in &mut self.players {
            happened.append(&mut player.take_events());
        }
        happened.into_iter().for_each(|kind| self.tell(kind));
        self.protocol.set_playing(self.is_playing(), now);
    }

    fn tell(&self, kind: EventKind) {
        (self.shared.sink)(&Event { viewer: self.viewer, peer: self.peer, kind });
    }
}

/// What a player listed in connect.
fn capabilities(four_ccs: &[String]) -> Capabilities {
    if four_ccs.iter().any(|code| code == "*") {
        return Capabilities::all();
    }
    four_ccs.iter().filter_map(|code| code.as_bytes().try_into().ok().map(FourCc)).collect()
}
