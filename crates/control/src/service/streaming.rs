//! Streaming distributions: what CloudFront called RTMP distributions.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::distribution;
use super::kind::{Kind, Names, Need, View, modified};
use crate::Error;
use crate::settings::Settings;
use crate::store::{Claim, Resource};
use crate::value::{at, fill, flag, text, texts};

/// The kind in the store.
pub(crate) const KIND: &str = "streaming-distribution";

static NAMES: Names = Names {
    kind: KIND,
    noun: "StreamingDistribution",
    plural: "StreamingDistributions",
    path: "streaming-distribution",
    config: "StreamingDistributionConfig",
    missing: "NoSuchStreamingDistribution",
    exists: "StreamingDistributionAlreadyExists",
    too_many: "TooManyStreamingDistributions",
    in_use: "ResourceInUse",
    people: "streaming distribution",
};

/// What Amazon answers where a distribution says nothing.
static DEFAULTS: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "Aliases": {"Quantity": 0},
        "Logging": {"Enabled": false, "Bucket": "", "Prefix": ""},
        "PriceClass": "PriceClass_All",
    })
});

pub(crate) struct Streaming;

impl Kind for Streaming {
    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn quota(&self, settings: &Settings) -> usize {
        settings.quotas.streaming_distributions
    }

    fn check(&self, config: &Value, settings: &Settings) -> Result<(), Error> {
        distribution::check(config, settings, "TooManyStreamingDistributionCNAMEs")?;
        distribution::check_signers(config, settings, true)?;
        distribution::check_logging(config)?;
        let origin = text(config, "S3Origin.DomainName");
        match millrace_model::S3Domain::parse(origin) {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::bad("InvalidOrigin", format!("S3Origin.DomainName: {error}"))),
        }
    }

    fn facts(&self, settings: &Settings) -> Result<Value, Error> {
        distribution::facts('s', settings)
    }

    fn claims(&self, resource: &Resource) -> Vec<Claim> {
        distribution::claims(resource)
    }

    fn needs(&self, config: &Value) -> Vec<Need> {
        let identity = distribution::identity(text(config, "S3Origin.OriginAccessIdentity"));
        identity.into_iter().chain(distribution::signing_groups(config)).collect()
    }

    fn signers<'c>(&self, config: &'c Value) -> BTreeSet<&'c str> {
        texts(config, "TrustedSigners").collect()
    }

    fn fill(&self, config: &mut Value) {
        let logs = flag(config, "Logging.Enabled");
        if let Some(logging) = config.get_mut("Logging").filter(|_| !logs) {
            *logging = DEFAULTS["Logging"].clone();
        }
        fill(config, &DEFAULTS);
    }

    fn may_delete(&self, resource: &Resource, view: &View) -> Result<(), Error> {
        distribution::may_delete(resource, view, "StreamingDistributionNotDisabled")
    }

    fn entity(&self, resource: &Resource, view: &View) -> Value {
        let signers = self.signers(&resource.config);
        let enabled = flag(&resource.config, "TrustedSigners.Enabled");
        json!({
            "Id": resource.id,
            "ARN": view.arn(resource),
            "Status": view.status(resource),
            "LastModifiedTime": modified(resource),
            "DomainName": text(&resource.facts, "DomainName"),
            "ActiveTrustedSigners": distribution::active_signers(enabled, &signers, view),
            "StreamingDistributionConfig": resource.config,
        })
    }

    fn summary(&self, resource: &Resource, view: &View) -> Value {
        let mut summary = json!({
            "Id": resource.id,
            "ARN": view.arn(resource),
            "Status": view.status(resource),
            "LastModifiedTime": modified(resource),
            "DomainName": text(&resource.facts, "DomainName"),
        });
        for member in ["S3Origin", "Aliases", "TrustedSigners", "Comment", "PriceClass", "Enabled"] {
            summary[member] = at(&resource.config, member).clone();
        }
        summary
    }
}
