//! A bucket, asked by HTTP as viewers ask for it.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod common;

use common::{Server, answer, ask, get, with_body};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use millrace_model::web::Signing;
use millrace_origin::{
    BucketRules, BucketUpstream, Credentials, Kind, RequestBody, S3Config, Trust, Upstream, no_body,
};
use millrace_s3_fake::{Fault, Rule, S3Fake};
use millrace_sign::sigv4::{self, Authorization, Payload};
use std::time::{Duration, SystemTime};

const KEY_ID: &str = "AKIAEXAMPLE";
const SECRET: &str = "not printed";

fn config(endpoint: String) -> S3Config {
    let credentials = Credentials::Static { key_id: KEY_ID.into(), secret: SECRET.into(), token: None };
    S3Config {
        endpoint: Some(endpoint),
        path_style: true,
        credentials,
        reader: Some("E1".into()),
        ..S3Config::new("us-east-1", "films")
    }
}

fn rules(path: &str, signing: Signing) -> BucketRules {
    BucketRules {
        path: path.into(),
        headers: vec![("x-verify".parse().unwrap(), "hush".parse().unwrap())],
        signing,
        attempts: 1,
        connect_timeout: Duration::from_secs(20),
        read_timeout: Duration::from_secs(20),
        completion_timeout: None,
        trust: Trust::native().unwrap(),
    }
}

fn bucket(s3: &S3Fake, path: &str, signing: Signing) -> BucketUpstream {
    BucketUpstream::new(&config(s3.endpoint()), rules(path, signing)).unwrap()
}

fn with(mut request: Request<RequestBody>, fields: &[(&'static str, &'static str)]) -> Request<RequestBody> {
    for (name, value) in fields {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    request
}

#[tokio::test]
async fn signatures_hold_for_hard_keys_however_viewers_write_them() {
    let s3 = S3Fake::start().await;
    s3.require(KEY_ID, SECRET);
    let plain = bucket(&s3, "", Signing::Always);
    let below = bucket(&s3, "/p q", Signing::Always);
    for (path, key) in [
        ("/a%20b.mp4", "a b.mp4"),
        ("/a+b", "a+b"),
        ("/a%2Bb", "a+b"),
        ("/%C3%A9/%E9%9B%BB.mp4", "é/電.mp4"),
        ("/é.mp4", "é.mp4"),
        ("/a//b", "a//b"),
        ("//lead", "/lead"),
        ("/x%2Fy", "x/y"),
        ("/100%25", "100%"),
        ("/%2525", "%25"),
        ("/~'()*!,;:@&=$", "~'()*!,;:@&=$"),
        ("/q%3Fx%23y", "q?x#y"),
        ("/trail/", "trail/"),
        ("/..a/b..", "..a/b.."),
    ] {
        s3.put("films", key, key.to_owned());
        let slash = path.strip_prefix('/').unwrap();
        s3.put("films", &format!("p q/{key}"), format!("below {key}"));
        let answer = ask(&plain, get(path)).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, key), "{path}");
        let answer = ask(&below, get(&format!("/{slash}?color=red&x=%2F+1"))).await.unwrap();
        assert_eq!((answer.status, answer.body), (200, format!("below {key}")), "{path}");
    }
    assert!(s3.requests().iter().all(|seen| seen.signed && seen.status == 200));
    assert!(s3.requests().iter().any(|seen| seen.path == "/films/p%20q/x/y"), "encoded in one way");
}

#[tokio::test]
async fn ranges_conditions_and_own_headers_are_signed_as_they_go_out() {
    let s3 = S3Fake::start().await;
    s3.require(KEY_ID, SECRET);
    let tag = s3.put_with("films", "a", "0123456789", &[("Content-Type", "video/mp4"), ("X-Any", "field")]);
    let upstream = bucket(&s3, "", Signing::Always);
    let mut request = with(
        get("/a?versionId=3&x-id=GetObject&response-content-type=a%2Fb"),
        &[
            ("range", "bytes=2-4"),
            ("accept-language", "de,  en"),
            ("cookie", "a=b"),
            ("cookie", "c=d"),
            ("host", "www.example.com"),
            ("authorization", "Basic eDp5"),
            ("x-amz-content-sha256", "theirs"),
            ("te", "trailers"),
        ],
    );
    request.headers_mut().insert("if-match", tag.parse().unwrap());
    let answer = ask(&upstream, request).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (206, "234"), "{answer:?}");
    assert_eq!([&answer.headers["etag"], &answer.headers["x-any"]], [tag.as_str(), "field"]);
    assert_eq!(upstream.id().as_str(), format!("{}/films#E1", s3.endpoint().replace("http", "s3")));
}

#[tokio::test]
async fn requests_are_signed_as_the_rules_say() {
    let s3 = S3Fake::start().await;
    s3.put("films", "a", "a");
    let authorized = || with(get("/a"), &[("authorization", "Bearer theirs")]);
    for (signing, request, signed, ours) in [
        (Signing::Never, get("/a"), false, false),
        (Signing::Never, authorized(), true, false),
        (Signing::UnlessAuthorized, get("/a"), true, true),
        (Signing::UnlessAuthorized, authorized(), true, false),
        (Signing::Always, authorized(), true, true),
    ] {
        let server = Server::start(vec![answer("HTTP/1.1 200 OK\nContent-Length: 0\n\n")]).await;
        let config = config(format!("http://{}", server.address));
        let request = with(request, &[("host", "www.example.com")]);
        ask(&BucketUpstream::new(&config, rules("", signing)).unwrap(), request).await.unwrap();
        let seen = server.seen().remove(0);
        assert_eq!(seen.contains("\r\nauthorization: "), signed, "{seen}");
        assert_eq!(seen.contains("authorization: AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"), ours, "{seen}");
        assert!(seen.contains(&format!("\r\nhost: {}\r\n", server.address)), "{seen}");
        assert!(seen.contains("\r\nx-verify: hush\r\n"), "{seen}");
    }
}

