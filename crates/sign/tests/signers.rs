//! What other people's signers make is taken, and taken for what they meant only.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod viewer;

use millrace_sign::*;
use viewer::{NOW, address, ask, public};

struct Sent<'a> {
    signer: &'a str,
    kind: &'a str,
    key: &'a str,
    resource: &'a str,
    sent: &'a str,
}

fn all() -> Vec<Sent<'static>> {
    let blocks = include_str!("signers.txt").trim_end().split("\n\n").skip(1);
    let sent = blocks.map(|block| {
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("{name} is missing in {block}"))
        };
        let [signer, kind, key, resource, sent] = ["signer", "kind", "key", "resource", "sent"].map(field);
        Sent { signer, kind, key, resource, sent }
    });
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent.len(), 29);
    sent
}

impl Sent<'_> {
    fn signed(&self) -> Signed {
        let signed = match self.kind {
            "name" => of_name(self.sent).signed,
            "url" => of_query(self.sent.split_once('?').unwrap().1).signed,
            "cookies" => of_cookies(self.sent),
            other => panic!("{other}"),
        };
        signed.unwrap_or_else(|refusal| panic!("{}: {refusal}", self.signer)).expect(self.signer)
    }
}

#[test]
fn every_signers_work_is_taken() {
    for sent in all() {
        let signed = sent.signed();
        assert_eq!(signed.key_id, sent.key, "{}", sent.signer);
        let grant = ask(&signed, &public(sent.key), sent.resource);
        let grant = grant.unwrap_or_else(|refusal| panic!("{}: {refusal}", sent.signer));
        assert_eq!((grant.objects, grant.key_id.as_str()), (vec![0], sent.key), "{}", sent.signer);
    }
}

#[test]
fn no_signers_work_opens_anything_else_or_is_taken_by_another_key() {
    for sent in all() {
        let signed = sent.signed();
        let key = public(sent.key);
        let is_for_all =
            matches!(&signed.terms, Terms::Custom(policy) if policy.windows(3).any(|at| at == b"\"*\""));
        assert_eq!(ask(&signed, &key, "another/y.mp4").is_ok(), is_for_all, "{}", sent.signer);
        let other = public(if sent.key == "p256" { "rsa2048" } else { "p256" });
        assert!(
            matches!(ask(&signed, &other, sent.resource), Err(Refusal::Mismatch { .. })),
            "{}",
            sent.signer
        );
        let swapped =
            Signed { hash: if signed.hash == Hash::Sha1 { Hash::Sha256 } else { Hash::Sha1 }, ..signed };
        assert!(
            matches!(ask(&swapped, &key, sent.resource), Err(Refusal::Mismatch { .. })),
            "{}",
            sent.signer
        );
    }
}

#[test]
fn every_signers_work_ends_in_time() {
    for sent in all() {
        let (signed, key) = (sent.signed(), public(sent.key));
        let objects = [vec![sent.resource.to_owned()]];
        for (now, is_good) in [(1_600_000_001, true), (1_699_999_999, true), (1_700_000_000, false)] {
            let request = Request { now, address: address(), objects: &objects, mistakes: &[] };
            assert_eq!(signed.examine(&key, &request).is_ok(), is_good, "{} at {now}", sent.signer);
        }
    }
}

#[test]
fn no_log_shows_a_signature_of_any_signers() {
    for sent in all() {
        let at = sent.sent.find("Signature").unwrap();
        let start: String = sent.sent[at..].chars().skip(12).take(40).collect();
        let clean = redacted(sent.sent);
        assert!(!clean.contains(&start) && clean.contains('…'), "{clean}");
        assert!(clean.len() < sent.sent.len() && clean.contains("Key-Pair-Id"), "{clean}");
        let signed = sent.signed();
        let [a, b, c, ..] = signed.signature[..] else { panic!("it is longer") };
        assert!(!format!("{signed:?}").contains(&format!("{a}, {b}, {c}")), "{signed:?}");
    }
}

#[test]
fn names_keep_what_is_their_own() {
    for sent in all().iter().filter(|sent| sent.kind == "name") {
        let bare = of_name(sent.sent).bare;
        let name = viewer::resource(&bare);
        assert_eq!(name, sent.resource.trim_start_matches("./"), "{}", sent.signer);
        assert_eq!(of_name(&bare), Parted { bare: bare.clone(), signed: Ok(None) });
    }
}

