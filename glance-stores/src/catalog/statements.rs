//! How many statements metadata definitions take: as many for a large namespace as for a small one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use glance_core::domain::metadef::{
    Existing, NamespaceDocument, NamespaceName, NamespaceQuery, NamespaceSortKey,
};
use glance_core::domain::query::Direction;
use glance_core::domain::{Timestamp, Viewer};
use glance_core::ports::{CatalogError, MetadefCatalog, Parts, Put, Wanted};
use serde_json::{Value as Json, json};

use super::sql::Dialect;
use super::sql::database::{Batch, Database, Reading, Row, Statement};
use super::{SqlCatalog, Sqlite, SqliteCatalog, SqliteOptions};

/// A database that counts the statements it is given.
#[derive(Debug)]
struct Counting {
    inner: Sqlite,
    statements: AtomicUsize,
}

impl Database for Counting {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    async fn read<R: Reading>(&self, reading: R) -> Result<R, CatalogError> {
        let counted = Counted { reading, asked: 0 };
        let counted = self.inner.read(counted).await?;
        self.statements.fetch_add(counted.asked, Ordering::Relaxed);
        Ok(counted.reading)
    }

    async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, CatalogError> {
        let statements = batch.steps.len() + batch.then.len();
        self.statements.fetch_add(statements, Ordering::Relaxed);
        self.inner.write(batch).await
    }
}

struct Counted<R> {
    reading: R,
    asked: usize,
}

impl<R: Reading> Reading for Counted<R> {
    fn operation(&self) -> &'static str {
        self.reading.operation()
    }

    fn next(&mut self) -> Option<Statement> {
        let next = self.reading.next();
        self.asked += usize::from(next.is_some());
        next
    }

    fn take(&mut self, rows: Vec<Row>) -> Result<(), CatalogError> {
        self.reading.take(rows)
    }
}

#[tokio::test]
async fn statements_grow_neither_with_a_namespace_nor_with_how_many_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glance.sqlite");
    let opened = SqliteCatalog::open(path, SqliteOptions::default()).await;
    let counting = Counting {
        inner: opened.unwrap().database,
        statements: AtomicUsize::new(0),
    };
    let catalog = SqlCatalog::on(counting, 1);
    let taken = || catalog.database.statements.swap(0, Ordering::Relaxed);

    let mut counts = Vec::new();
    for (name, size) in [("small", 1), ("large", 1000)] {
        catalog
            .put(&document(name, size), PUT, now())
            .await
            .unwrap();
        let loaded = taken();
        let names: [NamespaceName; 1] = [name.parse().unwrap()];
        let read = catalog.read(&names, &Parts::ALL).await.unwrap();
        assert_eq!(
            (read[0].objects.len(), read[0].properties.len()),
            (size, size)
        );
        let whole = taken();
        let parts = Parts {
            objects: Wanted::Named("o0".parse().unwrap()),
            ..Parts::NONE
        };
        let read = catalog.read(&names, &parts).await.unwrap();
        assert_eq!(read[0].objects.len(), 1);
        counts.push([loaded, whole, taken()]);
    }
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0][1..], [5, 2]);

    for number in 0..40 {
        let name = format!("n{number}");
        catalog.put(&document(&name, 1), PUT, now()).await.unwrap();
    }
    taken();
    for limit in [1, 30] {
        let listed = catalog.namespaces(&newest(limit), &ADMIN).await.unwrap();
        assert_eq!(listed.len(), limit as usize);
        assert_eq!(taken(), 2);
    }
    let names: Vec<NamespaceName> = (0..40)
        .map(|number| format!("n{number}").parse().unwrap())
        .collect();
    assert_eq!(catalog.read(&names, &Parts::ALL).await.unwrap().len(), 40);
    assert_eq!(taken(), 5);
}

fn document(name: &str, size: usize) -> NamespaceDocument {
    let schema = json!({"title": "T", "type": "string"});
    let of = |kind: &str| -> Vec<String> { (0..size).map(|at| format!("{kind}{at}")).collect() };
    let named = |name: String| json!({"name": name});
    let property = |name: String| (name, schema.clone());
    let json = json!({
        "namespace": name,
        "owner": "p",
        "resource_type_associations": [{"name": "R"}],
        "objects": of("o").into_iter().map(named).collect::<Json>(),
        "properties": of("p").into_iter().map(property).collect::<Json>(),
        "tags": of("t").into_iter().map(named).collect::<Json>(),
    });
    NamespaceDocument::from_json(&json, None).unwrap()
}

fn newest(limit: u32) -> NamespaceQuery {
    NamespaceQuery {
        visibility: None,
        resource_types: None,
        key: NamespaceSortKey::CreatedAt,
        direction: Direction::Descending,
        limit,
        after: None,
    }
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_000_000)
}

const PUT: Put = Put {
    existing: Existing::Refused,
    protects_types: false,
};

const ADMIN: Viewer = Viewer {
    project: None,
    admin: true,
};
