//! Invalidations of web distributions.

use serde_json::{Value, json};

use super::crud::Page;
use super::{Members, Service, web};
use crate::auth::Principal;
use crate::store::{Claim, Resource};
use crate::value::{items, text, texts};
use crate::{Error, clock, names};

/// The kind in the store: each distribution has its own.
pub(super) fn kind(distribution: &str) -> String {
    format!("invalidation/{distribution}")
}

fn entity(resource: &Resource) -> Value {
    json!({
        "Id": resource.id,
        "Status": "Completed",
        "CreateTime": clock::iso(resource.created_ms),
        "InvalidationBatch": resource.config,
    })
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

impl Service {
    async fn invalidated(&self, distribution: &str) -> Result<(), Error> {
        self.find(&web::Web, distribution).await.map(drop)
    }

    fn invalidation_answer(distribution: &str, resource: &Resource) -> Members {
        let location = format!("distribution/{distribution}/invalidation/{}", resource.id);
        Members::from_iter([
            ("Location".to_owned(), location.into()),
            ("Invalidation".to_owned(), entity(resource)),
        ])
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
        if let Some(owner) = write.rows().owner(&reference).await? {
            let earlier = write.rows().get(&kind, &owner.id).await?;
            let same = |earlier: &Resource| {
                let sorted = |batch: &Value| {
                    texts(batch, "Paths").map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
                };
                sorted(&earlier.config) == sorted(batch)
            };
            return match earlier.filter(same) {
                Some(earlier) => Ok(Self::invalidation_answer(distribution, &earlier)),
                None => {
                    let what = format!("CallerReference: {:?} was used for other paths", reference.value);
                    Err(Error::new(409, "InvalidationBatchAlreadyExists", what))
                }
            };
        }
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
        Ok(Self::invalidation_answer(distribution, &resource))
    }

    pub(super) async fn get_invalidation(&self, distribution: &str, id: &str) -> Result<Members, Error> {
        self.invalidated(distribution).await?;
        let found = self.store.read().await?.rows().get(&kind(distribution), id).await?;
        let found = found.ok_or_else(|| Error::missing("NoSuchInvalidation", "invalidation", id))?;
        Ok(Self::invalidation_answer(distribution, &found))
    }

    pub(super) async fn list_invalidations(
        &self,
        distribution: &str,
        input: &Members,
    ) -> Result<Members, Error> {
        self.invalidated(distribution).await?;
        let page = Page::of(input)?;
        let found =
            self.store.read().await?.rows().list(&kind(distribution), &page.marker, page.most + 1).await?;
        let summary = |resource: Resource| {
            let created = clock::iso(resource.created_ms);
            (resource.id.clone(), json!({"Id": resource.id, "CreateTime": created, "Status": "Completed"}))
        };
        Ok(page.answer("InvalidationList", found.into_iter().map(summary).collect()))
    }
}
