//! What viewers of every kind get of answers that are sound.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use millrace_model::web;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use super::{in_front_of, sent, target};
use crate::support::*;

#[tokio::test]
async fn head_gets_the_head_of_what_get_left_and_nothing_else_is_asked() {
    let server = Server::start(|_, _| page("ETag: \"1\"\nX-Own: yes", "hello")).await;
    let house = in_front_of(&server, |_| {}).await;
    get(&house, "/a", "").await;
    for version in ["1.1", "1.0"] {
        let head = ask(&house, &format!("HEAD /a HTTP/{version}"), "", b"").await;
        assert_eq!((head.status(), head.from(), head.header("X-Own")), (200, "Hit", Some("yes")));
        assert_eq!(head.header("Content-Length"), Some("5"));
    }
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn head_leaves_nothing_that_get_could_take_for_a_body() {
    let server = Server::start(|request, _| match request.starts_with("HEAD") {
        true => vec![said("HTTP/1.1 200 OK\nContent-Length: 5\nETag: \"1\"", "")],
        false => page("ETag: \"1\"", "hello"),
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    let head = ask(&house, "HEAD /a HTTP/1.1", "", b"").await;
    assert_eq!(head.status(), 200);
    let got = get(&house, "/a", "").await;
    assert_eq!((got.text(), got.from()), ("hello", "Miss"));
}

#[tokio::test]
async fn a_body_goes_to_the_origin_and_what_was_kept_under_its_url_is_forgotten() {
    let server = Server::start(|request, number| {
        page("", format!("{number} {}", request.split("\r\n\r\n").nth(1).unwrap_or_default()))
    })
    .await;
    let house = in_front_of(&server, |pages| pages.default_behavior.methods = web::Methods::All).await;
    let body = |path| {
        let house = &house;
        async move { get(house, path, "").await.text().to_owned() }
    };
    assert_eq!(
        (body("/a").await, body("/a").await, body("/b").await),
        ("0 ".into(), "0 ".into(), "1 ".into())
    );
    for (number, method) in [(2, "POST"), (4, "PUT"), (6, "PATCH"), (8, "DELETE")] {
        let posted = ask(&house, &format!("{method} /a HTTP/1.1"), "Content-Length: 5\r\n", b"hello").await;
        assert_eq!((posted.text(), posted.from()), (&*format!("{number} hello"), "Miss"), "{method}");
        assert_eq!(body("/a").await, format!("{} ", number + 1), "{method}");
        assert_eq!(body("/b").await, "1 ", "{method}");
    }
}

#[tokio::test]
async fn a_request_that_failed_changed_nothing() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => vec![said("HTTP/1.1 409 No\nContent-Length: 2", "no")],
        false => page("", "hello"),
    })
    .await;
    let house = in_front_of(&server, |pages| pages.default_behavior.methods = web::Methods::All).await;
    get(&house, "/a", "").await;
    assert_eq!(ask(&house, "POST /a HTTP/1.1", "Content-Length: 0\r\n", b"").await.status(), 409);
    assert_eq!(get(&house, "/a", "").await.from(), "Hit");
}

#[tokio::test]
async fn options_are_kept_apart_where_they_are_kept_and_else_asked_each_time() {
    for (cache_options, asked) in [(true, 2), (false, 3)] {
        let server = Server::start(|request, _| {
            page("Access-Control-Allow-Origin: *", request.split(' ').next().unwrap_or_default())
        })
        .await;
        let house = in_front_of(&server, |pages| {
            pages.default_behavior.methods = web::Methods::GetHeadOptions;
            pages.default_behavior.cache_options = cache_options;
        })
        .await;
        for method in ["OPTIONS", "OPTIONS", "GET", "GET"] {
            let got =
                ask(&house, &format!("{method} /a HTTP/1.1"), "Origin: https://a.example\r\n", b"").await;
            assert_eq!((got.status(), got.text()), (200, method));
        }
        assert_eq!(server.asked(), asked, "{cache_options}");
    }
}

#[tokio::test]
async fn a_viewer_of_http_1_0_gets_no_chunks_and_may_name_no_host() {
    let chunks = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let server =
        Server::start(move |_, _| vec![said("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", chunks)]).await;
    let house = in_front_of(&server, |_| {}).await;
    for path in ["/a", "/a", "/b"] {
        let got = ask_with(&house, &format!("GET {path} HTTP/1.0\r\nHost: {WEB_HOST}\r\n\r\n"), b"").await;
        assert_eq!(
            (got.status(), got.text(), got.header("Transfer-Encoding")),
            (200, "abcde", None),
            "{got:?}"
        );
    }
    let nobody = ask_with(&house, "GET /a HTTP/1.0\r\n\r\n", b"").await;
    assert_eq!(nobody.status(), 404, "{nobody:?}");
}

