//! The task behind a run: fills its blocks from the disk and the origin, tries again where that helps, and
//! never publishes a byte that is not certainly the one asked for.

use crate::cache::Inner;
use crate::flight::{Interest, Seat};
use crate::key::BlockKey;
use crate::retry::Retry;
use crate::source::Source;
use crate::{BLOCK, Error, ObjectId};
use bytes::Bytes;
use futures::StreamExt;
use millrace_origin::{Answer, Body, Error as OriginError, Kind, ObjectInfo, Origin, Read};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

/// One version of one key, and where to get it.
pub(crate) struct Pinned {
    pub(crate) origin: Arc<dyn Origin>,
    pub(crate) key: Arc<str>,
    pub(crate) info: Arc<ObjectInfo>,
    pub(crate) id: ObjectId,
    pub(crate) source: Arc<Source>,
}

impl Pinned {
    fn error(&self, kind: Kind, offset: u64) -> OriginError {
        OriginError::new(kind, self.origin.id(), &self.key).with_offset(offset)
    }

    /// The bytes of a stretch of blocks.
    fn bytes(&self, blocks: &Range<u64>) -> Range<u64> {
        blocks.start * BLOCK..(blocks.end * BLOCK).min(self.info.length)
    }
}

/// An answer that came before its run existed, with the permit of its request.
pub(crate) type Started = (Answer, OwnedSemaphorePermit);

/// Starts the task that fills `seat`. With `started`, the first bytes come from that answer, and the run goes
/// on even if nobody waits: the answer has been paid for.
pub(crate) fn spawn(inner: &Arc<Inner>, object: &Arc<Pinned>, seat: Seat, started: Option<Started>) {
    let handle = seat.handle();
    let own_interest = started.is_some().then(|| seat.own_interest());
    let run = run(inner.clone(), object.clone(), seat, started, own_interest);
    Seat::started(&handle, tokio::spawn(run).abort_handle());
}

async fn run(
    inner: Arc<Inner>,
    object: Arc<Pinned>,
    seat: Seat,
    mut started: Option<Started>,
    _interest: Option<Interest>,
) {
    let blocks = u32::try_from(seat.blocks().end - seat.blocks().start).unwrap_or(u32::MAX);
    let permits = blocks.min(inner.config.limits.blocks_in_flight());
    let permit = match inner.in_flight.clone().try_acquire_many_owned(permits) {
        Ok(permit) => permit,
        Err(_) => {
            // Waiting with a request in hand could wait for runs that wait for the right to a request.
            started = None;
            let Ok(permit) = inner.in_flight.clone().acquire_many_owned(permits).await else { return };
            permit
        }
    };
    let retry = Retry::new(&inner.config.limits);
    let mut fetch = Fetch { inner, object, seat, permit, retry };
    let outcome = fetch.fill(started).await;
    if let Err(error) = outcome {
        fetch.inner.failed(&fetch.object, &error);
        fetch.seat.fail(&Error::Origin(error));
    }
}

struct Fetch {
    inner: Arc<Inner>,
    object: Arc<Pinned>,
    seat: Seat,
    /// Shrinks with every block delivered.
    permit: OwnedSemaphorePermit,
    retry: Retry,
}

impl Fetch {
    async fn fill(&mut self, mut started: Option<Started>) -> Result<(), OriginError> {
        while !self.seat.blocks().is_empty() {
            if started.is_none() && self.fill_from_disk().await {
                continue;
            }
            let blocks = self.seat.blocks();
            // The first block is asked for even if the disk claims to have it: it was just tried.
            let absent = self.inner.disk.as_ref().map_or(u64::MAX, |disk| {
                disk.absent(self.object.id, &(blocks.start + 1..blocks.end)).saturating_add(1)
            });
            let end = blocks.end.min(blocks.start.saturating_add(absent));
            self.fill_from_origin(blocks.start..end, started.take()).await?;
        }
        Ok(())
    }

