//! Turns: the lists of one project leave room for those of others (rule R15).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use glance_core::domain::ProjectId;
use glance_core::ports::CatalogError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many lists each project may have under way.
#[derive(Debug)]
pub(super) struct Turns {
    each: usize,
    /// Of the projects that list something now.
    projects: Mutex<HashMap<Option<ProjectId>, Arc<Semaphore>>>,
}

impl Turns {
    /// Half of what reads at a time is for one project, and one connection at least.
    pub(super) fn among(connections: usize) -> Self {
        Self {
            each: (connections / 2).max(1),
            projects: Mutex::default(),
        }
    }

    /// Waits for the turn of a project. Whoever has none is one project.
    ///
    /// # Errors
    /// It did not come within [`PATIENCE`]. That is seen when it comes, so that nobody needs a
    /// timer; each list that is waited for has a deadline of its own.
    pub(super) async fn take(&self, project: Option<&ProjectId>) -> Result<Turn, CatalogError> {
        let asked = Instant::now();
        let semaphore = {
            let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
            projects.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
            let semaphore = projects
                .entry(project.cloned())
                .or_insert_with(|| Arc::new(Semaphore::new(self.each)));
            Arc::clone(semaphore)
        };
        match semaphore.acquire_owned().await {
            Ok(permit) if asked.elapsed() < PATIENCE => Ok(Turn { _permit: permit }),
            _ => Err(CatalogError::Unavailable {
                source: "other lists of the project took too long".into(),
            }),
        }
    }
}

#[cfg(test)]
impl Turn {
    /// The only one there is.
    pub(super) fn alone() -> Self {
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned();
        Self {
            _permit: permit.unwrap(),
        }
    }
}

/// A list that is under way: for as long as the database works on it. Its end is the next one's turn.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
}

const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn a_project_that_lists_a_lot_waits_and_others_do_not() {
        let turns = Turns::among(4);
        let (busy, other) = ("busy".parse().unwrap(), "other".parse().unwrap());
        let take = |project| turns.take(Some(project)).now_or_never();
        let first = block_on(turns.take(Some(&busy))).unwrap();
        let _second = block_on(turns.take(Some(&busy))).unwrap();

        assert!(take(&busy).is_none());
        assert!(take(&other).is_some());
        assert!(turns.take(None).now_or_never().is_some());
        drop(first);
        assert!(take(&busy).is_some());
    }

    #[test]
    fn projects_that_list_nothing_are_not_remembered() {
        let turns = Turns::among(4);

        for number in 0..100 {
            let project = format!("p{number}").parse().unwrap();
            drop(block_on(turns.take(Some(&project))).unwrap());
        }

        assert_eq!(turns.projects.lock().unwrap().len(), 1);
    }
}
