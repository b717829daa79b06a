//! What holds of metadata definitions in every catalog.

use serde_json::{Value as Json, json};

use super::catalog::at;
use crate::domain::Timestamp;
use crate::domain::metadef::{
    Existing, MetadefChange, NamespaceContents, NamespaceDocument, NamespaceName, ObjectName,
    TagName,
};
use crate::memory::{MemoryCatalog, Simulation};
use crate::ports::{CatalogError, MetadefCatalog, Parts, Put, Wanted};

/// All of it, in its order, with its times.
pub async fn a_namespace_is_read_as_it_was_put(catalog: &dyn MetadefCatalog) {
    let document = rich("N");
    put(catalog, &document, Existing::Refused).await.unwrap();

    let read = whole(catalog, "N").await.unwrap();

    assert_eq!(
        read,
        document
            .stored_over(None, Existing::Refused, second(1))
            .unwrap()
    );
    assert_eq!(whole(catalog, "M").await, None);
    assert_eq!(read.into_document(), in_order(document));
}

/// Of several namespaces, too, and by name; which there are is told.
pub async fn only_the_parts_that_are_wanted_are_read(catalog: &dyn MetadefCatalog) {
    for name in ["B", "A", "C"] {
        put(catalog, &rich(name), Existing::Refused).await.unwrap();
    }
    let parts = Parts {
        objects: Wanted::Named(name("o2")),
        tags: Wanted::All,
        ..Parts::NONE
    };

    let names: [NamespaceName; 3] = ["C", "A", "Z"].map(name);
    let read = catalog.read(&names, &parts).await.unwrap();

    let found: Vec<&str> = read
        .iter()
        .map(|one| one.namespace.value.name.as_str())
        .collect();
    assert_eq!(found, ["A", "C"]);
    let all: [NamespaceName; 3] = ["A", "B", "C"].map(name);
    assert_eq!(catalog.names().await.unwrap(), all);
    for contents in read {
        let objects: Vec<_> = contents
            .objects
            .iter()
            .map(|held| held.value.name.as_str())
            .collect();
        assert_eq!(objects, ["o2"]);
        assert_eq!(contents.tags.len(), 2);
        assert!(contents.properties.is_empty() && contents.associations.is_empty());
    }
}

/// A namespace may hold thousands of things.
pub async fn a_large_namespace_is_a_namespace(catalog: &dyn MetadefCatalog) {
    let many = |prefix: &str| {
        (0..1100)
            .map(|number| format!("{prefix}{number:04}"))
            .collect()
    };
    let (objects, properties, tags): (Vec<String>, Vec<String>, Vec<String>) =
        (many("o"), many("p"), many("t"));
    let schema = json!({"title": "T", "type": "string", "description": "ä".repeat(100)});
    let of_object = json!({"a": schema, "b": schema});
    let object = |name: &String| json!({"name": name, "properties": of_object});
    let document = document(&json!({
        "namespace": "Large",
        "owner": "p",
        "objects": objects.iter().map(object).collect::<Json>(),
        "properties": properties.iter().map(|name| (name.clone(), schema.clone())).collect::<Json>(),
        "tags": tags.iter().map(|name| json!({"name": name})).collect::<Json>(),
    }));

    for existing in [
        Existing::Refused,
        Existing::Renewed,
        Existing::Kept,
        Existing::Replaced,
    ] {
        put(catalog, &document, existing).await.unwrap();

        let read = whole(catalog, "Large").await.unwrap();
        assert!(read.into_document() == document, "{existing:?}");
    }
}

