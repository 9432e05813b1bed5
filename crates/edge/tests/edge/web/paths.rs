//! Paths that two readers could take for two things, and behaviours that are chosen by them.

use millrace_model::web;

use super::{in_front_of, sent, target};
use crate::support::*;

/// A behaviour for paths that asks the same origin.
fn under(pattern: &str) -> web::Behavior {
    web::Behavior { pattern: web::PathPattern::new(pattern), ..web::Behavior::of("pages") }
}

/// A house with an admin's part that lets nobody in, in front of an origin that says what it was asked for.
async fn with_admins() -> (House, Server) {
    let server = Server::start(|request, _| page("", target(request))).await;
    let house = in_front_of(&server, |pages| {
        pages.behaviors = vec![web::Behavior { trusted_keys: Some(Vec::new()), ..under("/admin/*") }];
    })
    .await;
    (house, server)
}

#[tokio::test]
async fn no_spelling_of_a_path_gets_around_the_behaviour_that_is_meant() {
    let (house, server) = with_admins().await;
    for path in [
        "/admin/x",
        "/%61dmin/x",
        "/%61%64%6d%69%6E/x",
        "/admin%2fx",
        "/admin%2Fx",
        "/./admin/x",
        "/x/../admin/x",
        "/x/%2e%2e/admin/x",
        "/x/%2E%2E/admin/x",
        "/x/.%2e/admin/x",
        "/x%2f..%2fadmin%2fx",
        "/../admin/x",
        "/../../admin/x",
        "/x/y/../../admin/x",
        "/admin/../admin/x",
        "/admin/./x",
        "/admin/x?/../../y",
        "/x/../admin/",
    ] {
        assert_eq!(get(&house, path, "").await.status(), 403, "{path}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn what_is_another_path_is_asked_for_as_it_was_sent_and_kept_for_itself() {
    let (house, server) = with_admins().await;
    let paths = [
        "/%2561dmin/x",
        "/x/%252e%252e/admin/x",
        "/a//b",
        "/a/b",
        "//a/b",
        "/a;x=1/b",
        "/a/b;x=1",
        "/a%3bx=1/b",
        "/a/%2e/b",
        "/a/c/../b",
        "/a%2fb",
        "/A/B",
        "/a/b/",
        "/a/b.",
        "/a+b",
        "/a%20b",
        "/a%00b",
        "/a%0d%0ab",
        "/a%3fb",
        "/a%23b",
        "/a%5cb",
        "/%zz",
        "/%",
        "/a/b%2f..%2f..%2fetc",
        "/admin",
        "/Admin/x",
        "/xadmin/x",
        "/%C3%BC",
        "/%c3%bc",
    ];
    for from in ["Miss", "Hit"] {
        for path in paths {
            let got = get(&house, path, "").await;
            assert_eq!((got.status(), got.text(), got.from()), (200, path, from), "{path}");
        }
    }
    assert_eq!(server.asked(), paths.len());
}

#[tokio::test]
async fn what_is_no_path_is_refused_before_anybody_is_asked() {
    let (house, server) = with_admins().await;
    for target in ["/a\\..\\admin", "/a\\b", "/\u{fc}", "*", "/a\u{7f}", "a/b", "?a", "/a b"] {
        let got = get(&house, target, "").await;
        assert!(matches!(got.status(), 400 | 404), "{target}: {got:?}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_page_of_one_viewer_is_not_kept_for_others_because_its_url_looks_like_a_picture_s() {
    let server = Server::start(|request, _| {
        let who = sent(request, "cookie").unwrap_or("nobody").to_owned();
        page("", who)
    })
    .await;
    let house = in_front_of(&server, |pages| {
        let mut own = under("/account/*");
        own.ttl = web::Ttl::ZERO;
        own.forward.cookies = web::Select::All;
        pages.behaviors = vec![own, under("*.css")];
        pages.default_behavior.ttl = web::Ttl::ZERO;
        pages.default_behavior.forward.cookies = web::Select::All;
    })
    .await;
    for path in [
        "/account/x.css",
        "/account/%2e%2e/account/x.css",
        "/account/x%2ecss",
        "/account/;x.css",
        "/account/%0a.css",
        "/account/x.css?y.css",
        "/static/../account/x.css",
        "/static/%2e%2e%2faccount/x.css",
        "/me?x.css",
        "/me%3fx.cs",
    ] {
        for who in ["session=victim", "session=evil"] {
            let got = get(&house, path, &format!("Cookie: {who}\r\n")).await;
            assert_eq!(got.text(), who, "{path}");
        }
    }
    // What another behaviour keeps, no cookie has shaped.
    for path in [
        "/me/x.css",
        "/me;x.css",
        "/me%2f.css",
        "/me%0a.css",
        "/me%23x.css",
        "/me%3fx.css",
        "/account/../me/x.css",
    ] {
        let got = get(&house, path, "Cookie: session=victim\r\n").await;
        assert_eq!(got.text(), "nobody", "{path}");
    }
}

#[tokio::test]
async fn queries_count_as_far_as_their_behaviour_says_and_no_further() {
    let server = Server::start(|request, _| page("", target(request))).await;
    let house = in_front_of(&server, |pages| {
        let mut all = under("/all/*");
        all.key.query = web::Select::All;
        let mut some = under("/some/*");
        some.key.query = web::Select::these(["a"]);
        pages.behaviors = vec![all, some];
    })
    .await;
    for (asked, seen) in [
        ("/none/x?a=1", "/none/x"),
        ("/none/x?", "/none/x"),
        ("/all/x?a=1&b=2", "/all/x?a=1&b=2"),
        ("/all/x?b=2&a=1", "/all/x?b=2&a=1"),
        ("/all/x?a=%31", "/all/x?a=%31"),
        ("/all/x?a=1?b=2", "/all/x?a=1?b=2"),
        ("/some/x?b=2&a=1", "/some/x?a=1"),
        ("/some/x?%61=1", "/some/x"),
        ("/some/x?a[]=1&a=2&a=3", "/some/x?a=2&a=3"),
        ("/some/x?A=1", "/some/x"),
    ] {
        for _ in 0..2 {
            assert_eq!(get(&house, asked, "").await.text(), seen, "{asked}");
        }
    }
    assert_eq!(server.asked(), 8, "two of them are others' without what counts for nothing");
}
