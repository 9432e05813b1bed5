//! The operations, whoever asks for them: the API, or a command on this machine.

mod crud;
mod declared;
mod distribution;
pub(crate) mod identity;
mod import;
pub(crate) mod invalidation;
pub(crate) mod key_pair;
pub(crate) mod keys;
mod kind;
mod lists;
pub(crate) mod policies;
pub(crate) mod s3_identity;
mod sealed;
pub(crate) mod streaming;
pub(crate) mod tagging;
mod user;
pub(crate) mod web;

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Map, Value};

use crate::auth::{Principal, Seal};
use crate::deployment::Deployment;
use crate::settings::Settings;
use crate::store::{Reader, Resource};
use crate::value::text;
use crate::{Error, Store};
pub use declared::Declared;
pub use import::{Change, Outcome};
pub use key_pair::{KeyPair, NewKeyPair};
use kind::{Kind, View};
use lists::Lists;
pub use s3_identity::S3Identity;
pub use user::UserSummary;

/// Does what the API offers.
#[derive(Debug)]
pub struct Service {
    pub(crate) store: Store,
    pub(crate) seal: Arc<Seal>,
    settings: ArcSwap<Settings>,
    /// Distributions of the configuration file.
    declared: ArcSwap<Vec<Resource>>,
    lists: Lists,
    pub(crate) deployment: Deployment,
}

/// The input or the output of an operation, as SDKs see it.
pub type Members = Map<String, Value>;

/// What is done with a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    CreateWithTags,
    Get,
    GetConfig,
    Update,
    Delete,
    List,
}

/// All kinds with the ordinary seven (or six) operations.
static KINDS: [&dyn Kind; 9] = [
    &streaming::Streaming,
    &web::Web,
    &identity::Identity,
    &identity::Control,
    &keys::PublicKey,
    &keys::KeyGroup,
    &policies::CACHE_POLICY,
    &policies::ORIGIN_REQUEST_POLICY,
    &policies::RESPONSE_HEADERS_POLICY,
];

/// What an operation of theirs is called for.
fn ordinary(operation: &str) -> Option<(Verb, &'static dyn Kind)> {
    KINDS.iter().find_map(|kind| {
        let names = kind.names();
        let rest = |verb: &str| operation.strip_prefix(verb);
        let verb = match () {
            () if rest("List") == Some(names.plural) => Verb::List,
            () if rest("Create") == Some(names.noun) => Verb::Create,
            () if rest("Update") == Some(names.noun) => Verb::Update,
            () if rest("Delete") == Some(names.noun) => Verb::Delete,
            () if rest("Get") == Some(names.noun) => Verb::Get,
            () => match rest("Get").or_else(|| rest("Create"))?.strip_prefix(names.noun)? {
                "Config" => Verb::GetConfig,
                "WithTags" => Verb::CreateWithTags,
                _ => return None,
            },
        };
        Some((verb, *kind))
    })
}

