//! What lists cost a server whose clients go away.

use std::time::Duration;

use glance_core::domain::Viewer;
use glance_core::domain::query::ImageQuery;
use glance_core::ports::{Catalog, CatalogError};
use glance_stores::{MysqlCatalog, PoolOptions, PostgresCatalog};

use crate::support::{Scratch, Server, run};

/// Half of these are for one project.
const CONNECTIONS: usize = 4;

#[test]
#[ignore = "needs PostgreSQL: .ci/run starts it"]
fn lists_that_nobody_waits_for_keep_their_share_on_postgres() {
    run(async {
        let scratch = synced(Scratch::postgres().await).await;
        let catalog = PostgresCatalog::open(&scratch.options).await.unwrap();

        stay_within_their_share(catalog, &scratch).await;
    });
}

#[test]
#[ignore = "needs MariaDB: .ci/run starts it"]
fn lists_that_nobody_waits_for_keep_their_share_on_mysql() {
    run(async {
        let scratch = synced(Scratch::mysql().await).await;
        let catalog = MysqlCatalog::open(&scratch.options).await.unwrap();

        stay_within_their_share(catalog, &scratch).await;
    });
}

/// A database whose statements end after a few seconds.
async fn synced(mut scratch: Scratch) -> Scratch {
    scratch.options.pool = PoolOptions {
        size: CONNECTIONS,
        overflow: 0,
        statement_timeout: Duration::from_secs(5),
        ..PoolOptions::default()
    };
    match scratch.server {
        Server::Mysql => MysqlCatalog::sync_schema(&scratch.options).await.unwrap(),
        Server::Postgres => PostgresCatalog::sync_schema(&scratch.options)
            .await
            .unwrap(),
    }
    scratch
}

async fn stay_within_their_share(catalog: impl Catalog, scratch: &Scratch) {
    let (lock, count) = match scratch.server {
        Server::Mysql => (
            "LOCK TABLES images WRITE; DO SLEEP(12); UNLOCK TABLES",
            "SELECT COUNT(*) FROM information_schema.processlist
                WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE 'SELECT%images%'",
        ),
        Server::Postgres => (
            "BEGIN; LOCK TABLE images; SELECT pg_sleep(12); COMMIT",
            "SELECT COUNT(*)::text FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE 'SELECT%images%'",
        ),
    };
    let list = || async {
        let viewer = Viewer {
            project: Some("busy".parse().unwrap()),
            admin: false,
        };
        catalog.list(&ImageQuery::default(), &viewer).await
    };
    let clients = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // They go away, one after the other.
        for _ in 0..2 * CONNECTIONS {
            let given_up = tokio::time::timeout(Duration::from_millis(250), list()).await;
            assert!(given_up.is_err(), "{given_up:?}");
        }
        (scratch.select(count).await, list().await)
    };

    let ((at_work, waited), ()) = futures::join!(clients, scratch.execute(lock));

    let share = (CONNECTIONS / 2).to_string();
    assert_eq!(at_work, [[Some(share)]]);
    let late = matches!(waited, Err(CatalogError::Unavailable { .. }));
    assert!(late, "{waited:?}");
    assert_eq!(list().await.unwrap(), []);
}
