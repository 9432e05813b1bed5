//! Invalidations of web distributions.

use std::collections::BTreeSet;

use millrace_model::web::{Invalidation, Invalidations};
use serde_json::{Value, json};

use super::crud::Page;
use super::{Members, Service, web};
use crate::auth::Principal;
use crate::store::{Claim, Resource, Rows, StoreError};
use crate::value::{items, text, texts};
use crate::{Error, clock, names};

/// The kind in the store: each distribution has its own.
pub(super) fn kind(distribution: &str) -> String {
    format!("invalidation/{distribution}")
}

/// How far it is: completed when every live edge works from its revision, and so has obeyed it.
fn status(resource: &Resource, deployed: i64) -> &'static str {
    if resource.revision <= deployed { "Completed" } else { "InProgress" }
}

fn entity(resource: &Resource, deployed: i64) -> Value {
    json!({
        "Id": resource.id,
        "Status": status(resource, deployed),
        "CreateTime": clock::iso(resource.created_ms),
        "InvalidationBatch": resource.config,
    })
}

/// How many paths with a star may be in progress, of one distribution.
const STARS: usize = 15;

/// For how long edges are told of an invalidation. One that comes back after a longer time has to forget what it kept.
const TOLD_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// How many they are told of, and how many paths of all of them: pictures stay small.
const TOLD: usize = 1000;
const TOLD_PATHS: usize = 10_000;

/// What edges are told: the newest, and from which revision on that is all.
pub(crate) async fn published(rows: &mut Rows<'_>) -> Result<Invalidations, StoreError> {
    // One more than fits says what is left out.
    let newest = rows.newest_invalidations(i64::try_from(TOLD + 1).unwrap_or(i64::MAX)).await?;
    let (since_ms, mut paths) = (clock::now_ms() - TOLD_MS, 0);
    let told = newest.iter().take(TOLD).take_while(|one| {
        paths += items(&one.config, "Paths").len();
        one.created_ms >= since_ms && paths <= TOLD_PATHS
    });
    let mut list: Vec<Invalidation> = told.map(told_of).collect();
    let since = newest.get(list.len()).map_or(0, |left_out| left_out.revision);
    list.reverse();
    Ok(Invalidations { since, list })
}

fn told_of(resource: &Resource) -> Invalidation {
    Invalidation {
        id: resource.id.clone(),
        distribution: resource.kind.rsplit('/').next().unwrap_or_default().to_owned(),
        revision: resource.revision,
        created_ms: resource.created_ms,
        paths: texts(&resource.config, "Paths").map(str::to_owned).collect(),
    }
}

fn check(batch: &Value, most: usize) -> Result<(), Error> {
    let paths = items(batch, "Paths").len();
    if paths == 0 {
        return Err(Error::argument("Paths: there is none; /* stands for everything"));
    }
    if paths > most {
        let what = format!("Paths: {paths} of them; {most} are allowed");
        return Err(Error::new(413, "BatchTooLarge", what));
    }
    for path in texts(batch, "Paths") {
        let star = path.find('*');
        let printable = path.bytes().all(|byte| byte.is_ascii_graphic());
        if !path.starts_with('/') || !printable || star.is_some_and(|at| at + 1 != path.len()) {
            let what = format!(
                "Paths: {path:?} should begin with a slash, be percent-encoded, and have a * at its end only"
            );
            return Err(Error::argument(what));
        }
    }
    Ok(())
}

/// An earlier one with the same reference, of the same paths: a repetition.
async fn repeated(rows: &mut Rows<'_>, reference: &Claim, batch: &Value) -> Result<Option<Resource>, Error> {
    let Some(owner) = rows.owner(reference).await? else { return Ok(None) };
    let sorted = |batch: &Value| texts(batch, "Paths").map(str::to_owned).collect::<BTreeSet<_>>();
    let earlier = rows.get(&owner.kind, &owner.id).await?;
    let same = earlier.filter(|earlier| sorted(&earlier.config) == sorted(batch));
    same.map(Some).ok_or_else(|| {
        let what = format!("CallerReference: {:?} was used for other paths", reference.value);
        Error::new(409, "InvalidationBatchAlreadyExists", what)
    })
}

impl Service {
    async fn invalidated(&self, distribution: &str) -> Result<(), Error> {
        self.find(&web::Web, distribution).await.map(drop)
    }

