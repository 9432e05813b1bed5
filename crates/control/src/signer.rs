//! Who may sign for a distribution, and the keys that each of them signs with.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::service::keys;
use crate::store::Resource;
use crate::value::text;

/// How this installation's own account is written among trusted signers.
const OWN: &str = "self";

/// A trusted signer of a streaming distribution.
///
/// Amazon's API had accounts only. Key groups came when RTMP distributions were going, and only web distributions got
/// them; here the id of one may stand wherever a streaming distribution (or one of the configuration file) names an
/// account, so that keys can be made and changed by the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer<'a> {
    /// `self`: this installation's account.
    Own,
    /// Another account, or this one, by its number.
    Account(&'a str),
    /// A key group, by the id that CreateKeyGroup answers.
    KeyGroup(&'a str),
}

/// Text that names no signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither `self`, nor an account number of 12 digits, nor the id of a key group (a UUID)")]
pub struct NoSigner(String);

impl<'a> Signer<'a> {
    /// Reads an item of TrustedSigners.
    ///
    /// # Errors
    /// When it can't be any signer; whether there is such an account or group is another question.
    pub fn parse(text: &'a str) -> Result<Self, NoSigner> {
        match text {
            OWN => Ok(Self::Own),
            digits if digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Self::Account(digits))
            }
            id if is_uuid(id) => Ok(Self::KeyGroup(id)),
            other => Err(NoSigner(other.chars().take(100).collect())),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The ids of the keys of each signer that has any, and of this installation's account. Disabled keys are among them:
/// whoever refuses a signature can say then that its key is disabled, and not that it is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signers(BTreeMap<String, Vec<String>>);

impl Signers {
    pub(crate) fn of(account: &str, key_pairs: &[Resource], key_groups: &[Resource]) -> Self {
        let mut signers = BTreeMap::from([(account.to_owned(), Vec::new())]);
        for pair in key_pairs {
            let owner: &mut Vec<String> =
                signers.entry(text(&pair.config, "account").to_owned()).or_default();
            owner.push(pair.id.clone());
        }
        let own = signers.get(account).cloned().unwrap_or_default();
        signers.insert(OWN.to_owned(), own);
        signers.extend(key_groups.iter().map(|group| (group.id.clone(), keys::in_group(&group.config))));
        Self(signers)
    }

    /// Whether nothing at all is known: no store was read, or a version wrote the snapshot that kept no keys.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// The accounts and key groups that have this key.
    pub fn with_key(&self, id: &str) -> impl Iterator<Item = &str> {
        let has = move |keys: &Vec<String>| keys.iter().any(|key| key == id);
        let named = self.0.iter().filter(|(signer, _)| *signer != OWN);
        named.filter(move |(_, keys)| has(keys)).map(|(signer, _)| signer.as_str())
    }

    /// The ids of the keys of several signers, each once. A signer that is not known has none.
    pub fn keys_of<'s>(&self, signers: impl IntoIterator<Item = &'s str>) -> Vec<String> {
        let ids = signers.into_iter().filter_map(|signer| self.0.get(signer)).flatten();
        ids.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signer_is_this_account_another_or_a_key_group() {
        let group = "0a1b2c3d-0000-4000-8000-0123456789ab";
        assert_eq!(Signer::parse("self"), Ok(Signer::Own));
        assert_eq!(Signer::parse("123456789012"), Ok(Signer::Account("123456789012")));
        assert_eq!(Signer::parse(group), Ok(Signer::KeyGroup(group)));
        for wrong in
            ["", "Self", "12345678901", "1234567890123", "12345678901x", "KABCDEFGHIJKLM", &group[1..]]
        {
            let error = Signer::parse(wrong).expect_err(wrong).to_string();
            assert!(error.contains(&format!("{wrong:?}")) && error.contains("key group"), "{error}");
        }
    }

    #[test]
    fn nobody_is_known_without_a_store_and_nobody_unknown_has_keys() {
        let unknown = Signers::default();
        assert!(unknown.is_unknown());
        assert_eq!(unknown.keys_of(["self"]), [""; 0]);
        let nobody = Signers::of("123456789012", &[], &[]);
        assert!(!nobody.is_unknown());
        assert_eq!(nobody.keys_of(["self", "123456789012", "210987654321"]), [""; 0]);
    }
}
