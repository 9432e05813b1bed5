//! What the kinds of resources have in common, and where they differ.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::settings::Settings;
use crate::store::{Claim, Link, Resource};
use crate::value::text;
use crate::{Error, clock, names};

/// How a kind is called, here and in the API.
#[derive(Debug)]
pub(crate) struct Names {
    /// In the store, in ARNs and in paths.
    pub(crate) kind: &'static str,
    /// In operations: `StreamingDistribution` in `GetStreamingDistributionConfig`.
    pub(crate) noun: &'static str,
    /// In the operation that lists.
    pub(crate) plural: &'static str,
    /// What its path is.
    pub(crate) path: &'static str,
    /// The member of the input that is its configuration.
    pub(crate) config: &'static str,
    /// Errors: it is not there, it is there already, there are too many, somebody needs it.
    pub(crate) missing: &'static str,
    pub(crate) exists: &'static str,
    pub(crate) too_many: &'static str,
    pub(crate) in_use: &'static str,
    /// For people.
    pub(crate) people: &'static str,
}

/// What answers depend on besides the resource itself.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) account: String,
    /// The revision that all live edges have.
    pub(crate) deployed: i64,
    /// Key pairs in use: account and id.
    pub(crate) key_pairs: Vec<(String, String)>,
    /// Key groups: id and ids of public keys.
    pub(crate) key_groups: Vec<(String, Vec<String>)>,
    /// The kinds of all invalidations that some edge has not obeyed yet.
    pub(crate) invalidating: Vec<String>,
}

impl View {
    pub(crate) fn status(&self, resource: &Resource) -> &'static str {
        if resource.revision <= self.deployed { "Deployed" } else { "InProgress" }
    }

    pub(crate) fn arn(&self, resource: &Resource) -> String {
        format!("arn:aws:cloudfront::{}:{}/{}", self.account, resource.kind, resource.id)
    }
}

/// Another resource that a configuration names, and the error if it is not there.
#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) link: Link,
    pub(crate) error: Error,
}

/// A kind of resource. Configurations have passed their shape already.
pub(crate) trait Kind: Send + Sync {
    fn names(&self) -> &'static Names;

    fn quota(&self, settings: &Settings) -> usize;

    /// What the shape can't say.
    fn check(&self, config: &Value, settings: &Settings) -> Result<(), Error>;

    /// An id for a new one.
    fn id(&self) -> Result<String, Error> {
        names::id('E')
    }

    /// What is chosen once for a new one.
    fn facts(&self, _settings: &Settings) -> Result<Value, Error> {
        Ok(json!({}))
    }

    /// What no other resource may have.
    fn claims(&self, _resource: &Resource) -> Vec<Claim> {
        Vec::new()
    }

    /// What it can't do without.
    fn needs(&self, _config: &Value) -> Vec<Need> {
        Vec::new()
    }

    /// The accounts that it trusts to sign.
    fn signers<'c>(&self, _config: &'c Value) -> BTreeSet<&'c str> {
        BTreeSet::new()
    }

    /// What Amazon puts where the customer wrote nothing.
    fn fill(&self, _config: &mut Value) {}

    /// Whether a request to make one that was made already is answered with that one.
    fn repeats(&self) -> bool {
        false
    }

    /// What an update must leave alone.
    fn may_update(&self, old: &Value, new: &Value) -> Result<(), Error> {
        if text(old, "CallerReference") == text(new, "CallerReference") {
            return Ok(());
        }
        Err(Error::bad(
            "IllegalUpdate",
            "CallerReference can't be changed: send the one that GetConfig answers",
        ))
    }

    fn may_delete(&self, _resource: &Resource, _view: &View) -> Result<(), Error> {
        Ok(())
    }

    /// As `Get…` answers it; the configuration is in it.
    fn entity(&self, resource: &Resource, view: &View) -> Value;

    /// As the list has it.
    fn summary(&self, resource: &Resource, view: &View) -> Value;
}

/// The claim of a caller reference.
pub(crate) fn reference_claim(kind: &str, reference: &str) -> Claim {
    Claim { kind: format!("reference/{kind}"), value: reference.to_owned() }
}

/// The claim of a name.
pub(crate) fn name_claim(kind: &str, name: &str) -> Claim {
    Claim { kind: format!("name/{kind}"), value: name.to_owned() }
}

/// The claim of a host name: of distributions of both kinds.
pub(crate) fn host_claim(host: &str) -> Claim {
    Claim { kind: "host".to_owned(), value: host.trim_end_matches('.').to_ascii_lowercase() }
}

/// When it was changed last, as the API writes it.
pub(crate) fn modified(resource: &Resource) -> String {
    clock::iso(resource.modified_ms)
}
