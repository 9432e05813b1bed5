//! Resources as documents: what `aws cloudfront get-…` once printed, and what people keep in files.
//!
//! ```text
//! {"StreamingDistribution": {"Id": …, "DomainName": …, "StreamingDistributionConfig": {…}}, "Tags": {"Items": […]}}
//! {"StreamingDistributionConfig": {…}}          without an id: the caller reference (or the name) says which one
//! [ … ]  {"Resources": [ … ]}                   several
//! ```
//!
//! Documents say how things should be. What is so already is left alone, so doing it twice changes nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::crud::check_match;
use super::kind::{Kind, name_claim, reference_claim};
use super::{KINDS, Service, tagging};
use crate::auth::Principal;
use crate::shape::model;
use crate::store::{Link, Resource};
use crate::value::text;
use crate::{Error, clock, names};

/// What happens, or would happen, to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is so already.
    Nothing,
}

/// What a document comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What happens.
    pub change: Change,
    /// Of what kind it is, for people.
    pub kind: &'static str,
    /// Its id; a new one without an id gets one when it is made.
    pub id: Option<String>,
    /// The caller reference or name.
    pub label: String,
    /// What differs: path, before, after.
    pub differences: Vec<(String, Value, Value)>,
}

/// A document that was understood.
struct Wanted {
    kind: &'static dyn Kind,
    id: Option<String>,
    facts: Value,
    created_ms: Option<i64>,
    config: Value,
    tags: Option<Vec<(String, String)>>,
    /// Where it stands among others.
    place: String,
}

/// Takes documents apart. `place` names the file.
fn documents(value: &Value, place: &str, into: &mut Vec<Wanted>) -> Result<(), Error> {
    let several = value.as_array().or_else(|| value.get("Resources").and_then(Value::as_array));
    if let Some(several) = several {
        let mut each = several.iter().enumerate();
        return each.try_for_each(|(at, one)| documents(one, &format!("{place}[{at}]"), into));
    }
    let known = KINDS.iter().find_map(|kind| {
        let entity =
            value.get(kind.names().noun).map(|entity| (*kind, entity, entity.get(kind.names().config)));
        entity.or_else(|| value.get(kind.names().config).map(|config| (*kind, &Value::Null, Some(config))))
    });
    let Some((kind, entity, config)) = known else {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.names().noun).collect();
        let what =
            format!("{place}: there is none of {} in it, nor one of these with Config", names.join(", "));
        return Err(Error::argument(what));
    };
    let names = kind.names();
    let config = config
        .ok_or_else(|| Error::argument(format!("{place}: {}.{} is missing", names.noun, names.config)))?;
    let named = |error: Error| Error { message: format!("{place}: {}", error.message), ..error };
    let config = model().check(names.config, config).map_err(|fault| named(fault.into()))?;
    let mut facts = json!({});
    for name in ["DomainName", "S3CanonicalUserId"] {
        if let Some(fact) = entity.get(name).and_then(Value::as_str) {
            facts[name] = fact.into();
        }
    }
    let tags = value.get("Tags").map(tagging::of).transpose().map_err(named)?;
    let id = entity.get("Id").and_then(Value::as_str).map(str::to_owned);
    if id.as_ref().is_some_and(|id| !is_id(id)) {
        return Err(Error::argument(format!(
            "{place}: {}.Id is no id: letters, digits and hyphens",
            names.noun
        )));
    }
    let created_ms = entity.get("CreatedTime").and_then(Value::as_str).and_then(clock::from_iso);
    into.push(Wanted { kind, id, facts, created_ms, config, tags, place: place.to_owned() });
    Ok(())
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What differs between two configurations.
fn differences(path: &str, old: &Value, new: &Value, into: &mut Vec<(String, Value, Value)>) {
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                differences(&path, &old[name.as_str()], &new[name.as_str()], into);
            }
        }
        _ if old == new => {}
        _ => into.push((path.to_owned(), old.clone(), new.clone())),
    }
}

impl Wanted {
    fn label(&self) -> String {
        let reference = text(&self.config, "CallerReference");
        if reference.is_empty() { text(&self.config, "Name").to_owned() } else { reference.to_owned() }
    }

