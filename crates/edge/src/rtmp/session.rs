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
use millrace_model::{Address, AddressError, HostError, StreamingDistribution, Variant};
use millrace_rtmp::Error;
use millrace_rtmp::handshake::encrypted::{Agreement, Cipher, Exchange};
use millrace_rtmp::session::{Connect, Event as Request, Rejection, Server};
use millrace_rtmp::status::{Status, code};

use super::caller::{Caller, Carrier};
use super::permission::Visit;
use super::player::Player;
use super::verification::Verification;
use super::work::{Access, Done};
use crate::edge::Shared;
use crate::outbox::Outbox;
use crate::titles::PlayError;
use crate::{Event, EventKind};

/// Questions about lengths that are looked up at one time; more are answered with "not known".
const QUERIES: usize = 4;

/// The codecs that are sent to players which list them (Enhanced RTMP).
const ENHANCED: [&str; 8] = ["hvc1", "av01", "vp09", "vp08", "Opus", "ac-3", "ec-3", "fLaC"];

/// A viewer's side of the story.
pub(crate) struct Session {
    shared: Arc<Shared>,
    viewer: u64,
    caller: Caller,
    protocol: Server,
    access: Option<Access>,
    /// The id of the distribution that took the viewer.
    distribution: Option<String>,
    /// What stands between connect and access.
    verification: Option<Verification>,
    players: Vec<Player>,
    /// The buffer for streams to come.
    buffer: Duration,
    queries: Vec<BoxFuture<'static, Finished>>,
}

