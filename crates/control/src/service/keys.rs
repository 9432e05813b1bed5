//! Public keys and groups of them: who may sign for web distributions, and here for streaming distributions too.

use serde_json::{Value, json};

use super::distribution::check_comment;
use super::key_pair;
use super::kind::{Kind, Names, Need, View, modified, name_claim, reference_claim};
use crate::settings::Settings;
use crate::store::{Claim, Link, Resource};
use crate::value::{at, text};
use crate::{Error, PublishedKey, clock, names};

/// The kind of public keys in the store.
pub(crate) const KEY: &str = "public-key";
/// The kind of key groups.
pub(crate) const GROUP: &str = "key-group";

static KEY_NAMES: Names = Names {
    kind: KEY,
    noun: "PublicKey",
    plural: "PublicKeys",
    path: "public-key",
    config: "PublicKeyConfig",
    missing: "NoSuchPublicKey",
    exists: "PublicKeyAlreadyExists",
    too_many: "TooManyPublicKeys",
    in_use: "PublicKeyInUse",
    people: "public key",
};

static GROUP_NAMES: Names = Names {
    kind: GROUP,
    noun: "KeyGroup",
    plural: "KeyGroups",
    path: "key-group",
    config: "KeyGroupConfig",
    missing: "NoSuchResource",
    exists: "KeyGroupAlreadyExists",
    too_many: "TooManyKeyGroups",
    in_use: "ResourceInUse",
    people: "key group",
};

pub(crate) struct PublicKey;

impl Kind for PublicKey {
    fn names(&self) -> &'static Names {
        &KEY_NAMES
    }

    fn quota(&self, settings: &Settings) -> usize {
        settings.quotas.public_keys
    }

    fn check(&self, config: &Value, settings: &Settings) -> Result<(), Error> {
        check_comment(config, settings)?;
        millrace_sign::PublicKey::parse(text(config, "EncodedKey"))
            .map(drop)
            .map_err(|error| Error::argument(format!("EncodedKey: {error}")))
    }

    fn id(&self) -> Result<String, Error> {
        names::id('K')
    }

    fn claims(&self, resource: &Resource) -> Vec<Claim> {
        let (reference, name) = (text(&resource.config, "CallerReference"), text(&resource.config, "Name"));
        // URLs name key pairs in the same place.
        let id = Claim { kind: key_pair::KIND.to_owned(), value: resource.id.clone() };
        vec![reference_claim(KEY, reference), name_claim(KEY, name), id]
    }

    fn repeats(&self) -> bool {
        true
    }

    fn may_update(&self, old: &Value, new: &Value) -> Result<(), Error> {
        match ["CallerReference", "Name", "EncodedKey"].iter().find(|name| at(old, name) != at(new, name)) {
            Some(name) => Err(Error::bad(
                "CannotChangeImmutablePublicKeyFields",
                format!("{name}: only the comment of a public key can be changed; make a new key instead"),
            )),
            None => Ok(()),
        }
    }

    fn entity(&self, resource: &Resource, _view: &View) -> Value {
        json!({
            "Id": resource.id,
            "CreatedTime": clock::iso(resource.created_ms),
            "PublicKeyConfig": resource.config,
        })
    }

    fn summary(&self, resource: &Resource, _view: &View) -> Value {
        json!({
            "Id": resource.id,
            "Name": text(&resource.config, "Name"),
            "CreatedTime": clock::iso(resource.created_ms),
            "EncodedKey": text(&resource.config, "EncodedKey"),
            "Comment": text(&resource.config, "Comment"),
        })
    }
}

/// A public key as edges have it: it signs as long as it is there.
pub(crate) fn published(resource: &Resource) -> PublishedKey {
    let public_key = text(&resource.config, "EncodedKey").to_owned();
    PublishedKey { id: resource.id.clone(), active: true, public_key }
}

pub(crate) struct KeyGroup;

/// The ids of a group's public keys.
pub(crate) fn in_group(config: &Value) -> Vec<String> {
    KeyGroup::keys(config).map(str::to_owned).collect()
}

impl KeyGroup {
    fn keys(config: &Value) -> impl Iterator<Item = &str> {
        at(config, "Items").as_array().into_iter().flatten().filter_map(Value::as_str)
    }
}

impl Kind for KeyGroup {
    fn names(&self) -> &'static Names {
        &GROUP_NAMES
    }

    fn quota(&self, settings: &Settings) -> usize {
        settings.quotas.public_keys
    }

    fn check(&self, config: &Value, settings: &Settings) -> Result<(), Error> {
        check_comment(config, settings)?;
        let (count, most) = (Self::keys(config).count(), settings.quotas.keys_in_group);
        if count > most {
            let what = format!("Items: {count} public keys; {most} are allowed in a group");
            return Err(Error::bad("TooManyPublicKeysInKeyGroup", what));
        }
        Ok(())
    }

    fn id(&self) -> Result<String, Error> {
        names::uuid()
    }

    fn claims(&self, resource: &Resource) -> Vec<Claim> {
        vec![name_claim(GROUP, text(&resource.config, "Name"))]
    }

    fn needs(&self, config: &Value) -> Vec<Need> {
        let need = |id: &str| Need {
            link: Link { kind: KEY.to_owned(), id: id.to_owned() },
            error: Error::argument(format!("Items: there is no public key with the id {id:?}")),
        };
        Self::keys(config).map(need).collect()
    }

    fn entity(&self, resource: &Resource, _view: &View) -> Value {
        json!({
            "Id": resource.id,
            "LastModifiedTime": modified(resource),
            "KeyGroupConfig": resource.config,
        })
    }

    fn summary(&self, resource: &Resource, view: &View) -> Value {
        json!({"KeyGroup": self.entity(resource, view)})
    }
}