#[tokio::test]
async fn trailers_come_to_viewers_of_http_2_and_to_others_who_take_them() {
    let chunks = "3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n";
    let head = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X-Sum";
    let server = Server::start(move |_, _| vec![said(head, chunks)]).await;
    let house = in_front_of(&server, |_| {}).await;
    for path in ["/a", "/a", "/b"] {
        let mut client = version_2(&house).await;
        let request =
            Request::get(format!("http://{WEB_HOST}{path}")).body(Full::default()).expect("a request");
        let answer = client.send_request(request).await.expect("an answer");
        let body = answer.into_body().collect().await.expect("a whole answer");
        assert_eq!(
            body.trailers().and_then(|trailers| trailers.get("x-sum")),
            Some(&"42".parse().expect("text"))
        );
        assert_eq!(body.to_bytes(), "abc");
    }
    let plain = get(&house, "/a", "").await;
    assert_eq!((plain.text(), plain.whole), ("abc", true));
}

#[tokio::test]
async fn what_an_origin_says_before_its_answer_comes_before_its_answer() {
    let early =
        "HTTP/1.1 103 Early Hints\nLink: </x.css>\n\nHTTP/1.1 102 Processing\n\nHTTP/1.1 100 Continue\n\n";
    let head = format!("{early}HTTP/1.1 200 OK\nContent-Length: 5");
    let server = Server::start(move |_, _| vec![said(&head, "hello")]).await;
    let house = in_front_of(&server, |pages| pages.default_behavior.methods = web::Methods::All).await;
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
    for (first, before) in [
        ("GET /a HTTP/1.1", hints),
        ("GET /a HTTP/1.1", ""),
        ("POST /a HTTP/1.1", hints),
        ("GET /b HTTP/1.0", ""),
    ] {
        let head = format!("{first}\r\nHost: {WEB_HOST}\r\nConnection: close\r\n\r\n");
        let mut stream = house.road().socket().await;
        stream.write_all(head.as_bytes()).await.expect("the edge reads");
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.expect("it ends");
        let answer = heard.strip_prefix(before).unwrap_or_else(|| panic!("{first}: {heard}"));
        assert!(answer.contains(" 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{first}: {heard}");
        assert!(answer.starts_with("HTTP/1.") && !answer.contains("</x.css>"), "{first}: {heard}");
    }
}

#[tokio::test]
async fn hints_come_while_the_origin_still_works_and_a_flood_of_them_is_cut() {
    let hint = said("HTTP/1.1 103 Early Hints\nLink: </x.css>", "");
    let working = Arc::new(Semaphore::new(0));
    let (flood, done) = (vec![hint; 20], Arc::clone(&working));
    let server = Server::start(move |_, _| {
        let answer = Do::Wait(Arc::clone(&done));
        [flood.clone(), vec![answer, said("HTTP/1.1 200 OK\nContent-Length: 5", "hello")]].concat()
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    let mut stream = house.road().socket().await;
    let head = format!("GET /a HTTP/1.1\r\nHost: {WEB_HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("the edge reads");
    let one = "HTTP/1.1 103 Early Hints\r\nlink: </x.css>\r\n\r\n";
    let mut hints = vec![0; 8 * one.len()];
    stream.read_exact(&mut hints).await.expect("hints come before the answer");
    assert_eq!(String::from_utf8_lossy(&hints), one.repeat(8));
    working.add_permits(1);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.expect("it ends");
    assert!(rest.starts_with("HTTP/1.1 200 OK\r\n") && rest.ends_with("hello"), "{rest}");
}

#[tokio::test]
async fn hints_do_not_get_into_the_answer_before() {
    let film = "film ".repeat(2 << 20);
    let server = Server::start(move |request, _| match request.starts_with("GET /film") {
        true => page("", &film),
        false => vec![said("HTTP/1.1 103 Early Hints\n\nHTTP/1.1 200 OK\nContent-Length: 5", "hello")],
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    for path in ["/a", "/b", "/c"] {
        let film = get(&house, "/film", "").await;
        let request = |path, more| format!("GET {path} HTTP/1.1\r\nHost: {WEB_HOST}\r\n{more}\r\n");
        let mut stream = house.road().socket().await;
        let both = request("/film", "") + &request(path, "Connection: close\r\n");
        stream.write_all(both.as_bytes()).await.expect("the edge reads");
        // The film does not fit into what a socket takes: the hint comes while it is being written.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.expect("it ends");
        let (_, rest) = heard.split_once("\r\n\r\n").expect("a head");
        let rest = rest.strip_prefix(film.text()).expect("the film, and nothing in it");
        assert!(rest.starts_with("HTTP/1.1 ") && rest.ends_with("\r\n\r\nhello"), "{rest}");
    }
}

/// How something came that may be compressed: its coding, and whether it is as the origin has it.
fn length(got: &Got) -> (Option<&str>, bool) {
    (got.header("Content-Encoding"), got.body == "hello ".repeat(500))
}

#[tokio::test]
async fn viewers_who_take_it_get_it_compressed_and_all_others_as_it_is() {
    let server =
        Server::start(|_, _| page("Content-Type: text/plain\nETag: \"1\"", "hello ".repeat(500))).await;
    let house = in_front_of(&server, |pages| {
        pages.default_behavior.compress = true;
        pages.default_behavior.key.gzip = true;
        pages.default_behavior.key.brotli = true;
    })
    .await;
    for _ in 0..2 {
        for (takes, coding) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("gzip, br;q=0", Some("gzip")),
            ("deflate", None),
            ("identity", None),
            ("gzip;q=0", None),
        ] {
            let got = get(&house, "/a", &format!("Accept-Encoding: {takes}\r\n")).await;
            assert_eq!(length(&got), (coding, coding.is_none()), "{takes}: {got:?}");
            assert_eq!(got.header("ETag"), Some(if coding.is_some() { "W/\"1\"" } else { "\"1\"" }));
            assert_eq!(got.header("Vary"), coding.map(|_| "Accept-Encoding"), "{takes}");
            assert!(got.whole && (coding.is_none() || got.body.len() < 1000), "{takes}: {got:?}");
        }
        assert_eq!(length(&get(&house, "/a", "").await), (None, true));
    }
    assert_eq!(server.asked(), 3, "one copy for each coding, and one as it is");
    let codings: Vec<_> =
        server.requests().iter().map(|request| sent(request, "accept-encoding").map(str::to_owned)).collect();
    assert_eq!(codings, ["br,gzip", "gzip", "identity"].map(|coding| Some(coding.to_owned())));
}

#[tokio::test]
async fn the_root_has_an_object_of_its_own_and_no_other_folder_has() {
    let server = Server::start(|request, _| page("", target(request))).await;
    let house =
        in_front_of(&server, |pages| pages.default_root_object = Some("dir/index.html".to_owned())).await;
    for (asked, got) in [
        ("/", "/dir/index.html"),
        ("/?a=b", "/dir/index.html"),
        ("/dir/", "/dir/"),
        ("//", "//"),
        ("/dir/index.html", "/dir/index.html"),
    ] {
        assert_eq!(get(&house, asked, "").await.text(), got, "{asked}");
    }
    let whole = ask_with(
        &house,
        &format!("GET http://{WEB_HOST} HTTP/1.1\r\nHost: {WEB_HOST}\r\nConnection: close\r\n\r\n"),
        b"",
    )
    .await;
    assert_eq!(whole.text(), "/dir/index.html");
}

#[tokio::test]
async fn requests_that_follow_each_other_are_answered_in_their_order() {
    let held = Arc::new(Semaphore::new(0));
    let hold = Arc::clone(&held);
    let server = Server::start(move |request, _| match target(request) {
        "/slow" => [vec![Do::Wait(Arc::clone(&hold))], page("", "slow")].concat(),
        path => page("", path),
    })
    .await;
    let house = in_front_of(&server, |_| {}).await;
    get(&house, "/fast", "").await;
    let mut stream = house.road().socket().await;
    let request = |path, end| format!("GET {path} HTTP/1.1\r\nHost: {WEB_HOST}\r\nConnection: {end}\r\n\r\n");
    let both = request("/slow", "keep-alive") + &request("/fast", "close");
    stream.write_all(both.as_bytes()).await.expect("the edge reads");
    server.until_asked(2).await;
    held.add_permits(1);
    let got = hear(&mut stream, false).await;
    let text = String::from_utf8_lossy(&got.body).into_owned();
    assert!(text.starts_with("slowHTTP/1.1 200") && text.ends_with("/fast"), "{got:?}");
}

#[tokio::test]
async fn viewers_of_http_2_get_what_viewers_of_http_1_left_and_may_send_bodies() {
    let server = Server::start(|request, _| {
        page("", request.split("\r\n\r\n").nth(1).filter(|body| !body.is_empty()).unwrap_or("hello"))
    })
    .await;
    let house = in_front_of(&server, |pages| pages.default_behavior.methods = web::Methods::All).await;
    get(&house, "/a", "").await;
    let mut client = version_2(&house).await;
    let url = format!("http://{WEB_HOST}/a");
    let request = Request::get(&url).body(Full::default()).expect("a request");
    let answer = client.send_request(request).await.expect("an answer");
    assert_eq!(answer.headers()["x-cache"], "Hit from cloudfront");
    assert!(!answer.headers().contains_key("connection"), "{answer:?}");
    let body = Full::new(Bytes::from_static(b"posted"));
    let request = Request::post(&url).body(body).expect("a request");
    let answer = client.send_request(request).await.expect("an answer");
    assert_eq!(answer.into_body().collect().await.expect("a whole answer").to_bytes(), "posted");
    let fat = Request::get(&url).body(Full::new(Bytes::from_static(b"fat"))).expect("a request");
    assert_eq!(client.send_request(fat).await.expect("an answer").status(), 403);
    assert_eq!(server.asked(), 2);
}
