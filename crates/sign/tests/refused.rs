//! Why a viewer is not let in, word for word: this is what the player's log shows.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod viewer;

use millrace_sign::*;
use std::net::IpAddr;
use viewer::{NOW, address, ask, named, public, signer, until};

const NAME: &str = "dir/x.mp4";

/// What is said of a name, and CloudFront's code for it.
fn said(refusal: &Refusal) -> (String, &'static str) {
    (refusal.to_string(), refusal.code())
}

fn of(query: &str) -> (String, &'static str) {
    said(&of_query(query).signed.expect_err("it is refused"))
}

fn signed_query(offer: &Offer) -> String {
    signer("rsa2048", Hash::Sha1).query(NAME, offer).unwrap()
}

fn signed(offer: &Offer) -> Signed {
    of_query(&signed_query(offer)).signed.unwrap().unwrap()
}

fn refused(offer: &Offer, now: u64, from: &str) -> String {
    let objects = [vec![NAME.to_owned(), "dir/x".to_owned()]];
    let mistakes = [Mistake { text: "rtmp://h/cfx/st/dir/x.mp4".into(), words: "the whole URL" }];
    let address: IpAddr = from.parse().unwrap();
    let request = Request { now, address, objects: &objects, mistakes: &mistakes };
    let key = public("rsa2048");
    let case = signed(offer).examine(&key, &request);
    let refusal = case.and_then(|case| case.verify(&key)).expect_err("it is refused");
    assert_eq!(refusal.code(), "AccessDenied");
    refusal.to_string()
}

#[test]
fn nothing_signed() {
    assert_eq!(of_query("color=red").signed, Ok(None));
    let words =
        "nothing is signed: what is private is asked for with Expires or Policy, Signature and Key-Pair-Id";
    assert_eq!(said(&Refusal::Unsigned), (words.into(), "MissingKey"));
    assert_eq!(Refusal::Unsigned.message(), "Missing Key-Pair-Id query parameter or cookie value");
}

#[test]
fn something_missing() {
    let cut = ": was it cut off at an \"&\"? Inside a page's variables \"&\" is written %26";
    for query in ["Expires=1", "Signature=AA&Expires=1", "Policy=e30_", "Key-Pair-Id=&Signature=AA&Expires=1"]
    {
        assert_eq!(of(query), (format!("Key-Pair-Id is missing{cut}"), "MissingKey"), "{query}");
    }
    assert_eq!(of("Key-Pair-Id=K&Expires=1"), (format!("Signature is missing{cut}"), "AccessDenied"));
    assert_eq!(
        of("Key-Pair-Id=K&Signature=AA"),
        (format!("Expires or Policy is missing{cut}"), "AccessDenied")
    );
    assert_eq!(of("Hash-Algorithm=SHA256").1, "MissingKey");
}

#[test]
fn something_twice() {
    let query = "Expires=1&Signature=AA&Key-Pair-Id=K&Expires=1";
    assert_eq!(of(query), ("Expires is there twice".into(), "AccessDenied"));
    let cookies = "CloudFront-Policy=e30_; CloudFront-Policy=e30_";
    assert_eq!(of_cookies(cookies), Err(Refusal::Repeated("CloudFront-Policy")));
}

#[test]
fn something_too_long() {
    let rest = "Expires=1&Signature=AA&Key-Pair-Id=";
    assert_eq!(of(&format!("{rest}{}", "K".repeat(129))).0, "Key-Pair-Id is longer than 128 bytes");
    assert!(of_query(&format!("{rest}{}", "K".repeat(128))).signed.is_ok());
    let long = "a".repeat(16 * 1024);
    assert_eq!(of(&format!("{rest}K&{long}")).0, "the query is longer than 16384 bytes");
    assert_eq!(of_query(&long).signed, Ok(None));
    let signature = "A".repeat(1372);
    let query = format!("Expires=1&Key-Pair-Id=K&Signature={signature}");
    assert_eq!(of(&query).0, "Signature is longer than 1024 bytes");
}

#[test]
fn another_hash() {
    let query = "Expires=1&Signature=AA&Key-Pair-Id=K&Hash-Algorithm=";
    for hash in ["sha256", "SHA-256", "MD5"] {
        let words = format!("Hash-Algorithm has to be SHA1 or SHA256, not {hash:?}");
        assert_eq!(of(&format!("{query}{hash}")), (words, "AccessDenied"));
    }
    for (name, hash) in [("SHA1", Hash::Sha1), ("SHA256", Hash::Sha256), ("", Hash::Sha1)] {
        let signed = of_query(&format!("{query}{name}")).signed.unwrap().unwrap();
        assert_eq!(signed.hash, hash, "{name}");
    }
}

