//! The contract of stores, for each store.
#![cfg(feature = "fs")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;

use glance_stores::{FilesystemOptions, FilesystemStore};
use tempfile::TempDir;

glance_core::image_store_conformance!(filesystem, run, new_store(&[0]));
glance_core::image_store_conformance!(
    filesystem_of_several_directories,
    run,
    new_store(&[1, 2, 2])
);

fn new_store(priorities: &[i64]) -> (FilesystemStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let directories = priorities
        .iter()
        .enumerate()
        .map(|(number, priority)| (folder.path().join(number.to_string()), *priority))
        .collect();
    let options = FilesystemOptions {
        id: "file".parse().unwrap(),
        directories,
        file_perm: Some(0o640),
    };
    (FilesystemStore::open(options).unwrap(), folder)
}

fn run(clause: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(clause);
}
