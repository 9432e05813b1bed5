//! Reading what an upstream answers in parts.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use millrace_origin::{
    Error, Kind, Origin, OriginId, RangedOrigin, Read, RequestBody, ResponseBody, Upstream, Version,
};
use std::sync::{Arc, Mutex};

/// Answers with the next of its answers, and notes what it was asked.
struct Script {
    id: OriginId,
    answers: Mutex<Vec<Response<&'static str>>>,
    seen: Mutex<Vec<(Method, String, HeaderMap)>>,
}

#[async_trait]
impl Upstream for Script {
    fn id(&self) -> &OriginId {
        &self.id
    }

    async fn ask(&self, request: Request<RequestBody>) -> Result<Response<ResponseBody>, Error> {
        let (parts, _) = request.into_parts();
        self.seen.lock().unwrap().push((parts.method, parts.uri.to_string(), parts.headers));
        let answer = self.answers.lock().unwrap().remove(0);
        Ok(answer.map(|body| Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync()))
    }
}

fn script(answers: impl IntoIterator<Item = Response<&'static str>>) -> (Arc<Script>, RangedOrigin) {
    let answers = Mutex::new(answers.into_iter().collect());
    let script = Arc::new(Script { id: OriginId::new("https://h"), answers, seen: Mutex::default() });
    let request = Request::head("/a%20b?token=hush")
        .header("accept-language", "de")
        .header("range", "bytes=7-")
        .header("if-none-match", "\"x\"")
        .body(());
    (script.clone(), RangedOrigin::new(script, request.unwrap()))
}

fn answer(status: u16, fields: &[(&str, &str)], body: &'static str) -> Response<&'static str> {
    let answer = Response::builder().status(status);
    fields.iter().fold(answer, |answer, (name, value)| answer.header(*name, *value)).body(body).unwrap()
}

fn part(range: &str, tag: &str, body: &'static str) -> Response<&'static str> {
    answer(206, &[("content-range", range), ("etag", tag), ("content-type", "video/mp4")], body)
}

async fn kind(answer: Response<&'static str>, read: Read) -> Kind {
    let (_, origin) = script([answer]);
    match origin.read("", read).await {
        Err(error) => error.kind,
        Ok(answer) => answer.bytes().await.unwrap_err().kind,
    }
}

#[tokio::test]
async fn the_request_is_repeated_with_a_range_and_the_pinned_tag() {
    let (upstream, origin) =
        script([part("bytes 2-5/10", "\"1\"", "2345"), part("bytes 6-9/10", "\"1\"", "6789")]);
    let first = origin.read("ignored", Read::new(2..6)).await.unwrap();
    let version = first.object.version.clone();
    assert_eq!((first.range.clone(), first.object.length), (2..6, 10));
    assert_eq!(first.object.headers["content-type"], "video/mp4");
    assert_eq!(first.bytes().await.unwrap(), "2345");
    let last = origin.read("ignored", Read::pinned(6..99, version)).await.unwrap();
    assert_eq!(last.bytes().await.unwrap(), "6789");

    let seen = upstream.seen.lock().unwrap();
    let [(method, uri, headers), (_, _, pinned)] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((method, uri.as_str()), (&Method::GET, "/a%20b?token=hush"));
    assert_eq!([&headers["range"], &headers["accept-language"]], ["bytes=2-5", "de"]);
    assert!(!headers.contains_key("if-none-match") && !headers.contains_key("if-match"));
    assert_eq!([&pinned["range"], &pinned["if-match"]], ["bytes=6-98", "\"1\""]);
    assert_eq!(pinned.get_all("range").iter().count(), 1);
}

#[tokio::test]
async fn parts_that_do_not_belong_together_are_not_put_together() {
    let pinned = || Read::pinned(2..6, Version::new("\"1\""));
    for (answer, expected) in [
        (part("bytes 2-5/10", "\"2\"", "2345"), Kind::Changed),
        (part("bytes 2-5/10", "W/\"1\"", "2345"), Kind::NoVersion),
        (part("bytes 3-6/10", "\"1\"", "3456"), Kind::WrongLength),
        (part("bytes 2-4/10", "\"1\"", "234"), Kind::WrongLength),
        (part("bytes 2-5/10", "\"1\"", "23456"), Kind::WrongLength),
        (part("bytes 2-5/10", "\"1\"", "234"), Kind::Truncated),
        (answer(206, &[("etag", "\"1\"")], "2345"), Kind::WrongLength),
        (answer(206, &[("content-range", "bytes 2-5/10")], "2345"), Kind::NoVersion),
        (answer(412, &[], ""), Kind::Changed),
        (answer(416, &[], ""), Kind::PastEnd),
        (answer(404, &[], ""), Kind::Missing),
        (answer(403, &[], ""), Kind::Forbidden),
        (answer(302, &[("location", "/b")], ""), Kind::Misconfigured),
        (answer(503, &[], ""), Kind::Throttled),
        (answer(502, &[], ""), Kind::Unavailable),
    ] {
        let what = format!("{answer:?}");
        assert_eq!(kind(answer, pinned()).await, expected, "{what}");
    }
}

#[tokio::test]
async fn a_server_without_ranges_serves_the_beginning_only() {
    let whole = || answer(200, &[("etag", "\"1\""), ("content-length", "10")], "0123456789");
    let (_, origin) = script([whole()]);
    let first = origin.read("", Read::new(0..4)).await.unwrap();
    assert_eq!((first.range.clone(), first.object.length), (0..4, 10));
    assert_eq!(first.bytes().await.unwrap(), "0123");
    assert_eq!(kind(whole(), Read::new(1..4)).await, Kind::WrongLength);
    assert_eq!(kind(answer(200, &[("etag", "\"1\"")], "0123"), Read::new(0..4)).await, Kind::WrongLength);
}

#[tokio::test]
async fn nothing_is_asked_for_once_more_without_a_range() {
    let empty = answer(200, &[("etag", "\"1\""), ("content-length", "0")], "");
    let (upstream, origin) = script([answer(416, &[("content-range", "bytes */0")], ""), empty]);
    let answer = origin.read("", Read::pinned(0..9, Version::new("\"1\""))).await.unwrap();
    assert_eq!((answer.object.length, answer.bytes().await.unwrap().len()), (0, 0));
    let seen = upstream.seen.lock().unwrap();
    assert!(!seen[1].2.contains_key("range") && seen[1].2.contains_key("if-match"));
}

#[tokio::test]
async fn errors_name_the_path_and_nothing_that_may_be_secret() {
    let (_, origin) = script([answer(404, &[], "")]);
    let error = origin.read("", Read::new(0..1)).await.unwrap_err();
    assert_eq!((&*error.key, error.status), ("/a%20b", Some(404)));
    assert!(!format!("{error} {error:?} {origin:?}").contains("hush"));
}
