//! The server: objects, rules, and what was seen.

use crate::answer::{Answer, Stored};
use crate::fault::{Fault, Rule};
use crate::request::{self, Request};
use crate::signature::{self, Owner};
use bytes::Bytes;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// A small S3 on a free port of loopback. Ends when it is dropped.
pub struct S3Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    objects: HashMap<String, Stored>,
    rules: Vec<(Rule, Fault)>,
    seen: Vec<Seen>,
    latency: Duration,
    tags: u64,
    owner: Option<Owner>,
}

/// A request that was answered, or is being answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The path as sent, still percent-encoded.
    pub path: String,
    /// `bucket/key`, decoded.
    pub key: String,
    /// The bytes asked for.
    pub range: Option<Range<u64>>,
    /// The `If-Match` header.
    pub if_match: Option<String>,
    /// Whether there was an `Authorization` header.
    pub signed: bool,
    /// The status of the answer.
    pub status: u16,
    /// Body bytes of objects (not of error documents) sent so far.
    pub bytes: u64,
}

impl Drop for S3Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl S3Fake {
    /// Listens on a free port.
    ///
    /// # Panics
    /// If loopback has none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(serve(listener, shared.clone())).abort_handle();
        Self { address, shared, task }
    }

    /// `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts or replaces an object; the answer is its new ETag, quotes included.
    pub fn put(&self, bucket: &str, key: &str, content: impl Into<Bytes>) -> String {
        self.put_with(bucket, key, content, &[])
    }

    /// As [`put`](Self::put), with headers for its answers. A header `ETag` is not added but used as the tag.
    pub fn put_with(
        &self,
        bucket: &str,
        key: &str,
        content: impl Into<Bytes>,
        headers: &[(&str, &str)],
    ) -> String {
        let mut state = self.shared.state();
        state.tags += 1;
        let given = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("etag"));
        let tag = given.map_or_else(|| format!("\"{:032x}\"", state.tags), |(_, tag)| (*tag).to_owned());
        let others = headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("etag"));
        let headers = others.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let stored = Stored { content: content.into(), tag: tag.clone(), headers };
        state.objects.insert(format!("{bucket}/{key}"), stored);
        tag
    }

    /// Removes an object.
    pub fn remove(&self, bucket: &str, key: &str) {
        self.shared.state().objects.remove(&format!("{bucket}/{key}"));
    }

    /// From now on takes only requests that are signed with this key, and refuses others as S3 does.
    pub fn require(&self, key_id: &str, secret: &str) {
        self.shared.state().owner = Some(Owner { key_id: key_id.to_owned(), secret: secret.to_owned() });
    }

    /// Waits so long before every answer.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.state().latency = latency;
    }

    /// Lets requests that `rule` hits misbehave. Of several rules the first that hits counts.
    pub fn inject(&self, rule: Rule, fault: Fault) {
        self.shared.state().rules.push((rule, fault));
    }

    /// Behaves again.
    pub fn heal(&self) {
        self.shared.state().rules.clear();
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// Body bytes of objects sent so far.
    pub fn bytes(&self) -> u64 {
        self.shared.state().seen.iter().map(|seen| seen.bytes).sum()
    }

    /// Waits until `requests` requests have arrived since the start.
    pub async fn arrived(&self, requests: u64) {
        let mut arrived = self.shared.arrived.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        let _ = arrived.wait_for(|&number| number >= requests).await;
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let shared = shared.clone();
        connections.spawn(async move {
            // A client that hangs up is nobody's fault here.
            let _: io::Result<()> = shared.connection(stream).await;
        });
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connection(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        while let Some(request) = request::next(&mut stream).await? {
            let (number, answer, latency) = self.answer(request);
            self.arrived.send_modify(|number| *number += 1);
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            let content = answer.status < 300;
            let sent = |bytes| {
                if content {
                    self.state().seen[number].bytes += bytes;
                }
            };
            if !answer.send(&mut stream, sent).await? {
                break;
            }
        }
        Ok(())
    }

    fn answer(&self, request: Request) -> (usize, Answer, Duration) {
        let mut state = self.state();
        let fault =
            state.rules.iter_mut().find_map(|(rule, fault)| rule.hits(&request.key).then(|| fault.clone()));
        let refusal = state.owner.as_ref().and_then(|owner| signature::refusal(&request, owner));
        let answer =
            refusal.unwrap_or_else(|| Answer::new(&request, state.objects.get(&request.key), fault.as_ref()));
        let Request { path, key, range, if_match, signed, .. } = request;
        state.seen.push(Seen { path, key, range, if_match, signed, status: answer.status, bytes: 0 });
        (state.seen.len() - 1, answer, state.latency)
    }
}
