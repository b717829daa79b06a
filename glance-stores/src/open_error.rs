//! Why a backend could not be opened.

use std::path::PathBuf;

#[cfg(feature = "_cloud")]
use glance_core::domain::StoreId;
use glance_core::ports::BoxError;
use thiserror::Error;

/// Why a backend could not be opened: one sentence, which names the file and the reason.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Something of ours is not there, and it may not be added.
    #[error(
        "the database {database} lacks {}, and adding is forbidden: run `glance db sync`",
        missing.join(", ")
    )]
    AdditionsMissing {
        /// The database: a file, or a server's without the password.
        database: String,
        /// Tables and indexes that are missing.
        missing: Vec<String>,
    },
    /// The database cannot be used.
    #[error("cannot {action} {database}: {reason}")]
    Database {
        /// What was to be done with it.
        action: &'static str,
        /// The database.
        database: String,
        /// Why it was not.
        reason: BoxError,
    },
    /// The database is there, and nothing in it.
    #[error("the database {database} holds no schema yet: `glance db sync` makes it")]
    Empty {
        /// The database.
        database: String,
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
    #[error("{database} is a database, but not one of Glance: it has no table alembic_version")]
    NotGlance {
        /// The database.
        database: String,
    },
    /// A store needs a directory.
    #[error("store `{store}` has no directory to keep its files in")]
    NoDirectory {
        /// The store.
        store: String,
    },
    /// The options of a store do not fit.
    #[error("store `{store}` cannot be used: {reason}")]
    Options {
        /// The store.
        store: String,
        /// Which option is wrong, and how.
        reason: BoxError,
    },
    /// A program that is needed is not there.
    #[error(
        "`{program}` is not there, and image_conversion needs it: install the package {package}"
    )]
    NoProgram {
        /// Its name.
        program: &'static str,
        /// What it comes with, as Debian calls it.
        package: &'static str,
    },
    /// Glance's schema, but not the revision that is understood.
    #[error(
        "the database {database} is at revision {found}, and {expected} is needed: \
         run Glance's own `glance-manage db sync` first"
    )]
    Revision {
        /// The database.
        database: String,
        /// What it is at.
        found: String,
        /// What is understood.
        expected: &'static str,
    },
    /// A setting cannot be used.
    #[error("cannot use {setting}: {reason}")]
    Setting {
        /// What was set.
        setting: String,
        /// Why it cannot be used.
        reason: BoxError,
    },
    /// The server of the database does not answer, or not yet: worth another try.
    #[error("cannot reach the database {database}: {reason}")]
    Unreachable {
        /// The database.
        database: String,
        /// Why.
        reason: BoxError,
    },
}

impl OpenError {
    #[cfg(feature = "_cloud")]
    pub(crate) fn options(store: &StoreId, reason: impl Into<BoxError>) -> Self {
        Self::Options {
            store: store.to_string(),
            reason: reason.into(),
        }
    }

    #[cfg(any(
        feature = "fs",
        feature = "gcs",
        feature = "http-store",
        feature = "import-plugins",
        feature = "s3",
        feature = "sqlite"
    ))]
    pub(crate) fn failed(
        action: &'static str,
        path: impl AsRef<std::path::Path>,
        reason: impl Into<BoxError>,
    ) -> Self {
        Self::Failed {
            action,
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }
}