/// What is there is in the way of a document, or stays, or is renewed, or goes.
pub async fn a_document_is_stored_over_what_is_there(catalog: &dyn MetadefCatalog) {
    for existing in [Existing::Kept, Existing::Renewed, Existing::Replaced] {
        catalog.clear().await.unwrap();
        put(catalog, &rich("N"), Existing::Refused).await.unwrap();
        let held = whole(catalog, "N").await.unwrap();
        let refused = put(catalog, &other("N"), Existing::Refused).await;
        assert!(
            matches!(refused, Err(CatalogError::Conflict)),
            "{refused:?}"
        );
        assert_eq!(whole(catalog, "N").await.as_ref(), Some(&held));

        let how = Put {
            existing,
            protects_types: true,
        };
        catalog.put(&other("N"), how, second(5)).await.unwrap();

        let meant = other("N").stored_over(Some(&held), existing, second(5));
        assert_eq!(whole(catalog, "N").await, meant, "{existing:?}");
    }
}

/// The first that brings a type says whether it is one of Glance's; it stays when nothing is for it.
pub async fn a_resource_type_stays_as_it_first_came(catalog: &dyn MetadefCatalog) {
    let how = |protects_types| Put {
        existing: Existing::Refused,
        protects_types,
    };
    catalog.put(&rich("N"), how(true), second(1)).await.unwrap();
    catalog
        .put(&other("M"), how(false), second(2))
        .await
        .unwrap();
    for namespace in ["N", "M"] {
        let of = name(namespace);
        let removed = catalog.change(&of, &MetadefChange::Remove, second(3));
        removed.await.unwrap();
    }

    let types = catalog.resource_types().await.unwrap();

    let told: Vec<_> = types
        .iter()
        .map(|held| {
            (
                held.value.name.as_str(),
                held.value.protected,
                held.created_at,
            )
        })
        .collect();
    let meant = [
        ("OS::Cinder::Volume", true, second(1)),
        ("OS::Glance::Image", true, second(1)),
        ("OS::Nova::Flavor", false, second(2)),
    ];
    assert_eq!(told, meant);
}

/// Namespaces, what is in them, and resource types.
pub async fn nothing_is_left_of_what_is_cleared(catalog: &dyn MetadefCatalog) {
    put(catalog, &rich("N"), Existing::Refused).await.unwrap();
    put(catalog, &rich("M"), Existing::Refused).await.unwrap();

    catalog.clear().await.unwrap();

    assert_eq!(whole(catalog, "N").await, None);
    assert_eq!(catalog.resource_types().await.unwrap(), []);
    put(catalog, &bare("N"), Existing::Refused).await.unwrap();
    let meant = bare("N").stored_over(None, Existing::Refused, second(1));
    assert_eq!(whole(catalog, "N").await, meant);
}

/// Whatever is done to namespaces, one thing after the other, it is what the same does in memory.
pub async fn changes_mean_what_they_mean_in_memory(catalog: &dyn MetadefCatalog) {
    let random = Simulation::new(1);
    let meaning = MemoryCatalog::default();
    for text in NAMESPACES {
        for target in [catalog, &meaning as &dyn MetadefCatalog] {
            put(target, &rich(text), Existing::Refused).await.unwrap();
        }
    }

    for number in 0..400 {
        let of: NamespaceName = name(NAMES[random.choose(NAMES.len())]);
        let change = random_change(&random);
        let now = second(10 + number);
        let made = catalog.change(&of, &change, now).await;
        let meant = meaning.change(&of, &change, now).await;
        assert_eq!(
            outcome(&made),
            outcome(&meant),
            "{number}: {change:?} of {of}"
        );
        if matches!(change, MetadefChange::Remove) && made.is_ok() {
            for target in [catalog, &meaning as &dyn MetadefCatalog] {
                put(target, &rich(of.as_str()), Existing::Refused)
                    .await
                    .unwrap();
            }
        }
        for text in NAMES {
            let (stored, meant) = (whole(catalog, text).await, whole(&meaning, text).await);
            assert_eq!(stored, meant, "{number}: {change:?} of {of}");
        }
    }
    let types = catalog.resource_types().await.unwrap();
    assert_eq!(types, meaning.resource_types().await.unwrap());
}

