//! The stores that are away.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::StoreId;
use crate::ports::StoreError;

/// The stores that were away in a check: it asks them no more, and the rest goes on (rule R19).
#[derive(Debug, Default)]
pub(super) struct Away(Mutex<BTreeMap<StoreId, Option<StoreError>>>);

impl Away {
    /// Notes that a store is away, and why.
    pub(super) fn note(&self, store: &StoreId, why: StoreError) {
        self.lock().entry(store.clone()).or_insert(Some(why));
    }

    pub(super) fn contains(&self, store: &StoreId) -> bool {
        self.lock().contains_key(store)
    }

    /// What was noted since this was last asked.
    pub(super) fn news(&self) -> Vec<(StoreId, StoreError)> {
        let mut away = self.lock();
        let news = away
            .iter_mut()
            .filter_map(|(store, why)| Some((store.clone(), why.take()?)));
        news.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<StoreId, Option<StoreError>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
