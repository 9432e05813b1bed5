//! Users and access keys: who may call the API. Only operators make them, at the machine.

use serde_json::json;

use super::Service;
use crate::auth::{ACCESS_KEY, AccessKey, Policy, Principal, USER, User};
use crate::store::{Resource, Revision, Write};
use crate::{Error, names};

/// A user with the ids of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSummary {
    /// The name.
    pub name: String,
    /// What they may do.
    pub policy: Policy,
    /// Key ids, and whether they may be used.
    pub keys: Vec<(String, bool)>,
}

fn resource(write: &Write, kind: &str, id: &str, config: serde_json::Value) -> Result<Resource, Error> {
    Ok(Resource {
        kind: kind.to_owned(),
        id: id.to_owned(),
        etag: names::id('E')?,
        config,
        facts: json!({}),
        created_ms: write.now_ms,
        modified_ms: write.now_ms,
        revision: write.revision,
    })
}

fn json_of(value: &impl serde::Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::internal(&error))
}

fn parse<T: serde::de::DeserializeOwned>(resource: &Resource) -> Result<T, Error> {
    T::deserialize(&resource.config).map_err(|error| Error::internal(&error))
}

impl Service {
    /// Makes a user, or gives one another policy.
    ///
    /// # Errors
    /// When the name is none.
    pub async fn put_user(&self, name: &str, policy: Policy) -> Result<(), Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
            let what = format!("{name:?} is no name of a user: 1 to 64 letters, digits or + = , . @ _ -");
            return Err(Error::argument(what));
        }
        let mut write = self.store.write("operator").await?;
        let user = resource(&write, USER, name, json_of(&User { policy })?)?;
        write.rows().put(&user).await?;
        self.commit(write, "PutUser", &user).await
    }

    /// Deletes a user and their keys.
    ///
    /// # Errors
    /// When there is none.
    pub async fn delete_user(&self, name: &str) -> Result<(), Error> {
        let mut write = self.store.write("operator").await?;
        let found = write.rows().get(USER, name).await?;
        let user = found.ok_or_else(|| Error::missing("NoSuchUser", "user", name))?;
        for key in write.rows().all(ACCESS_KEY).await? {
            if parse::<AccessKey>(&key)?.user == name {
                write.rows().delete(ACCESS_KEY, &key.id).await?;
            }
        }
        write.rows().delete(USER, name).await?;
        self.commit(write, "DeleteUser", &user).await
    }

    /// All users.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn users(&self) -> Result<Vec<UserSummary>, Error> {
        let mut snapshot = self.store.snapshot().await?;
        let keys = snapshot.rows().all(ACCESS_KEY).await?;
        let mut users = Vec::new();
        for user in snapshot.rows().all(USER).await? {
            let mut summary =
                UserSummary { name: user.id.clone(), policy: parse::<User>(&user)?.policy, keys: Vec::new() };
            for key in &keys {
                let parsed: AccessKey = parse(key)?;
                if parsed.user == summary.name {
                    summary.keys.push((key.id.clone(), parsed.active));
                }
            }
            users.push(summary);
        }
        Ok(users)
    }

    /// Gives a user a key: a new one, or one that is known elsewhere already. Answers id and secret; the secret can't be had again.
    ///
    /// # Errors
    /// When there is no such user, or the key belongs to somebody.
    pub async fn add_access_key(
        &self,
        user: &str,
        given: Option<(String, String)>,
    ) -> Result<(String, String), Error> {
        let (id, secret) = match given {
            Some(key) => key,
            None => names::access_key()?,
        };
        if !(4..=128).contains(&id.len())
            || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err(Error::argument(format!(
                "{id:?} is no id of an access key; they look like AKIAIOSFODNN7EXAMPLE"
            )));
        }
        if secret.len() < 8 {
            return Err(Error::argument(format!("the secret of {id} is too short: at least 8 characters")));
        }
        let mut write = self.store.write("operator").await?;
        if write.rows().get(USER, user).await?.is_none() {
            return Err(Error::missing("NoSuchUser", "user", user));
        }
        let other = write.rows().get(ACCESS_KEY, &id).await?;
        if let Some(other) =
            other.map(|key| parse::<AccessKey>(&key)).transpose()?.filter(|key| key.user != user)
        {
            return Err(Error::argument(format!("the access key {id} belongs to {}", other.user)));
        }
        let sealed = self.sealed(&mut write, &id, &secret).await?;
        let key = AccessKey { user: user.to_owned(), sealed, active: true };
        let key = resource(&write, ACCESS_KEY, &id, json_of(&key)?)?;
        write.rows().put(&key).await?;
        self.commit(write, "CreateAccessKey", &key).await?;
        Ok((id, secret))
    }

    /// Deletes a key.
    ///
    /// # Errors
    /// When there is none.
    pub async fn delete_access_key(&self, id: &str) -> Result<(), Error> {
        let mut write = self.store.write("operator").await?;
        let found = write.rows().get(ACCESS_KEY, id).await?;
        let key = found.ok_or_else(|| Error::missing("NoSuchAccessKey", "access key", id))?;
        write.rows().delete(ACCESS_KEY, id).await?;
        self.commit(write, "DeleteAccessKey", &key).await
    }

    /// Makes the first user, `admin`, with this key or a new one. `None`: there are users, or the key is known already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn first_admin(
        &self,
        given: Option<(String, String)>,
    ) -> Result<Option<(String, String)>, Error> {
        let known = self.store.read().await?.rows().count(USER).await? > 0;
        let same = match &given {
            Some((id, secret)) => self.holder(id).await?.is_some_and(|(_, known)| known == *secret),
            None => known,
        };
        if same {
            return Ok(None);
        }
        self.put_user("admin", Policy::admin()).await?;
        self.add_access_key("admin", given).await.map(Some)
    }

    /// The latest changes, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn history(&self, most: u32) -> Result<Vec<Revision>, Error> {
        Ok(self.store.read().await?.rows().history(most.into()).await?)
    }

    /// Who has an access key, and its secret.
    pub(crate) async fn holder(&self, key_id: &str) -> Result<Option<(Principal, String)>, Error> {
        let mut reader = self.store.read().await?;
        let Some(key) = reader.rows().get(ACCESS_KEY, key_id).await? else { return Ok(None) };
        let key: AccessKey = parse(&key)?;
        let Some(user) = reader.rows().get(USER, &key.user).await?.filter(|_| key.active) else {
            return Ok(None);
        };
        let secret = self.seal.unseal(key_id, &key.sealed).map_err(|error| Error::internal(&error))?;
        Ok(Some((Principal { name: key.user, policy: parse::<User>(&user)?.policy }, secret)))
    }
}