    fn filled(&self, config: &Value) -> Value {
        let mut config = config.clone();
        self.kind.fill(&mut config);
        config
    }
}

impl Service {
    /// Understands documents, each from a place with a name, and says what they come to.
    ///
    /// # Errors
    /// The first fault, with its place: then nothing at all was changed.
    pub async fn plan(&self, documents_of: &[(String, Value)]) -> Result<Vec<Outcome>, Error> {
        let wanted = self.wanted(documents_of)?;
        let mut outcomes = Vec::new();
        for (place, one) in wanted.iter().enumerate() {
            self.check_wanted(one, &wanted[..place]).await?;
            outcomes.push(self.compare(one).await?.0);
        }
        Ok(outcomes)
    }

    /// Makes things so; `done` is told after each.
    ///
    /// # Errors
    /// As [`Service::plan`]; and when something changed in the meantime.
    pub async fn apply(
        &self,
        who: &Principal,
        documents_of: &[(String, Value)],
        mut done: impl FnMut(&Outcome),
    ) -> Result<(), Error> {
        self.plan(documents_of).await?;
        for one in self.wanted(documents_of)? {
            let (mut outcome, existing) = self.compare(&one).await?;
            let written = match outcome.change {
                Change::Nothing => existing.map(|existing| existing.id),
                Change::Create | Change::Update => Some(self.write_wanted(who, &one, existing).await?),
            };
            outcome.id = written;
            done(&outcome);
        }
        Ok(())
    }

    /// All documents, those in front that others need.
    fn wanted(&self, documents_of: &[(String, Value)]) -> Result<Vec<Wanted>, Error> {
        let mut wanted = Vec::new();
        for (place, value) in documents_of {
            documents(value, place, &mut wanted)?;
        }
        let rank = |one: &Wanted| {
            let order = ["origin-access-identity", "origin-access-control", "public-key", "key-group"];
            let kind = one.kind.names().kind;
            let distribution = kind.ends_with("distribution");
            let last = order.len() + usize::from(distribution);
            order.iter().position(|known| *known == kind).unwrap_or(last)
        };
        wanted.sort_by_key(rank);
        Ok(wanted)
    }

    async fn check_wanted(&self, one: &Wanted, earlier: &[Wanted]) -> Result<(), Error> {
        let named = |error: Error| Error { message: format!("{}: {}", one.place, error.message), ..error };
        let settings = self.settings();
        one.kind.check(&one.config, &settings).map_err(named)?;
        let tags = one.tags.as_deref().unwrap_or_default();
        tagging::check(one.kind.names().kind, tags, settings.quotas.tags).map_err(named)?;
        for need in one.kind.needs(&one.config) {
            let coming =
                |w: &Wanted| w.kind.names().kind == need.link.kind && w.id.as_deref() == Some(&need.link.id);
            let there = self.store.read().await?.rows().get(&need.link.kind, &need.link.id).await?;
            if there.is_none() && !earlier.iter().any(coming) {
                return Err(named(need.error));
            }
        }
        Ok(())
    }

    /// The one in the store that a document means.
    async fn existing(&self, one: &Wanted) -> Result<Option<Resource>, Error> {
        let kind = one.kind.names().kind;
        let mut reader = self.store.read().await?;
        let id = match &one.id {
            Some(id) => Some(id.clone()),
            None => {
                let (reference, name) = (text(&one.config, "CallerReference"), text(&one.config, "Name"));
                let claim = if reference.is_empty() {
                    name_claim(kind, name)
                } else {
                    reference_claim(kind, reference)
                };
                reader.rows().owner(&claim).await?.map(|Link { id, .. }| id)
            }
        };
        match id {
            Some(id) => Ok(reader.rows().get(kind, &id).await?),
            None => Ok(None),
        }
    }

