//! Two origins, of which the second is asked when the first fails.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod common;

use common::{Server, Step, answer, ask, get, impatient, upstream, with_body};
use http::Request;
use millrace_origin::{FailoverUpstream, HttpUpstream, Kind, Upstream, no_body};
use std::collections::BTreeSet;
use std::sync::Arc;

const SECOND: &str = "HTTP/1.1 404 Not Found\nContent-Length: 6\n\nsecond";

fn pair(first: &Server, second: &Server) -> FailoverUpstream {
    of(upstream(first), second)
}

fn of(first: HttpUpstream, second: &Server) -> FailoverUpstream {
    FailoverUpstream::new(Arc::new(first), Arc::new(upstream(second)), BTreeSet::from([404, 503]))
}

fn said(status: u16) -> Vec<Step> {
    answer(&format!("HTTP/1.1 {status} x\nContent-Length: 5\n\nfirst"))
}

#[tokio::test]
async fn answers_that_count_as_failures_and_failures_lead_to_the_second() {
    for (first, body) in [
        (said(200), "first"),
        (said(500), "first"),
        (said(503), "second"),
        (said(404), "second"),
        (vec![Step::Read, Step::Reset], "second"),
        (answer("nonsense\n\n"), "second"),
    ] {
        let (first, second) = (Server::start(vec![first]).await, Server::start(vec![answer(SECOND)]).await);
        let whole = ask(&pair(&first, &second), get("/a?b=1")).await.unwrap();
        assert_eq!(whole.body, body);
        let seen = [first.seen(), second.seen()].concat();
        assert!(seen.iter().all(|seen| seen.starts_with("GET /a?b=1 HTTP/1.1\r\n")), "{seen:?}");
        assert_eq!(seen.len(), if body == "first" { 1 } else { 2 });
    }
}

#[tokio::test]
async fn silence_of_the_first_leads_to_the_second() {
    let silent = vec![Step::Read, Step::Hang];
    let (first, second) = (Server::start(vec![silent]).await, Server::start(vec![answer(SECOND)]).await);
    assert_eq!(ask(&of(impatient(&first), &second), get("/")).await.unwrap().body, "second");
}

#[tokio::test]
async fn only_what_reads_is_asked_twice() {
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let (first, second) = (Server::start(vec![said(503)]).await, Server::start(vec![]).await);
        let request = Request::builder().method(method).uri("/").body(no_body()).unwrap();
        assert_eq!(ask(&pair(&first, &second), request).await.unwrap().status, 503, "{method}");
        assert_eq!(second.connections(), 0);
    }
    let (first, second) =
        (Server::start(vec![vec![Step::Read, Step::Reset]]).await, Server::start(vec![]).await);
    let error = ask(&pair(&first, &second), with_body("GET", "/", "x")).await.unwrap_err();
    assert_eq!((error.kind, second.connections()), (Kind::Unavailable, 0));
}

#[tokio::test]
async fn what_the_second_says_is_the_answer() {
    let (first, second) =
        (Server::start(vec![said(503)]).await, Server::start(vec![vec![Step::Read, Step::Reset]]).await);
    let both = pair(&first, &second);
    assert_eq!(ask(&both, get("/")).await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(both.id().as_str(), "web|web");
}

#[tokio::test]
async fn the_body_of_the_first_is_not_waited_for() {
    let endless = [answer("HTTP/1.1 503 x\nContent-Length: 1000000\n\nfirst"), vec![Step::Hang]].concat();
    let (first, second) = (Server::start(vec![endless]).await, Server::start(vec![answer(SECOND)]).await);
    assert_eq!(ask(&pair(&first, &second), get("/")).await.unwrap().body, "second");
    first.closed(1).await;
}
