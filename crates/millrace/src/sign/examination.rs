//! What is wrong with a signature, step by step: `sign check` and `doctor` look at it with the server's own functions,
//! but go on where a server stops.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use millrace_edge::SigningKey;
use millrace_model::{Address, NameError, StreamName, StreamingDistribution};
use millrace_sign::{
    Case, Grant, Hash, Mistake, Parted, Policy, PublicKey, Refusal, Request, Signed, Terms, of_name, of_query,
};

use super::spelling;
use super::when::{length, shown};
use crate::control::keys::kind;
use crate::findings::Findings;

/// How many strings are shown that may have been signed.
const MOST_SHOWN: usize = 6;

/// A signed name or URL, and where and when it is looked at.
pub(crate) struct Examination<'a> {
    /// As it was written.
    text: &'a str,
    signed: Result<Option<Signed>, Refusal>,
    /// Objects that may be meant: what signers may have called each.
    objects: Vec<Vec<String>>,
    mistakes: Vec<Mistake>,
    /// Seconds since 1970.
    pub(crate) now: u64,
    /// Where the viewer is, if that is to be looked at.
    pub(crate) address: Option<IpAddr>,
    /// The keys that are known.
    pub(crate) keys: &'a HashMap<String, SigningKey>,
    /// The key to verify with, whatever its id.
    pub(crate) key: Option<&'a PublicKey>,
    /// Who is trusted.
    pub(crate) trust: Trust,
}

/// Whose signatures count.
pub(crate) enum Trust {
    /// Everybody may play.
    Open {
        /// The distribution.
        distribution: String,
    },
    /// Only what one of these keys signed.
    Keys {
        /// The distribution.
        distribution: String,
        /// Ids of keys.
        trusted: Vec<String>,
    },
    /// It can't be said here, and why.
    Unknown(String),
}

impl Trust {
    /// As a streaming distribution says it.
    pub(crate) fn of(distribution: &StreamingDistribution) -> Self {
        let id = distribution.id.clone();
        match distribution.trusted_keys.clone() {
            Some(trusted) => Self::Keys { distribution: id, trusted },
            None => Self::Open { distribution: id },
        }
    }
}

impl<'a> Examination<'a> {
    /// Of the name of a stream. `address` is where it is played, as far as that is known.
    pub(crate) fn of_stream(
        text: &'a str,
        address: Option<(&Address, &str)>,
        keys: &'a HashMap<String, SigningKey>,
        trust: Trust,
    ) -> Result<Self, NameError> {
        let Parted { bare, signed } = of_name(text);
        let (path, tc_url) = address.map_or(("", ""), |(address, tc_url)| (address.path.as_str(), tc_url));
        let stream = StreamName::parse(path, &bare)?;
        let objects = stream.keys().iter().map(|key| stream.resources(key)).collect();
        let mistakes = stream.mistakes(tc_url).into_iter().map(Mistake::from).collect();
        Ok(Self::new(text, signed, objects, mistakes, keys, trust))
    }

    /// Of a URL of the web.
    pub(crate) fn of_url(text: &'a str, keys: &'a HashMap<String, SigningKey>, trust: Trust) -> Self {
        let url = text.split('#').next().unwrap_or_default();
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let Parted { bare, signed } = of_query(query);
        let bare = if bare.is_empty() { base.to_owned() } else { format!("{base}?{bare}") };
        Self::new(text, signed, vec![vec![bare]], Vec::new(), keys, trust)
    }

    fn new(
        text: &'a str,
        signed: Result<Option<Signed>, Refusal>,
        objects: Vec<Vec<String>>,
        mistakes: Vec<Mistake>,
        keys: &'a HashMap<String, SigningKey>,
        trust: Trust,
    ) -> Self {
        Self { text, signed, objects, mistakes, now: super::now(), address: None, keys, key: None, trust }
    }

    /// Whether there is anything to look at: a signature, or the need of one.
    pub(crate) fn is_needed(&self) -> bool {
        self.signed != Ok(None) || matches!(self.trust, Trust::Keys { .. })
    }

    /// Looks at everything, and tells it.
    pub(crate) fn tell(&self, findings: &mut Findings) {
        let Some(signed) = self.parameters(findings) else { return };
        let Some(policy) = policy(signed, findings) else { return };
        let key = self.key(signed, findings);
        if key.is_some() {
            self.trusted(signed, findings);
        }
        let held = self.conditions(&policy, findings);
        match (key, held) {
            (Some(key), Some((now, address))) => {
                let (objects, mistakes) = (&self.objects, &self.mistakes);
                let request = Request { now, address, objects, mistakes };
                self.signature(signed, key, &request, findings);
            }
            (None, _) => findings.note("signature", "it can't be verified without its key"),
            (Some(_), None) => {}
        }
    }

