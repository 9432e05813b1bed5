//! What viewers of web distributions get, from an upstream that says what it is told to.

use super::*;
use crate::{BLOCK, Config};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use http::header::HeaderMap;
use http::{HeaderName, HeaderValue, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use millrace_origin::{Kind, OriginId, RequestBody, ResponseBody};
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{advance, sleep};

type Fields = &'static [(&'static str, &'static str)];

/// What an upstream says to one request.
#[derive(Clone)]
enum Line {
    Says(u16, Fields, Bytes),
    /// So many of the bytes come, then the connection breaks.
    Breaks(Fields, Bytes, usize),
    Fails(Kind),
}

/// Says its lines, the last one again and again; ranges it cuts itself.
struct Stage {
    id: OriginId,
    lines: Mutex<VecDeque<Line>>,
    heard: Mutex<Vec<HeaderMap>>,
    /// Answers wait for a permit each.
    curtain: Semaphore,
}

impl Stage {
    fn new(lines: impl IntoIterator<Item = Line>) -> Arc<Self> {
        let lines = Mutex::new(lines.into_iter().collect());
        let curtain = Semaphore::new(Semaphore::MAX_PERMITS);
        Arc::new(Self { id: OriginId::new("stage"), lines, heard: Mutex::default(), curtain })
    }

    fn heard(&self, name: &str) -> Vec<Option<String>> {
        let heard = self.heard.lock().unwrap();
        let value = |fields: &HeaderMap| Some(fields.get(name)?.to_str().unwrap().to_owned());
        heard.iter().map(value).collect()
    }

    fn questions(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

#[async_trait]
impl Upstream for Stage {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn ask(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, millrace_origin::Error> {
        let line = {
            self.heard.lock().unwrap().push(request.headers().clone());
            let mut lines = self.lines.lock().unwrap();
            if lines.len() > 1 { lines.pop_front().unwrap() } else { lines[0].clone() }
        };
        self.curtain.acquire().await.unwrap().forget();
        let error = |kind| millrace_origin::Error::new(kind, &self.id, "/");
        let (status, fields, bytes, breaks) = match line {
            Line::Says(status, fields, bytes) => (status, fields, bytes, None),
            Line::Breaks(fields, bytes, at) => (200, fields, bytes.slice(..at), Some(error(Kind::Truncated))),
            Line::Fails(kind) => return Err(error(kind)),
        };
        let mut response = Response::builder().status(status);
        for (name, value) in fields {
            response = response.header(*name, *value);
        }
        let range = request.headers().get("range").and_then(|range| range.to_str().ok());
        let bytes = match range.map(|range| millrace_web::Ranges::parse(range, bytes.len() as u64)) {
            Some(millrace_web::Ranges::One(part)) if fields.contains(&("accept-ranges", "bytes")) => {
                let content_range = millrace_web::content_range(&part, bytes.len() as u64);
                response = response.status(206).header("content-range", content_range);
                bytes.slice(part.start as usize..part.end as usize)
            }
            _ => bytes,
        };
        if breaks.is_none() && !fields.contains(&("transfer-encoding", "chunked")) {
            response = response.header("content-length", bytes.len());
        }
        let pieces: Vec<_> =
            bytes.chunks(100_000).map(|piece| Ok(Frame::data(bytes.slice_ref(piece)))).collect();
        let pieces = pieces.into_iter().chain(breaks.map(Err));
        Ok(response.body(StreamBody::new(stream::iter(pieces)).boxed_unsync()).unwrap())
    }
}

fn says(status: u16, fields: Fields, body: &'static str) -> Line {
    Line::Says(status, fields, Bytes::from_static(body.as_bytes()))
}

async fn cache() -> Cache {
    Cache::open(Config::default()).await.unwrap()
}

fn ask(stage: &Arc<Stage>, fields: Fields) -> Ask {
    let mut request = Request::new(());
    for (name, value) in fields {
        request.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let day = Duration::from_secs(86_400);
    Ask {
        name: CopyName { distribution: "E1".into(), resource: "/a".into(), rest: "".into() },
        request,
        range: None,
        upstream: stage.clone(),
        rules: Rules {
            keeps: true,
            bounds: Bounds { min: Duration::ZERO, default: day, max: 365 * day },
            errors: Arc::new(ErrorTtls { of: Vec::new(), default: Duration::from_secs(10) }),
            coding: None,
            without_cookies: false,
        },
    }
}

async fn body(reply: &Reply) -> Result<Bytes, Error> {
    Ok(reply.copy.all().expect("the beginning is here").collect().await?.to_bytes())
}

#[tokio::test(start_paused = true)]
async fn what_is_fresh_is_used_and_its_age_is_told() {
    let stage = Stage::new([says(200, &[("cache-control", "max-age=60")], "one"), says(200, &[], "two")]);
    let cache = cache().await;
    let first = cache.answer(ask(&stage, &[])).await.unwrap();
    assert_eq!((first.how, body(&first).await.unwrap()), (How::Missed, "one".into()));
    advance(Duration::from_secs(59)).await;
    let again = cache.answer(ask(&stage, &[])).await.unwrap();
    assert_eq!((again.how, again.age.as_secs(), body(&again).await.unwrap()), (How::Hit, 59, "one".into()));
    assert_eq!(again.copy.length(), Some(3));
    advance(Duration::from_secs(2)).await;
    let new = cache.answer(ask(&stage, &[])).await.unwrap();
    assert_eq!((new.how, body(&new).await.unwrap()), (How::Missed, "two".into()));
}

#[tokio::test]
async fn a_thousand_viewers_of_something_cold_cost_one_question() {
    let stage = Stage::new([says(200, &[], "film")]);
    stage.curtain.forget_permits(Semaphore::MAX_PERMITS);
    let cache = cache().await;
    let viewers: Vec<_> = (0..1000)
        .map(|_| {
            let (cache, ask) = (cache.clone(), ask(&stage, &[]));
            tokio::spawn(async move { body(&cache.answer(ask).await.unwrap()).await.unwrap() })
        })
        .collect();
    while stage.questions() == 0 {
        tokio::task::yield_now().await;
    }
    // Who asked first leaves, and the others get their answer all the same.
    viewers[0].abort();
    stage.curtain.add_permits(1);
    for viewer in viewers.into_iter().skip(1) {
        assert_eq!(viewer.await.unwrap(), "film");
    }
    assert_eq!(stage.questions(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_confirmed_with_its_validators_and_takes_new_fields() {
    let old: Fields = &[("cache-control", "max-age=1"), ("etag", "\"a\""), ("x-old", "1"), ("x-both", "1")];
    let new: Fields = &[("cache-control", "max-age=100"), ("etag", "\"a\""), ("x-both", "2")];
    let stage = Stage::new([says(200, old, "one"), says(304, new, ""), says(500, &[], "")]);
    let cache = cache().await;
    body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap();
    advance(Duration::from_secs(2)).await;
    let confirmed = cache.answer(ask(&stage, &[])).await.unwrap();
    assert_eq!((confirmed.how, body(&confirmed).await.unwrap()), (How::Refreshed, "one".into()));
    assert_eq!(stage.heard("if-none-match"), [None, Some("\"a\"".to_owned())]);
    let fields = confirmed.copy.headers();
    assert_eq!((&fields["x-old"], &fields["x-both"]), (&HeaderValue::from(1), &HeaderValue::from(2)));
    advance(Duration::from_secs(90)).await;
    assert_eq!(cache.answer(ask(&stage, &[])).await.unwrap().how, How::Hit);
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_used_while_the_origin_fails_unless_it_forbids_that() {
    for failure in [Line::Fails(Kind::Unavailable), says(503, &[], "busy")] {
        let stage = Stage::new([says(200, &[("cache-control", "max-age=1")], "one"), failure.clone()]);
        let cache = cache().await;
        body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap();
        advance(Duration::from_secs(2)).await;
        let excused = cache.answer(ask(&stage, &[])).await.unwrap();
        assert_eq!((excused.how, body(&excused).await.unwrap()), (How::Stale, "one".into()));
        assert_eq!(cache.answer(ask(&stage, &[])).await.unwrap().how, How::Hit, "it is given a pause");
        assert_eq!(stage.questions(), 2);

        let strict: Fields = &[("cache-control", "max-age=1, must-revalidate")];
        let stage = Stage::new([says(200, strict, "one"), failure]);
        let other =
            Ask { name: CopyName { resource: "/b".into(), ..ask(&stage, &[]).name }, ..ask(&stage, &[]) };
        cache.answer(other.clone()).await.unwrap();
        advance(Duration::from_secs(2)).await;
        let failed = cache.answer(other).await;
        assert!(failed.is_err() || failed.is_ok_and(|reply| reply.copy.status() == 503));
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_used_while_it_is_asked_for_anew_costs_nobody_a_wait() {
    let first: Fields = &[("cache-control", "max-age=1, stale-while-revalidate=60")];
    let stage = Stage::new([says(200, first, "one"), says(200, first, "two")]);
    let cache = cache().await;
    body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap();
    advance(Duration::from_secs(2)).await;
    assert_eq!(body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap(), "one");
    while stage.questions() < 2 {
        sleep(Duration::from_millis(1)).await;
    }
    sleep(Duration::from_millis(10)).await;
    assert_eq!(body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap(), "two");
}

#[tokio::test]
async fn an_answer_for_one_is_nobody_elses() {
    for fields in [&[("cache-control", "no-store")][..], &[("cache-control", "private")], &[("vary", "*")]] {
        let stage = Stage::new([says(200, fields, "secret")]);
        let cache = cache().await;
        for questions in 1..4 {
            let reply = cache.answer(ask(&stage, &[])).await.unwrap();
            assert_eq!((reply.how, body(&reply).await.unwrap()), (How::Missed, "secret".into()));
            assert_eq!(stage.questions(), questions);
        }
    }
}

#[tokio::test]
async fn answers_that_vary_are_kept_side_by_side() {
    let stage = Stage::new([says(200, &[("vary", "foo")], "one"), says(200, &[("vary", "foo")], "two")]);
    let cache = cache().await;
    let (one, two): (Fields, Fields) = (&[("foo", "1")], &[("foo", "2")]);
    for (fields, expected) in [(one, "one"), (two, "two"), (one, "one"), (two, "two")] {
        assert_eq!(body(&cache.answer(ask(&stage, fields)).await.unwrap()).await.unwrap(), expected);
    }
    assert_eq!(stage.questions(), 2);
}

#[tokio::test]
async fn what_is_purged_is_asked_for_anew_and_what_was_under_way_is_not_kept() {
    let stage = Stage::new([says(200, &[], "old"), says(200, &[], "late"), says(200, &[], "new")]);
    let cache = cache().await;
    body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap();
    cache.purge("E1", |resource| resource == "/b");
    cache.purge("E2", |_| true);
    assert_eq!(cache.answer(ask(&stage, &[])).await.unwrap().how, How::Hit);
    cache.purge("E1", |resource| resource == "/a");
    stage.curtain.forget_permits(Semaphore::MAX_PERMITS);
    let late = tokio::spawn({
        let (cache, ask) = (cache.clone(), ask(&stage, &[]));
        async move { body(&cache.answer(ask).await.unwrap()).await.unwrap() }
    });
    while stage.questions() < 2 {
        tokio::task::yield_now().await;
    }
    cache.purge("E1", |_| true);
    stage.curtain.add_permits(9);
    assert_eq!(late.await.unwrap(), "late");
    assert_eq!(body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap(), "new");
}

#[tokio::test]
async fn a_body_that_breaks_is_an_error_for_its_viewer_and_no_copy_for_others() {
    let stage = Stage::new([Line::Breaks(&[], "half of it".into(), 4), says(200, &[], "all of it")]);
    let cache = cache().await;
    let broken = cache.answer(ask(&stage, &[])).await.unwrap();
    assert!(body(&broken).await.is_err());
    assert_eq!(body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap(), "all of it");
}

const LARGE: Fields = &[("etag", "\"a\""), ("accept-ranges", "bytes")];

#[tokio::test]
async fn what_is_large_lies_in_blocks_and_comes_whole() {
    let film: Bytes = (0..3 * BLOCK + 5).map(|at| (at / 1000) as u8).collect::<Vec<_>>().into();
    let stage = Stage::new([Line::Says(200, LARGE, film.clone())]);
    let cache = cache().await;
    for _ in 0..2 {
        assert_eq!(body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap(), film);
    }
    assert_eq!(stage.questions(), 1, "the answer that told of it brought its bytes");
}

#[tokio::test]
async fn a_part_of_something_large_costs_its_blocks_only() {
    let film: Bytes = vec![7; 100 * BLOCK as usize].into();
    let stage = Stage::new([Line::Says(200, LARGE, film)]);
    let cache = cache().await;
    let range = 50 * BLOCK + 10..51 * BLOCK + 10;
    let text = format!("bytes={}-{}", range.start, range.end - 1);
    let reply = cache.answer(Ask { range: Some(text), ..ask(&stage, &[]) }).await.unwrap();
    assert_eq!(reply.copy.length(), Some(100 * BLOCK));
    let part = reply.copy.range(range).unwrap().collect().await.unwrap().to_bytes();
    assert_eq!(part.len() as u64, BLOCK);
    assert_eq!(cache.counters().origin_bytes, 2 * BLOCK);
    assert_eq!(stage.heard("range"), [Some(format!("bytes={}-{}", 50 * BLOCK, 52 * BLOCK - 1))]);
}

#[tokio::test]
async fn a_small_part_that_an_origin_sends_is_kept_as_that_part() {
    let part: Fields = &[("content-range", "bytes 4-5/10"), ("etag", "\"a\"")];
    let stage = Stage::new([says(206, part, "ab"), says(200, &[("etag", "\"a\"")], "0123ab6789")]);
    let cache = cache().await;
    let ranged = |range: &str| Ask { range: Some(range.to_owned()), ..ask(&stage, &[]) };
    cache.answer(ranged("bytes=4-5")).await.unwrap();
    let again = cache.answer(ranged("bytes=5-5")).await.unwrap();
    assert_eq!((again.how, again.copy.length()), (How::Hit, Some(10)));
    assert_eq!(again.copy.range(5..6).unwrap().collect().await.unwrap().to_bytes(), "b");
    assert_eq!(body(&cache.answer(ask(&stage, &[])).await.unwrap()).await.unwrap(), "0123ab6789");
    assert_eq!(stage.questions(), 2);
}

#[tokio::test]
async fn what_is_worth_it_is_compressed_and_kept_so() {
    let text = Bytes::from("a text that says the same again and again. ".repeat(1000));
    let fields: Fields = &[("content-type", "text/css"), ("etag", "\"a\"")];
    for coding in [Coding::Gzip, Coding::Brotli] {
        let stage = Stage::new([Line::Says(200, fields, text.clone())]);
        let cache = cache().await;
        let mut ask = ask(&stage, &[]);
        ask.rules.coding = Some(coding);
        let first = body(&cache.answer(ask.clone()).await.unwrap()).await.unwrap();
        let again = cache.answer(ask).await.unwrap();
        assert_eq!(body(&again).await.unwrap(), first);
        let fields = again.copy.headers();
        assert_eq!(fields["content-encoding"], coding.name());
        assert_eq!(
            (&fields["etag"], &fields["vary"]),
            (&"W/\"a\"".parse().unwrap(), &"Accept-Encoding".parse().unwrap())
        );
        assert!(first.len() * 20 < text.len());
        let mut plain = Vec::new();
        match coding {
            Coding::Gzip => {
                std::io::copy(&mut flate2::read::GzDecoder::new(&first[..]), &mut plain).unwrap();
            }
            Coding::Brotli => {
                std::io::copy(&mut brotli::Decompressor::new(&first[..], 4096), &mut plain).unwrap();
            }
        }
        assert_eq!(plain, text);
    }
}
