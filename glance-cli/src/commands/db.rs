//! `glance db`: the schema of the catalog's database.

use std::process::ExitCode;

use glance_stores::{MysqlCatalog, OpenError, PostgresCatalog};
use glance_stores::{remove_additions, schema_version, sync_schema};
use tokio::runtime::Builder;

use super::open::NewFolders;
use super::operator::{OperatorError, sources};
use crate::args::{ConfigArgs, Db};
use crate::config::{Config, Database};
use crate::output;

/// Creates the schema, completes it, takes our part out of it, or tells its revision.
///
/// # Errors
///
/// The database cannot be used, or is not one of Glance.
pub(crate) fn run(db: &Db, is_debug: bool) -> Result<ExitCode, OperatorError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| OperatorError::System {
        action: "start a thread for the database",
        source,
    })?;
    runtime.block_on(carry_out(db, is_debug))
}

async fn carry_out(db: &Db, is_debug: bool) -> Result<ExitCode, OperatorError> {
    let mut code = ExitCode::SUCCESS;
    let text = match db {
        Db::Check(args) => {
            let config = config(args, is_debug)?;
            let (text, number) = check(revision(&config).await?.as_deref());
            code = ExitCode::from(number);
            text.to_owned()
        }
        Db::DowngradeAdditions(args) => downgrade(&config(args, is_debug)?).await?,
        Db::Sync(args) => sync(&config(args, is_debug)?).await?,
        Db::Version(args) => {
            let config = config(args, is_debug)?;
            let revision = revision(&config).await?;
            revision.ok_or_else(|| OperatorError::NoSchema {
                database: name(&config),
            })?
        }
    };
    output::lines(&text).map_err(OperatorError::Output)?;
    Ok(code)
}

/// Upstream's exit codes: 3, 4 or 5 where the schema has to be expanded, migrated or contracted.
fn check(revision: Option<&str>) -> (&'static str, u8) {
    let heads: Vec<&str> = revision.unwrap_or_default().split(", ").collect();
    if heads.contains(&"2024_1_contract01") {
        ("the schema is current", 0)
    } else if heads.contains(&"2024_1_expand01") {
        ("the schema is expanded, and has to be contracted", 5)
    } else {
        ("the schema has to be expanded", 3)
    }
}

async fn sync(config: &Config) -> Result<String, OperatorError> {
    let mut folders = NewFolders::default();
    let before = match &config.catalog.database {
        Database::SqliteInMemory => return Err(OperatorError::InMemory),
        Database::Mysql(server) => {
            let before = MysqlCatalog::schema_version(server).await?;
            MysqlCatalog::sync_schema(server).await?;
            before
        }
        Database::Postgres(server) => {
            let before = PostgresCatalog::schema_version(server).await?;
            PostgresCatalog::sync_schema(server).await?;
            before
        }
        Database::Sqlite(path) => {
            if let Some(folder) = path.parent().filter(|_| config.files.is_empty()) {
                folders.make(folder)?;
            }
            let before = match schema_version(path) {
                Err(OpenError::Missing { .. }) => None,
                found => found?,
            };
            sync_schema(path)?;
            before
        }
    };
    folders.keep();
    let name = name(config);
    let after = revision(config).await?.unwrap_or_default();
    Ok(match before {
        None => format!("{name}: schema created, at revision {after}"),
        Some(_) => format!(
            "{name}: at revision {after}, with all tables and indexes that this server adds"
        ),
    })
}

async fn downgrade(config: &Config) -> Result<String, OperatorError> {
    let removed = match &config.catalog.database {
        Database::SqliteInMemory => return Err(OperatorError::InMemory),
        Database::Mysql(server) => MysqlCatalog::remove_additions(server).await?,
        Database::Postgres(server) => PostgresCatalog::remove_additions(server).await?,
        Database::Sqlite(path) => remove_additions(path).map_err(missing)?,
    };
    let name = name(config);
    Ok(if removed.is_empty() {
        format!("{name}: there is nothing that this server added")
    } else {
        format!("{name}: removed {}", removed.join(", "))
    })
}

/// The revision of the schema; `None` where there is none yet.
async fn revision(config: &Config) -> Result<Option<String>, OperatorError> {
    Ok(match &config.catalog.database {
        Database::SqliteInMemory => return Err(OperatorError::InMemory),
        Database::Mysql(server) => MysqlCatalog::schema_version(server).await?,
        Database::Postgres(server) => PostgresCatalog::schema_version(server).await?,
        Database::Sqlite(path) => schema_version(path).map_err(missing)?,
    })
}

fn missing(error: OpenError) -> OperatorError {
    match error {
        OpenError::Missing { path } => OperatorError::NoDatabase { path },
        error => error.into(),
    }
}

fn name(config: &Config) -> String {
    match &config.catalog.database {
        Database::Mysql(server) => format!("mysql://{server}"),
        Database::Postgres(server) => format!("postgresql://{server}"),
        Database::Sqlite(path) => path.display().to_string(),
        Database::SqliteInMemory => "memory".to_owned(),
    }
}

fn config(args: &ConfigArgs, is_debug: bool) -> Result<Config, OperatorError> {
    let (config, warnings) = Config::load(&sources(args, is_debug))?;
    for warning in warnings {
        output::note(&format!("glance: {warning}"));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn the_exit_codes_of_a_check_are_upstreams() {
        let code = |heads| check(heads).1;

        assert_eq!(code(Some("2024_1_contract01")), 0);
        assert_eq!(code(Some("2024_1_contract01, 2024_1_expand01")), 0);
        assert_eq!(code(Some("2023_1_contract01, 2024_1_expand01")), 5);
        assert_eq!(code(Some("2023_1_contract01")), 3);
        assert_eq!(code(None), 3);
    }
}
