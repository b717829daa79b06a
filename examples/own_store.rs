//! A store of one's own: what to implement so that bytes live where you want them.
//!
//! This one keeps images as values of a map, compressed by nothing; a real one would call its
//! backend. Hold yours to the contract with `glance::image_store_conformance!` (feature
//! `conformance`).
//!
//! `cargo run --example own_store`

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use glance::domain::{BlobUrl, ByteRange, Caller, Draft, ImageId, Location, StoreId};
use glance::memory::MemoryCatalog;
use glance::ports::{
    BlobKey, BlobWriter, ByteStream, Capabilities, ImageStore, Operation, StoreError,
};
use glance::{GlanceBuilder, UploadOptions};

type Blobs = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A store in a map, which cannot read from the middle of a blob.
#[derive(Debug)]
struct MapStore {
    id: StoreId,
    blobs: Blobs,
}

#[async_trait]
impl ImageStore for MapStore {
    fn id(&self) -> &StoreId {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            write: true,
            delete: true,
            ranges: false,
            list: false,
        }
    }

    fn owns(&self, location: &BlobUrl) -> bool {
        location.scheme() == "map"
    }

    async fn start(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, StoreError> {
        let (url, blobs) = (format!("map://{}", key.image), Arc::clone(&self.blobs));
        Ok(Box::new(MapWriter {
            key: key.clone(),
            store: self.id.clone(),
            url,
            blobs,
            data: vec![],
        }))
    }

    async fn read(
        &self,
        location: &BlobUrl,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, StoreError> {
        match range {
            None => Ok(ByteStream::from_bytes(self.blob(location)?)),
            Some(_) => {
                let (store, operation) = (self.id.clone(), Operation::ReadRange);
                Err(StoreError::Unsupported { store, operation })
            }
        }
    }

    async fn size(&self, location: &BlobUrl) -> Result<u64, StoreError> {
        Ok(self.blob(location)?.len() as u64)
    }

    async fn delete(&self, location: &BlobUrl) -> Result<(), StoreError> {
        self.blob(location)?;
        self.blobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(location.as_str());
        Ok(())
    }

    async fn discard(&self, _key: &BlobKey) -> Result<(), StoreError> {
        // A writer holds its bytes itself: with it, they are gone.
        Ok(())
    }

    async fn vacate(&self, image: ImageId) -> Result<(), StoreError> {
        let url = format!("map://{image}");
        self.blobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&url);
        Ok(())
    }

    async fn sweep(&self, _idle: Duration) -> Result<usize, StoreError> {
        Ok(0)
    }
}

impl MapStore {
    fn blob(&self, location: &BlobUrl) -> Result<Vec<u8>, StoreError> {
        let blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        blobs
            .get(location.as_str())
            .cloned()
            .ok_or_else(|| StoreError::NotFound {
                store: self.id.clone(),
                location: location.clone(),
            })
    }
}

#[derive(Debug)]
struct MapWriter {
    key: BlobKey,
    store: StoreId,
    url: String,
    blobs: Blobs,
    data: Vec<u8>,
}

#[async_trait]
impl BlobWriter for MapWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.data.extend_from_slice(&chunk);
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<Location, StoreError> {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        if blobs.contains_key(&self.url) {
            return Err(StoreError::AlreadyExists {
                store: self.store,
                image: self.key.image,
            });
        }
        blobs.insert(self.url.clone(), self.data);
        Ok(Location::new(BlobUrl::new(self.url)))
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MapStore {
        id: "map".parse()?,
        blobs: Blobs::default(),
    };
    let catalog = MemoryCatalog::default();
    let runtime = glance::stores::tokio_runtime();
    let glance = GlanceBuilder::new(Arc::new(catalog), Arc::new(store), runtime).build()?;

    let caller = Caller::local_admin();
    let image = glance.create(&caller, Draft::raw("mine")?).await?;
    let body = ByteStream::from_bytes("kept in a map");
    let image = glance
        .upload(&caller, image.id, body, UploadOptions::default())
        .await?;

    assert_eq!(image.locations[0].url.scheme(), "map");
    Ok(())
}