    /// What came, and how it was spelled.
    fn parameters(&self, findings: &mut Findings) -> Option<&Signed> {
        let signed = match &self.signed {
            Ok(Some(signed)) => signed,
            Ok(None) if matches!(self.trust, Trust::Open { .. }) => {
                findings.ok("parameters", "nothing is signed, and nothing has to be");
                return None;
            }
            Ok(None) => {
                let cure = "sign it: `millrace sign --key FILE --stream NAME --expires 2h`";
                findings.fault("parameters", &Refusal::Unsigned.to_string(), cure);
                return None;
            }
            Err(refusal) => {
                let cure =
                    "compare it with what the signer gave out: something was lost or changed on the way";
                findings.fault("parameters", &refusal.to_string(), cure);
                return None;
            }
        };
        let terms = match signed.terms {
            Terms::Canned { expires } => format!("Expires {expires}"),
            Terms::Custom(_) => "Policy".to_owned(),
        };
        let (id, length) = (&signed.key_id, signed.signature.len());
        let hash = name(signed.hash);
        findings
            .ok("parameters", &format!("{terms}, Key-Pair-Id {id:?}, {hash}, a Signature of {length} bytes"));
        for remarkable in spelling::of(self.text) {
            findings.note("spelling", remarkable);
        }
        Some(signed)
    }