impl Service {
    /// Over a store, whose secrets are sealed by `seal`.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(store: Store, seal: Arc<Seal>, settings: Settings) -> Result<Arc<Self>, Error> {
        let deployment = Deployment::new(settings.edge.as_ref())?;
        Ok(Arc::new(Self {
            store,
            seal,
            settings: ArcSwap::from_pointee(settings),
            declared: ArcSwap::default(),
            lists: Lists::default(),
            deployment,
        }))
    }

    /// The store underneath.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What is set at the moment.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Does an operation of the API.
    ///
    /// # Errors
    /// As the API answers them.
    pub async fn call(&self, who: &Principal, operation: &str, input: Members) -> Result<Members, Error> {
        let Some((verb, kind)) = ordinary(operation) else {
            return self.extraordinary(who, operation, &input).await;
        };
        let id = input.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let arn = if id.is_empty() { "*".to_owned() } else { self.arn(kind.names().kind, &id) };
        self.allow(who, operation.strip_suffix("WithTags").unwrap_or(operation), &arn)?;
        let names = kind.names();
        let matched = input.get("IfMatch").and_then(Value::as_str).unwrap_or_default().to_owned();
        match verb {
            Verb::Create => {
                let config = input.get(names.config).cloned().unwrap_or_default();
                self.create(who, operation, kind, config, Vec::new()).await
            }
            Verb::CreateWithTags => {
                self.allow(who, "TagResource", "*")?;
                let whole = input.get(&format!("{}WithTags", names.config)).cloned().unwrap_or_default();
                let tags = tagging::of(&whole["Tags"])?;
                self.create(who, operation, kind, whole[names.config].clone(), tags).await
            }
            Verb::Get => self.get(kind, &id).await,
            Verb::GetConfig => self.get_config(kind, &id).await,
            Verb::Update => {
                let config = input.get(names.config).cloned().unwrap_or_default();
                self.update(who, operation, kind, &id, &matched, config).await
            }
            Verb::Delete => self.delete(who, operation, kind, &id, &matched).await,
            Verb::List => self.list(kind, &input).await,
        }
    }

    async fn extraordinary(
        &self,
        who: &Principal,
        operation: &str,
        input: &Members,
    ) -> Result<Members, Error> {
        let get = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
        let (distribution, resource) = (get("DistributionId"), get("Resource"));
        let arn = match operation {
            "TagResource" | "UntagResource" | "ListTagsForResource" => resource.to_owned(),
            _ => self.arn(web::KIND, distribution),
        };
        self.allow(who, operation, &arn)?;
        match operation {
            "CreateInvalidation" => {
                self.create_invalidation(who, distribution, &input["InvalidationBatch"]).await
            }
            "GetInvalidation" => self.get_invalidation(distribution, get("Id")).await,
            "ListInvalidations" => self.list_invalidations(distribution, input).await,
            "TagResource" => self.tag(who, resource, &input["Tags"]).await,
            "UntagResource" => self.untag(who, resource, &input["TagKeys"]).await,
            "ListTagsForResource" => self.list_tags(resource).await,
            _ => Err(Error::new(501, "NotImplemented", format!("{operation} is not done here"))),
        }
    }

    fn arn(&self, kind: &str, id: &str) -> String {
        format!("arn:aws:cloudfront::{}:{kind}/{id}", self.settings.load().account)
    }

    /// Whether somebody may do something.
    pub(crate) fn allow(&self, who: &Principal, operation: &str, arn: &str) -> Result<(), Error> {
        if who.policy.allows(&format!("cloudfront:{operation}"), arn) {
            return Ok(());
        }
        let name = &who.name;
        Err(Error::denied(format!("the user {name:?} may not perform cloudfront:{operation} on {arn}")))
    }

    /// What answers depend on besides a resource.
    async fn view(&self) -> Result<View, Error> {
        let mut reader = self.store.read().await?;
        let revision = reader.rows().revision().await?;
        self.view_at(&mut reader, revision).await
    }

    /// The same for one who knows the newest revision.
    async fn view_at(&self, reader: &mut Reader, revision: i64) -> Result<View, Error> {
        let deployed = self.deployment.everywhere(&mut reader.rows()).await?;
        let pairs = self.lists.all(reader, revision, key_pair::KIND, |_| ()).await?;
        let groups = self.lists.all(reader, revision, keys::GROUP, |_| ()).await?;
        let active = pairs.iter().filter(|pair| crate::value::flag(&pair.config, "active"));
        let key_pairs =
            active.map(|pair| (text(&pair.config, "account").to_owned(), pair.id.clone())).collect();
        let key_groups =
            groups.iter().map(|group| (group.id.clone(), keys::in_group(&group.config))).collect();
        // Usually every edge has everything.
        let invalidating = match deployed < revision {
            true => reader.rows().invalidations_since(deployed).await?,
            false => Vec::new(),
        };
        let account = self.settings.load().account.clone();
        Ok(View { account, deployed, key_pairs, key_groups, invalidating })
    }
}
