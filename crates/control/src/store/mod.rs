//! Where everything is kept: SQLite in one file, or PostgreSQL for many machines.
//!
//! ```text
//! writer ──begin──▶ head.revision + 1 ──rows──▶ commit ──▶ [`Feed`](crate::Feed) sees the new revision ──▶ snapshot
//!                   (a lock on one row: writers come one behind the other)
//! ```
//!
//! Both databases run the same statements, save that one of them has to be told how to order. They are constants:
//! values are only ever bound.

mod backup;
mod migrations;
mod rows;
#[cfg(test)]
mod tests;

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Executor, Transaction};

pub use backup::{Backup, BackupError};
pub use rows::{Claim, Resource, Revision};
pub(crate) use rows::{Link, Rows};

use crate::clock::now_ms;

/// How long a statement waits for another process to let go of the file, or for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that only read, for SQLite; and all of them for PostgreSQL.
const CONNECTIONS: u32 = 8;

/// What went wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its folder can't be made.
    #[error("{path} can't be made: {error}", path = .path.display())]
    Folder {
        /// Which of them.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The database says no, or nothing.
    #[error("the store {0}: {1}")]
    Database(String, sqlx::Error),
    /// The tables can't be brought up to date.
    #[error("the tables of the store {0} can't be brought up to date: {1}")]
    Migration(String, sqlx::migrate::MigrateError),
    /// A row holds what no version wrote.
    #[error("the store holds a {kind} {id:?} that can't be read: {error}")]
    Row {
        /// What it should be.
        kind: String,
        /// Which one.
        id: String,
        /// Why.
        error: serde_json::Error,
    },
    /// What only one may have, another has.
    #[error("the {kind} {value:?} belongs to {owner_kind} {owner_id}")]
    Taken {
        /// The kind of claim.
        kind: String,
        /// What is claimed.
        value: String,
        /// Who has it.
        owner_kind: String,
        /// Its id.
        owner_id: String,
    },
}

impl StoreError {
    /// Whether it may be better in a moment, since the database could not be reached.
    #[must_use]
    pub fn is_away(&self) -> bool {
        use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Tls};
        match self {
            Self::Database(_, Io(_) | PoolClosed | PoolTimedOut | Tls(_)) => true,
            // PostgreSQL that starts up or shuts down says so by these classes of codes.
            Self::Database(_, sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
            }
            _ => false,
        }
    }
}

/// The store.
#[derive(Clone)]
pub struct Store {
    readers: AnyPool,
    writers: AnyPool,
    /// For people: without a password.
    name: String,
    /// For what the common driver has not got: listening.
    postgres: Option<String>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.name).finish()
    }
}

impl Store {
    /// Opens `postgres://…`, or a file of SQLite, which is made when it is not there.
    ///
    /// # Errors
    /// When it can't be reached, or its tables are newer than this program.
    pub async fn open(place: &str) -> Result<Self, StoreError> {
        let store = Self::connect(place).await?;
        let migrated = migrations::all().run(&store.writers).await;
        migrated.map_err(|error| StoreError::Migration(store.name.clone(), error))?;
        Ok(store)
    }

    async fn connect(place: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        if place.starts_with("postgres://") || place.starts_with("postgresql://") {
            Self::postgres(place).await
        } else {
            Self::sqlite(Path::new(place.strip_prefix("sqlite:").unwrap_or(place))).await
        }
    }

    async fn postgres(url: &str) -> Result<Self, StoreError> {
        let name = without_password(url);
        let pool = AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect(url).await.map_err(|error| StoreError::Database(name.clone(), error))?;
        Ok(Self { readers: pool.clone(), writers: pool, name, postgres: Some(url.to_owned()) })
    }

