//! Work that waits until there is room for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;

use super::at_work::Room;
use crate::domain::ProjectId;

/// Turns of work, first come, first served; but who waits for room of its own project does not hold
/// up the others. Clones are one queue.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Mutex<Queue>>);

#[derive(Debug)]
struct Queue {
    room: Room,
    /// For whom somebody is at work.
    running: Vec<Option<ProjectId>>,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    project: Option<ProjectId>,
    sender: oneshot::Sender<Turn>,
}

impl Turns {
    pub(super) fn new(room: Room) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            room,
            running: Vec::new(),
            waiting: VecDeque::new(),
        })))
    }

    /// A turn for a project, given back when it is dropped. `None` where none will come any more.
    pub(super) async fn take(&self, project: Option<ProjectId>) -> Option<Turn> {
        let (sender, receiver) = oneshot::channel();
        self.queue().waiting.push_back(Waiting { project, sender });
        self.give();
        receiver.await.ok()
    }

    /// Gives turns to those who wait, as far as there is room.
    fn give(&self) {
        while let Some(Waiting { project, sender }) = self.next() {
            let turns = self.clone();
            // Where nobody waits for it any more, it comes back as it is dropped.
            let _ = sender.send(Turn { turns, project });
        }
    }

    fn next(&self) -> Option<Waiting> {
        self.queue().next()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Who is next, noted as being at work.
    fn next(&mut self) -> Option<Waiting> {
        self.waiting.retain(|waiting| !waiting.sender.is_canceled());
        if self.running.len() >= self.room.of_all {
            return None;
        }
        let has_room = |project: &Option<ProjectId>| {
            let same = self.running.iter().filter(|other| *other == project);
            same.count() < self.room.of_one
        };
        let at = self
            .waiting
            .iter()
            .position(|waiting| has_room(&waiting.project))?;
        let next = self.waiting.remove(at)?;
        self.running.push(next.project.clone());
        Some(next)
    }
}

/// While it lives, there is less room for others.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    project: Option<ProjectId>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut queue = self.turns.queue();
            let at = queue.running.iter().position(|one| *one == self.project);
            if let Some(at) = at {
                queue.running.swap_remove(at);
            }
        }
        self.turns.give();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn turns_come_in_order_and_one_project_does_not_hold_up_others() {
        let turns = Turns::new(Room {
            of_all: 3,
            of_one: 2,
        });
        let take = |name: &str| {
            let (turns, project) = (turns.clone(), name.parse::<ProjectId>().unwrap());
            let mut turn = Box::pin(async move { turns.take(Some(project)).await });
            let now = (&mut turn).now_or_never().flatten();
            (now, turn)
        };

        let ((first, _), (second, _)) = (take("p"), take("p"));
        assert!(first.is_some() && second.is_some());
        let (none, mut third) = take("p");
        let (gone, goes_away) = take("p");
        assert!(none.is_none() && gone.is_none());
        let (other, _) = take("q");
        assert!(other.is_some(), "another project waits");
        let (none, mut last) = take("r");
        assert!(none.is_none());

        drop(second);
        let third = (&mut third).now_or_never().flatten();
        assert!(third.is_some(), "whoever came first");
        assert!((&mut last).now_or_never().is_none());
        drop(goes_away);
        drop(first);
        let last = (&mut last).now_or_never().flatten();
        assert!(last.is_some(), "a turn went to somebody who is gone");
        drop((third, other, last));
        assert!(turns.queue().running.is_empty());
    }
}
