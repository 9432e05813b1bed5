//! The statements.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::StoreError;

/// Something that has an id.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// `streaming-distribution` and the like.
    pub kind: String,
    /// Unique in its kind.
    pub id: String,
    /// Changes with each change.
    pub etag: String,
    /// What the customer wrote.
    pub config: Value,
    /// What was chosen for it.
    pub facts: Value,
    /// When it was made, ms since 1970.
    pub created_ms: i64,
    /// When it was changed last.
    pub modified_ms: i64,
    /// The revision that changed it last.
    pub revision: i64,
}

/// Something that at most one resource may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// `alias` and the like.
    pub kind: String,
    /// Which.
    pub value: String,
}

/// A resource that another one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) kind: String,
    pub(crate) id: String,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number.
    pub revision: i64,
    /// When, ms since 1970.
    pub at_ms: i64,
    /// The user.
    pub who: String,
    /// The operation.
    pub action: String,
    /// Of what kind the resource is.
    pub kind: String,
    /// Which one.
    pub id: String,
}

impl Revision {
    /// When it was, as the API writes times.
    #[must_use]
    pub fn time(&self) -> String {
        crate::clock::iso(self.at_ms)
    }
}

/// The rows as one connection sees them.
pub(crate) struct Rows<'c>(&'c mut AnyConnection);

fn failed(error: sqlx::Error) -> StoreError {
    StoreError::Database("in a statement".into(), error)
}

impl Resource {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let text = |name: &str| row.try_get::<String, _>(name).map_err(failed);
        let number = |name: &str| row.try_get::<i64, _>(name).map_err(failed);
        let (kind, id) = (text("kind")?, text("id")?);
        let json = |name: &str| {
            let parsed = serde_json::from_str(&text(name)?);
            parsed.map_err(|error| StoreError::Row { kind: kind.clone(), id: id.clone(), error })
        };
        Ok(Self {
            etag: text("etag")?,
            config: json("config")?,
            facts: json("facts")?,
            created_ms: number("created_ms")?,
            modified_ms: number("modified_ms")?,
            revision: number("revision")?,
            kind,
            id,
        })
    }
}

impl<'c> Rows<'c> {
    pub(super) fn new(connection: &'c mut AnyConnection) -> Self {
        Self(connection)
    }

    pub(crate) async fn revision(&mut self) -> Result<i64, StoreError> {
        let head: Result<(i64,), _> =
            sqlx::query_as("SELECT revision FROM head WHERE one = 1").fetch_one(&mut *self.0).await;
        head.map(|(revision,)| revision).map_err(failed)
    }

    pub(crate) async fn get(&mut self, kind: &str, id: &str) -> Result<Option<Resource>, StoreError> {
        let row = sqlx::query("SELECT * FROM resource WHERE kind = $1 AND id = $2")
            .bind(kind)
            .bind(id)
            .fetch_optional(&mut *self.0)
            .await
            .map_err(failed)?;
        row.as_ref().map(Resource::of).transpose()
    }

    /// Up to `most` of a kind with ids behind `after`, in the order of their bytes.
    pub(crate) async fn list(
        &mut self,
        kind: &str,
        after: &str,
        most: i64,
    ) -> Result<Vec<Resource>, StoreError> {
        // PostgreSQL orders as its language does unless told otherwise, which would put what is not from the store into
        // other places than pages do.
        let statement = match self.0.backend_name() {
            "PostgreSQL" => {
                "SELECT * FROM resource WHERE kind = $1 AND id COLLATE \"C\" > $2 ORDER BY id COLLATE \"C\" LIMIT $3"
            }
            _ => "SELECT * FROM resource WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3",
        };
        let rows = sqlx::query(statement)
            .bind(kind)
            .bind(after)
            .bind(most)
            .fetch_all(&mut *self.0)
            .await
            .map_err(failed)?;
        rows.iter().map(Resource::of).collect()
    }

    pub(crate) async fn all(&mut self, kind: &str) -> Result<Vec<Resource>, StoreError> {
        self.list(kind, "", i64::MAX).await
    }

