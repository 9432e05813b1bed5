//! With which credentials an origin access identity reads, or an origin access control lets read.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Service, identity};
use crate::Error;
use crate::auth::Principal;
use crate::names;
use crate::store::Resource;
use crate::value::text;

/// The kind in the store.
pub(crate) const KIND: &str = "s3-identity";

/// Credentials of an identity, or of a control.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Identity {
    /// The identity.
    pub id: String,
    /// The access key at the bucket's store.
    pub access_key_id: String,
    /// Its secret, sealed for [`S3Identity::name`].
    pub sealed: String,
}

impl std::fmt::Debug for S3Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Identity")
            .field("id", &self.id)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl S3Identity {
    pub(crate) fn of(resource: &Resource) -> Self {
        let get = |name: &str| text(&resource.config, name).to_owned();
        Self { id: resource.id.clone(), access_key_id: get("access_key_id"), sealed: get("sealed") }
    }

    /// What its secret is sealed for.
    #[must_use]
    pub fn name(id: &str) -> String {
        format!("{KIND}/{id}")
    }
}

impl Service {
    /// Sets the credentials of an identity, or of a control.
    ///
    /// # Errors
    /// When there is neither.
    pub async fn set_s3_identity(
        &self,
        who: &Principal,
        id: &str,
        key: &str,
        secret: &str,
    ) -> Result<(), Error> {
        self.allow(who, "SetIdentityCredentials", "*")?;
        let mut write = self.store.write(&who.name).await?;
        let mut known = false;
        for kind in [identity::KIND, identity::CONTROL] {
            known |= write.rows().get(kind, id).await?.is_some();
        }
        if !known {
            let what = "origin access identity or origin access control";
            return Err(Error::missing("NoSuchCloudFrontOriginAccessIdentity", what, id));
        }
        let sealed = self.sealed(&mut write, &S3Identity::name(id), secret).await?;
        let resource = Resource {
            kind: KIND.to_owned(),
            id: id.to_owned(),
            etag: names::id('E')?,
            config: json!({"access_key_id": key, "sealed": sealed}),
            facts: json!({}),
            created_ms: write.now_ms,
            modified_ms: write.now_ms,
            revision: write.revision,
        };
        write.rows().put(&resource).await?;
        self.commit(write, "SetIdentityCredentials", &resource).await
    }

    /// Forgets the credentials of an identity.
    ///
    /// # Errors
    /// When it has none.
    pub async fn forget_s3_identity(&self, who: &Principal, id: &str) -> Result<(), Error> {
        self.allow(who, "SetIdentityCredentials", "*")?;
        let mut write = self.store.write(&who.name).await?;
        let found = write.rows().get(KIND, id).await?;
        let resource =
            found.ok_or_else(|| Error::missing("NoSuchResource", "identity with credentials", id))?;
        write.rows().delete(KIND, id).await?;
        self.commit(write, "ForgetIdentityCredentials", &resource).await
    }

    /// All credentials, sealed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn s3_identities(&self, who: &Principal) -> Result<Vec<S3Identity>, Error> {
        self.allow(who, "ListIdentityCredentials", "*")?;
        Ok(self.store.read().await?.rows().all(KIND).await?.iter().map(S3Identity::of).collect())
    }
}
