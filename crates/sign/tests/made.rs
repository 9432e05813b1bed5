//! What a signer writes, letter for letter, and what it refuses to sign.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod viewer;

use millrace_sign::*;
use viewer::{NOW, named, signer, until};

/// With the long values replaced by their names.
fn shape(text: &str) -> String {
    let mut text = text.to_owned();
    for (name, mark) in [("Signature=", "S"), ("Policy=", "P"), ("Signature%3D", "S"), ("Policy%3D", "P")] {
        if let Some(at) = text.find(name) {
            let start = at + name.len();
            let end = text[start..].find(['&', '%']).map_or(text.len(), |end| start + end);
            text.replace_range(start..end, mark);
        }
    }
    text
}

fn name(name: &str, offer: &Offer, spelling: Spelling) -> Result<String, SignError> {
    signer("p256", Hash::Sha1).stream_name(name, offer, spelling).map(|made| shape(&made))
}

fn url(url: &str, offer: &Offer) -> Result<String, SignError> {
    signer("p256", Hash::Sha1).url(url, offer).map(|made| shape(&made))
}

#[test]
fn names_come_back_with_parameters_in_the_order_of_the_cli() {
    let canned = "Expires=1650000001&Signature=S&Key-Pair-Id=p256";
    for (plain, made) in [
        ("mp4:dir/x.mp4", format!("mp4:dir/x.mp4?{canned}")),
        ("/dir/x.mp4?", format!("/dir/x.mp4?{canned}")),
        ("mp4:dir/x.mp4?color=red", format!("mp4:dir/x.mp4?color=red&{canned}")),
    ] {
        assert_eq!(name(plain, &until(NOW + 1), Spelling::Plain), Ok(made));
    }
    let own = name("dir/x.mp4", &named("dir/*"), Spelling::Plain);
    assert_eq!(own.as_deref(), Ok("dir/x.mp4?Policy=P&Signature=S&Key-Pair-Id=p256"));
    let page = name("mp4:x?a=b", &until(NOW + 1), Spelling::Page);
    assert_eq!(
        page.as_deref(),
        Ok("mp4:x%3Fa%3Db%26Expires%3D1650000001%26Signature%3DS%26Key-Pair-Id%3Dp256")
    );
}

#[test]
fn sha_256_is_said_and_sha_1_is_not() {
    let made = signer("p256", Hash::Sha256).query("x", &until(NOW + 1)).map(|made| shape(&made));
    assert_eq!(made.as_deref(), Ok("Expires=1650000001&Signature=S&Key-Pair-Id=p256&Hash-Algorithm=SHA256"));
}

#[test]
fn the_type_and_slashes_before_a_name_are_not_signed() {
    for plain in [
        "mp4:x.mp4",
        "/mp4:x.mp4",
        "mp4:mp4:x.mp4",
        "mp4:/x.mp4",
        "flv:x.mp4",
        "MP4:x.mp4",
        "&mp4:x.mp4",
        "&x.mp4",
    ] {
        let made = signer("p256", Hash::Sha1).stream_name(plain, &until(NOW + 1), Spelling::Plain).unwrap();
        let signed = of_name(&made).signed.unwrap().unwrap();
        assert!(viewer::ask(&signed, &viewer::public("p256"), "x.mp4").is_ok(), "{plain}");
    }
}

#[test]
fn a_page_reads_back_what_was_signed() {
    for (plain, resource) in [
        ("&mp4:x", "x"),
        ("mp4:x?a=%41%26", "x?a=%41%26"),
        ("mp4:a=b&c.mp4?d=e", "a=b&c.mp4?d=e"),
        ("mp4:a%20b.mp4", "a%20b.mp4"),
    ] {
        let made = signer("p256", Hash::Sha1).stream_name(plain, &until(NOW + 1), Spelling::Page).unwrap();
        assert!(!made.contains(['?', '=', '&']), "{made}");
        let Parted { bare, signed } = of_name(&made);
        let read = viewer::resource(&bare).replace("%3Db%26c", "=b&c");
        assert_eq!(read, resource);
        assert!(viewer::ask(&signed.unwrap().unwrap(), &viewer::public("p256"), resource).is_ok(), "{plain}");
    }
}

#[test]
fn a_name_that_no_server_would_read_so_is_not_signed() {
    let fault = |plain: &str, spelling| name(plain, &until(NOW + 1), spelling).expect_err(plain).to_string();
    for plain in ["", "&", "/", "mp4:", "mp4:/?a=b", "?a=b"] {
        let words = format!("{plain:?} has no name of a file: write it as in mp4:dir/film.mp4");
        assert_eq!(fault(plain, Spelling::Plain), words);
    }
    for (plain, read) in
        [("x?a?b=c", "x%3Fa?b=c"), ("x%3Fa=b", "x?a=b?Expires=1650000001"), ("a=b%41", "a%3Db%41")]
    {
        let words =
            format!("a server would take it for {read:?}, not for {plain:?}: give the file another name");
        assert_eq!(fault(plain, Spelling::Page), words);
        assert!(name(plain, &until(NOW + 1), Spelling::Plain).is_ok(), "{plain}");
    }
    let long = format!("x?{}", "a".repeat(17_000));
    let words = "a server would refuse what came of it: the query is longer than 16384 bytes";
    assert_eq!(name(&long, &named("*"), Spelling::Plain).expect_err("too long").to_string(), words);
}

