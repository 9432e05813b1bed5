//! A folder that is asked by HTTP as a bucket would be.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use millrace_origin::{FolderOrigin, Kind, MemoryOrigin, ObjectsUpstream, Upstream, no_body};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

struct Asked {
    status: u16,
    headers: HeaderMap,
    body: String,
}

async fn ask(upstream: &ObjectsUpstream, method: &str, path: &str, fields: &[(&str, &str)]) -> Asked {
    let request =
        fields.iter().fold(Request::builder().method(method).uri(path), |request, (name, value)| {
            request.header(*name, *value)
        });
    read(upstream.ask(request.body(no_body()).unwrap()).await.unwrap()).await
}

async fn read(answer: Response<millrace_origin::ResponseBody>) -> Asked {
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Asked {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn folder() -> (tempfile::TempDir, ObjectsUpstream) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("site/films")).unwrap();
    let path = dir.path().join("site/films/a b+é.mp4");
    fs::write(&path, b"0123456789").unwrap();
    let written = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_250);
    fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    fs::write(dir.path().join("site/empty"), b"").unwrap();
    fs::write(dir.path().join("secret"), b"secret").unwrap();
    let origin = Arc::new(FolderOrigin::open(dir.path()).unwrap());
    (dir, ObjectsUpstream::new(origin, "/site".into()))
}

const FILM: &str = "/films/a%20b+%C3%A9.mp4?v=1";
const WRITTEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[tokio::test]
async fn a_file_is_described_and_sent() {
    let (_dir, upstream) = folder();
    for (method, body) in [("GET", "0123456789"), ("HEAD", "")] {
        let answer = ask(&upstream, method, FILM, &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
        for (name, value) in [
            ("content-type", "video/mp4"),
            ("content-length", "10"),
            ("accept-ranges", "bytes"),
            ("last-modified", WRITTEN),
        ] {
            assert_eq!(answer.headers[name], value, "{method}");
        }
        let tag = answer.headers["etag"].to_str().unwrap();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34, "{tag}");
    }
    assert!(upstream.id().as_str().ends_with("/site"), "{}", upstream.id());
}

