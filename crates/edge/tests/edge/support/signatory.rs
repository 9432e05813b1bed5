//! Keys that sign stream names.

use std::time::{SystemTime, UNIX_EPOCH};

use millrace_edge::SigningKey;
use millrace_sign::{Hash, Offer, Policy, PrivateKey, PublicKey, Signer, Spelling};
use rcgen::{KeyPair, PublicKeyData};

/// A key pair, under the id that it has at the edge.
pub(crate) struct Signatory {
    pub(crate) signer: Signer,
    pub(crate) public: PublicKey,
}

impl Signatory {
    /// A new key.
    pub(crate) fn new(id: &str) -> Self {
        let pair = KeyPair::generate().expect("a key");
        let key = PrivateKey::parse(&pair.serialize_pem()).expect("a private key");
        let public = PublicKey::from_der(&pair.subject_public_key_info()).expect("a public key");
        Self { signer: Signer { key_id: id.to_owned(), key, hash: Hash::Sha1 }, public }
    }

    /// How the edge knows it.
    pub(crate) fn known(&self, active: bool) -> (String, SigningKey) {
        (self.signer.key_id.clone(), SigningKey { public: self.public.clone(), active })
    }

    /// A name that may be played from now on for so many seconds.
    pub(crate) fn name(&self, name: &str, seconds: u64) -> String {
        self.spelled(name, seconds, Spelling::Plain)
    }

    /// The same, spelled as pages do.
    pub(crate) fn spelled(&self, name: &str, seconds: u64, spelling: Spelling) -> String {
        let offer = Offer::Policy(until(now() + seconds));
        self.signer.stream_name(name, &offer, spelling).expect("the key signs")
    }

    /// The parameters alone.
    pub(crate) fn query(&self, resource: &str, seconds: u64) -> String {
        self.signer.query(resource, &Offer::Policy(until(now() + seconds))).expect("the key signs")
    }

    /// A name with a policy of its own.
    pub(crate) fn under(&self, name: &str, change: impl FnOnce(&mut Policy)) -> String {
        let mut policy = until(now() + 3600);
        change(&mut policy);
        self.signer.stream_name(name, &Offer::Policy(policy), Spelling::Plain).expect("the key signs")
    }
}

/// A policy with nothing but an end.
fn until(expires: u64) -> Policy {
    Policy { resource: None, expires, not_before: None, network: None }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_secs()
}