    async fn invalidation_answer(&self, distribution: &str, resource: &Resource) -> Result<Members, Error> {
        let deployed = self.deployment.everywhere(&mut self.store.read().await?.rows()).await?;
        let location = format!("distribution/{distribution}/invalidation/{}", resource.id);
        Ok(Members::from_iter([
            ("Location".to_owned(), location.into()),
            ("Invalidation".to_owned(), entity(resource, deployed)),
        ]))
    }

    pub(super) async fn create_invalidation(
        &self,
        who: &Principal,
        distribution: &str,
        batch: &Value,
    ) -> Result<Members, Error> {
        self.invalidated(distribution).await?;
        check(batch, self.settings().quotas.invalidation_paths)?;
        let kind = kind(distribution);
        let reference =
            Claim { kind: format!("reference/{kind}"), value: text(batch, "CallerReference").to_owned() };
        let mut write = self.store.write(&who.name).await?;
        // Nobody can delete it from here on.
        self.found(&mut write.rows(), &web::Web, distribution).await?;
        if let Some(earlier) = repeated(&mut write.rows(), &reference, batch).await? {
            drop(write);
            return self.invalidation_answer(distribution, &earlier).await;
        }
        self.check_in_progress(&mut write.rows(), &kind, batch).await?;
        let resource = Resource {
            id: names::invalidation(write.now_ms)?,
            etag: names::id('E')?,
            config: batch.clone(),
            facts: json!({}),
            created_ms: write.now_ms,
            modified_ms: write.now_ms,
            revision: write.revision,
            kind,
        };
        write.rows().claim(&resource.kind, &resource.id, &[reference]).await?;
        write.rows().put(&resource).await?;
        self.commit(write, "CreateInvalidation", &resource).await?;
        self.invalidation_answer(distribution, &resource).await
    }

    /// Whether there is room for these paths beside those that some edge has not obeyed yet.
    async fn check_in_progress(&self, rows: &mut Rows<'_>, kind: &str, batch: &Value) -> Result<(), Error> {
        let most = self.settings().quotas.invalidation_paths;
        let deployed = self.deployment.everywhere(rows).await?;
        // The newest come first, and each has a path at least.
        let newest = match deployed < rows.revision().await? {
            true => rows.list(kind, "", i64::try_from(most).unwrap_or(i64::MAX)).await?,
            false => Vec::new(),
        };
        let earlier = newest.iter().filter(|one| one.revision > deployed).map(|one| &one.config);
        let paths: Vec<&str> = earlier.chain([batch]).flat_map(|batch| texts(batch, "Paths")).collect();
        let stars = paths.iter().filter(|path| path.ends_with('*')).count();
        let what = match (paths.len() > most, stars > STARS) {
            (true, _) => format!("{} with those in progress; {most} are allowed", paths.len()),
            (false, true) => format!("{stars} with a * and those in progress; {STARS} are allowed"),
            (false, false) => return Ok(()),
        };
        Err(Error::bad("TooManyInvalidationsInProgress", format!("Paths: {what}")))
    }

    pub(super) async fn get_invalidation(&self, distribution: &str, id: &str) -> Result<Members, Error> {
        self.invalidated(distribution).await?;
        let found = self.store.read().await?.rows().get(&kind(distribution), id).await?;
        let found = found.ok_or_else(|| Error::missing("NoSuchInvalidation", "invalidation", id))?;
        self.invalidation_answer(distribution, &found).await
    }

    pub(super) async fn list_invalidations(
        &self,
        distribution: &str,
        input: &Members,
    ) -> Result<Members, Error> {
        self.invalidated(distribution).await?;
        let page = Page::of(input)?;
        let mut reader = self.store.read().await?;
        let found = reader.rows().list(&kind(distribution), &page.marker, page.most + 1).await?;
        let deployed = self.deployment.everywhere(&mut reader.rows()).await?;
        let summary = |resource: Resource| {
            let (created, status) = (clock::iso(resource.created_ms), status(&resource, deployed));
            (resource.id.clone(), json!({"Id": resource.id, "CreateTime": created, "Status": status}))
        };
        Ok(page.answer("InvalidationList", found.into_iter().map(summary).collect()))
    }
}
