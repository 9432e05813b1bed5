//! What is allowed, decided: the conditions first, which cost nothing, then the signature.

use super::canned;
use super::policy::Policy;
use super::refusal::{Over, Refusal};
use super::signed::{Signed, Terms};
use crate::{Hash, PublicKey};
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::IpAddr;

/// How many names are tried against a signature of the canned policy.
const MOST_NAMES: usize = 32;
/// How many mistakes are tried, once no name has been found.
const MOST_MISTAKES: usize = 8;

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Seconds since 1970.
    pub now: u64,
    /// Where the viewer is.
    pub address: IpAddr,
    /// For each object that the request may mean, what signers may have called it; likeliest first.
    pub objects: &'a [Vec<String>],
    /// What people sign by mistake instead. It never opens anything, it only finds words for the refusal.
    pub mistakes: &'a [Mistake],
}

/// Something that people sign by mistake, such as the whole `rtmp://` URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What they would have signed.
    pub text: String,
    /// What that is, to go on after "what was signed is": `the whole URL`.
    pub words: &'static str,
}

impl From<(String, &'static str)> for Mistake {
    fn from((text, words): (String, &'static str)) -> Self {
        Self { text, words }
    }
}

/// A request whose conditions hold, and whose signature is to be verified. It owns all it needs, so that it can go to
/// another thread.
#[derive(Clone)]
pub struct Case {
    key_id: String,
    fingerprint: [u8; 32],
    hash: Hash,
    signature: Vec<u8>,
    policy: Policy,
    claims: Vec<Claim>,
    mistakes: Vec<(String, &'static str)>,
    over: Over,
}

/// Bytes that may have been signed, and what they would allow.
#[derive(Debug, Clone)]
struct Claim {
    message: Vec<u8>,
    /// The resource of the canned policy.
    resource: Option<String>,
    objects: Vec<usize>,
}

/// That a signature was verified: a digest of all that went into that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Proof([u8; 32]);

/// What a viewer is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose signature it is.
    pub key_id: String,
    /// Which key that was: ids can be given to others.
    pub fingerprint: [u8; 32],
    /// Which of the [`Request::objects`] are allowed, in their order.
    pub objects: Vec<usize>,
    /// What was signed. The resource of a canned policy has no wildcards.
    pub policy: Policy,
}

impl Signed {
    /// Checks everything but the signature, and prepares that. `key` is the one that [`Signed::key_id`] names.
    ///
    /// # Errors
    /// The policy is malformed, a condition does not hold, or the policy is for something else.
    pub fn examine(&self, key: &PublicKey, request: &Request<'_>) -> Result<Case, Refusal> {
        let (policy, claims, over) = match &self.terms {
            Terms::Canned { expires } => {
                let policy = Policy::until(*expires, None);
                policy.check(request.now, request.address)?;
                let over = Over::Canned { resource: request.likeliest().to_owned(), expires: *expires };
                (policy, request.canned(*expires), over)
            }
            Terms::Custom(bytes) => {
                let policy = Policy::parse(bytes)?;
                policy.check(request.now, request.address)?;
                let claim =
                    Claim { message: bytes.clone(), resource: None, objects: request.covered(&policy)? };
                (policy, vec![claim], Over::Policy)
            }
        };
        Ok(Case {
            key_id: self.key_id.clone(),
            fingerprint: *key.fingerprint(),
            hash: self.hash,
            signature: self.signature.clone(),
            mistakes: request.mistaken(&self.terms),
            policy,
            claims,
            over,
        })
    }
}

impl Request<'_> {
    /// What to call the thing when talking about it.
    fn likeliest(&self) -> &str {
        self.objects.iter().flatten().next().map_or("", String::as_str)
    }

    /// What may have been signed with the canned policy. Each object's likeliest name comes before all others: names with
    /// escapes may mean so many objects that there would be no room for those of the last.
    fn canned(&self, expires: u64) -> Vec<Claim> {
        let likeliest = self.objects.iter().filter_map(|called| called.first());
        let mut names: Vec<&String> = Vec::new();
        for name in likeliest.chain(self.objects.iter().flatten()) {
            if names.len() == MOST_NAMES {
                break;
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let claims = names.into_iter().flat_map(|name| {
            let called = self.objects.iter().enumerate().filter(|(_, called)| called.contains(name));
            let objects: Vec<usize> = called.map(|(index, _)| index).collect();
            canned::forms(name, expires).into_iter().map(move |form| Claim {
                message: form.into_bytes(),
                resource: Some(name.clone()),
                objects: objects.clone(),
            })
        });
        claims.collect()
    }

    /// Which objects a policy of its own allows.
    fn covered(&self, policy: &Policy) -> Result<Vec<usize>, Refusal> {
        // Ruby writes `./` in front of files that are in no folder. A pattern such as `*/film.mp4` does not mean them.
        let dotted = policy.resource.as_deref().is_none_or(|pattern| pattern.starts_with("./"));
        let is_rubys = |name: &str, names: &[String]| {
            name.strip_prefix("./").is_some_and(|plain| names.iter().any(|name| name == plain))
        };
        let is_covered = |names: &Vec<String>| {
            names.iter().any(|name| policy.covers(name) && (dotted || !is_rubys(name, names)))
        };
        let objects: Vec<usize> = self
            .objects
            .iter()
            .enumerate()
            .filter(|(_, names)| is_covered(names))
            .map(|(index, _)| index)
            .collect();
        if !objects.is_empty() {
            return Ok(objects);
        }
        // A pattern that begins with anything covers a mistake by chance.
        let exact = policy.resource.as_deref().is_some_and(|pattern| !pattern.starts_with('*'));
        let mut mistakes = self.mistakes.iter().take(MOST_MISTAKES).filter(|_| exact);
        let mistake = mistakes.find(|mistake| policy.covers(&mistake.text));
        Err(Refusal::WrongResource {
            signed: policy.resource.clone().unwrap_or_default(),
            asked: self.likeliest().to_owned(),
            mistake: mistake.map(|mistake| mistake.words),
        })
    }

    /// What would have been signed by mistake.
    fn mistaken(&self, terms: &Terms) -> Vec<(String, &'static str)> {
        let Terms::Canned { expires } = terms else { return Vec::new() };
        let mistakes = self.mistakes.iter().take(MOST_MISTAKES);
        mistakes
            .flat_map(|Mistake { text, words }| {
                canned::forms(text, *expires).into_iter().map(move |form| (form, *words))
            })
            .collect()
    }
}

impl Case {
    /// What was proved before and is `known` still: this costs SHA-256 only.
    pub fn recall(&self, mut known: impl FnMut(&Proof) -> bool) -> Option<Grant> {
        self.claims.iter().find(|claim| known(&self.proof(claim))).map(|claim| self.grant(claim))
    }

    /// Verifies the signature with the key of [`Signed::examine`]. Costs tens of microseconds for each name that has to be
    /// tried.
    ///
    /// # Errors
    /// [`Refusal::Mismatch`].
    pub fn verify(&self, key: &PublicKey) -> Result<(Proof, Grant), Refusal> {
        let verifies = |message: &[u8]| {
            *key.fingerprint() == self.fingerprint && key.verifies(self.hash, message, &self.signature)
        };
        if let Some(claim) = self.claims.iter().find(|claim| verifies(&claim.message)) {
            return Ok((self.proof(claim), self.grant(claim)));
        }
        let mistake = self.mistakes.iter().find(|(message, _)| verifies(message.as_bytes()));
        Err(Refusal::Mismatch { over: self.over.clone(), mistake: mistake.map(|(_, words)| *words) })
    }

    fn proof(&self, claim: &Claim) -> Proof {
        let hash = match self.hash {
            Hash::Sha1 => 1,
            Hash::Sha256 => 2,
        };
        let mut digest = Sha256::new();
        digest.update(self.fingerprint);
        digest.update([hash]);
        digest.update((claim.message.len() as u64).to_be_bytes());
        digest.update(&claim.message);
        digest.update(&self.signature);
        Proof(digest.finalize().into())
    }

    fn grant(&self, claim: &Claim) -> Grant {
        let mut policy = self.policy.clone();
        if let Some(resource) = &claim.resource {
            policy.resource = Some(resource.clone());
        }
        let (key_id, objects) = (self.key_id.clone(), claim.objects.clone());
        Grant { key_id, fingerprint: self.fingerprint, objects, policy }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("key_id", &self.key_id)
            .field("over", &self.over)
            .field("claims", &self.claims.len())
            .finish_non_exhaustive()
    }
}

impl Grant {
    /// Whether the conditions hold still, as when a viewer seeks.
    ///
    /// # Errors
    /// Which one does not.
    pub fn check(&self, now: u64, address: IpAddr) -> Result<(), Refusal> {
        self.policy.check(now, address)
    }
}
