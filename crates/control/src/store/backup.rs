//! The whole store as lines of text, and back: into the same database or the other kind.
//!
//! ```text
//! {"millrace":"backup","version":1,"revision":42}
//! {"table":"resource","row":["streaming-distribution","E…", …]}
//! …
//! {"end":17}                                      how many rows there were: a file that was cut off has no such line
//! ```

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError};

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file.
    #[error("the backup can't be written or read: {0}")]
    Io(#[from] io::Error),
    /// What the file holds.
    #[error("line {line} of the backup: {what}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// There is something in the store already.
    #[error("the store {0} is not empty: restore into a new one")]
    NotEmpty(String),
}

/// What a backup held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Rows of all tables.
    pub rows: u64,
    /// The revision that it is of.
    pub revision: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Head { millrace: String, version: u32, revision: i64 },
    Row { table: String, row: Vec<Value> },
    End { end: u64 },
}

/// A table: how it is read, how it is filled.
struct Table {
    name: &'static str,
    select: &'static str,
    insert: &'static str,
}

/// All but `edge`, which says who lives now.
const TABLES: [Table; 5] = [
    Table {
        name: "resource",
        select: "SELECT kind, id, etag, config, facts, created_ms, modified_ms, revision FROM resource ORDER BY kind, id",
        insert: "INSERT INTO resource (kind, id, etag, config, facts, created_ms, modified_ms, revision)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    },
    Table {
        name: "claim",
        select: "SELECT kind, value, owner_kind, owner_id FROM claim ORDER BY kind, value",
        insert: "INSERT INTO claim (kind, value, owner_kind, owner_id) VALUES ($1, $2, $3, $4)",
    },
    Table {
        name: "reference",
        select: "SELECT from_kind, from_id, to_kind, to_id FROM reference ORDER BY from_kind, from_id, to_kind, to_id",
        insert: "INSERT INTO reference (from_kind, from_id, to_kind, to_id) VALUES ($1, $2, $3, $4)",
    },
    Table {
        name: "tag",
        select: "SELECT kind, id, name, value FROM tag ORDER BY kind, id, name",
        insert: "INSERT INTO tag (kind, id, name, value) VALUES ($1, $2, $3, $4)",
    },
    Table {
        name: "revision",
        select: "SELECT revision, at_ms, who, action, kind, id FROM revision ORDER BY revision",
        insert: "INSERT INTO revision (revision, at_ms, who, action, kind, id) VALUES ($1, $2, $3, $4, $5, $6)",
    },
];

/// The values of a row: texts and whole numbers are all there is.
fn values(row: &AnyRow) -> Result<Vec<Value>, sqlx::Error> {
    let value = |at| match row.try_get::<i64, _>(at) {
        Ok(number) => Ok(Value::from(number)),
        Err(_) => row.try_get::<String, _>(at).map(Value::from),
    };
    (0..row.len()).map(value).collect()
}

impl Store {
    /// Writes everything that is in the store at one moment, while others go on.
    ///
    /// # Errors
    /// When the store can't be read or the file not written.
    pub async fn backup(&self, out: &mut (impl Write + Send)) -> Result<Backup, BackupError> {
        let mut snapshot = self.snapshot().await?;
        let revision = snapshot.rows().revision().await?;
        let mut rows = 0;
        line(out, &Line::Head { millrace: "backup".into(), version: 1, revision })?;
        for table in TABLES {
            let found = sqlx::query(table.select).fetch_all(&mut *snapshot.transaction).await;
            for row in found.map_err(|error| self.error(error))? {
                let row = values(&row).map_err(|error| self.error(error))?;
                line(out, &Line::Row { table: table.name.into(), row })?;
                rows += 1;
            }
        }
        line(out, &Line::End { end: rows })?;
        out.flush()?;
        Ok(Backup { rows, revision })
    }

    /// Fills an empty store from a backup: with all of it, or on a fault with nothing.
    ///
    /// # Errors
    /// When the store is not empty, or the file is no whole backup; the error names the line.
    pub async fn restore(&self, input: &mut (impl BufRead + Send)) -> Result<Backup, BackupError> {
        let mut write = self.write("restore").await?;
        if write.revision != 1 {
            return Err(BackupError::NotEmpty(self.name().to_owned()));
        }
        let mut backup = Backup { rows: 0, revision: 0 };
        let mut ended = false;
        for (number, text) in input.lines().enumerate() {
            let fault = |what: String| BackupError::Line { line: number + 1, what };
            match serde_json::from_str(&text?).map_err(|error| fault(error.to_string()))? {
                _ if ended => return Err(fault("there is something behind the end".into())),
                Line::Head { millrace, version: 1, revision } if millrace == "backup" && number == 0 => {
                    backup.revision = revision;
                }
                Line::Row { table, row } if number > 0 => {
                    let table = TABLES.iter().find(|known| known.name == table);
                    let table = table.ok_or_else(|| fault("there is no such table".into()))?;
                    insert(&mut write, table, &row).await.map_err(|error| fault(error.to_string()))?;
                    backup.rows += 1;
                }
                Line::End { end } if end == backup.rows => ended = true,
                Line::End { end } => {
                    return Err(fault(format!("{end} rows were written, {} are here", backup.rows)));
                }
                _ => return Err(fault("this is no backup that this version can read".into())),
            }
        }
        if !ended {
            return Err(BackupError::Line {
                line: 0,
                what: "the file was cut off: its end is missing".into(),
            });
        }
        // The revision that this change would be is the one of the backup, and in its log already.
        let set = sqlx::query("UPDATE head SET revision = $1").bind(backup.revision);
        set.execute(&mut *write.transaction).await.map_err(|error| self.error(error))?;
        write.transaction.commit().await.map_err(|error| self.error(error))?;
        Ok(backup)
    }
}

async fn insert(write: &mut super::Write, table: &Table, row: &[Value]) -> Result<(), sqlx::Error> {
    let query = row.iter().fold(sqlx::query(table.insert), |query, value| match value {
        Value::Number(number) => query.bind(number.as_i64()),
        other => query.bind(other.as_str().map(str::to_owned)),
    });
    query.execute(&mut *write.transaction).await.map(drop)
}

fn line(out: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
