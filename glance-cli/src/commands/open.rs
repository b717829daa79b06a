//! From a configuration to what the service works with: catalog, store, settings.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glance_core::domain::policy::Protections;
use glance_core::domain::query::PageLimits;
use glance_core::domain::{Formats, ImageQuotas, ProjectLimits, Quotas};
use glance_core::memory::MemoryCatalog;
use glance_core::ports::{
    Catalog, LimitSource, MetadefCatalog, Policy, ScheduledDeletes, SignatureVerifier,
};
use glance_core::{Glance, GlanceBuilder, LocationSettings, Runtime, Settings, Stores};
use glance_stores::{
    FirstStart, MysqlCatalog, OpenError, PostgresCatalog, SqliteCatalog, SqliteOptions,
    schema_version,
};

use super::import_outside::Imports;
use super::metrics::Meters;
use super::operator::OperatorError;
use super::stores;
use crate::config::{CatalogConfig, Config, Database, LimitConfig};

/// What a service is put together from.
#[derive(Debug)]
pub(super) struct Backends {
    pub(super) catalog: Arc<dyn Catalog>,
    /// The same catalog, for the scrubber.
    pub(super) deletes: Arc<dyn ScheduledDeletes>,
    /// The same catalog, for metadata definitions.
    pub(super) metadefs: Arc<dyn MetadefCatalog>,
    pub(super) stores: Stores,
    pub(super) meters: Meters,
    pub(super) runtime: Runtime,
    /// Who may do what; without it, Glance's own rules say.
    pub(super) policy: Option<Arc<dyn Policy>>,
    /// Who may touch which properties.
    pub(super) protections: Option<Arc<Protections>>,
    /// Who says what projects may have; without it, the configuration says it.
    pub(super) limits: Option<Arc<dyn LimitSource>>,
    /// Who says whether data bears its signature; without it, signed data is refused.
    pub(super) signatures: Option<Arc<dyn SignatureVerifier>>,
    /// What imports need; without it, nothing comes from the web, and data passes nothing.
    pub(super) imports: Option<Imports>,
}

/// What becomes of folders, and of the database of an embedded server, that are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    IsMade,
    IsRefused,
}

impl Backends {
    /// Opens the catalog and the store. What fails leaves nothing behind: what is there is looked
    /// at first, then folders are made, and the database last. The database of an embedded server
    /// that was not there, or whose first start broke off, gets the definitions of properties that
    /// such a server starts with.
    ///
    /// # Errors
    ///
    /// One of them cannot be used.
    pub(super) async fn open(config: &Config, missing: Missing) -> Result<Self, OperatorError> {
        let may_create = missing == Missing::IsMade && config.files.is_empty();
        look_at_database(&config.catalog.database, may_create)?;
        if missing == Missing::IsRefused {
            look_at_folders(config)?;
        }
        let mut folders = NewFolders::default();
        for folder in config.stores.folders() {
            folders.make(&folder.path)?;
        }
        if let Some(folder) = &config.import.staging {
            folders.make(folder)?;
        }
        let (stores, meters) = stores::open(&config.stores)?;
        let stores = stores::with_staging(stores, &config.import)?;
        let mut first_start = None;
        let (catalog, deletes, metadefs) = match &config.catalog.database {
            Database::SqliteInMemory => ports(MemoryCatalog::default()),
            Database::Sqlite(path) => {
                if let Some(parent) = path.parent().filter(|_| may_create) {
                    folders.make(parent)?;
                }
                if may_create {
                    first_start = FirstStart::of(path)?;
                }
                let options = SqliteOptions {
                    synchronous_full: config.catalog.synchronous,
                    additions: config.catalog.additions,
                    create: may_create,
                };
                ports(SqliteCatalog::open(path, options).await?)
            }
            Database::Mysql(server) => {
                let catalog = &config.catalog;
                ports(reached(catalog, || MysqlCatalog::open(server)).await?)
            }
            Database::Postgres(server) => {
                let catalog = &config.catalog;
                ports(reached(catalog, || PostgresCatalog::open(server)).await?)
            }
        };
        folders.keep();
        let backends = Self {
            catalog,
            deletes,
            metadefs,
            stores,
            meters,
            runtime: glance_stores::tokio_runtime(),
            policy: None,
            protections: None,
            limits: None,
            signatures: None,
            imports: None,
        };
        if let Some(first_start) = first_start {
            let glance = backends.glance(config, None)?;
            glance.metadefs()?.load_defaults().await?;
            first_start.done()?;
        }
        Ok(backends)
    }

    /// The service on them. Without a name it is one that takes over nobody's work early.
    ///
    /// # Errors
    ///
    /// A setting makes no sense.
    pub(super) fn glance(
        &self,
        config: &Config,
        node: Option<String>,
    ) -> Result<Glance, OperatorError> {
        let stores = self.stores.clone();
        let runtime = self.runtime.clone();
        let builder = GlanceBuilder::new(Arc::clone(&self.catalog), stores, runtime)
            .with_metadefs(Arc::clone(&self.metadefs))
            .with_settings(settings(config)?);
        let builder = match node {
            Some(node) => builder.with_node(node),
            None => builder,
        };
        let builder = match &self.policy {
            Some(policy) => builder.with_policy(Arc::clone(policy)),
            None => builder,
        };
        let builder = match &self.protections {
            Some(protections) => builder.with_protections(Arc::clone(protections)),
            None => builder,
        };
        let builder = match &self.limits {
            Some(limits) => builder.with_limits(Arc::clone(limits)),
            None => builder,
        };
        let builder = match &self.signatures {
            Some(signatures) => builder.with_signatures(Arc::clone(signatures)),
            None => builder,
        };
        let builder = match &self.imports {
            Some(imports) => imports.add_to(builder),
            None => builder,
        };
        Ok(builder.build()?)
    }
}

