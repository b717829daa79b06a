//! A catalog's lists of namespaces against the meaning of their queries, over random namespaces.

use serde_json::json;

use super::metadefs::{name, put, rich, second};
use crate::domain::Viewer;
use crate::domain::metadef::{
    Existing, NamespaceDocument, NamespaceQuery, NamespaceSortKey, NamespaceVisibility,
    ResourceTypeName,
};
use crate::domain::query::Direction;
use crate::memory::{MemoryCatalog, Simulation};
use crate::ports::{MetadefCatalog, Put};

/// Every list is the one that the same namespaces in memory give.
pub async fn lists_mean_what_their_queries_mean(catalog: &dyn MetadefCatalog) {
    let random = Simulation::new(1);
    let meaning = MemoryCatalog::default();
    fill(catalog, &meaning, &random).await;

    for number in 0..300 {
        let viewer = random_viewer(&random);
        let mut query = random_query(&random);
        if random.choose(2) == 0 {
            let all = meaning.namespaces(&any(), &everybody()).await.unwrap();
            let after = &all[random.choose(all.len())];
            query.after = Some(query.position(&after.namespace));
        }

        let listed = catalog.namespaces(&query, &viewer).await.unwrap();
        let meant = meaning.namespaces(&query, &viewer).await.unwrap();

        assert_eq!(listed, meant, "{number}: {query:#?} by {viewer:?}");
    }
}

/// Walking a list page by page gives all of it once.
pub async fn pages_follow_each_other_without_gap_or_repeat(catalog: &dyn MetadefCatalog) {
    let random = Simulation::new(1);
    let meaning = MemoryCatalog::default();
    fill(catalog, &meaning, &random).await;

    for key in NamespaceSortKey::ALL {
        for direction in [Direction::Ascending, Direction::Descending] {
            let mut query = NamespaceQuery {
                key,
                direction,
                ..any()
            };
            let whole = meaning.namespaces(&query, &everybody()).await.unwrap();

            let mut walked = Vec::new();
            query.limit = 3;
            loop {
                let page = catalog.namespaces(&query, &everybody()).await.unwrap();
                let Some(last) = page.last() else { break };
                query.after = Some(query.position(&last.namespace));
                walked.extend(page);
            }

            assert_eq!(walked, whole, "{key:?} {direction:?}");
        }
    }
}

/// What is listed has its associations, and nothing else that is in it.
pub async fn lists_hold_associations_alone(catalog: &dyn MetadefCatalog) {
    put(catalog, &rich("N"), Existing::Refused).await.unwrap();

    let listed = catalog.namespaces(&any(), &everybody()).await.unwrap();

    let [contents] = &listed[..] else {
        panic!("one namespace: {listed:?}");
    };
    assert_eq!(contents.associations.len(), 2);
    assert!(contents.objects.is_empty() && contents.properties.is_empty());
    assert!(contents.tags.is_empty());
}

const PROJECTS: [&str; 3] = ["p", "q", "P"];
const TYPES: [&str; 3] = ["OS::Glance::Image", "OS::Nova::Flavor", "x"];

async fn fill(catalog: &dyn MetadefCatalog, meaning: &MemoryCatalog, random: &Simulation) {
    for number in 0..40 {
        let beginning = ["OS::", "a", "Ä", "_"][random.choose(4)];
        let visibility = ["public", "private"][random.choose(2)];
        let owner = PROJECTS[random.choose(3)];
        let mut json = json!({
            "namespace": format!("{beginning}{number}"),
            "visibility": visibility,
            "protected": random.choose(2) == 0,
            "owner": owner,
        });
        for member in ["display_name", "description"] {
            if random.choose(3) != 0 {
                json[member] = ["", "a", "B", "ä"][random.choose(4)].into();
            }
        }
        let types = TYPES.iter().filter(|_| random.choose(3) == 0);
        json["resource_type_associations"] = types.map(|name| json!({"name": name})).collect();
        let document = NamespaceDocument::from_json(&json, None).unwrap();
        let how = Put {
            existing: Existing::Refused,
            protects_types: false,
        };
        let now = second(i64::try_from(random.choose(8)).unwrap());
        for target in [catalog, meaning as &dyn MetadefCatalog] {
            target.put(&document, how, now).await.unwrap();
        }
    }
}

fn random_viewer(random: &Simulation) -> Viewer {
    Viewer {
        project: (random.choose(5) != 0).then(|| name(PROJECTS[random.choose(3)])),
        admin: random.choose(3) == 0,
    }
}

fn random_query(random: &Simulation) -> NamespaceQuery {
    let types = |random: &Simulation| -> Vec<ResourceTypeName> {
        let types = TYPES.iter().filter(|_| random.choose(2) == 0);
        types.map(|text| name(text)).collect()
    };
    NamespaceQuery {
        visibility: (random.choose(3) == 0).then(|| NamespaceVisibility::ALL[random.choose(2)]),
        resource_types: (random.choose(3) == 0).then(|| types(random)),
        key: NamespaceSortKey::ALL[random.choose(8)],
        direction: [Direction::Ascending, Direction::Descending][random.choose(2)],
        limit: u32::try_from(random.choose(12)).unwrap(),
        after: None,
    }
}

fn any() -> NamespaceQuery {
    NamespaceQuery {
        visibility: None,
        resource_types: None,
        key: NamespaceSortKey::CreatedAt,
        direction: Direction::Descending,
        limit: 1000,
        after: None,
    }
}

fn everybody() -> Viewer {
    Viewer {
        project: None,
        admin: true,
    }
}