/// One of many that add the same at a time does.
pub async fn a_name_is_given_once_however_many_want_it(catalog: &dyn MetadefCatalog) {
    let document = bare("N");
    let puts = (0..8).map(|_| put(catalog, &document, Existing::Refused));
    let put = futures::future::join_all(puts).await;
    let change = MetadefChange::AddTags(vec![name("t")]);
    let of = name("N");
    let changes = (0..8).map(|_| catalog.change(&of, &change, second(2)));
    let changed = futures::future::join_all(changes).await;

    for results in [put, changed] {
        let made = results.iter().filter(|result| result.is_ok()).count();
        let refused = results
            .iter()
            .filter(|result| matches!(result, Err(CatalogError::Conflict)))
            .count();
        assert_eq!((made, refused), (1, 7), "{results:?}");
    }
}

/// Two names are two, or the second is refused: it never takes the place of the first.
pub async fn names_in_another_case_are_not_mixed_up(catalog: &dyn MetadefCatalog) {
    for existing in [Existing::Kept, Existing::Renewed] {
        catalog.clear().await.unwrap();
        put(catalog, &rich("Name"), Existing::Refused)
            .await
            .unwrap();
        let held = whole(catalog, "Name").await;

        let second = put(catalog, &other("NAME"), existing).await;

        assert!(
            matches!(second, Ok(()) | Err(CatalogError::Conflict)),
            "{second:?}"
        );
        assert_eq!(whole(catalog, "NAME").await.is_some(), second.is_ok());
        assert_eq!(whole(catalog, "Name").await, held, "{existing:?}");
    }
    let tag: TagName = name("T1");
    let upper = MetadefChange::AddTags(vec![tag.clone()]);
    let added = catalog.change(&name("Name"), &upper, second(9)).await;
    assert!(
        matches!(added, Ok(()) | Err(CatalogError::Conflict)),
        "{added:?}"
    );
    let contents = whole(catalog, "Name").await.unwrap();
    assert!(contents.tag(&name("t1")).is_some());
    assert_eq!(contents.tag(&tag).is_some(), added.is_ok());
}

/// Namespaces that are there.
const NAMESPACES: [&str; 2] = ["N", "M"];

/// Names that they may have.
const NAMES: [&str; 3] = ["N", "M", "L"];

fn random_change(random: &Simulation) -> MetadefChange {
    let object = |random: &Simulation| {
        let named = ["o1", "o2", "o3"][random.choose(3)];
        let json = json!({
            "name": named,
            "required": ["a"],
            "properties": {"a": {"title": "A", "type": "string"}},
        });
        crate::domain::metadef::Object::from_json(&json).unwrap()
    };
    let property = |random: &Simulation| {
        let title = ["A", "B"][random.choose(2)];
        let schema = json!({"title": title, "type": "integer"});
        let named = ["p1", "p2", "p3"][random.choose(3)];
        let many = json!({ named: schema });
        crate::domain::metadef::Property::many_from_json(&many)
            .unwrap()
            .remove(0)
    };
    let tag = |random: &Simulation| name::<TagName>(["t1", "t2", "t3", "ü"][random.choose(4)]);
    match random.choose(18) {
        0 => MetadefChange::AddAssociation(rich("N").associations.remove(random.choose(2))),
        1 => MetadefChange::AddAssociation(other("N").associations.remove(random.choose(2))),
        2 => MetadefChange::AddObject(object(random)),
        3 => MetadefChange::AddProperty(property(random)),
        4 => MetadefChange::AddTags(vec![tag(random), tag(random)]),
        5 => {
            let mut edited = other(NAMES[random.choose(3)]).namespace;
            edited.protected = random.choose(2) == 0;
            MetadefChange::Edit(edited)
        }
        6 => MetadefChange::Remove,
        7 => {
            let type_name = ["OS::Glance::Image", "OS::Nova::Flavor"][random.choose(2)];
            MetadefChange::RemoveAssociation(name(type_name))
        }
        8 => MetadefChange::RemoveObject(name(["o1", "o2", "o3"][random.choose(3)])),
        9 => MetadefChange::RemoveObjects,
        10 => MetadefChange::RemoveProperties,
        11 => MetadefChange::RemoveProperty(name(["p1", "p2", "p3"][random.choose(3)])),
        12 => MetadefChange::RemoveTag(tag(random)),
        13 => MetadefChange::RemoveTags,
        14 => MetadefChange::RenameTag(tag(random), tag(random)),
        15 => {
            let old: ObjectName = name(["o1", "o2", "o3"][random.choose(3)]);
            MetadefChange::ReplaceObject(old, object(random))
        }
        16 => {
            let old = name(["p1", "p2", "p3"][random.choose(3)]);
            MetadefChange::ReplaceProperty(old, property(random))
        }
        _ => MetadefChange::ReplaceTags(vec![tag(random), tag(random)]),
    }
}

