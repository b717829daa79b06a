//! The contract of catalogs, for each catalog.

use std::future::Future;

use glance_stores::{SqliteCatalog, SqliteOptions};
use tempfile::TempDir;

use crate::support;

glance_core::catalog_conformance!(sqlite, run, new_catalog(SqliteOptions::default()).await);

glance_core::catalog_conformance!(
    sqlite_that_does_not_wait_for_the_disk,
    run,
    new_catalog(SqliteOptions {
        synchronous_full: false,
        ..SqliteOptions::default()
    })
    .await
);

glance_core::catalog_conformance!(
    #[ignore = "needs PostgreSQL: .ci/run starts it"]
    postgres,
    support::run,
    support::postgres_catalog().await
);

glance_core::catalog_conformance!(
    #[ignore = "needs MariaDB: .ci/run starts it"]
    mysql,
    support::run,
    support::mysql_catalog().await
);

glance_core::scheduled_deletes_conformance!(
    sqlite_scheduled_deletes,
    run,
    new_catalog(SqliteOptions::default()).await
);

glance_core::scheduled_deletes_conformance!(
    #[ignore = "needs PostgreSQL: .ci/run starts it"]
    postgres_scheduled_deletes,
    support::run,
    support::postgres_catalog().await
);

glance_core::scheduled_deletes_conformance!(
    #[ignore = "needs MariaDB: .ci/run starts it"]
    mysql_scheduled_deletes,
    support::run,
    support::mysql_catalog().await
);

glance_core::metadef_catalog_conformance!(
    sqlite_metadefs,
    run,
    new_catalog(SqliteOptions::default()).await
);

glance_core::metadef_catalog_conformance!(
    #[ignore = "needs PostgreSQL: .ci/run starts it"]
    postgres_metadefs,
    support::run,
    support::postgres_catalog().await
);

glance_core::metadef_catalog_conformance!(
    #[ignore = "needs MariaDB: .ci/run starts it"]
    mysql_metadefs,
    support::run,
    support::mysql_catalog().await
);

async fn new_catalog(options: SqliteOptions) -> (SqliteCatalog, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glance.sqlite");
    (SqliteCatalog::open(path, options).await.unwrap(), folder)
}

fn run(clause: impl Future<Output = ()>) {
    futures::executor::block_on(clause);
}
