//! What an edge serves at one time.

use std::collections::HashMap;
use std::sync::Arc;

use millrace_model::Snapshot;
use millrace_origin::Origin;

/// The distributions, and the origins that they name. Immutable; replaced as a whole.
#[derive(Default)]
pub struct Site {
    /// Which distribution a host means.
    pub snapshot: Snapshot,
    /// Origins by the name that distributions use.
    pub origins: HashMap<String, Arc<dyn Origin>>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("origins", &self.origins.keys()).finish_non_exhaustive()
    }
}
