//! An image whose data is in two stores.

use std::sync::Arc;

use futures::executor::block_on;
use glance_core::domain::{BlobUrl, Draft, Image, ImageId, Location, Status, StoreId, Timestamp};
use glance_core::memory::{MemoryCatalog, MemoryStore};
use glance_core::ports::{BlobKey, Catalog, ImageStore};
use glance_core::{ConfiguredStore, Stores};

/// An active image whose data is in two stores.
pub(crate) struct Twice {
    pub(crate) image: ImageId,
    pub(crate) catalog: Arc<MemoryCatalog>,
    pub(crate) held: [Arc<MemoryStore>; 2],
}

impl Twice {
    pub(crate) fn new(id: ImageId) -> Self {
        let held = ["memory", "other"].map(|name| {
            let store = Arc::new(MemoryStore::new(name.parse::<StoreId>().unwrap()));
            block_on(write(&store, id));
            store
        });
        let catalog = Arc::<MemoryCatalog>::default();
        block_on(catalog.insert(&image(id), None)).unwrap();
        Self {
            image: id,
            catalog,
            held,
        }
    }

    /// The stores, each as `wrap` makes it.
    pub(crate) fn stores<S: ImageStore>(
        &self,
        wrap: impl Fn(Arc<MemoryStore>) -> Arc<S>,
    ) -> Stores {
        let [first, _] = &self.held;
        let all = self.held.clone().map(|store| {
            let store: Arc<dyn ImageStore> = wrap(store);
            ConfiguredStore::new(store, "memory")
        });
        Stores::unnamed(first.id(), all.to_vec()).unwrap()
    }

    /// In how many stores the data is.
    pub(crate) fn blobs(&self) -> usize {
        let held = self.held.iter();
        held.map(|store| store.contents().0.len()).sum()
    }
}

/// Where the data of an image is in a store.
pub(crate) fn url(store: &str, image: ImageId) -> BlobUrl {
    BlobUrl::new(format!("memory://{store}/{image}"))
}

/// An active image with its data in both stores.
pub(crate) fn image(id: ImageId) -> Image {
    let draft = Draft::raw("image").unwrap();
    let settings = glance_core::Settings::default();
    let now = Timestamp::from_micros(0);
    let image = draft.into_image(id, &settings.formats, &settings.quotas, now);
    let mut image = image.unwrap().stored_as(Status::Active);
    image.size = Some(DATA.len() as u64);
    image.locations = ["memory", "other"]
        .map(|store| Location::new(url(store, id)))
        .to_vec();
    image
}

pub(crate) async fn write(store: &MemoryStore, image: ImageId) {
    let key = BlobKey {
        image,
        upload: "theirs".parse().unwrap(),
        size: None,
    };
    let mut writer = store.start(&key).await.unwrap();
    writer.write(DATA.into()).await.unwrap();
    writer.commit().await.unwrap();
}

const DATA: &str = "the disk";
