//! Why a backend could not be opened.

use std::path::{Path, PathBuf};

use glance_core::ports::BoxError;
use thiserror::Error;

/// Why a backend could not be opened: one sentence, which names the file and the reason.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Something of ours is not there, and it may not be added.
    #[error(
        "the database {} lacks {}, and adding is forbidden: run `glance db sync`",
        path.display(), missing.join(", ")
    )]
    AdditionsMissing {
        /// The database.
        path: PathBuf,
        /// Tables and indexes that are missing.
        missing: Vec<String>,
    },
    /// The file or folder cannot be used.
    #[error("cannot {action} {}: {reason}", path.display())]
    Failed {
        /// What was to be done with it.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it was not.
        reason: BoxError,
    },
    /// There is no such file, and none is to be created.
    #[error("there is no database {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A database, but of another program.
    #[error("{} is a database, but not one of Glance: it has no table alembic_version", path.display())]
    NotGlance {
        /// The database.
        path: PathBuf,
    },
    /// A store needs a directory.
    #[error("store `{store}` has no directory to keep its files in")]
    NoDirectory {
        /// The store.
        store: String,
    },
    /// Glance's schema, but not the revision that is understood.
    #[error(
        "the database {} is at revision {found}, and {expected} is needed: \
         run Glance's own `glance-manage db sync` first", path.display()
    )]
    Revision {
        /// The database.
        path: PathBuf,
        /// What it is at.
        found: String,
        /// What is understood.
        expected: &'static str,
    },
}

impl OpenError {
    pub(crate) fn failed(
        action: &'static str,
        path: impl AsRef<Path>,
        reason: impl Into<BoxError>,
    ) -> Self {
        Self::Failed {
            action,
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }
}