#[test]
fn what_was_verified_is_recalled_by_its_proof_only() {
    let sent = &all()[0];
    let (signed, key) = (sent.signed(), public(sent.key));
    let objects = [vec!["dir/y.mp4".to_owned()], vec![sent.resource.to_owned(), "dir/x".to_owned()]];
    let request = Request { now: NOW, address: address(), objects: &objects, mistakes: &[] };
    let case = signed.examine(&key, &request).unwrap();
    assert_eq!(case.recall(|_| false), None);
    let (proof, grant) = case.verify(&key).unwrap();
    assert_eq!(grant.objects, [1]);
    assert_eq!(case.recall(|known| *known == proof), Some(grant));
    // The same policy with another signature, hash or key is another proof.
    let mut other = signed.clone();
    other.signature[0] ^= 1;
    assert_eq!(other.examine(&key, &request).unwrap().recall(|known| *known == proof), None);
    let other = Signed { hash: Hash::Sha256, ..signed.clone() };
    assert_eq!(other.examine(&key, &request).unwrap().recall(|known| *known == proof), None);
    assert_eq!(signed.examine(&public("p256"), &request).unwrap().recall(|known| *known == proof), None);
}

#[test]
fn a_name_that_several_objects_have_opens_them_all() {
    let sent = &all()[0];
    let (signed, key) = (sent.signed(), public(sent.key));
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let objects = [
        named(&["dir/x.flv", sent.resource]),
        named(&["dir/y"]),
        named(&[sent.resource, "dir/x", sent.resource]),
    ];
    let request = Request { now: NOW, address: address(), objects: &objects, mistakes: &[] };
    let (_, grant) = signed.examine(&key, &request).unwrap().verify(&key).unwrap();
    assert_eq!(grant.objects, [0, 2]);
    assert_eq!(grant.policy.resource.as_deref(), Some(sent.resource));
    assert_eq!(grant.fingerprint, *key.fingerprint());
}

#[test]
fn so_many_names_are_tried_and_no_more() {
    let sent = &all()[0];
    let (signed, key) = (sent.signed(), public(sent.key));
    let ask = |others: usize| {
        // Names that come again do not count.
        let others = (0..others).flat_map(|number| [format!("{number}"), "0".to_owned()]);
        let objects = [others.chain([sent.resource.to_owned()]).collect::<Vec<_>>()];
        let request = Request { now: NOW, address: address(), objects: &objects, mistakes: &[] };
        signed.examine(&key, &request).unwrap().verify(&key)
    };
    assert!(ask(31).is_ok());
    assert!(matches!(ask(32), Err(Refusal::Mismatch { .. })));
}

#[test]
fn the_likeliest_name_of_each_object_is_tried() {
    let sent = &all()[0];
    let (signed, key) = (sent.signed(), public(sent.key));
    let others = |object: usize| (0..10).map(|name| format!("{object}/{name}")).collect::<Vec<_>>();
    let mut objects: Vec<_> = (0..20).map(others).collect();
    objects.push(vec![sent.resource.to_owned(), "dir/x".to_owned()]);
    let request = Request { now: NOW, address: address(), objects: &objects, mistakes: &[] };
    let (_, grant) = signed.examine(&key, &request).unwrap().verify(&key).unwrap();
    assert_eq!(grant.objects, [20]);
}

#[test]
fn a_canned_policy_has_no_wildcards() {
    let query = viewer::signer("p256", Hash::Sha1).query("dir/*", &viewer::until(NOW + 1)).unwrap();
    let signed = of_query(&query).signed.unwrap().unwrap();
    assert!(matches!(ask(&signed, &public("p256"), "dir/x"), Err(Refusal::Mismatch { .. })));
    assert!(ask(&signed, &public("p256"), "dir/*").is_ok());
}

#[test]
fn a_request_for_nothing_is_refused() {
    let (signed, key) = (all()[0].signed(), public("rsa2048"));
    let request = Request { now: NOW, address: address(), objects: &[], mistakes: &[] };
    let case = signed.examine(&key, &request).unwrap();
    assert_eq!(case.recall(|_| true), None);
    assert!(matches!(case.verify(&key), Err(Refusal::Mismatch { .. })));
}
