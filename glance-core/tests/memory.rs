//! The in-memory ports keep the contracts.

#![cfg(feature = "conformance")]

use glance_core::memory::{MemoryCatalog, MemoryStore};

glance_core::catalog_conformance!(
    catalog,
    futures::executor::block_on,
    (MemoryCatalog::default(), ())
);
glance_core::scheduled_deletes_conformance!(
    scheduled_deletes,
    futures::executor::block_on,
    (MemoryCatalog::default(), ())
);
glance_core::metadef_catalog_conformance!(
    metadefs,
    futures::executor::block_on,
    (MemoryCatalog::default(), ())
);
glance_core::image_store_conformance!(
    store,
    futures::executor::block_on,
    (MemoryStore::default(), ())
);