#[test]
fn of_an_rtmp_url_only_the_name_is_signed() {
    for scheme in ["rtmp", "rtmpe", "rtmpt", "rtmpte", "rtmps"] {
        let plain = format!("{scheme}://host:1935/cfx/st/mp4:dir/x.mp4");
        let made = signer("p256", Hash::Sha1).url(&plain, &until(NOW + 1)).unwrap();
        assert_eq!(shape(&made), format!("{plain}?Expires=1650000001&Signature=S&Key-Pair-Id=p256"));
        let signed = of_name(&made).signed.unwrap().unwrap();
        assert!(viewer::ask(&signed, &viewer::public("p256"), "dir/x.mp4").is_ok());
    }
}

#[test]
fn a_web_url_is_signed_as_it_is() {
    let canned = "Expires=1650000001&Signature=S&Key-Pair-Id=p256";
    for (plain, made) in [
        ("https://h/x", format!("https://h/x?{canned}")),
        ("https://h/x?", format!("https://h/x?{canned}")),
        ("http://h/x?a=b#t=10?", format!("http://h/x?a=b&{canned}#t=10?")),
    ] {
        assert_eq!(url(plain, &until(NOW + 1)), Ok(made));
    }
}

#[test]
fn cookies_have_names_of_their_own() {
    let names = |offer: &Offer, hash| {
        let made = signer("p256", hash).cookies("https://h/x", offer).unwrap();
        made.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let canned = ["CloudFront-Expires", "CloudFront-Signature", "CloudFront-Key-Pair-Id"];
    assert_eq!(names(&until(NOW + 1), Hash::Sha1), canned);
    let own =
        ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id", "CloudFront-Hash-Algorithm"];
    assert_eq!(names(&named("*"), Hash::Sha256), own);
}

#[test]
fn a_policy_in_a_file_is_signed_as_it_stands() {
    let file =
        b"{ \"Statement\": [ {\n\"Condition\": {\"DateLessThan\": {\"AWS:EpochTime\": 1650000001}} } ] }\n";
    let made = signer("p256", Hash::Sha1).query("x", &Offer::File(file.to_vec())).unwrap();
    let signed = of_query(&made).signed.unwrap().unwrap();
    assert_eq!(signed.terms, Terms::Custom(file.to_vec()));
}

#[test]
fn what_would_open_nothing_is_not_signed() {
    let later = until(NOW + 1);
    let fault = |made: Result<String, SignError>| made.expect_err("it is refused").to_string();
    let words = "there is one of CloudFront's parameters in it already: sign it without";
    assert_eq!(fault(name("x?Expires=1", &later, Spelling::Plain)), words);
    assert_eq!(fault(url("https://h/x?a=b&Signature=AA", &later)), words);
    let words = "the policy is for \"a/*\", so it would not let anybody have \"b/x\"";
    assert_eq!(fault(name("mp4:b/x", &named("a/*"), Spelling::Plain)), words);
    assert_eq!(fault(url("ftp://h/x", &later)), "\"ftp://h/x\" is no http://, https:// or rtmp:// URL");
    assert_eq!(fault(url("x.mp4", &later)), "\"x.mp4\" is no http://, https:// or rtmp:// URL");
    for plain in [
        "rtmp://h",
        "rtmp://h/cfx/st",
        "rtmp://h/cfx/st/",
        "rtmp://h/cfx/st/mp4:",
        "rtmp://h/cfx/st/?a",
        "rtmp://h/vod/x",
    ] {
        let words = format!("{plain:?} has no stream name: it has to be rtmp://HOST/cfx/st/NAME");
        assert_eq!(fault(url(plain, &later)), words);
    }
    let words = "the policy has 0 statements: it has to have exactly one";
    assert_eq!(fault(url("https://h/x", &Offer::File(br#"{"Statement":[]}"#.to_vec()))), words);
    let words = "DateLessThan 1650000001000 looks like milliseconds: it has to be in seconds";
    let own = Offer::Policy(Policy {
        resource: Some("*".into()),
        expires: (NOW + 1) * 1000,
        not_before: None,
        network: None,
    });
    for offer in [until((NOW + 1) * 1000), own] {
        assert_eq!(fault(name("x", &offer, Spelling::Plain)), words);
    }
}
