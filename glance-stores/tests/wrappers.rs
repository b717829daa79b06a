//! The contract of stores, for what stands around a store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::sync::Arc;

use glance_core::memory::MemoryStore;
use glance_core::ports::ImageStore;
use glance_stores::{Limited, Metered, Mirrored, Retried, Retries, StoreLimits};

glance_core::image_store_conformance!(limited, run, (limit(memory()), ()));
glance_core::image_store_conformance!(metered, run, (Metered::new(memory()), ()));
glance_core::image_store_conformance!(retried, run, (retry(memory()), ()));
glance_core::image_store_conformance!(mirrored, run, (mirror(), ()));
glance_core::image_store_conformance!(all_of_them, run, (wrapped(), ()));

fn memory() -> Arc<dyn ImageStore> {
    Arc::new(MemoryStore::default())
}

fn limit(store: Arc<dyn ImageStore>) -> Limited {
    Limited::new(store, StoreLimits::default())
}

fn retry(store: Arc<dyn ImageStore>) -> Retried {
    Retried::new(store, Retries::default())
}

fn mirror() -> Mirrored {
    let stores = ["near", "far"].map(|name| name.parse().unwrap());
    let stores = stores.map(|id| Arc::new(MemoryStore::new(id)) as Arc<dyn ImageStore>);
    Mirrored::new("mirrored".parse().unwrap(), stores.into())
}

fn wrapped() -> Metered {
    Metered::new(Arc::new(limit(Arc::new(retry(memory())))))
}

fn run(clause: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(clause);
}
