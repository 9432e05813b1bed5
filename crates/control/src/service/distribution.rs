//! What both kinds of distributions have.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::kind::{Need, View, host_claim, reference_claim};
use crate::settings::Settings;
use crate::store::{Claim, Link, Resource};
use crate::value::{items, text, texts};
use crate::{Error, Signer, names};

/// How an origin access identity is named where it is used.
const IDENTITY: &str = "origin-access-identity/cloudfront/";

/// The host name of a new one.
pub(super) fn facts(letter: char, settings: &Settings) -> Result<Value, Error> {
    Ok(json!({"DomainName": format!("{}.{}", names::host(letter)?, settings.suffix)}))
}

/// Its host names and its caller reference.
pub(super) fn claims(resource: &Resource) -> Vec<Claim> {
    let hosts = texts(&resource.config, "Aliases").chain([text(&resource.facts, "DomainName")]);
    let mut claims: Vec<Claim> = hosts.map(host_claim).collect();
    claims.push(reference_claim(&resource.kind, text(&resource.config, "CallerReference")));
    claims
}

/// Comment and aliases.
pub(super) fn check(config: &Value, settings: &Settings, too_many: &'static str) -> Result<(), Error> {
    check_comment(config, settings)?;
    let aliases: Vec<&str> = texts(config, "Aliases").collect();
    if aliases.len() > settings.quotas.aliases {
        let most = settings.quotas.aliases;
        return Err(Error::bad(too_many, format!("Aliases: {} of them; {most} are allowed", aliases.len())));
    }
    let mut seen = BTreeSet::new();
    for alias in aliases {
        check_alias(alias, settings)?;
        if !seen.insert(alias.to_ascii_lowercase()) {
            return Err(Error::argument(format!("Aliases: {alias:?} is there twice")));
        }
    }
    Ok(())
}

/// A comment of at most so many characters.
pub(super) fn check_comment(config: &Value, settings: &Settings) -> Result<(), Error> {
    let (length, most) = (text(config, "Comment").chars().count(), settings.quotas.comment);
    if length <= most {
        return Ok(());
    }
    Err(Error::argument(format!("Comment: it has {length} characters; {most} are allowed")))
}

/// A header that edges write: what is no header could be taken for the end of one, or of all.
pub(super) fn check_header(place: &str, name: &str, value: &str) -> Result<(), Error> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(Error::argument(format!("{place}: {name:?} is no name of a header")));
    }
    if value.chars().any(char::is_control) {
        return Err(Error::argument(format!(
            "{place}: the value of {name} has a line break or the like in it"
        )));
    }
    Ok(())
}

/// A host name, or `*.` and one, that is not ours to give.
fn check_alias(alias: &str, settings: &Settings) -> Result<(), Error> {
    let name = alias.strip_prefix("*.").unwrap_or(alias);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if alias.len() > 253 || name.split('.').count() < 2 || !name.split('.').all(label) {
        let what = format!(
            "Aliases: {alias:?} is no host name; write one such as media.example.com or *.example.com"
        );
        return Err(Error::argument(what));
    }
    let lower = name.to_ascii_lowercase();
    if lower == settings.suffix || lower.ends_with(&format!(".{}", settings.suffix)) {
        let what = format!("Aliases: names under {} are given by the server", settings.suffix);
        return Err(Error::argument(what));
    }
    if settings.taken.contains(&alias.to_ascii_lowercase()) {
        let what = format!("the alias {alias:?} belongs to a distribution of the configuration file");
        return Err(Error::new(409, "CNAMEAlreadyExists", what));
    }
    Ok(())
}

/// Signers: `self` and account numbers, and where that is allowed key groups.
pub(super) fn check_signers(config: &Value, settings: &Settings, groups: bool) -> Result<(), Error> {
    let path = "TrustedSigners";
    let most = settings.quotas.trusted_signers;
    let signers = items(config, path).len();
    if signers > most {
        let what = format!("{path}: {signers} of them; {most} are allowed");
        return Err(Error::bad("TooManyTrustedSigners", what));
    }
    for signer in texts(config, path) {
        match Signer::parse(signer) {
            Ok(Signer::KeyGroup(group)) if !groups => {
                let what = format!(
                    "{path}: {group} may be a key group; web distributions trust these in TrustedKeyGroups"
                );
                return Err(Error::argument(what));
            }
            Ok(_) => {}
            Err(error) if groups => return Err(Error::argument(format!("{path}: {error}"))),
            Err(_) => {
                let what = format!("{path}: {signer:?} is neither `self` nor an account number of 12 digits");
                return Err(Error::argument(what));
            }
        }
    }
    Ok(())
}

