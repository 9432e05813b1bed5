//! Key pairs of accounts (`APKA…`), which sign URLs. Amazon had no API for them; `self` and account numbers mean their
//! owners.

use serde::Serialize;
use serde_json::{Value, json};

use super::kind::Kind;
use super::{Service, keys};
use crate::auth::Principal;
use crate::store::{Claim, Resource, Rows};
use crate::value::{flag, text};
use crate::{Error, PublishedKey, Signer, clock, names};

/// The kind in the store.
pub(crate) const KIND: &str = "key-pair";

/// A key pair, as far as we have it: the public half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyPair {
    /// `APKA…`.
    pub key_pair_id: String,
    /// Whose it is: 12 digits.
    pub account: String,
    /// Whether it may sign.
    pub active: bool,
    /// PEM.
    pub public_key: String,
    /// When it was registered.
    pub created_time: String,
}

/// A key pair to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKeyPair {
    /// Its id at Amazon; none makes a new one.
    pub id: Option<String>,
    /// Whose it is; none: this installation's.
    pub account: Option<String>,
    /// PEM.
    pub public_key: String,
}

impl KeyPair {
    fn of(resource: &Resource) -> Self {
        Self {
            key_pair_id: resource.id.clone(),
            account: text(&resource.config, "account").to_owned(),
            active: flag(&resource.config, "active"),
            public_key: text(&resource.config, "public_key").to_owned(),
            created_time: clock::iso(resource.created_ms),
        }
    }
}

/// A key pair as edges have it.
pub(crate) fn published(resource: &Resource) -> PublishedKey {
    let KeyPair { key_pair_id: id, active, public_key, .. } = KeyPair::of(resource);
    PublishedKey { id, active, public_key }
}

/// The id that a new key pair gets.
fn id_of(given: Option<String>) -> Result<String, Error> {
    let Some(id) = given else { return Ok(format!("APKA{}", &names::access_key()?.0[4..])) };
    if (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return Ok(id);
    }
    Err(Error::argument(format!("{id:?} is no id of a key pair; they look like APKAEIBAERJR2EXAMPLE")))
}

impl Service {
    /// The account that a new key pair belongs to.
    fn account_of(&self, given: Option<String>) -> Result<String, Error> {
        let account = given.unwrap_or_else(|| "self".to_owned());
        match Signer::parse(&account) {
            Ok(Signer::Own) => Ok(self.settings().account.clone()),
            Ok(Signer::Account(_)) => Ok(account),
            Ok(Signer::KeyGroup(_)) | Err(_) => {
                let what = format!("{account:?} is neither `self` nor an account number of 12 digits");
                Err(Error::argument(what))
            }
        }
    }

    /// Registers a key pair.
    ///
    /// # Errors
    /// When the id or the account is none, the key can't be used, or the account has as many as it may.
    pub async fn import_key_pair(&self, who: &Principal, new: NewKeyPair) -> Result<KeyPair, Error> {
        self.allow(who, "ImportKeyPair", "*")?;
        let id = id_of(new.id)?;
        let account = self.account_of(new.account)?;
        millrace_sign::PublicKey::parse(&new.public_key)
            .map_err(|error| Error::argument(format!("the public key: {error}")))?;
        let mut write = self.store.write(&who.name).await?;
        // URLs name keys of either kind in the same place.
        for (kind, people) in [(KIND, "key pair"), (keys::KEY, "public key")] {
            if write.rows().get(kind, &id).await?.is_some() {
                let what = format!("a {people} is registered as {id} already");
                return Err(Error::new(409, "KeyPairAlreadyExists", what));
            }
        }
        let resource = Resource {
            kind: KIND.to_owned(),
            id,
            etag: names::id('E')?,
            config: json!({"account": account, "active": true, "public_key": new.public_key}),
            facts: json!({}),
            created_ms: write.now_ms,
            modified_ms: write.now_ms,
            revision: write.revision,
        };
        self.check_active(&mut write, &account).await?;
        write.rows().put(&resource).await?;
        write
            .rows()
            .claim(KIND, &resource.id, &[Claim { kind: KIND.into(), value: resource.id.clone() }])
            .await?;
        self.commit(write, "ImportKeyPair", &resource).await?;
        Ok(KeyPair::of(&resource))
    }

    /// Whether each account that a configuration trusts is known: this one is, others are by their key pairs.
    pub(super) async fn check_signers(
        &self,
        rows: &mut Rows<'_>,
        kind: &dyn Kind,
        config: &Value,
    ) -> Result<(), Error> {
        let own = self.settings().account.clone();
        let mut others = kind.signers(config);
        // Groups are looked for as everything else is that a configuration needs.
        others.retain(|signer| matches!(Signer::parse(signer), Ok(Signer::Account(number)) if number != own));
        if others.is_empty() {
            return Ok(());
        }
        let pairs = rows.all(KIND).await?;
        match others.iter().find(|signer| !pairs.iter().any(|pair| text(&pair.config, "account") == **signer))
        {
            None => Ok(()),
            Some(unknown) => {
                let what = format!(
                    "TrustedSigners: the account {unknown} has no key pairs here; register one first \
                     (`millrace keys import --account {unknown} FILE`)"
                );
                Err(Error::bad("TrustedSignerDoesNotExist", what))
            }
        }
    }

    async fn check_active(&self, write: &mut crate::store::Write, account: &str) -> Result<(), Error> {
        let most = self.settings().quotas.active_key_pairs;
        let pairs = write.rows().all(KIND).await?;
        let active =
            pairs.iter().filter(|p| flag(&p.config, "active") && text(&p.config, "account") == account);
        if active.count() < most {
            return Ok(());
        }
        let what = format!(
            "the account {account} has {most} active key pairs, which is the quota: disable one first"
        );
        Err(Error::bad("TooManyKeyPairs", what))
    }

    /// All key pairs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn key_pairs(&self, who: &Principal) -> Result<Vec<KeyPair>, Error> {
        self.allow(who, "ListKeyPairs", "*")?;
        Ok(self.store.read().await?.rows().all(KIND).await?.iter().map(KeyPair::of).collect())
    }

    /// Lets a key pair sign, or not any more.
    ///
    /// # Errors
    /// When there is none, or the account has as many active ones as it may.
    pub async fn set_key_pair_active(
        &self,
        who: &Principal,
        id: &str,
        active: bool,
    ) -> Result<KeyPair, Error> {
        self.allow(who, "UpdateKeyPair", "*")?;
        let mut write = self.store.write(&who.name).await?;
        let found = write.rows().get(KIND, id).await?;
        let mut resource = found.ok_or_else(|| Error::missing("NoSuchKeyPair", "key pair", id))?;
        if active && !flag(&resource.config, "active") {
            let account = text(&resource.config, "account").to_owned();
            self.check_active(&mut write, &account).await?;
        }
        resource.config["active"] = active.into();
        (resource.modified_ms, resource.revision) = (write.now_ms, write.revision);
        write.rows().put(&resource).await?;
        self.commit(write, "UpdateKeyPair", &resource).await?;
        Ok(KeyPair::of(&resource))
    }
}
