//! From a configuration to the stores that the service works with.

use std::sync::Arc;

use glance_core::domain::StoreId;
use glance_core::ports::ImageStore;
use glance_core::{ConfiguredStore, Stores};
use glance_stores::{
    FilesystemOptions, FilesystemStore, HttpStore, Limited, Mirrored, ObjectBridge, Retried,
    Retries, StoreLimits,
};
use serde_json::{Map, Value, json};

use super::metrics::Meters;
use super::operator::OperatorError;
use crate::config::{Driver, ImportConfig, StoreConfig, StoresConfig};

/// Opens the stores of a configuration, and counts what they do.
pub(super) fn open(config: &StoresConfig) -> Result<(Stores, Meters), OperatorError> {
    let (mut all, mut meters) = (Vec::new(), Meters::default());
    for store in &config.all {
        all.push(ConfiguredStore {
            store: meters.count(open_one(store)?),
            kind: store.driver.kind().to_owned(),
            description: store.description.clone(),
            weight: store.weight,
            properties: properties(&store.driver),
        });
    }
    let stores = match config.named {
        true => Stores::named(&config.default, all)?,
        false => Stores::unnamed(&config.default, all)?,
    };
    Ok((stores, meters))
}

/// Opens the staging area, where there is one.
pub(super) fn with_staging(stores: Stores, import: &ImportConfig) -> Result<Stores, OperatorError> {
    let Some(folder) = &import.staging else {
        return Ok(stores);
    };
    let staging = FilesystemStore::open(FilesystemOptions {
        id: staging_id(import),
        directories: vec![(folder.clone(), 0)],
        file_perm: None,
    })?;
    let staging = Limited::new(Arc::new(staging), StoreLimits::default());
    Ok(stores.with_staging(Arc::new(staging)))
}

/// Nodes that name themselves have staging areas of their own.
fn staging_id(import: &ImportConfig) -> StoreId {
    StoreId::stored(match &import.staging_of {
        Some(node) => format!("{STAGING}@{node}"),
        None => STAGING.to_owned(),
    })
}

/// Upstream's name for the store of data that is to be imported.
const STAGING: &str = "os_glance_staging_store";

/// Opens a store behind deadlines, and with a bound on what goes on in it at the same time: one
/// that is dead holds up nobody but those who need it (rule R19).
fn open_one(config: &StoreConfig) -> Result<Arc<dyn ImageStore>, OperatorError> {
    let store: Arc<dyn ImageStore> = match &config.driver {
        Driver::Azure(options) => remote(ObjectBridge::open_azure(options.clone())?),
        Driver::File(file) => {
            let directories = file.folders.iter();
            Arc::new(FilesystemStore::open(FilesystemOptions {
                id: config.id.clone(),
                directories: directories
                    .map(|folder| (folder.path.clone(), folder.priority))
                    .collect(),
                file_perm: file.permissions,
            })?)
        }
        Driver::Gcs(options) => remote(ObjectBridge::open_gcs(options.clone())?),
        Driver::Http(options) => remote(HttpStore::open(options.clone())?),
        Driver::S3(options) => remote(ObjectBridge::open_s3(options.clone())?),
        // Each of them has deadlines of its own.
        Driver::Mirrored(stores) => {
            let stores: Result<Vec<_>, _> = stores.iter().map(open_one).collect();
            return Ok(Arc::new(Mirrored::new(config.id.clone(), stores?)));
        }
    };
    Ok(Arc::new(Limited::new(store, StoreLimits::default())))
}

/// A store beyond a network, which is asked again where an answer is lost.
fn remote(store: impl ImageStore) -> Arc<dyn ImageStore> {
    Arc::new(Retried::new(Arc::new(store), Retries::default()))
}

/// How a store is set up, by the names that upstream gives it for administrators.
fn properties(driver: &Driver) -> Map<String, Value> {
    let properties = match driver {
        Driver::Azure(azure) => json!({
            "container": azure.container,
            "large_object_chunk_size": azure.part_size >> 20,
        }),
        Driver::File(file) => json!({
            "data_dir": file.folders.first().map(|folder| folder.path.display().to_string()),
            "chunk_size": FilesystemStore::CHUNK_SIZE,
            "thin_provisioning": false,
        }),
        Driver::Gcs(gcs) => json!({
            "bucket": gcs.bucket,
            "large_object_chunk_size": gcs.part_size >> 20,
        }),
        Driver::Http(_) => json!({}),
        Driver::Mirrored(stores) => {
            let stores = stores.iter().map(|store| store.id.as_str());
            json!({ "mirrored_stores": stores.collect::<Vec<_>>() })
        }
        Driver::S3(s3) => json!({
            "s3_store_large_object_size": s3.large_object_size >> 20,
            "s3_store_large_object_chunk_size": s3.large_object_chunk_size >> 20,
            "s3_store_thread_pools": s3.thread_pools,
        }),
    };
    match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}
