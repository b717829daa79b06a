//! `glance db`: the schema of the catalog's database.

use std::path::{Path, PathBuf};

use glance_stores::{OpenError, schema_version, sync_schema};

use super::open::NewFolders;
use super::operator::{OperatorError, sources};
use crate::args::{ConfigArgs, Db};
use crate::config::{Config, Database};
use crate::output;

/// Creates the schema, completes it, or tells its revision.
///
/// # Errors
///
/// The database cannot be used, or is not one of Glance.
pub(crate) fn run(db: &Db, is_debug: bool) -> Result<(), OperatorError> {
    let text = match db {
        Db::Sync(args) => {
            let (config, path) = database(args, is_debug)?;
            sync(&path, config.files.is_empty())?
        }
        Db::Version(args) => version(database(args, is_debug)?.1)?,
    };
    output::lines(&text).map_err(OperatorError::Output)
}

fn sync(path: &Path, may_make_folder: bool) -> Result<String, OperatorError> {
    let mut folders = NewFolders::default();
    if let Some(folder) = path.parent().filter(|_| may_make_folder) {
        folders.make(folder)?;
    }
    let before = match schema_version(path) {
        Err(OpenError::Missing { .. }) => None,
        found => found?,
    };
    sync_schema(path)?;
    folders.keep();
    let after = schema_version(path)?.unwrap_or_default();
    let path = path.display();
    Ok(match before {
        None => format!("{path}: schema created, at revision {after}"),
        Some(_) => format!(
            "{path}: at revision {after}, with all tables and indexes that this server adds"
        ),
    })
}

fn version(path: PathBuf) -> Result<String, OperatorError> {
    match schema_version(&path) {
        Ok(Some(revision)) => Ok(revision),
        Ok(None) => Err(OperatorError::NoSchema { path }),
        Err(OpenError::Missing { path }) => Err(OperatorError::NoDatabase { path }),
        Err(error) => Err(error.into()),
    }
}

fn database(args: &ConfigArgs, is_debug: bool) -> Result<(Config, PathBuf), OperatorError> {
    let (config, warnings) = Config::load(&sources(args, is_debug))?;
    for warning in warnings {
        output::note(&format!("glance: {warning}"));
    }
    match config.catalog.database.clone() {
        Database::Sqlite(path) => Ok((config, path)),
        Database::SqliteInMemory => Err(OperatorError::InMemory),
    }
}