/// Verifies as S3 does what came over the wire.
fn verify(text: &str, payload: Payload<'_>) -> Result<(), sigv4::Error> {
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let line: Vec<_> = lines.next().unwrap().split(' ').collect();
    let (path, query) = line[1].split_once('?').unwrap_or((line[1], ""));
    let mut headers = HeaderMap::new();
    for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let request = sigv4::Request { method: line[0], path, query, headers: &headers, payload };
    Authorization::parse(&headers)?.verify(
        SECRET,
        &request,
        "s3",
        SystemTime::now(),
        Duration::from_secs(900),
    )
}

#[tokio::test]
async fn heads_and_uploads_are_signed_too() {
    let ok = answer("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
    let server = Server::start(vec![[ok.clone(), ok.clone(), ok].concat()]).await;
    let upstream =
        BucketUpstream::new(&config(format!("http://{}", server.address)), rules("", Signing::Always));
    let upstream = upstream.unwrap();
    ask(&upstream, Request::head("/a%20b").body(no_body()).unwrap()).await.unwrap();
    ask(&upstream, Request::delete("/a").body(no_body()).unwrap()).await.unwrap();
    let put = with(
        with_body("PUT", "/a+b?uploadId=x&partNumber=1&acl", "hello"),
        &[
            ("content-type", "text/plain"),
            ("content-length", "5"),
            ("x-amz-copy-source", "/other/secret"),
            ("x-amz-meta-name", "kept"),
        ],
    );
    ask(&upstream, put).await.unwrap();
    let [head, delete, put] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    assert_eq!(verify(head, Payload::Bytes(b"")), Ok(()), "{head}");
    assert_eq!(verify(delete, Payload::Bytes(b"")), Ok(()), "{delete}");
    assert_eq!(verify(put, Payload::Hash("UNSIGNED-PAYLOAD")), Ok(()), "{put}");
    assert!(put.starts_with("PUT /films/a%2Bb?uploadId=x&partNumber=1 HTTP/1.1\r\n"), "{put}");
    assert!(put.contains("x-amz-meta-name: kept\r\n") && !put.contains("secret"), "{put}");
}

#[tokio::test]
async fn no_path_leads_out_of_the_bucket_or_the_path_in_front() {
    let s3 = S3Fake::start().await;
    let prefixed = S3Config { prefix: "site/".into(), ..config(s3.endpoint()) };
    let upstreams = [
        bucket(&s3, "", Signing::Always),
        bucket(&s3, "/p", Signing::Never),
        BucketUpstream::new(&prefixed, rules("/p", Signing::Always)).unwrap(),
    ];
    for upstream in &upstreams {
        for path in ["/../other/key", "/a/../../b", "/%2e%2e/x", "/a/%2E/b", "/..%2fx", "/a%00", "/%ff"] {
            let answer = ask(upstream, get(path)).await.unwrap();
            assert!(answer.status == 404 && answer.body.contains("NoSuchKey"), "{path} {answer:?}");
        }
    }
    assert!(s3.requests().is_empty());
    s3.put("films", "site/p/a", "found");
    assert_eq!(ask(&upstreams[2], get("/a")).await.unwrap().body, "found");
}

#[tokio::test]
async fn the_bucket_itself_is_not_asked_for_in_our_name() {
    let s3 = S3Fake::start().await;
    let (signed, unsigned) = (bucket(&s3, "", Signing::Always), bucket(&s3, "", Signing::Never));
    let answer = ask(&signed, get("/?list-type=2")).await.unwrap();
    assert!(answer.status == 403 && answer.body.contains("<Code>AccessDenied</Code>"), "{answer:?}");
    assert!(s3.requests().is_empty());
    ask(&unsigned, get("/?list-type=2")).await.unwrap();
    assert_eq!(s3.requests()[0].path, "/films/");
}

#[tokio::test]
async fn refusals_of_the_bucket_are_answers_and_failures_are_errors() {
    let s3 = S3Fake::start().await;
    let upstream = bucket(&s3, "", Signing::Always);
    let missing = ask(&upstream, get("/none")).await.unwrap();
    assert!(missing.status == 404 && missing.body.contains("NoSuchKey"), "{missing:?}");
    s3.put("films", "a", "0123456789");
    s3.inject(Rule::any().times(1), Fault::slow_down());
    assert_eq!(ask(&upstream, get("/a")).await.unwrap().status, 503);
    s3.inject(Rule::any().times(1), Fault::Cut { after: 4 });
    let error = ask(&upstream, get("/a?x=hush")).await.unwrap_err();
    assert_eq!((error.kind, error.offset, &*error.key), (Kind::Truncated, Some(4), "/a"));
    drop(s3);
    tokio::task::yield_now().await;
    assert_eq!(ask(&upstream, get("/a")).await.unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn secrets_are_not_printed_and_what_can_not_work_is_said_at_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let (config, rules) = (config("http://127.0.0.1:9".into()), rules("/p", Signing::Always));
    let text = format!("{rules:?} {:?}", BucketUpstream::new(&config, rules.clone()).unwrap());
    assert!(text.contains("x-verify") && !text.contains("hush") && !text.contains(SECRET), "{text}");
    let wrong = S3Config { endpoint: Some("ftp://x".into()), ..config };
    assert_eq!(BucketUpstream::new(&wrong, rules).unwrap_err().kind, Kind::Misconfigured);
}
