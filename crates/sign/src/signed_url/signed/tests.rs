//! What is read of names, queries and cookies.

use super::*;

const OURS: &str = "Expires=7&Signature=AAEC&Key-Pair-Id=K";

fn canned() -> Signed {
    Signed {
        key_id: "K".into(),
        terms: Terms::Canned { expires: 7 },
        signature: vec![0, 1, 2],
        hash: Hash::Sha1,
    }
}

/// Parted into this, and the parameters of [`canned`].
fn parted(bare: &str) -> Parted {
    Parted { bare: bare.into(), signed: Ok(Some(canned())) }
}

fn whole(bare: &str) -> Parted {
    Parted { bare: bare.into(), signed: Ok(None) }
}

#[test]
fn the_users_own_parameters_stay_in_their_order() {
    for (query, bare) in [
        (OURS.to_owned(), ""),
        (format!("color=red&{OURS}"), "color=red"),
        (format!("{OURS}&color=red"), "color=red"),
        ("b=2&Key-Pair-Id=K&a=%31&Signature=AAEC&flag&Expires=7&a=".to_owned(), "b=2&a=%31&flag&a="),
        (format!("a=b&&c&{OURS}&"), "a=b&&c"),
        (
            format!("expires=9&policy=x&signature&key-pair-id=L&{OURS}"),
            "expires=9&policy=x&signature&key-pair-id=L",
        ),
    ] {
        assert_eq!(of_query(&query), parted(bare), "{query}");
        assert_eq!(of_name(&format!("mp4:x?{query}")).signed, Ok(Some(canned())), "{query}");
    }
    assert_eq!(of_query("a=b&c"), whole("a=b&c"));
    assert_eq!(of_query(""), whole(""));
}

#[test]
fn a_policy_goes_before_a_time() {
    for query in [
        "Expires=1700000000000&Policy=e30_&Signature=AAEC&Key-Pair-Id=K",
        "Policy=e30_&Signature=AAEC&Key-Pair-Id=K",
    ] {
        let terms = Terms::Custom(b"{}".to_vec());
        assert_eq!(of_query(query).signed, Ok(Some(Signed { terms, ..canned() })), "{query}");
    }
}

#[test]
fn values_may_be_escaped() {
    let query = "Expires=%37&Signature=%41AE%43%0D%0A&Key-Pair-Id=%4B&Hash-Algorithm=SHA%31";
    assert_eq!(of_query(query), parted(""));
    // What is no escape is left as it is.
    let id = of_query("Expires=7&Signature=AAEC&Key-Pair-Id=K%4").signed.expect("it is read");
    assert_eq!(id.expect("it is there").key_id, "K%4");
}

#[test]
fn xml_damages_separators() {
    let damaged = format!("color=red&amp;size=1&amp;{}", OURS.replace('&', "&amp;"));
    assert_eq!(of_query(&damaged), parted("color=red&size=1"));
    // Only if it damages ours; otherwise somebody may have called a parameter so.
    assert_eq!(of_query(&format!("a=1&amp;b=2&{OURS}")), parted("a=1&amp;b=2"));
    assert_eq!(of_query("a=1&amp;b=2"), whole("a=1&amp;b=2"));
}

#[test]
fn a_name_is_parted_at_its_question_mark() {
    assert_eq!(of_name(&format!("mp4:dir/x.mp4?{OURS}")), parted("mp4:dir/x.mp4"));
    assert_eq!(of_name(&format!("mp4:dir/x.mp4?color=red&{OURS}")), parted("mp4:dir/x.mp4?color=red"));
    assert_eq!(of_name("mp4:dir/x.mp4?color=red"), whole("mp4:dir/x.mp4?color=red"));
    for bare in ["x", "x?", "x?&"] {
        assert_eq!(of_name(bare), whole("x"), "{bare}");
    }
}

#[test]
fn a_page_may_have_escaped_the_query() {
    let escaped = |query: &str| query.replace('?', "%3f").replace('=', "%3D").replace('&', "%26");
    let name = escaped(&format!("mp4:dir/x.mp4?color=red&{OURS}"));
    assert_eq!(of_name(&name), parted("mp4:dir/x.mp4?color=red"));
    // Escaped twice, as by encodeURIComponent over a URL with escapes.
    assert_eq!(of_name("x%3FExpires%3D%2537%26Signature%3DAAEC%26Key-Pair-Id%3DK"), parted("x"));
    // A player has added something.
    assert_eq!(of_name(&format!("{}?start=1", escaped(&format!("x?{OURS}")))), parted("x?start=1"));
    // The name itself has a question mark.
    assert_eq!(of_name(&escaped(&format!("what?.mp4?{OURS}"))), parted("what%3f.mp4"));
    assert_eq!(of_name(&escaped(&format!("x?q=a?b&{OURS}"))), parted("x?q=a?b"));
    // Several queries: none of them stays in the name.
    assert_eq!(of_name(&escaped("x?y?Expires=1&z?Expires=2")).bare, "x%3fy?z?Expires=2");
}

#[test]
fn an_escaped_question_mark_may_belong_to_the_name() {
    for name in ["what%3F.mp4", "what%3Fa=b", "what%3F%3F%3f", "what%3FSignatures%3Dx", "é%3F", "x%3"] {
        assert_eq!(of_name(name), whole(name));
    }
    assert_eq!(of_name(&format!("what%3F.mp4?{OURS}")), parted("what%3F.mp4"));
}

#[test]
fn escapes_that_are_no_utf_8_do_no_harm() {
    let parted = of_name("x%3Fcolor%3D%FF%26Expires%3D7%26Signature%3DAAEC%26Key-Pair-Id%3DK");
    assert_eq!(parted, self::parted("x?color=\u{fffd}"));
}

#[test]
fn many_escaped_question_marks_are_read_once() {
    let name = format!("x{}Expires%3D7", "%3F".repeat(5000));
    assert_eq!(of_name(&name).signed, Err(Refusal::MissingKeyId));
}

#[test]
fn cookies_have_names_of_their_own() {
    let cookies = "CloudFront-Expires=7; CloudFront-Signature=AAEC; CloudFront-Key-Pair-Id=K";
    assert_eq!(of_cookies(cookies), Ok(Some(canned())));
    let mixed =
        "a=b;CloudFront-Key-Pair-Id=\"K\" ;  CloudFront-Expires = 7;CloudFront-Signature=AAE%43;Expires=9;c";
    assert_eq!(of_cookies(mixed), Ok(Some(canned())));
    for none in ["", "a=b", "Expires=7; Signature=AAEC; Key-Pair-Id=K", "cloudfront-expires=7"] {
        assert_eq!(of_cookies(none), Ok(None), "{none}");
    }
    assert_eq!(of_cookies("CloudFront-Expires=7"), Err(Refusal::MissingKeyId));
    let of = |hash: &str| of_cookies(&format!("{cookies}; CloudFront-Hash-Algorithm={hash}"));
    assert_eq!(of("SHA256"), Ok(Some(Signed { hash: Hash::Sha256, ..canned() })));
    assert_eq!(of("MD5"), Err(Refusal::UnknownHash("MD5".into())));
}

#[test]
fn a_signature_is_not_shown() {
    let shown = format!("{:?}", of_query(OURS));
    let words = r#"Parted { bare: "", signed: Ok(Some(Signed { key_id: "K", terms: Canned { expires: 7 }, hash: Sha1, .. })) }"#;
    assert_eq!(shown, words);
    assert_eq!(format!("{:?}", Terms::Custom(b"{}".to_vec())), r#"Custom("{}")"#);
}
