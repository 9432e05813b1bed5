//! What is made is taken; with one byte changed anywhere, nothing is granted but what was meant before.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod viewer;

use millrace_sign::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::sync::OnceLock;
use viewer::{KEYS, NOW, ask, named, public, resource, signer, until};

/// Names and URLs that are good, with their keys. RSA is slow without optimisation, so they are made once.
fn good() -> &'static [(String, PublicKey)] {
    static GOOD: OnceLock<Vec<(String, PublicKey)>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let own = |resource| named(resource);
        let mut all = Vec::new();
        for (key, hash) in [("rsa1024", Hash::Sha1), ("rsa2048", Hash::Sha256), ("p256", Hash::Sha1)] {
            let signer = signer(key, hash);
            let name = "mp4:dir/fílm.mp4?color=red";
            for offer in [until(NOW + 1), own("dir/fílm.mp4?color=red")] {
                all.push((signer.stream_name(name, &offer, Spelling::Plain).unwrap(), public(key)));
                all.push((signer.stream_name(name, &offer, Spelling::Page).unwrap(), public(key)));
            }
            let url = "https://host.example/a/b.html";
            for offer in [until(NOW + 1), own("http*://host.example/a/b.html")] {
                all.push((signer.url(url, &offer).unwrap(), public(key)));
            }
        }
        all
    })
}

/// What a request asks for, and what it says about who allowed it.
fn read(sent: &str) -> Option<(String, Signed)> {
    let Parted { bare, signed } = of_name(sent);
    Some((resource(&bare).to_owned(), signed.ok()??))
}

/// What the key's owner has allowed, in terms that a change of letters with the same meaning leaves as they are.
fn is_allowed(before: &(String, Signed), after: &(String, Signed)) -> bool {
    let is_covered = match &after.1.terms {
        Terms::Canned { .. } => before.0 == after.0,
        // Of the wildcard in `http*` more than one URL is meant.
        Terms::Custom(policy) => Policy::parse(policy).is_ok_and(|policy| policy.covers(&after.0)),
    };
    before.1 == after.1 && is_covered
}

proptest! {
    #[test]
    fn one_byte_changed_grants_nothing_new(
        which in any::<Index>(),
        place in any::<Index>(),
        byte in any::<u8>(),
        is_inserted in prop::bool::weighted(0.1),
    ) {
        let (sent, key) = which.get(good());
        let before = read(sent).unwrap();
        prop_assert!(ask(&before.1, key, &before.0).is_ok());
        let mut bytes = sent.clone().into_bytes();
        let at = place.index(bytes.len());
        match is_inserted {
            true => bytes.insert(at, byte),
            false => bytes[at] = byte,
        }
        let Some(after) = String::from_utf8(bytes).ok().and_then(|sent| read(&sent)) else { return Ok(()) };
        let is_granted = after.1.key_id == before.1.key_id && ask(&after.1, key, &after.0).is_ok();
        prop_assert_eq!(is_granted, is_allowed(&before, &after), "{:?}", after);
    }
}

prop_compose! {
    fn offer()(
        resource in prop::option::of(Just("*".to_owned())),
        ahead in 1..1_000_000_u64,
        behind in prop::option::of(1..1_000_000_u64),
        length in prop::option::of(0..=32_u8),
        is_file in any::<bool>(),
    ) -> Offer {
        let network = length.map(|length| format!("192.0.2.7/{length}").parse().unwrap());
        let policy = Policy { resource, expires: NOW + ahead, not_before: behind.map(|behind| NOW - behind), network };
        match is_file {
            true => Offer::File(format!("{}\n", policy.to_json()).into_bytes()),
            false => Offer::Policy(policy),
        }
    }
}

fn hash() -> impl Strategy<Value = Hash> {
    select(vec![Hash::Sha1, Hash::Sha256])
}

proptest! {
    #[test]
    fn every_name_that_is_made_is_taken(
        kind in select(vec!["", "mp4:", "flv:", "mp4:mp4:"]),
        // A page may escape a `%` in it as well, so its own escapes would not come back.
        name in "[^/%?&=:#\u{0}-\u{1f}][^%?&=#]{0,20}",
        query in prop::option::of("[a-z]{1,4}=([^?&=]|%[0-9a-f]{2}){1,5}"),
        offer in offer(),
        hash in hash(),
        spelling in select(vec![Spelling::Plain, Spelling::Page]),
    ) {
        let bare = query.map_or_else(|| name.clone(), |query| format!("{name}?{query}"));
        let signer = signer("p256", hash);
        let sent = signer.stream_name(&format!("{kind}{bare}"), &offer, spelling).unwrap();
        let Parted { bare: after, signed } = of_name(&sent);
        prop_assert_eq!(&after, &format!("{kind}{bare}"));
        let grant = ask(&signed.unwrap().unwrap(), signer.key.public(), resource(&bare)).unwrap();
        prop_assert_eq!((grant.objects, grant.key_id), (vec![0], "p256".to_owned()));
    }

    #[test]
    fn every_url_and_cookie_that_is_made_is_taken(
        path in "[a-z/é\"]{0,20}",
        query in prop::option::of("[a-z]{1,4}=[^?&=#]{1,5}"),
        offer in offer(),
        hash in hash(),
    ) {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("https://host.example/{path}{query}");
        let signer = signer("p256", hash);
        let sent = signer.url(&format!("{url}#end"), &offer).unwrap();
        let sent = sent.strip_suffix("#end").unwrap();
        let Parted { bare, signed } = of_query(sent.split_once('?').unwrap().1);
        prop_assert_eq!(bare, query.trim_start_matches('?'));
        let signed = signed.unwrap().unwrap();
        prop_assert!(ask(&signed, signer.key.public(), &url).is_ok());
        let cookies = signer.cookies(&url, &offer).unwrap();
        let header: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let signed = of_cookies(&header.join("; ")).unwrap().unwrap();
        prop_assert!(ask(&signed, signer.key.public(), &url).is_ok());
    }
}

#[test]
fn every_kind_of_key_signs_with_both_hashes() {
    for key in KEYS {
        for hash in [Hash::Sha1, Hash::Sha256] {
            let sent = signer(key, hash).stream_name("mp4:x.mp4", &until(NOW + 1), Spelling::Plain).unwrap();
            let signed = of_name(&sent).signed.unwrap().unwrap();
            assert!(ask(&signed, &public(key), "x.mp4").is_ok(), "{key} {hash:?}");
            assert!(ask(&signed, &public(key), "y.mp4").is_err(), "{key} {hash:?}");
        }
    }
}