/// Work that is done, and whose it was.
pub(crate) enum Finished {
    Player {
        stream: u32,
        done: Done,
    },
    /// How long a title is, or what the operator is told of one whose length the viewer may not know.
    Length {
        transaction: f64,
        seconds: f64,
        denied: Option<EventKind>,
    },
    Agreed(Box<Result<Agreement, Error>>),
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, viewer: u64, caller: Caller, now: Duration) -> Self {
        let random = Box::new(|bytes: &mut [u8]| {
            // These random bytes protect nothing; a system without any still serves films.
            let _ = getrandom::fill(bytes);
        });
        let protocol = Server::new(shared.limits.session, now, random);
        let buffer = shared.limits.least_buffer;
        Self {
            shared,
            viewer,
            caller,
            protocol,
            access: None,
            distribution: None,
            verification: None,
            players: Vec::new(),
            buffer,
            queries: Vec::new(),
        }
    }

    pub(crate) fn viewer(&self) -> u64 {
        self.viewer
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        self.caller.peer
    }

    /// How many more bytes the viewer wants on their way, behind `sent` in all.
    pub(crate) fn credit(&self, sent: u64) -> usize {
        usize::try_from(self.protocol.credit(sent)).unwrap_or(usize::MAX)
    }

    /// The cipher for everything that is sent from here on, once, when it is time for it.
    pub(crate) fn take_cipher(&mut self) -> Option<Cipher> {
        self.protocol.take_cipher()
    }

    /// So many bytes went out.
    pub(crate) fn count(&self, bytes: u64) {
        self.shared.metrics.bytes_sent.add(bytes);
        self.shared.metrics.of(self.variant()).bytes_sent.add(bytes);
    }

    /// How the viewer comes.
    fn variant(&self) -> Variant {
        self.caller.variant(self.protocol.is_encrypted())
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.players.iter().any(Player::is_busy)
    }

    /// Whether something is being worked on that will have to be told.
    pub(crate) fn is_working(&self) -> bool {
        !self.queries.is_empty() || self.players.iter().any(Player::is_working)
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
        let verification = self.verification.as_ref().map(|verification| verification.deadline);
        players.chain(verification).fold(self.protocol.poll_timeout(), Duration::min)
    }

    /// Acts on what is due. Media is not sent here: that is for [`Session::fill`].
    pub(crate) fn handle_timeout(&mut self, now: Duration) -> Result<(), Error> {
        if self.verification.as_ref().is_some_and(|verification| now >= verification.deadline) {
            self.refuse_player("the player did not say which SWF file it is");
        }
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
    ///
    /// # Errors
    /// When the connection can't go on.
    pub(crate) fn complete(
        &mut self,
        finished: Finished,
        outbox: &mut Outbox,
        now: Duration,
    ) -> Result<(), Error> {
        match finished {
            Finished::Length { transaction, seconds, denied } => {
                denied.into_iter().for_each(|kind| self.tell(kind));
                self.protocol.stream_length(transaction, seconds);
            }
            Finished::Agreed(agreement) => self.protocol.agree((*agreement)?),
            Finished::Player { stream, done } => {
                if let Some(player) = self.players.iter_mut().find(|player| player.id == stream) {
                    player.complete(done, &mut self.protocol, outbox, now);
                }
            }
        }
        self.note(now);
        Ok(())
    }

    /// Whether the distribution takes nobody any more.
    pub(crate) fn is_dismissed(&self) -> bool {
        self.distribution.as_ref().is_some_and(|id| !self.shared.site.load().snapshot.takes(id))
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
            Request::KeyExchange(exchange) => return self.agree(exchange),
            Request::Connect(connect) => return self.connect(connect, now),
            Request::SwfAnswer { size, digest } => return self.verify(size, &digest, outbox, now),
            _ => {}
        }
        match &mut self.verification {
            None => self.perform(request, outbox, now),
            Some(verification) => {
                if !verification.keep(request) {
                    self.refuse_player("too many requests before the player said which SWF file it is");
                }
            }
        }
    }

    /// What a viewer may ask for who was let in.
    fn perform(&mut self, request: Request, outbox: &mut Outbox, now: Duration) {
        match request {
            Request::KeyExchange(_) | Request::Connect(_) | Request::SwfAnswer { .. } => {}
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

    /// Lets another thread do RTMPE's arithmetic.
    fn agree(&mut self, exchange: Exchange) {
        let (shared, address) = (Arc::clone(&self.shared), self.caller.peer.ip());
        self.queries.push(Box::pin(async move {
            let work = async move {
                // Without random bytes the exponent stays zero, and the exchange takes no such.
                exchange.agree(&mut |bytes: &mut [u8]| {
                    let _ = getrandom::fill(bytes);
                })
            };
            shared.metrics.exchanges.one();
            let agreed = shared.handshakes.run(address, work).await.unwrap_or_else(|crowded| {
                shared.metrics.handshakes_refused.one();
                tracing::debug!(%address, %crowded, "a key exchange is refused");
                Err(Error::KeyExchange("too many at one time"))
            });
            Finished::Agreed(Box::new(agreed))
        }));
    }

    fn connect(&mut self, connect: Connect, now: Duration) {
        match self.choose(&connect) {
            Ok((distribution, address)) => self.accept(connect, &distribution, address, now),
            Err((reason, description)) => self.reject(&connect, &reason, description),
        }
    }

    /// The distribution that is meant; or CloudFront's word for why there is none, and what to do.
    fn choose(&self, connect: &Connect) -> Result<(Arc<StreamingDistribution>, Address), (String, String)> {
        let address = Address::parse(&connect.tc_url, &connect.app).map_err(|error| {
            let description = match error {
                AddressError::InvalidInstance => "the instance must be `st`: connect to rtmp://HOST/cfx/st",
                AddressError::InvalidUri => "connect to rtmp://HOST/cfx/st",
            };
            (error.to_string(), description.to_owned())
        })?;
        let site = self.shared.site.load();
        let distribution = site.snapshot.streaming(&address.host).map_err(|error| {
            let host = &address.host;
            let description = match error {
                HostError::NotFound => format!("no distribution answers to the host {host:?}"),
                HostError::TypeMismatch => {
                    format!("the host {host:?} belongs to a web distribution: use that of a streaming distribution")
                }
            };
            (error.to_string(), description)
        })?;
        let variant = self.variant();
        if !distribution.variants.contains(variant) {
            self.shared.metrics.of(variant).refused.one();
            let description = format!("{variant} is not allowed here; use one of {}", distribution.variants);
            return Err(("ProtocolNotAllowed".to_owned(), description));
        }
        // Looked at again, since a page may name another host here than the one that it spoke HTTP with.
        if let Some(page) = self.caller.page.as_ref().filter(|page| !distribution.takes_page(page)) {
            return Err(("PageNotAllowed".to_owned(), format!("pages from {page} may not play from here")));
        }
        Ok((Arc::clone(distribution), address))
    }

    fn accept(
        &mut self,
        connect: Connect,
        distribution: &Arc<StreamingDistribution>,
        address: Address,
        now: Duration,
    ) {
        let origin = self.shared.site.load().origins.get(&distribution.origin).cloned();
        let access = Access {
            shared: Arc::clone(&self.shared),
            origin,
            path: address.path,
            capabilities: Arc::new(capabilities(&connect.four_ccs)),
            visit: Arc::new(Visit {
                distribution: Arc::clone(distribution),
                tc_url: connect.tc_url.clone(),
                queries: address.queries,
                address: self.caller.peer.ip(),
            }),
        };
        self.distribution = Some(distribution.id.clone());
        self.shared.metrics.of(self.variant()).connected.one();
        self.protocol.accept(&connect, &ENHANCED);
        self.tell(EventKind::Connected {
            distribution: distribution.id.clone(),
            variant: self.variant(),
            websocket: self.caller.carrier == Carrier::WebSocket,
            tc_url: connect.tc_url.clone(),
            flash_version: connect.flash_version.clone(),
            origin: self.caller.page.clone(),
            page_url: connect.page_url.clone(),
            swf_url: connect.swf_url.clone(),
        });
        if distribution.swf.is_empty() {
            self.access = Some(access);
        } else {
            self.protocol.request_swf_verification();
            let deadline = now + self.shared.limits.session.connect;
            self.verification = Some(Verification::new(access, connect, distribution.swf.clone(), deadline));
        }
    }

    fn reject(&mut self, connect: &Connect, reason: &str, description: String) {
        self.shared.metrics.rejected.one();
        self.protocol.reject(&Rejection { reason: reason.to_owned(), description });
        self.tell(EventKind::Rejected {
            reason: reason.to_owned(),
            tc_url: connect.tc_url.clone(),
            app: connect.app.clone(),
        });
    }

    /// The player says which file it is. Players are asked once; what else they answer means nothing.
    fn verify(&mut self, size: u32, digest: &[u8; 32], outbox: &mut Outbox, now: Duration) {
        let Some(verification) = self.verification.take() else { return };
        if !verification.admits(&self.protocol, size, digest) {
            self.verification = Some(verification);
            return self.refuse_player("this player's SWF file is none that the distribution lists");
        }
        let (access, waiting) = verification.into_waiting();
        self.access = Some(access);
        for request in waiting {
            self.perform(request, outbox, now);
        }
    }

    fn refuse_player(&mut self, why: &str) {
        let Some(verification) = self.verification.take() else { return };
        self.shared.metrics.swf_refused.one();
        self.shared.metrics.rejected.one();
        self.protocol.status(0, &Status::error(code::CONNECT_REJECTED, why));
        self.protocol.shut_down();
        self.tell(EventKind::Rejected {
            reason: format!("SWF verification: {why}"),
            tc_url: verification.connect.tc_url,
            app: verification.connect.app,
        });
    }

    fn stream_length(&mut self, transaction: f64, name: String) {
        match &self.access {
            Some(access) if self.queries.len() < QUERIES => {
                let access = access.clone();
                self.queries.push(Box::pin(async move {
                    let (seconds, denied) = match access.open(&name).await {
                        Ok((title, _)) => (title.title.duration_ms() as f64 / 1000.0, None),
                        Err(PlayError::Denied(denied)) => {
                            access.shared.metrics.refused.one();
                            (0.0, Some(denied.event(&name)))
                        }
                        Err(_) => (0.0, None),
                    };
                    Finished::Length { transaction, seconds, denied }
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
        let kind = kind.without_secrets();
        (self.shared.sink)(&Event { viewer: self.viewer, peer: self.caller.peer, kind });
    }
}

/// What a player listed in connect.
fn capabilities(four_ccs: &[String]) -> Capabilities {
    if four_ccs.iter().any(|code| code == "*") {
        return Capabilities::all();
    }
    four_ccs.iter().filter_map(|code| code.as_bytes().try_into().ok().map(FourCc)).collect()
}
