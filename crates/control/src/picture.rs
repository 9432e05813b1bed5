//! What edges need of the store: the picture of one revision.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::service::{S3Identity, Service, s3_identity, streaming};
use crate::store::Resource;
use crate::value::{flag, text, texts};

/// What edges work from. Secrets are sealed in it, so it can be kept on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Of which revision it is.
    pub revision: i64,
    /// The streaming distributions, in the order of their ids.
    pub streaming: Vec<Published>,
    /// As whom buckets are read.
    pub identities: Vec<S3Identity>,
}

/// A streaming distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its id.
    pub id: String,
    /// Its own host name.
    pub domain_name: String,
    /// Its other ones.
    pub aliases: Vec<String>,
    /// Its bucket, as a host name of S3.
    pub bucket: String,
    /// The origin access identity that reads the bucket; none: anybody may.
    pub identity: Option<String>,
    /// Whether it takes viewers.
    pub enabled: bool,
}

impl Published {
    fn of(resource: &Resource) -> Self {
        let config = &resource.config;
        let identity = text(config, "S3Origin.OriginAccessIdentity").rsplit('/').next();
        Self {
            id: resource.id.clone(),
            domain_name: text(&resource.facts, "DomainName").to_owned(),
            aliases: texts(config, "Aliases").map(str::to_owned).collect(),
            bucket: text(config, "S3Origin.DomainName").to_owned(),
            identity: identity.filter(|id| !id.is_empty()).map(str::to_owned),
            enabled: flag(config, "Enabled"),
        }
    }
}

impl Service {
    /// The picture of the newest revision.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn picture(&self) -> Result<Picture, Error> {
        let mut snapshot = self.store.snapshot().await?;
        Ok(Picture {
            revision: snapshot.rows().revision().await?,
            streaming: snapshot.rows().all(streaming::KIND).await?.iter().map(Published::of).collect(),
            identities: snapshot.rows().all(s3_identity::KIND).await?.iter().map(S3Identity::of).collect(),
        })
    }
}