/// The key groups among signers, which have to be there.
pub(super) fn signing_groups(config: &Value) -> impl Iterator<Item = Need> {
    let groups = texts(config, "TrustedSigners").filter_map(|signer| match Signer::parse(signer) {
        Ok(Signer::KeyGroup(group)) => Some(group),
        _ => None,
    });
    groups.map(|group| {
        let what = format!("TrustedSigners: there is no key group with the id {group}");
        let link = Link { kind: super::keys::GROUP.to_owned(), id: group.to_owned() };
        Need { link, error: Error::bad("TrustedSignerDoesNotExist", what) }
    })
}

/// Signers with the keys that they can sign with.
pub(super) fn active_signers(enabled: bool, signers: &BTreeSet<&str>, view: &View) -> Value {
    let ids = |signer: &str| {
        let account = if signer == "self" { &view.account } else { signer };
        let pairs = view.key_pairs.iter().filter(|(owner, _)| owner == account).map(|(_, id)| id);
        let in_group = view.key_groups.iter().filter(|(group, _)| group == signer).flat_map(|(_, keys)| keys);
        pairs.chain(in_group).cloned().collect::<Vec<String>>()
    };
    let signers: Vec<Value> = signers
        .iter()
        .map(|signer| {
            let ids = ids(signer);
            json!({"AwsAccountNumber": signer, "KeyPairIds": listed(&ids)})
        })
        .collect();
    let active = signers.iter().any(|signer| !items(signer, "KeyPairIds").is_empty());
    with_enabled(enabled && active, &signers)
}

/// A list as Amazon answers it: an empty one has no items.
fn listed<T: Serialize>(items: &[T]) -> Value {
    match items {
        [] => json!({"Quantity": 0}),
        _ => json!({"Quantity": items.len(), "Items": items}),
    }
}

fn with_enabled(enabled: bool, items: &[Value]) -> Value {
    let mut list = listed(items);
    list["Enabled"] = enabled.into();
    list
}

/// Key groups with the public keys in them.
pub(super) fn active_groups(groups: &BTreeSet<&str>, view: &View) -> Value {
    let groups = view.key_groups.iter().filter(|(id, _)| groups.contains(id.as_str()));
    let items = groups.map(|(id, keys)| json!({"KeyGroupId": id, "KeyPairIds": listed(keys)}));
    let items: Vec<Value> = items.collect();
    with_enabled(!items.is_empty(), &items)
}

/// The origin access identity that is written there; an empty text means none.
pub(super) fn identity(written: &str) -> Option<Need> {
    if written.is_empty() {
        return None;
    }
    let id = written.strip_prefix(IDENTITY).unwrap_or_default();
    let what = format!(
        "there is no origin access identity {written:?}; it is written {IDENTITY}ID, with an ID that \
         ListCloudFrontOriginAccessIdentities answers, or left empty for a bucket that everybody may read"
    );
    let link = Link { kind: super::identity::KIND.to_owned(), id: id.to_owned() };
    Some(Need { link, error: Error::bad("InvalidOriginAccessIdentity", what) })
}

/// Where logs go: a bucket, if they go anywhere.
pub(super) fn check_logging(config: &Value) -> Result<(), Error> {
    let bucket = text(config, "Logging.Bucket");
    if crate::value::flag(config, "Logging.Enabled") && millrace_model::S3Domain::parse(bucket).is_err() {
        let what = format!("Logging.Bucket: {bucket:?} is no bucket; write it as name.s3.amazonaws.com");
        return Err(Error::argument(what));
    }
    Ok(())
}

/// Only a distribution that takes nobody any more can go.
pub(super) fn may_delete(resource: &Resource, view: &View, code: &'static str) -> Result<(), Error> {
    if crate::value::flag(&resource.config, "Enabled") {
        let what = "the distribution is enabled: set Enabled to false with an update first, then delete it";
        return Err(Error::new(409, code, what));
    }
    if view.status(resource) != "Deployed" {
        let what = "the distribution was disabled, but not every edge knows it yet: wait until its Status is Deployed";
        return Err(Error::new(409, code, what));
    }
    Ok(())
}
