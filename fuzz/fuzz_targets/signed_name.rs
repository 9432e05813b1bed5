//! Names, queries and cookies of strangers: parted for good, never granted anything, and fit for logs afterwards; and what
//! we sign is taken, however odd it is.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use millrace_model::StreamName;
use millrace_sign::{
    Hash, Mistake, Offer, Parted, Policy, PrivateKey, Refusal, Request, Signed, Signer, of_cookies, of_name,
    of_query, redacted, signed_url::Spelling,
};

/// A time at which most times are still to come.
const NOW: u64 = 100;

fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| {
        let key = PrivateKey::parse(include_str!("../../crates/sign/tests/keys/p256.pem"));
        Signer { key_id: "K".into(), key: key.expect("it is a key"), hash: Hash::Sha1 }
    })
}

/// Asks for `name`, also by another string and by mistake.
fn ask(signed: &Signed, name: &str) -> Result<(), Refusal> {
    let objects = [vec![name.to_owned(), "x".to_owned()], vec!["y".to_owned()]];
    let mistakes = [Mistake { text: format!("rtmp://h/cfx/st/{name}"), words: "the whole URL" }];
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let request = Request { now: NOW, address, objects: &objects, mistakes: &mistakes };
    let case = signed.examine(signer().key.public(), &request)?;
    assert_eq!(case.recall(|_| false), None);
    case.verify(signer().key.public()).map(|(proof, grant)| {
        assert_eq!(case.recall(|known| *known == proof), Some(grant));
    })
}

/// Nobody has signed it, and the refusal is one line.
fn is_refused(signed: Result<Option<Signed>, Refusal>, name: &str) {
    let refused = match signed {
        Ok(None) => return,
        Ok(Some(signed)) => {
            assert!(signed.key_id.len() <= 128 && signed.signature.len() <= 1024);
            ask(&signed, name).expect_err("no fuzzer finds a signature")
        }
        Err(refusal) => refusal,
    };
    let words = refused.to_string();
    assert!(words.len() < 10_000 && !words.contains(char::is_control), "{words:?}");
    assert!(!refused.code().is_empty() && !refused.message().is_empty());
}

/// What is left has none of the parameters.
fn is_bare(part: fn(&str) -> Parted, Parted { bare, signed }: Parted, is_name: bool) {
    assert_eq!(part(&bare), Parted { bare: bare.clone(), signed: Ok(None) });
    is_refused(signed, if is_name { &bare } else { "x" });
}

/// No log shows a signature that could be read out of it again.
fn is_redacted(data: &str) {
    let clean = redacted(data);
    assert_eq!(redacted(&clean), clean);
    for signed in [of_name(&clean).signed, of_query(&clean).signed, of_cookies(&clean)] {
        assert!(!matches!(signed, Ok(Some(_))), "{clean:?}");
    }
}

/// What we sign is taken by whoever reads names as servers do. Which names mean a file at all is for them to say.
fn is_taken(name: &str, spelling: Spelling) {
    let policy = Policy { resource: None, expires: NOW + 1, not_before: None, network: None };
    let Ok(sent) = signer().stream_name(name, &Offer::Policy(policy), spelling) else { return };
    let Parted { bare, signed } = of_name(&sent);
    let signed = signed.expect("it can be read").expect("it is signed");
    if spelling == Spelling::Plain {
        assert_eq!(bare, of_name(name).bare);
    }
    let Ok(stream) = StreamName::parse("", &bare) else { return };
    let objects: Vec<_> = stream.keys().iter().map(|key| stream.resources(key)).collect();
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let request = Request { now: NOW, address, objects: &objects, mistakes: &[] };
    let case = signed.examine(signer().key.public(), &request).expect("the time is good");
    let (_, grant) = case.verify(signer().key.public()).unwrap_or_else(|refusal| panic!("{sent}: {refusal}"));
    assert!(!grant.objects.is_empty());
}

fuzz_target!(|data: &str| {
    is_bare(of_name, of_name(data), true);
    is_bare(of_query, of_query(data), false);
    is_refused(of_cookies(data), "x");
    is_redacted(data);
    is_taken(data, Spelling::Plain);
    is_taken(data, Spelling::Page);
});
