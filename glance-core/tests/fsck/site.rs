//! A service with two stores and a staging area, and its checks.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{
    BlobUrl, Draft, Holder, Image, ImageId, ImportMethod, Intent, Location, Status, Timestamp, Work,
};
use glance_core::memory::{MemoryCatalog, VirtualClock};
use glance_core::ports::{BlobKey, Catalog, Clock, ImageStore};
use glance_core::{
    CheckEvent, CheckPlan, Checked, ConfiguredStore, Finding, Glance, GlanceBuilder,
    ImportSettings, Outcome, Settings, Stores,
};

use crate::shelf::Shelf;

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct Site {
    pub(crate) catalog: Arc<MemoryCatalog>,
    pub(crate) clock: VirtualClock,
    pub(crate) fast: Arc<Shelf>,
    pub(crate) slow: Arc<Shelf>,
    pub(crate) staging: Arc<Shelf>,
    pub(crate) glance: Glance,
}

impl Site {
    pub(crate) fn new() -> Self {
        let [fast, slow, staging] = ["fast", "slow", "staging"].map(Shelf::new);
        let all = [&fast, &slow].map(|shelf| {
            let store: Arc<dyn ImageStore> = Arc::<Shelf>::clone(shelf);
            ConfiguredStore::new(store, "memory")
        });
        let stores = Stores::named(fast.id(), all.to_vec()).unwrap();
        let (catalog, clock) = (Arc::<MemoryCatalog>::default(), VirtualClock::default());
        let settings = Settings {
            delayed_delete: true,
            import: ImportSettings {
                methods: vec![ImportMethod::GlanceDirect],
                ..ImportSettings::default()
            },
            ..Settings::default()
        };
        let rows = Arc::<MemoryCatalog>::clone(&catalog) as Arc<dyn Catalog>;
        let staged = Arc::<Shelf>::clone(&staging) as Arc<dyn ImageStore>;
        let glance = GlanceBuilder::new(rows, stores.with_staging(staged), clock.runtime(7))
            .with_settings(settings)
            .build()
            .unwrap();
        Self {
            catalog,
            clock,
            fast,
            slow,
            staging,
            glance,
        }
    }

    /// An image in a status, with its locations in stores of these names, and no blob.
    pub(crate) fn image(&self, number: u128, status: Status, stores: &[&str]) -> Image {
        let id = ImageId::from_bits(number);
        let draft = Draft::raw("image").unwrap();
        let mut image = Image::queued(id, self.clock.now()).stored_as(status);
        image.name = draft.name;
        image.disk_format = draft.disk_format;
        image.container_format = draft.container_format;
        image.size = (!stores.is_empty()).then_some(DATA.len() as u64);
        image.locations = stores.iter().map(|store| located(store, number)).collect();
        block_on(self.catalog.insert(&image, None)).unwrap();
        image
    }

    /// An active image with its blobs.
    pub(crate) fn stored(&self, number: u128, shelves: &[&Arc<Shelf>]) -> Image {
        let names: Vec<&str> = shelves.iter().map(|shelf| shelf.id().as_str()).collect();
        for shelf in shelves {
            blob(shelf, number, DATA);
        }
        self.image(number, Status::Active, &names)
    }

    pub(crate) fn found(&self, number: u128) -> Option<Image> {
        let mut images = self.catalog.images().into_iter();
        images.find(|image| image.id == ImageId::from_bits(number))
    }

    /// What a check finds, in one line each.
    pub(crate) fn check(&self, plan: &CheckPlan) -> (Checked, Vec<String>) {
        let mut lines = Vec::new();
        let mut tell = |event: CheckEvent| {
            if let CheckEvent::Found(finding) = event {
                lines.push(line(&finding));
            }
        };
        let checked = block_on(self.glance.check(self.catalog.as_ref(), plan, &mut tell));
        (checked.unwrap(), lines)
    }

    pub(crate) fn told(&self) -> Vec<String> {
        self.check(&CheckPlan::default()).1
    }

    /// What a check repairs, or leaves; a second one finds what is left again.
    pub(crate) fn repaired(&self) -> Vec<String> {
        let plan = CheckPlan {
            repair: true,
            ..CheckPlan::default()
        };
        let (checked, lines) = self.check(&plan);
        let left = checked.found - checked.repaired;
        assert_eq!(self.check(&plan).0.found, left, "{lines:?}");
        assert_eq!(self.catalog.intents(), [], "{lines:?}");
        lines
    }
}

pub(crate) fn line(finding: &Finding) -> String {
    let image = finding.image.map(|id| id.as_str()[34..].to_owned());
    let image = image.unwrap_or_else(|| "-".to_owned());
    let store = finding.store.as_ref().map_or("-", |store| store.as_str());
    let outcome = match &finding.outcome {
        Outcome::Told => "told".to_owned(),
        Outcome::Repaired(what) => format!("repaired: {what}"),
        Outcome::Left(why) => format!("left: {why}"),
        outcome => format!("{outcome:?}"),
    };
    format!("{} {image} {store} {outcome}", finding.trouble.as_str())
}

pub(crate) fn located(store: &str, number: u128) -> Location {
    let id = ImageId::from_bits(number);
    let mut location = Location::new(BlobUrl::new(format!("memory://{store}/{id}")));
    location.metadata.insert("store".to_owned(), store.into());
    location
}

/// Puts a blob on a shelf, under the name of an image.
pub(crate) fn blob(shelf: &Shelf, number: u128, data: &'static [u8]) {
    let key = BlobKey {
        image: ImageId::from_bits(number),
        upload: "by hand".parse().unwrap(),
        size: None,
    };
    block_on(async {
        let mut writer = shelf.inner.start(&key).await.unwrap();
        writer.write(data.into()).await.unwrap();
        writer.commit().await.unwrap();
    });
}

/// Work of a node that is gone.
pub(crate) fn intent(image: &Image, store: &str, work: Work, lease_until: Timestamp) -> Intent {
    Intent {
        id: format!("work on {}", image.id).parse().unwrap(),
        image: image.id,
        store: store.parse().unwrap(),
        work,
        holder: Holder {
            node: "gone".to_owned(),
            process: "gone".to_owned(),
        },
        lease_until,
    }
}

pub(crate) const DATA: &[u8] = b"the disk";
