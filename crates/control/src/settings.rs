//! What an operator can set.

use std::collections::BTreeSet;

/// How the control plane behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The account's number, 12 digits: it is in ARNs, and `self` means it.
    pub account: String,
    /// What stands behind `d….` and `s….` in host names.
    pub suffix: String,
    /// What the edge in this process is called in the store. The same after a restart, or the one that was killed
    /// would count for a while; none: a new name.
    pub edge: Option<String>,
    /// How many of everything.
    pub quotas: Quotas,
    /// Host names that belong to distributions of the configuration file, in lower case.
    pub taken: BTreeSet<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            suffix: "millrace.localhost".to_owned(),
            edge: None,
            quotas: Quotas::default(),
            taken: BTreeSet::new(),
        }
    }
}

/// How many of everything an account may have. The defaults are those that Amazon documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Streaming distributions.
    pub streaming_distributions: usize,
    /// Web distributions.
    pub distributions: usize,
    /// Aliases of one distribution.
    pub aliases: usize,
    /// Trusted signers of one distribution or behaviour.
    pub trusted_signers: usize,
    /// Key pairs of one account that are in use.
    pub active_key_pairs: usize,
    /// Origin access identities, and as many origin access controls.
    pub identities: usize,
    /// Origins of one distribution.
    pub origins: usize,
    /// Cache behaviours of one distribution, the default not counted.
    pub behaviors: usize,
    /// Tags of one resource.
    pub tags: usize,
    /// Paths of invalidations in progress.
    pub invalidation_paths: usize,
    /// Public keys, and as many key groups.
    pub public_keys: usize,
    /// Public keys of one key group.
    pub keys_in_group: usize,
    /// Policies of each kind.
    pub policies: usize,
    /// Characters of a comment.
    pub comment: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            streaming_distributions: 100,
            distributions: 200,
            aliases: 100,
            trusted_signers: 5,
            active_key_pairs: 2,
            identities: 100,
            origins: 25,
            behaviors: 25,
            tags: 50,
            invalidation_paths: 3000,
            public_keys: 100,
            keys_in_group: 5,
            policies: 100,
            comment: 128,
        }
    }
}
