//! What a catalog does when a server drops its connections.

use glance_core::domain::{Image, ImageId, Timestamp};
use glance_core::ports::Catalog;

use crate::support::{Scratch, mysql_catalog, postgres_catalog, run};

#[test]
#[ignore = "needs PostgreSQL: .ci/run starts it"]
fn lost_connections_are_replaced_on_postgres() {
    run(async {
        let (catalog, scratch) = postgres_catalog().await;
        let drop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";

        outlives(&catalog, &scratch, drop).await;
    });
}

#[test]
#[ignore = "needs MariaDB: .ci/run starts it"]
fn lost_connections_are_replaced_on_mysql() {
    run(async {
        let (catalog, scratch) = mysql_catalog().await;
        let drop = "BEGIN NOT ATOMIC
            FOR lost IN (SELECT id FROM information_schema.processlist
                WHERE db = DATABASE() AND id <> CONNECTION_ID()) DO
                EXECUTE IMMEDIATE CONCAT('KILL ', lost.id);
            END FOR; END";

        outlives(&catalog, &scratch, drop).await;
    });
}

async fn outlives(catalog: &dyn Catalog, scratch: &Scratch, drop: &str) {
    for round in 0..3 {
        let images: Vec<Image> = (1..=8)
            .map(|number| {
                let id = ImageId::from_bits(round << 64 | number);
                Image::queued(id, Timestamp::from_micros(0))
            })
            .collect();
        let inserts = images.iter().map(|image| catalog.insert(image, None));
        for inserted in futures::future::join_all(inserts).await {
            inserted.unwrap();
        }
        scratch.execute(drop).await;
        let finds = images.iter().map(|image| catalog.find(image.id, None));
        for found in futures::future::join_all(finds).await {
            assert!(found.unwrap().is_some());
        }
        scratch.execute(drop).await;
    }
}
