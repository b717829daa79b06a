//! A catalog on two nodes of a Galera cluster, which agree on a write only when it is committed.

use std::time::Duration;

use futures::future::join_all;
use glance_core::domain::{Change, Image, ImageId, LockStep, Timestamp};
use glance_core::ports::{Catalog, CatalogError};
use glance_stores::MysqlCatalog;

use crate::support::{Scratch, run};

#[test]
#[ignore = "needs a Galera cluster: .ci/run starts it"]
fn edits_through_both_nodes_of_a_cluster_are_all_kept() {
    run(async {
        let (scratch, catalogs) = cluster().await;
        let image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
        catalogs[0].insert(&image, None).await.unwrap();
        let refused_before = refused(&scratch).await;

        // Until the nodes were at odds, or nothing was tried.
        for round in 1..=ROUNDS {
            let writers = (0..WRITERS).map(|writer| {
                let catalog = &catalogs[writer % 2];
                async move {
                    for edit in 0..EDITS {
                        add(catalog, writer, round * EDITS + edit).await;
                    }
                }
            });
            join_all(writers).await;

            for catalog in &catalogs {
                let found = catalog.find(image.id, None).await.unwrap().unwrap();
                assert_eq!(found.image.properties.len(), WRITERS * EDITS * round);
            }
            if refused(&scratch).await > refused_before {
                return;
            }
        }
        panic!("no node refused what the other had written");
    });
}

#[test]
#[ignore = "needs a Galera cluster: .ci/run starts it"]
fn one_of_both_nodes_takes_the_lock_of_an_import() {
    run(async {
        let (_scratch, catalogs) = cluster().await;
        for n in 0..ROUNDS {
            let id = ImageId::from_bits(n as u128);
            let image = Image::queued(id, Timestamp::from_micros(0));
            catalogs[0].insert(&image, None).await.unwrap();
            catalogs[1].find(id, None).await.unwrap().unwrap();
            let takers = (0..WRITERS).map(|writer| {
                let lock = LockStep::Taken {
                    by: format!("{writer}").parse().unwrap(),
                    instead_of: None,
                };
                let change = Change::of_status(image.clone(), image.clone()).locking(lock);
                let catalog = &catalogs[writer % 2];
                async move { catalog.commit(&change).await }
            });

            let results = join_all(takers).await;

            let (granted, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
            assert_eq!(granted.len(), 1, "{granted:?}");
            for refused in refused {
                let is_conflict = matches!(refused, Err(CatalogError::Conflict));
                assert!(is_conflict, "{refused:?}");
            }
            for catalog in &catalogs {
                let found = catalog.find(id, None).await.unwrap().unwrap();
                assert_eq!(Some(&found.image), granted[0].as_ref().ok());
            }
        }
    });
}

/// A database, and a catalog on each of two nodes that have it.
async fn cluster() -> (Scratch, [MysqlCatalog; 2]) {
    let nodes = std::env::var("GLANCE_TEST_GALERA");
    let nodes = nodes.unwrap_or_else(|_| panic!("no GLANCE_TEST_GALERA: run tests/servers/run.sh"));
    let (first, second) = nodes.split_once(' ').unwrap();
    let scratch = Scratch::mysql_at(first).await;
    MysqlCatalog::sync_schema(&scratch.options).await.unwrap();
    let mut elsewhere = scratch.options.clone();
    let port = second.rsplit(':').next().unwrap();
    elsewhere.port = port.parse().ok();
    let catalogs = [
        MysqlCatalog::open(&scratch.options).await.unwrap(),
        MysqlCatalog::open(&elsewhere).await.unwrap(),
    ];
    (scratch, catalogs)
}

/// Adds a property, whatever others do meanwhile. No two edits of an image end at the same time.
async fn add(catalog: &MysqlCatalog, writer: usize, edit: usize) {
    let name = format!("{writer} {edit}");
    loop {
        let found = catalog.find(ImageId::from_bits(1), None).await.unwrap();
        let before = found.unwrap().image;
        let mut after = before.clone();
        after
            .properties
            .insert(name.parse().unwrap(), "x".parse().unwrap());
        let step = Duration::from_micros(1 + writer as u64);
        after.updated_at = before.updated_at.after(step);
        match catalog.commit(&Change::of_edit(before, after)).await {
            Ok(_) => return,
            Err(CatalogError::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// How many transactions the first node took back, because the other node had the same row.
async fn refused(scratch: &Scratch) -> u64 {
    let select = "SELECT SUM(variable_value) FROM information_schema.global_status
        WHERE variable_name IN ('WSREP_LOCAL_CERT_FAILURES', 'WSREP_LOCAL_BF_ABORTS')";
    let sum = scratch.select(select).await[0][0].clone().unwrap();
    sum.parse::<f64>().unwrap() as u64
}

const ROUNDS: usize = 10;
const WRITERS: usize = 4;
const EDITS: usize = 25;
