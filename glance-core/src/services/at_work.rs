//! What this process is at work on, so that its own scrubber keeps off.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::IntentId;

/// The intents that tasks of this process are at work on. Clones are one set.
#[derive(Debug, Clone, Default)]
pub(super) struct AtWork(Arc<Mutex<BTreeSet<IntentId>>>);

impl AtWork {
    /// Notes an intent until the guard is dropped.
    pub(super) fn on(&self, intent: IntentId) -> AtWorkGuard {
        self.set().insert(intent.clone());
        AtWorkGuard {
            all: self.clone(),
            intent,
        }
    }

    /// As [`on`](Self::on), unless there are `most` already, or the intent is one of them.
    pub(super) fn on_with_room(&self, intent: &IntentId, most: usize) -> Option<AtWorkGuard> {
        let mut set = self.set();
        if set.len() >= most || !set.insert(intent.clone()) {
            return None;
        }
        Some(AtWorkGuard {
            all: self.clone(),
            intent: intent.clone(),
        })
    }

    pub(super) fn contains(&self, intent: &IntentId) -> bool {
        self.set().contains(intent)
    }

    fn set(&self) -> MutexGuard<'_, BTreeSet<IntentId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, a task of this process is at work on an intent.
#[derive(Debug)]
pub(super) struct AtWorkGuard {
    all: AtWork,
    intent: IntentId,
}

impl Drop for AtWorkGuard {
    fn drop(&mut self) {
        self.all.set().remove(&self.intent);
    }
}
