//! All certificates at one time, and which of them is for whom.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;

use super::files::{self, Name};
use super::{CertificateError, CertificateFiles};

/// What tells that a file is another one now: inode, length, time of change. None for a file that can't be seen.
type Stamp = Option<(u64, u64, Option<SystemTime>)>;

/// Of all files, in their order.
pub(super) type Stamps = Vec<Stamp>;

/// Looks at the files, without reading them.
pub(super) fn stamps(files: &[CertificateFiles]) -> Stamps {
    let stamp = |file: &Path| {
        let metadata = std::fs::metadata(file).ok()?;
        Some((metadata.ino(), metadata.len(), metadata.modified().ok()))
    };
    files.iter().flat_map(|files| [stamp(&files.certificate), stamp(&files.key)]).collect()
}

/// For one name there may be several: a client that can't check one kind of key gets another.
type Choice = Vec<Arc<CertifiedKey>>;

/// Certificates by whom they are for.
pub(super) struct Set {
    first: Arc<CertifiedKey>,
    /// Lower case; wildcards with their `*`.
    by_name: HashMap<String, Choice>,
    by_address: HashMap<IpAddr, Choice>,
}

impl Set {
    pub(super) fn read(
        files: &[CertificateFiles],
        provider: &CryptoProvider,
    ) -> Result<Self, CertificateError> {
        let (mut by_name, mut by_address) = (HashMap::new(), HashMap::new());
        let mut first = None;
        for files in files {
            let (key, names) = files::read(files, provider)?;
            let key = Arc::new(key);
            for name in names {
                match name {
                    Name::Dns(name) => add(&mut by_name, name, &key),
                    Name::Address(address) => add(&mut by_address, address, &key),
                }
            }
            first.get_or_insert(key);
        }
        Ok(Self { first: first.ok_or(CertificateError::None)?, by_name, by_address })
    }

    pub(super) fn has_address(&self, address: IpAddr) -> bool {
        self.by_address.contains_key(&address)
    }

    /// The certificate for a client that asks for `name`, or for none at the address `local`.
    pub(super) fn choose(
        &self,
        name: Option<&str>,
        local: Option<IpAddr>,
        schemes: &[SignatureScheme],
    ) -> Arc<CertifiedKey> {
        let choice = match name {
            Some(name) => self.named(&name.to_ascii_lowercase()),
            None => local.and_then(|local| self.by_address.get(&local)),
        };
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        let chosen = choice.and_then(|choice| choice.iter().find(fits).or_else(|| choice.first()));
        Arc::clone(chosen.unwrap_or(&self.first))
    }

    /// By the whole name, or by a wildcard: that stands for the first label only (RFC 6125, 6.4.3).
    fn named(&self, name: &str) -> Option<&Choice> {
        let wildcard = || self.by_name.get(&format!("*.{}", name.split_once('.')?.1));
        self.by_name.get(name).or_else(wildcard)
    }
}

fn add<K: Hash + Eq>(choices: &mut HashMap<K, Choice>, name: K, key: &Arc<CertifiedKey>) {
    choices.entry(name).or_default().push(Arc::clone(key));
}
