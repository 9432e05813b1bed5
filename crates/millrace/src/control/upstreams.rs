//! From web distributions to who answers their requests.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use millrace_control::Picture;
use millrace_control::auth::Seal;
use millrace_model::S3Domain;
use millrace_model::web::{Bucket, Custom, Distribution, Origin, OriginKind, Target};
use millrace_origin::{
    BucketRules, BucketUpstream, FailoverUpstream, HttpConfig, HttpUpstream, ObjectsUpstream, OriginId,
    Trust, Upstream,
};

use super::shown::{EVERYBODY, credentials};
use crate::config::{Config, Store};

/// Who answers, by the distribution's id and a behaviour's target.
pub(super) type ByTarget = HashMap<String, HashMap<String, Arc<dyn Upstream>>>;

/// Those of the last picture, by everything that makes them what they are: connections to them are open.
#[derive(Default)]
pub(super) struct Upstreams {
    known: HashMap<String, Arc<dyn Upstream>>,
    trust: Option<Trust>,
}

/// What one of them is made from.
struct From<'p> {
    config: &'p Config,
    picture: &'p Picture,
    seal: &'p Seal,
}

impl Upstreams {
    /// Forgets those of earlier pictures: the configuration is another one.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    /// Those of a picture. What can't be asked is said in the log, and its viewers get an error.
    pub(super) fn of(&mut self, config: &Config, picture: &Picture, seal: &Seal) -> ByTarget {
        let from = From { config, picture, seal };
        let mut kept = HashMap::new();
        let mut all = ByTarget::new();
        for distribution in &picture.web {
            let behaviors = distribution.behaviors.iter().chain([&distribution.default_behavior]);
            let targets = behaviors.filter_map(|behavior| Some((behavior, distribution.target(behavior)?)));
            for (behavior, target) in targets {
                match self.target(&from, distribution, &target, &mut kept) {
                    Ok(upstream) => {
                        let of = all.entry(distribution.id.clone()).or_default();
                        of.insert(behavior.target.clone(), upstream);
                    }
                    Err(error) => {
                        tracing::error!(id = %distribution.id, "an origin can't be asked: {error:#}");
                    }
                }
            }
        }
        self.known = kept;
        all
    }

    fn target(
        &mut self,
        from: &From<'_>,
        distribution: &Distribution,
        target: &Target<'_>,
        kept: &mut HashMap<String, Arc<dyn Upstream>>,
    ) -> anyhow::Result<Arc<dyn Upstream>> {
        let mut one = |origin: &Origin| {
            let made = self.one(from, origin, kept);
            made.with_context(|| format!("origin {:?} of {}", origin.id, distribution.id))
        };
        let first = one(target.first)?;
        Ok(match target.second {
            Some((second, statuses)) => {
                Arc::new(FailoverUpstream::new(first, one(second)?, statuses.clone()))
            }
            None => first,
        })
    }

    /// One of earlier, or a new one.
    fn one(
        &mut self,
        from: &From<'_>,
        origin: &Origin,
        kept: &mut HashMap<String, Arc<dyn Upstream>>,
    ) -> anyhow::Result<Arc<dyn Upstream>> {
        let key = format!("{}\n{}", serde_json::to_string(origin)?, from.secret(origin));
        if let Some(known) = kept.get(&key).or_else(|| self.known.get(&key)) {
            let known = Arc::clone(known);
            kept.insert(key, Arc::clone(&known));
            return Ok(known);
        }
        let made: Arc<dyn Upstream> = match &origin.kind {
            OriginKind::S3(bucket) => self.bucket(from, origin, bucket)?,
            OriginKind::Custom(custom) => Arc::new(HttpUpstream::new(self.http(origin, custom)?)?),
        };
        kept.insert(key, Arc::clone(&made));
        Ok(made)
    }

    fn trust(&mut self) -> anyhow::Result<Trust> {
        if let Some(trust) = &self.trust {
            return Ok(trust.clone());
        }
        Ok(self.trust.insert(Trust::native()?).clone())
    }

    fn http(&mut self, origin: &Origin, custom: &Custom) -> anyhow::Result<HttpConfig> {
        let Custom { http_port, https_port, protocol, keepalive } = *custom;
        let id =
            OriginId::new(format!("http://{}:{http_port},{https_port}{}", origin.domain_name, origin.path));
        Ok(HttpConfig {
            http_port,
            https_port,
            protocol,
            path: origin.path.clone(),
            headers: headers(origin),
            attempts: origin.attempts,
            connect_timeout: origin.connect_timeout,
            read_timeout: origin.read_timeout,
            keepalive,
            completion_timeout: origin.completion_timeout,
            ..HttpConfig::new(id, &origin.domain_name, self.trust()?)
        })
    }

    fn bucket(
        &mut self,
        from: &From<'_>,
        origin: &Origin,
        bucket: &Bucket,
    ) -> anyhow::Result<Arc<dyn Upstream>> {
        let domain = S3Domain::parse(&origin.domain_name)?;
        let reader = bucket.reader.as_deref();
        let credentials = credentials(from.picture, reader, from.seal)?;
        Ok(match from.config.foreign_store(&domain, reader.unwrap_or(EVERYBODY), credentials)? {
            Store::Folder(folder) => Arc::new(ObjectsUpstream::new(folder, origin.path.clone())),
            Store::S3(config) => {
                let rules = BucketRules {
                    path: origin.path.clone(),
                    headers: headers(origin),
                    signing: bucket.signing,
                    attempts: origin.attempts,
                    connect_timeout: origin.connect_timeout,
                    read_timeout: origin.read_timeout,
                    completion_timeout: origin.completion_timeout,
                    trust: self.trust()?,
                };
                Arc::new(BucketUpstream::new(&config, rules)?)
            }
        })
    }
}

impl From<'_> {
    /// The sealed secret that an origin is read with: with another one it is asked anew.
    fn secret(&self, origin: &Origin) -> &str {
        let OriginKind::S3(Bucket { reader: Some(reader), .. }) = &origin.kind else { return "" };
        let held = self.picture.identities.iter().find(|held| held.id == *reader);
        held.map_or("", |held| held.sealed.as_str())
    }
}

/// What every request to an origin carries; the API has checked it.
fn headers(origin: &Origin) -> Vec<(http::HeaderName, http::HeaderValue)> {
    let pair = |header: &millrace_model::web::OriginHeader| {
        Some((header.name.parse().ok()?, header.value.parse().ok()?))
    };
    origin.headers.iter().filter_map(pair).collect()
}