#[test]
fn another_key() {
    let id = || "APKAEXAMPLE".to_owned();
    let cases = [
        (Refusal::UnknownKey { id: id() }, "the key \"APKAEXAMPLE\" is none that is known here"),
        (Refusal::DisabledKey { id: id() }, "the key \"APKAEXAMPLE\" is disabled"),
        (
            Refusal::UntrustedKey { id: id() },
            "the key \"APKAEXAMPLE\" is known, but not trusted to sign for this",
        ),
    ];
    for (refusal, words) in cases {
        assert_eq!(said(&refusal), (words.into(), "InvalidKey"));
        assert_eq!((refusal.message(), refusal.key_id()), ("Unknown Key", Some("APKAEXAMPLE")));
    }
    let words = "the key \"AKIAEXAMPLE\" is none that is known here; that is the id of an access key, which signs calls \
                 of the API only";
    assert_eq!(Refusal::UnknownKey { id: "AKIAEXAMPLE".into() }.to_string(), words);
}

#[test]
fn a_time_that_is_none() {
    let expires = |text: &str| of(&format!("Expires={text}&Signature=AA&Key-Pair-Id=K"));
    let words = "Expires \"1357034400000\" looks like milliseconds: it has to be in seconds".to_owned();
    assert_eq!(expires("1357034400000"), (words, "MalformedPolicy"));
    for text in ["-1", "+1", "01", "00", "1.5", "1e9", " 1", "tomorrow", "１"] {
        let words = format!("Expires has to be a number of seconds since 1970, not {text:?}");
        assert_eq!(expires(text), (words, "MalformedPolicy"));
    }
    assert!(expires(&"9".repeat(300)).0.len() < 900);
    for text in ["0", "1357034400", "99999999999", "%31"] {
        let query = format!("Expires={text}&Signature=AA&Key-Pair-Id=K");
        assert!(of_query(&query).signed.is_ok(), "{text}");
    }
}

#[test]
fn text_that_is_no_base64() {
    let signature = |text: &str| of(&format!("Expires=1&Signature={text}&Key-Pair-Id=K"));
    let words = "Signature can't be decoded: it has a character that base64 has not".to_owned();
    assert_eq!(signature("AA*A"), (words, "MalformedSignature"));
    assert_eq!(signature("AAAAA").0, "Signature can't be decoded: its last letters are missing");
    assert_eq!(signature("AB").0, "Signature can't be decoded: its last letter is damaged or not the last");
    let words = "Signature can't be decoded: a \"_\" stands inside, as in URL-safe base64: CloudFront writes \"/\" as \
                 \"~\", \"+\" as \"-\" and only \"=\" as \"_\"";
    assert_eq!(signature("AA_A").0, words);
    let policy = of("Policy=AA_A&Signature=AA&Key-Pair-Id=K");
    assert_eq!((policy.0, policy.1), (words.replace("Signature", "Policy"), "MalformedPolicy"));
    assert_eq!(Refusal::MalformedSignature("").message(), "Could not unencode Signature");
}

