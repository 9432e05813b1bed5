//! What an edge serves at one time.

use std::collections::HashMap;
use std::sync::Arc;

use millrace_model::Snapshot;
use millrace_origin::{Origin, Upstream};
use millrace_sign::PublicKey;

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
