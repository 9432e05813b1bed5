//! From a picture to a site: what an edge works from.

use std::collections::HashMap;
use std::sync::Arc;

use millrace_control::auth::Seal;
use millrace_control::service::S3Identity;
use millrace_control::{Picture, Published, PublishedKey};
use millrace_edge::{SigningKey, Site};
use millrace_model::{HostPattern, PageOrigin, S3Domain, StreamingDistribution, Variants};
use millrace_origin::{Credentials, Origin};
use millrace_sign::PublicKey;

use super::upstreams::Upstreams;
use crate::config::Config;

/// What a picture becomes a site with.
pub(super) struct Shown {
    pub(super) config: Config,
    pub(super) picture: Picture,

    upstreams: Upstreams,
    /// Origins of earlier pictures, by everything that makes them what they are.
    origins: HashMap<OriginKey, Arc<dyn Origin>>,
    /// The public keys of earlier pictures by their PEM; none: it can't be read.
    keys: HashMap<String, Option<PublicKey>>,
}

/// The reader of buckets that everybody may read.
pub(super) const EVERYBODY: &str = "everybody";

/// Bucket, reader, access key and sealed secret.
type OriginKey = (String, String, Option<(String, String)>);

/// What an edge with this configuration and this picture works from.
pub(crate) fn shown(config: &Config, picture: &Picture, seal: &Seal) -> anyhow::Result<Site> {
    Shown::new(config.clone(), picture.clone()).site(seal)
}

/// The file's distributions and the store's.
pub(crate) fn all_distributions(config: &Config, picture: &Picture) -> Vec<StreamingDistribution> {
    let published = picture.streaming.iter().map(|published| distribution(published, origin_name(published)));
    config.distributions(&picture.signers).chain(published).collect()
}

/// What an origin is called in the site: bucket and reader.
fn origin_name(published: &Published) -> String {
    format!("{}#{}", published.bucket, published.identity.as_deref().unwrap_or(EVERYBODY))
}

impl Shown {
    pub(super) fn new(config: Config, picture: Picture) -> Self {
        let (origins, keys) = (HashMap::new(), HashMap::new());
        Self { config, picture, upstreams: Upstreams::default(), origins, keys }
    }

    /// Another configuration counts from now on.
    pub(super) fn configure(&mut self, config: Config) {
        self.config = config;
        self.origins.clear();
        self.upstreams.clear();
    }

    /// The file's distributions and the store's.
    pub(super) fn site(&mut self, seal: &Seal) -> anyhow::Result<Site> {
        let mut origins = HashMap::new();
        let mut kept = HashMap::new();
        let mut distributions = Vec::new();
        for published in &self.picture.streaming {
            match self.origin(published, seal) {
                Ok((key, origin)) => {
                    let name = origin_name(published);
                    origins.insert(name.clone(), Arc::clone(&origin));
                    kept.insert(key, origin);
                    distributions.push(distribution(published, name));
                }
                Err(error) => {
                    tracing::error!(id = %published.id, "a distribution can't be served: {error:#}");
                }
            }
        }
        self.origins = kept;
        let keys = self.signing_keys();
        let site = self.config.site_with(distributions, origins, &self.picture.signers)?;
        let snapshot = site.snapshot.with_web(self.picture.web.clone(), None);
        let upstreams = self.upstreams.of(&self.config, &self.picture, seal);
        Ok(Site { keys, snapshot, upstreams, ..site })
    }

    /// The keys of the picture by their ids. Each was parsed when it was seen first; one that can't be read signs
    /// nothing, which is said once.
    fn signing_keys(&mut self) -> HashMap<String, SigningKey> {
        let mut parsed = HashMap::new();
        let mut keys = HashMap::new();
        for key in &self.picture.keys {
            let known = parsed.get(&key.public_key).cloned().or_else(|| self.keys.remove(&key.public_key));
            let public: Option<PublicKey> = known.unwrap_or_else(|| parse(key));
            if let Some(public) = public.clone() {
                keys.insert(key.id.clone(), SigningKey { public, active: key.active });
            }
            parsed.insert(key.public_key.clone(), public);
        }
        self.keys = parsed;
        keys
    }