    /// Delivers the next blocks from disk; `false` if not even the first is there.
    async fn fill_from_disk(&mut self) -> bool {
        let Some(disk) = &self.inner.disk else { return false };
        let blocks = self.seat.blocks();
        let here = disk.here(self.object.id, &blocks);
        if here == 0 {
            return false;
        }
        let found = disk.read(self.object.id, blocks.start..blocks.start + here).await;
        self.inner.metrics.disk_hits.add(found.len() as u64);
        let any = !found.is_empty();
        for block in found {
            self.keep(&block);
            self.seat.publish(block);
        }
        any
    }

    /// Fetches `blocks`, the next ones of the seat, in one request if nothing goes wrong.
    async fn fill_from_origin(
        &mut self,
        blocks: Range<u64>,
        started: Option<Started>,
    ) -> Result<(), OriginError> {
        let bytes = self.object.bytes(&blocks);
        let mut part =
            Part { bytes: bytes.clone(), at: bytes.start, partial: Vec::new(), begun: Instant::now() };
        self.inner.metrics.misses.add(blocks.end - blocks.start);
        let mut started = started;
        loop {
            let Err(error) = self.attempt(&mut part, started.take()).await else { return Ok(()) };
            self.inner.count_error(&self.object.source, error.kind);
            if error.kind == Kind::WrongLength {
                self.forget(&blocks);
            }
            let pause = error.retry_helps().then(|| self.retry.pause()).flatten().ok_or(error)?;
            self.inner.metrics.retries.one();
            tokio::time::sleep(pause).await;
        }
    }

    /// One request for what is still missing.
    async fn attempt(&mut self, part: &mut Part, started: Option<Started>) -> Result<(), OriginError> {
        let (answer, _request) = match started {
            Some(started) => started,
            None => self.ask(part).await?,
        };
        self.check(&answer, part)?;
        part.begun = Instant::now();
        let mut body = answer.body;
        while part.at < part.bytes.end {
            let piece = self.next_piece(&mut body, part).await?;
            self.take(part, piece).await?;
        }
        self.expect_end(&mut body, part).await?;
        if !part.partial.is_empty() {
            self.deliver(part).await;
        }
        Ok(())
    }

    async fn ask(&self, part: &Part) -> Result<Started, OriginError> {
        let request = self.inner.request(&self.object.origin, &self.object.key, part.at).await?;
        let read = Read::pinned(part.at..part.bytes.end, self.object.info.version.clone());
        let answer = self.inner.ask(&self.object.origin, &self.object.key, read).await?;
        Ok((answer, request))
    }

    fn check(&self, answer: &Answer, part: &Part) -> Result<(), OriginError> {
        if answer.object.version != self.object.info.version {
            return Err(self.object.error(Kind::Changed, part.at));
        }
        if answer.range != (part.at..part.bytes.end) || answer.object.length != self.object.info.length {
            return Err(self.object.error(Kind::WrongLength, part.at));
        }
        Ok(())
    }

    async fn next_piece(&self, body: &mut Body, part: &Part) -> Result<Bytes, OriginError> {
        let limits = &self.inner.config.limits;
        let deadline = (Instant::now() + limits.stall_timeout).min(part.begun + limits.block_timeout);
        match timeout_at(deadline, body.next()).await {
            Ok(Some(piece)) => piece,
            Ok(None) => Err(self.object.error(Kind::Truncated, part.at)),
            Err(_) => Err(self.object.error(Kind::Timeout, part.at).with_detail("the body stalled")),
        }
    }

    /// Looks behind the last byte. An origin that sends more than it promised is not to be believed at all; one
    /// that merely does not hang up is.
    async fn expect_end(&self, body: &mut Body, part: &Part) -> Result<(), OriginError> {
        match timeout(self.inner.config.limits.stall_timeout, body.next()).await {
            Ok(Some(Ok(piece))) if !piece.is_empty() => Err(self.object.error(Kind::WrongLength, part.at)),
            Ok(Some(Err(error))) => Err(error),
            _ => Ok(()),
        }
    }

