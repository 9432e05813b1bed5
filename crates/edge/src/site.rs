//! What an edge serves at one time.

use std::collections::HashMap;
use std::sync::Arc;

use millrace_model::Snapshot;
use millrace_origin::{Origin, Upstream};
use millrace_sign::{PublicKey, Refusal};

/// The distributions, and the origins that they name. Immutable; replaced as a whole.
#[derive(Default)]
pub struct Site {
    /// Which distribution a host means.
    pub snapshot: Snapshot,
    /// Origins by the name that distributions use.
    pub origins: HashMap<String, Arc<dyn Origin>>,
    /// Who answers the requests of web distributions: by the distribution's id, then by the target of a behaviour.
    pub upstreams: HashMap<String, HashMap<String, Arc<dyn Upstream>>>,
    /// Every key that is known, by the id that signed names carry; which of them a distribution trusts is its own
    /// affair.
    pub keys: HashMap<String, SigningKey>,
}

impl Site {
    /// The key called `id`, if what it signs is to be believed where these are trusted.
    pub(crate) fn trusted_key(&self, trusted: &[String], id: &str) -> Result<&PublicKey, Refusal> {
        let id_of = || id.to_owned();
        let key = self.keys.get(id).ok_or_else(|| Refusal::UnknownKey { id: id_of() })?;
        if !trusted.iter().any(|trusted| trusted == id) {
            return Err(Refusal::UntrustedKey { id: id_of() });
        }
        if !key.active {
            return Err(Refusal::DisabledKey { id: id_of() });
        }
        Ok(&key.public)
    }
}

/// A key that viewers' names may be signed with.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// Its public half.
    pub public: PublicKey,
    /// A disabled one signs nothing.
    pub active: bool,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("origins", &self.origins.keys()).finish_non_exhaustive()
    }
}
