//! Metadata definitions as upstream's loader writes them, unread.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use glance_core::domain::Viewer;
use glance_core::domain::metadef::{
    NamespaceContents, NamespaceName, NamespaceQuery, NamespaceSortKey, NamespaceVisibility,
};
use glance_core::domain::query::Direction;
use glance_core::ports::{MetadefCatalog, Parts};
use glance_stores::{SqliteCatalog, SqliteOptions};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

/// What a file says that says little, what upstream's API adds to it, and what its API would refuse.
const ROWS: &str = r#"
INSERT INTO metadef_namespaces (id, namespace, visibility, protected, owner, created_at) VALUES
    (7, 'Loaded', NULL, NULL, 'admin', '2026-11-22 02:00:05.641932'),
    (8, 'Odd', 'shared', 1, 'admin', '2026-11-22 02:00:06.000000');
INSERT INTO metadef_resource_types (id, name, protected, created_at) VALUES
    (3, 'OS::Nova::Server', 1, '2026-11-22 02:00:05.641932');
INSERT INTO metadef_namespace_resource_types
    (resource_type_id, namespace_id, prefix, created_at) VALUES
    (3, 7, 'x_', '2026-11-22 02:00:05.641932');
INSERT INTO metadef_properties (namespace_id, name, json_schema, created_at) VALUES
    (7, 'p', '{"name": "p", "title": "T", "type": "string", "default": 5, "own": [1]}',
     '2026-11-22 02:00:05.641932');
INSERT INTO metadef_objects (namespace_id, name, required, json_schema, created_at) VALUES
    (7, 'bare', NULL, 'null', '2026-11-22 02:00:05.641932'),
    (7, 'o', 'b,a', '{"a": {"title": "A", "type": "any"}}', '2026-11-22 02:00:05.641932');
INSERT INTO metadef_tags (namespace_id, name, created_at) VALUES
    (7, 't', '2026-11-22 02:00:05.641932');
"#;

#[test]
fn what_was_loaded_unread_is_read_as_upstream_reads_it() {
    let (catalog, _folder) = loaded();

    let contents = read(&catalog, "Loaded");

    let namespace = &contents.namespace;
    assert_eq!(namespace.value.visibility, NamespaceVisibility::Private);
    assert!(!namespace.value.protected);
    assert_eq!(namespace.updated_at, namespace.created_at);
    assert_eq!(namespace.created_at.as_micros(), 1_795_312_805_641_932);
    let shown: Vec<_> = contents.properties[0].value.schema.members().collect();
    let meant = [
        ("type", &json!("string")),
        ("title", &json!("T")),
        ("default", &json!("5")),
    ];
    assert_eq!(shown, meant);
    let [bare, object] = &contents.objects[..] else {
        panic!("two objects: {contents:?}");
    };
    assert!(bare.value.required.is_empty() && bare.value.properties.is_empty());
    let required: Vec<_> = object
        .value
        .required
        .iter()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(required, ["b", "a"]);
    let document = contents.into_document().to_json();
    assert_eq!(document["objects"][1]["properties"]["a"]["type"], "any");
    assert_eq!(document["resource_type_associations"][0]["prefix"], "x_");
}

#[test]
fn a_word_that_is_no_visibility_shows_a_namespace_to_nobody_else() {
    let (catalog, _folder) = loaded();
    let listed = |visibility, admin| {
        let query = NamespaceQuery {
            visibility,
            resource_types: None,
            key: NamespaceSortKey::Visibility,
            direction: Direction::Ascending,
            limit: 10,
            after: None,
        };
        let viewer = Viewer {
            project: None,
            admin,
        };
        block_on(catalog.namespaces(&query, &viewer)).unwrap().len()
    };

    assert_eq!(listed(None, false), 0);
    assert_eq!(listed(Some(NamespaceVisibility::Private), true), 2);
    assert_eq!(listed(Some(NamespaceVisibility::Public), true), 0);
    assert!(read(&catalog, "Odd").namespace.value.protected);
}

fn read(catalog: &SqliteCatalog, name: &str) -> NamespaceContents {
    let names: [NamespaceName; 1] = [name.parse().unwrap()];
    block_on(catalog.read(&names, &Parts::ALL))
        .unwrap()
        .remove(0)
}

fn loaded() -> (SqliteCatalog, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glance.sqlite");
    let catalog = block_on(SqliteCatalog::open(&path, SqliteOptions::default())).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch(ROWS)
        .unwrap();
    (catalog, folder)
}