    /// Adds a piece to the block under construction and delivers each block that becomes complete; the last one
    /// waits for the end of the body.
    async fn take(&mut self, part: &mut Part, mut piece: Bytes) -> Result<(), OriginError> {
        self.inner.count_bytes(&self.object.source, piece.len() as u64);
        self.retry.alive();
        if piece.len() as u64 > part.bytes.end - part.at {
            return Err(self.object.error(Kind::WrongLength, part.bytes.end));
        }
        while !piece.is_empty() {
            let room = part.room();
            if part.partial.is_empty() {
                part.partial.reserve_exact(room);
            }
            let taken = piece.split_to(room.min(piece.len()));
            part.partial.extend_from_slice(&taken);
            part.at += taken.len() as u64;
            if taken.len() == room && part.at < part.bytes.end {
                self.deliver(part).await;
            }
        }
        Ok(())
    }

    /// Publishes the complete block, and then waits a little if the disk lags behind.
    async fn deliver(&mut self, part: &mut Part) {
        let block = Bytes::from(std::mem::take(&mut part.partial));
        let key = self.keep(&block);
        let lagging = self.inner.disk.as_ref().is_some_and(|disk| !disk.offer(key, &block));
        self.seat.publish(block.clone());
        if let Some(disk) = self.inner.disk.as_ref().filter(|_| lagging) {
            disk.offer_later(key, &block).await;
        }
        self.retry.progress();
        part.begun = Instant::now();
    }

    /// Puts the next block where it can be found from now on.
    fn keep(&mut self, block: &Bytes) -> BlockKey {
        let key = BlockKey { object: self.object.id, index: self.seat.blocks().start };
        self.inner.memory.insert(key, block.clone());
        drop(self.permit.split(1));
        key
    }

    /// Takes back what this run delivered of `blocks`, since its answers proved false.
    fn forget(&self, blocks: &Range<u64>) {
        for index in blocks.start..self.seat.blocks().start {
            let key = BlockKey { object: self.object.id, index };
            self.inner.memory.remove(&key);
            if let Some(disk) = &self.inner.disk {
                disk.remove(&key);
            }
        }
    }
}

/// The part of the object one origin request after the other is working on.
struct Part {
    bytes: Range<u64>,
    /// The next byte that is missing.
    at: u64,
    /// The bytes of the block under construction.
    partial: Vec<u8>,
    /// When that block was begun.
    begun: Instant,
}

impl Part {
    /// Bytes missing in the block under construction.
    fn room(&self) -> usize {
        let block = self.at - self.partial.len() as u64;
        let end = (block + BLOCK).min(self.bytes.end);
        usize::try_from(end - self.at).unwrap_or(0)
    }
}

impl Inner {
    /// Waits for the right to send one request.
    pub(crate) async fn request(
        &self,
        origin: &Arc<dyn Origin>,
        key: &str,
        offset: u64,
    ) -> Result<OwnedSemaphorePermit, OriginError> {
        let requests_left = self.sources.get(origin.id()).requests_left.clone();
        match timeout(self.config.limits.retry_deadline, requests_left.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                let error = OriginError::new(Kind::Timeout, origin.id(), key).with_offset(offset);
                Err(error.with_detail("too many requests to this origin are running"))
            }
        }
    }

    /// Sends one request and waits for the headers of its answer.
    pub(crate) async fn ask(
        &self,
        origin: &Arc<dyn Origin>,
        key: &str,
        read: Read,
    ) -> Result<Answer, OriginError> {
        let (offset, limit) = (read.range.start, self.config.limits.answer_timeout);
        self.metrics.origin_requests.one();
        self.sources.get(origin.id()).requests.one();
        timeout(limit, origin.read(key, read)).await.unwrap_or_else(|_| {
            let error = OriginError::new(Kind::Timeout, origin.id(), key).with_offset(offset);
            Err(error.with_detail(format!("no answer within {} s", Duration::as_secs_f32(&limit))))
        })
    }

    pub(crate) fn count_error(&self, source: &Source, kind: Kind) {
        self.metrics.error(kind);
        source.errors.one();
    }

    pub(crate) fn count_bytes(&self, source: &Source, bytes: u64) {
        self.metrics.origin_bytes.add(bytes);
        source.bytes.add(bytes);
    }

    /// A fetch failed for good. What the table says of the object can no longer be right if it changed.
    fn failed(&self, object: &Pinned, error: &OriginError) {
        if matches!(error.kind, Kind::Changed | Kind::Missing) {
            self.table.doubt(object.origin.id(), &object.key);
        }
        tracing::debug!(%error, "a fetch failed");
    }
}
