//! A service of its own whose first start broke off.
#![cfg(all(feature = "sqlite", feature = "fs"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures::poll;
use glance::LocalGlance;
use glance_core::domain::metadef::NamespaceDocument;

#[tokio::test]
async fn wherever_a_first_start_broke_off_the_next_one_completes_it() {
    let all = NamespaceDocument::defaults().unwrap().len();
    let mut is_over = false;
    let mut steps = 1;
    while !is_over {
        let folder = tempfile::tempdir().unwrap();
        is_over = starts_within(steps, folder.path()).await;

        let next = LocalGlance::open(folder.path()).await.unwrap();

        assert_eq!(namespaces(&next).await, all, "after {steps} steps");
        steps += 1;
    }
    assert!(steps > 3, "{steps}");
}

#[tokio::test]
async fn what_was_deleted_after_the_first_start_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let first = LocalGlance::open(folder.path()).await.unwrap();
    first.metadefs().unwrap().unload().await.unwrap();
    drop(first);

    let next = LocalGlance::open(folder.path()).await.unwrap();

    assert_eq!(namespaces(&next).await, 0);
}

/// Whether a start is over within so many steps; else it is broken off.
async fn starts_within(steps: usize, folder: &Path) -> bool {
    let mut start = pin!(LocalGlance::open(folder));
    for _ in 0..steps {
        if poll!(start.as_mut()).is_ready() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    false
}

async fn namespaces(glance: &LocalGlance) -> usize {
    glance.metadefs().unwrap().names().await.unwrap().len()
}
