//! Create, get, update, delete, list: the same for all kinds.

use serde_json::{Value, json};

use super::kind::{Kind, reference_claim};
use super::{Members, Service, declared, identity, invalidation, policies, s3_identity, streaming, web};
use crate::auth::Principal;
use crate::store::{Resource, Rows, StoreError, Write};
use crate::value::text;
use crate::{Error, names};

/// Items of one page.
const PAGE: i64 = 100;

/// Which page of a list is asked for.
pub(super) struct Page {
    pub(super) marker: String,
    pub(super) most: i64,
}

impl Page {
    pub(super) fn of(input: &Members) -> Result<Self, Error> {
        let get = |name: &str| input.get(name).and_then(Value::as_str);
        let most = match get("MaxItems") {
            None => PAGE,
            Some(digits) => match digits.parse::<i64>() {
                Ok(most @ 1..) => most.min(PAGE),
                _ => {
                    return Err(Error::argument(format!(
                        "MaxItems: {digits:?} should be a number from 1 to {PAGE}"
                    )));
                }
            },
        };
        Ok(Self { marker: get("Marker").unwrap_or_default().to_owned(), most })
    }

    /// The answer, from one item more than fits when there are more; each with its id.
    pub(super) fn answer(&self, member: &str, mut found: Vec<(String, Value)>) -> Members {
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        let truncated = found.len() > most;
        found.truncate(most);
        let mut list = json!({
            "Marker": self.marker,
            "MaxItems": self.most,
            "IsTruncated": truncated,
            "Quantity": found.len(),
        });
        if let (true, Some((id, _))) = (truncated, found.last()) {
            list["NextMarker"] = id.as_str().into();
        }
        if !found.is_empty() {
            list["Items"] = found.into_iter().map(|(_, item)| item).collect();
        }
        Members::from_iter([(member.to_owned(), list)])
    }
}

/// Compares the version that a customer has seen.
pub(super) fn check_match(resource: &Resource, matched: &str) -> Result<(), Error> {
    let matched = matched.trim_matches('"');
    if matched.is_empty() || !matched.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let what = "If-Match: it is missing, or no ETag; send the ETag that the last Get or Update answered";
        return Err(Error::bad("InvalidIfMatchVersion", what));
    }
    if matched == resource.etag {
        return Ok(());
    }
    let what = "If-Match: the resource was changed in the meantime; get it again and send its ETag";
    Err(Error::new(412, "PreconditionFailed", what))
}

impl Service {
    /// What is not in the store but can be got all the same.
    fn given(&self, kind: &str) -> Vec<Resource> {
        let declared = self.declared.load();
        let declared = declared.iter().filter(|_| kind == streaming::KIND).cloned();
        declared.chain(policies::managed(kind).cloned()).collect()
    }

    pub(super) async fn find(&self, kind: &dyn Kind, id: &str) -> Result<Resource, Error> {
        self.found(&mut self.store.read().await?.rows(), kind, id).await
    }

    /// What is there as one connection sees it.
    pub(super) async fn found(
        &self,
        rows: &mut Rows<'_>,
        kind: &dyn Kind,
        id: &str,
    ) -> Result<Resource, Error> {
        let names = kind.names();
        let mut found = match self.given(names.kind).into_iter().find(|given| given.id == id) {
            Some(given) => given,
            None => {
                let found = rows.get(names.kind, id).await?;
                found.ok_or_else(|| Error::missing(names.missing, names.people, id))?
            }
        };
        kind.fill(&mut found.config);
        Ok(found)
    }

    /// The answer that has a resource in it.
    async fn answer(&self, kind: &dyn Kind, mut resource: Resource) -> Result<Members, Error> {
        let names = kind.names();
        kind.fill(&mut resource.config);
        let view = self.view().await?;
        Ok(Members::from_iter([
            ("Location".to_owned(), format!("{}/{}", names.path, resource.id).into()),
            ("ETag".to_owned(), resource.etag.as_str().into()),
            (names.noun.to_owned(), kind.entity(&resource, &view)),
        ]))
    }