    /// The origin of a distribution: one of earlier, or a new one.
    fn origin(&self, published: &Published, seal: &Seal) -> anyhow::Result<(OriginKey, Arc<dyn Origin>)> {
        let identity = published.identity.as_ref();
        let held = self.picture.identities.iter().find(|held| Some(&held.id) == identity);
        let reader = identity.map_or(EVERYBODY, String::as_str);
        let secrets = held.map(|held| (held.access_key_id.clone(), held.sealed.clone()));
        let key = (published.bucket.clone(), reader.to_owned(), secrets);
        if let Some(origin) = self.origins.get(&key) {
            return Ok((key, Arc::clone(origin)));
        }
        let credentials = credentials(&self.picture, identity.map(String::as_str), seal)?;
        let domain = S3Domain::parse(&published.bucket)?;
        Ok((key, self.config.foreign_origin(&domain, reader, credentials)?))
    }
}

/// As whom a bucket is read: nobody without a reader; as the configuration says for one that the store knows no secret
/// of.
pub(super) fn credentials(
    picture: &Picture,
    reader: Option<&str>,
    seal: &Seal,
) -> anyhow::Result<Option<Credentials>> {
    let Some(reader) = reader else { return Ok(Some(Credentials::Anonymous)) };
    let Some(held) = picture.identities.iter().find(|held| held.id == reader) else { return Ok(None) };
    Ok(Some(Credentials::Static {
        key_id: held.access_key_id.clone(),
        secret: seal.unseal(&S3Identity::name(reader), &held.sealed)?,
        token: None,
    }))
}

fn parse(key: &PublishedKey) -> Option<PublicKey> {
    let parsed = PublicKey::parse(&key.public_key);
    parsed.inspect_err(|error| tracing::error!(id = %key.id, "a public key can't be used: {error}")).ok()
}

fn origin_of_pages(id: &str, page: &str) -> Option<PageOrigin> {
    let parsed = page.parse();
    parsed.inspect_err(|error| tracing::error!(id, "a page of millrace:pages can't be obeyed: {error}")).ok()
}

fn distribution(published: &Published, origin: String) -> StreamingDistribution {
    StreamingDistribution {
        id: published.id.clone(),
        domain_name: published.domain_name.to_ascii_lowercase(),
        aliases: published.aliases.iter().map(|alias| HostPattern::new(alias)).collect(),
        origin,
        enabled: published.enabled,
        variants: Variants::ALL,
        swf: Vec::new(),
        pages: published.pages.iter().filter_map(|page| origin_of_pages(&published.id, page)).collect(),
        trusted_keys: published.trusted_keys.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELeiCTwUXuaU1M4UBdj8tmHv92Ylp\n\
        WXxUwXV+WCcnRDI1R8T2TiCzY25xj31ukq7AWAcsHXhzguQFfuF/FU6yww==\n\
        -----END PUBLIC KEY-----\n";

    fn key(id: &str, active: bool, pem: &str) -> PublishedKey {
        PublishedKey { id: id.to_owned(), active, public_key: pem.to_owned() }
    }

    /// Ids, and whether they may sign.
    fn known(shown: &mut Shown) -> Vec<(String, bool)> {
        let mut known: Vec<_> = shown.signing_keys().into_iter().map(|(id, key)| (id, key.active)).collect();
        known.sort();
        known
    }

    #[test]
    fn every_key_that_can_be_read_is_known_and_each_is_parsed_once() {
        let config = Config::parse("").expect("every setting has a default");
        let keys = vec![key("APKA1", true, PEM), key("K2", true, PEM), key("BAD", true, "no PEM")];
        let mut shown = Shown::new(config, Picture { keys, ..Picture::default() });
        let both = |first| vec![("APKA1".to_owned(), first), ("K2".to_owned(), true)];
        assert_eq!(known(&mut shown), both(true));
        let kept = |shown: &Shown| shown.keys.values().filter(|key| key.is_some()).count();
        assert_eq!((shown.keys.len(), kept(&shown)), (2, 1), "one that can be read, and one that can't");
        shown.picture.keys[0].active = false;
        assert_eq!(known(&mut shown), both(false));
        shown.picture.keys.clear();
        assert_eq!(known(&mut shown), []);
        assert!(shown.keys.is_empty(), "what is gone is not kept");
    }
}
