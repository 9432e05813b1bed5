//! Distributions of the configuration file: the API shows them, the file changes them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Service, keys, streaming};
use crate::Error;
use crate::settings::Settings;
use crate::store::Resource;
use crate::value::{text, texts};

/// A streaming distribution of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its id.
    pub id: String,
    /// Its own host name.
    pub domain_name: String,
    /// Its other ones.
    pub aliases: Vec<String>,
    /// Its bucket, as the file names it.
    pub bucket: String,
    /// Who may sign for it: `self`, account numbers, key groups; with none nobody needs a signature.
    pub trusted_signers: Vec<String>,
    /// Whether it takes viewers.
    pub enabled: bool,
    /// The file, for errors.
    pub file: String,
}

impl Declared {
    /// As the API has them.
    fn signers(&self) -> Value {
        match self.trusted_signers.as_slice() {
            [] => json!({"Enabled": false, "Quantity": 0}),
            signers => json!({"Enabled": true, "Quantity": signers.len(), "Items": signers}),
        }
    }

    fn resource(&self) -> Resource {
        let config = json!({
            "CallerReference": self.id,
            "S3Origin": {"DomainName": format!("{}.s3.amazonaws.com", self.bucket), "OriginAccessIdentity": ""},
            "Aliases": {"Quantity": self.aliases.len(), "Items": self.aliases},
            "Comment": format!("declared in {}", self.file).chars().take(128).collect::<String>(),
            "TrustedSigners": self.signers(),
            "Enabled": self.enabled,
        });
        Resource {
            kind: streaming::KIND.to_owned(),
            id: self.id.clone(),
            etag: "EDECLARED00000".to_owned(),
            config,
            facts: json!({"DomainName": self.domain_name, "File": self.file}),
            created_ms: 0,
            modified_ms: 0,
            revision: 0,
        }
    }
}

/// Why something that is not in the store can't be changed.
pub(super) fn refusal(given: &Resource, code: &'static str) -> Error {
    match text(&given.facts, "File") {
        "" => Error::bad(
            code,
            format!("{} is one of Amazon's managed policies, which nobody can change", given.id),
        ),
        file => {
            Error::bad(code, format!("the distribution {} is declared in {file}: change it there", given.id))
        }
    }
}

impl Service {
    /// The file with a distribution that trusts this key group, if there is one.
    pub(super) fn declares_signer(&self, kind: &str, id: &str) -> Option<String> {
        let declared = self.declared.load();
        let trusts = |one: &&Resource| texts(&one.config, "TrustedSigners").any(|signer| signer == id);
        let found = declared.iter().filter(|_| kind == keys::GROUP).find(trusts)?;
        Some(text(&found.facts, "File").to_owned())
    }

    /// Shows the distributions of the file from now on, instead of those that were shown.
    pub fn declare(&self, declared: &[Declared]) {
        let hosts = declared.iter().flat_map(|one| one.aliases.iter().chain([&one.domain_name]));
        let taken: BTreeSet<String> = hosts.map(|host| host.to_ascii_lowercase()).collect();
        let settings = Settings { taken, ..(*self.settings()).clone() };
        self.settings.store(settings.into());
        self.declared.store(declared.iter().map(Declared::resource).collect::<Vec<_>>().into());
    }
}
