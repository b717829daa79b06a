//! What the images of the one project may have together: not room for all of them.

use futures::executor::block_on;
use glance_core::domain::{Image, ProjectId, ProjectLimits, Quotas, Status, Usage};
use glance_core::memory::MemoryCatalog;
use glance_core::ports::UsageLedger;

const BYTES: u64 = 700_000;
const UPLOADS: usize = 2;

/// Whose images they are.
pub(crate) fn project() -> ProjectId {
    "p".parse().unwrap()
}

pub(crate) fn quotas() -> Quotas {
    Quotas {
        project: ProjectLimits {
            stored_bytes: Some(BYTES),
            uploads: Some(UPLOADS as u64),
            ..ProjectLimits::default()
        },
        ..Quotas::default()
    }
}

/// What holds at every moment.
pub(crate) fn check<'a>(images: impl Iterator<Item = &'a Image> + Clone, seed: u64) {
    let usage = Usage::of(images.clone());
    let uploads = images.filter(|image| image.status() == Status::Saving);
    let is_kept = usage.stored_bytes <= BYTES && uploads.count() <= UPLOADS;
    assert!(is_kept, "seed {seed}: a limit is passed: {usage:?}");
}

/// What holds when nobody is at work.
pub(crate) fn check_at_rest(catalog: &MemoryCatalog, seed: u64) {
    let usage = block_on(catalog.usage(&project())).unwrap();
    let there = Usage::of(&catalog.images());
    assert_eq!(usage, there, "seed {seed}: a reservation stays");
}