    async fn compare(&self, one: &Wanted) -> Result<(Outcome, Option<Resource>), Error> {
        let existing = self.existing(one).await?;
        let mut outcome = Outcome {
            change: Change::Create,
            kind: one.kind.names().people,
            id: one.id.clone(),
            label: one.label(),
            differences: Vec::new(),
        };
        if let Some(existing) = &existing {
            outcome.id = Some(existing.id.clone());
            differences(
                "",
                &one.filled(&existing.config),
                &one.filled(&one.config),
                &mut outcome.differences,
            );
            differences("", &existing.facts, &facts_after(existing, one), &mut outcome.differences);
            if let Some(tags) = &one.tags {
                let now = self.store.read().await?.rows().tags(&existing.kind, &existing.id).await?;
                differences("Tags", &tag_object(&now), &tag_object(tags), &mut outcome.differences);
            }
            outcome.change = if outcome.differences.is_empty() { Change::Nothing } else { Change::Update };
        }
        Ok((outcome, existing))
    }

    async fn write_wanted(
        &self,
        who: &Principal,
        one: &Wanted,
        seen: Option<Resource>,
    ) -> Result<String, Error> {
        let named = |error: Error| Error { message: format!("{}: {}", one.place, error.message), ..error };
        let operation =
            format!("{}{}", if seen.is_some() { "Update" } else { "Create" }, one.kind.names().noun);
        self.allow(who, &operation, "*")?;
        let mut write = self.store.write(&who.name).await?;
        let resource = match &seen {
            Some(seen) => {
                let now = write.rows().get(&seen.kind, &seen.id).await?;
                check_match(
                    &now.ok_or_else(|| Error::missing("NoSuchResource", one.kind.names().people, &seen.id))?,
                    &seen.etag,
                )?;
                one.kind.may_update(&seen.config, &one.config).map_err(named)?;
                Resource {
                    facts: facts_after(seen, one),
                    config: one.config.clone(),
                    etag: names::id('E')?,
                    modified_ms: write.now_ms,
                    revision: write.revision,
                    ..seen.clone()
                }
            }
            None => {
                let mut facts = one.facts.clone();
                crate::value::fill(&mut facts, &one.kind.facts(&self.settings())?);
                Resource {
                    kind: one.kind.names().kind.to_owned(),
                    id: one.id.clone().map_or_else(|| one.kind.id(), Ok)?,
                    etag: names::id('E')?,
                    config: one.config.clone(),
                    facts,
                    created_ms: one.created_ms.unwrap_or(write.now_ms),
                    modified_ms: write.now_ms,
                    revision: write.revision,
                }
            }
        };
        self.put(&mut write, one.kind, &resource).await.map_err(named)?;
        if let Some(tags) = &one.tags {
            for (name, _) in write.rows().tags(&resource.kind, &resource.id).await? {
                write.rows().untag(&resource.kind, &resource.id, &name).await?;
            }
            for (name, value) in tags {
                write.rows().tag(&resource.kind, &resource.id, name, value).await?;
            }
        }
        self.commit(write, &operation, &resource).await?;
        Ok(resource.id)
    }

    /// Everything, as documents that [`Service::apply`] takes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn export(&self) -> Result<Vec<Value>, Error> {
        let mut snapshot = self.store.snapshot().await?;
        let mut documents = Vec::new();
        for kind in KINDS {
            let names = kind.names();
            for resource in snapshot.rows().all(names.kind).await? {
                let mut entity = json!({"Id": resource.id});
                for (name, fact) in resource.facts.as_object().into_iter().flatten() {
                    entity[name] = fact.clone();
                }
                entity[names.config] = resource.config;
                let mut document = json!({});
                document[names.noun] = entity;
                let tags = snapshot.rows().tags(names.kind, &resource.id).await?;
                if !tags.is_empty() {
                    let tags: Vec<Value> =
                        tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                    document["Tags"] = json!({"Items": tags});
                }
                documents.push(document);
            }
        }
        Ok(documents)
    }
}

fn facts_after(existing: &Resource, one: &Wanted) -> Value {
    let mut facts = one.facts.clone();
    crate::value::fill(&mut facts, &existing.facts);
    facts
}

fn tag_object(tags: &[(String, String)]) -> Value {
    tags.iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