    pub(super) async fn create(
        &self,
        who: &Principal,
        operation: &str,
        kind: &dyn Kind,
        config: Value,
        tags: Vec<(String, String)>,
    ) -> Result<Members, Error> {
        let settings = self.settings();
        let names = kind.names();
        kind.check(&config, &settings)?;
        super::tagging::check(names.kind, &tags, settings.quotas.tags)?;
        let mut write = self.store.write(&who.name).await?;
        self.check_signers(&mut write.rows(), kind, &config).await?;
        if let Some(earlier) = self.repeated(&mut write, kind, &config).await? {
            drop(write);
            return self.answer(kind, earlier).await;
        }
        let most = kind.quota(&settings);
        if usize::try_from(write.rows().count(names.kind).await?).unwrap_or(usize::MAX) >= most {
            let what = format!("there are {most} already, which is the quota");
            return Err(Error::bad(names.too_many, what));
        }
        let resource = Resource {
            kind: names.kind.to_owned(),
            id: kind.id()?,
            etag: names::id('E')?,
            facts: kind.facts(&settings)?,
            config,
            created_ms: write.now_ms,
            modified_ms: write.now_ms,
            revision: write.revision,
        };
        self.put(&mut write, kind, &resource).await?;
        for (name, value) in &tags {
            write.rows().tag(names.kind, &resource.id, name, value).await?;
        }
        self.commit(write, operation, &resource).await?;
        self.answer(kind, resource).await
    }

    /// An earlier one with the same caller reference: a repetition where the kind knows that, a fault elsewhere.
    async fn repeated(
        &self,
        write: &mut Write,
        kind: &dyn Kind,
        config: &Value,
    ) -> Result<Option<Resource>, Error> {
        let names = kind.names();
        let reference = text(config, "CallerReference");
        if config.get("CallerReference").is_none() {
            return Ok(None);
        }
        if reference.is_empty() {
            return Err(Error::argument("CallerReference: it is empty; write something that no other has"));
        }
        let Some(owner) = write.rows().owner(&reference_claim(names.kind, reference)).await? else {
            return Ok(None);
        };
        let earlier = write.rows().get(names.kind, &owner.id).await?;
        let earlier = earlier.filter(|earlier| kind.repeats() && earlier.config == *config);
        let what = format!("CallerReference: {reference:?} was used for the {} {}", names.people, owner.id);
        earlier.map(Some).ok_or_else(|| Error::new(409, names.exists, what))
    }

    /// Writes a resource with everything that belongs to it.
    pub(super) async fn put(
        &self,
        write: &mut Write,
        kind: &dyn Kind,
        resource: &Resource,
    ) -> Result<(), Error> {
        let mut links = Vec::new();
        for need in kind.needs(&resource.config) {
            if write.rows().get(&need.link.kind, &need.link.id).await?.is_none() {
                return Err(need.error);
            }
            links.push(need.link);
        }
        let names = kind.names();
        let claimed = write.rows().claim(names.kind, &resource.id, &kind.claims(resource)).await;
        claimed.map_err(|error| taken(error, names.exists))?;
        write.rows().refer(names.kind, &resource.id, &links).await?;
        Ok(write.rows().put(resource).await?)
    }

    /// Makes a change last, and waits a moment for the edge.
    pub(super) async fn commit(
        &self,
        write: Write,
        operation: &str,
        resource: &Resource,
    ) -> Result<(), Error> {
        let revision = write.commit(operation, &resource.kind, &resource.id).await?;
        self.deployment.committed(revision).await;
        Ok(())
    }

    pub(super) async fn get(&self, kind: &dyn Kind, id: &str) -> Result<Members, Error> {
        let found = self.find(kind, id).await?;
        self.answer(kind, found).await
    }

    pub(super) async fn get_config(&self, kind: &dyn Kind, id: &str) -> Result<Members, Error> {
        let found = self.find(kind, id).await?;
        Ok(Members::from_iter([
            ("ETag".to_owned(), found.etag.into()),
            (kind.names().config.to_owned(), found.config),
        ]))
    }

    /// One that can be changed.
    async fn changeable(
        &self,
        write: &mut Write,
        kind: &dyn Kind,
        id: &str,
        code: &'static str,
    ) -> Result<Resource, Error> {
        let names = kind.names();
        if let Some(given) = self.given(names.kind).into_iter().find(|given| given.id == id) {
            return Err(declared::refusal(&given, code));
        }
        let found = write.rows().get(names.kind, id).await?;
        found.ok_or_else(|| Error::missing(names.missing, names.people, id))
    }

