//! Housekeeping on a database with rows that hold what no Glance writes: it goes on, and the data of
//! such rows is somebody's.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{Caller, Image, ImageId};
use glance_core::memory::{MemoryStore, VirtualClock};
use glance_core::ports::{Catalog, ImageStore, ScheduledDeletes};
use glance_core::{ConfiguredStore, Glance, GlanceBuilder, ScrubPlan, Scrubber, Settings, Stores};
use glance_stores::{SqliteCatalog, SqliteOptions};
use rusqlite::Connection;
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
        let builder = GlanceBuilder::new(rows, stores, runtime).with_settings(settings);
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

    fn execute(&self, statement: &str) {
        let connection = Connection::open(&self.path).unwrap();
        assert_eq!(connection.execute(statement, []).unwrap(), 1, "{statement}");
    }

    /// What a check finds and repairs.
    fn repair(&self) -> Vec<String> {
        let findings = checks::findings(&self.glance, self.catalog.as_ref(), true);
        let lines = findings.iter().map(|finding| {
            let (trouble, image) = (finding.trouble.as_str(), finding.image.unwrap());
            format!("{trouble} {image} {}", checks::outcome(finding))
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

    let mut found = site.repair();

    found.sort_unstable();
    let of_nobody = format!("stray_blob {} repaired", ImageId::from_bits(3));
    // Nothing leads there any more, and a scrubber may be at work on it.
    let left = format!("stray_blob {} left", scheduled.id);
    assert_eq!(found, [of_nobody, left]);
    assert_eq!(site.blobs(), 6);
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