    /// The key that is to verify it.
    fn key(&self, signed: &Signed, findings: &mut Findings) -> Option<&'a PublicKey> {
        let id = &signed.key_id;
        if let Some(key) = self.key {
            findings.ok("key", &format!("the given one, {}, whatever {id:?} is elsewhere", kind(key)));
            return Some(key);
        }
        let Some(key) = self.keys.get(id) else {
            let refusal = Refusal::UnknownKey { id: id.clone() };
            let cure = "`millrace keys list` tells which are; `millrace keys import` registers a public key";
            findings.fault("key", &refusal.to_string(), cure);
            return None;
        };
        if key.active {
            findings.ok("key", &format!("{id} is known and active, {}", kind(&key.public)));
        } else {
            let refusal = Refusal::DisabledKey { id: id.clone() };
            let cure = format!("sign with another key, or `millrace keys enable {id}`");
            findings.fault("key", &refusal.to_string(), &cure);
        }
        Some(&key.public)
    }

    fn trusted(&self, signed: &Signed, findings: &mut Findings) {
        let id = &signed.key_id;
        match &self.trust {
            Trust::Open { distribution } => {
                findings.note("trust", &format!("{distribution} needs no signature: none is looked at"));
            }
            Trust::Keys { distribution, trusted } if trusted.contains(id) => {
                findings.ok("trust", &format!("{distribution} trusts it"));
            }
            Trust::Keys { distribution, trusted } => {
                let cure = match trusted.as_slice() {
                    [] => format!(
                        "none of the trusted signers of {distribution} has a key: register one for them"
                    ),
                    ids => format!(
                        "{distribution} trusts {}: sign with one of them, or trust its signer",
                        ids.join(", ")
                    ),
                };
                findings.fault("trust", &Refusal::UntrustedKey { id: id.clone() }.to_string(), &cure);
            }
            Trust::Unknown(why) => findings.note("trust", why),
        }
    }

    /// Time and address. The result is a time and an address that satisfy them, so that the rest can be looked at as
    /// well; none: there are no such.
    fn conditions(&self, policy: &Policy, findings: &mut Findings) -> Option<(u64, IpAddr)> {
        let grant = Grant {
            key_id: String::new(),
            fingerprint: [0; 32],
            objects: Vec::new(),
            policy: policy.clone(),
        };
        let inside = policy.network.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |network| network.addr());
        let time = match grant.check(self.now, inside) {
            Ok(()) => {
                let (end, left) = (shown(policy.expires), length(policy.expires - self.now));
                findings.ok("time", &format!("good until {end}, for another {left}"));
                self.now
            }
            Err(refusal) => {
                findings.fault("time", &refusal.to_string(), "sign it again, for the right time");
                policy.expires.checked_sub(1)?
            }
        };
        grant.check(time, inside).ok()?;
        match (policy.network, self.address) {
            (None, _) => findings.ok("address", "viewers may be anywhere"),
            (Some(network), None) => {
                findings.note("address", &format!("only viewers in {network}; --ip ADDRESS looks at one"));
            }
            (Some(network), Some(address)) => match grant.check(time, address) {
                Ok(()) => findings.ok("address", &format!("{address} is in {network}")),
                Err(refusal) => {
                    let cure =
                        "the server sees the address of a viewer's proxy or NAT; IPv6 and IPv4 are two";
                    findings.fault("address", &refusal.to_string(), cure);
                }
            },
        }
        Some((time, inside))
    }

    /// What was signed, and whether the key signed it.
    fn signature(&self, signed: &Signed, key: &PublicKey, request: &Request<'_>, findings: &mut Findings) {
        let names = self.names();
        let case: Case = match signed.examine(key, request) {
            Ok(case) => case,
            Err(refusal) => {
                let cure = format!("sign one of {names}, or a pattern that covers it, such as folder/*");
                findings.fault("resource", &refusal.to_string(), &cure);
                return;
            }
        };
        match case.verify(key) {
            Ok((_, grant)) => {
                let resource = grant.policy.resource.as_deref().unwrap_or("*");
                let what = match signed.terms {
                    Terms::Canned { .. } => format!("it is that of the canned policy for {resource:?}"),
                    Terms::Custom(_) => {
                        format!("it is that of the policy, and {resource:?} covers what is asked for")
                    }
                };
                findings.ok("signature", &what);
            }
            Err(refusal) => {
                if matches!(signed.terms, Terms::Canned { .. }) {
                    findings.note("resource", &format!("tried: {names}"));
                }
                findings.fault("signature", &refusal.to_string(), &self.cure(signed, key, request));
            }
        }
    }

    /// What may have been signed, the likeliest first.
    fn names(&self) -> String {
        let mut names: Vec<&String> = Vec::new();
        for name in self.objects.iter().flatten() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = if names.len() > MOST_SHOWN { ", ..." } else { "" };
        let shown: Vec<String> = names.iter().take(MOST_SHOWN).map(|name| format!("{name:?}")).collect();
        format!("{}{more}", shown.join(", "))
    }

    /// What to do about a signature that is another one: perhaps it is that of another key or digest.
    fn cure(&self, signed: &Signed, key: &PublicKey, request: &Request<'_>) -> String {
        let verifies = |signed: &Signed, key: &PublicKey| {
            signed.examine(key, request).is_ok_and(|case| case.verify(key).is_ok())
        };
        let other = Signed { hash: other(signed.hash), ..signed.clone() };
        if verifies(&other, key) {
            return match other.hash {
                Hash::Sha256 => "it was made with SHA-256: add Hash-Algorithm=SHA256".to_owned(),
                Hash::Sha1 => "it was made with SHA-1: leave Hash-Algorithm out".to_owned(),
            };
        }
        let signer = self.keys.iter().find(|(_, known)| verifies(signed, &known.public));
        match signer {
            Some((id, _)) => format!("it was made with the key {id}: send that as Key-Pair-Id"),
            None => "sign exactly the stream name or URL, with the private half of that key, and send every character of \
                     the signature"
                .to_owned(),
        }
    }
}

/// The policy, shown if it is one of its own.
fn policy(signed: &Signed, findings: &mut Findings) -> Option<Policy> {
    let bytes = match &signed.terms {
        Terms::Canned { expires } => {
            return Some(Policy { resource: None, expires: *expires, not_before: None, network: None });
        }
        Terms::Custom(bytes) => bytes,
    };
    match Policy::parse(bytes) {
        Ok(policy) => {
            findings.ok("policy", &as_sent(bytes));
            Some(policy)
        }
        Err(error) => {
            let cure = "make the policy as `millrace sign --print-policy` prints one";
            findings.fault("policy", &error.to_string(), cure);
            None
        }
    }
}

/// The very text that was signed, its lines below what stands in front of a finding.
fn as_sent(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    text.trim_end().lines().collect::<Vec<_>>().join(&format!("\n{:20}", ""))
}

fn name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha1 => "SHA-1",
        Hash::Sha256 => "SHA-256",
    }
}

fn other(hash: Hash) -> Hash {
    match hash {
        Hash::Sha1 => Hash::Sha256,
        Hash::Sha256 => Hash::Sha1,
    }
}