    pub(super) async fn update(
        &self,
        who: &Principal,
        operation: &str,
        kind: &dyn Kind,
        id: &str,
        matched: &str,
        config: Value,
    ) -> Result<Members, Error> {
        let mut write = self.store.write(&who.name).await?;
        let mut resource = self.changeable(&mut write, kind, id, "IllegalUpdate").await?;
        check_match(&resource, matched)?;
        kind.may_update(&resource.config, &config)?;
        kind.check(&config, &self.settings())?;
        self.check_signers(&mut write.rows(), kind, &config).await?;
        resource.config = config;
        resource.etag = names::id('E')?;
        (resource.modified_ms, resource.revision) = (write.now_ms, write.revision);
        self.put(&mut write, kind, &resource).await?;
        self.commit(write, operation, &resource).await?;
        self.answer(kind, resource).await
    }

    pub(super) async fn delete(
        &self,
        who: &Principal,
        operation: &str,
        kind: &dyn Kind,
        id: &str,
        matched: &str,
    ) -> Result<Members, Error> {
        let view = self.view().await?;
        let mut write = self.store.write(&who.name).await?;
        let resource = self.changeable(&mut write, kind, id, "IllegalDelete").await?;
        check_match(&resource, matched)?;
        kind.may_delete(&resource, &view)?;
        self.remove(&mut write, kind, &resource).await?;
        self.commit(write, operation, &resource).await?;
        Ok(Members::new())
    }

    /// Deletes what nobody needs.
    pub(super) async fn remove(
        &self,
        write: &mut Write,
        kind: &dyn Kind,
        resource: &Resource,
    ) -> Result<(), Error> {
        let names = kind.names();
        if let Some(user) = write.rows().needed_by(names.kind, &resource.id).await?.first() {
            let what =
                format!("the {} {} is in use by the {} {}", names.people, resource.id, user.kind, user.id);
            return Err(Error::new(409, names.in_use, what));
        }
        if let Some(file) = self.declares_signer(names.kind, &resource.id) {
            let what = format!("the {} {} is a trusted signer in {file}", names.people, resource.id);
            return Err(Error::new(409, names.in_use, what));
        }
        if [identity::KIND, identity::CONTROL].contains(&names.kind) {
            // What nobody can read as any more is of use to nobody but thieves.
            write.rows().delete(s3_identity::KIND, &resource.id).await?;
        }
        if names.kind == web::KIND {
            write.rows().delete_all(&invalidation::kind(&resource.id)).await?;
        }
        Ok(write.rows().delete(names.kind, &resource.id).await?)
    }

    pub(super) async fn list(&self, kind: &dyn Kind, input: &Members) -> Result<Members, Error> {
        let (names, page) = (kind.names(), Page::of(input)?);
        let mut reader = self.store.read().await?;
        let revision = reader.rows().revision().await?;
        let stored = self.lists.all(&mut reader, revision, names.kind, |config| kind.fill(config)).await?;
        let mut given = self.given(names.kind);
        given.iter_mut().for_each(|given| kind.fill(&mut given.config));
        let behind = |of: &[Resource]| of.partition_point(|resource| resource.id <= page.marker);
        // One more than fits says that there are more.
        let fits = usize::try_from(page.most + 1).unwrap_or(usize::MAX);
        let mut found: Vec<&Resource> = stored[behind(&stored)..].iter().take(fits).collect();
        found.extend(given.iter().filter(|given| given.id > page.marker));
        found.sort_by(|a, b| a.id.cmp(&b.id));
        match input.get("Type").and_then(Value::as_str) {
            Some("managed") => found.retain(|policy| policies::is_managed(&policy.kind, &policy.id)),
            Some("custom") => found.retain(|policy| !policies::is_managed(&policy.kind, &policy.id)),
            _ => {}
        }
        let view = self.view_at(&mut reader, revision).await?;
        let shown = found.into_iter().take(fits).map(|resource| {
            let summary = kind.summary(resource, &view);
            (resource.id.clone(), summary)
        });
        Ok(page.answer(&format!("{}List", names.noun), shown.collect()))
    }
}

/// What another has already.
fn taken(error: StoreError, exists: &'static str) -> Error {
    match &error {
        StoreError::Taken { kind, value, owner_id, .. } if kind == "host" => Error::new(
            409,
            "CNAMEAlreadyExists",
            format!("Aliases: {value:?} belongs to the distribution {owner_id}"),
        ),
        StoreError::Taken { kind, value, owner_id, .. } => {
            let what = kind.split('/').next().unwrap_or(kind);
            Error::new(409, exists, format!("the {what} {value:?} is used by {owner_id}"))
        }
        _ => error.into(),
    }
}
