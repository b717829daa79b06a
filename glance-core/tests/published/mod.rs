//! Data that somebody else wrote, in a store beside the service's own.

use std::sync::Arc;

use glance_core::domain::{HashAlgorithm, Image, ImageId};
use glance_core::memory::MemoryStore;
use glance_core::ports::{BlobKey, ImageStore};
use glance_core::{ConfiguredStore, Stores};

/// The main store, and the one that others write to.
pub(crate) fn both(store: Arc<dyn ImageStore>, published: Arc<dyn ImageStore>) -> Stores {
    let default = store.id().clone();
    let all = [store, published].map(|store| ConfiguredStore::new(store, "memory"));
    Stores::unnamed(&default, all.to_vec()).unwrap()
}

/// A store in which somebody wrote data for each image.
pub(crate) fn published() -> MemoryStore {
    let store = MemoryStore::new("elsewhere".parse().unwrap());
    for image in (1..=3).map(ImageId::from_bits) {
        let key = BlobKey {
            image,
            upload: "theirs".parse().unwrap(),
            size: None,
        };
        futures::executor::block_on(async {
            let mut writer = store.start(&key).await.unwrap();
            writer.write(published_data(image).into()).await.unwrap();
            writer.commit().await.unwrap();
        });
    }
    store
}

fn published_data(id: ImageId) -> String {
    format!("what others wrote for {id}")
}

/// The hash of what is there for an image.
pub(crate) fn published_hash(id: ImageId) -> String {
    let mut hasher = HashAlgorithm::Sha512.hasher();
    hasher.update(published_data(id).as_bytes());
    hasher.finish()
}

/// Where it is.
pub(crate) fn published_url(id: ImageId) -> String {
    format!("memory://elsewhere/{id}")
}

/// Whether an image has its data from there.
pub(crate) fn is_published(image: &Image) -> bool {
    let url = published_url(image.id);
    image
        .locations
        .iter()
        .any(|location| location.url.as_str() == url)
}
