//! Origin access identities and origin access controls: as whom a bucket is read.

use serde_json::{Value, json};

use super::distribution::check_comment;
use super::kind::{Kind, Names, View, name_claim, reference_claim};
use crate::settings::Settings;
use crate::store::{Claim, Resource};
use crate::value::text;
use crate::{Error, names};

/// The kind of identities in the store.
pub(crate) const KIND: &str = "origin-access-identity";
/// The kind of controls.
pub(crate) const CONTROL: &str = "origin-access-control";

static IDENTITY_NAMES: Names = Names {
    kind: KIND,
    noun: "CloudFrontOriginAccessIdentity",
    plural: "CloudFrontOriginAccessIdentities",
    path: "origin-access-identity/cloudfront",
    config: "CloudFrontOriginAccessIdentityConfig",
    missing: "NoSuchCloudFrontOriginAccessIdentity",
    exists: "CloudFrontOriginAccessIdentityAlreadyExists",
    too_many: "TooManyCloudFrontOriginAccessIdentities",
    in_use: "CloudFrontOriginAccessIdentityInUse",
    people: "origin access identity",
};

static CONTROL_NAMES: Names = Names {
    kind: CONTROL,
    noun: "OriginAccessControl",
    plural: "OriginAccessControls",
    path: "origin-access-control",
    config: "OriginAccessControlConfig",
    missing: "NoSuchOriginAccessControl",
    exists: "OriginAccessControlAlreadyExists",
    too_many: "TooManyOriginAccessControls",
    in_use: "OriginAccessControlInUse",
    people: "origin access control",
};

pub(crate) struct Identity;

impl Kind for Identity {
    fn names(&self) -> &'static Names {
        &IDENTITY_NAMES
    }

    fn quota(&self, settings: &Settings) -> usize {
        settings.quotas.identities
    }

    fn check(&self, config: &Value, settings: &Settings) -> Result<(), Error> {
        check_comment(config, settings)
    }

    fn facts(&self, _settings: &Settings) -> Result<Value, Error> {
        Ok(json!({"S3CanonicalUserId": names::canonical_user()?}))
    }

    fn claims(&self, resource: &Resource) -> Vec<Claim> {
        vec![reference_claim(KIND, text(&resource.config, "CallerReference"))]
    }

    fn repeats(&self) -> bool {
        true
    }

    fn entity(&self, resource: &Resource, _view: &View) -> Value {
        json!({
            "Id": resource.id,
            "S3CanonicalUserId": text(&resource.facts, "S3CanonicalUserId"),
            "CloudFrontOriginAccessIdentityConfig": resource.config,
        })
    }

    fn summary(&self, resource: &Resource, _view: &View) -> Value {
        json!({
            "Id": resource.id,
            "S3CanonicalUserId": text(&resource.facts, "S3CanonicalUserId"),
            "Comment": text(&resource.config, "Comment"),
        })
    }
}

pub(crate) struct Control;

impl Kind for Control {
    fn names(&self) -> &'static Names {
        &CONTROL_NAMES
    }

    fn quota(&self, settings: &Settings) -> usize {
        settings.quotas.identities
    }

    fn check(&self, config: &Value, _settings: &Settings) -> Result<(), Error> {
        let obeyed = [
            ("OriginAccessControlOriginType", &["s3"][..]),
            ("SigningProtocol", &["sigv4"]),
            ("SigningBehavior", &["always", "never", "no-override"]),
        ];
        match obeyed.iter().find(|(member, known)| !known.contains(&text(config, member))) {
            Some((member, known)) => {
                let (other, known) = (text(config, member), known.join(" or "));
                let what = format!("{member}: {other:?} is nothing that is done for buckets; write {known}");
                Err(Error::argument(what))
            }
            None => Ok(()),
        }
    }

    fn claims(&self, resource: &Resource) -> Vec<Claim> {
        vec![name_claim(CONTROL, text(&resource.config, "Name"))]
    }

    fn entity(&self, resource: &Resource, _view: &View) -> Value {
        json!({"Id": resource.id, "OriginAccessControlConfig": resource.config})
    }

    fn summary(&self, resource: &Resource, _view: &View) -> Value {
        let mut summary = json!({"Id": resource.id});
        for member in
            ["Description", "Name", "SigningProtocol", "SigningBehavior", "OriginAccessControlOriginType"]
        {
            summary[member] = text(&resource.config, member).into();
        }
        summary
    }
}
