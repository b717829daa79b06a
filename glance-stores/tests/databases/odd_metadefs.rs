//! Rows of metadata definitions that hold what no Glance writes: they fail no list, and hide no other
//! row.

use glance_core::domain::metadef::{
    Existing, NamespaceContents, NamespaceDocument, NamespaceName, NamespaceQuery, NamespaceSortKey,
};
use glance_core::domain::query::Direction;
use glance_core::domain::{Timestamp, Viewer};
use glance_core::ports::{CatalogError, Parts, Put, Wanted};
use serde_json::json;

use crate::odd::Site;

/// Tests of one database: a name, and what makes a site on it.
macro_rules! odd {
    ($(#[$attribute:meta])* $name:ident, $site:expr) => {
        mod $name {
            use super::*;

            #[test]
            $(#[$attribute])*
            fn an_odd_namespace_is_left_out_of_lists_and_hides_no_other() {
                odd_namespaces_are_left_out_of_lists(&$site);
            }

            #[test]
            $(#[$attribute])*
            fn odd_parts_of_a_namespace_are_left_out_of_their_lists() {
                odd_parts_are_left_out_of_lists(&$site);
            }
        }
    };
}

odd!(sqlite, Site::sqlite());
odd!(
    #[ignore = "needs PostgreSQL: .ci/run starts it"]
    postgres,
    Site::postgres()
);
odd!(
    #[ignore = "needs MariaDB: .ci/run starts it"]
    mysql,
    Site::mysql()
);

fn odd_namespaces_are_left_out_of_lists(site: &Site) {
    for number in 1..=9 {
        put(site, &format!("n{number}"), number);
    }
    // More of them after each other than some pages are long.
    for number in [2, 3, 4, 5, 7, 9] {
        spoil(
            site,
            "metadef_namespaces",
            &format!("namespace = 'n{number}'"),
        );
    }

    for key in NamespaceSortKey::ALL {
        for direction in [Direction::Ascending, Direction::Descending] {
            for limit in [1, 2, 3, 50] {
                let query = NamespaceQuery {
                    visibility: None,
                    resource_types: None,
                    key,
                    direction,
                    limit,
                    after: None,
                };

                let listed = walk(site, query.clone());

                let mut meant = ["n1", "n6", "n8"];
                if direction == Direction::Descending {
                    meant.reverse();
                }
                assert_eq!(listed, meant, "{query:?}");
            }
        }
    }
    let names = site.run(site.metadefs.names()).unwrap();
    assert_eq!(names.len(), 9);
    assert_odd(&read(site, "n3", &Parts::NONE));
    read(site, "n6", &Parts::WHOLE).unwrap();
}

fn odd_parts_are_left_out_of_lists(site: &Site) {
    put(site, "n", 1);
    put(site, "other", 2);
    let of_n = "namespace_id = (SELECT id FROM metadef_namespaces WHERE namespace = 'n')";
    let b = format!("{of_n} AND name = 'b'");
    site.execute(&format!(
        "UPDATE metadef_objects SET json_schema = '[]' WHERE {b}"
    ));
    site.execute(&format!(
        "UPDATE metadef_properties SET json_schema = 'no JSON' WHERE {b}"
    ));
    spoil(site, "metadef_tags", &b);
    spoil(
        site,
        "metadef_namespace_resource_types",
        &format!("{of_n} AND prefix = 'b'"),
    );
    spoil(site, "metadef_resource_types", "name = 'b'");

    let contents = read(site, "n", &Parts::ALL).unwrap();

    assert_eq!(names_in(&contents), [["a", "c"]; 4]);
    let query = NamespaceQuery {
        visibility: None,
        resource_types: None,
        key: NamespaceSortKey::Name,
        direction: Direction::Ascending,
        limit: 1,
        after: None,
    };
    let listed = site.run(site.metadefs.namespaces(&query, &ADMIN)).unwrap();
    assert_eq!(listed[0].associations.len(), 2);
    let types = site.run(site.metadefs.resource_types()).unwrap();
    let types = types.iter().map(|held| held.value.name.as_str());
    assert_eq!(types.collect::<Vec<_>>(), ["a", "c"]);

    read(site, "other", &Parts::WHOLE).unwrap();
    let (objects, properties, tags) = (
        Wanted::Named("b".parse().unwrap()),
        Wanted::Named("b".parse().unwrap()),
        Wanted::Named("b".parse().unwrap()),
    );
    let associations = Wanted::Named("b".parse().unwrap());
    for parts in [
        Parts::WHOLE,
        Parts {
            associations,
            ..Parts::NONE
        },
        Parts {
            objects,
            ..Parts::NONE
        },
        Parts {
            properties,
            ..Parts::NONE
        },
        Parts {
            tags,
            ..Parts::NONE
        },
    ] {
        assert_odd(&read(site, "n", &parts));
    }
}

/// A namespace with an `a`, a `b` and a `c` of each kind, which came at this second.
fn put(site: &Site, name: &str, second: i64) {
    let schema = json!({"title": "T", "type": "string"});
    let named = json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]);
    let document = json!({
        "namespace": name,
        "owner": "p",
        "resource_type_associations": [
            {"name": "a", "prefix": "a"}, {"name": "b", "prefix": "b"}, {"name": "c"},
        ],
        "objects": named,
        "properties": {"a": schema, "b": schema, "c": schema},
        "tags": named,
    });
    let document = NamespaceDocument::from_json(&document, None).unwrap();
    let how = Put {
        existing: Existing::Refused,
        protects_types: false,
    };
    let now = Timestamp::from_micros((1_700_000_000 + second) * 1_000_000);
    site.run(site.metadefs.put(&document, how, now)).unwrap();
}

/// Gives rows a time that is none.
fn spoil(site: &Site, table: &str, which: &str) {
    let (lax, no_time) = (site.lax, site.no_time);
    site.execute(&format!("{lax}UPDATE {table} SET {no_time} WHERE {which}"));
}

/// The names in a list, page after page.
fn walk(site: &Site, mut query: NamespaceQuery) -> Vec<String> {
    let mut walked = Vec::new();
    loop {
        let page = site.run(site.metadefs.namespaces(&query, &ADMIN)).unwrap();
        let names = page
            .iter()
            .map(|each| each.namespace.value.name.to_string());
        walked.extend(names);
        let is_full = page.len() as u64 == u64::from(query.limit);
        match page.last() {
            Some(last) if is_full => query.after = Some(query.position(&last.namespace)),
            _ => return walked,
        }
    }
}

fn read(site: &Site, name: &str, parts: &Parts) -> Result<NamespaceContents, CatalogError> {
    let names: [NamespaceName; 1] = [name.parse().unwrap()];
    let read = site.run(site.metadefs.read(&names, parts));
    read.map(|mut read| read.remove(0))
}

fn assert_odd(read: &Result<NamespaceContents, CatalogError>) {
    assert!(matches!(read, Err(CatalogError::Odd { .. })), "{read:?}");
}

fn names_in(contents: &NamespaceContents) -> [Vec<&str>; 4] {
    [
        contents
            .associations
            .iter()
            .map(|held| held.value.resource_type.as_str())
            .collect(),
        contents
            .objects
            .iter()
            .map(|held| held.value.name.as_str())
            .collect(),
        contents
            .properties
            .iter()
            .map(|held| held.value.name.as_str())
            .collect(),
        contents
            .tags
            .iter()
            .map(|held| held.value.as_str())
            .collect(),
    ]
}

const ADMIN: Viewer = Viewer {
    project: None,
    admin: true,
};
