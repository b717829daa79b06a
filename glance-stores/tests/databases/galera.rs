//! A catalog on two nodes of a Galera cluster, which agree on a write only when it is committed.

use std::time::Duration;

use futures::future::join_all;
use glance_core::domain::{Change, Image, ImageId, Timestamp};
use glance_core::ports::{Catalog, CatalogError};
use glance_stores::MysqlCatalog;

use crate::support::{Scratch, run};

#[test]
#[ignore = "needs a Galera cluster: .ci/run starts it"]
fn edits_through_both_nodes_of_a_cluster_are_all_kept() {
    let nodes = std::env::var("GLANCE_TEST_GALERA");
    let nodes = nodes.unwrap_or_else(|_| panic!("no GLANCE_TEST_GALERA: run tests/servers/run.sh"));
    let (first, second) = nodes.split_once(' ').unwrap();
    run(async {
        let scratch = Scratch::mysql_at(first).await;
        MysqlCatalog::sync_schema(&scratch.options).await.unwrap();
        let mut elsewhere = scratch.options.clone();
        let port = second.rsplit(':').next().unwrap();
        elsewhere.port = port.parse().ok();
        let catalogs = [
            MysqlCatalog::open(&scratch.options).await.unwrap(),
            MysqlCatalog::open(&elsewhere).await.unwrap(),
        ];
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
