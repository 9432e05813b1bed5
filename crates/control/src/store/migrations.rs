//! The steps from an empty database to today's tables. Steps are only ever added.

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Number, name, statements.
pub(super) const STEPS: [(i64, &str, &str); 2] = [
    (1, "resources", include_str!("../../migrations/0001_resources.sql")),
    (2, "invalidations", include_str!("../../migrations/0002_invalidations.sql")),
];

/// All steps.
pub(super) fn all() -> Migrator {
    first(STEPS.len())
}

/// So many of them: what an older program knew.
pub(super) fn first(count: usize) -> Migrator {
    let step = |(number, name, sql): (i64, &'static str, &'static str)| {
        let name = Cow::Borrowed(name);
        Migration::new(number, name, MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(STEPS.into_iter().take(count).map(step).collect())
}
