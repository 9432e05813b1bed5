//! What edges need of the store: the picture of one revision.

mod origin;
mod response;
mod rules;
mod web;

use millrace_model::web::{Distribution, Invalidations};
use serde::{Deserialize, Serialize};

use crate::service::{
    S3Identity, Service, identity, invalidation, key_pair, keys, policies, s3_identity, streaming, tagging,
    web::KIND as WEB,
};
use crate::store::{Resource, Snapshot, StoreError};
use crate::value::{flag, text, texts};
use crate::{Error, Signers};

/// What edges work from. Secrets are sealed in it, so it can be kept on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Of which revision it is.
    pub revision: i64,
    /// The streaming distributions, in the order of their ids.
    pub streaming: Vec<Published>,
    /// The web distributions, in the order of their ids.
    #[serde(default)]
    pub web: Vec<Distribution>,
    /// What of theirs is not to be served from caches any more.
    #[serde(default)]
    pub invalidations: Invalidations,
    /// As whom buckets are read.
    pub identities: Vec<S3Identity>,
    /// Every key that may have signed something: key pairs of accounts and public keys of the API.
    #[serde(default)]
    pub keys: Vec<PublishedKey>,
    /// Whose they are, for distributions of the configuration file.
    #[serde(default)]
    pub signers: Signers,
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
    /// The ids of the keys whose signatures let viewers play, disabled ones among them; none: nobody needs a signature.
    ///
    /// Snapshots of versions that checked no signatures do not say. A private film must not be open only because the
    /// store was away at an update, so nobody plays from such a snapshot before the store is back.
    #[serde(default = "nobody")]
    pub trusted_keys: Option<Vec<String>>,
    /// The origins of the pages that may play, as its tag `millrace:pages` lists them; none: every page may.
    #[serde(default)]
    pub pages: Vec<String>,
}

/// A key that viewers' names may be signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedKey {
    /// `APKA…` of key pairs, `K…` of public keys.
    pub id: String,
    /// Whether it may sign.
    pub active: bool,
    /// PEM.
    pub public_key: String,
}

fn nobody() -> Option<Vec<String>> {
    Some(Vec::new())
}

impl Published {
    fn of(resource: &Resource, signers: &Signers, pages: Option<&String>) -> Self {
        let config = &resource.config;
        let private = flag(config, "TrustedSigners.Enabled");
        let identity = text(config, "S3Origin.OriginAccessIdentity").rsplit('/').next();
        Self {
            id: resource.id.clone(),
            domain_name: text(&resource.facts, "DomainName").to_owned(),
            aliases: texts(config, "Aliases").map(str::to_owned).collect(),
            bucket: text(config, "S3Origin.DomainName").to_owned(),
            identity: identity.filter(|id| !id.is_empty()).map(str::to_owned),
            enabled: flag(config, "Enabled"),
            trusted_keys: private.then(|| signers.keys_of(texts(config, "TrustedSigners"))),
            pages: pages.into_iter().flat_map(|pages| tagging::pages(pages)).map(str::to_owned).collect(),
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
        let key_pairs = snapshot.rows().all(key_pair::KIND).await?;
        let public_keys = snapshot.rows().all(keys::KEY).await?;
        let key_groups = snapshot.rows().all(keys::GROUP).await?;
        let signers = Signers::of(&self.settings().account, &key_pairs, &key_groups);
        let streaming = snapshot.rows().all(streaming::KIND).await?;
        let pages = snapshot.rows().tagged(streaming::KIND, tagging::PAGES).await?;
        Ok(Picture {
            revision: snapshot.rows().revision().await?,
            streaming: streaming
                .iter()
                .map(|resource| Published::of(resource, &signers, pages.get(&resource.id)))
                .collect(),
            web: web_distributions(&mut snapshot, &signers).await?,
            invalidations: invalidation::published(&mut snapshot.rows()).await?,
            identities: snapshot.rows().all(s3_identity::KIND).await?.iter().map(S3Identity::of).collect(),
            keys: key_pairs
                .iter()
                .map(key_pair::published)
                .chain(public_keys.iter().map(keys::published))
                .collect(),
            signers,
        })
    }
}

/// The web distributions, with what they name.
async fn web_distributions(
    snapshot: &mut Snapshot,
    signers: &Signers,
) -> Result<Vec<Distribution>, StoreError> {
    let distributions = snapshot.rows().all(WEB).await?;
    let controls = snapshot.rows().all(identity::CONTROL).await?;
    let mut policies = Vec::new();
    for kind in [policies::CACHE, policies::ORIGIN_REQUEST, policies::RESPONSE_HEADERS] {
        policies.extend(snapshot.rows().all(kind).await?);
    }
    let named = web::Named::new(&policies, &controls, signers);
    let shown: Vec<_> = distributions.iter().map(|resource| web::distribution(resource, &named)).collect();
    for distribution in &shown {
        for behavior in distribution.behaviors.iter().chain([&distribution.default_behavior]) {
            if let Some(fault) = &behavior.fault {
                let (id, paths) = (&distribution.id, behavior.pattern.as_str());
                tracing::error!(%id, paths, "a cache behaviour can't be obeyed, so it refuses: {fault}");
            }
        }
    }
    Ok(shown)
}