/// What of an outcome callers act on.
fn outcome(made: &Result<(), CatalogError>) -> &'static str {
    match made {
        Ok(()) => "made",
        Err(CatalogError::Conflict) => "conflict",
        Err(CatalogError::NotFound) => "not found",
        Err(_) => "failed",
    }
}

/// A namespace with two of each kind.
pub(super) fn rich(namespace: &str) -> NamespaceDocument {
    document(&json!({
        "namespace": namespace,
        "display_name": "A name",
        "description": "What it is for: ä'%\"",
        "visibility": "public",
        "owner": "p",
        "resource_type_associations": [
            {"name": "OS::Glance::Image", "prefix": "hw_"},
            {"name": "OS::Cinder::Volume", "prefix": "hw_", "properties_target": "image"},
        ],
        "properties": {
            "p1": {
                "title": "P", "type": "array", "default": 5, "minimum": -1, "enum": ["x", 1],
                "items": {"type": "string", "enum": ["a"]}, "operators": ["<in>"],
            },
            "p2": {"title": "Q", "type": "string", "readonly": true},
        },
        "objects": [
            {"name": "o2", "required": ["b", "a"], "properties": {
                "a": {"title": "A", "type": "string"}, "b": {"title": "B", "type": "boolean"},
            }},
            {"name": "o1", "description": "Nothing in it"},
        ],
        "tags": [{"name": "t2"}, {"name": "t1"}],
    }))
}

/// A namespace that has some of the same in it, and some other.
fn other(namespace: &str) -> NamespaceDocument {
    document(&json!({
        "namespace": namespace,
        "owner": "q",
        "resource_type_associations": [
            {"name": "OS::Nova::Flavor"},
            {"name": "OS::Glance::Image", "prefix": "other_"},
        ],
        "properties": {
            "p1": {"title": "Other", "type": "integer"},
            "p0": {"title": "New", "type": "string"},
        },
        "objects": [{"name": "o2", "description": "Other"}, {"name": "o0"}],
        "tags": [{"name": "t0"}, {"name": "t1"}],
    }))
}

/// A namespace with nothing in it.
pub(super) fn bare(namespace: &str) -> NamespaceDocument {
    document(&json!({"namespace": namespace, "owner": "p"}))
}

fn document(json: &Json) -> NamespaceDocument {
    NamespaceDocument::from_json(json, None).unwrap()
}

/// A document as a catalog gives it back.
fn in_order(mut document: NamespaceDocument) -> NamespaceDocument {
    document
        .associations
        .sort_by_cached_key(|each| each.resource_type.clone());
    document
}

pub(super) async fn put(
    catalog: &dyn MetadefCatalog,
    document: &NamespaceDocument,
    existing: Existing,
) -> Result<(), CatalogError> {
    let put = Put {
        existing,
        protects_types: false,
    };
    catalog.put(document, put, second(1)).await
}

async fn whole(catalog: &dyn MetadefCatalog, namespace: &str) -> Option<NamespaceContents> {
    let read = catalog.read(&[name(namespace)], &Parts::ALL).await.unwrap();
    assert!(read.len() <= 1, "{read:?}");
    read.into_iter().next()
}

pub(super) fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// MySQL keeps whole seconds.
pub(super) fn second(second: i64) -> Timestamp {
    at(second * 1_000_000)
}
