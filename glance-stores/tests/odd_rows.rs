//! Housekeeping on a database with rows that hold what no Glance writes: it goes on, and the data of
//! such rows is somebody's.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::metadef::{Existing, NamespaceDocument, NamespaceQuery, NamespaceSortKey};
use glance_core::domain::query::Direction;
use glance_core::domain::{Caller, Draft, Image, ImageId};
use glance_core::memory::{MemoryStore, VirtualClock};
use glance_core::ports::{Catalog, ImageStore, MetadefCatalog, ScheduledDeletes};
use glance_core::{ConfiguredStore, Glance, GlanceBuilder, ScrubPlan, Scrubber, Settings, Stores};
use glance_stores::{SqliteCatalog, SqliteOptions};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

struct Site {
    store: Arc<MemoryStore>,
    catalog: Arc<SqliteCatalog>,
    glance: Glance,
    clock: VirtualClock,
    path: PathBuf,
    _folder: TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("glance.sqlite");
        let opening = SqliteCatalog::open(&path, SqliteOptions::default());
        let catalog = Arc::new(block_on(opening).unwrap());
        let store = Arc::new(MemoryStore::new("disk".parse().unwrap()));
        let known = ConfiguredStore::new(Arc::clone(&store) as Arc<dyn ImageStore>, "memory");
        let stores = Stores::named(&"disk".parse().unwrap(), vec![known]).unwrap();
        let clock = VirtualClock::default();
        let runtime = clock.runtime(7);
        let rows = Arc::clone(&catalog) as Arc<dyn Catalog>;
        let settings = Settings {
            delayed_delete: true,
            ..Settings::default()
        };
        let builder = GlanceBuilder::new(rows, stores, runtime)
            .with_settings(settings)
            .with_metadefs(Arc::clone(&catalog) as Arc<dyn MetadefCatalog>);
        Self {
            store,
            catalog,
            glance: builder.build().unwrap(),
            clock,
            path,
            _folder: folder,
        }
    }

    fn stored(&self) -> Image {
        checks::stored(&self.glance)
    }

    /// A namespace for images.
    fn define(&self, namespace: &str) {
        let schema = json!({"title": "T", "type": "string"});
        let document = json!({
            "namespace": namespace,
            "resource_type_associations": [{"name": "OS::Glance::Image"}],
            "properties": {"odd": schema, "sane": schema},
        });
        let document = NamespaceDocument::from_file(&document.to_string()).unwrap();
        let metadefs = self.glance.metadefs().unwrap();
        block_on(metadefs.load(&document, Existing::Refused)).unwrap();
    }

    fn execute(&self, statement: &str) {
        let connection = Connection::open(&self.path).unwrap();
        assert_eq!(connection.execute(statement, []).unwrap(), 1, "{statement}");
    }

    /// What a check finds and repairs, each as a line, and how it says it.
    fn repair(&self) -> Vec<(String, String)> {
        let findings = checks::findings(&self.glance, self.catalog.as_ref(), true);
        let lines = findings.iter().map(|finding| {
            let image = finding.image.map_or("-".to_owned(), |id| id.to_string());
            let (trouble, outcome) = (&finding.trouble, checks::outcome(finding));
            let line = format!("{} {image} {outcome}", trouble.as_str());
            (line, sentence(trouble))
        });
        lines.collect()
    }

    fn blobs(&self) -> usize {
        self.store.contents().0.len()
    }
}

#[test]
fn a_check_takes_the_data_of_odd_images_for_theirs() {
    let site = Site::new();
    let (odd, elsewhere, scheduled) = (site.stored(), site.stored(), site.stored());
    let caller = Caller::local_admin();
    block_on(site.glance.delete(&caller, scheduled.id)).unwrap();
    site.stored();
    let [of_odd, of_scheduled] = [1, 2].map(|number| checks::stray(&site.store, number));
    checks::stray(&site.store, 3);
    for (image, url) in [(&elsewhere, &of_odd), (&scheduled, &of_scheduled)] {
        site.execute(&format!(
            "UPDATE image_locations SET value = '{}', meta_data = 'no JSON' WHERE image_id = '{}'",
            url.as_str(),
            image.id
        ));
    }
    for image in [&odd, &elsewhere] {
        site.execute(&format!(
            "UPDATE images SET min_disk = -1 WHERE id = '{}'",
            image.id
        ));
    }

    let found = site.repair().into_iter().map(|(line, _)| line);

    let mut strays: Vec<_> = found
        .filter(|line| line.starts_with("stray_blob"))
        .collect();
    strays.sort_unstable();
    let of_nobody = format!("stray_blob {} repaired", ImageId::from_bits(3));
    // Nothing leads there any more, and a scrubber may be at work on it.
    let left = format!("stray_blob {} left", scheduled.id);
    assert_eq!(strays, [of_nobody, left]);
    assert_eq!(site.blobs(), 6);
}

