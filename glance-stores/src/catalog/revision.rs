//! Which revision of Glance's schema a database is at, and what of ours is in it.

#[cfg(any(feature = "mysql", feature = "postgres"))]
use glance_core::ports::BoxError;

use crate::OpenError;

/// What a database holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Nothing,
    /// Glance's tables, at these revisions.
    Glance(Vec<String>),
}

impl Content {
    /// What is understood of the tables of a database: their names, and the revisions that
    /// `alembic_version` holds where it is one of them.
    pub(super) fn of(
        tables: &[String],
        revisions: Vec<String>,
        database: &str,
    ) -> Result<Self, OpenError> {
        if tables.is_empty() {
            return Ok(Self::Nothing);
        }
        if !tables.iter().any(|table| table == ALEMBIC) {
            return Err(OpenError::NotGlance {
                database: database.to_owned(),
            });
        }
        Ok(Self::Glance(revisions))
    }

    /// The revisions as one text.
    pub(super) fn revision(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Glance(revisions) => Some(revisions.join(", ")),
        }
    }

    /// Refuses a revision that is not understood.
    pub(super) fn check(&self, database: &str) -> Result<(), OpenError> {
        match self {
            Self::Glance(revisions) if revisions.iter().all(|found| found != REVISION) => {
                let found = if revisions.is_empty() {
                    "none".to_owned()
                } else {
                    revisions.join(", ")
                };
                Err(OpenError::Revision {
                    database: database.to_owned(),
                    found,
                    expected: REVISION,
                })
            }
            Self::Glance(_) | Self::Nothing => Ok(()),
        }
    }
}

/// The statements of a script, its comments left out.
pub(super) fn statements(script: &str) -> Vec<String> {
    let code: Vec<&str> = script
        .lines()
        .filter(|line| !line.starts_with("--"))
        .collect();
    code.join("\n")
        .split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What of ours a statement makes.
pub(super) fn made_by(statement: &str) -> Option<&str> {
    statement
        .split_whitespace()
        .find(|word| word.starts_with("glance_rs_"))
}

/// What a script adds to Glance's tables, by name.
pub(super) fn names_in(additions: &str) -> Vec<String> {
    let statements = statements(additions);
    let names = statements.iter().filter_map(|statement| made_by(statement));
    names.map(str::to_owned).collect()
}

/// The names of a script that are not in `there`.
pub(super) fn missing(additions: &str, there: &[String]) -> Vec<String> {
    let mut names = names_in(additions);
    names.retain(|name| !there.contains(name));
    names
}

/// Refuses a database that lacks something of ours.
pub(super) fn refuse_missing(missing: Vec<String>, database: &str) -> Result<(), OpenError> {
    if missing.is_empty() {
        return Ok(());
    }
    Err(OpenError::AdditionsMissing {
        database: database.to_owned(),
        missing,
    })
}

/// Why something could not be done with a database.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) fn failed<E: Into<BoxError>>(
    action: &'static str,
    database: &str,
) -> impl Fn(E) -> OpenError {
    move |error| OpenError::Database {
        action,
        database: database.to_owned(),
        reason: error.into(),
    }
}

/// The table that holds the revision.
pub(super) const ALEMBIC: &str = "alembic_version";

/// The newest revision of upstream's schema; nothing else is understood.
pub(super) const REVISION: &str = "2024_1_contract01";