#[tokio::test]
async fn one_range_is_sent_as_a_part() {
    let (_dir, upstream) = folder();
    for (range, status, content_range, body) in [
        ("bytes=2-4", 206, Some("bytes 2-4/10"), "234"),
        ("bytes=7-", 206, Some("bytes 7-9/10"), "789"),
        ("bytes=-1", 206, Some("bytes 9-9/10"), "9"),
        ("bytes=0-0,4-5", 200, None, "0123456789"),
        ("bytes=4-2", 200, None, "0123456789"),
    ] {
        let answer = ask(&upstream, "GET", FILM, &[("range", range)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{range}");
        let said = answer.headers.get("content-range").map(|value| value.to_str().unwrap());
        assert_eq!(said, content_range, "{range}");
        assert_eq!(answer.headers["content-length"], body.len().to_string().as_str());
    }
    let answer = ask(&upstream, "GET", FILM, &[("range", "bytes=10-")]).await;
    assert_eq!((answer.status, answer.headers["content-range"].as_bytes()), (416, &b"bytes */10"[..]));
    assert!(answer.body.contains("<Code>InvalidRange</Code>"), "{}", answer.body);
    let answer = ask(&upstream, "HEAD", FILM, &[("range", "bytes=2-4")]).await;
    assert_eq!((answer.status, answer.headers["content-length"].as_bytes()), (200, &b"10"[..]));
}

#[tokio::test]
async fn conditions_are_judged() {
    let (_dir, upstream) = folder();
    let tag = ask(&upstream, "HEAD", FILM, &[]).await.headers["etag"].to_str().unwrap().to_owned();
    for method in ["GET", "HEAD"] {
        for (name, value, status) in [
            ("if-none-match", tag.as_str(), 304),
            ("if-none-match", "\"other\"", 200),
            ("if-modified-since", WRITTEN, 304),
            ("if-match", "\"other\"", 412),
            ("if-match", tag.as_str(), 200),
            ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:36 GMT", 412),
        ] {
            let answer = ask(&upstream, method, FILM, &[(name, value)]).await;
            assert_eq!(answer.status, status, "{method} {name}: {value}");
            if status == 304 {
                assert_eq!(
                    (answer.body.as_str(), answer.headers["etag"].to_str().unwrap()),
                    ("", tag.as_str())
                );
                assert!(!answer.headers.contains_key("content-length"));
            }
        }
    }
    for (condition, status) in [(tag.as_str(), 206), ("\"other\"", 200)] {
        let answer = ask(&upstream, "GET", FILM, &[("range", "bytes=0-0"), ("if-range", condition)]).await;
        assert_eq!(answer.status, status, "{condition}");
    }
    let answer = ask(&upstream, "GET", FILM, &[("range", "bytes=0-0"), ("if-match", "\"other\"")]).await;
    assert!(answer.status == 412 && answer.body.contains("PreconditionFailed"), "{}", answer.body);
}

#[tokio::test]
async fn times_are_compared_in_whole_seconds() {
    let (_dir, upstream) = folder();
    let answer = ask(&upstream, "GET", FILM, &[("if-unmodified-since", WRITTEN)]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_empty_file_is_an_empty_answer() {
    let (_dir, upstream) = folder();
    let answer = ask(&upstream, "GET", "/empty", &[]).await;
    assert_eq!((answer.status, answer.headers["content-length"].as_bytes()), (200, &b"0"[..]));
    assert_eq!(ask(&upstream, "HEAD", "/empty", &[]).await.status, 200);
    assert_eq!(ask(&upstream, "GET", "/empty", &[("range", "bytes=0-")]).await.status, 416);
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_the_words_of_s3() {
    let (_dir, upstream) = folder();
    for path in ["/none", "/", "/films", "/%2e%2e/secret", "/../secret", "/films//x", "/%ff", "/a%00b"] {
        let answer = ask(&upstream, "GET", path, &[]).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].as_bytes()),
            (404, &b"application/xml"[..]),
            "{path}"
        );
        assert!(answer.body.contains("<Error><Code>NoSuchKey</Code>"), "{}", answer.body);
        assert_eq!(ask(&upstream, "HEAD", path, &[]).await.body, "");
    }
    let answer = ask(&upstream, "GET", "/x%3Cy", &[]).await;
    assert!(answer.body.contains("<Key>site/x&lt;y</Key>"), "{}", answer.body);
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let (_dir, upstream) = folder();
    for method in ["PUT", "POST", "DELETE", "OPTIONS", "PATCH", "X"] {
        let answer = ask(&upstream, method, FILM, &[]).await;
        assert_eq!((answer.status, answer.headers["allow"].as_bytes()), (405, &b"GET, HEAD"[..]));
        assert!(answer.body.contains("MethodNotAllowed"), "{}", answer.body);
    }
}

fn memory() -> (MemoryOrigin, ObjectsUpstream) {
    let origin = MemoryOrigin::new("films");
    (origin.clone(), ObjectsUpstream::new(Arc::new(origin), String::new()))
}

#[tokio::test]
async fn what_the_origin_says_of_an_object_wins() {
    let (origin, upstream) = memory();
    origin.put_with("a.mp4", vec![7; 10], |object| {
        for (name, value) in [
            ("content-type", "text/plain"),
            ("cache-control", "max-age=5"),
            ("etag", "\"said\""),
            ("content-length", "99"),
            ("connection", "close"),
        ] {
            object.headers.insert(name, value.parse().unwrap());
        }
    });
    let answer = ask(&upstream, "GET", "/a.mp4", &[]).await;
    for (name, value) in [
        ("content-type", "text/plain"),
        ("cache-control", "max-age=5"),
        ("etag", "\"said\""),
        ("content-length", "10"),
    ] {
        assert_eq!(answer.headers[name], value);
        assert_eq!(answer.headers.get_all(name).iter().count(), 1);
    }
    assert!(!answer.headers.contains_key("connection"));
    let answer = ask(&upstream, "GET", "/a.mp4", &[("if-none-match", "\"said\"")]).await;
    assert_eq!((answer.status, answer.headers.get("content-length")), (304, None));
}

#[tokio::test]
async fn who_asks_for_the_head_or_has_it_already_moves_no_bytes() {
    let (origin, upstream) = memory();
    let tag = origin.put("a", vec![7; 1_000_000]).to_string();
    ask(&upstream, "HEAD", "/a", &[]).await;
    ask(&upstream, "GET", "/a", &[("if-none-match", &tag)]).await;
    assert_eq!((origin.tally("a").requests, origin.tally("a").bytes), (2, 0));
    ask(&upstream, "GET", "/a", &[("range", "bytes=5-9")]).await;
    assert_eq!(origin.tally("a").bytes, 5);
}

#[tokio::test]
async fn a_part_is_of_what_was_looked_at_or_of_what_replaced_it() {
    let (origin, upstream) = memory();
    origin.put("a", "0123456789");
    // Another version was found; the whole question is asked again.
    origin.fail_next([Kind::Changed, Kind::Changed]);
    assert_eq!(ask(&upstream, "GET", "/a", &[("range", "bytes=-3")]).await.body, "789");
    origin.fail_next([Kind::Changed, Kind::Changed, Kind::Changed]);
    let request = Request::get("/a").header("range", "bytes=0-1").body(no_body()).unwrap();
    assert_eq!(upstream.ask(request).await.unwrap_err().kind, Kind::Changed);
}

#[tokio::test]
async fn refusals_are_answers_and_failures_are_errors() {
    let (origin, upstream) = memory();
    origin.put("a", "0");
    origin.fail_next([Kind::Forbidden]);
    let answer = ask(&upstream, "GET", "/a", &[]).await;
    assert!(answer.status == 403 && answer.body.contains("<Code>AccessDenied</Code>"), "{}", answer.body);
    for kind in [Kind::Unavailable, Kind::Timeout, Kind::Throttled, Kind::Misconfigured] {
        origin.fail_next([kind]);
        let request = Request::get("/a").body(no_body()).unwrap();
        assert_eq!(upstream.ask(request).await.unwrap_err().kind, kind);
    }
}