#[test]
fn a_check_names_odd_images_and_what_is_odd_and_repairs_nothing_of_them() {
    let site = Site::new();
    let [odd, elsewhere] = [(); 2].map(|()| site.stored());
    let nameless = block_on(site.glance.create(&Caller::local_admin(), Draft::default())).unwrap();
    site.stored();
    site.execute(&format!(
        "UPDATE images SET min_disk = -1 WHERE id = '{}'",
        odd.id
    ));
    site.execute(&format!(
        "UPDATE image_locations SET meta_data = 'no JSON' WHERE image_id = '{}'",
        elsewhere.id
    ));
    site.execute(&format!(
        "UPDATE images SET id = 'no UUID' WHERE id = '{}'",
        nameless.id
    ));

    let mut found = site.repair();

    found.retain(|(line, _)| line.starts_with("odd_image"));
    found.sort_unstable();
    let mut meant = [
        (
            format!("odd_image {} left", odd.id),
            format!("in images `{}`, min_disk: ", odd.id),
        ),
        (
            format!("odd_image {} left", elsewhere.id),
            "meta_data: is not JSON".to_owned(),
        ),
        (
            "odd_image - left".to_owned(),
            "in images `no UUID`, id: `no UUID` is not a UUID".to_owned(),
        ),
    ];
    meant.sort_unstable();
    assert_eq!(found.len(), meant.len(), "{found:#?}");
    for ((line, sentence), (meant, problem)) in found.iter().zip(&meant) {
        assert_eq!(line, meant);
        assert!(sentence.contains(problem), "{sentence}");
    }
}

#[test]
fn an_odd_image_keeps_what_others_lead_to() {
    let site = Site::new();
    let (odd, other) = (site.stored(), site.stored());
    let url = odd.locations[0].url.as_str();
    site.execute(&format!(
        "UPDATE image_locations SET value = '{url}' WHERE image_id = '{}'",
        other.id
    ));
    site.execute(&format!(
        "UPDATE images SET min_disk = -1 WHERE id = '{}'",
        odd.id
    ));
    let caller = Caller::local_admin();
    block_on(site.glance.delete(&caller, other.id)).unwrap();
    let deletes = Arc::clone(&site.catalog) as Arc<dyn ScheduledDeletes>;
    let plan = ScrubPlan {
        delay: Duration::ZERO,
        at_once: 1,
    };

    site.clock.advance(Duration::from_secs(1));
    let scrubber = Scrubber::new(site.glance.clone(), deletes, plan);
    let scrubbed = block_on(scrubber.pass()).unwrap();

    assert_eq!((scrubbed.deletes, scrubbed.failures), (1, 0));
    let size = site.store.size(&odd.locations[0].url);
    assert_eq!(block_on(size).unwrap(), 8);
}

#[test]
fn an_odd_marker_is_an_unknown_one() {
    let site = Site::new();
    let odd = site.stored();
    site.execute("UPDATE images SET min_disk = -1");
    let caller = Caller::local_admin();

    let listed = site
        .glance
        .images(&caller, Default::default(), Some(odd.id));

    let error = block_on(listed).unwrap_err();
    assert!(
        matches!(error, glance_core::Error::UnknownMarker { .. }),
        "{error:?}"
    );
}

#[test]
fn an_odd_namespace_is_no_marker() {
    let site = Site::new();
    site.define("n");
    site.execute("UPDATE metadef_namespaces SET created_at = 'noon'");
    let caller = Caller::local_admin();
    let query = NamespaceQuery {
        visibility: None,
        resource_types: None,
        key: NamespaceSortKey::Name,
        direction: Direction::Ascending,
        limit: 1,
        after: None,
    };

    let metadefs = site.glance.metadefs().unwrap();
    let error = block_on(metadefs.namespaces(&caller, query, Some("n"))).unwrap_err();

    assert!(
        matches!(error, glance_core::Error::NamespaceNotFound { .. }),
        "{error:?}"
    );
}

#[test]
fn an_image_is_held_to_the_definitions_beside_an_odd_one() {
    let site = Site::new();
    site.define("n");
    site.execute("UPDATE metadef_properties SET json_schema = '[]' WHERE name = 'odd'");
    let image = site.stored();
    let caller = Caller::local_admin();

    let metadefs = site.glance.metadefs().unwrap();
    let checked = block_on(metadefs.check_image(&caller, image.id)).unwrap();

    assert_eq!(checked.namespaces.len(), 1);
}

/// An error with its causes.
fn sentence(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}
