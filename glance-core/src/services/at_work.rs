//! What this process is at work on, so that its own scrubber keeps off.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{IntentId, ProjectId};

/// The intents that tasks of this process are at work on, each with the project it is for, where
/// that matters. Clones are one set.
#[derive(Debug, Clone, Default)]
pub(super) struct AtWork(Arc<Mutex<BTreeMap<IntentId, Option<ProjectId>>>>);

/// How much work there may be at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// For all projects.
    pub(super) of_all: usize,
    /// For one, so that it does not hold up the others.
    pub(super) of_one: usize,
}

impl AtWork {
    /// Notes an intent until the guard is dropped.
    pub(super) fn on(&self, intent: IntentId) -> AtWorkGuard {
        self.all().insert(intent.clone(), None);
        AtWorkGuard {
            all: self.clone(),
            intent,
        }
    }

    /// As [`on`](Self::on), for a project, unless there is no room, or the intent is noted already.
    pub(super) fn on_with_room(
        &self,
        intent: &IntentId,
        project: Option<&ProjectId>,
        room: Room,
    ) -> Option<AtWorkGuard> {
        let mut all = self.all();
        let same = all.values().filter(|other| other.as_ref() == project);
        if all.len() >= room.of_all || same.count() >= room.of_one || all.contains_key(intent) {
            return None;
        }
        all.insert(intent.clone(), project.cloned());
        Some(AtWorkGuard {
            all: self.clone(),
            intent: intent.clone(),
        })
    }

    pub(super) fn contains(&self, intent: &IntentId) -> bool {
        self.all().contains_key(intent)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<IntentId, Option<ProjectId>>> {
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
        self.all.all().remove(&self.intent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        of_all: 3,
        of_one: 2,
    };

    #[test]
    fn one_project_leaves_room_to_others_and_all_have_an_end() {
        let at_work = AtWork::default();
        let [p, q] = ["p", "q"].map(|name| name.parse::<ProjectId>().unwrap());
        let on = |name: &str, project: Option<&ProjectId>| {
            at_work.on_with_room(&name.parse().unwrap(), project, ROOM)
        };

        let first = on("1", Some(&p));
        assert!(first.is_some() && on("1", Some(&q)).is_none());
        let second = on("2", Some(&p));
        assert!(second.is_some() && on("3", Some(&p)).is_none());
        let other = on("3", Some(&q));
        assert!(other.is_some() && on("4", None).is_none());
        drop(first);
        assert!(on("4", Some(&p)).is_some());
    }
}