/// A catalog as each of the ports that it is.
fn ports(
    catalog: impl Catalog + ScheduledDeletes + MetadefCatalog,
) -> (
    Arc<dyn Catalog>,
    Arc<dyn ScheduledDeletes>,
    Arc<dyn MetadefCatalog>,
) {
    let catalog = Arc::new(catalog);
    (
        Arc::clone(&catalog) as _,
        Arc::clone(&catalog) as _,
        catalog,
    )
}

/// Opens a database, again while its server cannot be reached.
async fn reached<T, F>(config: &CatalogConfig, open: impl Fn() -> F) -> Result<T, OpenError>
where
    F: Future<Output = Result<T, OpenError>>,
{
    let mut tried = 0;
    loop {
        match open().await {
            Err(error @ OpenError::Unreachable { .. })
                if config.retries.is_none_or(|most| tried < most) =>
            {
                tracing::warn!(
                    "{error}: trying again in {} s",
                    config.retry_interval.as_secs()
                );
            }
            opened => return opened,
        }
        tried += 1;
        tokio::time::sleep(config.retry_interval).await;
    }
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(super) fn unreadable(path: PathBuf, source: io::Error) -> OperatorError {
    OperatorError::File {
        action: "read",
        path,
        source,
    }
}

/// Refuses a database that cannot be used before anything is created.
fn look_at_database(database: &Database, may_create: bool) -> Result<(), OperatorError> {
    let Database::Sqlite(path) = database else {
        return Ok(());
    };
    // SQLite would read what it may not write, and leave files beside it.
    match fs::File::options().write(true).open(path) {
        Err(source) if !is_absent(&source) => {
            return Err(OperatorError::File {
                action: "write to",
                path: path.clone(),
                source,
            });
        }
        _ => {}
    }
    match schema_version(path) {
        Ok(_) => Ok(()),
        Err(OpenError::Missing { .. }) if may_create => Ok(()),
        Err(OpenError::Missing { path }) => Err(OperatorError::NoDatabase { path }),
        Err(error) => Err(error.into()),
    }
}

fn look_at_folders(config: &Config) -> Result<(), OperatorError> {
    for folder in config.stores.folders() {
        let path = &folder.path;
        fs::read_dir(path).map_err(|source| unreadable(path.clone(), source))?;
    }
    Ok(())
}

fn settings(config: &Config) -> Result<Settings, OperatorError> {
    let api = &config.api;
    let page = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
    Ok(Settings {
        delayed_delete: config.deletes.delayed,
        formats: Formats {
            disk: config.formats.disk_formats.clone(),
            container: config.formats.container_formats.clone(),
        },
        hash: config.stores.hashing_algorithm.parse()?,
        import: config.import.settings.clone(),
        inspection: config.formats.inspection.clone(),
        locations: LocationSettings {
            is_hashed: api.do_secure_hash,
            hash_attempts: api.http_retries,
        },
        pages: PageLimits {
            default: page(api.limit_param_default),
            max: page(api.api_limit_max),
        },
        quotas: Quotas {
            images: ImageQuotas {
                all: config.quotas.images_per_project,
                queued: config.quotas.queued_per_project,
            },
            image_bytes: Some(config.quotas.image_size_cap),
            locations: config.quotas.locations,
            members: config.quotas.members,
            project: ProjectLimits {
                stored_bytes: match config.limits {
                    LimitConfig::Fixed(quota) => quota,
                    LimitConfig::Keystone(_) => None,
                },
                ..ProjectLimits::default()
            },
            properties: config.quotas.properties,
            soft_storage: config.quotas.soft_storage,
            tags: config.quotas.tags,
        },
        queued_lifetime: config.quotas.queued_lifetime,
        task_lifetime: config.api.task_time_to_live,
        ..Settings::default()
    })
}

/// Folders that were made, and go again unless they are kept; only empty ones do.
#[derive(Debug, Default)]
pub(super) struct NewFolders {
    made: Vec<PathBuf>,
}

impl NewFolders {
    /// Makes a folder and those it is in. Others have no business in them.
    pub(super) fn make(&mut self, path: &Path) -> Result<(), OperatorError> {
        let missing: Vec<&Path> = path
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .take_while(|folder| fs::symlink_metadata(folder).is_err())
            .collect();
        for folder in missing.into_iter().rev() {
            DirBuilder::new()
                .mode(0o700)
                .create(folder)
                .map_err(|source| OperatorError::File {
                    action: "create the folder",
                    path: path.to_owned(),
                    source,
                })?;
            self.made.push(folder.to_owned());
        }
        Ok(())
    }

    pub(super) fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            // Somebody else has put something there by now.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NewFolders, settings};
    use crate::config::Config;

    #[test]
    fn folders_that_are_not_kept_are_gone() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");

        let mut folders = NewFolders::default();
        folders.make(&deep).unwrap();
        assert!(deep.is_dir());
        drop(folders);
        assert!(!root.path().join("a").exists());

        let mut folders = NewFolders::default();
        folders.make(&deep).unwrap();
        folders.keep();
        assert!(deep.is_dir());
    }

    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_service() {
        let config = Config::embedded().unwrap();

        assert_eq!(settings(&config).unwrap(), glance_core::Settings::default());
    }
}