    /// Up to `most` invalidations of all distributions, the newest first.
    pub(crate) async fn newest_invalidations(&mut self, most: i64) -> Result<Vec<Resource>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM resource WHERE substr(kind, 1, 13) = 'invalidation/' ORDER BY revision DESC LIMIT $1",
        )
        .bind(most)
        .fetch_all(&mut *self.0)
        .await
        .map_err(failed)?;
        rows.iter().map(Resource::of).collect()
    }

    /// The kinds of all invalidations that came after a revision: of a distribution that has several, several times.
    pub(crate) async fn invalidations_since(&mut self, revision: i64) -> Result<Vec<String>, StoreError> {
        let kinds: Vec<(String,)> = sqlx::query_as(
            "SELECT kind FROM resource WHERE substr(kind, 1, 13) = 'invalidation/' AND revision > $1",
        )
        .bind(revision)
        .fetch_all(&mut *self.0)
        .await
        .map_err(failed)?;
        Ok(kinds.into_iter().map(|(kind,)| kind).collect())
    }

    pub(crate) async fn count(&mut self, kind: &str) -> Result<i64, StoreError> {
        let count: Result<(i64,), _> = sqlx::query_as("SELECT COUNT(*) FROM resource WHERE kind = $1")
            .bind(kind)
            .fetch_one(&mut *self.0)
            .await;
        count.map(|(count,)| count).map_err(failed)
    }

    /// Writes a resource, new or not.
    pub(crate) async fn put(&mut self, resource: &Resource) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO resource (kind, id, etag, config, facts, created_ms, modified_ms, revision)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (kind, id) DO UPDATE SET etag = excluded.etag, config = excluded.config,
                facts = excluded.facts, created_ms = excluded.created_ms,
                modified_ms = excluded.modified_ms, revision = excluded.revision",
        )
        .bind(&resource.kind)
        .bind(&resource.id)
        .bind(&resource.etag)
        .bind(resource.config.to_string())
        .bind(resource.facts.to_string())
        .bind(resource.created_ms)
        .bind(resource.modified_ms)
        .bind(resource.revision)
        .execute(&mut *self.0)
        .await
        .map(drop)
        .map_err(failed)
    }

    /// Deletes a resource with its claims, tags, and what it said of others.
    pub(crate) async fn delete(&mut self, kind: &str, id: &str) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM resource WHERE kind = $1 AND id = $2",
            "DELETE FROM claim WHERE owner_kind = $1 AND owner_id = $2",
            "DELETE FROM reference WHERE from_kind = $1 AND from_id = $2",
            "DELETE FROM tag WHERE kind = $1 AND id = $2",
        ] {
            self.execute(statement, &[kind, id]).await?;
        }
        Ok(())
    }

    /// Deletes all of a kind with their claims: of those that nobody tags or needs.
    pub(crate) async fn delete_all(&mut self, kind: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM resource WHERE kind = $1", &[kind]).await?;
        self.execute("DELETE FROM claim WHERE owner_kind = $1", &[kind]).await
    }

    /// Makes these, and no others, a resource's claims.
    pub(crate) async fn claim(&mut self, kind: &str, id: &str, claims: &[Claim]) -> Result<(), StoreError> {
        self.execute("DELETE FROM claim WHERE owner_kind = $1 AND owner_id = $2", &[kind, id]).await?;
        for claim in claims {
            if let Some(owner) = self
                .owner(claim)
                .await?
                .filter(|owner| (owner.kind.as_str(), owner.id.as_str()) != (kind, id))
            {
                let (kind, value) = (claim.kind.clone(), claim.value.clone());
                return Err(StoreError::Taken { kind, value, owner_kind: owner.kind, owner_id: owner.id });
            }
            self.execute(
                "INSERT INTO claim (kind, value, owner_kind, owner_id) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (kind, value) DO NOTHING",
                &[&claim.kind, &claim.value, kind, id],
            )
            .await?;
        }
        Ok(())
    }

    /// Who has it.
    pub(crate) async fn owner(&mut self, claim: &Claim) -> Result<Option<Link>, StoreError> {
        let owner: Option<(String, String)> =
            sqlx::query_as("SELECT owner_kind, owner_id FROM claim WHERE kind = $1 AND value = $2")
                .bind(&claim.kind)
                .bind(&claim.value)
                .fetch_optional(&mut *self.0)
                .await
                .map_err(failed)?;
        Ok(owner.map(|(kind, id)| Link { kind, id }))
    }

    /// Makes these, and no others, the ones that a resource needs.
    pub(crate) async fn refer(&mut self, kind: &str, id: &str, links: &[Link]) -> Result<(), StoreError> {
        self.execute("DELETE FROM reference WHERE from_kind = $1 AND from_id = $2", &[kind, id]).await?;
        for link in links {
            self.execute(
                "INSERT INTO reference (from_kind, from_id, to_kind, to_id) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING",
                &[kind, id, &link.kind, &link.id],
            )
            .await?;
        }
        Ok(())
    }

    /// Who needs it.
    pub(crate) async fn needed_by(&mut self, kind: &str, id: &str) -> Result<Vec<Link>, StoreError> {
        let users: Vec<(String, String)> = sqlx::query_as(
            "SELECT from_kind, from_id FROM reference WHERE to_kind = $1 AND to_id = $2
             ORDER BY from_kind, from_id LIMIT 10",
        )
        .bind(kind)
        .bind(id)
        .fetch_all(&mut *self.0)
        .await
        .map_err(failed)?;
        Ok(users.into_iter().map(|(kind, id)| Link { kind, id }).collect())
    }

    /// A resource's tags by name.
    pub(crate) async fn tags(&mut self, kind: &str, id: &str) -> Result<Vec<(String, String)>, StoreError> {
        sqlx::query_as("SELECT name, value FROM tag WHERE kind = $1 AND id = $2 ORDER BY name")
            .bind(kind)
            .bind(id)
            .fetch_all(&mut *self.0)
            .await
            .map_err(failed)
    }

    /// The values of one tag, by the ids of the resources that have it.
    pub(crate) async fn tagged(
        &mut self,
        kind: &str,
        name: &str,
    ) -> Result<HashMap<String, String>, StoreError> {
        let tagged: Vec<(String, String)> =
            sqlx::query_as("SELECT id, value FROM tag WHERE kind = $1 AND name = $2")
                .bind(kind)
                .bind(name)
                .fetch_all(&mut *self.0)
                .await
                .map_err(failed)?;
        Ok(tagged.into_iter().collect())
    }

    pub(crate) async fn tag(
        &mut self,
        kind: &str,
        id: &str,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO tag (kind, id, name, value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (kind, id, name) DO UPDATE SET value = excluded.value",
            &[kind, id, name, value],
        )
        .await
    }

    pub(crate) async fn untag(&mut self, kind: &str, id: &str, name: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM tag WHERE kind = $1 AND id = $2 AND name = $3", &[kind, id, name]).await
    }

    /// How far the edges are that were seen since, but for one; none: there is no other.
    pub(crate) async fn slowest_edge(&mut self, since_ms: i64, but: &str) -> Result<Option<i64>, StoreError> {
        let least: (Option<i64>,) =
            sqlx::query_as("SELECT MIN(revision) FROM edge WHERE seen_ms >= $1 AND id <> $2")
                .bind(since_ms)
                .bind(but)
                .fetch_one(&mut *self.0)
                .await
                .map_err(failed)?;
        Ok(least.0)
    }

    pub(super) async fn log(&mut self, line: &Revision) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO revision (revision, at_ms, who, action, kind, id) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(line.revision)
        .bind(line.at_ms)
        .bind(&line.who)
        .bind(&line.action)
        .bind(&line.kind)
        .bind(&line.id)
        .execute(&mut *self.0)
        .await
        .map(drop)
        .map_err(failed)
    }

    /// The log, the newest first.
    pub(crate) async fn history(&mut self, most: i64) -> Result<Vec<Revision>, StoreError> {
        let rows: Vec<(i64, i64, String, String, String, String)> = sqlx::query_as(
            "SELECT revision, at_ms, who, action, kind, id FROM revision ORDER BY revision DESC LIMIT $1",
        )
        .bind(most)
        .fetch_all(&mut *self.0)
        .await
        .map_err(failed)?;
        let line =
            |(revision, at_ms, who, action, kind, id)| Revision { revision, at_ms, who, action, kind, id };
        Ok(rows.into_iter().map(line).collect())
    }

    async fn execute(&mut self, statement: &'static str, values: &[&str]) -> Result<(), StoreError> {
        let query = values.iter().fold(sqlx::query(statement), |query, value| query.bind(*value));
        query.execute(&mut *self.0).await.map(drop).map_err(failed)
    }
}