#[test]
fn a_policy_that_is_none() {
    let policy = |json: &str| {
        let signed = Signed { terms: Terms::Custom(json.into()), ..signed(&until(NOW + 1)) };
        said(&ask(&signed, &public("rsa2048"), NAME).expect_err("it is refused"))
    };
    let (words, code) = policy(r#"{"Statement":[{"Resource":"*","Condition":{}}]}"#);
    assert_eq!(words, "the policy can't be read: missing field `DateLessThan` at line 1 column 44");
    assert_eq!(
        (code, Refusal::from(PolicyError::TooLong).message()),
        ("MalformedPolicy", "Malformed Policy")
    );
}

#[test]
fn a_time_that_is_over() {
    let offer = until(1_357_034_400);
    assert_eq!(
        refused(&offer, 1_357_034_412, "::1"),
        "the signature expired at 2013-01-01T10:00:00Z, 12 s ago"
    );
    assert_eq!(
        refused(&offer, 1_357_034_400, "::1"),
        "the signature expired at 2013-01-01T10:00:00Z, 0 s ago"
    );
    let objects = [vec![NAME.to_owned()]];
    let request = Request { now: 1_357_034_399, address: address(), objects: &objects, mistakes: &[] };
    assert!(signed(&offer).examine(&public("rsa2048"), &request).is_ok());
}

#[test]
fn a_time_to_come() {
    let policy =
        Policy { resource: None, expires: 1_357_034_400, not_before: Some(1_357_030_799), network: None };
    let words = "the signature is not good before 2013-01-01T09:00:00Z";
    assert_eq!(refused(&Offer::Policy(policy.clone()), 1_357_030_799, "::1"), words);
    let good = signed(&Offer::Policy(policy));
    let objects = [vec![NAME.to_owned()]];
    let request = Request { now: 1_357_030_800, address: address(), objects: &objects, mistakes: &[] };
    assert!(good.examine(&public("rsa2048"), &request).is_ok());
}

#[test]
fn another_place() {
    let policy = Policy {
        resource: Some("*".into()),
        expires: NOW + 1,
        not_before: None,
        network: Some("192.0.2.0/24".parse().unwrap()),
    };
    let offer = Offer::Policy(policy);
    let words = "the policy lets only 192.0.2.0/24 in, not 198.51.100.7";
    assert_eq!(refused(&offer, NOW, "198.51.100.7"), words);
    assert_eq!(refused(&offer, NOW, "::ffff:198.51.100.7"), words);
    assert_eq!(refused(&offer, NOW, "2001:db8::1"), "the policy lets only 192.0.2.0/24 in, not 2001:db8::1");
}

#[test]
fn another_resource() {
    assert_eq!(refused(&named("a/*"), NOW, "::1"), "the policy is for \"a/*\", not for \"dir/x.mp4\"");
    let words = "the policy is for \"rtmp://h/cfx/st/*\", not for \"dir/x.mp4\"; that is the whole URL: sign only the \
                 stream name, \"dir/x.mp4\"";
    assert_eq!(refused(&named("rtmp://h/cfx/st/*"), NOW, "::1"), words);
}

#[test]
fn another_signature() {
    let key = public("rsa2048");
    let good = signed(&until(NOW + 1));
    let refusal = ask(&good, &key, "dir/y.mp4").unwrap_err();
    let words = "the signature is not that of the canned policy for \"dir/y.mp4\" with Expires 1650000001";
    assert_eq!(said(&refusal), (words.into(), "AccessDenied"));
    assert_eq!((refusal.message(), refusal.key_id()), ("Access denied", None));
    let own = signed(&named("*"));
    let Terms::Custom(mut policy) = own.terms.clone() else { panic!("it has a policy") };
    policy.push(b' ');
    let refusal = ask(&Signed { terms: Terms::Custom(policy), ..own }, &key, NAME).unwrap_err();
    assert_eq!(refusal.to_string(), "the signature is not that of its policy");
}

#[test]
fn a_mistake_that_is_known() {
    let (text, words) = ("rtmp://h/cfx/st/dir/x.mp4".to_owned(), "the whole URL");
    let query = signer("rsa2048", Hash::Sha1).query(&text, &until(NOW + 1)).unwrap();
    let signed = of_query(&query).signed.unwrap().unwrap();
    let (objects, mistakes) = ([vec![NAME.to_owned()]], [Mistake { text, words }]);
    let request = Request { now: NOW, address: address(), objects: &objects, mistakes: &mistakes };
    let key = public("rsa2048");
    let case = signed.examine(&key, &request).unwrap();
    let refusal = case.verify(&key).expect_err("a mistake opens nothing");
    let words = "the signature is not that of the canned policy for \"dir/x.mp4\" with Expires 1650000001; what was \
                 signed is the whole URL: sign only the stream name, \"dir/x.mp4\"";
    assert_eq!(refusal.to_string(), words);
    // Nor is it ever remembered as something good.
    assert_eq!(case.recall(|_| true).map(|grant| grant.policy.resource), Some(Some(NAME.to_owned())));
}

#[test]
fn what_a_viewer_sent_is_cut_and_without_signatures() {
    let asked = format!("{}\n", "x".repeat(300));
    let refusal = Refusal::WrongResource { signed: "a?Signature=abc&b".into(), asked, mistake: None };
    let words = format!("the policy is for \"a?Signature=…&b\", not for \"{}…\"", "x".repeat(200));
    assert_eq!(refusal.to_string(), words);
    assert_eq!(Refusal::UnknownHash("\n\u{1b}".into()).to_string().lines().count(), 1);
}

#[test]
fn a_grant_holds_as_long_as_its_conditions() {
    let policy = Policy {
        resource: Some("dir/*".into()),
        expires: NOW + 10,
        not_before: None,
        network: Some("192.0.2.7".parse::<IpAddr>().unwrap().into()),
    };
    let grant = ask(&signed(&Offer::Policy(policy)), &public("rsa2048"), NAME).unwrap();
    assert_eq!(grant.check(NOW + 9, "::ffff:192.0.2.7".parse().unwrap()), Ok(()));
    assert_eq!(grant.check(NOW + 10, address()), Err(Refusal::Expired { at: NOW + 10, ago: 0 }));
    assert!(matches!(grant.check(NOW, "192.0.2.8".parse().unwrap()), Err(Refusal::WrongAddress { .. })));
}