    async fn sqlite(file: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let made = std::fs::create_dir_all(folder);
            made.map_err(|error| StoreError::Folder { path: folder.to_owned(), error })?;
        }
        // SQLite would make it with the mode that everything has; what is in it is not for everybody.
        let mut private = std::fs::OpenOptions::new();
        let made = private.create(true).append(true).mode(0o600).open(file);
        made.map_err(|error| StoreError::Folder { path: file.to_owned(), error })?;
        let name = file.display().to_string();
        let path = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
        let url = format!("sqlite://{path}?mode=rwc");
        let connect = async |connections: u32| {
            let pool = AnyPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
            // A file does not go away while nobody looks, as a server might.
            let pool = pool.test_before_acquire(false);
            let pool = pool.after_connect(|connection, _| Box::pin(prepare(connection)));
            pool.connect(&url).await.map_err(|error| StoreError::Database(name.clone(), error))
        };
        // The writer first: it makes the file.
        let writers = connect(1).await?;
        Ok(Self { readers: connect(CONNECTIONS).await?, writers, name, postgres: None })
    }

    /// Which database, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of PostgreSQL, if it is that.
    pub(crate) fn postgres_url(&self) -> Option<&str> {
        self.postgres.as_deref()
    }

    /// Reads, without holding anybody up.
    pub(crate) async fn read(&self) -> Result<Reader, StoreError> {
        let connection = self.readers.acquire().await.map_err(|error| self.error(error))?;
        Ok(Reader { connection })
    }

    /// Reads several tables as they are at one moment.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let begin =
            if self.postgres.is_some() { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" };
        let transaction = self.readers.begin_with(begin).await.map_err(|error| self.error(error))?;
        Ok(Snapshot { transaction })
    }

    /// Begins a change: it is the only one until it ends. Dropped, it never was.
    pub(crate) async fn write(&self, who: &str) -> Result<Write, StoreError> {
        let begin = if self.postgres.is_some() { "BEGIN" } else { "BEGIN IMMEDIATE" };
        let mut transaction = self.writers.begin_with(begin).await.map_err(|error| self.error(error))?;
        let (revision,): (i64,) =
            sqlx::query_as("UPDATE head SET revision = revision + 1 WHERE one = 1 RETURNING revision")
                .fetch_one(&mut *transaction)
                .await
                .map_err(|error| self.error(error))?;
        Ok(Write {
            transaction,
            revision,
            now_ms: now_ms(),
            who: who.to_owned(),
            notify: self.postgres.is_some(),
        })
    }

    /// The newest revision.
    pub(crate) async fn revision(&self) -> Result<i64, StoreError> {
        self.read().await?.rows().revision().await
    }

    /// Says that an edge lives, and how far it is.
    pub(crate) async fn edge_is_at(&self, id: &str, revision: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO edge (id, revision, seen_ms) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, seen_ms = excluded.seen_ms",
        )
        .bind(id)
        .bind(revision)
        .bind(now_ms())
        .execute(&self.writers)
        .await
        .map(drop)
        .map_err(|error| self.error(error))
    }

    /// Says that an edge lives no more.
    pub(crate) async fn edge_is_gone(&self, id: &str) -> Result<(), StoreError> {
        let deleted = sqlx::query("DELETE FROM edge WHERE id = $1").bind(id).execute(&self.writers).await;
        deleted.map(drop).map_err(|error| self.error(error))
    }

    fn error(&self, error: sqlx::Error) -> StoreError {
        StoreError::Database(self.name.clone(), error)
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// What each connection to SQLite needs: readers that don't wait for the writer, and a commit that is on the disk.
async fn prepare(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for pragma in ["PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
        connection.execute(pragma).await?;
    }
    Ok(())
}

/// The address without what nobody should read in a log.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split('?').next().unwrap_or(rest);
    match rest.rsplit_once('@') {
        Some((user, place)) => {
            format!("{scheme}://{}@{place}", user.split(':').next().unwrap_or(user))
        }
        None => format!("{scheme}://{rest}"),
    }
}

/// A connection that reads.
pub(crate) struct Reader {
    connection: PoolConnection<Any>,
}

impl Reader {
    pub(crate) fn rows(&mut self) -> Rows<'_> {
        Rows::new(&mut self.connection)
    }
}

/// A connection that reads as of one moment.
pub(crate) struct Snapshot {
    transaction: Transaction<'static, Any>,
}

impl Snapshot {
    pub(crate) fn rows(&mut self) -> Rows<'_> {
        Rows::new(&mut self.transaction)
    }
}

/// A change under way.
pub(crate) struct Write {
    transaction: Transaction<'static, Any>,
    /// The one that it makes.
    pub(crate) revision: i64,
    /// Its time.
    pub(crate) now_ms: i64,
    who: String,
    notify: bool,
}

impl Write {
    pub(crate) fn rows(&mut self) -> Rows<'_> {
        Rows::new(&mut self.transaction)
    }

    /// Writes the log and makes the change last.
    pub(crate) async fn commit(mut self, action: &str, kind: &str, id: &str) -> Result<i64, StoreError> {
        let (revision, now_ms, who) = (self.revision, self.now_ms, self.who.clone());
        self.rows()
            .log(&Revision {
                revision,
                at_ms: now_ms,
                who,
                action: action.into(),
                kind: kind.into(),
                id: id.into(),
            })
            .await?;
        if self.notify {
            let told = sqlx::query("SELECT pg_notify('millrace', $1)")
                .bind(revision.to_string())
                .execute(&mut *self.transaction)
                .await;
            told.map_err(|error| StoreError::Database("PostgreSQL".into(), error))?;
        }
        self.transaction.commit().await.map_err(|error| StoreError::Database("commit".into(), error))?;
        Ok(revision)
    }
}
